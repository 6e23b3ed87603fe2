//! Commands without an answer, and answers that somebody waits for. Knows tags only, not what is asked.

use super::error::AskError;
use crate::answer::Done;
use crate::model::Tag;

/// Who wants to know the answer to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Whoever hears the news.
    Told,
    /// The same, but an `ok` comes without its tag: what it made is told by an event of its own.
    Made,
    /// Whoever hears the news, and whoever waits for it.
    Both,
    /// Whoever waits for it.
    Awaited,
    /// Whoever hears the news, as if it had come by itself: it was missed.
    Missed,
    /// Nobody.
    Ignored,
}

/// What is asked, and what came for those who wait.
#[derive(Debug, Default)]
pub(super) struct Asked {
    open: Vec<(Tag, Wanted)>,
    answers: Vec<(Tag, Result<Done, AskError>)>,
}

impl Asked {
    /// How many have no answer.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    pub fn is_open(&self, tag: &Tag) -> bool {
        self.open.iter().any(|(open, _)| open == tag)
    }

    /// Whether something is open whose answer is wanted so.
    pub fn has(&self, wanted: Wanted) -> bool {
        self.open.iter().any(|(_, open)| *open == wanted)
    }

    pub fn begin(&mut self, tag: Tag, wanted: Wanted) {
        self.open.push((tag, wanted));
    }

    /// An answer came with this tag: who wants it. All hear what nobody asked for.
    pub fn end(&mut self, tag: Option<&Tag>) -> Wanted {
        let place = self.open.iter().position(|(open, _)| Some(open) == tag);
        place.map_or(Wanted::Told, |place| self.open.remove(place).1)
    }

    /// Keeps an answer for whoever waits for it.
    pub fn keep(&mut self, tag: Option<Tag>, answer: Result<Done, AskError>) {
        self.answers.extend(tag.map(|tag| (tag, answer)));
    }

    /// The answer that somebody waits for, if it has come.
    pub fn take(&mut self, tag: &Tag) -> Option<Result<Done, AskError>> {
        let place = self.answers.iter().position(|(answered, _)| answered == tag)?;
        Some(self.answers.swap_remove(place).1)
    }

    /// Nobody waits for that answer any more.
    pub fn give_up(&mut self, tag: &Tag) {
        self.answers.retain(|(answered, _)| answered != tag);
        if let Some((_, wanted)) = self.open.iter_mut().find(|(open, _)| open == tag) {
            *wanted = if *wanted == Wanted::Both { Wanted::Told } else { Wanted::Ignored };
        }
    }

    /// The connection is gone: what was on its way gets no answer any more.
    pub fn lost(&mut self) {
        for (tag, wanted) in self.open.drain(..) {
            if matches!(wanted, Wanted::Awaited | Wanted::Both) {
                self.answers.push((tag, Err(AskError::Lost)));
            }
        }
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.answers.is_empty()
    }
}
