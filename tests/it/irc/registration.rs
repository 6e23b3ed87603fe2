//! From the first line of an IRC client to its welcome: names, capabilities, passwords, and limits. Knows only lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use roomful::front::Fronts;
use roomful::server::Server;

use crate::support::{IrcPeer, PASSWORD, TestServer, Wire};

/// What `AUTHENTICATE` sends for this name and password.
fn plain(account: &str, password: &str) -> String {
    STANDARD.encode(format!("\0{account}\0{password}"))
}

#[test]
fn a_client_has_its_welcome_in_whatever_order_it_says_its_names() {
    let server = TestServer::start();
    for lines in [
        ["NICK anna", "USER a 0 * :Anna"],
        ["USER a 0 * :Anna", "NICK anna"],
        ["NICK boris\r\nNICK anna", "USER a 0 * :Anna"],
        ["CAP LS 302\r\nNICK anna\r\nUSER a 0 * :Anna", "CAP END"],
        ["CAP REQ :server-time\r\nUSER a 0 * :Anna\r\nCAP END", "NICK anna"],
        ["PASS of-another-server\r\nNICK anna", "user a 0 * Anna"],
    ] {
        let mut anna = server.irc();
        lines.iter().for_each(|line| anna.says(line));
        let welcome = anna.until("*:irc.roomful 001 anna *anna!~a@*");
        assert!(welcome.iter().all(|line| line.contains(" CAP ") || line.contains(" 001 ")), "{welcome:?}");
        anna.sync();
        anna.says("QUIT :see you");
        assert!(anna.rest().last().unwrap().starts_with(":irc.roomful ERROR :Closing link"));
        server.wait_for_sessions(0);
    }
}

#[test]
fn what_comes_too_early_or_is_not_whole_is_refused_and_the_client_goes_on() {
    let server = TestServer::start();
    let mut anna = server.irc();
    for (line, answer) in [
        ("CAP LS", "*:irc.roomful CAP ? LS :account-notify *"),
        ("JOIN :", "*:irc.roomful 451 ? :*"),
        ("PRIVMSG #a :hi", "*:irc.roomful 451 ? :*"),
        ("WALLOPS :x", "*:irc.roomful 451 ? :*"),
        ("NICK", "*:irc.roomful 431 ? :*"),
        ("NICK :", "*:irc.roomful 431 ? :*"),
        ("NICK b@d", "*:irc.roomful 432 ? b@d :*bd is free*"),
        ("USER a 0 *", "*:irc.roomful 461 ? USER :*"),
        ("USER a 0 * :", "*:irc.roomful 461 ? USER :*"),
        ("PASS", "*:irc.roomful 461 ? PASS :*"),
        ("CAP", "*:irc.roomful 461 ? CAP :*"),
        ("CAP WHAT", "*:irc.roomful 410 ? WHAT :*"),
        ("REGISTER * * password", "*:irc.roomful FAIL REGISTER COMPLETE_CONNECTION_REQUIRED ? :*"),
        ("PING", "*:irc.roomful 461 ? PING :*"),
    ] {
        anna.gets(line, &[answer]);
    }
    anna.wire.send(b"NICK \xff\r\n");
    anna.expect("*:irc.roomful FAIL NICK INVALID_UTF8 :*");
    anna.says(&format!("NICK {}", "x".repeat(600)));
    anna.expect("*:irc.roomful 417 ? :*");
    anna.says("NICK anna\r\nUSER a 0 * :Anna\r\nCAP END");
    anna.until("*:irc.roomful 001 anna *");
    anna.sync();
    anna.gets("USER a 0 * :Anna", &[":irc.roomful 462 anna :*"]);
    anna.gets("PASS x", &[":irc.roomful 462 anna :*"]);
    anna.gets("WALLOPS :x", &[":irc.roomful 421 anna WALLOPS :*"]);
    anna.gets("CAP END", &[]);
}

