//! Accounts and the client, against the real server: logging in, several sessions, unread counts, order. Ids are those of the lab reports.

use std::fs;

use roomful::answer::Done;
use roomful::client::{Client, ClientError, News, Options};
use roomful::command::Secret;
use roomful::event::Event;
use roomful::model::Message;

use crate::client_relay::Relay;
use crate::client_support::{DEADLINE, Peer};
#[cfg(unix)]
use crate::client_support::{Screen, never_seen};
use crate::support::TestServer;

const PASSWORD: &str = "тайна берёзы 7";

fn register(addr: &str, nick: &str) {
    let peer = Peer::connect(addr, nick);
    let done = peer.0.ask("register", &[("password", PASSWORD.into())], DEADLINE);
    assert!(matches!(done, Ok(Done::Register { .. })), "{done:?}");
    assert!(peer.0.is_logged_in());
    peer.0.quit(None);
}

fn log_in(addr: &str, nick: &str) -> Peer {
    let options = Options { nick: Some(nick.into()), password: Some(PASSWORD.into()), ..Options::default() };
    Peer(Client::connect(addr, options).unwrap())
}

fn message(news: &News) -> Option<&Message> {
    match news {
        News::Event(Event::Message(message)) => Some(message),
        _ => None,
    }
}

#[test]
fn b3_the_right_password_lets_in_and_a_wrong_one_does_not() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    register(&addr, "anna");
    let anna = log_in(&addr, "anna");
    assert!(anna.0.is_logged_in() && anna.0.nick() == "anna");
    let options = |password: Option<&str>| Options {
        nick: Some("anna".into()),
        password: password.map(Secret::from),
        ..Options::default()
    };
    for (password, wanted) in [(Some("not the password"), "login-failed"), (None, "nick-registered")] {
        match Client::connect(&addr, options(password)) {
            Err(ClientError::Refused { code, .. }) => assert_eq!(code, wanted),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn b9_a_line_of_ones_own_shows_in_the_other_session() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    register(&addr, "anna");
    let (desk, phone, boris) = (log_in(&addr, "anna"), log_in(&addr, "anna"), Peer::connect(&addr, "boris"));
    desk.say("from the desk");
    assert_eq!((phone.hears("from the desk"), boris.hears("from the desk")), ("anna".into(), "anna".into()));
    let tag = desk.0.msg("boris", "psst").unwrap();
    assert!(desk.0.wait_for(&tag, DEADLINE));
    phone.until("the own private line", |news| match news {
        News::Event(Event::Private { from, to, text, .. }) => {
            assert_eq!((&**from, &**to, &**text), ("anna", "boris", "psst"));
            Some(())
        }
        _ => None,
    });
}

#[test]
fn b5_what_came_meanwhile_is_unread_until_it_is_said_to_be_read() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    register(&addr, "anna");
    let anna = log_in(&addr, "anna");
    anna.say("here");
    anna.0.quit(None);
    let boris = Peer::connect(&addr, "boris");
    (0..3).for_each(|i| boris.say(&format!("line {i}")));
    let tag = boris.0.msg("anna", "call me").unwrap();
    assert!(boris.0.wait_for(&tag, DEADLINE));
    let unread = |peer: &Peer, place: &str| match peer.0.ask("chats", &[], DEADLINE).unwrap() {
        Done::Chats { chats, .. } => chats.iter().find(|chat| &*chat.room == place).map(|chat| chat.unread),
        other => panic!("{other:?}"),
    };
    let anna = log_in(&addr, "anna");
    assert!(unread(&anna, "#lobby") >= Some(3) && unread(&anna, "@boris") == Some(1));
    anna.until("the history", |news| matches!(news, News::Event(Event::History(_))).then_some(()));
    anna.0.mark_read("#lobby");
    assert_eq!(unread(&anna, "#lobby"), Some(0));
    assert_eq!(unread(&anna, "@boris"), Some(1));
}

