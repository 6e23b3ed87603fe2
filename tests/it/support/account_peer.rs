//! What a program asks of a server with a database: accounts, history, files. Knows no test.

use roomful::answer::{Done, History};
use roomful::event::Event;
use roomful::model::{FileInfo, Seq};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Peer, Refusal, Reply, TestServer, fetch, put};

/// The password of every account here.
pub const PASSWORD: &str = "nine blue skis";

impl TestServer {
    /// A JSON peer with a new account, in no room.
    pub fn account(&self, nick: &str) -> Peer {
        let mut peer = self.login(nick);
        peer.register();
        peer
    }

    /// The same, in one room.
    pub fn account_in(&self, nick: &str, room: &str) -> Peer {
        let mut peer = self.account(nick);
        peer.join(room);
        peer
    }

    /// One more session of an account, in the rooms it is in already.
    pub fn once_more(&self, nick: &str) -> Peer {
        let mut peer = self.peer();
        peer.hello(json!({"nick": nick, "password": PASSWORD, "rooms": []})).expect("it is the password");
        peer
    }

    /// A session that comes back with a token, into no new room.
    pub fn come_back(&self, token: &str) -> (Peer, String) {
        let mut peer = self.peer();
        peer.hello(json!({"resume": token, "rooms": []})).expect("no name is asked for yet");
        match peer.ask("nick", json!({})) {
            Ok(Done::Nick { nick, resume: Some(resume) }) => {
                peer.resume = resume.to_string();
                (peer, nick.to_string())
            }
            other => panic!("{other:?}"),
        }
    }
}

impl Peer {
    /// Makes an account of its name.
    pub fn register(&mut self) {
        let done = self.ask("register", json!({"password": PASSWORD}));
        assert!(matches!(done, Ok(Done::Register { .. })), "{done:?}");
    }

    /// What must be refused.
    pub fn refusal(&mut self, kind: &str, fields: Value) -> Refusal {
        match self.ask(kind, fields) {
            Err(refusal) => refusal,
            Ok(done) => panic!("{kind} was to be refused: {done:?}"),
        }
    }

    /// The code of what must be refused.
    pub fn code(&mut self, kind: &str, fields: Value) -> String {
        self.refusal(kind, fields).code
    }

    /// What must be carried out.
    pub fn does(&mut self, kind: &str, fields: Value) -> Done {
        self.ask(kind, fields).unwrap_or_else(|refusal| panic!("{kind}: {refusal:?}"))
    }

    /// A page of what was said.
    pub fn history(&mut self, fields: Value) -> History {
        match self.does("history", fields) {
            Done::History(history) => history,
            other => panic!("{other:?}"),
        }
    }

    /// The texts of the last messages of a place.
    pub fn texts(&mut self, place: &str) -> Vec<String> {
        let history = self.history(json!({"room": place, "limit": 100}));
        history.messages.iter().map(|message| message.text.to_string()).collect()
    }

    /// What a search finds: the places and the texts.
    pub fn finds(&mut self, fields: Value) -> Vec<String> {
        match self.does("search", fields) {
            Done::Search { messages, .. } => messages.iter().map(|m| format!("{} {}", m.room, m.text)).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The own places: `#a 2/5` if 2 of 5 are read.
    pub fn chats(&mut self) -> Vec<String> {
        match self.does("chats", json!({})) {
            Done::Chats { chats, .. } => {
                assert!(chats.iter().all(|chat| chat.unread <= chat.seq - chat.read), "{chats:?}");
                chats.iter().map(|chat| format!("{} {}/{}", chat.room, chat.read, chat.seq)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// The `chats` that come after a login, in the same words.
    pub fn chats_told(&mut self) -> Vec<String> {
        match self.wait(|event| matches!(event, Event::Chats { .. })) {
            Event::Chats { chats, .. } => {
                chats.iter().map(|chat| format!("{} {}/{}", chat.room, chat.read, chat.seq)).collect()
            }
            other => unreachable!("{other:?}"),
        }
    }

    /// Says the numbers from `from` to `to`, many in one write.
    pub fn says_numbers(&mut self, room: &str, from: u64, to: u64) {
        let numbers: Vec<u64> = (from..=to).collect();
        for some in numbers.chunks(100) {
            let line = |n: &u64| json!({"type": "say", "room": room, "text": n.to_string()}).to_string() + "\n";
            self.wire.send(some.iter().map(line).collect::<String>());
            self.sync();
        }
    }

    /// Offers a file; the number of the upload, and where its bytes go.
    pub fn offers(&mut self, place: &str, name: &str, size: usize) -> (u64, String) {
        match self.does("offer", json!({"room": place, "name": name, "size": size})) {
            Done::Offer { upload, url } => (upload, url.to_string()),
            other => panic!("{other:?}"),
        }
    }

    /// Sends the bytes of an offered file.
    pub fn puts(&mut self, url: &str, bytes: &[u8]) -> Reply {
        put(self.wire.server(), url, bytes)
    }

    /// Has sent all of a file: its number, and that of its message.
    pub fn finishes(&mut self, upload: u64, bytes: &[u8], text: &str) -> (u64, Seq) {
        match self.does("finish", json!({"upload": upload, "sha256": sha256(bytes), "text": text})) {
            Done::Finish { file, seq, .. } => (file, seq),
            other => panic!("{other:?}"),
        }
    }

    /// Sends a whole file: its number, and that of its message.
    pub fn sends_file(&mut self, place: &str, name: &str, bytes: &[u8]) -> (u64, Seq) {
        let (upload, url) = self.offers(place, name, bytes.len());
        let reply = self.puts(&url, bytes);
        assert_eq!(reply.status, 201, "{}", reply.text());
        let told: Value = serde_json::from_str(&reply.text()).expect("an object");
        assert_eq!((&told["upload"], &told["sha256"]), (&json!(upload), &json!(sha256(bytes))));
        self.finishes(upload, bytes, "")
    }

    /// What a file is, and where it is fetched.
    pub fn finds_file(&mut self, file: u64) -> (FileInfo, String) {
        match self.does("get", json!({"file": file})) {
            Done::Get { info, url } => (FileInfo::clone(&info), url.to_string()),
            other => panic!("{other:?}"),
        }
    }

    /// Fetches a whole file.
    pub fn gets(&mut self, file: u64) -> (FileInfo, Vec<u8>) {
        let (info, url) = self.finds_file(file);
        let reply = fetch(self.wire.server(), "GET", &url, &[]);
        assert_eq!(reply.status, 200, "{}", reply.head);
        (info, reply.body)
    }

    /// The names of the files of a place, the newest first.
    pub fn file_names(&mut self, place: &str) -> Vec<String> {
        match self.does("files", json!({"room": place})) {
            Done::Files { files, .. } => files.iter().map(|row| row.info.name.to_string()).collect(),
            other => panic!("{other:?}"),
        }
    }
}

/// In 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The numbers of the messages of a page.
pub fn seqs(history: &History) -> Vec<Seq> {
    history.messages.iter().map(|message| message.seq).collect()
}
