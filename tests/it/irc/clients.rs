//! irssi and WeeChat as people have them: real programs on a terminal, read as a screen. Knows none of their code.

use std::path::Path;
use std::process::{Command, Stdio};

use roomful::event::Event;
use serde_json::json;
use tempfile::{TempDir, tempdir};

use crate::client_support::Screen;
use crate::server_support::{Program, server, with_database};
use crate::support::{PASSWORD, Peer, TestServer};

/// A password that fits into one parameter of a line.
const WORD: &str = "nine-blue-skis";

/// What irssi is set to: no pause after a command, back within a second. Its command line takes ASCII only.
const IRSSI: &str = r#"
servers = ( { address = "127.0.0.1"; port = "PORT"; password = "PASSWORD"; autoconnect = "yes"; } );
settings = {
  core = { server_reconnect_time = "1sec"; nick = "NICK"; };
  "irc/core" = { cmd_queue_speed = "1msec"; cmds_max_at_once = "1000"; };
  "fe-common/core" = { autolog = "no"; };
  "fe-text" = { term_charset = "UTF-8"; };
};
"#;

/// A client of IRC on a terminal of 30 rows and 100 columns, with a folder of its own.
struct Client {
    screen: Screen,
    _folder: TempDir,
}

impl Client {
    fn start(mut command: Command, folder: TempDir) -> Client {
        command.env("TERM", "xterm").env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8").env("HOME", folder.path());
        let mut screen = Screen::spawn(command);
        screen.resize(30, 100);
        Client { screen, _folder: folder }
    }

    /// irssi, which logs in if a password is not empty.
    fn irssi(port: u16, nick: &str, password: &str) -> Client {
        let folder = tempdir().unwrap();
        let settings = IRSSI.replace("PORT", &port.to_string()).replace("NICK", nick).replace("PASSWORD", password);
        std::fs::write(folder.path().join("config"), settings).unwrap();
        let mut command = Command::new("irssi");
        command.arg(format!("--home={}", folder.path().display()));
        Client::start(command, folder)
    }

    /// WeeChat, which logs in if a password is not empty.
    fn weechat(port: u16, nick: &str, password: &str) -> Client {
        let folder = tempdir().unwrap();
        let mut command = Command::new("weechat");
        command.arg("--dir").arg(folder.path()).args(["--plugins", "irc,buflist,alias"]);
        for line in [
            "/set irc.server_default.anti_flood_prio_high 0",
            "/set irc.server_default.anti_flood_prio_low 0",
            "/set irc.look.server_buffer independent",
            "/set weechat.look.paste_max_lines -1",
            &format!("/server add r 127.0.0.1/{port} -nicks={nick}"),
            &format!("/set irc.server.r.sasl_username {}", if password.is_empty() { "" } else { nick }),
            &format!("/set irc.server.r.sasl_password {password}"),
            "/connect r",
        ] {
            command.args(["-r", line]);
        }
        Client::start(command, folder)
    }

    fn types(&mut self, line: &str) {
        self.screen.types(&format!("{line}\r"));
    }

    /// Has nothing of the past on the screen, of which `text` is some.
    fn clears(&mut self, line: &str, text: &str) {
        self.types(line);
        self.screen.until("nothing", |screen| !screen.contains(text));
    }

    #[track_caller]
    fn shows(&mut self, text: &str) {
        self.screen.shows(text);
    }

    /// Waits until text is on the screen exactly once.
    fn shows_once(&mut self, text: &str) {
        self.screen.until(&format!("{text} once"), |screen| screen.matches(text).count() == 1);
    }
}

/// Waits until this was said.
fn is_told(peer: &mut Peer, words: &str) -> Event {
    peer.wait(|event| matches!(event, Event::Message(message) if &*message.text == words))
}

#[test]
fn a_person_with_irssi_comes_in_talks_and_keeps_order_in_a_room() {
    let server = TestServer::with_database();
    let mut irssi = Client::irssi(server.addr().port(), "Аня", "");
    irssi.shows("[Аня(+i)]");
    irssi.types("/join #лыжи");
    irssi.shows("Irssi: Join to #лыжи was synced");
    irssi.shows("[@Аня]");

    let (mut boris, mut gleb) = (server.login_in("Борис", "#лыжи"), server.login_in("Глеб", "#лыжи"));
    boris.say("#лыжи", "привет");
    irssi.shows("Борис> привет");
    irssi.types("ещё");
    is_told(&mut boris, "ещё");
    irssi.types("/me машет");
    assert!(
        matches!(is_told(&mut boris, "машет"), Event::Message(message) if message.kind == roomful::model::Kind::Action)
    );

    irssi.types("/nick Вера");
    irssi.shows("You're now known as Вера");
    boris.does("nick", json!({"nick": "Боря"}));
    irssi.shows("Борис is now known as Боря");

    irssi.types("/topic новая тема");
    irssi.shows("Вера changed the topic of #лыжи to: новая тема");
    irssi.types("/mode #лыжи +m");
    irssi.shows("mode/#лыжи [+m] by Вера");
    irssi.types("/op Глеб");
    irssi.shows("[+o Глеб] by Вера");

    // The mask that irssi makes of a host puts out one person, and neither Глеб nor Вера, whose hosts are of the same kind.
    irssi.types("/ban Боря");
    irssi.shows("[+b *!*json@");
    irssi.shows("Боря was kicked from #лыжи by Вера");
    gleb.say("#лыжи", "об этом");
    gleb.does("kick", json!({"room": "#лыжи", "nick": "Вера", "text": "пора"}));
    irssi.shows("Вера was kicked from #лыжи by Глеб [пора]");
    irssi.clears("/clear", "пора");
    irssi.types("/join #лыжи");
    irssi.shows("-- now --");
    irssi.shows_once("Глеб> об этом");
    irssi.shows_once("has joined #лыжи");
    irssi.types("/quit");
    server.wait_for_sessions(2);
}

