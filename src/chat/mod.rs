//! Who is where and who hears what: all of the chat behind one lock. Knows no sockets, files, clocks or threads.
//!
//! Three promises hold for every change:
//!
//! 1. It is one critical section: nobody sees half of it.
//! 2. Under the lock events are only queued, to outboxes that never block.
//!    What must be done outside — flushing, cutting — is handed back in a
//!    [`Effects`]; the guard never leaves this module.
//! 3. Everything is checked before anything is changed, so a refusal leaves no trace.
//!
//! Order of locks: the chat lock first, then the queue of a round or of one
//! outbox. Those are leaves, held for a few instructions on memory only.

mod accounts;
mod ask;
mod check;
mod deleting;
pub mod effects;
mod ending;
mod hidden;
mod left;
mod lists;
mod login;
mod memory;
mod moderation;
mod name_index;
mod need;
mod operator;
pub mod outbox;
pub mod patience;
mod people;
mod permissions;
mod places;
mod private;
mod recent;
mod registry;
mod restrictions;
mod room;
pub mod room_flush;
mod rooms;
mod succession;
mod unkept;
pub mod write_queue;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::answer::Done;
use crate::command::Command;
use crate::error::ChatError;
use crate::limits::Limits;
use crate::model::{AccountId, Pair, PlaceId};
use crate::model::{Millis, Seq, Tag};
use crate::names::{self, NameError, Nick, RoomName};
use crate::record::{Numbers, Snapshot};
use ask::{Ask, Here};
pub use check::{help, lengths};
pub use deleting::DeletedAccount;
use effects::Effects;
pub use login::{LoggedIn, LoginKind, LoginRequest, TokenOwner};
use memory::Tokens;
pub use need::{FileSaid, JoinRequest, LastSeen, Need, Readable, Reading, Step};
pub use operator::Presence;
use outbox::Ending;
use registry::Registry;
use restrictions::Restrictions;
use room::Room;
use write_queue::WriteQueue;

/// The number of one peer's life on one connection. Never used twice in one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// The number of somebody with a nick. Never used twice in one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(u64);

/// Handle to all of the chat.
#[derive(Debug)]
pub struct Chat {
    state: Mutex<State>,
    limits: Arc<Limits>,
    lobby: RoomName,
    /// When this run of the server began.
    run: Millis,
    /// Where changes go that are kept; nowhere, where nothing is.
    write_queue: Option<Arc<WriteQueue>>,
    broken: AtomicBool,
}

/// What the lock guards.
#[derive(Debug, Default)]
struct State {
    registry: Registry,
    /// By the key of the name.
    rooms: HashMap<Arc<str>, Room>,
    /// From the look of a name to its key.
    looks: HashMap<Arc<str>, Arc<str>>,
    /// The keys of all rooms, in their order; and of those that everybody may know of.
    listed: lists::Listed,
    /// Rooms that are empty and not registered.
    left: left::Left,
    /// From the number of a room to the key of its name.
    places: HashMap<PlaceId, Arc<str>>,
    /// Private conversations of people who are here.
    conversations: HashMap<Pair, Conversation>,
    /// What is forgotten when it is kept.
    unkept: unkept::Unkept,
    /// Bans and mutes, of rooms and of the whole server.
    restrictions: Restrictions,
    tokens: Tokens,
    /// The highest numbers given so far.
    last: Numbers,
    /// What makes an account the first op of the server.
    claim: Option<Box<str>>,
}

/// A private conversation, as far as the chat needs to know it.
#[derive(Debug, Default)]
struct Conversation {
    /// Its number, once something was said in it.
    place: Option<PlaceId>,
    /// The number of its last message.
    seq: Seq,
    /// How much had been added to the journal with that.
    added: u64,
    /// The accounts among the two who have ended it for themselves.
    closed: Vec<AccountId>,
}

