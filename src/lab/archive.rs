//! A database with a great many messages: fills one through the store, starts our server on it, and times starting, reading and finding. Knows no other server.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::figures::Row;
use super::histogram::Histogram;
use super::process::Process;
use crate::event::{Message, Millis, Seq};
use crate::limits::Limits;
use crate::names::RoomName;
use crate::record::{Line, PlaceId, Record, RoomRecord, Settings, StayId, Who};
use crate::store::{self, Opened};

/// The room with all the messages.
const ROOM: &str = "#archive";
/// When the first was said, and the time from each to the next.
const FIRST: Millis = 1_700_000_000_000;
const STEP: Millis = 30_000;
/// Records that are written at once.
const GROUP: u64 = 1_000;
/// Different words; the second is half as frequent as the first, the third a third, as people have it.
const WORDS: f64 = 20_000.0;
/// Words of a message.
const LENGTH: usize = 10;
/// Messages that have the same rare word.
const RARE: u64 = 10;
/// Messages of one page of history.
const PAGE: usize = 100;
/// How often the server is started.
const STARTS: usize = 5;
/// The longest a start or an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server program.
    pub server: PathBuf,
    /// The database, which is made.
    pub data: PathBuf,
    /// How many messages to put into it.
    pub messages: u64,
    /// How often to ask for each thing.
    pub times: usize,
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// The next one, from 0 to below 1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, most: u64) -> u64 {
        (self.roll() * most as f64) as u64
    }
}

/// The word of this rank: two to four syllables.
fn word(mut rank: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "zu", "ha"];
    let mut word = String::from(SYLLABLES[(rank % 16) as usize]);
    loop {
        rank /= 16;
        word += SYLLABLES[(rank % 16) as usize];
        if rank < 16 {
            return word;
        }
    }
}

/// Measures everything; a row for each thing.
///
/// # Errors
/// When the database cannot be made, or the server does not start or answer.
pub fn run(plan: &Plan) -> Result<Vec<Row>> {
    ensure!(!plan.data.exists(), "{} is there already", plan.data.display());
    let name = format!("{} messages", plan.messages);
    let mut rows = fill(plan, &name)?;
    let mut starts = Histogram::default();
    let mut server = Server::start(plan)?;
    for _ in 1..STARTS {
        starts.add(server.took);
        drop(server);
        server = Server::start(plan)?;
    }
    starts.add(server.took);
    rows.push(server.row(&name, "start, to `listening on`", &starts, None)?);
    let mut peer = server.come_in()?;
    let mut dice = Dice(7);
    for (cell, ask) in QUESTIONS {
        let (mut times, mut found) = (Histogram::default(), 0);
        for _ in 0..plan.times {
            let asked = Instant::now();
            let answer = peer.ask(ask(plan.messages, &mut dice))?;
            times.add(u64::try_from(asked.elapsed().as_nanos())?);
            found += answer["messages"].as_array().context("no messages in the answer")?.len();
        }
        rows.push(server.row(&name, cell, &times, Some(found as f64 / plan.times as f64))?);
    }
    Ok(rows)
}

