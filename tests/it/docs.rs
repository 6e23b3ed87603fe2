//! The handbook and the code say the same: what can go over the wire is on the page, and nothing else is. Knows no sockets.

use std::collections::BTreeSet;
use std::sync::Arc;

use roomful::command::TABLE;
use roomful::error::ChatError;
use roomful::event::{
    CloseReason, Done, Event, HelpInfo, History, MemberInfo, Message, PROTOCOL, RoomInfo, Tag, WhoisInfo,
};
use roomful::limits;
use roomful::names::{NameError, NameKind};
use roomful::wire::json;
use serde_json::Value;

const PROTOCOL_PAGE: &str = include_str!("../../docs/protocol.md");
const LIMITS_PAGE: &str = include_str!("../../docs/limits.md");
const NAME_ERRORS: &str = include_str!("../../src/names/error.rs");

/// Names, so that a difference is shown in order. A `?` marks a field that may be absent.
type Names = BTreeSet<String>;

#[test]
fn the_page_is_about_this_version() {
    assert!(PROTOCOL_PAGE.starts_with(&format!("# The protocol, version {PROTOCOL}\n")));
}

#[test]
fn every_command_is_on_the_page_with_its_fields_and_an_example() {
    let parts = parts(section("Commands"));
    assert_eq!(titles(&parts), names(TABLE.iter().map(|spec| spec.name)));
    for spec in TABLE {
        let part = part(&parts, spec.name);
        let told = rows(part).into_iter().map(|row| match row[1] {
            "must" => format!("{}!", bare(row[0])),
            "may" => bare(row[0]).to_owned(),
            other => panic!("{}: {other:?} is neither must nor may", spec.name),
        });
        assert_eq!(told.collect::<Names>(), names(json::fields(spec.verb).iter()), "fields of {}", spec.name);
        let shown = examples(part).iter().any(|(mark, line)| *mark == '>' && kind_of(line) == spec.name);
        assert!(shown, "no example of {}", spec.name);
    }
}

#[test]
fn a_command_is_refused_without_the_fields_that_must_be_there() {
    for spec in TABLE {
        let must = json::fields(spec.verb).iter().any(|field| field.ends_with('!'));
        assert_eq!(json::decode(json::request(spec.name, &[]).as_bytes()).is_err(), must, "{}", spec.name);
    }
}

#[test]
fn every_answer_is_on_the_page_with_its_fields() {
    let section = section("Answers");
    let (answers, objects) = section.split_once("\n| object |").expect("two tables");
    let told: Vec<_> = rows(answers).into_iter().map(|row| (bare(row[0]).to_owned(), fields_in(row[1]))).collect();
    let made = samples(&[lean_answers(), full_answers()], "for", &["type", "for", "tag?"]);
    assert_eq!(
        told.iter().map(|(name, _)| name.clone()).collect::<Names>(),
        made.iter().map(|m| m.0.clone()).collect()
    );
    for (name, fields) in &made {
        assert_eq!(told.iter().find(|row| row.0 == *name).map(|row| &row.1), Some(fields), "ok for {name}");
    }
    for (row, lean, full) in [
        ("room", value(&rooms(None)[0]), value(&rooms(text())[0])),
        ("member", value(&members(None)[0]), value(&members(text())[0])),
        ("message", value(&*message(false)), value(&*message(true))),
        ("help", value(&help()[0]), value(&help()[0])),
    ] {
        let told = rows(objects).into_iter().find(|cells| cells[0] == row).map(|cells| fields_in(cells[1]));
        assert_eq!(told, Some(fields_of(&lean, &full)), "the object {row}");
    }
}

#[test]
fn every_event_is_on_the_page_with_its_fields_and_an_example() {
    let parts = parts(section("Events"));
    let made = samples(&[lean_events(), full_events()], "type", &["type"]);
    assert_eq!(titles(&parts), made.iter().map(|m| m.0.clone()).collect());
    for (name, fields) in &made {
        let part = part(&parts, name);
        let told = rows(part).into_iter().map(|row| match row[1] {
            "always" => bare(row[0]).to_owned(),
            "some" => format!("{}?", bare(row[0])),
            other => panic!("{name}: {other:?} is neither always nor some"),
        });
        assert_eq!(told.collect::<Names>(), *fields, "fields of the event {name}");
        let shown = examples(part).iter().any(|(mark, line)| *mark == '<' && kind_of(line) == *name);
        assert!(shown, "no example of {name}");
    }
}