impl Chat {
    /// A chat that begins at `now` with what was kept, and its lobby. Changes
    /// go to `write_queue`; without one, nothing is kept.
    pub fn new(
        limits: Arc<Limits>,
        lobby: RoomName,
        now: Millis,
        kept: Snapshot,
        write_queue: Option<Arc<WriteQueue>>,
    ) -> Chat {
        let chat =
            Chat { state: Mutex::default(), limits, lobby, run: now, write_queue, broken: AtomicBool::new(false) };
        chat.change(|state| state.recall(kept, &chat.here(now)));
        chat
    }

    fn here(&self, now: Millis) -> Here<'_> {
        Here { now, run: self.run, limits: &self.limits, lobby: &self.lobby, write_queue: self.write_queue.as_deref() }
    }

    /// The room that is always there.
    pub fn lobby(&self) -> &RoomName {
        &self.lobby
    }

    /// A nick that is free at this moment.
    pub fn offer(&self, seed: u64) -> Nick {
        self.change(|state| state.registry.offer(seed))
    }

    /// A free nick near the one that `error` is about, if it is about a nick.
    pub fn suggest(&self, error: &NameError) -> Option<Nick> {
        if !error.code().starts_with("nick-") {
            return None;
        }
        self.change(|state| names::suggest(&error.value(), |nick| state.registry.taken(nick)))
    }

    /// Takes a session into a room: a `join` without an answer.
    ///
    /// # Errors
    /// A room that cannot be joined.
    pub fn go_in(
        &self,
        session: SessionId,
        wish: &JoinRequest,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        self.with_ask(session, None, now, |state, ask| state.join(ask, wish, false, effects))
    }

    /// Carries out a command of a session that has a name. Its answer, `ok`,
    /// is in its outbox, in its place among the events; or it is promised to
    /// the outbox, and comes when the change is kept.
    ///
    /// # Errors
    /// Whatever refusal the command meets; then nothing has changed.
    pub fn obey(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        command: Command,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        lengths(&command, &self.limits)?;
        self.with_ask(session, tag, now, |state, ask| state.obey(ask, command, effects))
    }

    /// One change on behalf of a session that has a name.
    fn with_ask<R>(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        now: Millis,
        what: impl FnOnce(&mut State, &Ask<'_>) -> Result<R, ChatError>,
    ) -> Result<R, ChatError> {
        self.change(|state| {
            let ask = state.ask(session, tag, self.here(now))?;
            what(state, &ask)
        })
    }

    /// The one place where a session is removed. Tells the others in its
    /// rooms, once, unless its person has other sessions. A session that
    /// never took a name leaves nothing to tell. Returns the nick it had.
    pub fn leave(&self, session: SessionId, ending: Ending, now: Millis, effects: &mut Effects) -> Option<Arc<str>> {
        self.change(|state| state.depart(session, ending, &self.here(now), effects))
    }

    /// Ends at most `most` rooms that nobody has registered and that have been
    /// empty since before `time`; whether there are more. Their rows are kept
    /// as being over like any other change.
    pub fn end_left(&self, time: Millis, most: usize, now: Millis) -> bool {
        self.change(|state| state.end_left(time, most, &self.here(now)))
    }

    /// Whether a panic has left a change half done. Then nothing here can be
    /// trusted, and the server must stop: rather down than wrong.
    pub fn broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// The critical section.
    fn change<R>(&self, what: impl FnOnce(&mut State) -> R) -> R {
        struct Fuse<'a>(&'a AtomicBool);
        impl Drop for Fuse<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let mut state = self.state.lock();
        // Not asked of `panicking`: a session that panicked elsewhere leaves while its thread unwinds.
        let fuse = Fuse(&self.broken);
        let made = what(&mut state);
        if let Some(write_queue) = &self.write_queue {
            write_queue.seal();
        }
        std::mem::forget(fuse);
        made
    }
}

