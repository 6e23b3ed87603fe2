//! Promises to a session that lost its connection: nothing is said twice, and other people are not told while its person is still online.

use super::*;

impl Rig {
    fn resume(&self, name: &str, token: &str, rooms: Option<&str>) -> Result<Peer<'_>, ChatError> {
        self.try_enter(JoinRequest { nick: name, resume: Some(token), rooms, ..JoinRequest::default() })
    }
}

#[test]
fn a_tag_said_twice_is_said_once_and_answered_twice() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    hush(&[&ann]);
    for text in ["hi", "the text of the second is not looked at"] {
        ann.says_tagged(tag("t1"), "#a", text).unwrap();
        ann.obeys(tag("t2"), ChatCommand::Msg { to: nick("bob"), text: text.into() }).unwrap();
    }
    assert_eq!(bob.hears(), ["#a 1 ann: hi", "ann to bob: hi"]);
    let answers = ["ok t1: #a 1", "ok t2: to bob", "ok t1: #a 1 again", "ok t2: to bob again"];
    let heard = ann.hears();
    assert!(answers.iter().eq(heard.iter().filter(|line| line.starts_with("ok"))), "{heard:?}");
    assert_eq!(heard.len(), 6);
}

#[test]
fn tags_are_the_persons_own_and_a_refused_one_may_be_used_again() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    hush(&[&ann]);
    bob.says_tagged(tag("t"), "#b", "hi").unwrap_err();
    bob.says_tagged(tag("t"), "#a", "from bob").unwrap();
    ann.says_tagged(tag("t"), "#a", "from ann").unwrap();
    bob.does("/nick rob");
    bob.says_tagged(tag("t"), "#a", "again").unwrap();
    let heard = ["#a 1 bob: from bob", "#a 2 ann: from ann", "ok t: #a 2", "bob is rob"];
    assert_eq!(ann.hears(), heard);
}

#[test]
fn as_many_tags_are_remembered_as_the_limit_says() {
    let rig = Rig::with(Limits { tags: 2, ..Limits::default() });
    let ann = rig.enter("ann", "#a");
    for name in ["t1", "t2", "t3", "t2", "t1"] {
        ann.says_tagged(tag(name), "#a", "x").unwrap();
    }
    let answers: Vec<_> = ann.hears().into_iter().filter(|line| line.starts_with("ok")).collect();
    assert_eq!(answers, ["ok t1: #a 1", "ok t2: #a 2", "ok t3: #a 3", "ok t2: #a 2 again", "ok t1: #a 4"]);
}

#[test]
fn a_tag_is_not_said_twice_after_a_lost_session_came_back() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    ann.says_tagged(tag("t1"), "#a", "hi").unwrap();
    let token = ann.token();
    ann.ends(CloseReason::Lost);
    bob.hears();
    rig.later(600);
    let again = rig.resume("ann", &token, Some("#a")).unwrap();
    assert_eq!(again.token(), token, "the answer that tells it may be lost, too");
    again.hears();
    again.says_tagged(tag("t1"), "#a", "hi").unwrap();
    assert_eq!(again.hears(), ["ok t1: #a 1 again"]);
    assert_eq!(bob.hears(), ["ann joins #a"]);
}

#[test]
fn a_token_is_forgotten_after_its_time_and_when_its_owner_said_goodbye() {
    for (reason, seconds, known) in [
        (CloseReason::Lost, 600, true),
        (CloseReason::Lost, 601, false),
        (CloseReason::SlowConsumer, 0, true),
        (CloseReason::Timeout, 0, true),
        (CloseReason::Quit, 0, false),
        (CloseReason::Kicked, 0, false),
        (CloseReason::ServerStopped, 0, false),
    ] {
        let rig = Rig::new();
        let ann = rig.enter("ann", "#lobby");
        ann.says_tagged(tag("t"), "#lobby", "hi").unwrap();
        let token = ann.token();
        ann.ends(reason);
        rig.later(seconds);
        let again = rig.resume("ann", &token, None).unwrap();
        again.hears();
        again.says_tagged(tag("t"), "#lobby", "hi").unwrap();
        assert_eq!(again.hears().last().unwrap().ends_with("again"), known, "{reason:?} {seconds}");
    }
}

