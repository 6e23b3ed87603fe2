//! One peer's life on one connection: read, obey, flush, leave. Does not know which front it serves, nor what others are doing.

pub mod caretaker;
pub mod door;
pub mod house;
pub mod link;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::chat::outbox::{Ending, Outgoing};
use crate::chat::touched::Touched;
use crate::chat::{Entry, help};
use crate::command::Command;
use crate::error::ChatError;
use crate::event::{CloseReason, Done, Event, PROTOCOL, Tag};
use crate::names::{Nick, RoomName};
use crate::net::sniff::{Kind, sniff};
use crate::net::{Control, End, Flow, Handler};
use crate::wire::json::Refused;
use crate::wire::reader::{Line, Lines};
use door::Pass;
use house::{House, News};
use link::Link;

/// One way in: how lines are read and how the peer is greeted. A front knows
/// nothing of the session it serves but whether it has a name.
pub trait Front: Send + std::fmt::Debug {
    /// Its name, for `whois` and the console.
    fn name(&self) -> &'static str;

    /// Whether it speaks JSON, not plain text; and so hears its own lines, too.
    fn json(&self) -> bool;

    /// The first words to somebody who has said nothing yet; `offer` is a free name.
    fn greeting(&self, offer: &Nick) -> Option<String>;

    /// Takes out of the bytes what is no text.
    fn strip<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]>;

    /// What one line asks, if anything.
    ///
    /// # Errors
    /// A refusal, where the line cannot be understood.
    fn read(&mut self, line: &[u8], named: bool) -> Result<Option<(Option<Tag>, Command)>, Refused>;

    /// What it means when the peer ends its input without a word.
    fn end_of_input(&self) -> CloseReason;
}

