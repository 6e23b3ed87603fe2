//! A session: one peer on one connection, from its first input to its removal. Does not know which front it serves, nor what other sessions do.

mod account;
mod chats;
mod clock;
mod cost;
pub mod db_writer;
pub mod door;
pub mod downloads;
mod farewell;
mod files;
mod former_guests;
mod greeting;
mod guesses;
pub mod handle;
pub mod health;
pub mod hub;
pub mod index_wait;
mod kind;
mod later;
pub mod news;
pub mod passwords;
mod proof;
pub mod pulse;
mod queries;
pub mod receiving;
pub mod recurring;
pub mod shelf;
pub mod tallies;
pub mod tickets;
pub mod uploads;
mod waits;
pub mod watchdog;
mod whole;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::chat::effects::Effects;
use crate::chat::outbox::{Ending, Outgoing};
use crate::chat::{lengths, link};
use crate::command::{Command, LinkCommand, Needs};
use crate::error::ChatError;
use crate::model::{CloseReason, Tag};
use crate::net::{End, Flow};
use crate::wire::{Decoder, Encoder, Input, Manners, Protocol, Question};
use account::Login;
use cost::{as_meant, cost_of, is_line, speaks, stores};
use door::Pass;
use handle::SessionHandle;
use hub::{Hub, News};
use later::Later;
use waits::Pace;

/// One peer on one connection.
#[derive(Debug)]
pub struct Session {
    hub: Arc<Hub>,
    handle: Arc<SessionHandle>,
    manners: Manners,
    decoder: Box<dyn Decoder>,
    named: bool,
    login: Login,
    /// Work that the command just handled leaves for later.
    later: Option<Box<Later>>,
    pace: Pace,
    /// The number of the last upload.
    upload_number: u64,
    effects: Effects,
    /// Held until the end of the session; then there is room for another.
    _pass: Pass,
}

impl Session {
    /// A session on a connection that speaks `protocol`.
    pub fn new(hub: &Arc<Hub>, handle: &Arc<SessionHandle>, pass: Pass, protocol: Protocol) -> Session {
        let Protocol { manners, greeting, decoder, encoder } = protocol;
        let mut session = Session {
            manners,
            decoder,
            named: false,
            login: Login::default(),
            later: None,
            pace: Pace::new(&handle.limits),
            upload_number: 0,
            effects: effects(hub, handle),
            _pass: pass,
            hub: Arc::clone(hub),
            handle: Arc::clone(handle),
        };
        session.begin(greeting, encoder);
        session
    }

    /// Begins to speak a protocol: its encoder, its greeting, its `hello`.
    fn begin(&mut self, greeting: Vec<u8>, encoder: Box<dyn Encoder>) {
        self.queue(Outgoing::Speak(encoder));
        if self.handle.stream.is_secure() {
            self.manners.name = over_tls(self.manners.name);
        }
        *self.handle.front.lock() = self.manners.name;
        self.handle.pings.store(self.manners.pings, Ordering::Relaxed);
        if self.manners.pings {
            self.handle.stream.is_asked_by_us();
        }
        self.write(greeting);
        if self.manners.hello {
            self.greet();
        }
    }

    /// Handles the bytes of one read.
    pub fn hear(&mut self, bytes: &[u8]) -> Flow {
        tracing::trace!(session = self.handle.id.0, bytes = bytes.len(), "in");
        if self.handle.outbox.closed().is_some() {
            return Flow::End;
        }
        self.pace.begin_read();
        // If the peer is held back, these bytes may have come long ago.
        if !self.pace.held_back {
            self.handle.heard.store(self.hub.uptime(), Ordering::Relaxed);
        }
        self.effects.watch = self.hub.watch();
        if !self.named {
            self.login.bytes += bytes.len();
            if self.login.bytes > self.handle.limits.login_bytes {
                return self.close(CloseReason::LoginLines, "too much text without a name, goodbye");
            }
        }
        self.handle_all(bytes)
    }

    /// Handles all input in `bytes`, one after another.
    fn handle_all(&mut self, mut bytes: &[u8]) -> Flow {
        while let Some(input) = self.decoder.next(&mut bytes, self.named) {
            if self.handle(input) == Flow::End || self.do_later() == Flow::End {
                return Flow::End;
            }
            if self.handle.lost.load(Ordering::Relaxed) {
                return Flow::End;
            }
        }
        Flow::Go
    }

