//! The server program without a descriptor left: sessions go on, newcomers get a sentence, no core burns.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use roomful::event::{Event, PROTOCOL};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::server_support::Program;
use crate::support::{Got, Peer, Wire, eventually};

/// Clock ticks of CPU that a process has used so far; there are 100 in a second.
fn ticks(program: &Program) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", program.id())).unwrap();
    // The name may have spaces and brackets in it; after it, user time is the 12th and system time the 13th.
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

/// The lowest number that a new descriptor of the program could have.
fn lowest_free(program: &Program) -> u64 {
    let folder = format!("/proc/{}/fd", program.id());
    let used: Vec<u64> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    (0..).find(|number| !used.contains(number)).unwrap()
}

/// Whether it was let in; if not, it was told why.
fn knock(program: &Program, nick: &str) -> Result<Peer, String> {
    let mut wire = program.wire();
    match wire.get() {
        Got::Line(line) if line.starts_with("! ") => {
            assert!(matches!(wire.get(), Got::End(rest) if rest.is_empty()));
            return Err(line);
        }
        Got::Line(line) => assert!(line.starts_with("Roomful, plain mode."), "{line}"),
        other => panic!("{other:?} instead of a sentence"),
    }
    wire.send(format!(
        "{{\"type\":\"hello\",\"version\":{PROTOCOL},\"nick\":\"{nick}\",\"rooms\":[\"#a\"],\"tag\":\"in\"}}\n"
    ));
    let mut peer = Peer::new(wire);
    peer.answer("in").expect("a free name");
    Ok(peer)
}

#[test]
fn a_server_started_with_few_descriptors_says_no_to_the_one_too_many() {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_chat-server");
    command
        .args(["-c", "ulimit -n 40; exec \"$0\" --memory --listen 127.0.0.1:0 --rate off", program])
        .stdin(Stdio::null());
    let program = Program::spawn(&mut command);
    let mut inside = Vec::<Wire>::new();
    let refusal = loop {
        assert!(inside.len() < 40, "40 descriptors, and {} sessions", inside.len());
        let mut wire = program.wire();
        let line = wire.line();
        if line.starts_with("! ") {
            break line;
        }
        inside.push(wire);
    };
    assert!(refusal.contains("Try again later."), "{refusal}");
    assert!(!inside.is_empty());
    assert_eq!(program.stop().code, Some(0));
}

#[test]
fn out_of_descriptors_the_others_go_on_and_no_core_burns() {
    let mut program = Program::start(&["--log", "warn"]);
    let (mut ann, bob) = (program.peer("ann", "#a"), program.peer("bob", "#a"));
    // Lowered now, or the server had reckoned with it; the kernel has reserved one for the next to come.
    program.shows("bob joined #a");
    let most = lowest_free(&program) + 1;
    let pid = Pid::from_raw(i32::try_from(program.id()).unwrap());
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) }).unwrap();
    let _vera = program.peer("vera", "#a");
    let before = ticks(&program);
    let began = Instant::now();
    // Ever longer does it wait before it accepts again: more than a second in all.
    for _ in 0..8 {
        let mut wire = program.wire();
        (0..10).for_each(|_| drop(ann.sync()));
        let sentence = "! The server has no descriptor left for one more connection. Try again later.";
        assert_eq!(wire.get(), Got::Line(sentence.to_owned()));
        assert_eq!(wire.get(), Got::End(String::new()));
    }
    let (used, passed) = (ticks(&program) - before, began.elapsed());
    assert!(passed > Duration::from_secs(1), "{passed:?}");
    assert!(used <= 20, "{used} hundredths of a second of CPU in {passed:?}");
    // It gives its spare one back to wait for the next newcomer. If a session has ended meanwhile, the newcomer can stay.
    eventually("it waits with its spare one", || lowest_free(&program) < most);
    let open = || fs::read_dir(format!("/proc/{}/fd", program.id())).unwrap().count();
    let before = open();
    bob.quit();
    assert!(ann.sync().iter().any(|event| matches!(event, Event::Quit { .. })));
    eventually("bob's descriptor is free", || open() < before);
    let mut carl = knock(&program, "carl").expect("there is one again");
    carl.say("#a", "in at last");
    assert!(ann.sync().iter().any(|event| matches!(event, Event::Message(_))));
    // Also to stop it, none is needed.
    let ended = program.stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.err.contains("no descriptor left, a connection was turned away"), "{}", ended.err);
}
