//! The author of a message or of a change, as other people see that person: nick, user, host, words about oneself. Knows no sessions and no rooms.
//!
//! All events of one person share one value. JSON and the line front show the nick
//! only; the other parts are for protocols that show `nick!user@host`.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A person as others see that person, or the server.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Actor(Arc<Face>);

/// What an [`Actor`] is made of.
#[derive(Debug, Clone)]
pub struct ActorParts<'a> {
    /// The nick.
    pub nick: Arc<str>,
    /// What the front says of the user: `~json`, or what an IRC client calls its user.
    pub user: &'a str,
    /// The cloak, which is not the address.
    pub host: &'a str,
    /// Whether the nick is the name of the person's account.
    pub registered: bool,
    /// The person's words about themselves.
    pub about: Option<Arc<str>>,
}

#[derive(PartialEq, Eq, Default)]
struct Face {
    nick: Arc<str>,
    /// `nick!user@host`, in which user and host are found again; of a bare name only that.
    prefix: Arc<str>,
    /// Where the host begins in it; 0 if there is none.
    host: usize,
    registered: bool,
    about: Option<Arc<str>>,
}

impl Actor {
    /// A person.
    pub fn new(parts: ActorParts<'_>) -> Actor {
        let ActorParts { nick, user, host, registered, about } = parts;
        let prefix = format!("{nick}!{user}@{host}").into();
        Actor(Arc::new(Face { host: nick.len() + user.len() + 2, prefix, nick, registered, about }))
    }

    /// The nick.
    pub fn nick(&self) -> &Arc<str> {
        &self.0.nick
    }

    /// The user, as the front says it; empty if only the name is known.
    pub fn user(&self) -> &str {
        match self.0.host {
            0 => "",
            host => &self.0.prefix[self.0.nick.len() + 1..host - 1],
        }
    }

    /// The cloak; empty if only the name is known.
    pub fn host(&self) -> &str {
        match self.0.host {
            0 => "",
            host => &self.0.prefix[host..],
        }
    }

    /// Whether the person is logged in; then the nick is the name of the account.
    pub fn is_registered(&self) -> bool {
        self.0.registered
    }

    /// The person's words about themselves.
    pub fn about(&self) -> Option<&Arc<str>> {
        self.0.about.as_ref()
    }

    /// `nick!user@host`; of the server, and of a person of whom only the name is known, that name alone.
    pub fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// The same person with other parts.
    #[must_use]
    pub fn with<'p>(&'p self, change: impl FnOnce(&mut ActorParts<'p>)) -> Actor {
        let mut parts = ActorParts {
            nick: Arc::clone(&self.0.nick),
            user: self.user(),
            host: self.host(),
            registered: self.0.registered,
            about: self.0.about.clone(),
        };
        change(&mut parts);
        Actor::new(parts)
    }
}

impl Deref for Actor {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.nick
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.nick)
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.prefix(), f)
    }
}

/// The server, or a person of whom only the name is known.
impl From<Arc<str>> for Actor {
    fn from(nick: Arc<str>) -> Actor {
        Actor(Arc::new(Face { prefix: Arc::clone(&nick), nick, ..Face::default() }))
    }
}

impl From<&str> for Actor {
    fn from(nick: &str) -> Actor {
        Actor::from(Arc::from(nick))
    }
}

impl From<String> for Actor {
    fn from(nick: String) -> Actor {
        Actor::from(Arc::from(nick))
    }
}

impl PartialEq<str> for Actor {
    fn eq(&self, nick: &str) -> bool {
        *self.0.nick == *nick
    }
}

impl PartialEq<&str> for Actor {
    fn eq(&self, nick: &&str) -> bool {
        self == *nick
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Actor, D::Error> {
        Arc::<str>::deserialize(deserializer).map(Actor::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> Actor {
        let about = Some("one of two".into());
        Actor::new(ActorParts { nick: "Анна".into(), user: "~json", host: "x1", registered: true, about })
    }

    #[test]
    fn user_and_host_are_found_in_the_prefix() {
        let anna = anna();
        assert_eq!((anna.prefix(), anna.user(), anna.host()), ("Анна!~json@x1", "~json", "x1"));
        let vera = anna.with(|parts| (parts.nick, parts.host) = ("v".into(), ""));
        assert_eq!((vera.prefix(), vera.user(), vera.host()), ("v!~json@", "~json", ""));
        assert!(vera.is_registered() && vera.about() == anna.about());
    }

    #[test]
    fn of_a_bare_name_and_in_json_there_is_the_name_only() {
        let server = Actor::from("server");
        assert_eq!((server.prefix(), server.user(), server.host()), ("server", "", ""));
        let json = serde_json::to_string(&anna()).unwrap();
        assert_eq!(json, "\"Анна\"");
        assert_eq!(serde_json::from_str::<Actor>(&json).unwrap().prefix(), "Анна");
    }
}
