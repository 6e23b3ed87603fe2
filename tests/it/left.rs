//! Rooms that are left behind: they end, and everybody can make one. (protocol.md, What is stored)

use serde_json::json;

use crate::support::{Peer, TestServer, eventually};

/// A room with a topic that its maker has left.
fn leaves_behind(peer: &mut Peer, room: &str, messages: usize) {
    peer.join(room);
    peer.does("topic", json!({"topic": "mine"}));
    for _ in 0..messages {
        peer.say(room, "x");
    }
    peer.leave(room);
    peer.sync();
}

fn rooms(peer: &mut Peer) -> Vec<String> {
    let done = serde_json::to_value(peer.does("rooms", json!({}))).expect("an answer is JSON");
    done["rooms"].as_array().expect("a list").iter().map(|room| room["room"].as_str().unwrap().to_owned()).collect()
}

/// limits.md, `rooms`: one guest fills the server with rooms and leaves; everybody can still make one, also after a restart.
#[test]
fn a_guest_who_fills_the_server_with_rooms_and_leaves_stops_nobody_from_making_one() {
    let server = TestServer::with_database_and(|limits| limits.rooms = 20);
    let mut eve = server.login("eve");
    (0..30).for_each(|i| leaves_behind(&mut eve, &format!("#e{i}"), 0));
    eve.quit();
    let server = server.restarted();
    let mut ann = server.login("ann");
    assert_eq!(rooms(&mut ann).len(), 20);
    (0..19).for_each(|i| drop(ann.join(&format!("#a{i}"))));
    assert_eq!(ann.code("join", json!({"room": "#one-more"})), "server-rooms-full", "ann is in all of them");
}

/// limits.md, `rooms-left`: of the rooms that the guests of one address left, the one in which least was said ends.
#[test]
fn of_too_many_rooms_left_behind_the_one_in_which_least_was_said_ends() {
    let server = TestServer::with_database_and(|limits| limits.rooms_left = 2);
    let mut eve = server.login("eve");
    leaves_behind(&mut eve, "#much", 3);
    leaves_behind(&mut eve, "#little", 1);
    // Coming back as another guest makes no other of her.
    eve.quit();
    let mut eve = server.login("mallory");
    leaves_behind(&mut eve, "#some", 2);
    assert_eq!(rooms(&mut eve), ["#lobby", "#much", "#some"]);
    // An account has its own.
    let mut ann = server.account("ann");
    leaves_behind(&mut ann, "#ann", 0);
    assert_eq!(rooms(&mut ann), ["#ann", "#lobby", "#much", "#some"]);
}

/// limits.md, `empty-days`: an empty room that is not registered ends; one with a member in it, or with an owner, does not.
#[test]
fn a_room_that_was_empty_for_long_ends_unless_it_is_registered() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    leaves_behind(&mut ann, "#old", 1);
    ann.join("#here");
    ann.join("#owned");
    ann.does("register-room", json!({}));
    ann.leave("#owned");
    let now = roomful::session::hub::now();
    assert!(!server.hub().chat.end_left(now - 60_000, 64, now), "it is not so old");
    assert_eq!(rooms(&mut ann), ["#here", "#lobby", "#old", "#owned"]);
    assert!(!server.hub().chat.end_left(now + 60_000, 64, now));
    assert_eq!(rooms(&mut ann), ["#here", "#lobby", "#owned"]);
    eventually("the end of the room is kept", || {
        let mut bob = server.login("bob");
        let made = bob.join("#old").seq;
        bob.quit();
        made == 0
    });
}
