//! Files as messages: whether a file may be sent to a place, and the message when it was sent. Runs under the chat lock; knows no bytes of files.

use std::sync::Arc;

use super::effects::Effects;
use super::history::Readable;
use super::loads::Halt;
use super::rooms::{Manner, Words};
use super::{Change, Chat, SessionId};
use crate::answer::Done;
use crate::command::Place;
use crate::error::ChatError;
use crate::model::{FileId, FileInfo, Kind, Millis, Pair, PlaceId, Tag};

/// A complete file, to be said as a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSaid {
    /// The place; if none, the current room.
    pub place: Option<Place>,
    /// The file.
    pub info: Arc<FileInfo>,
    /// The text of the message.
    pub text: Arc<str>,
}

impl Change<'_> {
    /// The place, if the caller may send something there now.
    fn may_send(&self, place: Option<&Place>) -> Result<Readable, Halt> {
        if self.cx.write_queue.is_none() {
            return Err(ChatError::NothingKept.into());
        }
        let identity = self.caller.identity;
        if let Some(Place::With(nick)) = place {
            let (other, label) = self.state.addressee_shown(nick)?;
            let found = self.state.conversations.get(&Pair::new(identity, other));
            let found = found.ok_or_else(|| self.state.unknown_conversation(identity, other))?;
            // A conversation that has not begun has no number yet. The file gets its place with the message.
            return Ok(Readable { place: found.place.unwrap_or(PlaceId(0)), label, identity, with: Some(other) });
        }
        let readable = self.readable(place)?;
        self.may_speak(self.state.rooms.at(readable.place)?)?;
        Ok(readable)
    }
}

impl Chat {
    /// A new number for a file.
    pub fn next_file(&self) -> FileId {
        self.change(|state| {
            state.last.file += 1;
            FileId(state.last.file)
        })
    }

    /// The place, if a session may send something there now.
    ///
    /// # Errors
    /// The session may not, or there is no such place.
    pub fn may_send(&self, session: SessionId, place: Option<&Place>, now: Millis) -> Result<Readable, Halt> {
        self.looking(session, now, |change| change.may_send(place))
    }

    /// Says that a file was sent, as [`Chat::obey`] says a text.
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
        self.on_behalf((session, tag), now, effects, |change| {
            if change.said_before() {
                return Ok(());
            }
            let FileSaid { place, info, text } = said;
            let file = info.file;
            let words = Words { text, manner: Manner::By(Kind::Text), file: Some(info) };
            let message = match &place {
                Some(Place::With(nick)) => {
                    let found = change.state.addressee(nick);
                    let (to, reader) = found.ok_or_else(|| ChatError::NoSuchNick(nick.shown().to_owned()))?;
                    change.say_privately(to, reader, words)?
                }
                Some(Place::Room(name)) => change.say_in(Some(name), words)?,
                None => change.say_in(None, words)?,
            };
            let (room, seq, time) = (Arc::clone(&message.room), message.seq, message.time);
            change.done_once(Done::Finish { room, seq, time, file, again: false });
            Ok(())
        })
    }

    /// Answers a command whose tag was used before with the same answer. Returns whether the tag was used before.
    pub fn said_before(&self, session: SessionId, tag: Option<Tag>, now: Millis, effects: &mut Effects) -> bool {
        self.on_behalf((session, tag), now, effects, |change| Ok::<_, ChatError>(change.said_before())).unwrap_or(false)
    }
}
