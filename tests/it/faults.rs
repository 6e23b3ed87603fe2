//! The server program killed under load, with a full disk and with a slow one, on real files: what was answered `ok` is there, once and in order.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::{Message, Millis, Seq};
use roomful::wire::json::decode_event;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server_support::{Program, all_of, with_database};
use crate::small_disk::SmallDisk;
use crate::support::{Got, Peer, Wire, eventually, message_of};

/// Lines a speaker may have said and not be answered for: fewer than the tags that are remembered.
const WINDOW: usize = 64;

/// Answers between two kills.
const ANSWERS: usize = 1_500;

/// A speaker who says one line after the other, and again what was not answered.
struct Speaker {
    nick: String,
    resume: String,
    said: usize,
    open: Vec<usize>,
    /// What was answered: the number of each line, by what it says.
    kept: BTreeMap<usize, Seq>,
}

impl Speaker {
    fn text(&self, line: usize) -> String {
        format!("{} {line}", self.nick)
    }

    fn command(&self, line: usize) -> String {
        let said = json!({"type": "say", "room": "#load", "tag": format!("t{line}"), "text": self.text(line)});
        format!("{said}\n")
    }

    /// Comes back, says again what was not answered, and then more, until the
    /// server has died; or no more, until all is answered.
    fn speak(&mut self, addr: SocketAddr, more: bool, answers: &AtomicUsize) {
        let mut peer = Peer::new(Wire::connect(addr));
        let hello = json!({"nick": self.nick, "resume": self.resume, "rooms": ["#load"]});
        assert_eq!(peer.hello(hello).expect("its own name"), self.nick);
        self.resume = peer.resume.clone();
        let mut burst: String = self.open.iter().map(|line| self.command(*line)).collect();
        loop {
            while more && self.open.len() < WINDOW {
                burst += &self.command(self.said);
                self.open.push(self.said);
                self.said += 1;
            }
            if self.open.is_empty() || peer.wire.try_send(std::mem::take(&mut burst)).is_err() {
                return;
            }
            while self.open.len() > if more { WINDOW / 2 } else { 0 } {
                let Got::Line(line) = peer.wire.get() else { return };
                match decode_event(line.as_bytes()).unwrap() {
                    Event::Ok { tag: Some(tag), done: Done::Say { seq, .. } } => {
                        let line: usize = tag.0.trim_start_matches('t').parse().unwrap();
                        assert_eq!(self.open.remove(0), line, "answers come in the order of the lines");
                        self.kept.insert(line, seq);
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                    Event::Error { code, text, .. } => panic!("{code}: {text}"),
                    _ => {}
                }
            }
        }
    }
}

/// A listener, who comes back with what was heard last.
#[derive(Default)]
struct Listener {
    nick: String,
    made: Millis,
    run: Millis,
    heard: BTreeMap<Seq, String>,
}

impl Listener {
    fn come_in(&mut self, addr: SocketAddr) -> Peer {
        let mut peer = Peer::new(Wire::connect(addr));
        peer.hello(json!({"nick": self.nick, "rooms": []})).expect("a free name");
        let mut seen = json!({"room": "#load"});
        if let Some((last, _)) = self.heard.last_key_value() {
            (seen["after"], seen["made"], seen["run"]) = (Value::from(*last), self.made.into(), self.run.into());
        }
        assert!(matches!(peer.ask("join", seen), Ok(Done::Join { .. })));
        peer
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Joined { made, run, .. } => (self.made, self.run) = (*made, *run),
            Event::History(history) => {
                if let Some(after) = history.after {
                    self.heard.split_off(&(after + 1));
                }
                assert_eq!(history.missed, 0, "{}", self.nick);
                history.messages.iter().for_each(|message| self.take(message));
            }
            Event::Message(message) => self.take(message),
            _ => {}
        }
    }

    fn take(&mut self, message: &Message) {
        let last = self.heard.last_key_value().map_or(0, |(seq, _)| *seq);
        assert_eq!(message.seq, last + 1, "{}: after {last}: {message:?}", self.nick);
        self.heard.insert(message.seq, message.text.to_string());
    }