#[test]
fn a_lost_connection_logs_in_again_and_hears_what_was_missed_once() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    register(&addr, "anna");
    let relay = Relay::to(&addr);
    let (anna, boris) = (log_in(&relay.addr, "anna"), Peer::connect(&addr, "boris"));
    boris.say("before");
    anna.hears("before");
    relay.cut();
    (0..150).for_each(|i| boris.say(&format!("missed {i}")));
    anna.until("the way back", |news| matches!(news, News::Back { instead_of: None, .. }).then_some(()));
    boris.say("after");
    let mut texts = Vec::new();
    anna.until("the rest", |news| {
        match news {
            News::Event(Event::History(history)) => texts.extend(history.messages.iter().map(|m| m.text.to_string())),
            news => texts.extend(message(news).map(|message| message.text.to_string())),
        }
        texts.last().is_some_and(|text| text == "after").then_some(())
    });
    let wanted: Vec<String> = (0..150).map(|i| format!("missed {i}")).chain(["after".to_owned()]).collect();
    assert_eq!(texts, wanted);
    assert!(anna.0.is_logged_in());
}

#[cfg(unix)]
#[test]
fn a_deleted_line_is_told_without_its_words_and_shown_as_deleted() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    let boris = Peer::connect(&addr, "boris");
    let mut screen = Screen::start(&["--server", &addr, "--nick", "anna"]);
    screen.prompts("#lobby anna>");
    boris.say("something hasty");
    screen.shows("boris: something hasty");
    assert!(matches!(boris.0.ask("delete", &[("room", "#lobby".into())], DEADLINE), Ok(Done::Delete { .. })));
    screen.shows("* boris deleted message 1 of boris");
    // It was said once, and the deletion does not say it again.
    assert_eq!(screen.text().matches("something hasty").count(), 1, "{}", screen.text());
    screen.types("/history\r");
    screen.shows(" 1 boris: (deleted)");
}

#[cfg(unix)]
#[test]
fn a_person_who_is_put_out_is_told_by_whom_and_talks_elsewhere() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    let boris = Peer::connect(&addr, "boris");
    assert!(matches!(boris.0.ask("join", &[("room", "#chess".into())], DEADLINE), Ok(Done::Join { .. })));
    let mut screen = Screen::start(&["--server", &addr, "--nick", "anna"]);
    screen.prompts("#lobby anna>");
    screen.types("/join chess\r");
    screen.prompts("#chess anna>");
    let fields = [("room", "#chess".into()), ("nick", "anna".into()), ("text", "too loud".into())];
    let kicked = boris.0.ask("kick", &fields, DEADLINE);
    assert!(matches!(kicked, Ok(Done::Kick(_))), "{kicked:?}");
    screen.shows("* boris put you out of #chess (too loud)");
    screen.types("\r");
    screen.prompts("#lobby anna>");
}

#[cfg(unix)]
#[test]
fn all_that_is_typed_about_accounts_works_on_a_terminal() {
    let server = TestServer::with_database();
    let addr = server.addr().to_string();
    let mut screen = Screen::start(&["--server", &addr, "--nick", "anna"]);
    screen.prompts("#lobby anna>");
    screen.types("/register\r");
    screen.prompts("New password:");
    screen.types(&format!("{PASSWORD}\r{PASSWORD}\r"));
    screen.shows("* anna is your account now");
    screen.types("/logout\r");
    screen.shows("* You are a guest now: ");
    screen.types("/login anna\r");
    screen.prompts("Password:");
    screen.types("zebra crossing\r");
    screen.shows("! Wrong name or password.");
    screen.types(&format!("/login anna\r{PASSWORD}\r"));
    screen.shows("* You are logged in as anna.");
    screen.prompts("#lobby anna>");
    screen.types("/search anything\r");
    screen.shows("* Nothing found.");
    screen.types("/chats\r");
    screen.shows("* Your rooms and conversations:");
    screen.types(&format!("/delete-account\r{PASSWORD}\r"));
    screen.shows("* The account is deleted.");
    never_seen(&screen, PASSWORD);
    never_seen(&screen, "zebra crossing");
    assert!(fs::metadata("roomful.db").is_err(), "tests keep nothing in the present folder");
}
