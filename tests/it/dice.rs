//! Dice: the server says what came, to all alike, and nobody else can say it. (protocol.md, `roll`)

use std::time::Duration;

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::Message;
use serde_json::{Value, json};

#[cfg(unix)]
use crate::client_support::enter;
use crate::client_support::{ServerProgram, run};
use crate::support::{TestServer, message_of};

/// What came: how many dice of how many sides, and the faces. Their sum is right.
fn faces(text: &str, name: &str) -> (String, Vec<u64>) {
    let thrown = text.strip_prefix(&format!("{name} rolls ")).unwrap_or_else(|| panic!("{text}"));
    let (dice, rest) = thrown.split_once(": ").unwrap();
    let (all, sum) = rest.split_once(" = ").unwrap_or((rest, rest));
    let faces: Vec<u64> = all.split(" + ").map(|face| face.parse().unwrap()).collect();
    assert_eq!(faces.iter().sum::<u64>().to_string(), sum, "{text}");
    (dice.to_owned(), faces)
}

fn said(event: &Event) -> Message {
    message_of(event).map(|message| (**message).clone()).unwrap_or_else(|| panic!("{event:?}"))
}

#[test]
fn all_hear_the_same_dice_in_the_order_of_the_room_on_both_fronts() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login_in("ann", "#lobby"), server.nc_login("bob"));
    ann.sync();
    let Done::Say { room, seq, time, again: false } = ann.does("roll", json!({"room": "#lobby", "dice": "3D4"})) else {
        panic!("a roll is answered as a line that is said");
    };
    let message = said(&ann.sync()[0]);
    assert_eq!((&message.room, message.seq, message.time, &*message.from), (&room, seq, time, "server"));
    let (dice, thrown) = faces(&message.text, "ann");
    assert_eq!((&*dice, thrown.len()), ("3d4", 3));
    assert!(thrown.iter().all(|face| (1..=4).contains(face)), "{thrown:?}");
    assert_eq!(bob.hears(), [format!("server: {}", message.text)]);
    // A person's own line is not repeated to them, but what the server says of them is.
    bob.types("/roll");
    let heard = bob.hears();
    let message = said(&ann.sync()[0]);
    assert_eq!((heard, message.seq), (vec![format!("server: {}", message.text)], seq + 1));
    assert_eq!(faces(&message.text, "bob").0, "1d6");
    assert_eq!(bob.asks("/roll d1000").len(), 1);
    assert_eq!(faces(&said(&ann.sync()[0]).text, "bob").0, "1d1000");
}

/// Of 400 throws each face comes about 67 times; that one does not come happens once in 10^30.
#[test]
fn every_face_comes() {
    let server = TestServer::with(|limits| limits.rate = 0);
    let mut ann = server.login_in("ann", "#a");
    let mut seen = [0; 6];
    for _ in 0..20 {
        ann.does("roll", json!({"room": "#a", "dice": "20d6"}));
        for face in faces(&said(&ann.sync()[0]).text, "ann").1 {
            seen[usize::try_from(face).unwrap() - 1] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 0) && seen.iter().sum::<u32>() == 400, "{seen:?}");
}

#[test]
fn nobody_can_say_what_the_server_says() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login_in("ann", "#lobby"), server.nc_login("bob"));
    ann.sync();
    assert_eq!(ann.code("nick", json!({"nick": "Server"})), "nick-reserved");
    for kind in ["say", "me"] {
        ann.does(kind, json!({"room": "#lobby", "text": "server: ann rolls 2d6: 6 + 6 = 12"}));
        assert_eq!(&*said(&ann.sync()[0]).from, "ann");
    }
    let forged = "ann rolls 2d6: 6 + 6 = 12";
    assert_eq!(bob.hears(), [format!("ann: server: {forged}"), format!("* ann server: {forged}")]);
}

