//! The chat without sockets: peers that are bare outboxes, and what they hear put in words. Knows no bytes and no fronts.

mod behind;
mod faces;
mod faults;
mod limits;
mod lingering;
mod masks;
mod model;
mod moderation;
mod people;
mod private;
mod read;
mod refusals;
mod restrictions;
mod resume;
mod rooms;
mod typing;
mod words;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::time::Duration;

use super::effects::Watch;
use super::outbox::{Outbox, Outgoing};
use super::*;
use crate::answer::Done;
use crate::command::{AccountCommand, ChatCommand, Command, LinkCommand, Query, Wants, parse};
use crate::event::Event;
use crate::model::CloseReason;
use crate::model::{Address, Identity};
use crate::wire::{Delivery, Letter};
use words::words;

/// The time at which every test begins.
const START: Millis = 1_000_000;

/// A chat under test. After each step it checks the maps against one another.
struct Rig {
    chat: Chat,
    limits: Limits,
    now: Cell<Millis>,
    next: Cell<u64>,
    /// The sessions that the chat wants flushed and whose outbox was not emptied since.
    due: RefCell<HashSet<SessionId>>,
}

/// How a peer enters, if not as usual.
#[derive(Default)]
struct JoinRequest<'a> {
    /// The name wanted; empty takes the name offered.
    nick: &'a str,
    /// The rooms, with blanks between them; if none, the lobby.
    rooms: Option<&'a str>,
    resume: Option<&'a str>,
    beside: bool,
    wants: Wants,
    skips_own: bool,
    /// The address of the peer; if none, this machine.
    from: Option<&'a str>,
}

/// One session and its outbox, which only the test empties.
struct Peer<'a> {
    rig: &'a Rig,
    session: SessionId,
    outbox: Arc<Outbox>,
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a good room name")
}

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a good nick")
}

fn tag(name: &str) -> Option<Tag> {
    Some(Tag(name.into()))
}

