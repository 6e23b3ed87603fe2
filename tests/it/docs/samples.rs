//! One of each answer, event and object, with as little and as much in it as it can have. Knows no page.

use std::sync::Arc;

use roomful::actor::{Actor, ActorParts};
use roomful::answer::{
    BanInfo, ChatInfo, Done, FactsInfo, FileRow, GoneInfo, HelpInfo, History, MemberInfo, Moderated, PersonInfo,
    RoomInfo, WhoisInfo,
};
use roomful::error::Code;
use roomful::event::Event;
use roomful::model::{CloseReason, FileInfo, Kind, Message, PlaceId, Tag};
use roomful::model::{Restriction, Role, Setting, Settings};
use serde_json::Value;

use super::page::Names;

fn word() -> Arc<str> {
    Arc::from("x")
}

fn text() -> Option<Arc<str>> {
    Some(word())
}

fn role(full: bool) -> Option<Role> {
    full.then_some(Role::Op)
}

fn file(full: bool) -> Arc<FileInfo> {
    let (width, height) = (full.then_some(1), full.then_some(1));
    Arc::new(FileInfo { file: 1, name: word(), mime: word(), size: 1, sha256: word(), width, height })
}

fn message(full: bool) -> Arc<Message> {
    let file = full.then(|| file(full));
    Arc::new(Message {
        room: word(),
        seq: 1,
        from: word().into(),
        text: word(),
        time: 1,
        kind: kind(full),
        file,
        deleted: full,
        place: PlaceId(1),
    })
}

fn kind(full: bool) -> Kind {
    if full { Kind::Action } else { Kind::Text }
}

fn member(full: bool) -> MemberInfo {
    MemberInfo { nick: word().into(), role: role(full), voice: full, away: text().filter(|_| full) }
}

fn room(full: bool) -> RoomInfo {
    let (topic, topic_time) = (text().filter(|_| full), full.then_some(1));
    RoomInfo { room: word(), members: 1, topic, topic_time, made: 1 }
}

fn chat(full: bool) -> ChatInfo {
    ChatInfo { room: word(), seq: 1, read: 1, unread: 1, time: full.then_some(1) }
}

fn ban(full: bool) -> BanInfo {
    let (until, mask, text) = (full.then_some(1), text().filter(|_| full), text().filter(|_| full));
    BanInfo { restriction: Restriction::Ban, nick: word(), mask, until, by: word(), text, time: 1 }
}

fn file_row(full: bool) -> FileRow {
    FileRow { info: file(full), seq: 1, from: word(), time: 1 }
}

fn help() -> HelpInfo {
    HelpInfo { usage: "x".to_owned(), text: "x".to_owned() }
}

fn history(full: bool) -> History {
    let after = full.then_some(1);
    History { room: word(), messages: vec![message(full)], missed: u64::from(full), more: full, after }
}

fn settings(full: bool) -> Settings {
    Settings {
        invite_only: full,
        key: text().filter(|_| full),
        announcements: full,
        topic_by_ops: full,
        hidden: full,
        outsiders: full,
        limit: full.then_some(1),
    }
}

fn ordered(full: bool) -> Moderated {
    let (room, mask) = (text().filter(|_| full), text().filter(|_| full));
    Moderated { room, nick: word(), mask, until: full.then_some(1), people: full.then_some(1), more: full }
}

fn person(full: bool) -> PersonInfo {
    let some = || text().filter(|_| full);
    PersonInfo {
        who: Actor::new(ActorParts { nick: word(), user: "x", host: "x", registered: full, about: some() }),
        away: some(),
        op: full,
        room: some(),
        role: role(full),
        voice: full,
        idle: 1,
        since: 1,
    }
}

fn gone(full: bool) -> GoneInfo {
    let about = text().filter(|_| full);
    GoneInfo { nick: word(), user: word(), host: word(), about, registered: full, time: 1 }
}

fn whois(full: bool) -> WhoisInfo {
    WhoisInfo {
        ranks: vec![],
        nick: word(),
        user: word(),
        host: word(),
        about: text().filter(|_| full),
        op: full,
        rooms: vec![word()],
        since: 1,
        idle: 1,
        fronts: vec!["json".to_owned()],
        registered: full,
        address: text().filter(|_| full),
        away: text().filter(|_| full),
    }
}

/// What is a message of one kind with the field of the other kind too.
fn with_notice(mut message: Value) -> Value {
    message["notice"] = true.into();
    message
}

