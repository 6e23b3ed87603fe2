//! Random histories of up to eight sessions in up to four rooms, checked step by step against a model that fits on a page.

mod rules;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::command::{self, ModAction, Moderation, Whom};
use crate::model::Settings;
use rules::Model;

const SESSIONS: usize = 8;
const ROOMS: [&str; 4] = ["#a", "#b", "#c", "#d"];

/// Names, each with the look it shares with others; two of one look are not had at once.
const NICKS: [(&str, usize); 7] = [("ann", 0), ("ANN", 0), ("bob", 1), ("cac", 2), ("сас", 2), ("eve", 3), ("vera", 4)];

const REASONS: [CloseReason; 3] = [CloseReason::Quit, CloseReason::Lost, CloseReason::Timeout];

#[derive(Debug, Clone)]
enum Step {
    Enter(usize, usize, Vec<usize>),
    Join(usize, usize),
    Leave(usize, usize),
    Rename(usize, usize),
    Say(usize, usize),
    /// Gives another a voice in a room, or takes it away.
    Voice(usize, usize, usize, bool),
    /// Sets whether only ops and voices speak in a room, and how many members it may have.
    Set(usize, usize, bool, usize),
    Drop(usize, usize),
    /// Closes the page, without a goodbye.
    Close(usize),
    /// Comes back after that, with the token.
    Return(usize),
    /// The time of the session that has lingered longest is over.
    Expire,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (session, name, place) = (0..SESSIONS, 0..NICKS.len(), 0..ROOMS.len());
    let step = prop_oneof![
        4 => (session.clone(), name.clone(), proptest::sample::subsequence(vec![0, 1, 2, 3], 0..=3))
            .prop_map(|(session, name, rooms)| Step::Enter(session, name, rooms)),
        4 => (session.clone(), place.clone()).prop_map(|(session, room)| Step::Join(session, room)),
        2 => (session.clone(), place.clone()).prop_map(|(session, room)| Step::Leave(session, room)),
        2 => (session.clone(), name).prop_map(|(session, name)| Step::Rename(session, name)),
        6 => (session.clone(), place.clone()).prop_map(|(session, room)| Step::Say(session, room)),
        3 => (session.clone(), session.clone(), place.clone(), any::<bool>())
            .prop_map(|(session, other, room, voice)| Step::Voice(session, other, room, voice)),
        2 => (session.clone(), place, any::<bool>(), 0..4_usize)
            .prop_map(|(session, room, quiet, limit)| Step::Set(session, room, quiet, limit)),
        1 => (session.clone(), 0..REASONS.len()).prop_map(|(session, reason)| Step::Drop(session, reason)),
        2 => session.clone().prop_map(Step::Close),
        2 => session.prop_map(Step::Return),
        1 => Just(Step::Expire),
    ];
    proptest::collection::vec(step, 1..60)
}

fn settings(announcements: bool, limit: usize) -> Settings {
    Settings { announcements, limit: Some(limit).filter(|limit| *limit > 0), ..Settings::default() }
}

/// Half of the sessions do not hear their own lines.
fn skips_own(session: usize) -> bool {
    session % 2 == 1
}

/// The peers of the sessions, and those whose page is closed.
type Peers<'a> = [Option<Peer<'a>>; SESSIONS];

/// The session that a step is for and its command, if the step is a command.
fn command_of(peers: &Peers<'_>, step: &Step) -> Option<(usize, Command)> {
    Some(match *step {
        Step::Join(session, place) => {
            let room = room(ROOMS[place]);
            (session, ChatCommand::Join { room, after: None, made: None, run: None, key: None }.into())
        }
        Step::Leave(session, place) => {
            (session, ChatCommand::Leave { room: Some(room(ROOMS[place])), text: Some("bye".into()) }.into())
        }
        Step::Rename(session, name) => {
            (session, AccountCommand::Nick { nick: Some(nick(NICKS[name].0)), rooms: None }.into())
        }
        Step::Say(session, place) => {
            (session, ChatCommand::Say { room: Some(room(ROOMS[place])), text: "hi".into() }.into())
        }
        Step::Voice(session, other, place, voice) => {
            let whom = Whom::Nick(nick(&peers[other].as_ref()?.name()?));
            let action = if voice { ModAction::Voice } else { ModAction::Devoice };
            (session, Moderation::new(action, Some(room(ROOMS[place])), whom).into())
        }
        Step::Set(session, place, quiet, limit) => {
            let change =
                command::Change { announcements: Some(quiet), limit: Some(limit), ..command::Change::default() };
            (session, ChatCommand::Settings { room: Some(room(ROOMS[place])), change }.into())
        }
        Step::Enter(..) | Step::Drop(..) | Step::Close(_) | Step::Return(_) | Step::Expire => return None,
    })
}

