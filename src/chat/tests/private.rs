//! Promises about lines from one person to one person.

use super::*;

#[test]
fn a_private_line_reaches_exactly_both() {
    let rig = Rig::new();
    let (ann, bob, eve) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"), rig.enter("eve", "#a"));
    hush(&[&ann, &bob]);
    ann.does("/msg BOB psst");
    assert_eq!(bob.hears(), ["ann to bob: psst"]);
    assert_eq!(ann.hears(), ["ann to bob: psst", "ok: to bob"]);
    assert!(eve.hears().is_empty());
}

#[test]
fn a_private_line_to_oneself_comes_once_and_its_writer_without_echo_hears_others_only() {
    let rig = Rig::new();
    let deaf =
        rig.try_enter(JoinRequest { nick: "ann", rooms: Some(""), skips_own: true, ..JoinRequest::default() }).unwrap();
    let bob = rig.enter("bob", "");
    hush(&[&deaf]);
    deaf.does("/msg bob psst");
    assert_eq!(deaf.hears(), ["ok: to bob"]);
    bob.hears();
    bob.does("/msg bob buy milk");
    assert_eq!(bob.hears(), ["bob to bob: buy milk", "ok: to bob"]);
}

#[test]
fn a_member_who_writes_to_a_person_who_is_away_is_told_so() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", ""), rig.enter("bob", ""));
    bob.does("/away tea");
    ann.does("/msg bob psst");
    assert_eq!(ann.hears()[1], "ok: to bob who is away: tea");
}

#[test]
fn a_reply_goes_to_the_last_writer_under_any_name() {
    let rig = Rig::new();
    let (ann, bob, eve) = (rig.enter("ann", ""), rig.enter("bob", ""), rig.enter("eve", ""));
    eve.does("/msg bob first");
    ann.does("/msg bob last");
    ann.does("/nick vera");
    eve.does("/nick ann"); // now another person has the writer's old name
    hush(&[&ann, &bob, &eve]);
    bob.does("/reply yes");
    assert_eq!(ann.hears(), ["bob to vera: yes"]);
    assert_eq!(bob.hears(), ["bob to vera: yes", "ok: to vera"]);
    assert!(eve.hears().is_empty());
}

#[test]
fn there_is_no_reply_without_a_writer_nor_to_a_person_who_left() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", ""), rig.enter("bob", ""));
    assert!(matches!(bob.refused("/reply yes"), ChatError::NobodyToReplyTo));
    ann.does("/msg bob hi");
    assert!(matches!(ann.refused("/reply yes"), ChatError::NobodyToReplyTo), "the writer was not written to");
    ann.ends(CloseReason::Quit);
    rig.enter("ann", "");
    assert!(matches!(bob.refused("/reply yes"), ChatError::NobodyToReplyTo));
    assert!(matches!(bob.refused("/msg eve hi"), ChatError::NoSuchNick(_)));
}
