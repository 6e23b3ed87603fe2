//! Promises about rooms: one order, no gap, and everything told once.

use super::*;
use crate::model::Seq;

fn join_after(peer: &Peer<'_>, name: &str, after: Seq, made: Option<Millis>) -> Vec<String> {
    let join = ChatCommand::Join { room: room(name), after: Some(after), made, run: None, key: None };
    peer.obeys(None, join).expect("nothing speaks against joining");
    peer.hears()
}

#[test]
fn everybody_sees_one_order_and_numbers_without_gap_even_when_many_speak_at_once() {
    const SPEAKERS: u64 = 4;
    const LINES: u64 = 50;
    let rig = Rig::new();
    let peers: Vec<_> = (0..SPEAKERS).map(|i| rig.enter(&format!("peer{i}"), "#a")).collect();
    let sessions: Vec<_> = peers.iter().map(|peer| peer.session).collect();
    hush(&peers.iter().collect::<Vec<_>>());
    let chat = &rig.chat;
    std::thread::scope(|scope| {
        for session in sessions {
            scope.spawn(move || {
                for line in 0..LINES {
                    let command = ChatCommand::Say { room: None, text: line.to_string().into() };
                    chat.obey(session, None, command, START, &mut Effects::default()).expect("a member may speak");
                }
            });
        }
    });
    let heard = |peer: &Peer<'_>| {
        rig.due.borrow_mut().insert(peer.session);
        let mut events = peer.hears();
        events.retain(|line| line.starts_with('#'));
        events
    };
    let first = heard(&peers[0]);
    assert!(peers[1..].iter().all(|peer| heard(peer) == first));
    let seqs: Vec<u64> = first.iter().map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(seqs, (1..=SPEAKERS * LINES).collect::<Vec<_>>());
    for peer in 0..SPEAKERS {
        let own = first.iter().filter(|line| line.contains(&format!("peer{peer}:")));
        assert!(own.map(|line| line.rsplit(' ').next().unwrap()).eq((0..LINES).map(|n| n.to_string())));
    }
}

#[test]
fn each_room_counts_for_itself_and_is_heard_by_its_members_only() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#b"));
    hush(&[&ann, &bob]);
    ann.says("#a", "one");
    ann.says("#b", "two");
    ann.says("#a", "three");
    assert_eq!(bob.hears(), ["#b 1 ann: two"]);
    let own =
        ["#a 1 ann: one", "ok: #a 1", "#b 1 ann: two", "ok: #b 1", "#a 2 ann: three", "ok: #a 2"].map(String::from);
    assert_eq!(ann.hears(), own);
}

#[test]
fn a_member_who_joins_hears_the_answer_the_members_the_recent_and_then_the_live_without_gap_or_double() {
    let rig = Rig::with(Limits { replay: 3, ..Limits::default() });
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", ""));
    (1..=5).for_each(|i| drop(ann.says("#a", &i.to_string())));
    bob.does("/join #A");
    ann.says("#a", "6");
    let heard = [
        "ok: join #a",
        "in #a, last 5, 2 members",
        "members of #a ann, bob",
        "history of #a [3, 4, 5], more",
        "#a 6 ann: 6",
    ];
    assert_eq!(bob.hears(), heard);
}

#[test]
fn a_session_that_comes_back_hears_what_it_missed_of_the_same_room() {
    let rig = Rig::with(Limits { replay: 1, recent: 4, ..Limits::default() });
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", ""));
    (1..=6).for_each(|i| drop(ann.says("#a", &i.to_string()))); // 3 to 6 are remembered
    let cases = [
        (6, "history of #a []"),
        (5, "history of #a [6]"),
        (2, "history of #a [3, 4, 5, 6]"),
        (1, "history of #a [3, 4, 5, 6], missed 1"),
        (0, "history of #a [3, 4, 5, 6], missed 2"),
    ];
    for (after, history) in cases {
        for made in [None, Some(START)] {
            let heard = join_after(&bob, "#a", after, made);
            assert_eq!(heard.last().unwrap(), history, "after {after}");
            bob.does("/leave");
            bob.hears();
        }
    }
}

#[test]
fn a_session_that_comes_back_to_a_room_made_anew_hears_it_from_its_beginning() {
    let rig = Rig::with(Limits { recent: 2, ..Limits::default() });
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", ""));
    (1..=5).for_each(|i| drop(ann.says("#a", &i.to_string())));
    ann.does("/leave");
    rig.later(1);
    ann.does("/join #a");
    (1..=3).for_each(|i| drop(ann.says("#a", &i.to_string())));
    assert_eq!(join_after(&bob, "#a", 5, Some(START)).last().unwrap(), "history of #a [2, 3], missed 1");
}

