//! Commands without an answer, and answers that a thread waits for. Knows tags only, not what is asked.

use super::error::AskError;
use crate::answer::Done;
use crate::model::Tag;

/// What is to happen with the answer to a command: the sink of news is told, or a thread that waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The sink is told. The command says a line, which waits among the lines without an answer.
    Line,
    /// The sink is told.
    Told,
    /// The sink, but an `ok` comes without its tag: an event of its own tells what was made.
    Made,
    /// The sink, and the thread that waits.
    Both,
    /// The thread that waits.
    Awaited,
    /// The sink, as if it had come by itself: it was missed.
    Missed,
    /// Neither.
    Ignored,
}

/// What is asked, and the answers for threads that wait.
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

    /// Whether a command is open whose answer is `wanted` in this way.
    pub fn has(&self, wanted: Wanted) -> bool {
        self.open.iter().any(|(_, open)| *open == wanted)
    }

    pub fn begin(&mut self, tag: Tag, wanted: Wanted) {
        self.open.push((tag, wanted));
    }

    /// An answer came with this tag, and is stored if a thread waits for it. Returns
    /// what else is to happen with it: the sink is told if no command has this tag.
    pub fn end(&mut self, tag: Option<&Tag>, answer: impl FnOnce() -> Result<Done, AskError>) -> Wanted {
        let Some(at) = self.open.iter().position(|(open, _)| Some(open) == tag) else { return Wanted::Told };
        let (tag, wanted) = self.open.remove(at);
        if matches!(wanted, Wanted::Awaited | Wanted::Both) {
            self.answers.push((tag, answer()));
        }
        wanted
    }

    /// The answer that a thread waits for, if it has come.
    pub fn take(&mut self, tag: &Tag) -> Option<Result<Done, AskError>> {
        let at = self.answers.iter().position(|(answered, _)| answered == tag)?;
        Some(self.answers.swap_remove(at).1)
    }

    /// No thread waits for that answer any more.
    pub fn give_up(&mut self, tag: &Tag) {
        self.answers.retain(|(answered, _)| answered != tag);
        if let Some((_, wanted)) = self.open.iter_mut().find(|(open, _)| open == tag) {
            *wanted = if *wanted == Wanted::Both { Wanted::Told } else { Wanted::Ignored };
        }
    }

    /// The connection is lost: the open commands get no answer any more.
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
