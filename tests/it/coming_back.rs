//! What a person sees after coming back from a lost connection: what was missed, and that it is new.

use std::process::Stdio;

use serde_json::json;

use crate::client_relay::Relay;
use crate::client_support::{DEADLINE, Peer, Screen, client};
use crate::server_support::{Program, server};
use crate::support::TestServer;

const PASSWORD: &str = "тайна берёзы 7";

fn register(addr: &str, nick: &str) {
    let peer = Peer::connect(addr, nick);
    peer.0.ask("register", &[("password", PASSWORD.into())], DEADLINE).unwrap();
    peer.0.quit(None);
}

fn log_in(addr: &str, nick: &str) -> Screen {
    let mut command = client();
    command.args(["--server", addr, "--nick", nick]).env("CHAT_CLIENT_PASSWORD", PASSWORD);
    Screen::spawn(command)
}

fn tell(peer: &Peer, to: &str, text: &str) {
    let tag = peer.0.msg(to, text).unwrap();
    assert!(peer.0.wait_for(&tag, DEADLINE));
}

/// Where each of `words` was written first; they must stand in this order.
fn in_order(screen: &Screen, words: &[&str]) {
    let raw = String::from_utf8_lossy(&screen.raw).into_owned();
    let places: Vec<_> =
        words.iter().map(|words| raw.find(words).unwrap_or_else(|| panic!("no {words:?}: {raw}"))).collect();
    assert!(places.is_sorted(), "{words:?} at {places:?}");
}

/// docs/protocol.md, *Catching up*: what was said in rooms comes by itself, private lines are asked for.
#[test]
fn a_person_who_comes_back_sees_what_is_new_and_the_sum_of_it_last() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    register(&addr, "bob");
    let (relay, ann) = (Relay::to(&addr), Peer::connect(&addr, "ann"));
    let mut screen = log_in(&relay.addr, "bob");
    screen.prompts("#lobby bob>");
    tell(&ann, "bob", "psst before");
    screen.shows("psst before");
    screen.types("half");
    screen.prompts("#lobby bob (1 elsewhere)> half");
    relay.close(true);
    relay.cut();
    screen.shows("! Lost the server");
    (0..30).for_each(|i| ann.say(&format!("missed line {i}")));
    tell(&ann, "bob", "psst missed");
    relay.close(false);
    screen.shows("* New since ");
    screen.prompts("#lobby bob (31 new, 1 elsewhere)> half");
    in_order(
        &screen,
        &[
            "* Back after",
            "#lobby: 30 new since ",
            "missed line 0",
            "missed line 29",
            "@ann: 1 new since ",
            "psst missed",
            "* New since ",
        ],
    );
    let text = screen.text();
    let sum = text.lines().rev().nth(1).unwrap().to_owned();
    assert!(sum.starts_with("* New since ") && sum.ends_with(": 30 in #lobby, 1 in @ann."), "{sum:?}");
    let raw = String::from_utf8_lossy(&screen.raw).into_owned();
    assert_eq!((raw.matches("psst before").count(), raw.matches("psst missed").count()), (1, 1));
    screen.types(" a line\r");
    screen.prompts("#lobby bob>");
}

/// docs/protocol.md, `chats`: a server that was killed knows no more who had
/// read what; what was heard here before is not new to the person for that.
#[test]
fn what_was_heard_here_before_is_not_new_after_a_crash_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("chat.db");
    let start = |addr: &str| {
        let mut command = server();
        command.env_remove("CHAT_SERVER_MEMORY").args(["--listen", addr, "--rate", "off"]).arg("--data").arg(&data);
        Program::spawn(command.stdin(Stdio::piped()))
    };
    let program = start("127.0.0.1:0");
    let addr = program.addr.to_string();
    register(&addr, "bob");
    register(&addr, "vera");
    let mut screen = log_in(&addr, "bob");
    screen.prompts("#lobby bob>");
    screen.types("/msg vera psst\r");
    screen.shows("bob to vera only: psst");
    program.signal("KILL");
    screen.shows("! Lost the server");
    program.ends();
    let _program = start(&addr);
    tell(&Peer::connect(&addr, "ann"), "bob", "and now?");
    screen.shows("* New since ");
    let text = screen.text();
    assert!(text.contains(": 1 in @ann.") && !text.contains("in @vera"), "{text}");
}