    /// Hears until the server has died.
    fn listen(&mut self, mut peer: Peer) {
        peer.so_far().iter().for_each(|event| self.hear(event));
        while let Got::Line(line) = peer.wire.get() {
            self.hear(&decode_event(line.as_bytes()).unwrap());
        }
    }
}

/// Three kills while ten speak and three hear.
#[test]
fn after_kill_9_what_was_answered_is_there_once_and_clients_that_come_back_say_and_hear_all_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let speaker = |i| Speaker {
        nick: format!("speaker{i}"),
        resume: String::new(),
        said: 0,
        open: Vec::new(),
        kept: BTreeMap::new(),
    };
    let mut speakers: Vec<Speaker> = (0..10).map(speaker).collect();
    let listener = |i| Listener { nick: format!("listener{i}"), ..Listener::default() };
    let mut listeners: Vec<Listener> = (0..3).map(listener).collect();
    for _ in 0..3 {
        let program = Program::spawn(&mut with_database(&data));
        let (addr, answers) = (program.addr, AtomicUsize::new(0));
        thread::scope(|scope| {
            for listener in &mut listeners {
                let peer = listener.come_in(addr);
                scope.spawn(move || listener.listen(peer));
            }
            for speaker in &mut speakers {
                scope.spawn(|| speaker.speak(addr, true, &answers));
            }
            eventually("answers", || answers.load(Ordering::Relaxed) >= ANSWERS);
            program.signal("KILL");
        });
    }
    let program = Program::spawn(&mut with_database(&data));
    let mut back: Vec<Peer> = listeners.iter_mut().map(|listener| listener.come_in(program.addr)).collect();
    let addr = program.addr;
    let before = all_of(&mut program.peer("reader", "#load"), "#load");
    is_whole(&before, &speakers);
    thread::scope(|scope| {
        for speaker in &mut speakers {
            scope.spawn(|| speaker.speak(addr, false, &AtomicUsize::new(0)));
        }
    });
    let all = all_of(&mut program.peer("reader2", "#load"), "#load");
    is_whole(&all, &speakers);
    assert_eq!(all.len(), speakers.iter().map(|speaker| speaker.said).sum::<usize>(), "each line was said once");
    let texts: Vec<&str> = all.iter().map(|message| &*message.text).collect();
    for (listener, peer) in listeners.iter_mut().zip(&mut back) {
        peer.sync().iter().for_each(|event| listener.hear(event));
        assert!(listener.heard.values().eq(texts.iter()), "{} heard what is kept", listener.nick);
    }
    assert!(program.stop().out.last().unwrap().contains("database closed"));
}

/// No number is missing, no text is there twice, all that was answered is
/// there under its number, and everybody's lines are in their order.
fn is_whole(all: &[std::sync::Arc<Message>], speakers: &[Speaker]) {
    assert!(all.iter().map(|message| message.seq).eq(1..=all.len() as Seq), "numbers without gap");
    let texts: HashSet<&str> = all.iter().map(|message| &*message.text).collect();
    assert_eq!(texts.len(), all.len(), "nothing twice");
    for speaker in speakers {
        for (line, seq) in &speaker.kept {
            assert_eq!(*all[*seq as usize - 1].text, speaker.text(*line));
        }
        let own = all.iter().filter_map(|message| message.text.strip_prefix(&format!("{} ", speaker.nick)));
        assert!(own.map(|line| line.parse::<usize>().unwrap()).is_sorted(), "in the order they were said");
    }
}