/// The objects inside lists: the name, the lean one, the full one.
pub fn objects() -> [(&'static str, Value, Value); 10] {
    [
        ("room", value(&room(false)), value(&room(true))),
        ("member", value(&member(false)), value(&member(true))),
        ("person", value(&person(false)), value(&person(true))),
        ("gone", value(&gone(false)), value(&gone(true))),
        ("message", value(&*message(false)), with_notice(value(&*message(true)))),
        ("file", value(&*file(false)), value(&*file(true))),
        ("file row", value(&file_row(false)), value(&file_row(true))),
        ("chat", value(&chat(false)), value(&chat(true))),
        ("ban", value(&ban(false)), value(&ban(true))),
        ("help", value(&help()), value(&help())),
    ]
}

/// One answer of each kind, made by a `match` that a new kind breaks.
fn answers(full: bool) -> Vec<Done> {
    let some = || text().filter(|_| full);
    let [room_name, nick] = [word, word];
    let (seq, time, upload, total) = (1, 1, 1, 1);
    let mut made = vec![Done::Hello { nick: some().map(Actor::from), resume: some(), registered: full }];
    loop {
        let next = match made[made.len() - 1] {
            Done::Hello { .. } => Done::Nick { nick: nick().into(), resume: some() },
            Done::Nick { .. } => Done::Join { room: room_name() },
            Done::Join { .. } => Done::Leave { room: room_name() },
            Done::Leave { .. } => {
                Done::Rooms { rooms: vec![room(full)], total, more: full, next: some(), mask: some() }
            }
            Done::Rooms { .. } => Done::Facts(FactsInfo::default()),
            Done::Facts(_) => {
                Done::Members { room: room_name(), members: vec![member(full)], total, hidden: false, more: full }
            }
            Done::Members { .. } => Done::Who { people: vec![person(full)], more: full },
            Done::Who { .. } => Done::Whowas { nick: nick(), people: vec![gone(full)] },
            Done::Whowas { .. } => Done::Say { room: room_name(), seq, time, again: full },
            Done::Say { .. } => Done::Msg { to: nick(), seq, time, away: some(), again: full },
            Done::Msg { .. } => {
                Done::Topic { room: room_name(), topic: some(), topic_by: some(), topic_time: full.then_some(1) }
            }
            Done::Topic { .. } => Done::Whois(whois(full)),
            Done::Whois(_) => Done::Away { text: word() },
            Done::Away { .. } => Done::Back,
            Done::Back => Done::History(history(full)),
            Done::History(_) => Done::Search { messages: vec![message(full)], more: full, next: some() },
            Done::Search { .. } => Done::Delete { room: room_name(), seq },
            Done::Delete { .. } => Done::Chats { chats: vec![chat(full)], more: full },
            Done::Chats { .. } => Done::Read { room: room_name(), seq },
            Done::Read { .. } => Done::Close { room: room_name() },
            Done::Close { .. } => Done::Typing,
            Done::Typing => Done::Register { nick: nick().into() },
            Done::Register { .. } => Done::Login { nick: nick().into(), resume: some() },
            Done::Login { .. } => Done::Authenticate { nick: nick() },
            Done::Authenticate { .. } => Done::About { text: some() },
            Done::About { .. } => Done::Oper,
            Done::Oper => Done::Deoper,
            Done::Deoper => Done::Logout { nick: nick().into() },
            Done::Logout { .. } => Done::Password,
            Done::Password => Done::DeleteAccount { nick: nick().into() },
            Done::DeleteAccount { .. } => Done::Claim,
            Done::Claim => Done::RegisterRoom { room: room_name() },
            Done::RegisterRoom { .. } => Done::DropRoom { room: room_name() },
            Done::DropRoom { .. } => Done::Settings { room: room_name(), settings: settings(full), registered: full },
            Done::Settings { .. } => Done::Invite(ordered(full)),
            Done::Invite(_) => Done::Kick(ordered(full)),
            Done::Kick(_) => Done::Ban(ordered(full)),
            Done::Ban(_) => Done::Unban(ordered(full)),
            Done::Unban(_) => Done::Mute(ordered(full)),
            Done::Mute(_) => Done::Unmute(ordered(full)),
            Done::Unmute(_) => Done::Op(ordered(full)),
            Done::Op(_) => Done::Deop(ordered(full)),
            Done::Deop(_) => Done::Voice(ordered(full)),
            Done::Voice(_) => Done::Devoice(ordered(full)),
            Done::Devoice(_) => Done::Bans { room: some(), bans: vec![ban(full)], skip: u64::from(full), more: full },
            Done::Bans { .. } => Done::Announce,
            Done::Announce => Done::Offer { upload, url: word() },
            Done::Offer { .. } => Done::Finish { room: room_name(), seq, time, file: 1, again: full },
            Done::Finish { .. } => Done::Cancel { upload },
            Done::Cancel { .. } => Done::Files { room: room_name(), files: vec![file_row(full)], more: full },
            Done::Files { .. } => Done::Get { info: file(full), url: word() },
            Done::Get { .. } => Done::Help { commands: vec![help()] },
            Done::Help { .. } => Done::Ping { token: word() },
            Done::Ping { .. } => Done::Quit,
            Done::Quit => return made,
        };
        made.push(next);
    }
}

/// One event of each kind, made by a `match` that a new kind breaks.
fn events(full: bool) -> Vec<Event> {
    let some = || text().filter(|_| full);
    let tag = || full.then(|| Tag("x".into()));
    let [room, nick, by, text] = [word, word, word, word];
    let (seq, time) = (1, 1);
    let (until, registered) = (full.then_some(1), full);
    let hello = Event::Hello {
        version: 1,
        server: word(),
        offer: word(),
        lobby: word(),
        text: 1,
        line_bytes: 1,
        ping_after: 1,
        page: some(),
        rate: 1,
        rate_burst: 1,
        file_bytes: 1,
        kept: true,
        motd: some(),
    };
    let mut made = vec![hello];
    loop {
        let next = match made[made.len() - 1] {
            Event::Hello { .. } => Event::Ok { tag: tag(), done: Done::Back },
            Event::Ok { .. } => {
                Event::Error { tag: tag(), code: Code::NoRoom, value: word(), text: text(), offer: some() }
            }
            Event::Error { .. } => Event::Message(message(full)),
            Event::Message(_) => {
                let (kind, file, place) = (kind(full), full.then(|| file(full)), PlaceId(1));
                Event::Private { from: nick().into(), to: nick(), seq, text: text(), time, kind, file, place }
            }
            Event::Private { .. } => {
                let (topic, topic_by, topic_time) = (some(), some(), full.then_some(1));
                Event::Joined { room: room(), made: 1, run: 1, seq, total: 1, topic, topic_by, topic_time }
            }
            Event::Joined { .. } => {
                Event::Members { room: room(), members: vec![member(full)], hidden: false, more: full }
            }
            Event::Members { .. } => Event::History(history(full)),
            Event::History(_) => Event::Left { room: room(), text: some() },
            Event::Left { .. } => Event::Join { room: room(), nick: nick().into(), time, away: some() },
            Event::Join { .. } => Event::Leave { room: room(), nick: nick().into(), text: some(), time },
            Event::Leave { .. } => Event::Quit { nick: nick().into(), reason: CloseReason::Lost, text: some(), time },
            Event::Quit { .. } => Event::Nick { old: nick(), new: nick(), by: by().into(), time },
            Event::Nick { .. } => Event::Topic { room: room(), topic: some(), by: by().into(), time },
            Event::Topic { .. } => Event::Face { who: by().into(), old: Actor::default(), text: some() },
            Event::Face { .. } => Event::Away { nick: nick().into(), text: some() },
            Event::Away { .. } => {
                let (said, text, place) = (1, some(), PlaceId(1));
                Event::Deleted { room: room(), seq, said, by: by().into(), text, time, place }
            }
            Event::Deleted { .. } => Event::Kick { room: room(), nick: nick(), by: by().into(), text: some(), time },
            Event::Kick { .. } => {
                let (restriction, lifted, mask, text) = (Restriction::Mute, full, some(), some());
                let (room, nick, by) = (room(), nick(), by().into());
                Event::Restriction { room, restriction, lifted, nick, mask, by, until, text, time }
            }
            Event::Restriction { .. } => {
                Event::Role { room: room(), nick: nick(), role: role(full), was: None, by: by().into(), time }
            }
            Event::Role { .. } => Event::Voice { room: room(), nick: nick(), voice: full, by: by().into(), time },
            Event::Voice { .. } => {
                let changed = Setting::ALL.into_iter().filter(|_| full).collect();
                Event::Settings { room: room(), settings: settings(full), registered, changed, by: by().into(), time }
            }
            Event::Settings { .. } => Event::Invite { room: room(), nick: some(), by: by().into(), time },
            Event::Invite { .. } => Event::Chats { chats: vec![chat(full)], more: full },
            Event::Chats { .. } => Event::Read { room: room(), seq },
            Event::Read { .. } => Event::Typing { room: room(), nick: nick().into() },
            Event::Typing { .. } => Event::Notice { text: text() },
            Event::Notice { .. } => Event::Waiting { ms: 1 },
            Event::Waiting { .. } => Event::Ping { token: word() },
            Event::Ping { .. } => Event::Closing { reason: CloseReason::Lost, text: text() },
            Event::Closing { .. } => return made,
        };
        made.push(next);
    }
}

/// Each answer's name, and its own fields.
pub fn answer_fields() -> Vec<(String, Names)> {
    let [lean, full] = [false, true].map(|full| {
        let tag = full.then(|| Tag("x".into()));
        answers(full).into_iter().map(|done| value(&Event::Ok { tag: tag.clone(), done })).collect()
    });
    fields(&[lean, full], "for", &["type", "for", "tag?"])
}

/// Each event's name, and its fields but `type`.
pub fn event_fields() -> Vec<(String, Names)> {
    let of = |full: bool, event: &Event| match event {
        Event::Message(_) | Event::Private { .. } if full => with_notice(value(event)),
        _ => value(event),
    };
    fields(&[false, true].map(|full| events(full).iter().map(|event| of(full, event)).collect()), "type", &["type"])
}

/// The name of each sample, under `key`, and its fields but those in `common`.
fn fields(lean_and_full: &[Vec<Value>; 2], key: &str, common: &[&str]) -> Vec<(String, Names)> {
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
pub fn fields_of(lean: &Value, full: &Value) -> Names {
    let lean = lean.as_object().expect("an object");
    let full = full.as_object().expect("an object");
    assert!(lean.keys().all(|key| full.contains_key(key)));
    full.keys().map(|key| if lean.contains_key(key) { key.clone() } else { format!("{key}?") }).collect()
}

fn value(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).expect("it has only string keys")
}
