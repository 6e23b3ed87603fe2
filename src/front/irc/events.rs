//! Events that are other lines for each session: what concerns the session's own person, and what IRC has no line for. Knows no answers.

use std::sync::Arc;

use super::caps::Caps;
use super::encoder::IrcEncoder;
use crate::actor::Actor;
use crate::answer::{ChatInfo, History};
use crate::event::Event;
use crate::model::Millis;
use crate::wire::irc::{Bits, Named, Out, encode, msgid, server_time};
use crate::wording::{self, Plain};

impl IrcEncoder {
    /// Writes an event; `own` if a command of this session made it.
    pub(super) fn event(&mut self, event: &Event, own: bool, out: &mut Vec<u8>) {
        match event {
            Event::Message(_) => self.with_files(event, out),
            Event::Private { from, to, .. } if self.is_own(from) => self.own_private(event, (to, own), out),
            Event::Private { .. } => self.with_files(event, out),
            Event::Joined { room, made, topic, topic_by, topic_time, .. } => {
                self.joined(room, *made, out);
                if self.showing.is_some() && topic.is_some() {
                    self.topic(room, topic.as_ref(), (topic_by.as_deref(), *topic_time), out);
                }
            }
            Event::Members { room, members, hidden, more } if self.showing.as_ref() == Some(room) => {
                self.names_of(room, members, *hidden, out);
                if !more {
                    self.end_of_names(room, out);
                }
            }
            Event::History(history) => self.shown(history, out),
            Event::Left { room, text } => self.left(room, text.as_deref(), out),
            Event::Join { away, nick, .. } => {
                encode(event, self.bits(), out);
                let away = Event::Away { nick: nick.clone(), text: away.clone() };
                encode(&away, self.bits(), out);
            }
            Event::Kick { room, .. } => {
                encode(event, self.bits(), out);
                self.shared.close(room);
            }
            Event::Nick { .. } | Event::Face { .. } => self.renamed(event, out),
            Event::Away { text, .. } => self.away(text.is_some(), out),
            Event::Invite { room, nick, by, time } if nick.is_none() || self.caps.has(Caps::INVITE_NOTIFY) => {
                let nick = nick.as_deref().unwrap_or(&self.own);
                self.author(by, *time, out).command("INVITE").middle(nick).middle(room).end();
            }
            Event::Deleted { .. } => self.deleted(event, out),
            Event::Chats { chats, .. } => self.unread(chats, out),
            Event::Notice { text } => self.notice(&self.own, text, out),
            Event::Ping { token } => self.server(out).command("PING").trailing(token),
            Event::Closing { text, .. } => {
                self.ended = true;
                self.server(out).command("ERROR").trailing(&["Closing link: ", text].concat());
            }
            Event::Waiting { .. } => self.in_words(event, out),
            // Members of a room that is open; what is the same for all sessions; and answers.
            _ => {}
        }
    }

    /// A message of this person. The session that said it gets its echo; another one shows it as its own,
    /// if it can: else the client would open a window of a conversation with itself.
    fn own_private(&mut self, event: &Event, (to, own): (&str, bool), out: &mut Vec<u8>) {
        let echoes = self.caps.has(Caps::ECHO_MESSAGE);
        if own && !echoes {
            return;
        }
        if echoes || self.caps.has(Caps::SELF_MESSAGE) {
            return self.with_files(event, out);
        }
        let Event::Private { text, file, .. } = event else { return };
        let file = file.as_ref().map_or("", |file| &*file.name);
        let text = [&**text, file].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        self.notice(&self.own, &["-> ", to, ": ", &text].concat(), out);
    }