#[test]
fn a_join_is_told_once_to_the_other_members_and_not_to_the_one_who_joined() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", ""));
    bob.does("/join #a");
    assert_eq!(ann.hears(), ["bob joins #a"]);
    assert!(!bob.hears().contains(&"bob joins #a".into()));
}

#[test]
fn joining_a_room_one_is_in_shows_it_again_and_tells_nobody() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    hush(&[&ann]);
    bob.does("/join #a");
    assert_eq!(bob.hears(), ["ok: join #a", "in #a, last 0, 2 members", "members of #a ann, bob", "history of #a []"]);
    assert!(ann.hears().is_empty());
    ann.says("#a", "hi");
    assert_eq!(bob.hears(), ["#a 1 ann: hi"]);
}

#[test]
fn a_leave_is_told_once_with_its_reason_and_the_member_who_left_hears_nothing_more() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    hush(&[&ann]);
    bob.leaves("#a", "supper");
    ann.says("#a", "still here?");
    assert_eq!(bob.hears(), ["ok: leave #a", "out of #a"]);
    assert_eq!(ann.hears(), ["bob leaves #a: supper", "#a 1 ann: still here?", "ok: #a 1"]);
    assert!(matches!(bob.refused("hello?"), ChatError::NoRoom));
}

#[test]
fn a_quit_is_told_once_to_a_person_who_shares_three_rooms() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a #b #c"), rig.enter("bob", "#a #b #c #d"));
    let dan = rig.enter("dan", "#d");
    let eve = rig.enter("eve", "#e");
    hush(&[&ann, &bob, &dan]);
    let ending = Ending { reason: CloseReason::Quit, text: Some("bye".into()) };
    let leave = |effects: &mut Effects| rig.chat.leave(bob.session, ending.clone(), START, effects);
    assert_eq!(rig.step(leave).0.as_deref(), Some("bob"));
    assert_eq!(rig.step(leave).0, None);
    assert_eq!(ann.hears(), ["bob quits: quit: bye"]);
    assert_eq!(dan.hears(), ["bob quits: quit: bye", "bob makes dan Some(Op) of #d"]);
    assert!(eve.hears().is_empty() && bob.hears().is_empty());
}

#[test]
fn a_room_goes_with_its_last_member_unless_it_has_a_topic_or_is_the_lobby() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#lobby #plain #topical"), rig.enter("bob", "#plain"));
    ann.does("/topic kept"); // in the room joined last
    ann.leaves("#plain", "");
    assert_eq!(rig.rooms(), ["#lobby 1", "#plain 1", "#topical 1"]);
    bob.ends(CloseReason::Lost);
    assert_eq!(rig.rooms(), ["#lobby 1", "#topical 1"]);
    ann.ends(CloseReason::Quit);
    assert_eq!(rig.rooms(), ["#lobby 0", "#topical 0"]);
    let eve = rig.enter("eve", "#topical");
    eve.does("/topic -");
    eve.does("/leave");
    assert_eq!(rig.rooms(), ["#lobby 0"]);
}

#[test]
fn a_room_that_went_and_came_again_counts_anew() {
    let rig = Rig::new();
    let ann = rig.enter("ann", "#a");
    ann.says("#a", "one");
    ann.does("/leave");
    ann.does("/join #a");
    hush(&[&ann]);
    ann.says("#a", "first");
    assert_eq!(ann.hears(), ["#a 1 ann: first", "ok: #a 1"]);
}

#[test]
fn a_topic_is_told_when_it_changes_and_shown_when_asked() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    hush(&[&ann]);
    ann.does("/topic tea");
    ann.does("/topic tea");
    bob.does("/topic");
    bob.does("/topic -");
    let told = ["ann sets topic of #a: tea", "ok: topic of #a: tea", "bob sets topic of #a", "ok: topic of #a"];
    assert_eq!(bob.hears(), told);
    assert_eq!(ann.hears(), [told[0], told[1], told[1], told[2]]);
    ann.does("/topic coffee");
    let eve = rig.try_enter(JoinRequest { nick: "eve", rooms: Some("#a"), ..JoinRequest::default() }).unwrap();
    assert_eq!(eve.hears()[1], "in #a, last 0, 3 members, topic: coffee");
}

#[test]
fn a_member_list_comes_in_pieces_of_a_page() {
    for (total, pieces) in [(2, vec!["a0, a1"]), (3, vec!["a0, a1, a2"]), (4, vec!["a0, a1, a2, more", "a3"])] {
        let rig = Rig::with(Limits { members_page: 3, ..Limits::default() });
        let others: Vec<_> = (1..total).rev().map(|i| rig.enter(&format!("a{i}"), "#a")).collect();
        let last = rig.enter("a0", "");
        last.does("/join #a");
        let heard = last.hears();
        let lists = heard.iter().filter(|line| line.starts_with("members"));
        assert!(lists.eq(pieces.iter().map(|names| format!("members of #a {names}")).collect::<Vec<_>>().iter()));
        last.does("/members");
        let names = if total < 3 { "a0, a1" } else { "a0, a1, a2" };
        assert_eq!(last.hears(), [format!("ok: members of #a {names}; {total}")]);
        assert_eq!(others.len() + 1, total);
    }
}

