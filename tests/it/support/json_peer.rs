//! A program on the JSON front. Each verb returns after the server's answer to it.

use std::sync::Arc;

use roomful::answer::{Done, History};
use roomful::event::{Event, PROTOCOL};
use roomful::model::{Kind, Message, Millis, Seq};
use roomful::wire::json;
use serde_json::{Value, json};

use super::Wire;

/// A program on the JSON front.
pub struct Peer {
    pub wire: Wire,
    /// The token that brings it back, once it has a name.
    pub resume: String,
    tags: u32,
    /// What came while an answer was waited for.
    aside: Vec<Event>,
}

/// An `error` event.
#[derive(Debug)]
pub struct Refusal {
    pub code: String,
    pub value: String,
    pub text: String,
    pub offer: Option<String>,
}

/// What a room showed to a person who joined.
#[derive(Debug)]
pub struct Shown {
    pub made: Millis,
    pub seq: Seq,
    pub topic: Option<Arc<str>>,
    pub members: Vec<String>,
    pub history: History,
}

impl Peer {
    pub fn new(wire: Wire) -> Peer {
        Peer { wire, resume: String::new(), tags: 0, aside: Vec::new() }
    }

    /// Sends a command and does not wait for its answer.
    pub fn send(&mut self, kind: &str, fields: Value) {
        let line = object(kind, fields).to_string() + "\n";
        self.wire.send(line);
    }

    /// Sends a command and waits for its answer.
    pub fn ask(&mut self, kind: &str, fields: Value) -> Result<Done, Refusal> {
        self.tags += 1;
        let tag = format!("t{}", self.tags);
        let mut command = object(kind, fields);
        command["tag"] = Value::from(tag.as_str());
        self.wire.send(command.to_string() + "\n");
        self.answer(&tag)
    }

    /// Waits for the answer to the command with this tag.
    pub fn answer(&mut self, wanted: &str) -> Result<Done, Refusal> {
        loop {
            match self.read() {
                Event::Ok { tag: Some(tag), done } if *tag.0 == *wanted => return Ok(done),
                Event::Error { tag: Some(tag), code, value, text, offer } if *tag.0 == *wanted => {
                    return Err(refusal(code.as_str(), &value, &text, offer.as_deref()));
                }
                other => self.aside.push(other),
            }
        }
    }