/// What is asked: its name, and how it is put, given how many messages there are.
type Question = (&'static str, fn(u64, &mut Dice) -> Value);

const QUESTIONS: [Question; 10] = [
    ("history, last 100", |_, _| page(json!({}))),
    ("history, 100 in the middle", |messages, dice| page(json!({"after": dice.below(messages)}))),
    ("history, 100 from a time on", |messages, dice| {
        page(json!({"since": FIRST + STEP * dice.below(messages) as Millis}))
    }),
    ("search, a word in 10 messages", |messages, dice| search(&rare(dice.below(messages)))),
    ("search, the most frequent word", |_, _| search(&word(1))),
    ("search, two frequent words", |_, _| search(&format!("{} {}", word(1), word(2)))),
    ("search, two words that are seldom together", |_, dice| {
        search(&format!("{} {}", word(200 + dice.below(200)), word(400 + dice.below(400))))
    }),
    ("search, a phrase of two frequent words", |_, _| search(&format!("\"{} {}\"", word(1), word(2)))),
    ("search, a phrase that is seldom said", |_, dice| {
        search(&format!("\"{} {}\"", word(20 + dice.below(20)), word(40 + dice.below(40))))
    }),
    ("search, how a word begins", |_, dice| search(&format!("{}*", &word(300 + dice.below(3_000))[..4]))),
];

fn page(mut which: Value) -> Value {
    (which["type"], which["room"], which["limit"]) = ("history".into(), ROOM.into(), PAGE.into());
    which
}

fn search(words: &str) -> Value {
    json!({"type": "search", "room": ROOM, "text": words})
}

/// A word that the messages with neighbouring numbers share.
fn rare(seq: Seq) -> String {
    format!("rare{}", seq / RARE)
}

fn text(seq: Seq, dice: &mut Dice) -> String {
    let mut text = rare(seq);
    for _ in 0..LENGTH {
        text.push(' ');
        text += &word(WORDS.powf(dice.roll()) as u64);
    }
    text
}

/// Puts the messages into a new database, and their words into its index.
/// Through the store itself: over the wire it would take minutes, and no byte
/// in the file would be another.
fn fill(plan: &Plan, name: &str) -> Result<Vec<Row>> {
    let Opened { mut writer, .. } = store::open(&plan.data, &Limits::default())?;
    let place = PlaceId(1);
    let room = RoomName::parse(ROOM)?;
    writer.keep(&[Record::Room(RoomRecord {
        place,
        name: room,
        made: FIRST,
        topic: None,
        settings: Settings::default(),
        registered: false,
    })])?;
    let (label, from): (Arc<str>, Arc<str>) = (Arc::from(ROOM), Arc::from("archivist"));
    let mut dice = Dice(1);
    let message = |seq: Seq, dice: &mut Dice| Message {
        room: Arc::clone(&label),
        seq,
        from: Arc::clone(&from),
        text: Arc::from(text(seq, dice)),
        time: FIRST + STEP * seq as Millis,
        me: false,
        file: None,
        deleted: false,
    };
    let (mut next, mut times, started) = (1, Histogram::default(), Instant::now());
    while next <= plan.messages {
        let upto = (next + GROUP).min(plan.messages + 1);
        let line = |seq| Line { place, who: Who::Guest(StayId(1)), message: Arc::new(message(seq, &mut dice)) };
        let group: Vec<Record> = (next..upto).map(line).map(Record::Line).collect();
        writer.keep(&group)?;
        next = upto;
    }
    times.add(u64::try_from(started.elapsed().as_nanos())?);
    let (mut indexing, started) = (Histogram::default(), Instant::now());
    while writer.index(GROUP as usize)? {}
    indexing.add(u64::try_from(started.elapsed().as_nanos())?);
    writer.close()?;
    let row = |cell: &str, times: &Histogram| {
        let mut row = Row::new("archive", cell.to_owned(), name);
        row.set("p50_ms", times.millis(50.0));
        row.set("times", 1.0);
        row
    };
    let bytes = fs::metadata(&plan.data)?.len() as f64 / 1_048_576.0;
    let size = format!("filling it through the store, {bytes:.0} MiB");
    Ok(vec![row(&size, &times), row("indexing its words", &indexing)])
}

/// Our server on the database; killed when dropped.
struct Server {
    child: Child,
    addr: SocketAddr,
    /// Nanoseconds from the start of the program to the line that says where it listens.
    took: u64,
}

impl Server {
    fn start(plan: &Plan) -> Result<Server> {
        let started = Instant::now();
        let mut command = Command::new(&plan.server);
        command.args(["--listen", "127.0.0.1:0", "--rate", "off", "--no-console", "--data"]).arg(&plan.data);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", plan.server.display()))?;
        let out = child.stdout.take().context("it was asked for")?;
        let mut server = Server { child, addr: SocketAddr::from(([0; 4], 0)), took: 0 };
        for line in BufReader::new(out).lines() {
            if let Some(addr) = line?.strip_prefix("listening on ") {
                server.took = u64::try_from(started.elapsed().as_nanos())?;
                server.addr = addr.parse()?;
                return Ok(server);
            }
        }
        bail!("the server does not listen")
    }

    fn come_in(&self) -> Result<Peer> {
        let stream = TcpStream::connect(self.addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut peer = Peer { lines: BufReader::new(stream.try_clone()?), stream };
        peer.ask(json!({"type": "hello", "version": 1, "nick": "reader", "rooms": [ROOM]}))?;
        Ok(peer)
    }

    fn row(&self, name: &str, cell: &str, times: &Histogram, found: Option<f64>) -> Result<Row> {
        let mut row = Row::new("archive", cell.to_owned(), name);
        row.set("p50_ms", times.millis(50.0));
        row.set("p99_ms", times.millis(99.0));
        row.set("times", times.total() as f64);
        row.set("messages", found);
        let holding = Process::new(i32::try_from(self.child.id())?)?.holding()?;
        row.set("rss_mib", holding.rss as f64 / 1_048_576.0);
        Ok(row)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already. Nothing is being written.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One client that asks one thing after the other.
struct Peer {
    stream: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Peer {
    /// Asks, and waits for the answer, which is told apart by its tag.
    fn ask(&mut self, mut question: Value) -> Result<Value> {
        question["tag"] = Value::from("q");
        self.stream.write_all(format!("{question}\n").as_bytes())?;
        let mut line = String::new();
        loop {
            line.clear();
            ensure!(self.lines.read_line(&mut line)? > 0, "the server closed the connection");
            if !line.contains("\"tag\":\"q\"") {
                continue;
            }
            let answer: Value = serde_json::from_str(&line)?;
            ensure!(answer["type"] == "ok", "refused: {line}");
            return Ok(answer);
        }
    }
}
