//! Coming back to much that was missed: pages, `missed`, another run. Knows one room. (protocol.md, *Catching up*)

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::{Millis, Seq};
use serde_json::json;

use crate::order::OnDrop;
use crate::support::{Peer, TestServer, message_of};

/// What a client knows of a room, and how it takes what comes.
struct Known {
    made: Millis,
    run: Millis,
    last: Seq,
    /// How many were left out.
    missed: u64,
    /// The numbers that came, in their order.
    came: Vec<Seq>,
    /// How many events `history` there were.
    pages: usize,
}

impl Known {
    fn nothing() -> Known {
        Known { made: 0, run: 0, last: 0, missed: 0, came: Vec::new(), pages: 0 }
    }

    /// Joins #a, having seen up to `last`, and takes what comes up to and with the last `history`.
    fn catches_up(&mut self, peer: &mut Peer) {
        (self.missed, self.pages, self.came) = (0, 0, Vec::new());
        let seen = json!({"room": "#a", "after": self.last, "made": self.made, "run": self.run});
        let done = peer.ask("join", seen).expect("it is open");
        assert_eq!(done, Done::Join { room: "#a".into() });
        let mut joined = false;
        loop {
            let wanted = |event: &Event| matches!(event, Event::History(_) | Event::Joined { .. } | Event::Message(_));
            match peer.wait(wanted) {
                Event::Joined { made, run, .. } => {
                    assert!(!std::mem::replace(&mut joined, true), "once");
                    (self.made, self.run) = (made, run);
                }
                Event::History(page) => {
                    self.pages += 1;
                    assert!(page.messages.len() <= 100, "{}", page.messages.len());
                    let after = page.after.expect("the join had `after`");
                    // It may go down, and then what was heard does not count.
                    assert!(after <= self.last, "a page begins after {after}, not {}", self.last);
                    self.last = after;
                    self.missed += page.missed;
                    self.last += page.missed;
                    page.messages.iter().for_each(|message| self.takes(message.seq));
                    if joined {
                        return;
                    }
                    assert!(page.more, "there is more to come before `joined`");
                }
                other => panic!("said to somebody who is not in: {other:?}"),
            }
        }
    }

    fn takes(&mut self, seq: Seq) {
        assert_eq!(seq, self.last + 1, "without gap or double");
        self.last = seq;
        self.came.push(seq);
    }
}

/// protocol.md, `join`: nothing, little and much missed, in one run and over a restart.
#[test]
fn what_was_missed_comes_in_pages_and_what_is_left_out_is_counted() {
    for restart in [false, true] {
        for missed in [0, 1, 3, 99, 100, 101, 150, 250] {
            let server = TestServer::with_database();
            let mut bob = server.login_in("bob", "#a");
            bob.says_numbers("#a", 1, 10);
            let mut known = Known::nothing();
            let mut ann = server.login("ann");
            known.catches_up(&mut ann);
            assert_eq!(known.came, Vec::from_iter(1..=10));
            ann.quit();
            bob.says_numbers("#a", 11, 10 + missed);
            drop(bob);
            let server = if restart { server.restarted() } else { server };
            known.catches_up(&mut server.login("ann"));
            assert_eq!((known.missed, &known.came), (0, &Vec::from_iter(11..=10 + missed)), "{missed} {restart}");
            assert!(known.pages <= 2 + missed as usize / 100, "{} pages for {missed}", known.pages);
        }
    }
}

/// protocol.md, *Catching up*: more than `history-request` is left out, counted, and to be had with `history`.
#[test]
fn of_fifteen_hundred_missed_the_last_thousand_come_at_least() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    bob.says_numbers("#a", 1, 1_510);
    drop(bob);
    let server = server.restarted();
    let mut ann = server.login("ann");
    let made = ann.join("#a").made;
    ann.leave("#a");
    let mut known = Known { last: 10, made, run: 1, ..Known::nothing() };
    known.catches_up(&mut ann);
    assert_eq!(known.missed + known.came.len() as u64, 1_500);
    assert!((1_000..=1_100).contains(&known.came.len()), "{}", known.came.len());
    assert_eq!(known.last, 1_510);
    let page = ann.history(json!({"room": "#a", "after": 10, "limit": 100}));
    assert_eq!((page.messages[0].seq, page.missed, page.more), (11, 0, true));
}

/// protocol.md, guarantee 4: while others speak, and over restarts.
#[test]
fn a_person_who_catches_up_while_others_speak_misses_nothing_and_hears_nothing_twice() {
    let mut server = TestServer::with_database();
    let mut known = Known::nothing();
    let ann_comes = |server: &TestServer, known: &mut Known| {
        let over = AtomicBool::new(false);
        let mut talker = server.login_in("talker", "#a");
        thread::scope(|scope| {
            let end = OnDrop(&over);
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    (0..5).for_each(|_| talker.send("say", json!({"room": "#a", "text": "on and on"})));
                    talker.sync();
                }
            });
            for _ in 0..10 {
                let mut ann = server.login("ann");
                known.catches_up(&mut ann);
                assert_eq!(known.missed, 0);
                for _ in 0..20 {
                    let event = ann.wait(|event| matches!(event, Event::Message(_)));
                    known.takes(message_of(&event).unwrap().seq);
                }
                ann.quit();
                let upto = known.last + 130;
                let mut other = server.login_in("other", "#a");
                while message_of(&other.wait(|event| matches!(event, Event::Message(_)))).unwrap().seq < upto {}
                other.quit();
            }
            drop(end);
        });
    };
    for _ in 0..2 {
        ann_comes(&server, &mut known);
        server = server.restarted();
    }
    ann_comes(&server, &mut known);
}

/// protocol.md, `join`, `run`: what was heard but not stored when the server died does not count.
#[test]
fn what_was_heard_in_another_run_and_not_stored_does_not_count() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    bob.says_numbers("#a", 1, 5);
    let mut known = Known::nothing();
    known.catches_up(&mut server.login("ann"));
    let first_run = known.run;
    drop(bob);
    let server = server.restarted();
    let mut bob = server.login_in("bob", "#a");
    bob.says_numbers("#a", 6, 7);
    // As if 6 to 9 had been heard before the end, and lost with it.
    known.last = 9;
    known.catches_up(&mut server.login("ann"));
    assert_eq!(known.came, [6, 7]);
    assert_ne!(known.run, first_run);
    // In the same run a number too high is taken for the last there is.
    let mut cat = server.login("cat");
    let shown = cat.join_after("#a", json!({"after": 9, "made": known.made, "run": known.run}));
    assert_eq!((shown.history.after, shown.history.messages.len()), (Some(7), 0));
}

/// protocol.md, `join`, `made`: a room made anew counts anew.
#[test]
fn a_room_made_anew_is_shown_from_its_beginning() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    bob.says_numbers("#a", 1, 3);
    let mut ann = server.login("ann");
    let shown = ann.join_after("#a", json!({"after": 9, "made": 1}));
    assert_eq!((shown.history.after, shown.history.messages.len()), (Some(0), 3));
    let shown = ann.join_after("#a", json!({}));
    assert_eq!(shown.history.after, None, "the join had none");
}