/// docs/protocol.md, `chats`: after a login one is told in which places messages are unread.
#[test]
fn a_person_who_logs_in_sees_a_fence_before_what_is_new_and_the_private_lines() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    register(&addr, "bob");
    let ann = Peer::connect(&addr, "ann");
    ann.say("known");
    let mut screen = log_in(&addr, "bob");
    screen.shows("known");
    screen.types("I am here\r");
    screen.shows("bob: I am here");
    screen.types("/quit\r");
    assert_eq!((ann.sees_going("bob"), screen.ends().0), ("quit", 0));
    ann.say("new in the room");
    tell(&ann, "bob", "new for you");
    let mut screen = log_in(&addr, "bob");
    screen.shows("* New: 1 in #lobby, 1 in @ann.");
    screen.prompts("#lobby bob (2 new)>");
    in_order(
        &screen,
        &[
            "--- #lobby, ",
            "I am here",
            "#lobby: 1 new ---",
            "new in the room",
            "@ann: 1 new ---",
            "new for you",
            "* New: ",
        ],
    );
}

/// docs/protocol.md, *Rates*: a session that is too fast is held back, and told so; a person once.
#[test]
fn too_fast_is_told_once_for_much_that_is_sent() {
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (40, 5));
    let addr = server.addr().to_string();
    let mut screen = Screen::start(&["--server", &addr, "--nick", "bob"]);
    screen.prompts("#lobby bob>");
    screen.types(&(0..60).map(|i| format!("line {i}\r")).collect::<String>());
    screen.shows("bob: line 59");
    let raw = String::from_utf8_lossy(&screen.raw).into_owned();
    assert_eq!(raw.matches("! Too fast").count(), 1, "{}", screen.text());
}

/// README, *Lose the network*: each line is new once, however often the connection is lost.
#[test]
fn a_fence_stands_before_private_lines_that_were_missed_and_there_is_none_if_none_were() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    register(&addr, "bob");
    let (relay, ann) = (Relay::to(&addr), Peer::connect(&addr, "ann"));
    let mut screen = log_in(&relay.addr, "bob");
    screen.prompts("#lobby bob>");
    tell(&ann, "bob", "psst before");
    screen.shows("psst before");
    screen.types("\r");
    screen.prompts("#lobby bob>");
    for texts in [&[][..], &["psst one", "psst two"], &[]] {
        relay.close(true);
        relay.cut();
        screen.until("a loss", |text| text.matches("! Lost the server").count() > text.matches("* Back after").count());
        texts.iter().for_each(|text| tell(&ann, "bob", text));
        relay.close(false);
        screen.until("the way back", |text| {
            text.matches("! Lost the server").count() == text.matches("* Back after").count()
        });
        if !texts.is_empty() {
            screen.prompts("#lobby bob (2 new)>");
        }
    }
    screen.types("the end\r");
    screen.shows("bob: the end");
    let text = screen.text();
    assert_eq!(text.matches(": 2 new since ").count(), 1, "{text}");
    assert_eq!((text.matches(" new since ").count(), text.matches("* New since ").count()), (1, 1), "{text}");
    for psst in ["psst before", "psst one", "psst two"] {
        assert_eq!(text.matches(psst).count(), 1, "{text}");
    }
    in_order(&screen, &["* Back after", "@ann: 2 new since ", "psst one", "psst two", "* New since "]);
}

/// README, *The terminal client*: what is said where the person does not talk is counted in the prompt.
#[test]
fn the_prompt_counts_what_came_elsewhere_until_something_is_typed() {
    let server = TestServer::start();
    let addr = server.addr().to_string();
    let mut cat = server.login_in("cat", "#tea");
    let mut screen = Screen::start(&["--server", &addr, "--nick", "bob", "--room", "#tea"]);
    screen.prompts("#tea bob>");
    screen.types("/join #lab\r");
    screen.prompts("#lab bob>");
    cat.say("#tea", "one");
    cat.say("#tea", "two");
    screen.prompts("#lab bob (2 elsewhere)>");
    cat.ask("msg", json!({"to": "bob", "text": "three"})).unwrap();
    screen.prompts("#lab bob (3 elsewhere)>");
    cat.join("#lab");
    cat.say("#lab", "here");
    screen.shows("cat: here");
    screen.prompts("#lab bob (3 elsewhere)>");
    screen.types("/msg cat four\r");
    screen.prompts("#lab bob>");
}