    /// Handles one input of the decoder. It is paid for first, so a peer that sends
    /// too fast waits here.
    fn handle(&mut self, input: Input) -> Flow {
        let input = as_meant(input);
        let cost = self.pace.settle(cost_of(&input));
        if is_line(&input) && self.count_line() == Flow::End || self.keep_pace(cost) == Flow::End {
            return Flow::End;
        }
        match input {
            Input::Command(tag, command) => {
                self.wait_for_space();
                return self.obey(tag, command);
            }
            Input::Refused(tag, refusal) => {
                self.wait_for_space();
                self.refuse(tag, refusal);
            }
            Input::Answered(bytes) | Input::Raw(bytes) => self.write(bytes),
            Input::Speak(encoder) => self.queue(Outgoing::Speak(encoder)),
            Input::Mark(mark) => {
                if mark.settles {
                    self.wait_for_answers();
                }
                self.queue(Outgoing::Mark(mark));
            }
            Input::Become { protocol, first } => {
                let Protocol { manners, greeting, decoder, encoder } = *protocol;
                (self.manners, self.decoder) = (manners, decoder);
                self.begin(greeting, encoder);
                return self.handle_all(&first);
            }
            Input::Empty | Input::Waste { .. } => {}
            Input::End { reason, news } => {
                if let Some(news) = news {
                    self.hub.tell(|| News::Line(format!("! {} {news}", self.handle.peer())));
                }
                self.handle.outbox.close(reason, None);
                return Flow::End;
            }
        }
        Flow::Go
    }

    /// Counts a line. Only a few lines are allowed before a name is taken.
    fn count_line(&mut self) -> Flow {
        self.hub.counts.lines.fetch_add(1, Ordering::Relaxed);
        self.login.lines += usize::from(!self.named);
        if self.named || self.login.lines <= self.handle.limits.login_lines {
            return Flow::Go;
        }
        self.close(CloseReason::LoginLines, "too many lines without a name, goodbye")
    }

