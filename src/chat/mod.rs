//! Who is where and who hears what: all of the chat behind one lock. Knows no sockets, files, clocks or threads.
//!
//! Three promises hold for every change:
//!
//! 1. It is one critical section: nobody sees half of it.
//! 2. Under the lock events are only queued, to outboxes that never block.
//!    What must be done outside — flushing, cutting — is handed back in a
//!    [`Touched`]; the guard never leaves this module.
//! 3. Everything is checked before anything is changed, so a refusal leaves no trace.
//!
//! Order of locks: the chat lock first, then the queue of a round or of one
//! outbox. Those are leaves, held for a few instructions on memory only.

mod memory;
pub mod outbox;
mod people;
mod registry;
mod room;
mod rooms;
pub mod touched;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::command::Command;
use crate::error::ChatError;
use crate::event::{Done, Event, HelpInfo, Millis, Tag};
use crate::limits::Limits;
use crate::names::{self, NameError, Nick, RoomName};
use crate::wire::Letter;
use memory::Tokens;
use outbox::{Ending, Outbox};
use registry::Registry;
use room::Room;
use touched::Touched;

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
    tokens: Tokens,
}

/// A session that wants a name.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Which session.
    pub session: SessionId,
    /// Where it hears.
    pub outbox: &'a Arc<Outbox>,
    /// Whether it wants to hear its own lines, too.
    pub echo: bool,
    /// Its front, for `whois`.
    pub front: &'static str,
    /// The name wanted; the one offered for `seed` if it is not said.
    pub nick: Option<Nick>,
    /// Chooses the name that is offered.
    pub seed: u64,
    /// The token of an earlier session of the same person.
    pub resume: Option<Box<str>>,
    /// A fresh token for a new person.
    pub token: Arc<str>,
    /// The rooms to join; if it is not said, those where this person is already, or the lobby.
    pub rooms: Option<Vec<RoomName>>,
    /// Whether the answer is that to a `hello`, not to a `nick`.
    pub hello: bool,
    /// The tag of the command.
    pub tag: Option<Tag>,
}

/// A session that has its name, and has yet to go into its rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The nick it has.
    pub nick: Arc<str>,
    /// Where to go in, with [`Chat::go_in`], one after another.
    pub rooms: Vec<RoomName>,
}

/// Who asks what, and when: what every verb needs to know.
struct Ask<'a> {
    session: SessionId,
    person: PersonId,
    outbox: Arc<Outbox>,
    echo: bool,
    tag: Option<Tag>,
    now: Millis,
    limits: &'a Limits,
    lobby: &'a RoomName,
}

/// One row of what the operator's `who` shows.
#[derive(Debug, Clone)]
pub struct Presence {
    /// The session.
    pub session: SessionId,
    /// The person's nick.
    pub nick: Arc<str>,
    /// The person's rooms.
    pub rooms: Vec<Arc<str>>,
    /// The session's front.
    pub front: &'static str,
    /// When the person last said or asked something.
    pub active: Millis,
}