#[test]
fn a_name_that_is_taken_is_refused_and_all_else_stays() {
    let server = TestServer::start();
    let _ann = server.login("anna");
    let mut boris = server.irc();
    boris.says("CAP LS 302\r\nCAP REQ :server-time\r\nNICK anna\r\nUSER b 0 * :Boris\r\nCAP END");
    boris.until("*:irc.roomful 433 ? anna :*is free*");
    assert_eq!(boris.sync(), [""; 0]);
    boris.says("NICK boris");
    boris.until("*:irc.roomful 001 boris *boris!~b@*");
    boris.sync();
    boris.gets("CAP LIST", &["*CAP boris LIST :cap-notify server-time"]);
    boris.gets("NICK anna", &["*:irc.roomful 433 boris anna :*"]);
}

#[test]
fn capabilities_are_taken_all_or_none_and_in_their_place() {
    let server = TestServer::start();
    let mut anna = server.irc_login("anna");
    anna.gets("CAP REQ :echo-message batch", &[":irc.roomful CAP anna ACK :echo-message batch"]);
    anna.gets("CAP REQ :server-time no-such", &[":irc.roomful CAP anna NAK :server-time no-such"]);
    anna.gets("CAP REQ :sasl", &[":irc.roomful CAP anna NAK :sasl"]);
    anna.gets("CAP REQ :-batch", &[":irc.roomful CAP anna ACK :-batch"]);
    anna.gets("CAP LIST", &[":irc.roomful CAP anna LIST :echo-message"]);
    anna.gets("CAP REQ :", &[":irc.roomful CAP anna ACK :"]);
    anna.gets("JOIN #a", &["* JOIN *#a", "* 353 *", "* 366 *"]);
    // What was asked before the change has its form from before.
    anna.wire.send("PRIVMSG #a :one\r\nCAP REQ :-echo-message\r\nPRIVMSG #a :two\r\n");
    let lines = anna.sync();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].ends_with(" PRIVMSG #a :one") && lines[1].contains(" ACK "), "{lines:?}");
}

/// HexChat reads only the first of several lines (hexchat/hexchat#2398).
#[test]
fn the_list_of_capabilities_is_one_line() {
    let server = TestServer::with_database();
    for version in ["", " 301", " 302"] {
        let mut anna = server.irc();
        anna.says(&format!("CAP LS{version}"));
        let line = anna.expect(":irc.roomful CAP ? LS :*sasl*");
        assert!(line.len() <= 510, "{} bytes", line.len());
        assert_eq!(line.contains("sasl=PLAIN"), version == " 302");
        anna.says("QUIT");
        anna.rest();
    }
}

#[test]
fn a_password_is_proved_by_pass_before_the_name_is_taken() {
    let server = TestServer::with_database();
    drop(server.account("anna"));
    for line in [format!("PASS :anna:{PASSWORD}\r\nNICK boris"), format!("PASS :{PASSWORD}\r\nNICK anna")] {
        let mut anna = server.irc();
        anna.says(&line);
        anna.says("USER a 0 * :Anna");
        anna.until(":irc.roomful 001 anna *");
        anna.says("QUIT");
        anna.rest();
    }
    let mut wrong = server.irc();
    wrong.says("PASS :anna:wrong password\r\nNICK boris\r\nUSER b 0 * :Boris");
    let rest = wrong.rest();
    assert!(rest[0].starts_with(":irc.roomful 464 ") && rest.last().unwrap().contains("ERROR :"), "{rest:?}");
    let mut guest = server.irc();
    guest.says("PASS word\r\nNICK vera\r\nUSER v 0 * :Vera");
    guest.expect(":irc.roomful 001 vera *");
}

fn sasl(peer: &mut IrcPeer, account: &str, password: &str) -> Vec<String> {
    peer.gets("AUTHENTICATE PLAIN", &["*AUTHENTICATE +"]);
    peer.asks(&format!("AUTHENTICATE {}", plain(account, password)))
}

