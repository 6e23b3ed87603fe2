//! A database with a great many messages: fills one through the store, starts our server on it, and times starting, reading and finding. Knows no other server.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use roomful::limits::InForce;
use roomful::model::{Identity, Kind, Message, Millis, PlaceId, ResumeId, Seq, Settings};
use roomful::names::RoomName;
use roomful::record::{Record, RoomRecord, StoredMessage};
use roomful::store::{self, Opened};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::measure::figures::Row;
use crate::measure::histogram::Histogram;
use crate::measure::server::{Peer, Server};

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
    let start = || Server::start(&plan.server, &plan.data, &["--rate", "off"], Stdio::inherit());
    let mut server = start()?;
    for _ in 1..STARTS {
        starts.add(server.took);
        drop(server);
        server = start()?;
    }
    starts.add(server.took);
    rows.push(row(&server, &name, "start, to `listening on`", &starts, None)?);
    let mut peer = Peer::connect(server.addr)?;
    peer.ask(json!({"type": "hello", "version": 1, "nick": "reader", "rooms": [ROOM]}))?;
    let mut dice = Dice::of(7);
    for (cell, ask) in QUESTIONS {
        let (mut times, mut found) = (Histogram::default(), 0);
        for _ in 0..plan.times {
            let asked = Instant::now();
            let answer = peer.ask(ask(plan.messages, &mut dice))?;
            times.add(u64::try_from(asked.elapsed().as_nanos())?);
            found += answer["messages"].as_array().context("no messages in the answer")?.len();
        }
        rows.push(row(&server, &name, cell, &times, Some(found as f64 / plan.times as f64))?);
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
    let Opened { mut writer, .. } = store::open(&plan.data, &InForce::default())?;
    let place = PlaceId(1);
    let room = RoomName::parse(ROOM)?;
    writer.write(&[Record::Room(RoomRecord {
        place,
        name: room,
        made: FIRST,
        topic: None,
        settings: Settings::default(),
        registered: false,
    })])?;
    let (label, from): (Arc<str>, Arc<str>) = (Arc::from(ROOM), Arc::from("archivist"));
    let mut dice = Dice::of(1);
    let message = |seq: Seq, dice: &mut Dice| Message {
        room: Arc::clone(&label),
        seq,
        from: Arc::clone(&from).into(),
        text: Arc::from(text(seq, dice)),
        time: FIRST + STEP * seq as Millis,
        kind: Kind::Text,
        file: None,
        deleted: false,
        place,
    };
    let (mut next, mut times, started) = (1, Histogram::default(), Instant::now());
    while next <= plan.messages {
        let upto = (next + GROUP).min(plan.messages + 1);
        let line = |seq| StoredMessage {
            place,
            identity: Identity::Guest(ResumeId(1)),
            message: Arc::new(message(seq, &mut dice)),
        };
        let group: Vec<Record> = (next..upto).map(line).map(Record::Message).collect();
        writer.write(&group)?;
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

fn row(server: &Server, name: &str, cell: &str, times: &Histogram, found: Option<f64>) -> Result<Row> {
    let mut row = Row::new("archive", cell.to_owned(), name);
    row.set("p50_ms", times.millis(50.0));
    row.set("p99_ms", times.millis(99.0));
    row.set("times", times.total() as f64);
    row.set("messages", found);
    row.set("rss_mib", server.process()?.holding()?.rss as f64 / 1_048_576.0);
    Ok(row)
}
