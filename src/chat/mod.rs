//! All of the chat behind one lock: sessions, people, rooms, and what each session hears. Knows no sockets, files, clocks or threads.
//!
//! Three promises hold for every change:
//!
//! 1. It is one critical section: no thread sees half of it.
//! 2. Under the lock events are only queued, to outboxes that never block.
//!    What must be done outside the lock, to flush and to cut, is returned in
//!    [`Effects`]; the guard never leaves this module.
//! 3. Everything is checked before anything is changed, so a refusal leaves no trace.
//!
//! Order of locks: the chat lock first, then the list of a room flush, the write
//! queue, or one outbox. Those are held for a few instructions on memory only.

mod accounts;
mod arrival;
mod bans;
mod change;
mod check;
mod context;
mod conversation;
mod deleting;
mod directory;
pub mod effects;
mod ending;
mod faces;
mod gone;
mod hidden;
mod history;
mod identity;
mod left;
mod lingering;
mod lists;
mod loads;
mod login;
mod masks;
mod memory;
mod moderation;
mod name_index;
mod operator;
pub mod outbox;
pub mod patience;
mod people;
mod permissions;
mod private;
mod read_marks;
mod recent;
mod registry;
mod restrictions;
mod resume;
mod room;
mod room_admin;
pub mod room_flush;
mod rooms;
mod sent_files;
mod start;
mod succession;
mod targets;
mod typing;
mod unstored;
mod who;
pub mod write_queue;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::cloak::Cloak;
use crate::command::{ChatCommand, Moderation};
use crate::error::ChatError;
use crate::limits::{InForce, Limits};
use crate::model::{Kind, Pair};
use crate::model::{Millis, Tag};
use crate::names::{Nick, RoomName};
use crate::record::{Numbers, Snapshot};
use change::Change;
pub use check::{about, lengths, link};
pub use context::Chance;
use context::Context;
use conversation::Conversation;
pub use deleting::{DeletedAccount, Found};
use effects::Effects;
pub use history::{Privacy, Readable, Searchable};
pub use loads::{CatchUp, Doomed, Halt, JoinRequest, LastSeen, Load, Next, Reading, Unremembered};
pub use login::{LoggedIn, LoginKind, LoginRequest, Proven, TokenOwner};
use memory::Tokens;
pub use operator::Presence;
use outbox::Ending;
use registry::Registry;
use restrictions::Restrictions;
use rooms::Manner;
pub use sent_files::FileSaid;
use write_queue::WriteQueue;

/// The number of a session. Never used twice in one run of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// The number of a person with a nick. Never used twice in one run of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(u64);

/// Handle to all of the chat.
#[derive(Debug)]
pub struct Chat {
    state: Mutex<State>,
    limits: InForce,
    lobby: RoomName,
    /// When this run of the server began.
    run: Millis,
    chance: Chance,
    cloak: Cloak,
    /// The queue for records; none if the server has no database.
    write_queue: Option<Arc<WriteQueue>>,
    broken: AtomicBool,
}

/// What the lock guards.
#[derive(Debug, Default)]
struct State {
    registry: Registry,
    rooms: directory::Directory,
    /// Rooms that are empty and not registered.
    left: left::Left,
    /// Private conversations of people who are online.
    conversations: HashMap<Pair, Conversation>,
    /// What is forgotten when it is stored.
    unstored: unstored::Unstored,
    /// Bans and mutes, of rooms and of the whole server.
    restrictions: Restrictions,
    tokens: Tokens,
    /// The people who left last.
    gone: gone::Gone,
    /// Sessions that linger, the oldest first, and since when.
    lingering: VecDeque<(Millis, SessionId)>,
    /// The highest numbers given so far.
    last: Numbers,
    /// What was last counted one by one.
    counted: Option<lists::Counted>,
    /// The code with which an account becomes the first op of the server.
    claim: Option<Box<str>>,
}

