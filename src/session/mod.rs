//! One peer's life on one connection: read, obey, flush, leave. Does not know which front it serves, nor what others are doing.

mod account;
mod clock;
mod cost;
pub mod db_writer;
pub mod door;
mod files;
mod gone;
mod guesses;
pub mod handle;
pub mod hub;
pub mod index_wait;
pub mod passwords;
mod queries;
pub mod recurring;
pub mod shelf;
mod waits;
pub mod watchdog;

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::chat::JoinRequest;
use crate::chat::effects::Effects;
use crate::chat::outbox::{Ending, Outgoing};
use crate::command::Command;
use crate::error::ChatError;
use crate::event::{Event, PROTOCOL};
use crate::model::{CloseReason, Tag};
use crate::names::{Nick, RoomName};
use crate::net::sniff::{Kind, judge_line, settle, sniff};
use crate::net::{Control, End, Flow, Handler};
use crate::wire::json::Refused;
use crate::wire::reader::{Line, Lines};
use cost::{Cost, PARTS, answered_when_kept, changes, cost_of};
use door::Pass;
use handle::SessionHandle;
use hub::{Hub, News};

/// One way in: how lines are read and how the peer is greeted. A front knows
/// nothing of the session it serves but whether it has a name.
pub trait Front: Send + std::fmt::Debug {
    /// Its name, for `whois` and the console.
    fn name(&self) -> &'static str;

    /// Whether it speaks JSON, not plain text; and so hears its own lines, too.
    fn json(&self) -> bool;

    /// The first words to somebody who has said nothing yet; `offer` is a free name.
    fn greeting(&mut self, offer: &Nick) -> Option<String>;

    /// Takes out of the bytes what is no text.
    fn strip<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]>;

    /// What one line asks, if anything.
    ///
    /// # Errors
    /// A refusal, where the line cannot be understood.
    fn read(&mut self, line: &[u8], named: bool) -> Result<Heard, Refused>;

    /// Whether the next line is the answer to a question for a password, and nothing else.
    fn asks(&self) -> bool {
        false
    }

    /// What is told about a refused command.
    fn refused(&mut self, _refusal: &ChatError) -> Reply {
        Reply::Refusal
    }

    /// Bytes for the peer beside any answer, such as to show again what is typed.
    fn aside(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// What it means when the peer ends its input without a word.
    fn end_of_input(&self) -> CloseReason;
}

/// What a line turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing.
    Nothing,
    /// A command, and its tag.
    Command(Option<Tag>, Command),
    /// A part of one: these bytes ask for the next part.
    Question(Vec<u8>),
}

/// So many bytes of telnet's commands cost as much as a line.
const COMMANDS_A_LINE: usize = 512;
/// What a front makes of a refusal.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// The refusal alone.
    Refusal,
    /// The refusal, and then these bytes.
    Also(Vec<u8>),
    /// These bytes instead: they ask for what is missing.
    Instead(Vec<u8>),
}

/// One peer's life on one connection.
#[derive(Debug)]
pub struct Session {
    hub: Arc<Hub>,
    handle: Arc<SessionHandle>,
    stage: Stage,
    lines: Lines,
    named: bool,
    greeted: bool,
    /// What a `hello` without a name said for later.
    resume: Option<Box<str>>,
    rooms: Option<Vec<RoomName>>,
    /// Rooms to go into, now that there is a name.
    entering: Vec<RoomName>,
    before_name: BeforeName,
    pace: Option<DefaultDirectRateLimiter>,
    /// The same for pieces of files.
    piece_pace: Option<DefaultDirectRateLimiter>,
    /// Files that are coming in, and how many there were.
    uploads: Vec<files::Upload>,
    upload_number: u64,
    /// Whether lines of the peer wait here, and what is read of it may be old.
    held_back: bool,
    /// Whether the peer was told that it is too fast, and has been so since.
    told_to_wait: bool,
    /// Whether anything of the last read had to wait.
    waited: bool,
    effects: Effects,
    /// Held for its end: then there is room for somebody else.
    _pass: Pass,
}

/// How far the session has come.
#[derive(Debug)]
enum Stage {
    /// These first bytes do not tell yet what is spoken.
    Sniffing(Vec<u8>),
    /// The front is known.
    Talking(Box<dyn Front>),
    /// Nothing that comes is heard any more.
    Over,
}

/// What came before a name was taken.
#[derive(Debug, Default)]
struct BeforeName {
    lines: usize,
    bytes: usize,
}

