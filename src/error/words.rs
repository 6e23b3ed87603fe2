//! Parts of the sentences of refusals: until when, and why. Knows no refusal.

use std::fmt;
use std::sync::Arc;

use crate::model::Millis;
use crate::names::RoomName;

/// The room that a refusal is about, if it is not about the whole server.
pub(super) fn shown(room: &Option<RoomName>) -> &str {
    room.as_ref().map_or("", |room| room.shown())
}

/// ` until 2026-11-20 12:05 UTC`, or ` for good`.
pub(super) struct Until(pub Option<Millis>);

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.and_then(|time| jiff::Timestamp::from_millisecond(time).ok()) {
            Some(time) => write!(f, " until {} UTC", time.strftime("%Y-%m-%d %H:%M")),
            None => write!(f, " for good"),
        }
    }
}

/// `5 min ago`.
pub(super) struct Ago(pub Millis);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.max(0) / 1000 {
            seconds @ ..60 => write!(f, "{seconds} s ago"),
            seconds @ ..3_600 => write!(f, "{} min ago", seconds / 60),
            seconds @ ..86_400 => write!(f, "{} h ago", seconds / 3_600),
            seconds => write!(f, "{} days ago", seconds / 86_400),
        }
    }
}

/// ` (spam)`, or nothing.
pub(super) struct Why<'a>(pub &'a Option<Arc<str>>);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |why| write!(f, " ({why})"))
    }
}