impl Chat {
    /// A chat that begins at `now` with a lobby and what was stored. Its records
    /// go to `write_queue`; without a queue, nothing is stored.
    pub fn new(
        limits: &InForce,
        lobby: RoomName,
        now: Millis,
        found: Snapshot,
        write_queue: Option<Arc<WriteQueue>>,
    ) -> Chat {
        let chat = Chat {
            state: Mutex::default(),
            limits: limits.clone(),
            lobby,
            run: now,
            chance: |_| None,
            cloak: Cloak::new(&found.cloak_key),
            write_queue,
            broken: AtomicBool::new(false),
        };
        chat.by_server(now, &mut Effects::default(), |change| change.recall(found));
        chat
    }

    /// The same with a source of random numbers: the chat itself knows none.
    pub fn with_chance(self, chance: Chance) -> Chat {
        Chat { chance, ..self }
    }

    fn context<'a>(&'a self, limits: &'a Limits, now: Millis) -> Context<'a> {
        Context {
            now,
            run: self.run,
            limits,
            lobby: &self.lobby,
            chance: self.chance,
            cloak: &self.cloak,
            write_queue: self.write_queue.as_deref(),
        }
    }

    /// The room that is always there.
    pub fn lobby(&self) -> &RoomName {
        &self.lobby
    }

