//! A server that plays along as far as a client's files and passwords need it, and fails when it is told to. Knows one room.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The one name that belongs to an account, and its password.
pub const ACCOUNT: (&str, &str) = ("Анна", "secret birch 7");

/// What it does wrong.
#[derive(Default, Clone)]
pub struct Faults {
    /// Says another hash than the file has.
    pub hash: bool,
    /// Cuts the connection of a file there.
    pub cut_at: Option<usize>,
    /// Does that so many times; the chat's connection is not cut.
    pub cuts: usize,
    /// Answers a request for a part with the whole.
    pub no_ranges: bool,
    /// Says that the file is so long, whatever its size.
    pub says: Option<usize>,
    /// Has no turn for this hello, counted from 1.
    pub busy_at: Option<u64>,
    /// What it calls the file.
    pub name: Option<&'static str>,
}

/// A fake server.
pub struct Fake {
    pub addr: String,
    state: Arc<Mutex<State>>,
}

/// What was said before anybody came.
const BEFORE: u64 = 9;

#[derive(Default)]
struct State {
    faults: Faults,
    file: Vec<u8>,
    name: String,
    said: u64,
    hellos: u64,
    topic: Value,
    /// Every command that came.
    heard: Vec<Value>,
    /// The heads of all requests for files.
    asked: Vec<String>,
}

