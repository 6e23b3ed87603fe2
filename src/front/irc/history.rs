//! What was said earlier, and files: lines of messages outside of their time. Knows no labels.

use std::sync::Arc;

use super::asked::Asked;
use super::caps::Caps;
use super::encoder::IrcEncoder;
use crate::answer::{ChatInfo, History};
use crate::event::Event;
use crate::model::{FileInfo, Message};
use crate::wire::irc::{Bits, added, encode};
use crate::wording::size;

/// The most messages that a client is shown that did not ask for them.
const REPLAY: usize = 20;

impl IrcEncoder {
    /// What was said last in a room that the client opens. One that can ask for it is
    /// shown nothing; neither is one that could not tell it from what is said now.
    pub(super) fn replay(&mut self, history: &History, out: &mut Vec<u8>) {
        let can_tell = self.caps.has_one_of(Caps::BATCH | Caps::SERVER_TIME);
        if self.caps.has(Caps::CHATHISTORY) || !can_tell {
            return;
        }
        let told: Vec<_> = history.messages.iter().filter(|message| !message.deleted).collect();
        if !told.is_empty() {
            let last = &told[told.len().saturating_sub(REPLAY)..];
            self.earlier(&history.room, &history.room, last, out);
        }
    }

    /// The answer to CHATHISTORY.
    pub(super) fn history(&mut self, asked: &Asked, history: &History, out: &mut Vec<u8>) {
        let target = match asked {
            Asked::History { target, .. } if !history.room.starts_with('#') => target,
            _ => &*history.room,
        };
        let told: Vec<_> = history.messages.iter().filter(|message| !message.deleted).collect();
        self.earlier(&history.room, target, &told, out);
    }

    /// Messages in a batch, or between two notices.
    fn earlier(&mut self, room: &str, target: &str, messages: &[&Arc<Message>], out: &mut Vec<u8>) {
        let mut lines = Vec::new();
        messages.iter().for_each(|message| self.message(room, message, &mut lines));
        if self.caps.has(Caps::BATCH) {
            let id = self.batch();
            let begin = self.server(out).command("BATCH").middle(&["+", &id].concat());
            begin.middle("chathistory").middle(target).end();
            added(&lines, "batch", &id, out);
            return self.server(out).command("BATCH").middle(&["-", &id].concat()).end();
        }
        let count = messages.len().to_string();
        self.notice(target, &["-- last ", &count, " messages --"].concat(), out);
        out.extend_from_slice(&lines);
        self.notice(target, "-- now --", out);
    }

    /// A message as it was when it was said.
    fn message(&self, room: &str, message: &Arc<Message>, out: &mut Vec<u8>) {
        let Some(other) = room.strip_prefix('@') else {
            return self.with_files(&Event::Message(Arc::clone(message)), out);
        };
        let to = if self.is_own(&message.from) { other } else { self.own.nick() };
        // Fronts show a room only by its name, so a message to one person is one in a room of that name.
        let told = Message { room: Arc::from(to), ..Message::clone(message) };
        self.with_files(&Event::Message(Arc::new(told)), out);
    }

    /// A message; if it has a file, with a line that tells where it is.
    pub(super) fn with_files(&self, event: &Event, out: &mut Vec<u8>) {
        let mut bits = self.bits();
        let mut line = |event: Event, bits: &mut Bits| {
            encode(&event, *bits, out);
            // One message has one id.
            bits.msgid = false;
        };
        match event {
            Event::Message(message) if message.file.is_some() => {
                let (file, mut said) = (message.file.clone(), Message::clone(message));
                said.file = None;
                if !said.text.is_empty() {
                    line(Event::Message(Arc::new(said.clone())), &mut bits);
                }
                said.text = file.map_or_else(Arc::default, |file| self.file_words(&file).into());
                line(Event::Message(Arc::new(said)), &mut bits);
            }
            Event::Private { file: Some(file), text, .. } => {
                let mut said = event.clone();
                if let Event::Private { file, .. } = &mut said {
                    *file = None;
                }
                if !text.is_empty() {
                    line(said.clone(), &mut bits);
                }
                if let Event::Private { text, .. } = &mut said {
                    *text = self.file_words(file).into();
                }
                line(said, &mut bits);
            }
            event => encode(event, bits, out),
        }
    }

    /// A file: what it is, and where it is fetched.
    pub(super) fn file_words(&self, file: &FileInfo) -> String {
        let link = self.links.as_ref().map_or_else(String::new, |links| links.to(file));
        let (size, number) = (size(file.size), file.file.to_string());
        let at = if link.is_empty() { ["file ", &number, ", in the Roomful client: /get ", &number].concat() } else { link };
        [&*file.name, " (", &size, ", ", &file.mime, ") ", &at].concat()
    }

    /// Conversations by the time of their last message; told when all are here.
    pub(super) fn targets(&mut self, asked: &Asked, chats: &[ChatInfo], more: bool, out: &mut Vec<u8>) {
        let Asked::Targets { from, until, limit } = asked else { return };
        let _ = (chats, more, from, until, limit, out);
    }
}