#[test]
fn sasl_proves_a_password_before_the_welcome_and_logs_in_after_it() {
    let server = TestServer::with_database();
    drop(server.account("anna"));
    let mut anna = server.irc();
    anna.says("CAP REQ :sasl\r\nNICK boris\r\nUSER a 0 * :Anna");
    anna.expect("*ACK :sasl");
    anna.gets("AUTHENTICATE", &["* 461 * AUTHENTICATE :*"]);
    anna.gets("AUTHENTICATE *", &["* 906 *"]);
    for (piece, numeric) in [("*", "* 906 *"), ("+", "* 904 *"), ("!!!", "* 904 *"), ("YQ==", "* 904 *")] {
        anna.gets(&format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {piece}"), &["*AUTHENTICATE +", numeric]);
    }
    anna.gets("AUTHENTICATE EXTERNAL", &["* 908 ? PLAIN :*", "* 904 *"]);
    let long = format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {}", "A".repeat(401));
    assert!(anna.asks(&long)[1].contains(" 905 "));
    let wrong = sasl(&mut anna, "anna", "wrong password");
    assert!(wrong.len() == 1 && wrong[0].contains(" 904 "), "{wrong:?}");
    let right = sasl(&mut anna, "anna", PASSWORD);
    assert!(right.len() == 2 && right[0].contains(" 900 ") && right[1].contains(" 903 "), "{right:?}");
    anna.gets("AUTHENTICATE PLAIN", &["* 907 *"]);
    anna.says("CAP END");
    anna.until(":irc.roomful 001 anna *");

    let mut boris = server.irc_login("boris");
    let right = sasl(&mut boris, "anna", PASSWORD);
    assert!(right.iter().any(|line| line.contains(" 903 ")), "{right:?}");
    assert!(
        right
            .iter()
            .any(|line| line.starts_with(":boris!") && line.ends_with(" NICK anna") || line.ends_with(" NICK :anna")),
        "{right:?}"
    );
}

/// A client that ends the negotiation in the middle goes on as a guest.
#[test]
fn the_end_of_the_negotiation_ends_a_login_that_is_not_whole() {
    let server = TestServer::with_database();
    let mut anna = server.irc();
    anna.says("CAP REQ :sasl\r\nNICK anna\r\nUSER a 0 * :Anna\r\nAUTHENTICATE PLAIN\r\nCAP END");
    anna.until("*AUTHENTICATE +");
    anna.expect("* 906 *");
    anna.expect(":irc.roomful 001 anna *");
}

#[test]
fn a_client_that_takes_no_name_is_closed_after_so_many_lines() {
    let server = TestServer::with(|limits| limits.login_lines = 5);
    let mut anna = server.irc();
    anna.says("CAP LS\r\nUSER a 0 * :Anna\r\nCAP LIST\r\n\r\nFOO\r\nUSER a 0 * :Anna");
    assert!(anna.rest().last().unwrap().contains("ERROR :"));
    server.wait_for_sessions(0);
}

/// Each byte alone, each ending of a line, and a client that was greeted as a person.
#[test]
fn bytes_may_come_as_they_like() {
    let server = TestServer::with(|limits| limits.greet_after = std::time::Duration::from_millis(1));
    let mut anna = server.irc();
    anna.expect("Roomful, plain mode.*");
    anna.says("NICK anna");
    for byte in "USER a 0 * :Anna\nPING x\r\nPING \0y\r".bytes() {
        anna.wire.send_bytes([byte]);
    }
    anna.until("*001 anna *");
    anna.until("* PONG * *x");
    anna.expect("* PONG * *y");
}

/// Loopback is exempt, so this needs another address of this machine; on a machine without one it proves nothing.
#[test]
fn passwords_in_the_clear_are_taken_from_other_machines_only_if_the_operator_allows_it() {
    let Some(own) = roomful::net::addresses::of_this_machine().into_iter().find(std::net::IpAddr::is_ipv4) else {
        return;
    };
    for allowed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::bind("0.0.0.0:0").unwrap().data(folder.path().join("roomful.db"));
        let server = server.fronts(Fronts::default().clear_passwords(allowed)).start().unwrap();
        let mut anna = IrcPeer::new(Wire::connect((own, server.local_addr().port()).into()));
        anna.says("CAP LS 302");
        let listed = anna.line();
        assert_eq!(listed.contains(" sasl=PLAIN "), allowed, "{listed}");
        assert_eq!(listed.contains(" draft/account-registration "), allowed, "{listed}");
        anna.says("NICK anna\r\nUSER a 0 * :a\r\nCAP END");
        anna.sync();
        let told = anna.asks("REGISTER * * nine-blue-skis");
        let answer = if allowed { " REGISTER SUCCESS anna " } else { " FAIL REGISTER TEMPORARILY_UNAVAILABLE anna " };
        assert!(told[0].contains(answer), "{told:#?}");
    }
}