impl Fake {
    pub fn start(faults: Faults) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State { faults, name: "photo.jpg".to_owned(), ..State::default() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(&stream, &state));
            }
        });
        Fake { addr, state }
    }

    /// The same, with a file that can be fetched.
    pub fn with_file(faults: Faults, bytes: &[u8]) -> Fake {
        let fake = Fake::start(faults);
        fake.state.lock().unwrap().file = bytes.to_vec();
        fake
    }

    /// What was sent to it.
    pub fn file(&self) -> Vec<u8> {
        self.state.lock().unwrap().file.clone()
    }

    /// The heads of all requests for files that came.
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// All commands of this kind that came.
    pub fn heard(&self, kind: &str) -> Vec<Value> {
        let state = self.state.lock().unwrap();
        state.heard.iter().filter(|command| command["type"] == kind).cloned().collect()
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let mut nick = String::new();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while std::mem::take(&mut line).len() < 1 << 20 && reader.read_line(&mut line).is_ok_and(|count| count > 0) {
        if line.starts_with("PUT ") || line.starts_with("GET ") {
            carry(line, reader, stream, state);
            break;
        }
        let command: Value = serde_json::from_str(&line).unwrap();
        let mut state = state.lock().unwrap();
        let answers = state.answer(&command, &mut nick);
        state.heard.push(command);
        drop(state);
        let Some(answers) = answers else { break };
        let lines: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
        if (&*stream).write_all(lines.as_bytes()).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// One request for a file, whose first line is `head` so far.
fn carry(mut head: String, mut reader: BufReader<&TcpStream>, mut stream: &TcpStream, state: &Mutex<State>) {
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    state.lock().unwrap().asked.push(head.clone());
    if head.starts_with("PUT /u/3 ") {
        let length: usize = field("Content-Length: ").unwrap().parse().unwrap();
        let cut = state.lock().unwrap().cut();
        let mut bytes = vec![0; cut.unwrap_or(length)];
        reader.read_exact(&mut bytes).unwrap_or_default();
        if cut.is_some() {
            return;
        }
        let mut state = state.lock().unwrap();
        state.file = bytes;
        let told =
            json!({"upload": 3, "size": length, "sha256": state.info()["sha256"], "mime": "image/jpeg"}).to_string();
        let head = format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n", told.len());
        stream.write_all((head + &told).as_bytes()).unwrap_or_default();
        return;
    }
    let mut state = state.lock().unwrap();
    let all = state.faults.says.unwrap_or(state.file.len());
    let first = field("Range: bytes=").filter(|_| !state.faults.no_ranges);
    let first = first.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
    let (status, length) = (if first > 0 { "206 Partial Content" } else { "200 OK" }, all - first);
    let range = format!("Content-Range: bytes {first}-{}/{all}\r\n", all.max(1) - 1);
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{range}\r\n");
    let end = state.cut().unwrap_or(state.file.len()).max(first);
    let bytes = [head.as_bytes(), &state.file[first..end]].concat();
    drop(state);
    stream.write_all(&bytes).unwrap_or_default();
}

impl State {
    /// Where this connection is cut, if it is.
    fn cut(&mut self) -> Option<usize> {
        self.faults.cuts = self.faults.cuts.checked_sub(1)?;
        self.faults.cut_at
    }

    /// What is said to a command; nothing for the end.
    fn answer(&mut self, command: &Value, nick: &mut String) -> Option<Vec<Value>> {
        let ok = |mut body: Value| {
            body["type"] = "ok".into();
            body["for"] = command["type"].clone();
            body["tag"] = command["tag"].clone();
            vec![body]
        };
        let refused = |code: &str, text: &str| {
            let tag = command["tag"].clone();
            vec![json!({"type": "error", "tag": tag, "code": code, "value": "", "text": text, "offer": "Анна2"})]
        };
        Some(match command["type"].as_str().unwrap() {
            "hello" => {
                self.hellos += 1;
                let mut told = hello(command, nick, ok, refused);
                if self.faults.busy_at == Some(self.hellos) {
                    let (tag, text) = (command["tag"].clone(), "too many want the same now");
                    told.truncate(1);
                    told.push(json!({"type": "error", "tag": tag, "code": "server-busy", "value": "60", "text": text}));
                }
                return Some(told);
            }
            "login" | "delete-account" if command["password"] != ACCOUNT.1 => {
                refused("login-failed", "wrong name or password")
            }
            "register" | "delete-account" | "logout" => ok(json!({"nick": nick})),
            "login" => {
                ACCOUNT.0.clone_into(nick);
                let mut told = ok(json!({"nick": ACCOUNT.0}));
                told.push(
                    json!({"type": "chats", "chats": [{"room": "#lobby", "seq": BEFORE, "read": 6, "unread": 3}]}),
                );
                told
            }
            "ping" => ok(json!({"token": ""})),
            "say" => {
                self.said += 1;
                let (from, text, seq) = (&*nick, &command["text"], BEFORE + self.said);
                let mut told = vec![json!({
                    "type": "message", "room": "#lobby", "seq": seq, "from": from, "text": text, "time": 1
                })];
                told.extend(ok(json!({"room": "#lobby", "seq": seq, "time": 1})));
                told
            }
            "join" => ok(json!({"room": "#lobby"})),
            "password" | "read" => ok(json!({"room": "#lobby", "seq": 1})),
            "topic" => {
                let (by, topic) = (&*nick, &command["topic"]);
                let mut told = Vec::new();
                if self.topic != *topic {
                    told.push(json!({"type": "topic", "room": "#lobby", "topic": topic, "by": by, "time": 1}));
                }
                self.topic = topic.clone();
                told.extend(ok(json!({"room": "#lobby", "topic": command["topic"]})));
                told
            }
            "offer" | "finish" | "get" | "cancel" => return self.file_answer(command, nick, ok, refused),
            "quit" => return None,
            other => refused("unknown-command", other),
        })
    }

    /// The same, to what is about files.
    fn file_answer(
        &mut self,
        command: &Value,
        nick: &str,
        ok: impl Fn(Value) -> Vec<Value>,
        refused: impl Fn(&str, &str) -> Vec<Value>,
    ) -> Option<Vec<Value>> {
        let at = |field: &str| command[field].as_u64().unwrap_or_default();
        Some(match command["type"].as_str().unwrap() {
            "offer" => {
                (self.name, self.file) = (command["name"].as_str().unwrap().to_owned(), Vec::new());
                ok(json!({"upload": 3, "url": "/u/3"}))
            }
            "finish" if command["sha256"] != self.info()["sha256"] => refused("bad-upload", "another hash"),
            "finish" => {
                self.said += 1;
                let (from, text) = (nick, command["text"].as_str().unwrap_or_default());
                let (info, seq) = (self.info(), BEFORE + self.said);
                let mut told = vec![json!({
                    "type": "message", "room": "#lobby", "seq": seq, "from": from, "text": text, "time": 1, "file": info
                })];
                told.extend(ok(json!({"room": "#lobby", "seq": seq, "time": 1, "file": 7})));
                told
            }
            "get" if at("file") != 7 => refused("no-such-file", "there is no file that you may have"),
            "get" => {
                let mut body = self.info();
                body["url"] = "/f/7/x".into();
                ok(body)
            }
            _ => ok(json!({"upload": 3})),
        })
    }

    fn info(&self) -> Value {
        let hash = if self.faults.hash { Sha256::digest(b"another") } else { Sha256::digest(&self.file) };
        let sha256: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = self.faults.name.unwrap_or(&self.name);
        json!({"file": 7, "name": name, "mime": "image/jpeg", "size": self.faults.says.unwrap_or(self.file.len()), "sha256": sha256})
    }
}

fn hello(
    command: &Value,
    nick: &mut String,
    ok: impl Fn(Value) -> Vec<Value>,
    refused: impl Fn(&str, &str) -> Vec<Value>,
) -> Vec<Value> {
    let mut told = vec![json!({
        "type": "hello", "version": 1, "server": "fake", "offer": "owl", "lobby": "#lobby", "text": 4000,
        "line_bytes": 16_384, "ping_after": 90, "rate": 2, "rate_burst": 10, "file_bytes": 10_485_760, "kept": true
    })];
    let Some(wanted) = command["nick"].as_str() else {
        told.extend(ok(json!({})));
        return told;
    };
    let registered = wanted == ACCOUNT.0;
    if registered && command["password"] != ACCOUNT.1 {
        told.extend(match command["password"].is_null() {
            true => refused("nick-registered", "Анна belongs to an account; Анна2 is free"),
            false => refused("login-failed", "wrong name or password"),
        });
        return told;
    }
    wanted.clone_into(nick);
    told.extend(ok(json!({"nick": wanted, "resume": "r", "registered": registered})));
    if registered {
        told.push(json!({"type": "chats", "chats": [{"room": "#lobby", "seq": BEFORE, "read": 6, "unread": 3}]}));
    }
    told.extend([
        json!({"type": "joined", "room": "#lobby", "made": 1, "run": 1, "seq": BEFORE, "total": 1}),
        json!({"type": "members", "room": "#lobby", "members": [{"nick": wanted}]}),
        json!({"type": "history", "room": "#lobby", "messages": []}),
    ]);
    told
}
