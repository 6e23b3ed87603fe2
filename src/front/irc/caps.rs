//! The capabilities of IRC that this server has, and a set of them. Knows no line and no session.

use std::ops::{BitOr, BitOrAssign};

/// A set of capabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Caps(u32);

macro_rules! caps {
    ($($name:ident = $bit:literal $word:literal;)+) => {
        impl Caps {
            $(#[doc = $word] pub const $name: Caps = Caps(1 << $bit);)+

            /// All that there are, by name, in the order in which they are told.
            const TABLE: &[(&str, Caps)] = &[$(($word, Caps::$name)),+];
        }
    };
}

caps! {
    ACCOUNT_NOTIFY = 0 "account-notify";
    ACCOUNT_TAG = 1 "account-tag";
    AWAY_NOTIFY = 2 "away-notify";
    BATCH = 3 "batch";
    CAP_NOTIFY = 4 "cap-notify";
    CHGHOST = 5 "chghost";
    ACCOUNT_REGISTRATION = 6 "draft/account-registration";
    CHATHISTORY = 7 "draft/chathistory";
    REDACTION = 8 "draft/message-redaction";
    ECHO_MESSAGE = 9 "echo-message";
    EXTENDED_JOIN = 10 "extended-join";
    INVITE_NOTIFY = 11 "invite-notify";
    LABELED_RESPONSE = 12 "labeled-response";
    MESSAGE_TAGS = 13 "message-tags";
    MULTI_PREFIX = 14 "multi-prefix";
    SASL = 15 "sasl";
    SERVER_TIME = 16 "server-time";
    SETNAME = 17 "setname";
    STANDARD_REPLIES = 18 "standard-replies";
    USERHOST_IN_NAMES = 19 "userhost-in-names";
    SELF_MESSAGE = 20 "znc.in/self-message";
}

impl Caps {
    /// No capability.
    pub const NONE: Caps = Caps(0);
    /// All of them.
    pub const ALL: Caps = Caps((1 << Caps::TABLE.len()) - 1);
    /// Those that only a server with accounts has, for a peer whose password nobody else reads.
    pub const OF_ACCOUNTS: Caps = Caps(Caps::SASL.0 | Caps::ACCOUNT_REGISTRATION.0);

    /// The capability with this name, in lower case.
    pub fn named(name: &str) -> Option<Caps> {
        Caps::TABLE.iter().find(|(word, _)| *word == name).map(|(_, cap)| *cap)
    }

    /// The names of those in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Caps::TABLE.iter().filter(move |(_, cap)| self.has(*cap)).map(|(word, _)| *word)
    }

    /// Whether all of `caps` are in the set.
    pub fn has(self, caps: Caps) -> bool {
        self.0 & caps.0 == caps.0
    }

    /// Whether one of `caps` is in the set.
    pub fn has_one_of(self, caps: Caps) -> bool {
        self.0 & caps.0 != 0
    }

    /// The set without those in `caps`.
    #[must_use]
    pub fn without(self, caps: Caps) -> Caps {
        Caps(self.0 & !caps.0)
    }
}

impl BitOr for Caps {
    type Output = Caps;

    fn bitor(self, other: Caps) -> Caps {
        Caps(self.0 | other.0)
    }
}

impl BitOrAssign for Caps {
    fn bitor_assign(&mut self, other: Caps) {
        self.0 |= other.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_capability_is_found_by_its_name_and_told_by_it() {
        for name in Caps::ALL.names() {
            let cap = Caps::named(name).unwrap();
            assert_eq!(cap.names().collect::<Vec<_>>(), [name]);
            assert!(!Caps::ALL.without(cap).has(cap) && Caps::ALL.has(cap), "{name}");
        }
        assert_eq!(Caps::ALL.names().count(), Caps::TABLE.len());
        assert_eq!(Caps::named("draft/multiline"), None);
    }
}
