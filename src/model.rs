//! The plain values that all of Roomful speaks of: numbers, messages, identities, roles, reasons for closing. Knows no events, no records, no bytes.

mod settings;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
pub use settings::{Changed, Setting, Settings};

/// The version of the protocol, told in both directions by `hello`.
pub const PROTOCOL: u32 = 1;

/// Milliseconds since 1 January 1970, UTC.
pub type Millis = i64;

/// The milliseconds of a day.
pub const DAY: Millis = 86_400_000;

/// A message's number in its room: the first is 1, then no gaps.
pub type Seq = u64;

/// The number of a room, or of a private conversation. Never used twice in one file; 1 to 2,147,483,647.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaceId(pub u32);

/// The number of an account. Never used twice in one file; from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub u32);

/// The number of one login until the goodbye, across reconnects. It has one resume
/// token. Never used twice in one file; from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResumeId(pub u64);

/// The number of a file that was sent. Never used twice in one file of the store; from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u64);

/// The identity of a person: an account, or a guest for one login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// A person with a password.
    Account(AccountId),
    /// A person without one.
    Guest(ResumeId),
}

impl Identity {
    /// The number of the account, if it is one.
    pub fn account(self) -> Option<AccountId> {
        match self {
            Identity::Account(id) => Some(id),
            Identity::Guest(_) => None,
        }
    }
}

/// Two people who write to each other, in the one order in which their conversation is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair(Identity, Identity);

impl Pair {
    /// The two, given in any order.
    pub fn new(one: Identity, other: Identity) -> Pair {
        if one <= other { Pair(one, other) } else { Pair(other, one) }
    }

    /// Both, the lesser first.
    pub fn both(self) -> [Identity; 2] {
        [self.0, self.1]
    }
}

/// The address of a peer.
pub type Address = IpAddr;

/// The owner of something of which one owner may have only so much: an account, or
/// all guests of one address together, because a guest who reconnects is a new guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// An account.
    Account(AccountId),
    /// The guests of an address, as [`origin`] counts it.
    Guests(Address),
}

impl Owner {
    /// The owner that `identity`, coming from `address`, counts as.
    pub fn of(identity: Identity, address: Address) -> Owner {
        match identity {
            Identity::Account(id) => Owner::Account(id),
            Identity::Guest(_) => Owner::Guests(origin(address)),
        }
    }
}

/// Which addresses count as one: an IPv4 address is itself, also if it is
/// written as an IPv6 one; of an IPv6 address the network counts, its first 64
/// bits, because a customer can choose the other 64. Loopback stays loopback.
///
/// ```
/// use roomful::model::origin;
///
/// let of = |text: &str| origin(text.parse().unwrap()).to_string();
/// assert_eq!(of("2001:db8:1:2:aaaa:bbbb:cccc:dddd"), "2001:db8:1:2::");
/// assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
/// assert_eq!((of("::1"), of("127.0.0.1")), ("::1".to_owned(), "127.0.0.1".to_owned()));
/// ```
pub fn origin(address: Address) -> Address {
    const NETWORK: u128 = !(u64::MAX as u128);
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        address => address,
    }
}

/// The mark that a sender puts on a command to know its answer: 1 to 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tag(pub Arc<str>);

impl Tag {
    /// The longest tag taken, in bytes.
    pub const MAX_BYTES: usize = 64;
}

/// A message said in a room, or in a private conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Where it was said: `#room`, or `@nick` of the other person in a private conversation.
    pub room: Arc<str>,
    /// Its number there.
    pub seq: Seq,
    /// Its author.
    pub from: Actor,
    /// What was said.
    pub text: Arc<str>,
    /// When the server took it.
    pub time: Millis,
    /// Whether it is speech, an action or a notice.
    #[serde(flatten)]
    pub kind: Kind,
    /// The file that was sent with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Arc<FileInfo>>,
    /// Whether it was deleted since: then there is no text and no file left.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// The number of the place, for fronts whose messages have names of their own.
    #[serde(skip)]
    pub place: PlaceId,
}

/// What kind of message it is. In JSON, a field for each kind but text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "KindFlags", into = "KindFlags")]
pub enum Kind {
    /// Speech.
    #[default]
    Text,
    /// What the author does: `/me waves`.
    Action,
    /// What no program answers by itself, or two of them would talk for ever.
    Notice,
}

/// A [`Kind`] as the fields of a JSON object.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct KindFlags {
    #[serde(default, skip_serializing_if = "is_false")]
    me: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    notice: bool,
}

