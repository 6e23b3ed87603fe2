//! The client without a screen, over connections that break.

use std::time::Duration;

use roomful::client::trust::Trust;
use roomful::client::{Client, ClientError, News, Options, Unsent, greet};
use roomful::event::Event;

use crate::client_relay::{Relay, fake_server};
use crate::client_support::{DEADLINE, Peer, ServerProgram};

/// Every message in order, until the one that says `last`.
fn messages_until(peer: &Peer, last: &str) -> Vec<String> {
    let mut texts = Vec::new();
    peer.until(last, |news| {
        match news {
            News::Event(Event::Message(message)) => texts.push(message.text.to_string()),
            News::Event(Event::History(history)) => {
                texts.extend(history.messages.iter().map(|message| message.text.to_string()));
            }
            _ => {}
        }
        texts.last().is_some_and(|text| text == last).then_some(())
    });
    texts
}

/// Lab report B, 11: the network apart from the screen; here there is none.
#[test]
fn b11_missed_messages_come_once_and_in_order_after_a_lost_connection() {
    let server = ServerProgram::start();
    let (ann, relay) = (server.peer("ann"), Relay::to(&server.addr));
    let bob = Peer::connect(&relay.addr, "bob");
    ann.say("before");
    bob.hears("before");
    relay.cut();
    for i in 0..30 {
        ann.say(&format!("missed {i}"));
    }
    bob.until("the way back", |news| matches!(news, News::Back { .. }).then_some(()));
    ann.say("after");
    let wanted: Vec<String> = (0..30).map(|i| format!("missed {i}")).chain(["after".to_owned()]).collect();
    assert_eq!(messages_until(&bob, "after"), wanted);
}

#[test]
fn a_line_whose_answer_was_lost_is_not_said_twice() {
    let server = ServerProgram::start();
    let (ann, relay) = (server.peer("ann"), Relay::to(&server.addr));
    let bob = Peer::connect(&relay.addr, "bob");
    relay.swallow();
    let said = bob.0.say("#lobby", "once").unwrap();
    ann.hears("once");
    relay.cut();
    let unsent = bob.0.say("#lobby", "then").unwrap();
    assert!(bob.0.wait_for(&said, DEADLINE) && bob.0.wait_for(&unsent, DEADLINE));
    ann.say("end");
    assert_eq!(messages_until(&ann, "end"), ["then", "end"]);
    assert_eq!(messages_until(&bob, "end"), ["once", "then", "end"]);
}

#[test]
fn nobody_notices_a_client_that_comes_back_before_being_missed() {
    let server = ServerProgram::start();
    let (ann, relay) = (server.peer("ann"), Relay::to(&server.addr));
    let bob = Peer::connect(&relay.addr, "bob");
    relay.cut();
    bob.until("the way back", |news| match news {
        News::Back { nick, instead_of, .. } => Some((nick.clone(), instead_of.clone())),
        _ => None,
    });
    assert_eq!(bob.0.nick(), "bob");
    bob.say("here again");
    assert_eq!(ann.hears("here again"), "bob");
}

#[test]
fn a_client_that_finds_its_name_taken_takes_the_one_that_is_offered() {
    let server = ServerProgram::start();
    let relay = Relay::to(&server.addr);
    let bob = Peer::connect(&relay.addr, "bob");
    let ann = server.peer("ann");
    relay.close(true);
    relay.cut();
    assert_eq!(ann.sees_going("bob"), "lost");
    let _other = server.peer("bob");
    relay.close(false);
    let instead_of = bob.until("the way back", |news| match news {
        News::Back { instead_of, .. } => Some(instead_of.clone()),
        _ => None,
    });
    assert_eq!((instead_of.as_deref(), bob.0.nick().as_str()), (Some("bob"), "bob2"));
}

#[test]
fn so_many_lines_wait_while_there_is_no_connection_and_no_more() {
    let server = ServerProgram::start();
    let bob = server.peer("bob");
    drop(server);
    bob.until("the loss", |news| matches!(news, News::Lost { first: true, .. }).then_some(()));
    for i in 0..64 {
        bob.0.say("#lobby", &i.to_string()).unwrap();
    }
    assert_eq!(bob.0.say("#lobby", "65"), Err(Unsent::Full(64)));
    assert_eq!(bob.0.request("rooms", &[]), Err(Unsent::NotConnected));
    assert_eq!(bob.0.unanswered().len(), 64);
}

#[test]
fn a_text_is_taken_up_to_the_servers_limit() {
    let server = ServerProgram::start();
    let bob = server.peer("bob");
    for (length, taken) in [(3999, true), (4000, true), (4001, false)] {
        assert_eq!(bob.0.say("#lobby", &"ы".repeat(length)).is_ok(), taken, "{length}");
    }
    assert!(bob.0.settle(0).is_none());
}

#[test]
fn lines_that_are_no_events_are_handed_on_and_harm_nothing() {
    let addr = fake_server(concat!(
        r##"{"type":"hello","version":1,"server":"x","offer":"a","lobby":"#l","text":10,"line_bytes":512,"ping_after":9,"rate":2,"rate_burst":10,"file_bytes":0,"kept":true}"##,
        "\n",
        r#"{"type":"ok","for":"hello","nick":"a","resume":"r"}"#,
        "\n{\"type\":\"wonder\"}\nnonsense \u{1b}[2J\n\n{\"type\":\"message\",\"seq\":-1}\n",
    ));
    let options = Options { rooms: Some(Vec::new()), retry: Some(Duration::ZERO), ..Options::default() };
    let client = Client::connect(&addr, Options { nick: Some("a".into()), ..options }).unwrap();
    let mut others = Vec::new();
    while let Some(news) = client.recv() {
        if let News::Other(line) = news {
            others.push(line);
        }
    }
    assert_eq!(others, ["{\"type\":\"wonder\"}", "nonsense [2J", "{\"type\":\"message\",\"seq\":-1}"]);
    assert!(client.end().is_some());
}

#[test]
fn a_greeting_offers_a_name_that_is_taken() {
    let server = ServerProgram::start();
    let greeting = greet(&server.addr, Trust::default()).unwrap();
    assert!(greeting.server.starts_with("roomful"));
    let bob = server.peer(&greeting.offer);
    assert_eq!(bob.0.nick(), greeting.offer);
    assert!(matches!(greet("127.0.0.1:1", Trust::default()), Err(ClientError::Connect { .. })));
}
