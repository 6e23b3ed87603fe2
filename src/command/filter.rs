//! Which rooms of all are asked for: by masks of their names, how many are in them, and when they and their topics were made. Knows no room.

use std::sync::Arc;

use crate::error::ChatError;
use crate::model::Millis;

/// Which rooms are listed: those for which all of this is true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomFilter {
    /// One of these masks fits the name; all rooms if there is none. In a mask, `*` is any text and `?` any character.
    pub only: Vec<Arc<str>>,
    /// None of these masks fits the name.
    pub not: Vec<Arc<str>>,
    /// It has more members than this.
    pub over: Option<usize>,
    /// It has fewer members than this.
    pub under: Option<usize>,
    /// It was made at this time or later.
    pub made_since: Option<Millis>,
    /// It was made before this time.
    pub made_until: Option<Millis>,
    /// Its topic was set at this time or later.
    pub topic_since: Option<Millis>,
    /// Its topic was set before this time.
    pub topic_until: Option<Millis>,
}

impl RoomFilter {
    /// Most masks of each kind: each is compared with the name of every room.
    pub const MASKS: usize = 8;
    /// The longest mask, in characters.
    pub const MASK: usize = 130;

    /// Masks as they are compared, if there are not too many.
    ///
    /// # Errors
    /// There are too many, or one is too long.
    pub fn masks(masks: Vec<Arc<str>>) -> Result<Vec<Arc<str>>, ChatError> {
        let wants = "at most 8 masks of at most 130 characters";
        let bad = |value: String| Err(ChatError::BadField { field: "mask", value, wants });
        match masks.iter().map(|mask| mask.chars().count()).find(|have| *have > RoomFilter::MASK) {
            Some(have) => bad(format!("{have} characters")),
            None if masks.len() > RoomFilter::MASKS => bad(format!("{} masks", masks.len())),
            None => Ok(masks),
        }
    }

    /// Whether a number of members and two times are as wanted. A room without a
    /// topic, or whose topic is of unknown age, is not found by the time of the topic.
    pub fn takes(&self, members: usize, made: Millis, topic: Option<Millis>) -> bool {
        let since =
            |bound: Option<Millis>, time: Option<Millis>| bound.is_none_or(|bound| time.is_some_and(|t| t >= bound));
        let until =
            |bound: Option<Millis>, time: Option<Millis>| bound.is_none_or(|bound| time.is_some_and(|t| t < bound));
        self.over.is_none_or(|over| members > over)
            && self.under.is_none_or(|under| members < under)
            && since(self.made_since, Some(made))
            && until(self.made_until, Some(made))
            && since(self.topic_since, topic)
            && until(self.topic_until, topic)
    }
}