/// Comes back by token, and says a line that may have been said before; whether it was.
fn says_again(program: &Program, resume: &str) -> bool {
    let mut ann = Peer::new(program.wire());
    ann.hello(json!({"nick": "ann", "resume": resume, "rooms": ["#a"]})).unwrap();
    ann.send("say", json!({"room": "#a", "text": "once", "tag": "once"}));
    match ann.answer("once") {
        Ok(Done::Say { again, .. }) => again,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_person_who_had_come_back_before_a_second_kill_says_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = program.peer("ann", "#a");
    ann.send("say", json!({"room": "#a", "text": "once", "tag": "once"}));
    ann.answer("once").unwrap();
    program.signal("KILL");
    let program = Program::spawn(&mut with_database(&data));
    let disk = Connection::open(&data).unwrap();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut back = Peer::new(program.wire());
    back.hello(json!({"nick": "ann", "resume": ann.resume, "rooms": ["#a"]})).unwrap();
    program.signal("KILL");
    drop((back.wire.rest_or_cut(), disk));
    assert!(says_again(&Program::spawn(&mut with_database(&data)), &back.resume));
}

/// Says lines until one is refused with `code`; what was answered `ok`.
fn say_until(peer: &mut Peer, code: &str, kept: &mut Vec<(Seq, String)>) {
    let mut line = kept.len();
    eventually(code, || {
        line += 1;
        let text = format!("{} {line} {}", kept.len(), "x".repeat(1_000));
        match peer.ask("say", json!({"room": "#a", "text": text})) {
            Ok(Done::Say { seq, .. }) => kept.push((seq, text)),
            Err(refusal) if refusal.code == code => return true,
            Err(refusal) => assert!(["not-kept", "not-taken"].contains(&&*refusal.code), "{refusal:?}"),
            other => panic!("{other:?}"),
        }
        false
    });
}

fn has_all(all: &[std::sync::Arc<Message>], kept: &[(Seq, String)]) {
    assert!(all.iter().map(|message| message.seq).eq(1..=all.len() as Seq), "numbers without gap");
    assert!(kept.iter().all(|(seq, text)| *all[*seq as usize - 1].text == **text), "what was answered is there");
}

/// A speaker is refused, nobody else is disturbed, and it passes.
#[test]
fn a_full_disk_refuses_speakers_and_nobody_else_and_when_there_is_room_again_all_goes_on() {
    let Some(disk) = SmallDisk::start() else { return };
    let (mut ann, mut bob) = (disk.program.peer("ann", "#a"), disk.program.peer("bob", "#a"));
    let mut kept = Vec::new();
    kept.push((ann.say("#a", "before"), "before".to_owned()));
    disk.disk.fill();
    say_until(&mut ann, "not-kept", &mut kept);
    say_until(&mut ann, "not-taken", &mut kept);
    assert!(bob.sync().iter().filter_map(message_of).count() > kept.len(), "what is not kept is heard");
    let mut dan = disk.program.peer("dan", "#a");
    assert!(dan.ask("msg", json!({"to": "bob", "text": "psst"})).is_err_and(|refusal| refusal.code == "not-taken"));
    has_all(&all_of(&mut dan, "#a"), &kept);
    assert!(bob.hears().contains(&"#a + dan".to_owned()));
    disk.disk.free();
    let again = kept.len();
    eventually("room", || match ann.ask("say", json!({"room": "#a", "text": "after"})) {
        Ok(Done::Say { seq, .. }) => {
            kept.push((seq, "after".to_owned()));
            true
        }
        other => other.is_ok(),
    });
    assert_eq!(kept.len(), again + 1);
    disk.program.signal("KILL");
    let folder = tempfile::tempdir().unwrap();
    disk.disk.rescue(folder.path());
    let program = Program::spawn(&mut with_database(&folder.path().join("roomful.db")));
    has_all(&all_of(&mut program.peer("reader", "#a"), "#a"), &kept);
}

/// protocol.md, *Files*: 507, and nothing of it stays.
#[test]
fn a_file_for_which_the_disk_has_no_room_is_refused_and_takes_none() {
    let Some(disk) = SmallDisk::start() else { return };
    let (mut ann, mut bob) = (disk.program.peer("ann", "#a"), disk.program.peer("bob", "#a"));
    let content = crate::files::bytes(8 << 20);
    let (upload, url) = ann.offers("#a", "large", content.len());
    let reply = ann.puts(&url, &content);
    assert_eq!(reply.status, 507, "{}", reply.text());
    assert!(reply.text().contains("not-taken"), "{}", reply.text());
    let refused = ann.code("finish", json!({"upload": upload}));
    assert!(["bad-upload", "not-taken"].contains(&&*refused), "{refused}");
    eventually("what it had taken is free again", || bob.ask("say", json!({"room": "#a", "text": "x"})).is_ok());
    let (upload, small) = bob.offers("#a", "small", 100_000);
    eventually("there is room for a small one", || bob.puts(&small, &content[..100_000]).status == 201);
    bob.finishes(upload, &content[..100_000], "");
    drop((ann, bob));
    assert_eq!(disk.program.stop().code, Some(0));
}

#[test]
fn a_server_with_a_full_disk_stops_in_time_and_has_what_was_answered() {
    let Some(disk) = SmallDisk::start() else { return };
    let (mut ann, mut kept) = (disk.program.peer("ann", "#a"), Vec::new());
    disk.disk.fill();
    say_until(&mut ann, "not-taken", &mut kept);
    let SmallDisk { program, disk } = disk;
    let ended = program.stop();
    assert_eq!(ended.code, Some(75), "{}", ended.err);
    let folder = tempfile::tempdir().unwrap();
    disk.rescue(folder.path());
    let program = Program::spawn(&mut with_database(&folder.path().join("roomful.db")));
    has_all(&all_of(&mut program.peer("reader", "#a"), "#a"), &kept);
}

/// A server on a disk that writes nothing until it is let.
fn slow(arguments: &[&str]) -> (Program, Connection, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let program = Program::spawn(with_database(&data).args(arguments));
    (program, Connection::open(data).unwrap(), folder)
}

fn is_silent(peer: &Peer) {
    let wire = peer.wire.sender();
    wire.set_nonblocking(true).unwrap();
    let got = wire.peek(&mut [0; 1]);
    wire.set_nonblocking(false).unwrap();
    assert!(got.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "{got:?}");
}

fn texts(events: &[Event]) -> Vec<String> {
    events.iter().filter_map(message_of).map(|message| message.text.to_string()).collect()
}

#[test]
fn while_the_disk_is_slow_others_hear_and_only_the_answer_waits() {
    let (program, disk, _folder) = slow(&[]);
    let (mut ann, mut bob) = (program.peer("ann", "#a"), program.peer("bob", "#a"));
    ann.say("#a", "one");
    ann.sync();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    ann.send("say", json!({"room": "#a", "text": "two", "tag": "x"}));
    assert_eq!(texts(&[ann.read()]), ["two"]);
    assert_eq!(texts(&bob.sync()), ["one", "two"]);
    is_silent(&ann);
    assert_eq!(program.peer("cat", "#a").hears(), [""; 0]);
    disk.execute_batch("COMMIT").unwrap();
    assert!(matches!(ann.answer("x"), Ok(Done::Say { .. })));
}

#[test]
fn when_no_more_can_wait_for_the_disk_what_was_taken_is_heard_nevertheless() {
    let (program, disk, _folder) = slow(&["--queue-items", "64"]);
    let (mut ann, mut bob) = (program.peer("ann", "#a"), program.peer("bob", "#a"));
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    let say = |line: usize| json!({"type": "say", "room": "#a", "text": format!("{line}"), "tag": format!("t{line}")});
    let burst: String = (0..200).map(|line| format!("{}\n", say(line))).collect();
    ann.wire.send(burst);
    bob.wait(|event| message_of(event).is_some_and(|message| &*message.text == "20"));
    bob.sync();
    disk.execute_batch("COMMIT").unwrap();
    for line in 0..200 {
        assert!(matches!(ann.answer(&format!("t{line}")), Ok(Done::Say { seq, .. }) if seq == line + 1));
    }
}

#[test]
fn a_session_that_must_wait_to_read_what_is_stored_does_not_hold_back_what_others_hear() {
    let (program, disk, _folder) = slow(&[]);
    let (mut ann, mut bob, mut cat) = (program.peer("ann", "#a"), program.peer("bob", "#b"), program.peer("cat", "#c"));
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    cat.send("say", json!({"room": "#c", "text": "slow"}));
    cat.wait(|event| message_of(event).is_some());
    ann.wire.send("{\"type\":\"join\",\"room\":\"#b\"}\n{\"type\":\"history\",\"room\":\"#a\",\"tag\":\"h\"}\n");
    bob.wait(|event| matches!(event, Event::Join { nick, .. } if &**nick == "ann"));
    disk.execute_batch("COMMIT").unwrap();
    assert!(matches!(ann.answer("h"), Ok(Done::History(_))));
}
