//! Files as messages: where one may be sent, and that it was sent. Runs under the chat lock; knows none of their bytes.

use std::sync::Arc;

use super::effects::Effects;
use super::history::Readable;
use super::loads::Halt;
use super::rooms::{Manner, Words};
use super::{Change, Chat, SessionId};
use crate::answer::Done;
use crate::command::Place;
use crate::error::ChatError;
use crate::model::{FileId, FileInfo, Millis, Pair, PlaceId, Tag};

/// A file that is complete, and to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSaid {
    /// Where; in the current room if it is not said.
    pub place: Option<Place>,
    /// The file.
    pub info: Arc<FileInfo>,
    /// Words that go with it.
    pub text: Arc<str>,
}

impl Change<'_> {
    /// Where the caller may send something now.
    fn may_send(&self, place: Option<&Place>) -> Result<Readable, Halt> {
        if self.cx.write_queue.is_none() {
            return Err(ChatError::NothingKept.into());
        }
        let identity = self.caller.identity;
        if let Some(Place::With(nick)) = place {
            let (other, label) = self.state.somebody_shown(nick)?;
            let found = self.state.conversations.get(&Pair::new(identity, other));
            let found = found.ok_or_else(|| self.state.unknown_conversation(identity, other))?;
            // One that has not begun has no number yet; files are put where it will be.
            return Ok(Readable { place: found.place.unwrap_or(PlaceId(0)), label, identity, with: Some(other) });
        }
        let readable = self.readable(place)?;
        self.may_speak(self.state.rooms.at(readable.place)?)?;
        Ok(readable)
    }

    fn say_file(&mut self, said: FileSaid) -> Result<(), Halt> {
        if self.said_before() {
            return Ok(());
        }
        let FileSaid { place, info, text } = said;
        let file = info.file;
        let words = Words { text, manner: Manner::Speech, file: Some(info) };
        let message = match &place {
            Some(Place::With(nick)) => {
                let (to, reader) =
                    self.state.somebody(nick).ok_or_else(|| ChatError::NoSuchNick(nick.shown().to_owned()))?;
                self.say_privately(to, reader, words)?
            }
            Some(Place::Room(name)) => self.say_in(Some(name), words)?,
            None => self.say_in(None, words)?,
        };
        let room = Arc::clone(&message.room);
        self.done_once(Done::Finish { room, seq: message.seq, time: message.time, file, again: false });
        Ok(())
    }
}

impl Chat {
    /// A number for a file that was never given before.
    pub fn next_file(&self) -> FileId {
        self.change(|state| {
            state.last.file += 1;
            FileId(state.last.file)
        })
    }

    /// The place where a session may send something now.
    ///
    /// # Errors
    /// It may not, or there is no such place.
    pub fn may_send(&self, session: SessionId, place: Option<&Place>, now: Millis) -> Result<Readable, Halt> {
        self.looking(session, now, |change| change.may_send(place))
    }

    /// Says that a file was sent, as [`Chat::obey`] says a line.
    ///
    /// # Errors
    /// Those of saying something there.
    pub fn say_file(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        said: FileSaid,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), Halt> {
        self.on_behalf((session, tag), now, effects, |change| change.say_file(said))
    }

    /// Answers a command whose tag was used before, as it was answered then; whether it was.
    pub fn said_before(&self, session: SessionId, tag: Option<Tag>, now: Millis, effects: &mut Effects) -> bool {
        self.on_behalf((session, tag), now, effects, |change| Ok::<_, ChatError>(change.said_before())).unwrap_or(false)
    }
}
