//! What IRC clients are told, with others of their person and people on other fronts beside them. Knows no registration.

use roomful::event::Event;
use serde_json::json;

use crate::support::{IrcPeer, PASSWORD, TestServer};

/// One more session of the account `nick`, with these capabilities.
fn session(server: &TestServer, nick: &str, caps: &str) -> IrcPeer {
    let mut peer = server.irc();
    peer.says(&format!("CAP REQ :{caps}"));
    peer.says(&format!("PASS :{nick}:{PASSWORD}"));
    peer.says(&format!("NICK {nick}"));
    peer.says("USER user 0 * :about me");
    peer.says("CAP END");
    peer.sync();
    peer
}

/// A guest with these capabilities.
fn guest(server: &TestServer, nick: &str, caps: &str) -> IrcPeer {
    let mut peer = server.irc();
    peer.says(&format!("CAP REQ :{caps}"));
    peer.says(&format!("NICK {nick}"));
    peer.says("USER user 0 * :about me");
    peer.says("CAP END");
    peer.sync();
    peer
}

fn count(lines: &[String], part: &str) -> usize {
    lines.iter().filter(|line| line.contains(part)).count()
}

#[test]
fn what_one_session_says_its_others_show_as_their_own_and_everybody_else_once() {
    let server = TestServer::with_database();
    let _anna = server.account_in("anna", "#a");
    let mut boris = guest(&server, "boris", "server-time");
    boris.asks("JOIN #a");
    for (caps, echoes, can_show) in [("batch", 0, false), ("echo-message", 1, true), ("znc.in/self-message", 0, true)] {
        let mut one = session(&server, "anna", caps);
        let mut two = session(&server, "anna", caps);
        boris.sync();
        let said = one.asks("PRIVMSG #a :to all");
        assert_eq!(count(&said, " PRIVMSG #a :to all"), echoes, "{caps}: {said:#?}");
        let said = one.asks("PRIVMSG boris :psst");
        assert_eq!(count(&said, " PRIVMSG boris :psst"), echoes, "{caps}: {said:#?}");
        let seen = two.sync();
        assert_eq!(count(&seen, ":anna!") - count(&seen, " PRIVMSG boris "), 1, "{caps}: {seen:#?}");
        let private = if can_show { " PRIVMSG boris :psst" } else { " NOTICE anna :-> boris: psst" };
        assert_eq!((seen.len(), count(&seen, private)), (2, 1), "{caps}: {seen:#?}");
        let heard = boris.sync();
        assert_eq!((heard.len(), count(&heard, ":psst"), count(&heard, ":to all")), (2, 1, 1), "{caps}: {heard:#?}");
    }
}

#[test]
fn a_label_is_answered_whatever_comes_between() {
    let server = TestServer::start();
    let mut anna = guest(&server, "anna", "labeled-response batch echo-message");
    let mut boris = server.irc_login("boris");
    boris.asks("JOIN #a");
    anna.gets("@label=1 PING x", &["@label=1 :irc.roomful PONG irc.roomful :x"]);
    let joined = anna.asks("@label=2 JOIN #a,#b");
    assert!(joined[0].starts_with("@label=2 ") && joined[0].ends_with(" labeled-response"), "{joined:#?}");
    assert_eq!((count(&joined, " JOIN #"), count(&joined, "label="), count(&joined, "BATCH -")), (2, 1, 1));
    anna.gets("@label=3 NOTICE boris :x", &["@label=3 * NOTICE boris :x"]);
    anna.gets("@label=4 PRIVMSG #nowhere :x", &["@label=4 * 40? anna #nowhere :*"]);
    anna.gets("@label=5 MODE #b -b nobody!*@*", &["@label=5 :irc.roomful ACK"]);
    anna.wire.send(b"@label=7 PRIVMSG #a :\xff\r\n");
    let told = anna.sync();
    assert_eq!((told.len(), count(&told, "@label=7 "), count(&told, " INVALID_UTF8 ")), (1, 1, 1), "{told:#?}");
    // What others say goes without it, and a label is for its sender only.
    boris.says("PRIVMSG #a :before");
    boris.sync();
    let said = anna.asks("@label=6 PRIVMSG #a,boris :two");
    assert_eq!((count(&said, "batch="), count(&said, ":before")), (2, 1), "{said:#?}");
    let heard = boris.sync();
    assert_eq!((count(&heard, ":two"), count(&heard, "@")), (2, heard.len()), "{heard:#?}");
    assert_eq!(count(&heard, "label"), 0, "{heard:#?}");
}