#[test]
fn dice_that_nobody_has_are_refused_and_the_range_is_told() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login_in("ann", "#lobby"), server.nc_login("bob"));
    let range = "takes 1 to 20 dice of 2 to 1000 sides, as in 2d6";
    let bad =
        ["", "6", "d", "2d", "0d6", "21d6", "2d1", "2d1001", "+2d6", "2d+6", "-1d6", "2d6d6", "2 d6", "²d6", "xdy"];
    for dice in bad.map(Value::from).into_iter().chain(["9".repeat(400).into(), 6.into(), json!(["2d6"])]) {
        let refusal = ann.refusal("roll", json!({"dice": dice}));
        assert_eq!(refusal.code, "bad-field", "{dice}");
        assert!(!dice.is_string() || refusal.text.starts_with(&format!("dice {range}, not \"")), "{}", refusal.text);
    }
    assert_eq!(bob.asks("/roll 21d6"), [format!("! NdM {range}, not \"21d6\".")]);
    for dice in ["20d1000", "1d2"] {
        ann.does("roll", json!({"room": "#lobby", "dice": dice}));
        assert!(bob.hears().concat().contains(dice));
    }
}

#[test]
fn what_holds_for_a_line_holds_for_dice() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    ann.does("mute", json!({"room": "#a", "nick": "bob"}));
    assert_eq!(bob.code("roll", json!({"room": "#a"})), "muted");
    ann.does("unmute", json!({"room": "#a", "nick": "bob"}));
    ann.does("settings", json!({"room": "#a", "announcements": true}));
    assert_eq!(bob.code("roll", json!({"room": "#a"})), "announcements-only");
    ann.does("settings", json!({"room": "#a", "announcements": false}));
    assert_eq!(bob.code("roll", json!({"room": "#none"})), "no-such-room");
    let token = bob.resume.clone();
    let line = json!({"room": "#a", "dice": "2d20", "tag": "mine"});
    bob.send("roll", line.clone());
    let Ok(Done::Say { seq: 1, time, again: false, .. }) = bob.answer("mine") else { panic!() };
    bob.send("roll", line.clone());
    let again = Done::Say { room: "#a".into(), seq: 1, time, again: true };
    assert_eq!(bob.answer("mine").unwrap(), again);
    let [thrown] = &ann.texts("#a")[..] else { panic!("one roll is in the history") };
    drop(bob);
    // It is stored as it came, and the tag is known: dice are not thrown again by who comes back.
    let server = server.restarted();
    let (mut bob, _) = server.come_back(&token);
    bob.join("#a");
    bob.send("roll", line);
    assert_eq!(bob.answer("mine").unwrap(), again);
    let page = bob.history(json!({"room": "#a"}));
    let [message] = &page.messages[..] else { panic!("{page:?}") };
    assert_eq!((&*message.from, &*message.text), ("server", &**thrown));
    // It is the thrower's own, to take back; everybody sees that it was.
    bob.does("delete", json!({"room": "#a", "seq": 1}));
    assert!(bob.history(json!({"room": "#a"})).messages[0].deleted);
}

#[cfg(unix)]
#[test]
fn the_client_shows_dice_on_a_pipe_on_a_terminal_and_to_a_program() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "cat");
    let (code, out, err) = run(&["--server", &server.addr, "--nick", "bob", "--retry", "0"], "/roll 2d6\n");
    assert_eq!(code, 0, "{err}");
    screen.shows("server: bob rolls 2d6: ");
    assert!(out.contains("server: bob rolls 2d6: "), "{out}");
    screen.types("/rol\td20\r");
    screen.shows("server: cat rolls 1d20: ");
    let done = ann.0.ask("roll", &[("room", "#lobby".into())], Duration::from_secs(5));
    assert!(matches!(done, Ok(Done::Say { .. })), "{done:?}");
    screen.shows("server: ann rolls 1d6: ");
    screen.types("/help roll\r");
    screen.shows("/roll [NdM]");
}
