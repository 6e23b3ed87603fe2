//! Writes IRC: the state of one session as its client knows it, and which part of the front words what. Knows nothing of the bytes that the peer sends.

use std::collections::VecDeque;
use std::sync::Arc;

use super::asked::{Asked, Note};
use super::caps::Caps;
use super::labels::{Carrier, Label, Owed};
use super::own::Own;
use super::refusals::{Told, told};
use crate::actor::Actor;
use crate::answer::Done;
use crate::error::Code;
use crate::event::Event;
use crate::front::links::{Links, has_file};
use crate::front::{IrcNames, Opening};
use crate::limits::Limits;
use crate::model::{CloseReason, Millis};
use crate::wire::irc::{Bits, Named, Out, Params, pieces};
use crate::wire::{Delivery, Encoder, Mark, Piece};
use crate::wording::capital;

/// Writes to one IRC client.
#[derive(Debug)]
pub(super) struct IrcEncoder {
    /// What the decoder must know, too: the own name, and the rooms that are open at the client.
    pub(super) shared: Arc<Own>,
    pub(super) names: IrcNames,
    pub(super) limits: Arc<Limits>,
    pub(super) links: Option<Links>,
    pub(super) motd: Option<Arc<str>>,
    /// The person of this session, as the client knows it; `*` before the welcome.
    pub(super) own: Actor,
    pub(super) welcomed: bool,
    /// Whether OPER has made the session one of a server op.
    pub(super) oper: bool,
    pub(super) caps: Caps,
    /// The room that is being opened: its members and last messages follow.
    pub(super) showing: Option<Arc<str>>,
    /// What was asked and is not answered yet, in order.
    owed: VecDeque<Owed>,
    label: Option<Box<Label>>,
    /// Rows of an answer that is told when all of it is here.
    pub(super) collected: Vec<(Millis, Arc<str>)>,
    batches: u32,
    /// Whether the client was told that the session ends.
    pub(super) ended: bool,
}

impl IrcEncoder {
    pub fn new(opening: &Opening<'_>, own: &Arc<Own>) -> IrcEncoder {
        IrcEncoder {
            shared: Arc::clone(own),
            names: opening.irc.clone(),
            limits: Arc::clone(opening.limits),
            links: opening.links.cloned(),
            motd: opening.motd.cloned(),
            own: Actor::from("*"),
            welcomed: false,
            oper: false,
            caps: Caps::NONE,
            showing: None,
            owed: VecDeque::new(),
            label: None,
            collected: Vec::new(),
            batches: 0,
            ended: false,
        }
    }