#[test]
fn a_refused_comeback_does_not_use_the_token_up() {
    let rig = Rig::new();
    let ann = rig.enter("ann", "#lobby");
    ann.says_tagged(tag("t"), "#lobby", "hi").unwrap();
    let token = ann.token();
    ann.ends(CloseReason::Lost);
    rig.enter("ann", ""); // another person was quicker
    let before = rig.trace();
    let refusal = rig.resume("ann", &token, None).map(drop).unwrap_err();
    assert!(matches!(refusal, ChatError::NickInUse(..)));
    assert_eq!(rig.trace(), before);
    let again = rig.resume("vera", &token, None).unwrap();
    again.hears();
    again.says_tagged(tag("t"), "#lobby", "hi").unwrap();
    assert_eq!(again.hears(), ["ok t: #lobby 1 again"]);
}

#[test]
fn a_token_used_while_the_old_session_lives_takes_over_and_no_other_person_notices() {
    let rig = Rig::new();
    let (old, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a #b"));
    old.says_tagged(tag("t"), "#a", "hi").unwrap();
    old.does("/away tea");
    hush(&[&old, &bob]);
    let new = rig.resume("ann", &old.token(), Some("#b")).unwrap();
    let heard = ["ok: hello ann", "in #b, last 0, 2 members", "members of #b ann (away: tea), bob", "history of #b []"];
    assert_eq!(new.hears(), heard);
    assert_eq!(old.outbox.closed(), Some(CloseReason::Replaced.into()));
    assert_eq!(old.hears(), ["closing: replaced"]);
    bob.says("#a", "one");
    bob.says("#b", "two");
    new.says_tagged(tag("t"), "#a", "hi").unwrap();
    assert_eq!(new.hears_where(), ["~#a 2 bob: one", "#b 1 bob: two", "ok t: #a 1 again"]);
    old.ends(CloseReason::Replaced);
    assert_eq!(bob.hears(), ["#a 2 bob: one", "ok: #a 2", "#b 1 bob: two", "ok: #b 1"]);
    assert!(old.hears().is_empty());
    assert_eq!(new.token(), "token of 1".into());
    new.ends(CloseReason::Lost);
    let roles = ["ann makes bob Some(Op) of #a", "ann makes bob Some(Op) of #b"];
    assert_eq!(bob.hears(), ["ann quits: lost", roles[0], roles[1]]);
}

#[test]
fn a_session_that_takes_over_talks_in_the_room_of_the_old_one() {
    let rig = Rig::new();
    let (old, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a #b"));
    old.does("/join #a");
    let new = rig.resume("ann", &old.token(), Some("")).unwrap();
    new.hears();
    bob.says("#a", "one");
    bob.says("#b", "two");
    new.does("three");
    assert_eq!(new.hears_where(), ["#a 1 bob: one", "~#b 1 bob: two", "#a 2 ann: three", "ok: #a 2"]);
}

#[test]
fn a_session_that_takes_over_under_another_name_is_renamed_for_all_to_hear() {
    let rig = Rig::new();
    let (old, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a #b"));
    hush(&[&old]);
    let new = rig.resume("vera", &old.token(), Some("")).unwrap();
    assert_eq!(bob.hears(), ["ann is vera"]);
    assert_eq!(new.hears(), ["ok: hello vera"]);
    assert_eq!(old.hears(), ["closing: replaced"]);
    let before = rig.trace();
    assert!(matches!(rig.resume("bob", &new.token(), None), Err(ChatError::NickInUse(..))));
    assert_eq!(rig.trace(), before);
    assert_eq!(new.outbox.closed(), None);
}

#[test]
fn a_session_that_takes_over_and_quits_at_once_is_told_to_have_quit() {
    let rig = Rig::new();
    let (old, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    let token = old.token();
    let new = rig.resume("ann", &token, Some("#a")).unwrap();
    new.ends(CloseReason::Quit);
    assert!(bob.hears().is_empty());
    old.ends(CloseReason::Replaced);
    assert_eq!(bob.hears(), ["ann quits: quit", "ann makes bob Some(Op) of #a"]);
    assert!(rig.chat.change(|state| state.tokens.redeem(&token, START, &rig.limits).is_none()));
}

#[test]
fn how_a_replaced_session_broke_is_not_how_its_person_went() {
    let rig = Rig::new();
    let (old, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    let new = rig.resume("ann", &old.token(), Some("#a")).unwrap();
    old.ends(CloseReason::Lost);
    new.ends(CloseReason::Quit);
    assert_eq!(bob.hears(), ["ann quits: quit", "ann makes bob Some(Op) of #a"]);
}

#[test]
fn while_two_sessions_are_one_person_it_is_in_a_room_once() {
    let rig = Rig::new();
    let (old, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    let new = rig.resume("ann", &old.token(), Some("#a")).unwrap();
    hush(&[&bob, &new]);
    assert_eq!(rig.chat.sessions_of(&nick("ann")), [old.session, new.session]);
    assert_eq!(rig.rooms(), ["#a 2", "#lobby 0"]);
    new.does("/join #b");
    bob.does("/msg ann hi");
    new.does("/leave #a");
    assert_eq!(bob.hears(), ["bob to ann: hi", "ok: to ann", "ann leaves #a", "ann makes bob Some(Op) of #a"]);
    let heard = new.hears();
    assert_eq!(heard.iter().filter(|line| **line == "bob to ann: hi").count(), 1);
    old.ends(CloseReason::Replaced);
    assert_eq!(rig.rooms(), ["#a 1", "#b 1", "#lobby 0"]);
}

/// The line was on its way on the old connection when the new one took over: it is sent again there.
#[test]
fn a_session_that_was_replaced_says_nothing_more() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    let again = rig.resume("ann", &ann.token(), None).unwrap();
    again.hears();
    assert_eq!(ann.says_tagged(tag("t1"), "#a", "hi").map(drop), Err(ChatError::Closing));
    again.says_tagged(tag("t1"), "#a", "hi").unwrap();
    assert_eq!(bob.hears(), ["#a 1 ann: hi"]);
}

/// On a busy machine the end of the replaced session comes last of all.
#[test]
fn a_session_that_is_lost_while_a_replaced_one_lasts_comes_back_as_the_same_person() {
    let rig = Rig::new();
    let (old, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    let token = old.token();
    let new = rig.resume("ann", &token, Some("#a")).unwrap();
    new.ends(CloseReason::Lost);
    let newest =
        rig.try_enter(JoinRequest { resume: Some(&token), rooms: Some(""), ..JoinRequest::default() }).unwrap();
    assert_eq!(newest.hears(), ["ok: hello ann"]);
    old.ends(CloseReason::Replaced);
    newest.says("#a", "still here");
    assert_eq!(bob.hears(), ["#a 1 ann: still here"]);
}

/// protocol.md, *Roles*: a guest who was lost is an op and invited as before, unless the room was emptied since.
#[test]
fn a_guest_who_was_lost_comes_back_to_their_roles() {
    let rig = Rig::new();
    let (ann, bob, cat) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a"), rig.enter("cat", ""));
    ann.obeys(None, parse("/settings invite-only on").unwrap()).unwrap();
    ann.does("/invite cat");
    let (of_ann, of_cat) = (ann.token(), cat.token());
    ann.does("/join #a");
    ann.does("/settings invite-only on");
    ann.does("/invite cat");
    [&ann, &cat].into_iter().for_each(|peer| drop(peer.ends(CloseReason::Lost)));
    let cat = rig.resume("cat", &of_cat, Some("#a")).unwrap();
    assert!(bob.hears().contains(&"cat joins #a".to_owned()), "still invited");
    let ann = rig.resume("ann", &of_ann, Some("")).unwrap();
    hush(&[&ann, &cat]);
    ann.does("/join #a");
    ann.does("/kick cat");
    // #b became empty, and its roles ended with that.
    let eve = rig.enter("eve", "#b");
    ann.does("/join #b");
    assert!(matches!(ann.refused("/kick eve"), ChatError::NeedsRole(..)));
    eve.does("/kick ann");
    drop(eve);
}
