//! Which sessions are told that a person is typing: those that asked, if the person may speak there.

use super::*;
use crate::command::Place;

const ALL: Wants = Wants { typing: true, invites: false };

impl Rig {
    fn curious(&self, nick: &str, rooms: &str) -> Peer<'_> {
        let wish = JoinRequest { nick, rooms: Some(rooms), wants: ALL, ..JoinRequest::default() };
        let peer = self.try_enter(wish).unwrap();
        hush(&[&peer]);
        peer
    }
}

impl Peer<'_> {
    fn types(&self, place: &str) -> Result<Effects, ChatError> {
        let place = Some(place).filter(|place| !place.is_empty()).map(|place| Place::parse(place).unwrap());
        self.obeys(None, ChatCommand::Typing { place })
    }
}

#[test]
fn only_those_are_told_who_asked_and_are_there() {
    let rig = Rig::new();
    let (ann, bob) = (rig.curious("ann", "#a #b"), rig.enter("bob", "#a"));
    let (cat, eve) = (rig.curious("cat", "#a"), rig.curious("eve", "#b"));
    hush(&[&ann, &bob, &cat, &eve]);
    let effects = ann.types("#a").unwrap();
    assert!(effects.news.is_empty());
    assert_eq!((ann.hears(), cat.hears()), (vec!["ok: typing".to_owned()], vec!["ann types in #a".to_owned()]));
    assert!(!rig.due.borrow().contains(&bob.session), "it is not even woken");
    assert!(bob.hears().is_empty() && eve.hears().is_empty());
    // The current room.
    bob.types("").unwrap();
    assert_eq!((ann.hears(), cat.hears()), (vec!["bob types in #a".into()], vec!["bob types in #a".into()]));
    assert_eq!(
        bob.refused_to(ChatCommand::Typing { place: Some(Place::Room(room("#b"))) }),
        ChatError::NotInRoom(room("#b"))
    );
    assert_eq!(rig.chat.change(|state| state.room("#a").seq()), 0, "it is no message");
}

#[test]
fn a_person_who_may_not_speak_is_not_seen_typing() {
    let rig = Rig::new();
    let (ann, bob) = (rig.curious("ann", "#a"), rig.enter("bob", "#a"));
    ann.does("/mute bob");
    hush(&[&ann, &bob]);
    assert!(matches!(bob.types("#a"), Err(ChatError::Muted(..))));
    ann.does("/unmute bob");
    ann.does("/settings announcements on");
    hush(&[&ann, &bob]);
    assert!(matches!(bob.types("#a"), Err(ChatError::AnnouncementsOnly(..))));
    assert!(ann.hears().is_empty());
}

#[test]
fn in_a_conversation_the_other_is_told_once_it_has_begun() {
    let rig = Rig::new();
    let (ann, bob) = (rig.curious("ann", ""), rig.curious("bob", ""));
    ann.types("@bob").unwrap();
    assert!(bob.hears().is_empty(), "a stranger makes no dot appear");
    bob.does("/msg ann hi");
    hush(&[&ann, &bob]);
    ann.types("@bob").unwrap();
    assert_eq!((ann.hears(), bob.hears()), (vec!["ok: typing".to_owned()], vec!["ann types in @ann".to_owned()]));
    ann.types("@ann").unwrap();
    assert_eq!(ann.hears(), ["ok: typing"]);
    assert!(matches!(ann.types("@nobody"), Err(ChatError::NoSuchNick(_))));
}

/// docs/limits.md, `typing-members`.
#[test]
fn in_a_large_room_nobody_is_told() {
    let rig = Rig::with(Limits { typing_members: 2, ..Limits::default() });
    let (ann, bob) = (rig.curious("ann", "#a"), rig.enter("bob", "#a"));
    hush(&[&ann]);
    bob.types("#a").unwrap();
    assert_eq!(ann.hears(), ["bob types in #a"]);
    let _cat = rig.enter("cat", "#a");
    hush(&[&ann]);
    bob.types("#a").unwrap();
    assert!(ann.hears().is_empty());
}
