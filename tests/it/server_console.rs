//! The server's console: what the operator is shown, and what the commands do. Ids are those of the lab reports.

use std::fs::File;
use std::process::Command;

use roomful::event::Event;
use roomful::model::CloseReason;
use serde_json::json;

#[cfg(unix)]
use crate::client_support::Screen;
use crate::client_support::{finish, start};
use crate::server_support::{Program, server};
use crate::support::{LinePeer, Peer, Wire, brief};

#[test]
fn e14_c1_c13_everything_that_happens_is_shown_once_and_leaves_have_their_reason() {
    let mut program = Program::start(&[]);
    let (mut ann, mut bob) = (program.peer("ann", "#a"), program.nc("bob"));
    assert!(program.shows("+ ann").contains("  json 127.0.0.1:"));
    assert!(program.shows("+ bob").contains("  line 127.0.0.1:"));
    bob.asks("/join #a");
    ann.say("#a", "hello all");
    ann.ask("me", json!({"room": "#a", "text": "waves"})).unwrap();
    Peer::new(program.wire()).hello(json!({"nick": "ann"})).unwrap_err();
    program.shows("refused: nick-in-use");
    bob.asks("/nick boris");
    bob.types("/quit that is all");
    bob.rest();
    program.shows("- boris  (quit: that is all)");
    program.peer("carl", "#a").wire.reset();
    program.shows("- carl  (connection lost)");
    ann.leave("#a");
    program.shows("ann left #a");
    let mut tls = program.wire();
    tls.send([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]);
    program.shows("speaks Tls, which is not served");
    for words in [
        "ann joined #a",
        "bob joined #lobby",
        "bob joined #a",
        "#a ann: hello all",
        "#a * ann waves",
        "hello all",
        "bob is now boris",
        "- boris",
        "carl joined #a",
        "- carl",
        "+ carl",
    ] {
        assert_eq!(program.count(words), 1, "{words}: {:#?}", program.seen);
    }
    // Words said to one person are nobody else's, not even the operator's.
    let dan = program.peer("dan", "#a");
    ann.ask("msg", json!({"to": "dan", "text": "between us"})).unwrap();
    dan.quit();
    program.shows("- dan  (quit)");
    assert_eq!(program.count("between us"), 0, "{:#?}", program.seen);
}

#[test]
fn a_newcomer_turned_away_at_the_door_is_shown() {
    let mut program = Program::start(&["--sessions", "1"]);
    let _ann = program.peer("ann", "#a");
    assert!(program.wire().line().starts_with("! The server is full (1 sessions)."));
    program.shows("The server is full (1 sessions)");
}

#[test]
fn a_slow_consumer_is_shown_once_and_counted() {
    let limits = ["--send-buffer", "4096", "--outbox-bytes", "65536", "--outbox-soft-bytes", "65536", "--quiet"];
    let mut program = Program::start(&limits);
    let mut ann = program.peer("ann", "#a");
    let mut deaf = Peer::new(Wire::connect_narrow(program.addr, 4096));
    deaf.hello(json!({"nick": "deaf", "rooms": ["#a"]})).unwrap();
    deaf.shown();
    let text = "x".repeat(4000);
    let gone = (0..500).any(|_| {
        ann.say("#a", &text);
        ann.sync().iter().any(|event| matches!(event, Event::Quit { reason: CloseReason::SlowConsumer, .. }))
    });
    assert!(gone, "500 lines, and the deaf one is still here");
    program.shows("- deaf  (read too slowly)");
    program.asks("");
    let count = |words: &str| program.count(words);
    assert_eq!((count("reads too slowly, closed"), count("- deaf  (read too slowly)")), (1, 1), "{:#?}", program.seen);
    assert_eq!(count(" 1 slow consumers"), 1, "{:#?}", program.seen);
}