/// Empties the outboxes of `peers`: what came so far is of no interest.
fn hush(peers: &[&Peer<'_>]) {
    peers.iter().for_each(|peer| drop(peer.hears()));
}

impl Rig {
    fn new() -> Rig {
        Rig::with(Limits::default())
    }

    fn with(limits: Limits) -> Rig {
        Rig::on(limits, None)
    }

    /// With a write queue from which no thread takes.
    fn stored(limits: Limits) -> Rig {
        let write_queue = Arc::new(WriteQueue::new(&limits.clone().into()));
        Rig::on(limits, Some(write_queue))
    }

    fn on(limits: Limits, write_queue: Option<Arc<WriteQueue>>) -> Rig {
        let chat = Chat::new(&limits.clone().into(), room("#lobby"), START, Snapshot::default(), write_queue);
        Rig { chat, limits, now: Cell::new(START), next: Cell::new(1), due: RefCell::default() }
    }

    /// Lets a peer called `nick` enter, into `rooms`, and hear its greeting.
    fn enter(&self, nick: &str, rooms: &str) -> Peer<'_> {
        let wish = JoinRequest { nick, rooms: Some(rooms), ..JoinRequest::default() };
        let peer = self.try_enter(wish).expect("nothing speaks against entering");
        hush(&[&peer]);
        peer
    }

    fn try_enter(&self, wish: JoinRequest<'_>) -> Result<Peer<'_>, ChatError> {
        let number = self.next.replace(self.next.get() + 1);
        let session = SessionId(number);
        let outbox = Arc::new(Outbox::new(session, &self.limits, None));
        let entry = LoginRequest {
            session,
            outbox: &outbox,
            echo: !wish.skips_own,
            wants: wish.wants,
            front: "json",
            user: "~u".into(),
            own: false,
            about: None,
            nick: Some(wish.nick).filter(|name| !name.is_empty()).map(nick),
            seed: number,
            resume: wish.resume.map(Box::from),
            beside: wish.beside,
            address: wish.from.map_or(Address::from([127, 0, 0, 1]), |from| from.parse().expect("an address")),
            account: None,
            asked: self.now.get(),
            memberships: Vec::new(),
            recalled: None,
            resume_hash: [0; 32],
            token: (format!("token of {number}").into(), [0; 32]),
            rooms: wish.rooms.map(|names| names.split_whitespace().map(room).collect()),
            greeting: LoginKind::Hello,
            tag: None,
        };
        let entered = self.step(|effects| self.chat.enter(&entry, self.now.get(), effects)).0?;
        for room in &entered.rooms {
            let wish = crate::chat::JoinRequest::from(room.clone());
            let went = self.step(|effects| self.chat.go_in(session, None, &wish, self.now.get(), effects)).0;
            if let Err(Halt::Refused(refusal)) = went {
                outbox.offer(Outgoing::Event(Delivery::of(&Arc::new(Letter::new(refusal.told(None))))));
            }
        }
        Ok(Peer { rig: self, session, outbox })
    }

    /// Runs `what`, then checks all maps and notes which sessions the chat wants flushed.
    fn step<R>(&self, what: impl FnOnce(&mut Effects) -> R) -> (R, Effects) {
        let mut effects = Effects::new(Watch::Messages);
        let made = what(&mut effects);
        let mut due = self.due.borrow_mut();
        due.extend(effects.outboxes.iter().map(|outbox| outbox.session()));
        for room in &effects.room_flushes {
            let left = room.flush(Duration::MAX, |outbox| due.extend([outbox.session()]));
            assert!(left.is_none(), "no other thread flushes, and all was flushed");
        }
        self.chat.change(|state| state.check(&self.chat.lobby));
        (made, effects)
    }

    /// The time of the session that has lingered longest is over; whether one lingered.
    fn tells_of_the_oldest(&self) -> bool {
        self.step(|effects| self.chat.end_lingering(Duration::ZERO, CloseReason::Closed, self.now.get(), effects)).0
    }

    /// What the watchdog does about sessions that linger.
    fn watches(&self) {
        let linger = self.limits.linger;
        let end = |effects: &mut Effects| self.chat.end_lingering(linger, CloseReason::Closed, self.now.get(), effects);
        while self.step(end).0 {}
    }

    fn later(&self, seconds: Millis) {
        self.now.set(self.now.get() + seconds * 1000);
    }

    /// Everything the chat knows, in the form of `{:?}`, but for when people were last active.
    fn trace(&self) -> String {
        let still = |state: &mut State| {
            let people: Vec<_> = state.registry.sessions().map(|(_, session)| session.person).collect();
            for id in people {
                state.registry.person_mut(id).expect("a session has its person").active = START;
            }
            format!("{state:?}")
        };
        self.chat.change(still)
    }

    /// The rooms there are and how many are in them.
    fn rooms(&self) -> Vec<String> {
        self.chat.rooms().iter().map(|info| format!("{} {}", info.room, info.members)).collect()
    }
}

impl Peer<'_> {
    fn obeys(&self, tag: Option<Tag>, command: impl Into<Command>) -> Result<Effects, ChatError> {
        let command = command.into();
        let (made, effects) = self.rig.step(|effects| self.gives(tag, command, effects));
        match made {
            Err(Halt::Refused(refusal)) => Err(refusal),
            Ok(_) | Err(Halt::Load(_)) => Ok(effects),
        }
    }

    /// Does with a command what a session does; here are no passwords and no files.
    fn gives(&self, tag: Option<Tag>, command: Command, effects: &mut Effects) -> Result<Next, Halt> {
        let Rig { chat, now, limits, .. } = self.rig;
        let (session, now) = (self.session, now.get());
        lengths(&command, limits)?;
        match command {
            Command::Chat(command) => {
                let next = chat.obey(session, tag.clone(), command, now, effects)?;
                let Next::GoIn(request) = next else { return Ok(next) };
                assert_eq!(chat.go_in(session, tag, &request, now, effects)?, None, "nothing is shown first");
            }
            Command::Query(Query::History { place, page, limit }) if chat.write_queue.is_none() => {
                let history = chat.remembered(session, place.as_ref(), (page, limits.page(limit)), now)?;
                effects.answer(&self.outbox, Event::Ok { tag, done: Done::History(history) });
            }
            Command::Query(Query::History { place, .. }) => drop(chat.readable(session, place.as_ref(), now)?),
            Command::Moderate(command) => chat.moderate(session, tag, &command, now, effects)?,
            Command::Account(AccountCommand::Nick { nick, .. }) => chat.rename(session, tag, nick, now, effects)?,
            Command::Account(AccountCommand::Hello { .. }) => {
                return Err(ChatError::NamedAlready(chat.nick_of(session, now)?).into());
            }
            Command::Link(command) => {
                let answer = link(command)?.map(|done| Event::Ok { tag, done });
                answer.into_iter().for_each(|event| effects.answer(&self.outbox, event));
            }
            other => panic!("this is not the chat's: {other:?}"),
        }
        Ok(Next::Done)
    }

    /// Has the chat carry out what a person would type.
    fn does(&self, line: &str) -> Effects {
        self.obeys(None, parse(line).expect("a good line")).expect("nothing speaks against it")
    }

    /// The refusal of what a person would type. A refusal leaves no trace, anywhere.
    fn refused(&self, line: &str) -> ChatError {
        self.refused_to(parse(line).expect("a good line"))
    }

    fn refused_to(&self, command: impl Into<Command>) -> ChatError {
        let before = self.rig.trace();
        let refusal = self.obeys(None, command).map(drop).expect_err("this is refused");
        assert_eq!(before, self.rig.trace(), "{refusal:?}");
        refusal
    }

    fn says(&self, name: &str, text: &str) -> Effects {
        self.says_tagged(None, name, text).expect("a member may speak")
    }

    fn says_tagged(&self, tag: Option<Tag>, name: &str, text: &str) -> Result<Effects, ChatError> {
        self.obeys(tag, ChatCommand::Say { room: Some(room(name)), text: text.into() })
    }

    fn leaves(&self, name: &str, text: &str) {
        let leave = ChatCommand::Leave { room: Some(room(name)), text: Some(text.into()) };
        self.obeys(None, leave).expect("a member may leave");
    }

    /// Ends the session, as its reader does.
    fn ends(&self, reason: CloseReason) -> Option<Arc<str>> {
        let Rig { chat, now, .. } = self.rig;
        self.rig.step(|effects| chat.leave(self.session, reason.into(), now.get(), effects)).0
    }

    /// The nick, as long as the session is in the chat.
    fn name(&self) -> Option<Arc<str>> {
        self.rig.chat.shown_nick(self.session)
    }

    /// What came since the last look: the events, and whether each is about a room elsewhere.
    fn takes(&self) -> Vec<(Arc<Letter>, bool)> {
        let due = self.rig.due.borrow_mut().remove(&self.session);
        let mut letters = Vec::new();
        for item in self.outbox.take() {
            assert!(due, "{item:?} waits, and no flush was asked for");
            match item {
                Outgoing::Event(delivery) => letters.push((delivery.letter, delivery.elsewhere)),
                Outgoing::Close(_) => {}
                other => panic!("the chat writes no bytes: {other:?}"),
            }
        }
        letters
    }

    /// What came since the last look, in words.
    fn hears(&self) -> Vec<String> {
        self.takes().iter().map(|(letter, _)| words(letter.event())).collect()
    }

    /// The same; a line about a room in which the session does not talk begins with `~`.
    fn hears_where(&self) -> Vec<String> {
        let mark = |elsewhere| if elsewhere { "~" } else { "" };
        self.takes().iter().map(|(letter, elsewhere)| mark(*elsewhere).to_owned() + &words(letter.event())).collect()
    }

    /// The token this person was given.
    fn token(&self) -> Arc<str> {
        let token = |state: &mut State| Some(Arc::clone(&state.registry.session(self.session)?.token));
        self.rig.chat.change(token).expect("the session is here")
    }
}