#[test]
fn every_error_code_is_on_the_page_with_a_sentence() {
    let rows = rows(section("Errors"));
    let of_names = name_codes();
    // The whole list of names' codes is in one function; a new one there must be in the samples here.
    let written = NAME_ERRORS.split('"').filter(|word| word.starts_with("nick-") || word.starts_with("room-"));
    let written = names(written.filter(|word| *word != "room-reserved"));
    assert_eq!(names(of_names.iter()), names(written.iter().filter(|word| !word.contains(' '))));
    let codes = ChatError::CODES.iter().copied().chain(of_names);
    assert_eq!(names(rows.iter().map(|row| bare(row[0]))), names(codes));
    assert!(rows.iter().all(|row| row.iter().all(|cell| !cell.is_empty())));
}

#[test]
fn every_close_reason_is_on_the_page_with_its_words() {
    let told: Vec<_> =
        rows(section("Close reasons")).iter().map(|row| (bare(row[0]).to_owned(), row[1].to_owned())).collect();
    let reasons = CloseReason::ALL.map(|reason| (reason.code().to_owned(), reason.words().to_owned()));
    assert_eq!(told, reasons);
}

/// On failure: the table as it must stand in `docs/limits.md` is printed.
#[test]
fn every_limit_is_on_its_page_as_it_is_in_the_code() {
    let row = |row: &limits::Limit| {
        let least = if row.least == 0 { "off, or 1".to_owned() } else { row.least.to_string() };
        let (name, unit, default) = (row.name, row.unit, row.default);
        format!("| `{name}` | {default} | {unit} | {least} to {} | {} |\n", row.most, row.consequence.trim())
    };
    let table: String = limits::TABLE.iter().map(row).collect();
    let table = format!(
        "| limit | default | unit | range | what it bounds, and what happens |\n|---|---|---|---|---|\n{table}"
    );
    let told: String = LIMITS_PAGE.split_inclusive('\n').filter(|line| line.starts_with('|')).collect();
    assert!(told == table, "docs/limits.md needs this table:\n\n{table}");
}

#[test]
fn the_limits_that_a_client_meets_are_named_with_their_defaults() {
    for row in rows(section("Limits")) {
        let limit = limits::TABLE.iter().find(|limit| limit.name == bare(row[0]));
        let told = limit.map(|limit| format!("{} {}", limit.default, limit.unit));
        assert_eq!(told.as_deref(), Some(row[1]), "{}", row[0]);
    }
}

#[test]
fn every_example_is_what_the_code_reads_and_writes() {
    let all = examples(PROTOCOL_PAGE);
    assert!(all.len() > 50, "only {} examples were found", all.len());
    for (i, (mark, line)) in all.iter().enumerate() {
        match mark {
            '>' => check_request(line, &all[i + 1..]),
            '<' => check_event(line),
            mark => panic!("an example starts with {mark:?}: {line}"),
        }
    }
}

/// A request is taken, with no field that its command does not have; or the next answer is its refusal.
fn check_request(line: &str, after: &[(char, &str)]) {
    let (_, decoded) = match json::decode(line.as_bytes()) {
        Ok((tag, command)) => (tag, Ok(command)),
        Err((tag, refusal)) => (tag, Err(refusal)),
    };
    let object: Value = serde_json::from_str(line).expect(line);
    if let Err(refusal) = decoded {
        let (_, next) = after.iter().find(|(mark, _)| *mark == '<').expect("an answer to a refused example");
        let told: Value = serde_json::from_str(next).expect(next);
        assert_eq!(told["code"], refusal.code(), "{line}");
        return;
    }
    let verb = TABLE.iter().find(|spec| spec.name == object["type"]).expect(line).verb;
    let own = names(json::fields(verb).iter().map(|field| field.trim_end_matches('!')).chain(["type", "tag"]));
    let used = names(object.as_object().expect(line).keys());
    assert!(used.is_subset(&own), "{line}");
}