#[cfg(unix)]
#[test]
fn quiet_hides_the_messages_only_and_no_console_hides_all() {
    for (arguments, messages, events) in [(&[][..], 1, 1), (&["--quiet"], 0, 1), (&["--no-console"], 0, 0)] {
        let mut program = Program::start(arguments);
        let (mut ann, mut bob) = (program.peer("ann", "#a"), program.peer("bob", "#a"));
        ann.say("#a", "hello all");
        Peer::new(program.wire()).hello(json!({"nick": "ann"})).unwrap_err();
        bob.ask("quit", json!({"text": "that is all"})).unwrap();
        bob.rest();
        program.types("say anybody");
        if events == 1 {
            program.shows("- bob  (quit");
            ann.wait(|event| matches!(event, Event::Notice { .. }));
        }
        let ended = program.stop();
        let count = |words: &str| ended.out.iter().filter(|line| line.contains(words)).count();
        assert_eq!(count("hello all"), messages, "{arguments:?}: {:#?}", ended.out);
        for words in ["+ bob", "bob joined #a", "refused: nick-in-use", "- bob  (quit: that is all)"] {
            assert_eq!(count(words), events, "{words}, {arguments:?}: {:#?}", ended.out);
        }
        assert!(!ann.so_far().iter().any(|event| matches!(event, Event::Notice { .. })));
    }
}

#[test]
fn who_rooms_stats_and_help_tell_what_there_is() {
    let mut program = Program::start(&[]);
    let (mut ann, _bob) = (program.peer("ann", "#a"), program.nc("bob"));
    ann.ask("topic", json!({"room": "#a", "topic": "skis"})).unwrap();
    let mut unnamed = Peer::new(program.wire());
    unnamed.ask("ping", json!({"token": "x"})).unwrap();
    program.shows("set the topic of #a: skis");
    let shown = program.asks("who").join("\n");
    for words in ["#a", "#lobby", " json ", " line ", "127.0.0.1:", "without a name yet", "waiting", " 0 B"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    drop(unnamed);
    let shown = program.asks("rooms");
    assert!(shown.iter().any(|row| row.trim() == "#a      1        skis"), "{shown:#?}");
    assert!(shown.iter().any(|row| row.trim() == "#lobby  1"), "{shown:#?}");
    let shown = program.asks("help").join("\n");
    for word in ["who", "rooms", "say TEXT", "kick NAME [REASON]", "stats", "stop", "help"] {
        assert!(shown.contains(&format!("\n  {word} ")) || shown.starts_with(&format!("  {word} ")), "{shown}");
    }
    assert_eq!(program.asks("kikc bob"), ["! No command \"kikc\", did you mean kick?"]);
    assert_eq!(program.asks("/room"), ["! No command \"room\", did you mean rooms?"]);
    assert_eq!(program.asks("xyzzy"), ["! No command \"xyzzy\", help lists the commands"]);
    assert_eq!(program.asks("say"), ["! Write say TEXT."]);
    assert_eq!(program.asks("kick"), ["! Write kick NAME [REASON]."]);
    assert_eq!(program.asks("kick nobody"), ["! Nobody here is called nobody; who lists who is."]);
    assert!(program.asks("").is_empty());
}

#[test]
fn say_tells_everybody_and_is_shown_once() {
    let mut program = Program::start(&[]);
    let (mut ann, mut bob) = (program.peer("ann", "#a"), program.nc("bob"));
    program.types("say dinner is ready");
    program.shows("dinner is ready");
    let notice = ann.wait(|event| matches!(event, Event::Notice { .. }));
    assert!(matches!(notice, Event::Notice { text } if &*text == "dinner is ready"));
    assert!(bob.until("dinner")[0].contains("* The operator says: dinner is ready"));
    program.asks("");
    assert_eq!(program.count("dinner is ready"), 1, "{:#?}", program.seen);
}

#[test]
fn kick_closes_with_the_reason_and_the_others_hear_it_once() {
    let mut program = Program::start(&[]);
    let (mut ann, mut bob, mut vera) = (program.peer("ann", "#a"), program.peer("bob", "#a"), program.nc("Вера"));
    vera.asks("/join #a");
    bob.join("#b");
    ann.join("#b");
    ann.sync();
    program.types("kick BOB too loud");
    let last = bob.rest();
    assert_eq!(brief(last.last().unwrap()), "closing kicked: the operator closed your session: too loud");
    drop(bob);
    program.shows("- bob  (kicked: too loud)");
    assert_eq!(ann.hears(), ["- bob kicked (too loud)", "#b bob makes ann Some(Op)"]);
    let heard: Vec<String> = vera.sync().into_iter().filter(|line| line.contains("bob left")).collect();
    assert_eq!(heard, ["* bob left (kicked: too loud)"]);
    program.types("kick Вера");
    assert_eq!(vera.rest().last().unwrap(), "* The operator closed your session.");
    program.shows("- Вера  (kicked)");
    assert_eq!((program.count("- bob"), program.count("- Вера")), (1, 1), "{:#?}", program.seen);
}

#[test]
fn a_kicked_client_program_ends_with_75() {
    let mut program = Program::start(&[]);
    let mut client = start(&["--server", &program.addr.to_string(), "--nick", "bob"]);
    let _typing = client.stdin.take(); // or it would leave by itself
    program.shows("bob joined #lobby");
    program.types("kick bob too loud");
    let (code, _, err) = finish(client);
    assert_eq!(code, 75, "{err}");
    assert!(err.contains("too loud"), "{err}");
}

#[test]
fn c8_stop_says_goodbye_to_everybody() {
    for word in ["stop", "/stop"] {
        let mut program = Program::start(&[]);
        let mut ann = program.peer("ann", "#a");
        program.types(word);
        let last = brief(ann.rest().last().unwrap());
        assert_eq!(last, "closing server-stopped: the server is going down: the operator stopped it");
        drop(ann);
        let ended = program.ends();
        assert_eq!(ended.code, Some(0));
        assert!(ended.out.last().unwrap().contains("all threads joined"), "{:?}", ended.out);
    }
}

#[cfg(unix)]
#[test]
fn c9_a_named_pipe_is_a_console_too_and_may_be_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("console");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Open both ways it waits for nobody, and there is always a writer.
    let both = File::options().read(true).write(true).open(&path).unwrap();
    let mut command = server();
    let mut program = Program::spawn(command.args(["--listen", "127.0.0.1:0"]).stdin(both));
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    write("help\n");
    program.shows("this list");
    write("sto");
    write("p\n");
    let ended = program.ends();
    assert_eq!(ended.code, Some(0));
    assert!(ended.out.iter().any(|line| line == "stopping: the operator stopped it"), "{:?}", ended.out);
}