impl Session {
    /// A session on a connection that has just been accepted.
    pub fn new(hub: &Arc<Hub>, handle: &Arc<SessionHandle>, pass: Pass) -> Session {
        let limits = &hub.limits;
        let limiter = |rate: usize, burst: usize, parts: u32| {
            let quota = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(parts);
            let burst = NonZeroU32::new(quota(burst)).unwrap_or(NonZeroU32::MIN);
            let rate = NonZeroU32::new(quota(rate))?;
            Some(RateLimiter::direct(Quota::per_second(rate).allow_burst(burst)))
        };
        Session {
            stage: Stage::Sniffing(Vec::new()),
            lines: Lines::new(limits.line_bytes),
            named: false,
            greeted: false,
            resume: None,
            rooms: None,
            entering: Vec::new(),
            before_name: BeforeName::default(),
            pace: limiter(limits.rate, limits.rate_burst, PARTS),
            piece_pace: limiter(limits.pieces, limits.pieces, 1),
            uploads: Vec::new(),
            upload_number: 0,
            held_back: false,
            told_to_wait: false,
            waited: false,
            effects: hub.effects(),
            _pass: pass,
            hub: Arc::clone(hub),
            handle: Arc::clone(handle),
        }
    }

    /// Seeds the name offered: another one for each session, the same each time it is asked.
    fn seed(&self) -> u64 {
        self.handle.id.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17) ^ u64::from(std::process::id())
    }

    /// The first bytes are in, or silence has answered for them.
    fn open(&mut self, kind: Kind, first: &[u8]) -> Flow {
        match (self.hub.fronts)(kind) {
            Ok(front) => {
                self.switch(front);
                self.feed(first)
            }
            Err(answer) => {
                tracing::info!(peer = %self.handle.peer(), ?kind, "not served");
                self.hub.tell(|| News::Line(format!("! {} speaks {kind:?}, which is not served", self.handle.peer())));
                self.tell_raw(answer);
                self.handle.outbox.close(CloseReason::NotServed, None);
                self.over()
            }
        }
    }

    fn switch(&mut self, front: Box<dyn Front>) {
        let json = front.json();
        self.handle.json.store(json, Ordering::Relaxed);
        self.stage = Stage::Talking(front);
        if json {
            self.handle.stream.is_asked_by_us();
            self.greet();
        }
    }

    fn over(&mut self) -> Flow {
        self.stage = Stage::Over;
        Flow::End
    }

    /// Handles all the lines of one read.
    fn feed(&mut self, bytes: &[u8]) -> Flow {
        let Stage::Talking(front) = &mut self.stage else { return Flow::End };
        let text = front.strip(bytes);
        let commands = Cost::of_bytes(bytes.len() - text.len(), COMMANDS_A_LINE);
        let mut rest = &text[..];
        while let Some(line) = self.lines.next(&mut rest) {
            if self.line(line) == Flow::End || self.go_in() == Flow::End {
                return Flow::End;
            }
            if self.handle.lost.load(Ordering::Relaxed) {
                return self.over();
            }
        }
        let dropped = Cost::of_bytes(self.lines.dropped(), self.hub.limits.line_bytes);
        match self.keep_pace(commands) {
            Flow::End => Flow::End,
            _ => self.keep_pace(dropped),
        }
    }

    /// Handles one line.
    #[inline(never)]
    fn line(&mut self, line: Line<'_>) -> Flow {
        self.hub.counts.lines.fetch_add(1, Ordering::Relaxed);
        if !self.named {
            self.before_name.lines += 1;
            if self.before_name.lines > self.hub.limits.login_lines {
                return self.close(CloseReason::LoginLines, "too many lines without a name, goodbye");
            }
        }
        let Line::Whole(line) = line else {
            if self.keep_pace(Cost::LINE) == Flow::End {
                return Flow::End;
            }
            self.refuse(None, ChatError::LineTooLong(self.hub.limits.line_bytes));
            return Flow::Go;
        };
        let Stage::Talking(front) = &mut self.stage else { return Flow::End };
        if !self.named && !front.json() && !front.asks() {
            // Taken for a person, and perhaps greeted as one: the line still tells what it is of.
            match judge_line(&line) {
                Kind::Line => {}
                Kind::Json => {
                    if let Ok(json) = (self.hub.fronts)(Kind::Json) {
                        self.switch(json);
                        return self.line(Line::Whole(line));
                    }
                }
                stranger => return self.open(stranger, &[]),
            }
        }
        let Stage::Talking(front) = &mut self.stage else { return Flow::End };
        let heard = front.read(&line, self.named);
        let aside = front.aside();
        self.tell_raw(aside);
        let asked = match heard {
            Ok(Heard::Nothing) => return self.keep_pace(Cost::LITTLE),
            Ok(Heard::Question(words)) => {
                let flow = self.keep_pace(Cost::LINE);
                self.tell_raw(words);
                return flow;
            }
            Ok(Heard::Command(tag, command)) => Ok((tag, command)),
            Err(refused) => Err(refused),
        };
        // A refusal costs as much as a line that is said.
        let cost = asked.as_ref().map_or(Cost::LINE, |(_, command)| cost_of(command));
        if self.keep_pace(cost) == Flow::End {
            return Flow::End;
        }
        self.wait_for_space();
        match asked {
            Ok((tag, command)) => self.obey(tag, command),
            Err((tag, refusal)) => {
                self.refuse(tag, refusal);
                Flow::Go
            }
        }
    }

    /// Tells the peer something that is no event.
    fn tell_raw(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.handle.outbox.offer(Outgoing::Raw(bytes.into_boxed_slice()));
            self.effects.outboxes.push(Arc::clone(&self.handle.outbox));
        }
    }

    fn obey(&mut self, tag: Option<Tag>, command: Command) -> Flow {
        let quit = match &command {
            Command::Quit { text } => Some(text.clone()),
            _ => None,
        };
        let speaks = answered_when_kept(&command);
        // Answers come in the order of the commands.
        if !speaks {
            self.wait_for_answers();
        }
        let result = self.admit(speaks || changes(&command)).and_then(|()| match command {
            command if !self.named => self.obey_unnamed(tag.clone(), command),
            Command::Register { .. }
            | Command::Login { .. }
            | Command::Logout
            | Command::Password { .. }
            | Command::DeleteAccount { .. } => self.account(tag.clone(), command),
            Command::Offer { .. }
            | Command::Chunk { .. }
            | Command::Finish { .. }
            | Command::Cancel { .. }
            | Command::Get { .. } => self.files(tag.clone(), command),
            command @ Command::Moderate { everywhere: true, .. } => {
                let done = self.carry_out(tag.clone(), command);
                self.hub.close_banned();
                done
            }
            command => self.carry_out(tag.clone(), command),
        });
        match (result, quit) {
            (Err(refusal), _) => self.refuse(tag, refusal),
            (Ok(()), Some(text)) => return self.close(Ending { reason: CloseReason::Quit, text }, "bye"),
            (Ok(()), None) => {}
        }
        Flow::Go
    }

    /// The server's side of the greeting: the first thing a program hears.
    #[inline(never)]
    fn greet(&mut self) {
        let limits = &self.hub.limits;
        let hello = Event::Hello {
            version: PROTOCOL,
            server: Arc::from(concat!("roomful ", env!("CARGO_PKG_VERSION"))),
            offer: Arc::from(self.hub.chat.offer(self.seed()).shown()),
            lobby: Arc::from(self.hub.chat.lobby().shown()),
            text: limits.text,
            line_bytes: limits.line_bytes,
            ping_after: limits.ping_after.as_secs(),
        };
        self.effects.answer(&self.handle.outbox, hello);
    }

    /// Goes into the rooms that came with the name. Not done where the name is
    /// taken, for stack that a thread has once used it keeps for ever.
    #[inline(never)]
    fn go_in(&mut self) -> Flow {
        for (number, room) in std::mem::take(&mut self.entering).into_iter().enumerate() {
            let cost = match number {
                // It goes with the name.
                0 => Cost::Nothing,
                _ if number < self.hub.limits.rooms_per_person => Cost::ROOM,
                // One more than a person may be in: a refusal.
                _ => Cost::LINE,
            };
            if self.keep_pace(cost) == Flow::End {
                return Flow::End;
            }
            self.wait_for_space();
            if let Err(refusal) = self.come_in(JoinRequest::from(room)) {
                self.refuse(None, refusal);
            }
        }
        Flow::Go
    }

    #[cold]
    #[inline(never)]
    fn refuse(&mut self, tag: Option<Tag>, refusal: ChatError) {
        self.wait_for_answers();
        let reply = match &mut self.stage {
            Stage::Talking(front) => front.refused(&refusal),
            _ => Reply::Refusal,
        };
        let also = match reply {
            Reply::Instead(words) => return self.tell_raw(words),
            Reply::Also(words) => words,
            Reply::Refusal => Vec::new(),
        };
        self.hub.counts.refused.fetch_add(1, Ordering::Relaxed);
        let refusal = match refusal {
            ChatError::Name(error, None) => {
                let near = self.hub.chat.suggest(&error);
                ChatError::Name(error, near)
            }
            other => other,
        };
        tracing::debug!(session = self.handle.id.0, code = refusal.code(), "refused");
        self.hub.tell(|| News::Line(format!("! {} refused: {}", self.hub.named(&self.handle), refusal.code())));
        self.effects.answer(&self.handle.outbox, refusal.told(tag));
        self.tell_raw(also);
    }

    /// Flushes what was touched so far.
    fn flush(&mut self) {
        let effects = std::mem::replace(&mut self.effects, self.hub.effects());
        self.hub.apply(effects);
    }

    fn close(&mut self, ending: impl Into<Ending>, sentence: &str) -> Flow {
        // What the session was told before comes before the farewell.
        self.flush();
        self.hub.close(&self.handle, ending, sentence);
        self.over()
    }

    /// Sees to it that what is still to be written to the peer is written: on
    /// this thread, or by whoever has the pen.
    fn write_the_last(&mut self) {
        if let Some(pen) = self.handle.outbox.flush() {
            self.handle.outbox.catch_up(pen);
        }
        self.handle.outbox.wait_until_written(self.hub.limits.farewell);
    }
}