#[test]
fn history_is_told_in_pages_that_put_together_are_the_whole() {
    let server = TestServer::with_database();
    let mut json = server.login("boris");
    let mut irc = guest(&server, "anna", "batch draft/chathistory message-tags server-time");
    for said in [0, 1, 100, 101] {
        let room = format!("#r{said}");
        json.join(&room);
        for number in 1..=said {
            json.say(&room, &number.to_string());
        }
        assert_eq!(count(&irc.asks(&format!("JOIN {room}")), "BATCH"), 0, "it asks by itself");
        let mut page = irc.asks(&format!("CHATHISTORY LATEST {room} * 500"));
        let mut found = 0;
        loop {
            assert!(page[0].ends_with(&format!(" chathistory {room}")), "{page:#?}");
            let told = count(&page, " PRIVMSG ");
            assert_eq!(told, page.len() - 2);
            found += told;
            if told == 0 {
                break;
            }
            let id = page[1].split_once("msgid=").unwrap().1.split([' ', ';']).next().unwrap();
            page = irc.asks(&format!("CHATHISTORY BEFORE {room} msgid={id} 100"));
        }
        assert_eq!(found, said);
    }
    irc.gets("CHATHISTORY LATEST #nowhere * 5", &[":irc.roomful FAIL CHATHISTORY INVALID_TARGET LATEST #nowhere :*"]);
    // Clients that cannot ask are shown what was said last, if they can tell it from what is said now.
    for (caps, told) in [("batch", 20), ("server-time", 20), ("setname", 0)] {
        let mut peer = guest(&server, "vera", caps);
        assert_eq!(count(&peer.asks("JOIN #r101"), " PRIVMSG "), told, "{caps}");
        peer.says("QUIT");
        peer.rest();
    }
}

#[test]
fn people_on_all_fronts_are_in_one_room() {
    let server = TestServer::with_database();
    let mut json = server.login_in("boris", "#лыжи");
    let mut irc = guest(&server, "anna", "draft/message-redaction message-tags");
    let mut plain = server.irc_login("vera");
    for peer in [&mut irc, &mut plain] {
        peer.asks("JOIN #ЛЫЖИ");
    }
    irc.sync();
    json.sync();
    // A text that is longer than a line of IRC comes in pieces, and nothing of it is lost.
    let words = "слово и ещё одно ".repeat(230);
    json.say("#лыжи", words.trim());
    let told = plain.sync();
    assert!(told.len() > 10 && told.iter().all(|line| line.len() <= 510), "{told:#?}");
    let text: String = told.iter().map(|line| line.split_once(" PRIVMSG #лыжи :").unwrap().1).collect();
    assert_eq!(text, words.trim());
    let told = irc.sync();
    assert_eq!(count(&told, "msgid="), 1, "one message has one id");
    // It is taken back: one client removes it, the other is told.
    json.does("delete", json!({"room": "#лыжи", "seq": 1, "text": "long"}));
    assert_eq!(count(&irc.sync(), " REDACT #лыжи "), 1);
    let told = plain.sync();
    assert_eq!(
        (count(&told, " NOTICE #лыжи :boris deleted a message of "), count(&told, " (long)")),
        (1, 1),
        "{told:#?}"
    );
    // Put out by a person on another front, and in again.
    json.does("kick", json!({"room": "#лыжи", "nick": "anna", "text": "out"}));
    let told = irc.sync();
    assert_eq!((told.len(), count(&told, ":boris!"), count(&told, " KICK #лыжи anna :out")), (1, 1, 1), "{told:#?}");
    assert_eq!(count(&irc.asks("JOIN #лыжи"), " JOIN #лыжи"), 1);
    // What it sets, others see as what it is.
    plain.sync();
    json.does("settings", json!({"room": "#лыжи", "announcements": true, "limit": 9}));
    assert_eq!(count(&plain.sync(), " MODE #лыжи +lm 9") + count(&irc.sync(), " MODE #лыжи +lm 9"), 2);
}