impl State {
    /// The room of this name.
    fn room(&self, name: &str) -> &room::Room {
        self.rooms.named(&room(name)).expect("the room is there")
    }

    /// Panics if people, rooms and looks disagree.
    fn check(&mut self, lobby: &RoomName) {
        self.registry.check();
        self.restrictions.check();
        assert!(self.rooms.named(lobby).is_some());
        self.rooms.check();
        for room in self.rooms.after(None, true) {
            assert!(room.name == *lobby || !room.forgettable(false), "{} is empty", room.shown);
            room.check();
            for identity in room.roles.keys() {
                let Identity::Account(id) = identity else { continue };
                assert!(
                    self.registry.accounts.held(*id).any(|place| place == room.place),
                    "{}: {identity:?}",
                    room.shown
                );
            }
            assert!(room.names.iter().all(|(key, id)| self.registry.person(*id).unwrap().nick.key() == &**key));
            let mut seated: Vec<_> = room.listeners().map(|(session, ..)| session).collect();
            let members = room.members.iter().map(|id| self.registry.person(*id).expect("a member is a person"));
            let mut expected: Vec<_> = members.flat_map(|person| person.sessions.iter().copied()).collect();
            seated.sort_unstable();
            expected.sort_unstable();
            assert_eq!(seated, expected, "{}: each member has a seat", room.shown);
        }
        for (id, session) in self.registry.sessions() {
            let person = self.registry.person(session.person).expect("a session has its person");
            assert_eq!(session.current.is_none(), person.rooms.is_empty(), "a person in a room talks in one");
            assert!(session.current.iter().all(|current| person.rooms.contains(current)));
            let distinct: HashSet<_> = person.rooms.iter().collect();
            assert_eq!(distinct.len(), person.rooms.len());
            for place in &person.rooms {
                let room = self.rooms.get(*place).expect("a person is in rooms that are there");
                let name = &room.name;
                assert!(room.members.contains(&session.person), "{name}");
                let elsewhere = room.listeners().find(|(session, ..)| *session == id).map(|(.., elsewhere)| elsewhere);
                assert_eq!(elsewhere, Some(session.current != Some(*place)), "{id:?} in {name}");
            }
        }
        let joined: usize = self.people_of_sessions().map(|person| person.rooms.len()).sum();
        assert_eq!(joined, self.rooms.after(None, true).map(|room| room.members.len()).sum::<usize>());
    }

    /// Each person once.
    fn people_of_sessions(&self) -> impl Iterator<Item = &registry::Person> {
        let ids: HashSet<PersonId> = self.registry.sessions().map(|(_, session)| session.person).collect();
        ids.into_iter().filter_map(|id| self.registry.person(id))
    }
}