/// An event reads as one, and writes itself back with the same value.
fn check_event(line: &str) {
    let event = json::decode_event(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
    let mut written = Vec::new();
    json::encode(&event, &mut written);
    let [was, is]: [Value; 2] =
        [line.as_bytes(), &written].map(|bytes| serde_json::from_slice(bytes).expect("a JSON object"));
    assert_eq!(is, was);
}

// ---- one of each, with as little and as much in it as it can have ----

fn word() -> Arc<str> {
    Arc::from("x")
}

fn text() -> Option<Arc<str>> {
    Some(word())
}

fn message(me: bool) -> Arc<Message> {
    Arc::new(Message { room: word(), seq: 1, from: word(), text: word(), time: 1, me })
}

fn members(away: Option<Arc<str>>) -> Vec<MemberInfo> {
    vec![MemberInfo { nick: word(), away }]
}

fn rooms(topic: Option<Arc<str>>) -> Vec<RoomInfo> {
    vec![RoomInfo { room: word(), members: 1, topic }]
}

fn help() -> Vec<HelpInfo> {
    vec![HelpInfo { usage: "x".to_owned(), text: "x".to_owned() }]
}

fn history(full: bool) -> History {
    History { room: word(), messages: vec![message(full)], missed: u64::from(full), more: full }
}

/// One answer of each kind, made by a `match` that a new kind breaks.
fn answers(some: Option<Arc<str>>) -> Vec<Done> {
    let full = some.is_some();
    let some = || some.clone();
    let mut made = vec![Done::Hello { nick: some(), resume: some() }];
    loop {
        let next = match made[made.len() - 1] {
            Done::Hello { .. } => Done::Nick { nick: word(), resume: some() },
            Done::Nick { .. } => Done::Join { room: word() },
            Done::Join { .. } => Done::Leave { room: word() },
            Done::Leave { .. } => Done::Rooms { rooms: rooms(some()), total: 1 },
            Done::Rooms { .. } => Done::Members { room: word(), members: members(some()), total: 1 },
            Done::Members { .. } => Done::Say { room: word(), seq: 1, time: 1, again: full },
            Done::Say { .. } => Done::Msg { to: word(), time: 1, away: some(), again: full },
            Done::Msg { .. } => Done::Topic { room: word(), topic: some() },
            Done::Topic { .. } => Done::Whois(WhoisInfo {
                nick: word(),
                rooms: vec![word()],
                since: 1,
                idle: 1,
                fronts: vec!["json".to_owned()],
                away: some(),
            }),
            Done::Whois(_) => Done::Away { text: word() },
            Done::Away { .. } => Done::Back,
            Done::Back => Done::History(history(full)),
            Done::History(_) => Done::Help { commands: help() },
            Done::Help { .. } => Done::Ping { token: word() },
            Done::Ping { .. } => Done::Quit,
            Done::Quit => return made,
        };
        made.push(next);
    }
}

/// One event of each kind, made by a `match` that a new kind breaks.
fn events(some: Option<Arc<str>>) -> Vec<Event> {
    let full = some.is_some();
    let some = || some.clone();
    let tag = || full.then(|| Tag("x".into()));
    let [room, nick, text] = [word, word, word];
    let time = 1;
    let hello = Event::Hello {
        version: 1,
        server: word(),
        offer: word(),
        lobby: word(),
        text: 1,
        line_bytes: 1,
        ping_after: 1,
    };
    let mut made = vec![hello];
    loop {
        let next = match made[made.len() - 1] {
            Event::Hello { .. } => Event::Ok { tag: tag(), done: Done::Back },
            Event::Ok { .. } => Event::Error { tag: tag(), code: word(), value: word(), text: text(), offer: some() },
            Event::Error { .. } => Event::Message(message(full)),
            Event::Message(_) => Event::Private { from: nick(), to: nick(), text: text(), time },
            Event::Private { .. } => Event::Joined { room: room(), made: 1, seq: 1, total: 1, topic: some() },
            Event::Joined { .. } => Event::Members { room: room(), members: members(some()), more: full },
            Event::Members { .. } => Event::History(history(full)),
            Event::History(_) => Event::Left { room: room() },
            Event::Left { .. } => Event::Join { room: room(), nick: nick(), time },
            Event::Join { .. } => Event::Leave { room: room(), nick: nick(), text: some(), time },
            Event::Leave { .. } => Event::Quit { nick: nick(), reason: CloseReason::Lost, text: some(), time },
            Event::Quit { .. } => Event::Nick { old: nick(), new: nick(), time },
            Event::Nick { .. } => Event::Topic { room: room(), topic: some(), by: nick(), time },
            Event::Topic { .. } => Event::Away { nick: nick(), text: some() },
            Event::Away { .. } => Event::Notice { text: text() },
            Event::Notice { .. } => Event::Waiting { ms: 1 },
            Event::Waiting { .. } => Event::Ping { token: word() },
            Event::Ping { .. } => Event::Closing { reason: CloseReason::Lost, text: text() },
            Event::Closing { .. } => return made,
        };
        made.push(next);
    }
}

fn lean_answers() -> Vec<Value> {
    answers(None).into_iter().map(|done| value(&Event::Ok { tag: None, done })).collect()
}

fn full_answers() -> Vec<Value> {
    answers(text()).into_iter().map(|done| value(&Event::Ok { tag: Some(Tag("x".into())), done })).collect()
}

fn lean_events() -> Vec<Value> {
    events(None).iter().map(value).collect()
}

fn full_events() -> Vec<Value> {
    events(text()).iter().map(value).collect()
}

/// Every code of a refused name.
fn name_codes() -> Vec<&'static str> {
    let value = || "x".to_owned();
    let of_both = [NameKind::Nick, NameKind::Room].into_iter().flat_map(|kind| {
        [
            NameError::Empty { kind },
            NameError::TooLong { kind, value: value(), characters: 1, columns: 1 },
            NameError::BadStart { kind, value: value(), character: 'x' },
            NameError::BadCharacter { kind, value: value(), character: 'x', position: 1 },
            NameError::MixedScripts { kind, value: value(), first: value(), second: value() },
            NameError::Direction { kind, value: value() },
        ]
    });
    of_both.chain([NameError::Reserved { value: value() }]).map(|error| error.code()).collect()
}

