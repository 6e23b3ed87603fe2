//! The server program under low limits of the system, and laggards with few threads: refused in words, never aborted. (docs/limits.md, `sessions`)

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use roomful::event::Event;
use roomful::limits::Limits;
use roomful::model::CloseReason;
use roomful::session::handle::SessionHandle;

use crate::dead_peers::Bare;
use crate::server_support::{Program, server};
use crate::support::{Wire, eventually};

/// A server program under a limit of the shell's `ulimit`, and what it says when it is ready.
fn under(limit: &str) -> (Program, String) {
    let command = server();
    let program = command.get_program().to_owned();
    let script = format!("ulimit {limit}; exec \"$0\" --listen 127.0.0.1:0 --greet-after 10 --sessions 30000");
    let mut shell = Command::new("sh");
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.arg("-c").arg(script).arg(program).stdin(Stdio::null());
    let program = Program::spawn(&mut shell);
    let ready = program.seen.last().expect("it is ready").clone();
    (program, ready)
}

/// docs/limits.md, `sessions`: too little of anything is told in a sentence to a newcomer, and by number and reason to
/// the operator. Aborted before: memory ran out in the middle of a session; or room for one session with 256 files.
#[test]
fn under_each_limit_of_the_system_newcomers_are_refused_in_words_and_the_server_ends_in_order() {
    for (limit, why, least) in [
        ("-n 64", "(limited by open files, RLIMIT_NOFILE)", 40),
        ("-n 256", "(limited by open files, RLIMIT_NOFILE)", 200),
        ("-v 400000", "(limited by address space, RLIMIT_AS)", 20),
        ("-d 80000", "(limited by memory for data, RLIMIT_DATA or overcommit)", 20),
    ] {
        let (program, ready) = under(limit);
        assert!(ready.ends_with(why), "{limit}: {ready}");
        let number = ready.split(" for ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a number");
        let room: usize = number.parse().expect("a number");
        assert!((least..400).contains(&room), "{limit}: {ready}");
        let mut inside: Vec<Wire> = (0..room).map(|_| program.wire()).collect();
        for wire in &mut inside {
            let line = wire.line();
            assert!(line.starts_with("Roomful, plain mode."), "{limit}: {line}");
        }
        for _ in 0..20 {
            let full = format!("! The server is full ({room} sessions). Try again later.");
            assert_eq!(program.wire().line(), full, "{limit}");
        }
        let ended = program.stop();
        assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{limit}");
    }
}

/// docs/limits.md, `sessions`: it said "for 1 sessions" and let nobody in.
#[test]
fn with_too_few_descriptors_for_one_session_the_server_does_not_start_and_names_the_limit() {
    let script = "ulimit -n 14; exec \"$0\" --memory --listen 127.0.0.1:0";
    let ended = Command::new("sh").args(["-c", script]).arg(server().get_program()).output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr);
    let expected = "there is no room for one session: raise the limit on open files, RLIMIT_NOFILE";
    assert!(said.contains(expected), "{said}");
    assert_eq!(ended.status.code(), Some(1), "{said}");
}

/// docs/threads.md, rule 6: a laggard has a second thread only as long as there is one that was reckoned with.
/// It was spawned whatever there was, and one thread too many aborts the process.
#[test]
fn a_laggard_for_which_no_thread_is_left_is_closed_and_the_one_that_has_a_thread_goes_on() {
    let bare = Bare::with(Limits { send_buffer: 4_096, ..Limits::default() }, 1);
    let ((mut first_wire, first), (_wire, second)) = (bare.come(), bare.come());
    let hub = &bare.hub;
    let text = Arc::<str>::from("x".repeat(4_000));
    let fill = |handle: &SessionHandle, until: &dyn Fn() -> bool| {
        for told in 0.. {
            if until() {
                return told;
            }
            assert!(told < 50, "the socket takes everything");
            hub.tell_session(handle, Event::Ping { token: Arc::clone(&text) });
        }
        0
    };
    let told = fill(&first, &|| hub.crew.living() == 1);
    fill(&second, &|| second.outbox.closed().is_some());
    assert_eq!(second.outbox.closed().expect("closed").reason, CloseReason::SlowConsumer);
    assert_eq!((hub.counts.slow.load(Ordering::Relaxed), hub.crew.living()), (1, 1));
    assert!(first.outbox.closed().is_none());
    // The one that was first gets all of it, and its thread is free for another.
    (0..told).for_each(|_| assert!(first_wire.line().contains(&*text)));
    eventually("the writer has ended", || hub.crew.living() == 0);
    first.stream.kill();
    hub.crew.join_all();
}