/// A server with an account of Аня, and the room #лыжи in which it is.
fn with_account(data: &Path) -> Program {
    let program = Program::spawn(&mut with_database(data));
    let mut anna = Peer::new(program.wire());
    anna.hello(json!({"nick": "Аня", "rooms": []})).unwrap();
    anna.does("register", json!({"password": WORD}));
    anna.join("#лыжи");
    anna.say("#лыжи", "до завтра"); // or the room would end with her
    anna.quit();
    program
}

#[test]
fn irssi_comes_back_to_a_server_that_was_started_anew_and_is_in_its_rooms() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let program = with_account(&data);
    let addr = program.addr;
    let mut irssi = Client::irssi(addr.port(), "Аня", &format!("Аня:{WORD}"));
    // A room that was not asked for has a window, and the person goes on where they are.
    irssi.shows("[Act: 2]");
    irssi.types("/window 2");
    irssi.shows("Irssi: Join to #лыжи was synced");
    assert_eq!(program.stop().code, Some(0));
    irssi.clears("/clear", "was synced");
    let mut command = server();
    command.env_remove("CHAT_SERVER_MEMORY").args(["--listen", &addr.to_string(), "--data"]).arg(&data);
    let program = Program::spawn(command.stdin(Stdio::piped()));
    irssi.shows("Irssi: Join to #лыжи was synced");
    let mut boris = program.peer("Борис", "#лыжи");
    boris.say("#лыжи", "снова здесь");
    irssi.shows("Борис> снова здесь");
}

#[test]
fn weechat_shows_rooms_long_texts_whole_and_old_lines_when_it_asks() {
    let server = TestServer::with_database();
    let mut weechat = Client::weechat(server.addr().port(), "Аня", "");
    weechat.shows("Welcome");
    weechat.types("/join #лыжи");
    weechat.shows("#лыжи");
    weechat.shows("@Аня");
    let mut boris = server.login_in("Борис", "#лыжи");
    let long = "слово ".repeat(600) + "последнее";
    boris.say("#лыжи", &long);
    weechat.shows("последнее");
    weechat.clears("/buffer clear", "последнее");
    for number in 1..=6 {
        boris.say("#лыжи", &format!("строка-{number}"));
    }
    weechat.shows("строка-6");
    weechat.clears("/buffer clear", "строка");
    weechat.types("/quote CAP REQ :batch draft/chathistory server-time message-tags");
    weechat.types("/quote CHATHISTORY LATEST #лыжи * 5");
    weechat.shows("строка-6");
    (2..=6).for_each(|number| weechat.shows_once(&format!("строка-{number}")));
    assert!(!weechat.screen.text().contains("строка-1"));
}

#[test]
fn what_one_weechat_of_an_account_says_the_other_shows_as_its_own_once() {
    let server = TestServer::with_database();
    let _anna = server.account_in("Аня", "#лыжи");
    let mut boris = server.login_in("Борис", "#лыжи");
    let mut one = Client::weechat(server.addr().port(), "Аня", PASSWORD);
    let mut two = Client::weechat(server.addr().port(), "Аня", PASSWORD);
    for client in [&mut one, &mut two] {
        client.shows("@Аня");
        client.shows("Борис");
    }
    one.types("отсюда");
    is_told(&mut boris, "отсюда");
    two.shows_once("отсюда");
    // By itself WeeChat 3.8 asks for no words of other sessions; they come as notices then.
    one.types("/query Борис так");
    two.types("/buffer 2");
    two.shows("-> Борис: так");
    two.types("/quote CAP REQ znc.in/self-message");
    two.shows("enabled: znc.in/self-message");
    one.types("тихо");
    boris.wait(|event| matches!(event, Event::Private { text, .. } if &**text == "тихо"));
    two.shows("\n4.");
    two.types("/buffer 4");
    two.shows_once("тихо");
}