fn value(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).expect("it has only string keys")
}

/// The name of each sample, under `key`, and its fields but those in `common`.
fn samples(lean_and_full: &[Vec<Value>; 2], key: &str, common: &[&str]) -> Vec<(String, Names)> {
    let [lean, full] = lean_and_full;
    let pairs = lean.iter().zip(full);
    pairs
        .map(|(lean, full)| {
            let mut fields = fields_of(lean, full);
            fields.retain(|field| !common.contains(&field.as_str()));
            (lean[key].as_str().expect("a name").to_owned(), fields)
        })
        .collect()
}

/// The fields of an object; with `?` those that only the full one has.
fn fields_of(lean: &Value, full: &Value) -> Names {
    let lean = lean.as_object().expect("an object");
    let full = full.as_object().expect("an object");
    assert!(lean.keys().all(|key| full.contains_key(key)));
    full.keys().map(|key| if lean.contains_key(key) { key.clone() } else { format!("{key}?") }).collect()
}

// ---- reading a page ----

/// What stands between `## title` and the next `## `.
fn section(title: &str) -> &'static str {
    let start = PROTOCOL_PAGE.find(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no section {title:?}"));
    let rest = &PROTOCOL_PAGE[start + 4..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// The parts of a section under headings such as "### `join`", with their names.
fn parts(section: &'static str) -> Vec<(&'static str, &'static str)> {
    section.split("\n### `").skip(1).map(|part| part.split_once("`\n").expect("a name in backquotes")).collect()
}

fn part(parts: &[(&str, &'static str)], name: &str) -> &'static str {
    parts.iter().find(|(title, _)| *title == name).map(|(_, text)| *text).expect("it was found before")
}

fn titles(parts: &[(&str, &str)]) -> Names {
    let titles = names(parts.iter().map(|(title, _)| *title));
    assert_eq!(titles.len(), parts.len(), "a heading comes twice");
    titles
}

/// The rows of the tables in `text`, as cells, without their heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &&str| line.starts_with("|---");
    let is_head = |i: usize| lines.get(i + 1).is_some_and(is_rule);
    let row = |line: &&'_ str| line.starts_with('|') && !is_rule(line);
    let found = lines.iter().enumerate().filter(|(i, line)| row(line) && !is_head(*i));
    found.map(|(_, line)| line[1..line.len() - 1].split('|').map(str::trim).collect()).collect()
}

fn bare(cell: &str) -> &str {
    cell.trim_matches('`')
}

/// Fields as a cell lists them: in backquotes, with commas.
fn fields_in(cell: &str) -> Names {
    names(cell.split(", ").map(bare).filter(|field| !field.is_empty()))
}

fn names(list: impl Iterator<Item = impl AsRef<str>>) -> Names {
    list.map(|name| name.as_ref().to_owned()).collect()
}

/// The lines of the blocks marked `json`, each with its mark, `>` or `<`.
fn examples(text: &str) -> Vec<(char, &str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        match line {
            "```json" => inside = true,
            "```" => inside = false,
            line if inside => found.push((line.chars().next().unwrap_or(' '), line.get(2..).unwrap_or(""))),
            _ => {}
        }
    }
    found
}

fn kind_of(line: &str) -> String {
    let object: Value = serde_json::from_str(line).expect(line);
    object["type"].as_str().unwrap_or("").to_owned()
}