impl Chat {
    /// An empty chat with its lobby, made at `now`.
    pub fn new(limits: Arc<Limits>, lobby: RoomName, now: Millis) -> Chat {
        let mut state = State::default();
        state.make_room(&lobby, now);
        Chat { state: Mutex::new(state), limits, lobby, broken: AtomicBool::new(false) }
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

    /// Gives a session a name; the answer is in its outbox. From here on it is
    /// in the chat, though in no new room yet.
    ///
    /// # Errors
    /// A nick that is taken, or looks like one that is.
    pub fn enter(&self, entry: Entry<'_>, now: Millis, touched: &mut Touched) -> Result<Entered, ChatError> {
        self.change(|state| state.enter(entry, now, &self.limits, &self.lobby, touched))
    }

    /// Takes a session into a room of its `hello`: a `join` without an answer.
    ///
    /// # Errors
    /// A room that cannot be joined.
    pub fn go_in(
        &self,
        session: SessionId,
        room: &RoomName,
        now: Millis,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        self.change(|state| {
            let ask = state.ask(session, None, now, &self.limits, &self.lobby)?;
            state.join(&ask, room, None, None, touched)
        })
    }

    /// Carries out a command of a session that has a name. Its answer, `ok`,
    /// is in its outbox, in its place among the events.
    ///
    /// # Errors
    /// Whatever refusal the command meets; then nothing has changed.
    pub fn obey(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        command: Command,
        now: Millis,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        check_lengths(&command, &self.limits)?;
        self.change(|state| {
            let ask = state.ask(session, tag, now, &self.limits, &self.lobby)?;
            state.obey(&ask, command, touched)
        })
    }

    /// The one place where a session is removed. Tells the others in its
    /// rooms, once, unless its person has other sessions. A session that
    /// never took a name leaves nothing to tell. Returns the nick it had.
    pub fn leave(&self, session: SessionId, ending: Ending, now: Millis, touched: &mut Touched) -> Option<Arc<str>> {
        self.change(|state| state.depart(session, ending, now, &self.limits, &self.lobby, touched))
    }

    /// Says something to everybody who has a name.
    pub fn broadcast(&self, text: Arc<str>, touched: &mut Touched) {
        let letter = Arc::new(Letter::new(Event::Notice { text }));
        self.change(|state| {
            for (_, session) in state.registry.sessions() {
                touched.tell(&session.outbox, &letter, false);
            }
            touched.report(&letter);
        });
    }

    /// Everybody who has a name, in the order of their sessions.
    pub fn presence(&self) -> Vec<Presence> {
        let mut rows: Vec<Presence> = self.change(|state| {
            let row = |(id, session): (SessionId, &registry::Session)| {
                let person = state.registry.person(session.person)?;
                Some(Presence {
                    session: id,
                    nick: Arc::clone(&person.shown),
                    rooms: person.rooms.iter().map(|room| Arc::from(room.shown())).collect(),
                    front: session.front,
                    active: person.active,
                })
            };
            state.registry.sessions().filter_map(row).collect()
        });
        rows.sort_by_key(|row| row.session);
        rows
    }

    /// The rooms, in the order of their names, and how many members each has.
    pub fn rooms(&self) -> Vec<crate::event::RoomInfo> {
        self.change(|state| state.room_list())
    }

    /// The sessions of whoever is called so.
    pub fn sessions_of(&self, nick: &Nick) -> Vec<SessionId> {
        self.change(|state| {
            let person = state.registry.called(nick).and_then(|id| state.registry.person(id));
            person.map_or(Vec::new(), |person| person.sessions.clone())
        })
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
        std::mem::forget(fuse);
        made
    }
}

impl State {
    fn ask<'a>(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        now: Millis,
        limits: &'a Limits,
        lobby: &'a RoomName,
    ) -> Result<Ask<'a>, ChatError> {
        let found = self.registry.session(session).ok_or(ChatError::NameFirst)?;
        let (person, outbox, echo) = (found.person, Arc::clone(&found.outbox), found.echo);
        Ok(Ask { session, person, outbox, echo, tag, now, limits, lobby })
    }

    fn obey(&mut self, ask: &Ask<'_>, command: Command, touched: &mut Touched) -> Result<(), ChatError> {
        if let Some(person) = self.registry.person_mut(ask.person)
            && !matches!(command, Command::Ping { .. } | Command::Pong)
        {
            person.active = ask.now;
        }
        match command {
            Command::Hello { .. } => Err(self.named_already(ask)),
            Command::Nick { nick, .. } => self.rename(ask, nick, touched),
            Command::Join { room, after, made } => {
                self.join_asked(ask, &room, after.map(|after| (after, made)), touched)
            }
            Command::Leave { room, text } => self.leave_room(ask, room, text, touched),
            Command::Rooms => {
                let mut rooms = self.room_list();
                let total = rooms.len();
                rooms.truncate(ask.limits.members_page);
                ask.answer(Done::Rooms { rooms, total }, touched);
                Ok(())
            }
            Command::Members { room } => self.members(ask, room, touched),
            Command::Say { room, text, me } => self.say(ask, room, text, me, touched),
            Command::Msg { to, text } => {
                let to = self.registry.called(&to).ok_or_else(|| ChatError::NoSuchNick(to.shown().to_owned()))?;
                self.write_to(ask, to, text, touched)
            }
            Command::Reply { text } => {
                let to = self.registry.person(ask.person).and_then(|person| person.correspondent);
                let to = to.filter(|to| self.registry.person(*to).is_some()).ok_or(ChatError::NobodyToReplyTo)?;
                self.write_to(ask, to, text, touched)
            }
            Command::Topic { room, topic } => self.topic(ask, room, topic, touched),
            Command::Whois { nick } => self.whois(ask, &nick, touched),
            Command::Away { text } => {
                let text = text.unwrap_or_else(|| Arc::from("away"));
                self.set_away(ask, Some(Arc::clone(&text)), touched);
                ask.answer(Done::Away { text }, touched);
                Ok(())
            }
            Command::Back => {
                self.set_away(ask, None, touched);
                ask.answer(Done::Back, touched);
                Ok(())
            }
            Command::History { room, page, limit } => self.history(ask, room, page, limit, touched),
            Command::Ping { token } => {
                ask.answer(Done::Ping { token: token.unwrap_or_default() }, touched);
                Ok(())
            }
            Command::Pong => Ok(()),
            // The session closes itself after the answer.
            Command::Quit { .. } => {
                ask.answer(Done::Quit, touched);
                Ok(())
            }
            Command::Help { word } => {
                ask.answer(help(word.as_deref())?, touched);
                Ok(())
            }
        }
    }
}