impl Handler for Session {
    fn connected(&mut self) -> Flow {
        Flow::Within(self.hub.limits.greet_after)
    }

    fn data_in(&mut self, bytes: &[u8]) -> Flow {
        tracing::trace!(session = self.handle.id.0, bytes = bytes.len(), "in");
        if self.handle.outbox.closed().is_some() {
            return self.over();
        }
        // Whoever floods is told once, and not whenever a line goes through between two that wait.
        self.told_to_wait &= std::mem::take(&mut self.waited);
        // What is read from one who is held back may have come long ago.
        if !self.held_back {
            self.handle.heard.store(self.hub.uptime(), Ordering::Relaxed);
        }
        self.effects.watch = self.hub.watch();
        if !self.named {
            self.before_name.bytes += bytes.len();
            if self.before_name.bytes > self.hub.limits.login_bytes {
                return self.close(CloseReason::LoginLines, "too much text without a name, goodbye");
            }
        }
        let Stage::Sniffing(first) = &mut self.stage else { return self.feed(bytes) };
        first.extend_from_slice(bytes);
        match sniff(first) {
            Some(kind) => {
                let first = std::mem::take(first);
                self.open(kind, &first)
            }
            None => Flow::Within(self.hub.limits.greet_after),
        }
    }

    fn data_out(&mut self) {
        self.flush();
    }