    /// A line of the server.
    pub(super) fn server<'v>(&self, out: &'v mut Vec<u8>) -> Named<'v> {
        Out::new(out).prefix(&self.names.server)
    }

    /// A numeric: its first parameter is the own nick.
    pub(super) fn numeric<'v>(&self, number: &str, out: &'v mut Vec<u8>) -> Params<'v> {
        self.server(out).command(number).middle(&self.own)
    }

    /// How many bytes the last parameter of a numeric with these words may have.
    pub(super) fn space(&self, number: &str, words: &[&str]) -> usize {
        let mut line = Vec::new();
        words.iter().fold(self.numeric(number, &mut line), |line, word| line.middle(word)).space()
    }

    /// A notice of the server, in as many lines as it takes.
    pub(super) fn notice(&self, target: &str, text: &str, out: &mut Vec<u8>) {
        let space = self.server(&mut Vec::new()).command("NOTICE").middle(target).space();
        for piece in pieces(text, space) {
            self.server(out).command("NOTICE").middle(target).trailing(piece);
        }
    }

    /// How the shared lines of an event look to this session.
    pub(super) fn bits(&self) -> Bits {
        Bits {
            time: self.caps.has(Caps::SERVER_TIME),
            tags: self.caps.has(Caps::MESSAGE_TAGS),
            account: self.caps.has(Caps::ACCOUNT_TAG),
            extended: self.caps.has(Caps::EXTENDED_JOIN),
        }
    }

    /// The number of a new batch.
    pub(super) fn batch(&mut self) -> Box<str> {
        self.batches = self.batches.wrapping_add(1);
        self.batches.to_string().into()
    }

    pub(super) fn is_own(&self, nick: &str) -> bool {
        self.own == *nick
    }

    /// The person of this session has another name, user, host or account from here on.
    pub(super) fn goes_by(&mut self, own: &Actor) {
        self.own = own.clone();
        self.shared.set(own.nick(), own.prefix());
    }

    /// Writes one answer or event; with the label of the line that it belongs to.
    fn item(
        &mut self,
        labelled: bool,
        carrier: Carrier,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut IrcEncoder, &mut Vec<u8>),
    ) {
        let Some(mut label) = (if labelled { self.label.take() } else { None }) else {
            return write(self, out);
        };
        let mut lines = Vec::new();
        write(self, &mut lines);
        let server = Arc::clone(&self.names.server);
        label.put(&lines, carrier, (&server, || self.batch()), out);
        self.label = Some(label);
    }

    /// What the next answer answers. A part that is not the last leaves it owed.
    fn owed(&mut self, more: bool) -> Option<Owed> {
        let owed = self.owed.pop_front()?;
        if more {
            let (asked, labelled) = (owed.asked.clone(), owed.labelled);
            self.owed.push_front(Owed { asked, labelled, parts: owed.parts + 1 });
        } else if self.owed.is_empty() {
            // Most sessions are silent most of the time.
            self.owed = VecDeque::new();
        }
        Some(owed)
    }

    fn ok(&mut self, done: &Done, out: &mut Vec<u8>) {
        if let (Done::Facts(facts), true) = (done, self.owed.is_empty()) {
            // The session tells them after the first name.
            return self.facts(None, facts, out);
        }
        let more = has_more(done);
        // A list that nobody has asked for has no other form than words.
        let unasked = || Owed { asked: Asked::Words, labelled: false, parts: 0 };
        let Owed { asked, labelled, parts } = self.owed(more).unwrap_or_else(unasked);
        let carrier = match asked {
            Asked::History { .. } | Asked::Targets { .. } if self.caps.has(Caps::BATCH) => Carrier::First,
            _ if more => Carrier::Around,
            _ => Carrier::Auto,
        };
        self.item(labelled, carrier, out, |irc, out| irc.answer(&asked, parts, done, out));
    }

    fn error(&mut self, code: &Code, value: &str, text: &str, out: &mut Vec<u8>) {
        // Rooms that come with a name are joined without a command.
        let unasked = || Owed { asked: Asked::Join { room: value.into() }, labelled: false, parts: 0 };
        let Owed { asked, labelled, .. } = self.owed(false).unwrap_or_else(unasked);
        match &asked {
            // With a person to whom nothing was said yet: that is no mistake.
            Asked::History { target, .. } if *code == Code::NoConversation => {
                self.item(labelled, Carrier::First, out, |irc, out| irc.earlier("", target, &[], out));
            }
            _ => self.item(labelled, Carrier::Auto, out, |irc, out| irc.refusal(&asked, code, (value, text), out)),
        }
    }

    /// A refusal, and what ends the answer although nothing was found.
    fn refusal(&mut self, asked: &Asked, code: &Code, (value, text): (&str, &str), out: &mut Vec<u8>) {
        let text = capital(text);
        match told(asked, code, value) {
            Told::Numeric(number, words) => {
                words.into_iter().fold(self.numeric(number, out), Params::middle).trailing(&text);
            }
            Told::Standard("FAIL", command, code, words) => {
                let line = self.server(out).command("FAIL").middle(command).middle(code);
                words.into_iter().fold(line, Params::middle).trailing(&text);
            }
            Told::Standard(kind, command, code, words) if self.caps.has(Caps::STANDARD_REPLIES) => {
                let line = self.server(out).command(kind).middle(command).middle(code);
                words.into_iter().fold(line, Params::middle).trailing(&text);
            }
            Told::Standard(..) | Told::Notice => self.notice(&self.own, &text, out),
            Told::Nothing => {}
        }
        self.end_of(asked, out);
    }

    /// The bytes of an event, if this session gets the same as all others of equal capabilities.
    fn same<'l>(&self, item: &'l Delivery) -> Option<&'l [u8]> {
        let event = item.letter.event();
        let piece = || Some(item.letter.piece(Piece::Irc(self.bits())));
        const NOTHING: Option<&[u8]> = Some(&[]);
        match event {
            Event::Message(_) if item.own && !self.caps.has(Caps::ECHO_MESSAGE) => NOTHING,
            Event::Private { from, .. } if self.is_own(from) => None,
            Event::Message(_) | Event::Private { .. } if self.links.is_some() && has_file(event) => None,
            Event::Join { away: Some(_), .. } if self.caps.has(Caps::AWAY_NOTIFY) => None,
            Event::Nick { by: who, .. } if self.is_own(who) => None,
            Event::Kick { nick, .. } if self.is_own(nick) => None,
            Event::Away { nick, .. } if self.is_own(nick) => None,
            Event::Away { .. } if !self.caps.has(Caps::AWAY_NOTIFY) => NOTHING,
            Event::Typing { .. } if !self.caps.has(Caps::MESSAGE_TAGS) => NOTHING,
            Event::Message(_)
            | Event::Private { .. }
            | Event::Join { .. }
            | Event::Leave { .. }
            | Event::Quit { .. }
            | Event::Nick { .. }
            | Event::Topic { .. }
            | Event::Kick { .. }
            | Event::Away { .. }
            | Event::Role { .. }
            | Event::Voice { .. }
            | Event::Settings { .. }
            | Event::Restriction { .. }
            | Event::Typing { .. } => piece(),
            // The greeting of other fronts, and read marks, which IRC has not.
            Event::Hello { .. } | Event::Read { .. } => NOTHING,
            _ => None,
        }
    }
}