    /// Takes a session into a room, unless something is to be shown to it first.
    ///
    /// # Errors
    /// A room that cannot be joined.
    pub fn go_in(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        request: &JoinRequest,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<Option<CatchUp>, Halt> {
        self.on_behalf((session, tag), now, effects, |change| change.join(request))
    }

    /// Carries out a command of a session that has a name. The answer, `ok`, is
    /// queued in the outbox among the events; or it is promised to the outbox, and
    /// comes when the change is stored.
    ///
    /// # Errors
    /// The refusal of the command; then nothing has changed.
    pub fn obey(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        command: ChatCommand,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<Next, Halt> {
        self.on_behalf((session, tag), now, effects, |change| {
            change.is_active()?;
            change.obey(command)
        })
    }

    /// The same for what ops do to people.
    ///
    /// # Errors
    /// As [`Chat::obey`].
    pub fn moderate(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        request: &Moderation,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.on_behalf((session, tag), now, effects, |change| {
            change.is_active()?;
            change.moderate(request)
        })
    }

    /// Gives the person of a session another name.
    ///
    /// # Errors
    /// As [`Chat::obey`].
    pub fn rename(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        nick: Option<Nick>,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.on_behalf((session, tag), now, effects, |change| {
            change.is_active()?;
            change.rename(nick)
        })
    }

    /// One change on behalf of a session that has a name.
    fn on_behalf<R, E: From<ChatError>>(
        &self,
        (session, tag): (SessionId, Option<Tag>),
        now: Millis,
        effects: &mut Effects,
        what: impl FnOnce(&mut Change<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.by_server(now, effects, |change| what(&mut change.on_behalf_of(session, tag)?))
    }

    /// The same, but nothing is changed, and so no session is told anything.
    fn looking<R, E: From<ChatError>>(
        &self,
        session: SessionId,
        now: Millis,
        what: impl FnOnce(&Change<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.on_behalf((session, None), now, &mut Effects::default(), |change| what(change))
    }

    /// One change that the server itself makes.
    fn by_server<R>(&self, now: Millis, effects: &mut Effects, what: impl FnOnce(&mut Change<'_, ()>) -> R) -> R {
        let limits = self.limits.now();
        self.change(|state| what(&mut Change { state, cx: self.context(&limits, now), effects, caller: () }))
    }

    /// Removes a session, or lets it linger: see [`Chat::end_lingering`]. Tells the
    /// members of its rooms, unless its person has other sessions. Of a session without a name there is
    /// nothing to tell. Returns the nick.
    pub fn leave(&self, session: SessionId, ending: Ending, now: Millis, effects: &mut Effects) -> Option<Arc<str>> {
        self.by_server(now, effects, |change| change.depart(session, ending))
    }

    /// Removes at most `most` rooms that are not registered and became empty before
    /// `time`. Returns whether there may be more. The records are queued as for
    /// any other change.
    pub fn end_left(&self, time: Millis, most: usize, now: Millis) -> bool {
        self.by_server(now, &mut Effects::default(), |change| change.end_left(time, most))
    }

    /// Whether a panic has left a change half done. Then the state may be wrong, and
    /// the server must stop.
    pub fn broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Whether the chat can be had within `time`: a thread that holds it for long holds up everybody.
    pub fn is_free_within(&self, time: Duration) -> bool {
        self.state.try_lock_for(time).is_some()
    }

    /// Holds the chat, as a thread would that hangs in a change.
    #[cfg(test)]
    pub(crate) fn hold<R>(&self, what: impl FnOnce() -> R) -> R {
        let _held = self.state.lock();
        what()
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
        // `std::thread::panicking` would not do: a session that panicked elsewhere is removed while its thread unwinds.
        let fuse = Fuse(&self.broken);
        let made = what(&mut state);
        if let Some(write_queue) = &self.write_queue {
            write_queue.seal();
        }
        std::mem::forget(fuse);
        made
    }
}

impl Change<'_> {
    fn obey(&mut self, command: ChatCommand) -> Result<Next, Halt> {
        match command {
            ChatCommand::Join { room, after, made, run, key } => {
                let seen = after.map(|after| LastSeen { after, made, run, accept_gap: false });
                return Ok(Next::GoIn(JoinRequest { room, seen, key, answer: true }));
            }
            ChatCommand::Delete { place, seq, said, text } => return self.delete(Doomed { place, seq, said, text }),
            ChatCommand::Msg { to, text } => self.msg(&to, text, Kind::Text)?,
            ChatCommand::Reply { text } => self.reply(text)?,
            ChatCommand::Read { place, seq } => self.read(place.as_ref(), seq)?,
            ChatCommand::Typing { place } => self.typing(place.as_ref())?,
            ChatCommand::Close { with } => self.close_conversation(&with)?,
            ChatCommand::Say { room, text } => self.say(room.as_ref(), text, Manner::By(Kind::Text))?,
            ChatCommand::Me { place, text } => self.say_at(place.as_ref(), text, Kind::Action)?,
            ChatCommand::Notice { place, text } => self.say_at(place.as_ref(), text, Kind::Notice)?,
            ChatCommand::Roll { room, dice } => {
                let thrown = dice.thrown(&self.caller.face, self.cx.chance)?;
                self.say(room.as_ref(), thrown, Manner::ByServer)?;
            }
            ChatCommand::Leave { room, text } => self.leave_room(room.as_ref(), text)?,
            ChatCommand::Rooms { past, filter } => self.list_rooms(past.as_ref(), &filter)?,
            ChatCommand::Facts => self.facts(),
            ChatCommand::Members { room, past } => self.members(room.as_ref(), past.as_ref())?,
            ChatCommand::Who { room, mask, nicks, past } => {
                self.who(room.as_ref(), mask.as_deref(), &nicks, past.as_ref())?;
            }
            ChatCommand::Whowas { nick, limit } => self.whowas(&nick, limit),
            ChatCommand::Topic { room, topic } => self.topic(room.as_ref(), topic)?,
            ChatCommand::Whois { nick } => self.whois(&nick)?,
            ChatCommand::Away { text } => self.away(text)?,
            ChatCommand::About { text } => self.about(text)?,
            ChatCommand::Back => self.back()?,
            ChatCommand::RegisterRoom { room } => self.register_room(room.as_ref())?,
            ChatCommand::DropRoom { room } => self.drop_room(room.as_ref())?,
            ChatCommand::Settings { room, change } => self.settings(room.as_ref(), &change)?,
            ChatCommand::Bans { room, everywhere, skip } => self.bans(room.as_ref(), everywhere, skip)?,
            ChatCommand::Announce { text } => self.announce(text)?,
            ChatCommand::Claim { code } => self.claim(&code.0)?,
        }
        Ok(Next::Done)
    }
}

#[cfg(test)]
mod tests;
