//! A refusal as an event. Knows no refusal by name.

use std::sync::Arc;

use super::Event;
use crate::error::ChatError;
use crate::model::Tag;
use crate::names;

impl ChatError {
    /// The refusal as it is told to the session that caused it.
    pub fn told(&self, tag: Option<Tag>) -> Event {
        Event::Error {
            tag,
            code: self.code(),
            value: Arc::from(names::clean(&self.value())),
            text: Arc::from(self.to_string()),
            offer: self.offer().map(|nick| Arc::from(nick.shown())),
        }
    }
}