impl From<Kind> for KindFlags {
    fn from(kind: Kind) -> KindFlags {
        KindFlags { me: kind == Kind::Action, notice: kind == Kind::Notice }
    }
}

impl From<KindFlags> for Kind {
    fn from(flags: KindFlags) -> Kind {
        match flags {
            KindFlags { notice: true, .. } => Kind::Notice,
            KindFlags { me: true, .. } => Kind::Action,
            KindFlags { .. } => Kind::Text,
        }
    }
}

/// The topic of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// The words.
    pub text: Arc<str>,
    /// The member who set it; not known of a topic that an older version has stored.
    pub by: Option<Arc<str>>,
    /// When; as above.
    pub time: Option<Millis>,
}

impl Topic {
    /// Its words, who set it, and when, as answers and events have them.
    pub fn told(topic: Option<&Topic>) -> (Option<Arc<str>>, Option<Arc<str>>, Option<Millis>) {
        topic.map_or((None, None, None), |topic| (Some(Arc::clone(&topic.text)), topic.by.clone(), topic.time))
    }
}

/// A file that was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its number, to ask for it by.
    pub file: u64,
    /// Its name, cleaned: no folders, no control characters, 1 to 255 bytes.
    pub name: Arc<str>,
    /// What it is, by its content: `image/jpeg`; `application/octet-stream` if the content does not tell.
    pub mime: Arc<str>,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of them, in 64 hexadecimal digits.
    pub sha256: Arc<str>,
    /// Its width in pixels, if it is a picture and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Its height in pixels, if it is a picture and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

/// What a person may do in a room, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// May come in, also into a room for invited people only.
    Member,
    /// May also kick, ban, mute, invite, and change the settings.
    Op,
    /// May also make ops, and drop the room.
    Owner,
}

/// What a person may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restriction {
    /// Come in.
    Ban,
    /// Speak.
    Mute,
}

/// The people that a restriction is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// An account, under whatever name.
    Account(AccountId),
    /// The person with this resume number, under whatever name and account.
    Resume(ResumeId),
    /// Every guest from this address, which is an [`origin`].
    Address(Address),
    /// The guest with this nick, by its key.
    Nick(Arc<str>),
    /// Every person whom this mask fits: `nick!user@host` with `*` and `?`, or `a:` and the name of an
    /// account, both folded.
    Mask(Arc<str>),
}

macro_rules! close_reasons {
    ($($(#[doc = $doc:literal])+ $reason:ident $code:literal $words:literal;)+) => {
        /// Why a session ended: exactly one of these, the first that happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum CloseReason {
            $($(#[doc = $doc])+ #[serde(rename = $code)] $reason,)+
        }

        impl CloseReason {
            /// All of them, in the order of `docs/protocol.md`.
            pub const ALL: [CloseReason; [$($code),+].len()] = [$(CloseReason::$reason),+];

            /// The stable name on the wire, in kebab case.
            pub fn code(self) -> &'static str {
                match self { $(CloseReason::$reason => $code,)+ }
            }

            /// The words that people see after the name of a person that left.
            pub fn words(self) -> &'static str {
                match self { $(CloseReason::$reason => $words,)+ }
            }
        }
    };
}

close_reasons! {
    /// The member asked to leave, or ended its input.
    Quit "quit" "quit";
    /// The connection broke.
    Lost "lost" "connection lost";
    /// The person closed the page, without a goodbye; the token lives.
    Closed "closed" "closed the page";
    /// The peer was silent for longer than `gone-after`.
    Timeout "timeout" "no sign of life";
    /// The peer took no name in time.
    LoginTimeout "login-timeout" "took no name in time";
    /// The peer sent too much before it took a name.
    LoginLines "login-lines" "sent too much before taking a name";
    /// The peer read too slowly.
    SlowConsumer "slow-consumer" "read too slowly";
    /// The operator closed the session.
    Kicked "kicked" "kicked";
    /// The same person came back on a new connection.
    Replaced "replaced" "came back on a new connection";
    /// The account has another password, or was deleted.
    LoggedOut "logged-out" "logged out";
    /// The server stopped.
    ServerStopped "server-stopped" "server stopped";
    /// The peer speaks a protocol that is not served here.
    NotServed "not-served" "that protocol is not served here";
    /// There is no space for one more session.
    Full "full" "no room on the server";
    /// The server failed inside, in this session only.
    Failed "failed" "a fault in the server";
}
