//! What was missed: rooms are asked for after a lost connection, and conversations with what is unread there. Knows no sockets and no threads.

use serde_json::Value;

use super::asked::Wanted;
use super::keys::room_key;
use super::marks::key_of;
use super::state::{State, Told};
use crate::answer::{ChatInfo, Done};
use crate::event::Event;
use crate::model::{Millis, Seq};
use crate::wire::json;

/// Conversations asked for at once. The server counts each as three commands,
/// and what a person types next must not wait for long.
const MOST: usize = 5;

/// Messages of one conversation. Of more, the person is told that there are more.
const PAGE: usize = 100;

/// Conversations that are asked for.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// Whether anybody wants them.
    pub wanted: bool,
    /// Each by its key, with the numbers of the lines that came by themselves since.
    open: Vec<(String, Vec<Seq>)>,
}

impl State {
    /// The lines that bring everything back after a reconnect: the rooms, then
    /// what has no answer, then what else was missed.
    pub fn comeback(&mut self) -> Vec<String> {
        let known = |time: Millis| if time == 0 { Value::Null } else { time.into() };
        let mut lines = Vec::with_capacity(self.places.len() + self.pending.len());
        for place in 0..self.places.len() {
            let tag = self.next_tag();
            self.asked.begin(tag.clone(), Wanted::Made);
            let place = &mut self.places[place];
            let key = self.keys.get(&room_key(&place.name)).map_or(Value::Null, |key| (**key).into());
            let fields = [
                ("tag", (*tag.0).into()),
                ("room", (&*place.name).into()),
                ("after", place.seen.into()),
                ("made", known(place.made)),
                ("run", known(place.run)),
                ("key", key),
            ];
            lines.push(json::request("join", &fields));
            place.is_asked_for(tag);
        }
        lines.extend(self.pending.iter().map(|said| said.line.clone()));
        if self.missed.wanted {
            // An account is told by `chats` where something is unread.
            let talked = if self.account { Vec::new() } else { self.marks.conversations() };
            lines.extend(self.ask_for(talked));
        }
        lines
    }

    /// The server has told where something is unread: asks for what was not heard here.
    pub(super) fn learn_chats(&mut self, chats: &[ChatInfo]) {
        let mut unheard = Vec::new();
        for chat in chats {
            let seen = self.marks.seen_in(&chat.room);
            if chat.seq < seen && chat.room.starts_with('@') {
                // What came after it is lost, and its numbers come again.
                self.marks.rewind(&chat.room, chat.seq);
            }
            self.marks.read(&chat.room, chat.read);
            if self.is_unheard(chat) {
                unheard.push((chat.room.to_string(), seen.max(chat.read)));
            }
        }
        if self.missed.wanted {
            let lines = self.ask_for(unheard);
            self.owed.extend(lines);
        }
    }

    /// Whether this is a conversation with something unread that was not heard
    /// here. A server that was killed no more knows who had read what.
    pub(super) fn is_unheard(&self, chat: &ChatInfo) -> bool {
        chat.room.starts_with('@') && chat.unread > 0 && chat.seq > self.marks.seen_in(&chat.room)
    }

    /// Asks for conversations, each after a number; and for a sign that all that was asked for came.
    fn ask_for(&mut self, places: Vec<(String, Seq)>) -> Vec<String> {
        let mut lines = Vec::new();
        for (place, after) in places.into_iter().take(MOST) {
            let tag = self.next_tag();
            self.asked.begin(tag.clone(), Wanted::Missed);
            let fields =
                [("tag", (*tag.0).into()), ("room", (&*place).into()), ("after", after.into()), ("limit", PAGE.into())];
            lines.push(json::request("history", &fields));
            self.missed.open.push((key_of(&place), Vec::new()));
        }
        let tag = self.next_tag();
        self.asked.begin(tag.clone(), Wanted::Missed);
        lines.push(json::request("ping", &[("tag", (*tag.0).into())]));
        lines
    }