impl Ask<'_> {
    /// Queues the `ok` of this command.
    fn answer(&self, done: Done, touched: &mut Touched) {
        touched.tell_event(&self.outbox, Event::Ok { tag: self.tag.clone(), done });
    }

    /// Whether `session` is the asking one, and needs not be told what it did.
    fn is_deaf(&self, session: SessionId) -> bool {
        session == self.session && !self.echo
    }
}

/// The command table as the answer to `help`, or one row of it.
pub fn help(word: Option<&str>) -> Result<Done, ChatError> {
    let row = |spec: &crate::command::Spec| HelpInfo { usage: spec.usage.to_owned(), text: spec.help.to_owned() };
    let commands = match word {
        Some(word) => vec![row(crate::command::find(word).ok_or_else(|| crate::command::unknown(word))?)],
        None => crate::command::TABLE.iter().filter(|spec| !spec.usage.is_empty()).map(row).collect(),
    };
    Ok(Done::Help { commands })
}

/// Refuses texts over their limits, before any lock is taken.
fn check_lengths(command: &Command, limits: &Limits) -> Result<(), ChatError> {
    let (what, text, most) = match command {
        Command::Say { text, .. } | Command::Msg { text, .. } | Command::Reply { text } => {
            if text.is_empty() {
                return Err(ChatError::TextEmpty);
            }
            ("text", text, limits.text)
        }
        Command::Topic { topic: Some(text), .. } => ("topic", text, limits.topic),
        Command::Away { text: Some(text) } => ("away", text, limits.away),
        Command::Quit { text: Some(text) } | Command::Leave { text: Some(text), .. } => ("reason", text, limits.reason),
        _ => return Ok(()),
    };
    // A text has at most as many characters as bytes: most need no counting.
    let have = if text.len() <= most { return Ok(()) } else { text.chars().count() };
    if have <= most { Ok(()) } else { Err(ChatError::TooLong { what, have, most }) }
}

#[cfg(test)]
mod tests;
