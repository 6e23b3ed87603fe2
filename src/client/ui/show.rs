//! Turns news into lines on the screen, in their order. Knows no keys; it runs on the reading thread, and for one's own deeds on the typing one.

mod back;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use super::caught::Caught;
use super::commands::Bell;
use super::fold::Run;
use super::heard::Heard;
use super::mention::mentions;
use super::out::Out;
use super::style::{Brush, safe};
use super::told::Told;
use super::words::View;
use crate::answer::Done;
use crate::client::{Handle, News, Said};
use crate::event::Event;
use crate::model::{CloseReason, Message};
use crate::names;
use crate::terminal::Screen;
use crate::wire::line::date;

/// Own unanswered lines that are shown; of more, the number is told.
const PENDING: usize = 5;

/// What is seen, and what is needed to know what to show next.
pub(super) struct Show {
    pub screen: Out,
    brush: Brush,
    pub bell: Bell,
    /// The room talked in.
    pub room: Option<String>,
    /// Lines that were refused so far.
    pub refused: usize,
    run: Run,
    /// The day of the last message.
    day: String,
    /// The topic of the room that is being shown.
    topic: Option<Arc<str>>,
    greeted: bool,
    /// Whether one was logged in when the last news came.
    account: bool,
    /// Rooms whose missed messages are still to come, with whether we are in
    /// them again: their last history is next then.
    returning: HashMap<String, bool>,
    /// How many messages are unread in the own rooms of who has just logged in.
    unread: HashMap<String, u64>,
    /// What was missed, while it still comes in.
    caught: Option<Caught>,
    /// When the connection was lost.
    lost_at: Option<String>,
    /// Lines that were missed, until the person types something.
    new: usize,
    /// Until when the server lets us wait, and has said so.
    waits: Option<Instant>,
    heard: Heard,
    told: Told,
    /// The room somebody has just put us out of.
    put_out: Option<Arc<str>>,
    /// Files on their way, by numbers of our own: a line each.
    transfers: BTreeMap<u64, String>,
    /// The server has said why it closes.
    farewell: bool,
    /// What stands above the prompt while there is no connection.
    trouble: Option<String>,
}

impl Show {
    pub fn new(screen: Screen, brush: Brush, bell: Bell) -> Show {
        Show {
            screen: Out::new(screen),
            brush,
            bell,
            room: None,
            refused: 0,
            run: Run::default(),
            day: String::new(),
            topic: None,
            greeted: false,
            account: false,
            returning: HashMap::new(),
            unread: HashMap::new(),
            caught: None,
            lost_at: None,
            new: 0,
            waits: None,
            heard: Heard::default(),
            told: Told::default(),
            put_out: None,
            transfers: BTreeMap::new(),
            farewell: false,
            trouble: None,
        }
    }

    pub fn view(&self, handle: &Handle) -> View {
        View { brush: self.brush, nick: handle.nick(), room: self.room.clone() }
    }

    pub fn prompt(&self, handle: &Handle) -> String {
        let room = self.room.as_deref().map_or("(no room)".to_owned(), safe);
        let new = if self.new > 0 { format!(" ({} new)", self.new) } else { String::new() };
        format!("{room} {}{new}> ", safe(&handle.nick()))
    }

    /// The person has typed something, and so seen what stands there.
    pub fn looked(&mut self) {
        self.new = 0;
    }

    /// Prints a line about the conversation.
    pub fn note(&mut self, view: &View, line: &str) {
        self.fold(view);
        self.screen.note(line);
    }

    /// Prints a refusal.
    pub fn wrong(&mut self, view: &View, sentence: &str) {
        self.note(view, &view.wrong(sentence));
    }

    /// The run of joins and leaves, if there is one, stays as it is from here on.
    fn fold(&mut self, view: &View) {
        if !self.run.is_empty() {
            let line = std::mem::take(&mut self.run).line(self.brush, |room| view.is_elsewhere(room));
            self.screen.note(&line);
        }
    }

    /// Shows again what is not settled yet: the run, and own lines without an answer.
    pub fn refresh(&mut self, handle: &Handle) {
        if self.screen.is_plain() {
            return;
        }
        let view = self.view(handle);
        let mut live = Vec::new();
        if !self.run.is_empty() {
            live.push(self.run.line(self.brush, |room| view.is_elsewhere(room)));
        }
        let waiting: Vec<Said> = handle.unanswered().into_iter().filter(|said| !said.heard).collect();
        live.extend(waiting.iter().take(PENDING).map(|said| view.pending(&said.to, &said.text, said.me, said.private)));
        if waiting.len() > PENDING {
            live.push(self.brush.dim(format!("  ·  and {} more lines", waiting.len() - PENDING)));
        }
        live.extend(self.transfers.values().map(|line| self.brush.dim(line)));
        live.extend(self.trouble.as_ref().map(|trouble| view.wrong(trouble)));
        self.screen.live(live);
        self.screen.reprompt(&self.prompt(handle));
    }