impl Encoder for IrcEncoder {
    fn shared<'l>(&self, item: &'l Delivery) -> Option<&'l [u8]> {
        if item.own && self.label.is_some() { None } else { self.same(item) }
    }

    fn encode(&mut self, item: &Delivery, out: &mut Vec<u8>) {
        match item.letter.event() {
            Event::Ok { done, .. } => self.ok(done, out),
            Event::Error { code, value, text, .. } => self.error(code, value, text, out),
            Event::Private { from, to, .. } if self.is_own(from) && self.is_own(to) => {
                // The echo answers the session that said it; the message itself comes to all of them.
                if item.own && self.caps.has(Caps::ECHO_MESSAGE) {
                    self.item(true, Carrier::Auto, out, |irc, out| irc.with_files(item.letter.event(), out));
                }
                self.with_files(item.letter.event(), out);
            }
            event => {
                let labelled = item.own && !is_of_server(event);
                self.item(labelled, Carrier::Auto, out, |irc, out| match irc.same(item) {
                    Some(bytes) => out.extend_from_slice(bytes),
                    None => irc.event(event, item.own, out),
                });
            }
        }
    }

    fn mark(&mut self, mark: Mark, out: &mut Vec<u8>) {
        let Ok(note) = mark.what.downcast::<Note>() else { return };
        match *note {
            Note::Begin { label, several } => {
                let is_held = self.caps.has(Caps::LABELED_RESPONSE | Caps::BATCH);
                self.label = is_held.then(|| Box::new(Label::new(label, several)));
            }
            Note::End => {
                if let Some(label) = self.label.take() {
                    label.end(&self.names.server, out);
                }
            }
            Note::Asked(asked) => self.owed.push_back(Owed { asked, labelled: self.label.is_some(), parts: 0 }),
            Note::Reply(reply) => self.item(true, Carrier::Auto, out, |irc, out| irc.reply(reply, out)),
            Note::Caps(caps) => self.caps = caps,
        }
    }

    fn end(&mut self, reason: CloseReason, out: &mut Vec<u8>) {
        if !self.ended {
            self.server(out).command("ERROR").trailing(&["Closing link: ", reason.words()].concat());
        }
    }
}

/// Whether more of the same answer follows in another event.
fn has_more(done: &Done) -> bool {
    match done {
        Done::Rooms { more, .. }
        | Done::Members { more, .. }
        | Done::Who { more, .. }
        | Done::Chats { more, .. }
        | Done::Bans { more, .. }
        | Done::Files { more, .. } => *more,
        _ => false,
    }
}

/// Whether the server tells it by itself, also if it comes while a command is handled.
fn is_of_server(event: &Event) -> bool {
    matches!(event, Event::Waiting { .. } | Event::Ping { .. } | Event::Closing { .. } | Event::Chats { .. })
}

#[cfg(test)]
mod tests;