/// Does the step with the real chat; `None` if the peer cannot even ask.
fn really<'a>(rig: &'a Rig, peers: &mut Peers<'a>, closed: &mut Peers<'a>, step: &Step) -> Option<bool> {
    match *step {
        Step::Enter(session, ..) if peers[session].is_some() || closed[session].is_some() => None,
        Step::Enter(session, name, ref rooms) => {
            let names = rooms.iter().map(|room| ROOMS[*room]).collect::<Vec<_>>().join(" ");
            let wish = JoinRequest {
                nick: NICKS[name].0,
                rooms: Some(&names),
                skips_own: skips_own(session),
                ..JoinRequest::default()
            };
            peers[session] = rig.try_enter(wish).ok();
            Some(peers[session].is_some())
        }
        Step::Drop(session, reason) => {
            let peer = peers[session].take()?;
            let name = peer.ends(REASONS[reason]);
            assert!(name.is_some() && peer.hears().is_empty(), "a session that ends hears nothing of it");
            Some(true)
        }
        Step::Close(session) => {
            let peer = peers[session].take()?;
            assert!(peer.ends(CloseReason::Closed).is_some());
            closed[session] = Some(peer);
            Some(true)
        }
        Step::Return(session) => {
            let token = closed[session].take()?.token();
            let wish = JoinRequest {
                resume: Some(&token),
                rooms: Some(""),
                skips_own: skips_own(session),
                ..JoinRequest::default()
            };
            peers[session] = rig.try_enter(wish).ok();
            Some(peers[session].is_some())
        }
        Step::Expire => {
            let is_over = rig.tells_of_the_oldest();
            let gone = |peer: &&mut Option<Peer<'_>>| peer.as_ref().is_some_and(|peer| peer.name().is_none());
            closed.iter_mut().filter(gone).for_each(|peer| *peer = None);
            Some(is_over)
        }
        _ => {
            let (session, command) = command_of(peers, step)?;
            peers[session].as_ref().map(|peer| peer.obeys(None, command).is_ok())
        }
    }
}

proptest! {
    #[test]
    fn every_history_is_heard_as_the_model_hears_it(steps in steps()) {
        let rig = Rig::with(Limits { replay: 2, ..Limits::default() });
        let (mut peers, mut closed): (Peers<'_>, Peers<'_>) = Default::default();
        let mut model = Model::default();
        for (number, step) in steps.iter().enumerate() {
            let before = rig.trace();
            let Some(allowed) = really(&rig, &mut peers, &mut closed, step) else { continue };
            prop_assert_eq!(allowed, model.does(step), "step {}", number);
            if !allowed {
                prop_assert_eq!(before, rig.trace(), "step {} was refused", number);
            }
            for (session, expected) in model.heard.iter_mut().enumerate() {
                let expected = std::mem::take(expected);
                let Some(peer) = &peers[session] else { continue };
                prop_assert_eq!(&peer.hears(), &expected, "step {}, session {}", number, session);
            }
            prop_assert_eq!(rig.rooms(), model.rooms(), "step {}", number);
            for (name, look) in NICKS {
                let owner = model.names.iter().position(|had| {
                    had.is_some_and(|had| NICKS[had].1 == look && nick(NICKS[had].0) == nick(name))
                });
                let owner = owner.and_then(|session| {
                    Some(vec![peers[session].as_ref().or(closed[session].as_ref())?.session])
                });
                prop_assert_eq!(rig.chat.sessions_of(&nick(name)), owner.unwrap_or_default(), "{}", name);
            }
        }
    }
}