    /// Sets the line of a file that is on its way; none when it is not any more.
    pub fn transfer(&mut self, number: u64, line: Option<String>) {
        match line {
            Some(line) => self.transfers.insert(number, line),
            None => self.transfers.remove(&number),
        };
    }

    /// Shows a piece of news.
    pub fn news(&mut self, handle: &Handle, news: News) {
        // A line that comes back is seen where it stays, and no longer where it waited.
        let _together = self.screen.together();
        let view = self.view(handle);
        match news {
            News::Event(event) => self.event(handle, &view, event),
            News::Other(line) => self.note(&view, &line),
            News::Unsent(said, why) => {
                self.refused += 1;
                self.wrong(&view, &format!("not sent ({why}): {}", said.text));
            }
            News::Unkept(said, why) => self.wrong(&view, &format!("said, but not kept ({why}): {}", said.text)),
            News::Lost { why, retry_in, first } => self.lost(&view, &why, retry_in, first),
            News::Back { away, nick, instead_of } => {
                self.trouble = None;
                self.returning = handle.rooms().into_iter().map(|room| (room, false)).collect();
                self.caught.get_or_insert_default().since = self.lost_at.take();
                self.note(&view, &format!("* Back after {} s.", away.as_secs().max(1)));
                if let Some(before) = instead_of {
                    self.wrong(
                        &view,
                        &format!("the name {} is taken meanwhile; you are {} now", safe(&before), safe(&nick)),
                    );
                }
                if self.account && !handle.is_logged_in() {
                    self.wrong(&view, "you are a guest now; /login takes your account on again");
                }
            }
            // Whoever types is told by the one who reads what is typed.
            News::Ended(_) => {
                self.trouble = None;
                self.fold(&view);
                self.screen.stop();
            }
        }
        self.account = handle.is_logged_in();
        if !handle.is_catching_up()
            && let Some(caught) = self.caught.take_if(|_| handle.is_connected())
        {
            self.caught_up(&view, &caught);
        }
        self.refresh(handle);
    }

    fn event(&mut self, handle: &Handle, view: &View, event: Event) {
        match event {
            Event::Ok { tag, done } => self.done(handle, view, tag.is_some(), done),
            Event::Error { text, .. } => {
                self.refused += 1;
                self.wrong(view, &text);
                self.look_round(handle);
            }
            Event::Message(message) => self.message(view, &message),
            Event::Private { .. } => self.private(view, &event),
            Event::Joined { room, topic, .. } => {
                self.topic = topic;
                if let Some(back) = self.returning.get_mut(&*room) {
                    *back = true;
                }
                self.room.get_or_insert_with(|| room.to_string());
            }
            Event::Members { room, more: false, .. } if !self.returning.contains_key(&*room) => {
                self.arrived(handle, &room);
            }
            Event::History(history) => {
                let missed = self.returning.get(&*history.room).copied();
                if missed == Some(true) {
                    self.returning.remove(&*history.room);
                }
                self.history(view, history, missed);
            }
            Event::Chats { ref chats, .. } => {
                self.unread = chats.iter().map(|chat| (chat.room.to_string(), chat.unread)).collect();
                if self.screen.is_plain() {
                    self.action(view, &event);
                } else {
                    // It is told when all has come, or it would scroll away behind that.
                    self.caught.get_or_insert_default().learn(handle.unheard(chats), &event);
                }
            }
            Event::Left { room } => self.left(handle, view, &room),
            Event::Join { .. } | Event::Leave { .. } | Event::Quit { .. } => self.traffic(view, &event),
            Event::Closing { reason, text } => {
                self.farewell = true;
                if reason != CloseReason::Quit {
                    self.wrong(view, &format!("the server closes this connection: {text}"));
                }
            }
            Event::Hello { .. } | Event::Members { .. } | Event::Ping { .. } | Event::Read { .. } => {}
            Event::Deleted { room, seq, by, .. } => {
                let from = self.heard.take(&room, seq);
                self.note(view, &view.deleted(&room, seq, &by, from.as_deref()));
            }
            Event::Waiting { ms } => {
                if self.is_new_wait(ms) {
                    self.action(view, &event);
                }
            }
            Event::Nick { .. }
            | Event::Kick { .. }
            | Event::Topic { .. }
            | Event::Away { .. }
            | Event::Restriction { .. }
            | Event::Role { .. }
            | Event::Settings { .. }
            | Event::Invite { .. }
            | Event::Notice { .. } => self.action(view, &event),
        }
    }

