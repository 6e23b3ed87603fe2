//! The line front, for people with `nc` and telnet.

use roomful::event::Event;

use crate::support::{TestServer, brief};

/// Labs C11, D3: no echo of one's own line.
#[test]
fn d3_the_speaker_at_nc_gets_no_copy() {
    let server = TestServer::start();
    let mut ann = server.nc_login("ann");
    let mut bob = server.nc_login("bob");
    ann.sync();
    assert_eq!(ann.asks("hello"), [""; 0]);
    assert_eq!(ann.asks("/me waves"), [""; 0]);
    assert_eq!(bob.hears(), ["ann: hello", "* ann waves"]);
}

/// Lab D6: the client glued the name on, so names could be forged.
#[test]
fn d6_nobody_can_forge_a_name() {
    let server = TestServer::start();
    let mut ann = server.nc_login("ann");
    let mut eve = server.nc_login("eve");
    let mut cat = server.login_in("cat", "#lobby");
    ann.sync();
    eve.sync();
    ann.types("boris: hi");
    ann.types("[12:00] boris: hi");
    ann.types("* boris joined");
    ann.wire.send("x\rboris: hi\n");
    ann.sync();
    assert_eq!(
        eve.hears(),
        ["ann: boris: hi", "ann: [12:00] boris: hi", "ann: * boris joined", "ann: x", "           | boris: hi"],
        "whatever is sent, the line starts with who said it"
    );
    let froms: Vec<_> =
        cat.sync().iter().filter_map(|e| crate::support::message_of(e).map(|m| m.from.clone())).collect();
    assert!(froms.iter().all(|from| &**from == "ann"), "{froms:?}");
}

/// Lab C12: any text with "exit" in it left the chat.
#[test]
fn c12_the_exit_is_left_is_said() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.sync();
    for text in ["the exit is left", "exit", "quit", "say {quit} to leave", "{quit} he said"] {
        bob.types(text);
        bob.sync();
        assert_eq!(ann.hears(), [format!("#lobby bob: {text}")]);
    }
    bob.types("//quit is how");
    bob.sync();
    assert_eq!(ann.hears(), ["#lobby bob: /quit is how"]);
}

/// Lab E5: a bare `{quit}` leaves, as do `/quit` and its aliases; the reason is told.
#[test]
fn e5_quit_leaves_and_tells_the_others() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    for (typed, told) in [("{quit}", "- bob quit"), ("/quit so long", "- bob quit (so long)"), ("/exit", "- bob quit")]
    {
        let mut bob = server.nc_login("bob");
        bob.types(typed);
        assert_eq!(bob.rest(), ["* Bye."]);
        assert_eq!(brief(&ann.wait(|event| matches!(event, Event::Quit { .. }))), told);
        assert_eq!(ann.hears(), ["#lobby + bob"]);
    }
}

/// An unknown command is never sent as text, and names the nearest one.
#[test]
fn a_mistyped_command_is_not_said() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.sync();
    assert_eq!(bob.asks("/jion #a"), ["! No command \"jion\", did you mean /join? nothing was sent."]);
    assert_eq!(bob.asks("/msg"), ["! NAME is missing; write /msg NAME TEXT."]);
    assert_eq!(bob.asks("/history many"), ["! NUMBER takes how many messages, as a number, not \"many\"."]);
    assert_eq!(bob.asks("/nick two words").len(), 1);
    assert_eq!(bob.asks(""), [""; 0]);
    assert_eq!(ann.sync(), []);
}

/// One table of commands for all fronts.
#[test]
fn every_command_answers_at_nc() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    let mut bob = server.nc_login("bob");
    assert_eq!(bob.asks("/join a").first().unwrap(), "* You are in #a.");
    assert_eq!(bob.asks("/members"), ["* In #a: @ann, bob"]);
    assert_eq!(bob.asks("/names #lobby"), ["* In #lobby: bob"]);
    let who = bob.asks("/who");
    assert!(who[0].starts_with("*   @ann, ~json@") && who[1].contains("bob, ~line@"), "{who:?}");
    assert_eq!(bob.asks("/who #lobby").len(), 1);
    assert!(bob.asks("/who AN*")[0].starts_with("*   ann, ~json@"));
    assert_eq!(bob.asks("/who nobody"), ["* Nobody here is meant by that."]);
    assert_eq!(bob.asks("/whowas gleb"), ["* Nobody called gleb has left lately."]);
    assert_eq!(bob.asks("/rooms"), ["* 2 rooms:", "*   #a  2", "*   #lobby  1"]);
    assert_eq!(bob.asks("/topic"), ["* #a has no topic."]);
    assert_eq!(bob.asks("/topic skis")[0], "* The topic of #a is: skis");
    assert_eq!(bob.asks("/history"), ["* Nobody has said anything in #a yet."]);
    assert_eq!(bob.asks("/nick Boris"), ["* You are Boris now."]);
    assert!(bob.asks("/topic")[1].starts_with("* bob set it, "), "under the name of then");
    assert_eq!(bob.asks("/away tea"), ["* You are away: tea"]);
    assert_eq!(bob.asks("/back"), ["* You are back."]);
    assert_eq!(bob.asks("/msg ann hi"), [""; 0]);
    assert_eq!(bob.asks("/help join").len(), 1);
    assert!(bob.asks("/help").len() > 10);
    ann.ask("msg", serde_json::json!({"to": "boris", "text": "hi"})).unwrap();
    ann.ask("say", serde_json::json!({"text": "in a"})).unwrap();
    let lines = bob.hears();
    assert!(lines[0].ends_with("ann to Boris only: hi"), "{lines:?}");
    assert_eq!(lines[1], "ann: in a");
    assert_eq!(bob.asks("/leave"), ["* You left #a."]);
    assert_eq!(bob.asks("/reply you too"), [""; 0]);
    assert_eq!(ann.hears().last().unwrap(), "Boris to ann: you too");
}

/// Recent lines are fenced and dated, so nobody takes them for new ones.
#[test]
fn what_was_said_before_is_fenced_and_dated() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    ann.say("#lobby", "before");
    let shown = server.nc().login("bob");
    let fence = shown.iter().position(|line| line.starts_with("--- #lobby, ")).expect("a fence with the date");
    assert!(shown[fence + 1].ends_with("ann: before"), "{shown:?}");
    assert_eq!(shown[fence + 2], "--- now, after 1 earlier message ---");
}

/// A line about another room than the one talked in names it.
#[test]
fn a_line_from_another_room_names_it() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    bob.asks("/join #b");
    ann.say("#lobby", "over there");
    assert_eq!(bob.hears(), ["#lobby ann: over there"]);
    bob.asks("/join #lobby");
    ann.say("#lobby", "here");
    assert_eq!(bob.hears(), ["ann: here"]);
}