#[test]
fn join_0_leaves_all_rooms_also_those_of_the_line_before() {
    let server = TestServer::start();
    let mut anna = guest(&server, "anna", "labeled-response batch");
    let mut boris = server.irc_login("boris");
    boris.asks("JOIN #a,#b,#c");
    anna.asks("JOIN #a,#b");
    boris.sync();
    anna.wire.send(b"JOIN #c\r\n@label=1 JOIN 0\r\n");
    let told = anna.sync();
    assert_eq!((count(&told, " PART #"), count(&told, "@label=1 ")), (3, 1), "{told:#?}");
    assert_eq!(count(&boris.sync(), " PART #"), 3);
    // A client that is nowhere is told nothing.
    anna.gets("@label=2 JOIN 0", &["@label=2 :irc.roomful ACK"]);
    anna.gets("JOIN 0", &[]);
}

#[test]
fn a_login_in_the_middle_is_one_batch_and_history_without_messages_is_empty() {
    let server = TestServer::with_database();
    let (_anna, _boris) = (server.account_in("anna", "#a"), server.account_in("boris", "#b"));
    let caps = "labeled-response batch draft/chathistory echo-message message-tags account-tag";
    let mut vera = guest(&server, "vera", caps);
    vera.asks("JOIN #a");
    vera.gets("@+typing=active TAGMSG #a", &["@+typing=active * TAGMSG #a"]);
    let told = vera.asks(&format!("@label=1 PRIVMSG NickServ :IDENTIFY anna {PASSWORD}"));
    // It leaves the rooms of the guest, and comes to those of the account.
    let (begin, last) = (&told[0], told.iter().rposition(|line| line.contains("BATCH -")).unwrap());
    assert!(begin.starts_with("@label=1 ") && begin.ends_with(" labeled-response"), "{told:#?}");
    assert_eq!(count(&told[..last], "@batch="), last - 1, "{told:#?}");
    assert_eq!((count(&told, " PART #a"), count(&told, " 900 "), count(&told, " NICK anna")), (1, 1, 1), "{told:#?}");
    let told = vera.asks("@label=2 CHATHISTORY LATEST boris * 5");
    assert_eq!((told.len(), count(&told, "@label=2 "), count(&told, " chathistory boris")), (2, 1, 1), "{told:#?}");
    vera.gets("PART #a", &["@account=anna * PART #a"]);
}

#[test]
fn an_invitation_is_told_to_the_ops_who_ask_for_it_and_to_no_other_member() {
    let server = TestServer::with_database();
    let (mut op, mut plain) = (guest(&server, "anna", "invite-notify"), guest(&server, "boris", "invite-notify"));
    let mut json = server.login("vera");
    op.asks("JOIN #a");
    plain.asks("JOIN #a");
    let mut inviter = server.login_in("gleb", "#a");
    op.sync();
    inviter.does("invite", json!({"room": "#a", "nick": "vera"}));
    let told = op.sync();
    assert_eq!(count(&told, " INVITE vera #a"), 1, "{told:?}");
    assert_eq!(count(&plain.sync(), "INVITE"), 0);
    json.wait(|event| matches!(event, Event::Invite { nick: None, by, .. } if &**by == "gleb"));
}
