//! What those ask who keep order, and which fields each of their commands has on the wire. Knows no chat.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use super::read::some_text;
use super::strings::refuse;
use super::{ModAction, Whom};
use crate::error::ChatError;
use crate::names::RoomName;

/// Keeps order: does something about a person in a room. On the wire each action has only the fields that it makes use of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Order", into = "Order")]
pub struct Moderation {
    /// What.
    pub action: ModAction,
    /// Where; in the current room if it is not said.
    pub room: Option<RoomName>,
    /// Not there only, but on the whole server: for kicks and bans.
    pub everywhere: bool,
    /// About whom.
    pub whom: Whom,
    /// For how many seconds; for ever if it is not said.
    pub seconds: Option<u64>,
    /// Why.
    pub text: Option<Arc<str>>,
}

impl Moderation {
    /// In one room, for good, without words.
    pub fn new(action: ModAction, room: Option<RoomName>, whom: Whom) -> Moderation {
        Moderation { action, room, everywhere: false, whom, seconds: None, text: None }
    }
}

/// Each row: an action of those who keep order, and what it takes beside the room and the person.
macro_rules! orders {
    ($($action:ident { $($(#[$how:meta])* $field:ident: $type:ty),* })+) => {
        /// A [`Moderation`] as it is on the wire.
        #[derive(Deserialize, Serialize)]
        #[serde(rename_all = "kebab-case")]
        enum Order {
            $($action { room: Option<RoomName>, nick: Whom, $($(#[$how])* $field: $type),* }),+
        }

        impl From<Order> for Moderation {
            fn from(order: Order) -> Moderation {
                match order {
                    $(Order::$action { room, nick, $($field),* } => {
                        #[allow(clippy::needless_update)] // a ban has all fields
                        Moderation { $($field: $field.into(),)* ..Moderation::new(ModAction::$action, room, nick) }
                    })+
                }
            }
        }

        impl From<Moderation> for Order {
            fn from(order: Moderation) -> Order {
                let Moderation { action, room, whom: nick, .. } = order;
                match action {
                    $(ModAction::$action => Order::$action { room, nick, $($field: order.$field.into()),* }),+
                }
            }
        }
    };
}

orders! {
    Invite { #[serde(default, skip_serializing)] everywhere: OnlyHere }
    Kick {
        #[serde(default)] everywhere: bool,
        #[serde(default, deserialize_with = "some_text")] text: Option<Arc<str>>
    }
    Ban {
        #[serde(default)] everywhere: bool,
        seconds: Option<u64>,
        #[serde(default, deserialize_with = "some_text")] text: Option<Arc<str>>
    }
    Unban { #[serde(default)] everywhere: bool }
    Mute {
        #[serde(default, skip_serializing)] everywhere: OnlyHere,
        seconds: Option<u64>,
        #[serde(default, deserialize_with = "some_text")] text: Option<Arc<str>>
    }
    Unmute { #[serde(default, skip_serializing)] everywhere: OnlyHere }
    Op { #[serde(default, skip_serializing)] everywhere: OnlyHere }
    Deop { #[serde(default, skip_serializing)] everywhere: OnlyHere }
    Voice { #[serde(default, skip_serializing)] everywhere: OnlyHere }
    Devoice { #[serde(default, skip_serializing)] everywhere: OnlyHere }
}

/// `everywhere` of an order that has no such field. Other unknown fields are
/// ignored. But a program that sends this one believes that the order holds on the
/// whole server, and must not be told that it was carried out.
#[derive(Default)]
struct OnlyHere;

impl<'de> Deserialize<'de> for OnlyHere {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OnlyHere, D::Error> {
        if bool::deserialize(deserializer)? { Err(refuse(ChatError::OneRoomOnly)) } else { Ok(OnlyHere) }
    }
}

impl From<OnlyHere> for bool {
    fn from(_: OnlyHere) -> bool {
        false
    }
}

impl From<bool> for OnlyHere {
    fn from(_: bool) -> OnlyHere {
        OnlyHere
    }
}