#[test]
fn members_of_a_room_one_is_not_in_are_listed_too() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", ""));
    ann.does("/away tea");
    bob.does("/members #a");
    assert_eq!(bob.hears(), ["ok: members of #a ann (away: tea); 1"]);
}

#[test]
fn the_list_of_rooms_is_in_the_order_of_names_and_says_what_was_cut() {
    let rig = Rig::with(Limits { members_page: 2, ..Limits::default() });
    let ann = rig.enter("ann", "#c");
    ann.does("/rooms");
    ann.does("/join #b");
    ann.does("/topic bees");
    hush(&[&ann]);
    ann.does("/rooms");
    assert_eq!(ann.hears(), ["ok: rooms #b 1 bees, #c 1; 3"]);
}

#[test]
fn a_line_is_marked_as_from_elsewhere_while_the_session_talks_in_another_room() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a #b")); // bob talks in #b
    let both = || {
        ann.says("#a", "x");
        ann.says("#b", "y");
        let heard = bob.hears_where();
        heard.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(both(), ["~#a", "#b"]);
    bob.does("/join #a");
    bob.hears();
    assert_eq!(both(), ["#a", "~#b"]);
    bob.says("#b", "a line for another room does not move the talk");
    bob.hears();
    assert_eq!(both(), ["#a", "~#b"]);
    bob.does("/leave");
    bob.hears();
    assert_eq!(both(), ["#b"]);
}

#[test]
fn a_session_that_leaves_the_room_it_talks_in_talks_in_the_one_joined_before() {
    let rig = Rig::new();
    let ann = rig.enter("ann", "#a #b #c");
    ann.does("/leave #b");
    ann.does("/leave");
    hush(&[&ann]);
    ann.does("hi");
    assert_eq!(ann.hears(), ["#a 1 ann: hi", "ok: #a 1"]);
}

#[test]
fn a_session_without_echo_does_not_hear_its_own_line_and_the_others_do() {
    let rig = Rig::new();
    let deaf = rig
        .try_enter(JoinRequest { nick: "ann", rooms: Some("#a"), skips_own: true, ..JoinRequest::default() })
        .unwrap();
    let bob = rig.enter("bob", "#a");
    hush(&[&deaf]);
    deaf.does("/me waves");
    deaf.does("/topic tea");
    bob.does("hi");
    assert_eq!(deaf.hears(), ["ok: #a 1", "ok: topic of #a: tea", "#a 2 bob: hi"]);
    assert_eq!(bob.hears(), ["#a 1 ann waves", "ann sets topic of #a: tea", "#a 2 bob: hi", "ok: #a 2"]);
}

#[test]
fn a_room_is_one_room_however_it_is_written() {
    let rig = Rig::new();
    let ann = rig.enter("ann", "#Rust");
    let bob = rig.enter("bob", "#RUST");
    hush(&[&ann]);
    bob.says("#rust", "hi");
    assert_eq!(ann.hears(), ["#Rust 1 bob: hi"]);
    bob.hears();
    bob.does("/whois bob");
    assert!(bob.hears()[0].contains(r##"in ["#Rust"]"##));
    assert_eq!(&*rig.chat.presence()[1].rooms[0], "#Rust");
}

#[test]
fn history_is_cut_at_the_page_and_asked_for_from_both_sides() {
    let rig = Rig::with(Limits { replay: 2, history_page: 3, ..Limits::default() });
    let ann = rig.enter("ann", "#a");
    (1..=9).for_each(|i| drop(ann.says("#a", &i.to_string())));
    hush(&[&ann]);
    for (page, limit, seqs) in [
        (crate::command::Page::Last, None, "[8, 9], more"),
        (crate::command::Page::Last, Some(2), "[8, 9], more"),
        (crate::command::Page::Last, Some(3), "[7, 8, 9], more"),
        (crate::command::Page::Last, Some(4), "[7, 8, 9], more"),
        (crate::command::Page::Before(crate::command::Bound::Seq(3)), Some(9), "[1, 2]"),
        (crate::command::Page::After(crate::command::Bound::Seq(7)), Some(9), "[8, 9]"),
    ] {
        ann.obeys(None, Query::History { place: None, page, limit }).unwrap();
        assert_eq!(ann.hears(), [format!("ok: history of #a {seqs}")]);
    }
}