    /// The next event off the wire.
    pub fn read(&mut self) -> Event {
        let line = self.wire.line();
        json::decode_event(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The first event there is or comes that `is` wanted; those before it stay for `sync`.
    pub fn wait(&mut self, mut is: impl FnMut(&Event) -> bool) -> Event {
        if let Some(at) = self.aside.iter().position(&mut is) {
            return self.aside.remove(at);
        }
        loop {
            let event = self.read();
            if is(&event) {
                return event;
            }
            self.aside.push(event);
        }
    }

    /// The next refusal without a tag.
    pub fn refused(&mut self) -> Refusal {
        match self.wait(|event| matches!(event, Event::Error { tag: None, .. })) {
            Event::Error { code, value, text, offer, .. } => refusal(code.as_str(), &value, &text, offer.as_deref()),
            other => unreachable!("{other:?}"),
        }
    }

    /// All events that came before the answer to a `ping`, and were not waited for by a verb.
    pub fn sync(&mut self) -> Vec<Event> {
        let done = self.ask("ping", json!({"token": "sync"})).expect("ping is always answered");
        assert_eq!(done, Done::Ping { token: "sync".into() });
        self.so_far()
    }

    /// What came so far and was not waited for, without asking for more.
    pub fn so_far(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.aside)
    }

    /// The same as `sync` in few words, see [`brief`].
    pub fn hears(&mut self) -> Vec<String> {
        self.sync().iter().map(brief).collect()
    }

    /// Greets; `fields` are those of `hello` beside the version. Returns the name taken.
    pub fn hello(&mut self, mut fields: Value) -> Result<String, Refusal> {
        fields["version"] = Value::from(PROTOCOL);
        match self.ask("hello", fields)? {
            Done::Hello { nick, resume, .. } => {
                self.aside.retain(|event| !matches!(event, Event::Hello { .. }));
                self.resume = resume.map_or(String::new(), |token| token.to_string());
                Ok(nick.map_or(String::new(), |nick| nick.to_string()))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Joins a room, and reads what it shows.
    pub fn join(&mut self, room: &str) -> Shown {
        self.join_after(room, json!({}))
    }

    /// The same, with what was seen of it before.
    pub fn join_after(&mut self, room: &str, mut seen: Value) -> Shown {
        seen["room"] = Value::from(room);
        match self.ask("join", seen) {
            Ok(Done::Join { .. }) => self.shown(),
            other => panic!("{other:?}"),
        }
    }

    /// What a room shows after the answer to `join`, or after a `hello` with rooms.
    pub fn shown(&mut self) -> Shown {
        let Event::Joined { made, seq, topic, .. } = self.wait(|event| matches!(event, Event::Joined { .. })) else {
            unreachable!()
        };
        let mut names = Vec::new();
        loop {
            match self.wait(|event| matches!(event, Event::Members { .. } | Event::History(_))) {
                Event::Members { members, .. } => names.extend(members.iter().map(|member| member.nick.to_string())),
                Event::History(history) => return Shown { made, seq, topic, members: names, history },
                other => unreachable!("{other:?}"),
            }
        }
    }

    /// Leaves a room, and takes no notice of `left`.
    pub fn leave(&mut self, room: &str) {
        self.ask("leave", json!({"room": room})).expect("it is in there");
        self.wait(|event| matches!(event, Event::Left { .. }));
    }

    /// Says a line; its number. The line itself comes back to `sync`.
    pub fn say(&mut self, room: &str, text: &str) -> Seq {
        match self.ask("say", json!({"room": room, "text": text})) {
            Ok(Done::Say { seq, .. }) => seq,
            other => panic!("{other:?}"),
        }
    }

    /// Says goodbye, and reads to the end.
    pub fn quit(mut self) -> Vec<Event> {
        self.ask("quit", json!({})).expect("nobody is held");
        self.rest()
    }

    /// All that still comes, to the orderly end.
    pub fn rest(&mut self) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.aside);
        let decode = |line: String| json::decode_event(line.as_bytes()).unwrap_or_else(|e| panic!("{e}: {line}"));
        events.extend(self.wire.rest().into_iter().map(decode));
        events
    }
}

fn object(kind: &str, mut fields: Value) -> Value {
    fields["type"] = Value::from(kind);
    fields
}

fn refusal(code: &str, value: &str, text: &str, offer: Option<&str>) -> Refusal {
    Refusal { code: code.to_owned(), value: value.to_owned(), text: text.to_owned(), offer: offer.map(str::to_owned) }
}

/// The message in an event, if there is one.
pub fn message_of(event: &Event) -> Option<&Arc<Message>> {
    match event {
        Event::Message(message) => Some(message),
        _ => None,
    }
}

/// An event in few words: enough to compare, without times.
pub fn brief(event: &Event) -> String {
    let in_brackets = |text: &Option<Arc<str>>| text.as_ref().map_or(String::new(), |text| format!(" ({text})"));
    match event {
        Event::Message(m) if m.kind == Kind::Action => format!("{} * {} {}", m.room, m.from, m.text),
        Event::Message(m) => format!("{} {}: {}", m.room, m.from, m.text),
        Event::Private { from, to, text, .. } => format!("{from} to {to}: {text}"),
        Event::Join { room, nick, .. } => format!("{room} + {nick}"),
        Event::Leave { room, nick, text, .. } => format!("{room} - {nick}{}", in_brackets(text)),
        Event::Quit { nick, reason, text, .. } => format!("- {nick} {}{}", reason.code(), in_brackets(text)),
        Event::Nick { old, new, .. } => format!("{old} = {new}"),
        Event::Topic { room, topic, by, .. } => format!("{room} topic by {by}{}", in_brackets(topic)),
        Event::Away { nick, text } => format!("{nick} away{}", in_brackets(text)),
        Event::Closing { reason, text } => format!("closing {}: {text}", reason.code()),
        Event::Waiting { .. } => "waiting".to_owned(),
        Event::Kick { room, nick, by, text, .. } => format!("{room} {by} kicks {nick}{}", in_brackets(text)),
        Event::Restriction { room, restriction, lifted, nick, by, text, .. } => {
            let un = if *lifted { "un-" } else { "" };
            format!("{room} {by} {un}{restriction:?} {nick}{}", in_brackets(text))
        }
        Event::Role { room, nick, role, by, .. } => format!("{room} {by} makes {nick} {role:?}"),
        Event::Voice { room, nick, voice, by, .. } => {
            format!("{room} {by} {} {nick} a voice", if *voice { "gives" } else { "takes" })
        }
        Event::Settings { room, by, .. } => format!("{room} settings by {by}"),
        Event::Invite { room, by, .. } => format!("{room} invite by {by}"),
        Event::Deleted { room, seq, by, .. } => format!("{room} {seq} deleted by {by}"),
        Event::Typing { room, nick } => format!("{room} {nick} types"),
        Event::Read { room, seq } => format!("{room} read to {seq}"),
        Event::Left { room, .. } => format!("{room} left"),
        Event::Notice { text } => format!("notice: {text}"),
        Event::Ok { done, .. } => format!("ok {done:?}"),
        Event::Error { code, value, .. } => format!("error {code} {value}"),
        other => format!("{other:?}"),
    }
}
