//! A person who closed the page and comes back at once has not left for the others. One who does not come back has.

use super::*;

impl Rig {
    /// Comes back with the token of `peer`, into no new room.
    fn reloads(&self, peer: &Peer<'_>) -> Result<Peer<'_>, ChatError> {
        let token = peer.token();
        self.try_enter(JoinRequest { resume: Some(&token), rooms: Some(""), ..JoinRequest::default() })
    }
}

#[test]
fn a_page_that_is_loaded_anew_is_not_seen() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a"));
    ann.does("/away tea");
    ann.says_tagged(tag("t"), "#a", "hi").unwrap();
    hush(&[&ann, &bob]);
    assert_eq!(ann.ends(CloseReason::Closed).as_deref(), Some("ann"));
    bob.says("#a", "still there?");
    bob.does("/members");
    rig.later(4);
    rig.watches();
    assert!(matches!(
        rig.try_enter(JoinRequest { nick: "ANN", ..JoinRequest::default() }),
        Err(ChatError::NickInUse(..))
    ));
    assert_eq!(rig.rooms(), ["#a 2", "#b 1", "#lobby 0"]);
    let again = rig.reloads(&ann).unwrap();
    assert_eq!(rig.chat.sessions_of(&nick("ann")), [again.session], "the older one is removed");
    rig.later(60);
    rig.watches();
    let seen = ["#a 2 bob: still there?", "ok: #a 2", "ok: 2 members of #a: ann, bob"];
    let heard = bob.hears();
    assert!(heard.len() == 3 && heard[..2] == seen[..2], "{heard:?}");
    let after = ChatCommand::Join { room: room("#a"), after: Some(1), made: None, run: None, key: None };
    again.obeys(None, after).unwrap();
    assert!(again.hears().iter().any(|line| line.contains("[2]")), "what was said meanwhile is caught up on");
    again.says_tagged(tag("t"), "#a", "hi").unwrap();
    again.does("/kick bob");
    assert_eq!(
        bob.hears(),
        ["ann kicks bob out of #a", "out of #a"],
        "ann is the op as before, and said nothing twice"
    );
}

#[test]
fn a_person_who_does_not_come_back_has_left() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a"));
    let token = ann.token();
    ann.ends(CloseReason::Closed);
    rig.later(4);
    rig.watches();
    assert_eq!((bob.hears(), rig.rooms()), (vec![], vec!["#a 2".into(), "#b 1".into(), "#lobby 0".into()]));
    rig.later(1);
    rig.watches();
    assert_eq!(bob.hears(), ["ann quits: closed", "ann makes bob Some(Op) of #a"]);
    assert_eq!(rig.rooms(), ["#a 1", "#lobby 0"], "#b is empty, and has ended");
    let again =
        rig.try_enter(JoinRequest { resume: Some(&token), rooms: Some("#a"), ..JoinRequest::default() }).unwrap();
    assert_eq!((again.token(), bob.hears()), (token, vec!["ann joins #a".to_owned()]), "the token lives");
}

/// A clock that is set back must not keep a person who has left.
#[test]
fn a_clock_that_is_set_back_ends_the_wait() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    ann.ends(CloseReason::Closed);
    rig.later(-60);
    rig.watches();
    assert_eq!(bob.hears(), ["ann quits: closed", "ann makes bob Some(Op) of #a"]);
}

#[test]
fn without_the_limit_the_others_are_told_at_once() {
    let rig = Rig::with(Limits { linger: Duration::ZERO, ..Limits::default() });
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    ann.ends(CloseReason::Closed);
    assert_eq!(bob.hears(), ["ann quits: closed", "ann makes bob Some(Op) of #a"]);
}

/// docs/limits.md, `lingering`.
#[test]
fn of_too_many_the_first_has_left() {
    let rig = Rig::with(Limits { lingering: 2, ..Limits::default() });
    let people = ["ann", "cat", "eve"].map(|name| rig.enter(name, "#a"));
    let bob = rig.enter("bob", "#a");
    people[..2].iter().for_each(|peer| drop(peer.ends(CloseReason::Closed)));
    assert!(bob.hears().is_empty());
    // One that came back does not count.
    let ann = rig.reloads(&people[0]).unwrap();
    people[2].ends(CloseReason::Closed);
    assert!(bob.hears().is_empty());
    ann.ends(CloseReason::Closed);
    assert_eq!(bob.hears(), ["cat quits: closed"]);
}

/// An op who closed the page is the op; but the next op is not one who may be leaving.
#[test]
fn a_person_whose_page_is_closed_becomes_no_op_if_another_is_there() {
    let rig = Rig::new();
    let (ann, cat, bob) = (rig.enter("ann", "#a"), rig.enter("cat", "#a"), rig.enter("bob", "#a"));
    cat.ends(CloseReason::Closed);
    ann.ends(CloseReason::Quit);
    assert_eq!(bob.hears(), ["cat joins #a", "ann quits: quit", "ann makes bob Some(Op) of #a"][1..]);
}

#[test]
fn a_replaced_connection_that_ends_late_changes_nothing() {
    let rig = Rig::new();
    let (old, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    let new = rig.reloads(&old).unwrap();
    new.ends(CloseReason::Closed);
    old.ends(CloseReason::Replaced);
    assert!(bob.hears().is_empty());
    let newest = rig.reloads(&new).unwrap();
    newest.ends(CloseReason::Closed);
    rig.later(5);
    rig.watches();
    assert_eq!(bob.hears(), ["ann quits: closed", "ann makes bob Some(Op) of #a"]);
}

#[test]
fn kicked_or_banned_people_do_not_linger() {
    let rig = Rig::new();
    let (ann, cat, bob) = (rig.enter("ann", "#a"), rig.enter("cat", "#a"), rig.enter("bob", "#a"));
    hush(&[&bob]);
    ann.ends(CloseReason::Closed);
    let token = ann.token();
    let ending = || CloseReason::Kicked.into();
    let kicks =
        |peer: &Peer<'_>| rig.step(|effects| rig.chat.end_if_lingering(peer.session, ending(), START, effects)).0;
    assert!(kicks(&ann));
    assert!(!kicks(&ann) && !kicks(&bob), "it has left; and bob is here");
    assert_eq!(bob.hears(), ["ann quits: kicked", "ann makes cat Some(Op) of #a"]);
    assert!(rig.chat.change(|state| state.tokens.redeem(&token, START, &rig.limits).is_none()));
    let whom = crate::command::Whom::parse("cat").unwrap();
    rig.chat.ban_everywhere(crate::command::ModAction::Ban, whom, None, None, START).unwrap();
    cat.ends(CloseReason::Closed);
    assert_eq!(bob.hears(), ["cat quits: closed", "cat makes bob Some(Op) of #a"]);
}

/// protocol.md, `kick`: from a room, as anybody.
#[test]
fn a_person_whose_page_is_closed_can_be_kicked_out_of_a_room() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a #b"));
    bob.ends(CloseReason::Closed);
    ann.does("/kick bob");
    let again = rig.reloads(&bob).unwrap();
    assert_eq!(rig.rooms(), ["#a 1", "#b 1", "#lobby 0"]);
    assert!(again.says_tagged(None, "#a", "x").is_err());
    again.says("#b", "x");
}