    /// A private line came by itself: it may also be in what is asked for.
    pub(super) fn heard_private(&mut self, place: &str, seq: Seq) {
        self.marks.seen(place, seq);
        let key = key_of(place);
        self.missed.open.iter_mut().filter(|(open, _)| *open == key).for_each(|(_, came)| came.push(seq));
    }

    /// What was asked for came.
    pub(super) fn found(&mut self, done: Done) -> Told {
        match done {
            Done::History(mut history) => {
                let key = key_of(&history.room);
                if let Some((_, came)) = self.missed.open.iter().find(|(open, _)| *open == key) {
                    history.messages.retain(|message| !came.contains(&message.seq));
                }
                let Some(last) = history.messages.last() else { return Told::Nothing };
                self.marks.seen(&history.room, last.seq);
                Told::Event(Event::History(history))
            }
            Done::Ping { .. } => {
                if !self.asked.has(Wanted::Missed) {
                    self.missed.open.clear();
                }
                Told::Event(Event::Ok { tag: None, done })
            }
            _ => Told::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::answer::History;
    use crate::model::{Message, Tag};

    fn message(seq: Seq) -> Arc<Message> {
        let (room, from, text) = ("@Boris".into(), "Boris".into(), seq.to_string().into());
        Arc::new(Message { room, seq, from, text, ..Message::default() })
    }

    fn private(seq: Seq) -> Event {
        Event::Private { from: "Boris".into(), to: "anna".into(), seq, text: "x".into(), time: 0, file: None }
    }

    fn tag_of(line: &str) -> Option<Tag> {
        line.split(r#""tag":""#).nth(1).and_then(|rest| rest.split('"').next()).map(|tag| Tag(tag.into()))
    }

    fn anna() -> State {
        let mut state = State::default();
        state.nick = "anna".into();
        state.missed.wanted = true;
        state
    }

    /// docs/protocol.md, *Catching up*: private conversations are caught up on with `history` and `after`.
    #[test]
    fn a_guest_asks_for_the_conversations_of_before_and_hears_each_line_once() {
        let mut state = anna();
        state.learn(private(7));
        state.lost();
        let lines = state.comeback();
        assert!(lines[0].contains(r#""after":7,"limit":100,"room":"@boris""#), "{lines:?}");
        // Said while the answer was on its way.
        state.learn(private(9));
        let history = History { room: "@Boris".into(), messages: vec![message(8), message(9)], ..History::default() };
        let told = state.learn(Event::Ok { tag: tag_of(&lines[0]), done: Done::History(history) });
        let Told::Event(Event::History(history)) = told else { panic!("nothing is told") };
        assert_eq!(history.messages, [message(8)]);
        assert!(state.asked.has(Wanted::Missed));
        let done = Done::Ping { token: "".into() };
        assert!(matches!(state.learn(Event::Ok { tag: tag_of(&lines[1]), done }), Told::Event(Event::Ok { .. })));
        assert!(!state.asked.has(Wanted::Missed));
    }

    /// The same for an account, which is told where something is unread.
    #[test]
    fn an_account_asks_where_something_is_unread_that_was_not_heard_here() {
        let mut state = anna();
        state.account = true;
        state.learn(private(7));
        let chat = |room: &str, seq, read| ChatInfo { room: room.into(), seq, read, unread: seq - read };
        let chats = vec![chat("#a", 9, 0), chat("@Boris", 7, 5), chat("@Vera", 3, 1), chat("@Gleb", 2, 2)];
        state.learn_chats(&chats);
        assert_eq!(state.owed.len(), 2, "{:?}", state.owed);
        assert!(state.owed[0].contains(r#""after":1,"limit":100,"room":"@Vera""#), "{:?}", state.owed);
        let many: Vec<ChatInfo> = (0..20).map(|i| chat(&format!("@n{i}"), 1, 0)).collect();
        state.owed.clear();
        state.learn_chats(&many);
        assert_eq!(state.owed.len(), MOST + 1);
    }
}