    /// Begins a line of a person, with the tags that the client can read.
    fn author<'v>(&self, who: &Actor, time: Millis, out: &'v mut Vec<u8>) -> Named<'v> {
        let bits = self.bits();
        let time = if bits.time { server_time(time) } else { None };
        let account = (bits.account && who.is_registered()).then_some(&**who);
        Out::new(out).tag_if("time", time.as_deref()).tag_if("account", account).prefix(who.prefix())
    }

    /// The client opens a room; the members follow.
    fn joined(&mut self, room: &Arc<str>, made: Millis, out: &mut Vec<u8>) {
        self.showing = None;
        if !self.shared.open(room, made) {
            return;
        }
        self.showing = Some(Arc::clone(room));
        let join = Event::Join { room: Arc::clone(room), nick: self.own.clone(), time: 0, away: None };
        encode(&join, Bits { time: false, ..self.bits() }, out);
    }

    /// What was said last in the room that is being opened.
    fn shown(&mut self, history: &History, out: &mut Vec<u8>) {
        if self.showing.take().is_some_and(|room| room == history.room) {
            self.replay(history, out);
        }
    }

    /// The client closes a room, unless a kick has closed it already.
    fn left(&mut self, room: &str, text: Option<&str>, out: &mut Vec<u8>) {
        if !self.shared.close(room) {
            return;
        }
        let account = (self.bits().account && self.own.is_registered()).then_some(&*self.own);
        let line = Out::new(out).tag_if("account", account).prefix(self.own.prefix()).command("PART").middle(room);
        match text {
            Some(text) => line.trailing(text),
            None => line.end(),
        }
    }

    /// A person has another name, host, account, or other words about themselves.
    fn renamed(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Nick { new, by, .. } if self.is_own(by) => {
                let own = by.with(|parts| parts.nick = Arc::clone(new));
                self.now(&own, out);
            }
            // The session that asked has its answer already.
            Event::Nick { .. } => {}
            Event::Face { who, old, .. } => {
                self.face(who, old, out);
                if self.is_own(old) {
                    // The nick follows.
                    let nick = Arc::clone(self.own.nick());
                    let own = who.with(|parts| parts.nick = nick);
                    self.goes_by(&own);
                }
            }
            _ => {}
        }
    }

    /// Another account, host, or other words, for clients that asked for it.
    pub(super) fn face(&self, who: &Actor, old: &Actor, out: &mut Vec<u8>) {
        if self.caps.has(Caps::ACCOUNT_NOTIFY) && who.is_registered() != old.is_registered() {
            let account = if who.is_registered() { &**who } else { "*" };
            Out::new(out).prefix(old.prefix()).command("ACCOUNT").middle(account).end();
        }
        if self.caps.has(Caps::CHGHOST) && (who.user(), who.host()) != (old.user(), old.host()) {
            Out::new(out).prefix(old.prefix()).command("CHGHOST").middle(who.user()).middle(who.host()).end();
        }
        if self.caps.has(Caps::SETNAME) && who.about() != old.about() {
            let about = who.about().map_or("", |about| about);
            Out::new(out).prefix(old.prefix()).command("SETNAME").trailing(about);
        }
    }

    /// The person of this session is `own` now: tells the client, if the nick is another one.
    pub(super) fn now(&mut self, own: &Actor, out: &mut Vec<u8>) {
        if self.own.nick() != own.nick() {
            Out::new(out).prefix(self.own.prefix()).command("NICK").middle(own).end();
        }
        self.goes_by(own);
    }

    /// The person of this session is away, or back.
    pub(super) fn away(&self, away: bool, out: &mut Vec<u8>) {
        match away {
            true => self.numeric("306", out).trailing("You are marked as away"),
            false => self.numeric("305", out).trailing("You are no longer marked as away"),
        }
    }

    /// A deletion, for clients that can take a message back; others are told of it.
    fn deleted(&self, event: &Event, out: &mut Vec<u8>) {
        let Event::Deleted { room, by, seq, said, text, place, time } = event else { return };
        let target = match room.strip_prefix('@') {
            None => room,
            Some(other) if self.is_own(by) => other,
            Some(_) => &**self.own.nick(),
        };
        if self.caps.has(Caps::REDACTION) {
            let id = msgid::of(*place, *seq, *said);
            let line = self.author(by, *time, out).command("REDACT").middle(target).middle(&id);
            return match text {
                Some(text) => line.trailing(text),
                None => line.end(),
            };
        }
        let target = if room.starts_with('#') { room } else { self.own.nick() };
        // The number of a message is nowhere to be seen at this client.
        let why = text.as_ref().map_or(String::new(), |text| [" (", text, ")"].concat());
        let said = wording::clock(*said).to_string();
        self.notice(target, &[by, " deleted a message of ", &said, &why].concat(), out);
    }

    /// What came since this account was here last, in one notice.
    fn unread(&self, chats: &[ChatInfo], out: &mut Vec<u8>) {
        if self.caps.has(Caps::CHATHISTORY) {
            return;
        }
        let of = |chat: &ChatInfo| [chat.room.trim_start_matches('@'), " ", &chat.unread.to_string()].concat();
        let all: Vec<String> = chats.iter().filter(|chat| chat.unread > 0).map(of).collect();
        if !all.is_empty() {
            self.notice(&self.own, &["Unread: ", &all.join(", ")].concat(), out);
        }
    }

    /// An event in the words of the line front.
    pub(super) fn in_words(&self, event: &Event, out: &mut Vec<u8>) {
        self.words_to(&self.own, |out| wording::event(event, &Plain::Timeless, out), out);
    }

    /// What `write` writes, as notices of the server; without the marks that begin the lines of the line front.
    pub(super) fn words_to(
        &self,
        target: &str,
        write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>,
        out: &mut Vec<u8>,
    ) {
        for line in wording::lines(write) {
            let line = line.strip_prefix("* ").or(line.strip_prefix("! ")).unwrap_or(&line);
            self.notice(target, line, out);
        }
    }
}
