//! What was said earlier, and files: lines of messages outside of their time. Knows no labels.

use std::sync::Arc;

use super::asked::Asked;
use super::caps::Caps;
use super::encoder::IrcEncoder;
use crate::answer::{ChatInfo, History};
use crate::event::Event;
use crate::model::{FileInfo, Message, Millis};
use crate::wire::irc::{Said, added, said, server_time};

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
    pub(super) fn earlier(&mut self, room: &str, target: &str, messages: &[&Arc<Message>], out: &mut Vec<u8>) {
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
            return self.said(message, &message.room, out);
        };
        let to = if self.is_own(&message.from) { other } else { self.own.nick() };
        self.said(message, to, out);
    }

    /// A message to `to`; if it has a file, with a line that tells where it is.
    fn said(&self, message: &Message, to: &str, out: &mut Vec<u8>) {
        let Message { from, text, kind, file, time, place, seq, .. } = message;
        let (kind, file, place, seq, time) = (*kind, file.as_deref(), *place, *seq, *time);
        let link = self.link(file);
        said(&Said { from, to, text, kind, file, link: link.as_deref(), id: (place, seq), time }, self.bits(), out);
    }

    /// A message that was said just now.
    pub(super) fn with_files(&self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Message(message) => self.said(message, &message.room, out),
            Event::Private { from, to, seq, text, time, kind, file, place } => {
                let (kind, file, place, seq, time) = (*kind, file.as_deref(), *place, *seq, *time);
                let link = self.link(file);
                said(
                    &Said { from, to, text, kind, file, link: link.as_deref(), id: (place, seq), time },
                    self.bits(),
                    out,
                );
            }
            _ => {}
        }
    }

    fn link(&self, file: Option<&FileInfo>) -> Option<String> {
        Some(self.links.as_ref()?.to(file?))
    }

    /// Conversations by the time of their last message; told when all are here.
    pub(super) fn targets(&mut self, asked: &Asked, chats: &[ChatInfo], more: bool, out: &mut Vec<u8>) {
        let Asked::Targets { from, until, limit } = asked else { return };
        let within = |time: &Millis| (*from..=*until).contains(time);
        let found = chats.iter().filter_map(|chat| Some((chat.time.filter(within)?, Arc::clone(&chat.room))));
        self.collected.extend(found);
        if more {
            return;
        }
        let mut all = std::mem::take(&mut self.collected);
        all.sort_unstable();
        all.truncate(*limit);
        let mut lines = Vec::new();
        for (time, room) in &all {
            let (name, time) = (room.trim_start_matches('@'), server_time(*time).unwrap_or_default());
            self.server(&mut lines).command("CHATHISTORY").middle("TARGETS").middle(name).middle(&time).end();
        }
        if !self.caps.has(Caps::BATCH) {
            return out.extend_from_slice(&lines);
        }
        let id = self.batch();
        let begin = self.server(out).command("BATCH").middle(&["+", &id].concat());
        begin.middle("draft/chathistory-targets").end();
        added(&lines, "batch", &id, out);
        self.server(out).command("BATCH").middle(&["-", &id].concat()).end();
    }
}
