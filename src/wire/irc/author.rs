//! How a line about an event begins: the tags that the session's capabilities ask for, and the prefix of the author. Knows no command.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

use super::{Named, Out};
use crate::actor::Actor;
use crate::event::Event;
use crate::model::Millis;

/// The capabilities of a session that decide how the lines of an event look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bits {
    /// `server-time`: each line tells when it was.
    pub time: bool,
    /// `message-tags`: each message has an id, and there are lines that have tags only.
    pub tags: bool,
    /// `account-tag`: each line tells the account of its author.
    pub account: bool,
    /// `extended-join`: a person who comes in is told with account and words about oneself.
    pub extended: bool,
}

impl Bits {
    /// Those that make a difference to this event, so that sessions which differ in others share its form.
    #[must_use]
    pub fn seen_in(self, event: &Event) -> Bits {
        let tags = matches!(event, Event::Message(_) | Event::Private { .. } | Event::Typing { .. });
        Bits { tags: self.tags && tags, extended: self.extended && matches!(event, Event::Join { .. }), ..self }
    }
}

/// `time` as the tag `time` has it. Nothing if the year has more than four digits.
pub fn server_time(time: Millis) -> Option<String> {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    Timestamp::from_millisecond(time).ok().map(|time| PRINTER.timestamp_to_string(&time))
}

/// The author of lines, with the tags that each of them has.
pub(super) struct Author<'a> {
    prefix: &'a str,
    time: Option<String>,
    account: Option<&'a str>,
}

impl<'a> Author<'a> {
    pub(super) fn new(who: &'a Actor, time: Option<Millis>, bits: Bits) -> Author<'a> {
        let account = (bits.account && who.is_registered()).then(|| &**who.nick());
        Author { prefix: who.prefix(), time: time.filter(|_| bits.time).and_then(server_time), account }
    }

    pub(super) fn tagged<'v>(&self, out: &'v mut Vec<u8>) -> Out<'v> {
        Out::new(out).tag_if("time", self.time.as_deref()).tag_if("account", self.account)
    }

    pub(super) fn line<'v>(&self, out: &'v mut Vec<u8>) -> Named<'v> {
        self.tagged(out).prefix(self.prefix)
    }

    pub(super) fn line_with_id<'v>(&self, id: Option<&str>, out: &'v mut Vec<u8>) -> Named<'v> {
        self.tagged(out).tag_if("msgid", id).prefix(self.prefix)
    }
}