impl State {
    fn ask<'a>(&self, session: SessionId, tag: Option<Tag>, here: Here<'a>) -> Result<Ask<'a>, ChatError> {
        let found = self.registry.session(session).ok_or(ChatError::NameFirst)?;
        if found.replaced {
            return Err(ChatError::Closing);
        }
        let (person, outbox, echo) = (found.person, Arc::clone(&found.outbox), found.echo);
        Ok(Ask { session, person, outbox, echo, tag, here })
    }

    fn obey(&mut self, ask: &Ask<'_>, command: Command, effects: &mut Effects) -> Result<Step, ChatError> {
        if let Some(person) = self.registry.person_mut(ask.person)
            && !matches!(command, Command::Ping { .. } | Command::Pong)
        {
            person.active = ask.now;
        }
        match command {
            Command::Join { room, after, made, run, key } => {
                let seen = after.map(|after| LastSeen { after, made, run, accept_gap: false });
                return self.join(ask, &JoinRequest { room, seen, key }, true, effects);
            }
            Command::Msg { to, text } => return self.msg(ask, &to, text, effects),
            Command::Reply { text } => return self.reply(ask, text, effects),
            Command::History { place, page, limit } => return self.history(ask, place, page, limit, effects),
            Command::Search { place, text, until, next, limit } => {
                return self.search(ask, place, text, (until, next), limit);
            }
            Command::Delete { place, seq } => return self.delete(ask, place, seq, effects),
            Command::Read { place, seq } => return self.read(ask, place, seq, effects),
            Command::Close { with } => return self.close_conversation(ask, &with, effects),
            Command::Chats { past } => {
                let account = self.own_account(ask)?;
                return Ok(Step::Needs(Need::Chats { account, past }));
            }
            Command::Files { place, before } => return self.files(ask, place, before),
            Command::Say { room, text, me } => self.say(ask, room, text, me, effects),
            Command::Hello { .. } => Err(self.named_already(ask)),
            Command::Nick { nick, .. } => self.rename(ask, nick, effects),
            Command::Leave { room, text } => self.leave_room(ask, room, text, effects),
            Command::Rooms { past } => {
                self.list_rooms(ask, past, effects);
                Ok(())
            }
            Command::Members { room, past } => self.members(ask, room, past, effects),
            Command::Topic { room, topic } => self.topic(ask, room, topic, effects),
            Command::Whois { nick } => self.whois(ask, &nick, effects),
            Command::Away { text } => {
                let text = self.side_words(ask.session, text, ask).unwrap_or_else(|| Arc::from("away"));
                self.set_away(ask, Some(Arc::clone(&text)), effects);
                ask.answer(Done::Away { text }, effects);
                Ok(())
            }
            Command::Back => {
                self.set_away(ask, None, effects);
                ask.answer(Done::Back, effects);
                Ok(())
            }
            Command::RegisterRoom { room } => self.register_room(ask, room, effects),
            Command::DropRoom { room } => self.drop_room(ask, room, effects),
            Command::Settings { room, change } => self.settings(ask, room, &change, effects),
            Command::Moderate { action, room, everywhere, whom, seconds, text } => {
                let order = moderation::ModRequest { action, everywhere, whom, seconds, text };
                self.order(ask, room, order, effects)
            }
            Command::Bans { room, everywhere, skip } => self.bans(ask, room, everywhere, skip, effects),
            Command::Announce { text } => self.announce(ask, text, effects),
            Command::Claim { code } => self.claim(ask, &code.0, effects),
            Command::Ping { token } => {
                ask.answer(Done::Ping { token: token.unwrap_or_default() }, effects);
                Ok(())
            }
            Command::Pong => Ok(()),
            // The session closes itself after the answer.
            Command::Quit { .. } => {
                ask.answer(Done::Quit, effects);
                Ok(())
            }
            Command::Help { word } => {
                ask.answer(help(word.as_deref())?, effects);
                Ok(())
            }
            // The session sees to these, for there is something to compute, or to send in pieces.
            Command::Register { .. }
            | Command::Login { .. }
            | Command::Logout
            | Command::Password { .. }
            | Command::DeleteAccount { .. }
            | Command::Offer { .. }
            | Command::Chunk { .. }
            | Command::Finish { .. }
            | Command::Cancel { .. }
            | Command::Get { .. } => Err(ChatError::Closing),
        }?;
        Ok(Step::Done)
    }
}

#[cfg(test)]
mod tests;