#[test]
fn no_escape_code_of_anybody_reaches_the_console() {
    let mut program = Program::start(&[]);
    let mut ann = program.peer("ann", "#a");
    let evil = "x\u{1b}[2J\u{9b}31m\u{7}\u{202e}\u{8}y";
    ann.say("#a", evil);
    ann.ask("topic", json!({"room": "#a", "topic": evil})).unwrap();
    ann.ask("nick", json!({"nick": evil})).unwrap_err();
    ann.ask("join", json!({"room": format!("#{evil}")})).unwrap_err();
    ann.ask("away", json!({"text": evil})).unwrap();
    let mut bob = LinePeer::new(program.wire());
    bob.types(&format!("bob{evil}"));
    bob.until("! ");
    bob.login("/nick bob");
    bob.asks(&format!("/{evil} {evil}"));
    bob.types(&format!("/quit {evil}"));
    bob.rest();
    program.shows("- bob  (quit");
    for line in ["who", "rooms", &format!("kick {evil}"), &format!("say {evil}"), evil, &format!("kick ann {evil}")] {
        program.asks(line);
    }
    program.shows("- ann  (kicked: x[2J31my)");
    let shown = program.stop().out.join("\n");
    assert!(shown.contains("ann: x[2J31my"), "{shown}");
    let raw = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!shown.contains(raw), "{shown:?}");
}

#[cfg(unix)]
#[test]
fn d7_a_half_typed_command_survives_fifty_incoming_lines() {
    let mut command = server();
    command.args(["--listen", "127.0.0.1:0", "--rate", "off"]);
    let mut screen = Screen::spawn(command);
    screen.shows(" ready, room ");
    let text = screen.text();
    let addr = text.lines().find_map(|line| line.strip_prefix("listening on ")).unwrap().trim_end().parse().unwrap();
    let peer = |nick: &str| {
        let mut peer = Peer::new(Wire::connect(addr));
        peer.hello(json!({"nick": nick})).unwrap();
        peer.shown();
        peer
    };
    let (mut ann, mut bob) = (peer("ann"), peer("bob"));
    screen.types("kick b");
    screen.prompts("> kick b");
    for i in 1..=50 {
        ann.say("#lobby", &format!("строка {i} 漢字"));
        if i == 25 {
            screen.types("ob too ");
        }
    }
    screen.shows("ann: строка 50 漢字");
    screen.prompts("> kick bob too");
    screen.types("loud\r");
    let last = brief(bob.rest().last().unwrap());
    assert_eq!(last, "closing kicked: the operator closed your session: too loud");
    screen.shows("- bob  (kicked: too loud)");
    screen.prompts(">");
    for i in 40..=50 {
        assert_eq!(screen.text().matches(&format!("ann: строка {i} 漢字")).count(), 1, "{}", screen.text());
    }
}
