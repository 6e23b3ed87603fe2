//! A server and people before its page, at the two addresses under which a page is opened. Knows no test.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;
use tempfile::{TempDir, tempdir};

use super::between::Between;
use super::chromium::CLASSROOM;
use super::tab::{Browser, Tab};
use crate::server_support::{Program, server};
use crate::support::{Peer, Wire};

/// On this machine, which is a secure context, and in a classroom, which is none.
const HOSTS: [&str; 2] = ["127.0.0.1", CLASSROOM];

/// What a browser writes to its console by itself when a server is not there.
pub const NO_SERVER: [&str; 2] = ["WebSocket connection to", "Failed to load resource"];

/// Plays a scenario twice: on loopback, and in a classroom.
pub fn twice(scenario: impl Fn(&'static str)) {
    for host in HOSTS {
        eprintln!("at {host}:");
        scenario(host);
    }
}

/// A server program, and under which name its page is opened.
pub struct Site {
    pub program: Program,
    host: &'static str,
    /// How the address of its page begins.
    scheme: &'static str,
    /// Where it is again after a restart.
    addr: SocketAddr,
    pub arguments: Vec<String>,
    folder: Option<TempDir>,
    /// At which port a page finds it.
    port: u16,
}

impl Site {
    /// A server without a database.
    pub fn new(host: &'static str) -> Site {
        Site::with(host, &[], None)
    }

    /// A server with a database, which it has again after a restart.
    pub fn stored(host: &'static str) -> Site {
        Site::with(host, &[], Some(tempdir().unwrap()))
    }

    pub fn with(host: &'static str, arguments: &[&str], folder: Option<TempDir>) -> Site {
        let mut all: Vec<String> = ["--host", CLASSROOM].map(str::to_owned).to_vec();
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let program = start("127.0.0.1:0", &all, data(folder.as_ref()));
        Site { host, scheme: "http", addr: program.addr, port: program.addr.port(), program, arguments: all, folder }
    }

    /// The address for programs that are no browsers.
    pub fn addr(&self) -> String {
        self.addr.to_string()
    }

    /// From now on pages are opened encrypted, or not.
    pub fn opens(&mut self, scheme: &'static str) {
        self.scheme = scheme;
    }

    pub fn url(&self) -> String {
        format!("{}://{}:{}/", self.scheme, self.host, self.port)
    }

    /// From now on pages come through what is returned.
    pub fn put_between(&mut self) -> Between {
        let between = Between::new(self.addr);
        self.port = between.port;
        between
    }

    /// The server is killed, as by a power cut. `start_again` brings it back.
    pub fn kill(&mut self) {
        self.program.signal("KILL");
    }

    /// Starts it anew at the same address.
    pub fn start_again(&mut self) {
        self.program = start(&self.addr.to_string(), &self.arguments, data(self.folder.as_ref()));
    }

    /// A person at the gate, in a browser of their own.
    pub fn gate(&self) -> Person {
        self.gate_in(Browser::new())
    }

    /// At the gate, after something was done to the tab before it was opened.
    pub fn gate_with(&self, before: impl FnOnce(&Tab)) -> Person {
        let browser = Browser::new();
        let mut tab = browser.tab();
        before(&tab);
        tab.open(&self.url());
        let person = Person { tab, browser };
        person.until("byId('gate-name').value");
        person
    }

    /// At the gate, in another tab of this browser.
    pub fn gate_in(&self, browser: Browser) -> Person {
        let person = self.tab_in(browser);
        person.until("byId('gate-name').value");
        person
    }

    /// Wherever another tab of this browser lands.
    pub fn tab_in(&self, browser: Browser) -> Person {
        let mut tab = browser.tab();
        tab.open(&self.url());
        Person { tab, browser }
    }

    /// A person in the lobby.
    pub fn person(&self, nick: &str) -> Person {
        self.person_in(nick, "#lobby")
    }

    pub fn person_of(&self, browser: Browser, nick: &str) -> Person {
        let person = self.gate_in(browser);
        person.fill_name(nick);
        person.press("Enter");
        person.until("inside()");
        person
    }

    pub fn person_in(&self, nick: &str, room: &str) -> Person {
        let person = self.gate();
        person.fill_name(nick);
        person.fill("combobox", "Room", room);
        person.click("button", "Come in");
        person.until("inside()");
        person
    }

    pub fn wire(&self) -> Wire {
        Wire::connect(self.addr)
    }

    /// A program in one room, at the same address as the page's people.
    pub fn peer(&self, nick: &str, room: &str) -> Peer {
        let mut peer = Peer::new(self.wire());
        peer.hello(json!({"nick": nick, "rooms": [room]})).expect("a free name");
        peer.shown();
        peer
    }

    /// A program that has said nothing.
    pub fn peer_nameless(&self) -> Peer {
        Peer::new(self.wire())
    }

    /// A program with an account.
    pub fn account(&self, nick: &str) -> Peer {
        let mut peer = self.peer(nick, "#lobby");
        peer.register();
        peer
    }
}

fn data(folder: Option<&TempDir>) -> Option<PathBuf> {
    Some(folder?.path().join("roomful.db"))
}

fn start(addr: &str, arguments: &[String], data: Option<PathBuf>) -> Program {
    let mut command = server();
    if let Some(data) = data {
        command.env_remove("CHAT_SERVER_MEMORY").arg("--data").arg(data);
    }
    command.args(["--rate", "off", "--listen", addr]).args(arguments).stdin(Stdio::piped());
    Program::spawn(&mut command)
}

/// A person before a tab with the page of the chat.
pub struct Person {
    tab: Tab,
    pub browser: Browser,
}

impl Deref for Person {
    type Target = Tab;

    fn deref(&self) -> &Tab {
        &self.tab
    }
}

impl DerefMut for Person {
    fn deref_mut(&mut self) -> &mut Tab {
        &mut self.tab
    }
}

impl Person {
    /// Gives the name at the gate.
    pub fn fill_name(&self, nick: &str) {
        self.fill("textbox", "Your name", nick);
    }

    /// Waits for a server that is there again: presses "Try now" once, unless the page has found the server by itself.
    pub fn comes_back(&self) {
        self.value("globalThis.pressed = false");
        self.until(
            "!sees('No connection', byId('bars')) && !sees('has stopped', byId('bars')) || (globalThis.pressed ||=
                [one('button', 'Try now')].some((button) => button && (button.click(), true)), false)",
        );
    }

    /// Says a line: types it into the box, and presses Enter.
    pub fn says(&self, text: &str) {
        self.types_line(text);
        self.press("Enter");
    }

    /// Types into the box.
    pub fn types_line(&self, text: &str) {
        self.click_on("box()");
        self.types(text);
    }

    /// Waits until a line with these words is in the list, and stored if it is one's own.
    pub fn reads(&self, text: &str) {
        let text = json!(text);
        self.until(&format!(
            "said().some((line) => line.includes({text})) && !waits().some((line) => line.includes({text}))"
        ));
    }

    /// The lines of the list, from the top to the bottom.
    pub fn lines(&self) -> Vec<String> {
        serde_json::from_value(self.value("said()")).expect("texts")
    }

    /// The end of the server, or of the way to it, is part of the test.
    pub fn expects_no_server(&mut self) {
        NO_SERVER.iter().for_each(|words| self.tab.expects(words));
    }
}