    /// Silence: it is a person, who wants to be spoken to first.
    fn control(&mut self, Control::Silence: Control) -> Flow {
        let Stage::Sniffing(first) = &mut self.stage else { return Flow::Go };
        let first = std::mem::take(first);
        let kind = settle(&first);
        let Ok(mut front) = (self.hub.fronts)(kind) else { return self.open(kind, &first) };
        // Empty lines that came before the question are no answer to it.
        let first = first.trim_ascii_start();
        if let Some(greeting) = front.greeting(&self.hub.chat.offer(self.seed())) {
            self.tell_raw(greeting.into_bytes());
        }
        self.switch(front);
        self.feed(first)
    }

    /// The epilogue: the one place where a session is removed.
    fn disconnected(&mut self, end: End) {
        let (reason, sentence) = match end {
            // Whoever is closed already is not heard any more, not even with half a line.
            End::Finished if self.handle.outbox.closed().is_some() => (CloseReason::Quit, "bye"),
            End::Finished => {
                if let Stage::Sniffing(first) = &mut self.stage {
                    let first = std::mem::take(first);
                    self.open(settle(&first), &first);
                }
                if let Some(line) = self.lines.finish() {
                    self.line(line);
                    self.go_in();
                }
                let reason = match &self.stage {
                    Stage::Talking(front) => front.end_of_input(),
                    _ => CloseReason::Quit,
                };
                (reason, "bye")
            }
            End::Wanted => (CloseReason::Quit, "bye"),
            End::Broken(error) => {
                tracing::debug!(session = self.handle.id.0, %error, "broken");
                (CloseReason::Lost, "lost")
            }
            End::Failed => (CloseReason::Failed, "the server failed inside; only this session is concerned"),
        };
        self.flush();
        self.wait_for_answers();
        self.drop_uploads();
        // The first reason counts: it may be ending for another one already.
        self.hub.close(&self.handle, reason, sentence);
        let ending = self.handle.outbox.closed().unwrap_or_else(|| reason.into());
        let why = ending.reason;
        let said = ending.text.as_ref().map_or(String::new(), |text| format!(": {text}"));
        let nick = self.hub.chat.leave(self.handle.id, ending, hub::now(), &mut self.effects);
        self.flush();
        self.write_the_last();
        self.hub.forget(self.handle.id);
        tracing::debug!(session = self.handle.id.0, reason = why.code(), "over");
        if let Some(nick) = nick {
            self.hub.tell(|| News::Line(format!("- {nick}  ({}{said})", why.words())));
        }
        if self.hub.chat.broken() {
            self.hub.ask_to_stop("a fault inside the chat");
        }
    }
}

impl Drop for Session {
    /// Also for a session that never lived, because there was no thread for it.
    fn drop(&mut self) {
        self.hub.forget(self.handle.id);
    }
}
