//! What an event weighs in an outbox. Knows no bytes.

use std::sync::Arc;

use super::Event;
use crate::answer::{FRAME, length, said, sum};
use crate::model::{FileInfo, Settings};

impl Event {
    /// About how many bytes this takes on the wire: what the outbox counts.
    /// An estimate, because it is asked before anything is encoded; never less
    /// than the text it carries.
    pub fn weight(&self) -> usize {
        let file = |file: &Option<Arc<FileInfo>>| file.as_ref().map_or(0, |file| file.name.len() + 2 * FRAME);
        FRAME
            + match self {
                Event::Ok { done, .. } => return done.weight(),
                Event::Message(message) => said(&message.text) + file(&message.file),
                Event::Private { text, file: sent, .. } => said(text) + file(sent),
                Event::Notice { text } | Event::Closing { text, .. } => text.len(),
                Event::Ping { token } => token.len(),
                Event::Topic { topic: text, .. }
                | Event::Joined { topic: text, .. }
                | Event::Leave { text, .. }
                | Event::Left { text, .. }
                | Event::Join { away: text, .. }
                | Event::Face { text, .. }
                | Event::Quit { text, .. }
                | Event::Away { text, .. }
                | Event::Deleted { text, .. }
                | Event::Kick { text, .. }
                | Event::Restriction { text, .. }
                | Event::Settings { settings: Settings { key: text, .. }, .. } => FRAME + length(text),
                Event::Members { members, .. } => sum(members),
                Event::History(history) => sum(&history.messages),
                Event::Chats { chats, .. } => sum(chats),
                Event::Error { value, text, .. } => value.len() + text.len(),
                Event::Hello { .. }
                | Event::Nick { .. }
                | Event::Role { .. }
                | Event::Voice { .. }
                | Event::Invite { .. }
                | Event::Read { .. }
                | Event::Typing { .. }
                | Event::Waiting { .. } => FRAME,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{BanInfo, Done, HelpInfo, History, MemberInfo, RoomInfo, WhoisInfo};
    use crate::error::Code;
    use crate::model::{Changed, CloseReason, Kind, Message, PlaceId, Restriction};

    #[test]
    fn no_event_weighs_less_than_the_text_it_carries() {
        let long: Arc<str> = "ж".repeat(8_000).into();
        let some = Some(Arc::clone(&long));
        let short: Arc<str> = "x".into();
        let name = || Arc::clone(&short);
        let member = || MemberInfo { nick: name().into(), role: None, voice: false, away: some.clone() };
        let message = Arc::new(Message {
            room: name(),
            seq: 1,
            from: name().into(),
            text: Arc::clone(&long),
            ..Message::default()
        });
        let history = || History { messages: vec![Arc::clone(&message)], ..History::default() };
        let whois = WhoisInfo {
            nick: name(),
            user: name(),
            host: name(),
            about: None,
            op: false,
            rooms: vec![],
            ranks: vec![],
            since: 0,
            idle: 0,
            fronts: vec![],
            registered: false,
            address: None,
            away: some.clone(),
        };
        let settings = || Settings { key: some.clone(), ..Settings::default() };
        let ban = || BanInfo {
            mask: some.clone(),
            restriction: Restriction::Ban,
            nick: name(),
            until: None,
            by: name(),
            text: some.clone(),
            time: 0,
        };
        let made = [
            Done::Rooms {
                rooms: vec![RoomInfo { room: name(), members: 1, topic: some.clone(), topic_time: None, made: 0 }],
                total: 1,
                more: false,
                next: None,
                mask: some.clone(),
            },
            Done::Members { room: name(), members: vec![member()], total: 1, hidden: false, more: false },
            Done::Msg { to: name(), seq: 1, time: 0, away: some.clone(), again: false },
            Done::Search { messages: vec![Arc::clone(&message)], more: false, next: some.clone() },
            Done::Settings { room: name(), settings: settings(), registered: false },
            Done::Bans { room: None, bans: vec![ban()], skip: 0, more: false },
            Done::Topic { room: name(), topic: some.clone(), topic_by: None, topic_time: None },
            Done::Whois(whois),
            Done::Away { text: Arc::clone(&long) },
            Done::History(history()),
            Done::Help { commands: vec![HelpInfo { usage: String::new(), text: long.to_string() }] },
            Done::Ping { token: Arc::clone(&long) },
        ];
        let events = [
            Event::Error { tag: None, code: Code::NoRoom, value: Arc::clone(&long), text: name(), offer: None },
            Event::Message(Arc::clone(&message)),
            Event::Private {
                from: name().into(),
                to: name(),
                seq: 1,
                text: Arc::clone(&long),
                time: 0,
                kind: Kind::Text,
                file: None,
                place: PlaceId(1),
            },
            Event::Kick { room: name(), nick: name(), by: name().into(), text: some.clone(), time: 0 },
            Event::Settings {
                room: name(),
                settings: settings(),
                registered: false,
                changed: Changed::default(),
                by: name().into(),
                time: 0,
            },
            Event::Joined {
                room: name(),
                made: 0,
                run: 0,
                seq: 0,
                total: 1,
                topic: some.clone(),
                topic_by: None,
                topic_time: None,
            },
            Event::Members { room: name(), members: vec![member()], hidden: false, more: false },
            Event::History(history()),
            Event::Leave { room: name(), nick: name().into(), text: some.clone(), time: 0 },
            Event::Quit { nick: name().into(), reason: CloseReason::Quit, text: some.clone(), time: 0 },
            Event::Topic { room: name(), topic: some.clone(), by: name().into(), time: 0 },
            Event::Away { nick: name().into(), text: some.clone() },
            Event::Notice { text: Arc::clone(&long) },
            Event::Ping { token: Arc::clone(&long) },
            Event::Closing { reason: CloseReason::Quit, text: Arc::clone(&long) },
        ];
        for event in events.into_iter().chain(made.map(|done| Event::Ok { tag: None, done })) {
            assert!(event.weight() > long.len(), "{}", event.weight());
        }
    }
}