    /// Queues bytes that are no event, in order with the events.
    fn write(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.queue(Outgoing::Raw(bytes.into_boxed_slice()));
        }
    }

    fn queue(&mut self, item: Outgoing) {
        self.effects.offer(&self.handle.outbox, item);
    }

    #[inline(never)] // so that its stack is free before the next read
    fn obey(&mut self, tag: Option<Tag>, command: Command) -> Flow {
        let quit = if let Command::Link(LinkCommand::Quit { text }) = &command { Some(text.clone()) } else { None };
        // Answers come in the order of the commands.
        let said = speaks(&command).then(|| command.spec().name);
        if said.is_none() {
            self.wait_for_answers();
        }
        let pages = self.pages_of(&command);
        let result = self.admit(stores(&command)).and_then(|()| {
            if self.named {
                return self.obey_named(tag.clone(), command);
            }
            // Waits in here do not count against the time for taking a name.
            let handle = Arc::clone(&self.handle);
            handle.in_line(|| self.obey_unnamed(tag.clone(), command))
        });
        if let (Ok(()), Some(name)) = (&result, said) {
            self.hub.counts.said.add(name, 1);
        }
        match (result, quit) {
            (Err(refusal), _) => self.refuse(tag, refusal),
            (Ok(()), Some(text)) => return self.close(Ending { reason: CloseReason::Quit, text }, "bye"),
            (Ok(()), None) => self.tell_the_rest(pages),
        }
        Flow::Go
    }

    #[inline(never)]
    fn obey_named(&mut self, tag: Option<Tag>, command: Command) -> Result<(), ChatError> {
        lengths(&command, &self.handle.limits)?;
        match command {
            Command::Link(command) => self.link(tag, command),
            Command::Account(command) => self.account(tag, command),
            Command::Chat(command) => self.carry_out(tag, command),
            Command::Moderate(command) => {
                let everywhere = command.everywhere;
                let done = self.hub.chat.moderate(self.handle.id, tag, &command, hub::now(), &mut self.effects);
                if everywhere {
                    self.hub.close_banned();
                }
                done
            }
            Command::Query(query) => self.query(tag, query),
            Command::File(command) => self.files(tag, command),
            Command::Typed(typed) => self.obey_named(tag, typed.meant()?),
        }
    }

    /// The few commands that need no name.
    #[inline(never)]
    fn obey_unnamed(&mut self, tag: Option<Tag>, command: Command) -> Result<(), ChatError> {
        let is_known = self.login.greeted || !self.manners.hello;
        match (command.spec().needs, command) {
            (Needs::Hello | Needs::Name, _) if !is_known => Err(ChatError::HelloFirst),
            (Needs::Nothing | Needs::Hello, Command::Link(command)) => self.link(tag, command),
            (Needs::Nothing | Needs::Hello, Command::Account(command)) => self.account(tag, command),
            _ => Err(ChatError::NameFirst),
        }
    }

    /// A command about the connection.
    fn link(&mut self, tag: Option<Tag>, command: LinkCommand) -> Result<(), ChatError> {
        if let Some(done) = link(command)? {
            self.answer(tag, done);
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn refuse(&mut self, tag: Option<Tag>, mut refusal: ChatError) {
        self.wait_for_answers();
        let after = match self.decoder.refused(&refusal) {
            Some(Question::Instead(words)) => return self.write(words),
            Some(Question::After(words)) => words,
            None => Vec::new(),
        };
        self.hub.counts.refused.fetch_add(1, Ordering::Relaxed);
        self.hub.counts.refusals.add(refusal.code().as_str(), 1);
        if let ChatError::Name(error, near @ None) = &mut refusal {
            *near = self.hub.chat.suggest(error);
        }
        tracing::debug!(session = self.handle.id.0, code = %refusal.code(), "refused");
        self.hub.tell(|| News::Line(format!("! {} refused: {}", self.hub.named(&self.handle), refusal.code())));
        self.effects.answer(&self.handle.outbox, refusal.told(tag));
        self.write(after);
    }

    /// Applies the effects of the commands so far.
    pub fn flush(&mut self) {
        let effects = std::mem::replace(&mut self.effects, effects(&self.hub, &self.handle));
        self.hub.apply(effects);
    }

    fn close(&mut self, ending: impl Into<Ending>, sentence: &str) -> Flow {
        // Earlier events come before the last sentence.
        self.flush();
        self.hub.say_goodbye(&self.handle, ending, sentence);
        Flow::End
    }

    /// Ends the session. It is removed only here.
    pub fn end(&mut self, end: End) {
        let (reason, sentence) = self.why(end);
        self.flush();
        self.wait_for_answers();
        self.drop_uploads();
        // If the session is ending already, the first reason counts. The last sentence is
        // written after the name is free, so a peer that has read it can take the name.
        self.hub.say_goodbye(&self.handle, reason, sentence);
        let ending = self.handle.outbox.closed().unwrap_or_else(|| reason.into());
        let why = ending.reason;
        self.hub.counts.ended.add(why.code(), 1);
        self.hub.counts.deliveries.add(self.manners.name, self.handle.delivered.swap(0, Ordering::Relaxed));
        let said = ending.text.as_ref().map_or(String::new(), |text| format!(": {text}"));
        let nick = self.hub.chat.leave(self.handle.id, ending, hub::now(), &mut self.effects);
        self.flush();
        self.hub.write_the_last(&self.handle);
        tracing::debug!(session = self.handle.id.0, reason = why.code(), "over");
        if let Some(nick) = nick {
            self.hub.tell(|| News::Line(format!("- {nick}  ({}{said})", why.words())));
        }
        if self.hub.chat.broken() {
            self.hub.ask_to_stop("a fault inside the chat");
        }
    }

    /// Why the session ends, and its last sentence. If the input ended, its rest is handled first.
    fn why(&mut self, end: End) -> (CloseReason, &'static str) {
        match end {
            // If the session is closed already, the rest of the input is ignored.
            End::Finished if self.handle.outbox.closed().is_some() => (CloseReason::Quit, "bye"),
            End::Finished => {
                while let Some(input) = self.decoder.finish(self.named)
                    && self.handle(input) != Flow::End
                    && self.do_later() != Flow::End
                {}
                (self.manners.end_of_input, "bye")
            }
            End::Wanted => (CloseReason::Quit, "bye"),
            End::Broken(error) => {
                tracing::debug!(session = self.handle.id.0, %error, "broken");
                (CloseReason::Lost, "lost")
            }
            // A session begins after the handshake, so it never ends by one.
            End::Insecure(_) => (CloseReason::Lost, "lost"),
            End::Failed => (CloseReason::Failed, "the server failed inside; only this session is concerned"),
        }
    }
}

/// Empty effects of the commands of this session.
fn effects(hub: &Hub, handle: &SessionHandle) -> Effects {
    Effects { own: Some(handle.id), ..hub.effects() }
}

/// How a front is called on a connection that is encrypted.
fn over_tls(front: &'static str) -> &'static str {
    match front {
        "irc" => "irc+tls",
        "json" => "json+tls",
        "line" => "line+tls",
        "websocket" => "websocket+tls",
        other => other,
    }
}