    /// A refusal may have been about coming back into the room talked in.
    fn look_round(&mut self, handle: &Handle) {
        self.returning.retain(|room, _| handle.rooms().contains(room));
        if self.room.as_ref().is_some_and(|room| !handle.rooms().contains(room)) {
            self.room = handle.rooms().pop();
        }
    }

    /// Something for one person only, on either side.
    fn private(&mut self, view: &View, event: &Event) {
        let Event::Private { from, to, seq, text, time, file } = event else { return };
        self.fold(view);
        let own = **from == *view.nick;
        self.ring(!own && self.bell != Bell::Off);
        self.heard.note(&format!("@{}", if own { to } else { from }), *seq, from);
        self.screen.print(&view.private(from, to, text, *time, file.as_deref()));
    }

    /// What one line tells.
    fn action(&mut self, view: &View, event: &Event) {
        self.told.event(event, &view.nick);
        if let Event::Kick { room, nick, .. } = event
            && **nick == *view.nick
        {
            self.put_out = Some(Arc::clone(room));
        }
        if let Some(line) = view.action(event) {
            self.note(view, &line);
        }
    }

    /// This person is no longer in a room.
    fn left(&mut self, handle: &Handle, view: &View, room: &str) {
        if !view.is_elsewhere(room) {
            self.room = handle.rooms().pop();
        }
        // Who was put out was told so already.
        let left = match self.put_out.take() {
            Some(out) if *out == *room => String::new(),
            _ => format!(" You left {}.", safe(room)),
        };
        let now = self.room.as_deref().map_or(String::new(), |room| format!(" You talk in {} now.", safe(room)));
        if !(left.is_empty() && now.is_empty()) {
            self.note(view, &format!("*{left}{now}"));
        }
    }

    /// Somebody came or went.
    fn traffic(&mut self, view: &View, event: &Event) {
        match event {
            Event::Join { room, nick, .. } => self.run_for(view, Some(room), nick).came(Some(room), nick),
            Event::Leave { room, nick, text, .. } => {
                let why = text.as_ref().map_or("the room".to_owned(), |text| names::clean(text).into_owned());
                self.run_for(view, Some(room), nick).went(Some(room), nick, &why);
            }
            Event::Quit { nick, reason, text, .. } => {
                let said = text.as_ref().map_or(String::new(), |text| format!(": {}", names::clean(text)));
                let why = format!("{}{said}", reason.words());
                self.run_for(view, None, nick).went(None, nick, &why);
            }
            _ => {}
        }
        // On a pipe there are no live lines: each is told at once.
        if self.screen.is_plain() {
            self.fold(view);
        }
    }

    /// The run to which a join or leave belongs: the present one, or a new one.
    fn run_for(&mut self, view: &View, room: Option<&str>, nick: &str) -> &mut Run {
        if !self.run.takes(room, nick) {
            self.fold(view);
        }
        &mut self.run
    }

    fn message(&mut self, view: &View, message: &Message) {
        self.fold(view);
        let day = date(message.time);
        if !self.day.is_empty() && self.day != day {
            self.screen.note(&self.brush.dim(format!("--- {day} ---")));
        }
        self.day = day;
        let other = *message.from != *view.nick;
        self.ring(match self.bell {
            Bell::Off => false,
            Bell::Mentions => other && !mentions(&message.text, &view.nick).is_empty(),
            Bell::All => other,
        });
        self.heard.message(message);
        self.screen.print(&view.message(message));
    }

    fn ring(&self, wanted: bool) {
        if wanted {
            self.screen.ring();
        }
    }

    /// This person is in a room, and its members are known.
    fn arrived(&mut self, handle: &Handle, room: &str) {
        let view = self.view(handle);
        let company = view.company(&handle.members(room));
        let helps = if self.greeted || self.screen.is_plain() { "" } else { " Tab completes, /help helps." };
        self.greeted = true;
        self.note(&view, &format!("* You are {} in {}, {company}.{helps}", view.name(&view.nick), safe(room)));
        if let Some(topic) = self.topic.take() {
            self.note(&view, &format!("* Topic: {}", names::clean(&topic)));
        }
    }

    /// The answer to a command; `own` if it was asked for by somebody.
    fn done(&mut self, handle: &Handle, view: &View, own: bool, done: Done) {
        if let Done::History(history) = &done {
            history.messages.iter().for_each(|message| self.heard.message(message));
        }
        if self.told.has(&done, own) {
            return;
        }
        match done {
            Done::Join { room } if own => {
                self.unread.remove(&*room);
                self.room = Some(room.to_string());
            }
            Done::Ping { .. } if !own => {}
            done => view.answer(&done, &handle.server()).iter().for_each(|line| self.note(view, line)),
        }
    }
}