/// One peer's life on one connection.
#[derive(Debug)]
pub struct Session {
    house: Arc<House>,
    link: Arc<Link>,
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
    told_to_wait: bool,
    touched: Touched,
    spare: VecDeque<Outgoing>,
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
    pub fn new(house: &Arc<House>, link: &Arc<Link>, pass: Pass) -> Session {
        let limits = &house.limits;
        let quota = |count: usize| NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX));
        let pace = quota(limits.rate).map(|rate| {
            let burst = quota(limits.rate_burst).unwrap_or(NonZeroU32::MIN);
            RateLimiter::direct(Quota::per_second(rate).allow_burst(burst))
        });
        Session {
            stage: Stage::Sniffing(Vec::new()),
            lines: Lines::new(limits.line_bytes),
            named: false,
            greeted: false,
            resume: None,
            rooms: None,
            entering: Vec::new(),
            before_name: BeforeName::default(),
            pace,
            told_to_wait: false,
            touched: house.touched(),
            spare: VecDeque::new(),
            _pass: pass,
            house: Arc::clone(house),
            link: Arc::clone(link),
        }
    }

    /// Seeds the name offered: another one for each session, the same each time it is asked.
    fn seed(&self) -> u64 {
        self.link.id.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17) ^ u64::from(std::process::id())
    }

    /// The first bytes are in, or silence has answered for them.
    fn open(&mut self, kind: Kind, first: &[u8]) -> Flow {
        match (self.house.fronts)(kind) {
            Ok(front) => {
                self.switch(front);
                self.feed(first)
            }
            Err(answer) => {
                tracing::info!(peer = %self.link.peer(), ?kind, "not served");
                self.house.tell(|| News::Line(format!("! {} speaks {kind:?}, which is not served", self.link.peer())));
                self.link.outbox.offer(Outgoing::Raw(answer.into_boxed_slice()));
                self.link.outbox.close(CloseReason::NotServed, None);
                self.touched.outboxes.push(Arc::clone(&self.link.outbox));
                self.over()
            }
        }
    }

    fn switch(&mut self, front: Box<dyn Front>) {
        let json = front.json();
        self.link.json.store(json, Ordering::Relaxed);
        self.stage = Stage::Talking(front);
        if json {
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
        let mut rest = &text[..];
        while let Some(line) = self.lines.next(&mut rest) {
            if self.line(line) == Flow::End {
                return Flow::End;
            }
            if !self.entering.is_empty() {
                self.go_in();
            }
        }
        Flow::Go
    }

    /// Handles one line.
    #[inline(never)]
    fn line(&mut self, line: Line<'_>) -> Flow {
        self.house.counts.lines.fetch_add(1, Ordering::Relaxed);
        if !self.named {
            self.before_name.lines += 1;
            if self.before_name.lines > self.house.limits.login_lines {
                return self.close(CloseReason::LoginLines, "too many lines without a name, goodbye");
            }
        }
        let Line::Whole(line) = line else {
            if self.keep_pace(Some(NonZeroU32::MIN)) == Flow::End {
                return Flow::End;
            }
            self.refuse(None, ChatError::LineTooLong(self.house.limits.line_bytes));
            return Flow::Go;
        };
        let Stage::Talking(front) = &mut self.stage else { return Flow::End };
        if !self.named
            && !front.json()
            && line.starts_with(b"{")
            && let Ok(json) = (self.house.fronts)(Kind::Json)
        {
            // Greeted as a person, and yet a program: the first line may still say so.
            self.switch(json);
            return self.line(Line::Whole(line));
        }
        let Some(asked) = front.read(&line, self.named).transpose() else { return Flow::Go };
        // A refusal costs as much as a line that is said.
        let cost = asked.as_ref().map_or(Some(NonZeroU32::MIN), |(_, command)| cost_of(command));
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

    /// Waits, if the peer is faster than `rate`. Meanwhile nothing is read
    /// from it, and what it sent waits on its own side: nothing is lost.
    fn keep_pace(&mut self, cost: Option<NonZeroU32>) -> Flow {
        let (Some(pace), Some(cost)) = (&self.pace, cost) else { return Flow::Go };
        let burst = NonZeroU32::new(u32::try_from(self.house.limits.rate_burst).unwrap_or(u32::MAX));
        let cost = cost.min(burst.unwrap_or(NonZeroU32::MIN));
        let mut waited = false;
        while let Ok(Err(early)) = pace.check_n(cost) {
            let time = early.wait_time_from(DefaultClock::default().now());
            if !self.told_to_wait {
                self.told_to_wait = true;
                let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
                self.touched.tell_event(&self.link.outbox, Event::Waiting { ms });
            }
            // What came before this line must not wait with it.
            let touched = std::mem::replace(&mut self.touched, self.house.touched());
            self.house.settle(touched, &mut self.spare);
            waited = true;
            self.link.paused.store(true, Ordering::Relaxed);
            let stopping = self.house.wait(time.max(Duration::from_millis(1)));
            self.link.paused.store(false, Ordering::Relaxed);
            if stopping || self.link.outbox.closed().is_some() {
                return self.over();
            }
        }
        self.told_to_wait &= waited;
        Flow::Go
    }

    fn obey(&mut self, tag: Option<Tag>, command: Command) -> Flow {
        let quit = match &command {
            Command::Quit { text } => Some(text.clone()),
            _ => None,
        };
        let result = if self.named {
            let now = house::now();
            self.house.chat.obey(self.link.id, tag.clone(), command, now, &mut self.touched)
        } else {
            self.obey_unnamed(tag.clone(), command)
        };
        match (result, quit) {
            (Err(refusal), _) => self.refuse(tag, refusal),
            (Ok(()), Some(text)) => return self.close(Ending { reason: CloseReason::Quit, text }, "bye"),
            (Ok(()), None) => {}
        }
        Flow::Go
    }

    /// The few commands that need no name.
    fn obey_unnamed(&mut self, tag: Option<Tag>, command: Command) -> Result<(), ChatError> {
        let done = match command {
            Command::Hello { version, .. } if version != u64::from(PROTOCOL) => {
                return Err(ChatError::Version(version));
            }
            Command::Hello { nick, resume, rooms, .. } => {
                self.greeted = true;
                if nick.is_some() {
                    return self.enter(tag, true, nick, resume, rooms);
                }
                (self.resume, self.rooms) = (resume, rooms);
                Done::Hello { nick: None, resume: None }
            }
            Command::Nick { nick, rooms } if self.greeted || !self.link.json.load(Ordering::Relaxed) => {
                let rooms = rooms.or_else(|| self.rooms.clone());
                let resume = self.resume.clone();
                return self.enter(tag, !self.greeted, nick, resume, rooms);
            }
            Command::Ping { token } => Done::Ping { token: token.unwrap_or_default() },
            Command::Pong => return Ok(()),
            Command::Quit { .. } => Done::Quit,
            Command::Help { word } => help(word.as_deref())?,
            _ if !self.greeted && self.link.json.load(Ordering::Relaxed) => return Err(ChatError::HelloFirst),
            _ => return Err(ChatError::NameFirst),
        };
        self.touched.tell_event(&self.link.outbox, Event::Ok { tag, done });
        Ok(())
    }

    /// The server's side of the greeting: the first thing a program hears.
    #[inline(never)]
    fn greet(&mut self) {
        let limits = &self.house.limits;
        let hello = Event::Hello {
            version: PROTOCOL,
            server: Arc::from(concat!("roomful ", env!("CARGO_PKG_VERSION"))),
            offer: Arc::from(self.house.chat.offer(self.seed()).shown()),
            lobby: Arc::from(self.house.chat.lobby().shown()),
            text: limits.text,
            line_bytes: limits.line_bytes,
            ping_after: limits.ping_after.as_secs(),
        };
        self.touched.tell_event(&self.link.outbox, hello);
    }

    #[inline(never)]
    fn enter(
        &mut self,
        tag: Option<Tag>,
        hello: bool,
        nick: Option<Nick>,
        resume: Option<Box<str>>,
        rooms: Option<Vec<RoomName>>,
    ) -> Result<(), ChatError> {
        let Stage::Talking(front) = &self.stage else { return Err(ChatError::Closing) };
        let (front, json) = (front.name(), front.json());
        let entry = Entry {
            session: self.link.id,
            outbox: &self.link.outbox,
            echo: json,
            front,
            nick,
            seed: self.seed(),
            resume,
            token: token(),
            rooms,
            hello,
            tag,
        };
        let entered = self.house.chat.enter(entry, house::now(), &mut self.touched)?;
        self.named = true;
        self.link.named.store(true, Ordering::Relaxed);
        self.house.tell(|| News::Line(format!("+ {}  {front} {}", entered.nick, self.link.peer())));
        self.entering = entered.rooms;
        Ok(())
    }

    /// Goes into the rooms that came with the name. Not done where the name is
    /// taken, for stack that a thread has once used it keeps for ever.
    #[inline(never)]
    fn go_in(&mut self) {
        for room in std::mem::take(&mut self.entering) {
            self.wait_for_space();
            if let Err(refusal) = self.house.chat.go_in(self.link.id, &room, house::now(), &mut self.touched) {
                self.refuse(None, refusal);
            }
        }
    }

    /// Holds back the next command while much waits that this peer has not
    /// taken. A peer that never takes it is closed as a slow consumer.
    fn wait_for_space(&mut self) {
        let limits = &self.house.limits;
        let (half, patience) = (limits.outbox_bytes / 2, limits.outbox_patience);
        if self.link.outbox.weight() <= half {
            return;
        }
        self.data_out();
        self.link.paused.store(true, Ordering::Relaxed);
        self.link.outbox.wait_below(half, patience);
        self.link.paused.store(false, Ordering::Relaxed);
    }

    #[cold]
    #[inline(never)]
    fn refuse(&mut self, tag: Option<Tag>, refusal: ChatError) {
        self.house.counts.refused.fetch_add(1, Ordering::Relaxed);
        let refusal = match refusal {
            ChatError::Name(error, None) => {
                let near = self.house.chat.suggest(&error);
                ChatError::Name(error, near)
            }
            other => other,
        };
        tracing::debug!(session = self.link.id.0, code = refusal.code(), "refused");
        self.house.tell(|| News::Line(format!("! {} refused: {}", self.link.peer(), refusal.code())));
        self.touched.tell_event(&self.link.outbox, refusal.told(tag));
    }

    fn close(&mut self, ending: impl Into<Ending>, sentence: &str) -> Flow {
        // What the session was told before comes before the farewell.
        self.data_out();
        self.house.close(&self.link, ending, sentence);
        self.over()
    }

    /// Sees to it that what is still to be written to the peer is written: on
    /// this thread, or by whoever has the pen.
    fn write_the_last(&mut self) {
        if let Some(pen) = self.link.outbox.flush(&mut self.spare) {
            self.link.outbox.catch_up(pen);
        }
        self.link.outbox.wait_until_written(self.house.limits.farewell);
        let writer = self.link.writer.lock().take();
        // A writer that panicked has said so, and its socket is cut.
        writer.map(std::thread::JoinHandle::join);
    }
}

impl Handler for Session {
    fn connected(&mut self) -> Flow {
        Flow::Within(self.house.limits.greet_after)
    }

    fn data_in(&mut self, bytes: &[u8]) -> Flow {
        tracing::trace!(session = self.link.id.0, bytes = bytes.len(), "in");
        if self.link.outbox.closed().is_some() {
            return self.over();
        }
        self.link.heard.store(self.house.uptime(), Ordering::Relaxed);
        if !self.named {
            self.before_name.bytes += bytes.len();
            if self.before_name.bytes > self.house.limits.login_bytes {
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
            None => Flow::Within(self.house.limits.greet_after),
        }
    }

    fn data_out(&mut self) {
        let touched = std::mem::replace(&mut self.touched, self.house.touched());
        self.house.settle(touched, &mut self.spare);
    }

    /// Silence: it is a person, who wants to be spoken to first.
    fn control(&mut self, Control::Silence: Control) -> Flow {
        let Stage::Sniffing(first) = &mut self.stage else { return Flow::Go };
        let first = std::mem::take(first);
        let front = (self.house.fronts)(Kind::Line).ok();
        if let Some(greeting) = front.and_then(|front| front.greeting(&self.house.chat.offer(self.seed()))) {
            self.link.outbox.offer(Outgoing::Raw(greeting.into_bytes().into_boxed_slice()));
            self.touched.outboxes.push(Arc::clone(&self.link.outbox));
        }
        self.open(Kind::Line, &first)
    }

    /// The epilogue: the one place where a session is removed.
    fn disconnected(&mut self, end: End) {
        let (reason, sentence) = match end {
            // Whoever is closed already is not heard any more, not even with half a line.
            End::Finished if self.link.outbox.closed().is_some() => (CloseReason::Quit, "bye"),
            End::Finished => {
                if let Stage::Sniffing(first) = &mut self.stage {
                    let first = std::mem::take(first);
                    self.open(Kind::Line, &first);
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
                tracing::debug!(session = self.link.id.0, %error, "broken");
                (CloseReason::Lost, "lost")
            }
            End::Failed => (CloseReason::Failed, "the server failed inside; only this session is concerned"),
        };
        self.data_out();
        // The first reason counts: it may be ending for another one already.
        self.house.close(&self.link, reason, sentence);
        let ending = self.link.outbox.closed().unwrap_or_else(|| reason.into());
        let why = ending.reason;
        let said = ending.text.as_ref().map_or(String::new(), |text| format!(": {text}"));
        let nick = self.house.chat.leave(self.link.id, ending, house::now(), &mut self.touched);
        self.data_out();
        self.write_the_last();
        self.house.forget(self.link.id);
        tracing::debug!(session = self.link.id.0, reason = why.code(), "over");
        if let Some(nick) = nick {
            self.house.tell(|| News::Line(format!("- {nick}  ({}{said})", why.words())));
        }
        if self.house.chat.broken() {
            self.house.ask_to_stop("a fault inside the chat");
        }
    }
}

impl Drop for Session {
    /// Also for a session that never lived, because there was no thread for it.
    fn drop(&mut self) {
        self.house.forget(self.link.id);
    }
}

/// How many messages' worth of `rate` a command takes; signs of life and goodbyes take none.
fn cost_of(command: &Command) -> Option<NonZeroU32> {
    const LISTS: NonZeroU32 = NonZeroU32::new(3).expect("3 is not 0");
    match command {
        Command::Ping { .. } | Command::Pong | Command::Quit { .. } => None,
        Command::Rooms | Command::Members { .. } | Command::History { .. } | Command::Whois { .. } => Some(LISTS),
        _ => Some(NonZeroU32::MIN),
    }
}

/// A token nobody can guess.
fn token() -> Arc<str> {
    let mut bytes = [0; 16];
    // Without the system's randomness a token would be no secret: then it is
    // empty, and brings nobody back.
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::warn!(%error, "no randomness for a resume token");
        return Arc::from("");
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}
