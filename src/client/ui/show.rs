//! Turns news into lines on the screen, in their order. Knows no keys; it runs on the reading thread, and for one's own deeds on the typing one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::commands::Bell;
use super::fold::Run;
use super::mention::mentions;
use super::style::{Brush, safe};
use super::words::View;
use crate::client::{Handle, News, Said};
use crate::event::{CloseReason, Done, Event, History, Message};
use crate::names;
use crate::terminal::Screen;
use crate::wire::line::date;

/// Own unanswered lines that are shown; of more, the number is told.
const PENDING: usize = 5;

/// What is seen, and what is needed to know what to show next.
pub(super) struct Show {
    screen: Screen,
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
    /// Rooms whose missed messages are still to come.
    returning: HashSet<String>,
    /// The server has said why it closes.
    farewell: bool,
    /// What stands above the prompt while there is no connection.
    trouble: Option<String>,
}

impl Show {
    pub fn new(screen: Screen, brush: Brush, bell: Bell) -> Show {
        Show {
            screen,
            brush,
            bell,
            room: None,
            refused: 0,
            run: Run::default(),
            day: String::new(),
            topic: None,
            greeted: false,
            returning: HashSet::new(),
            farewell: false,
            trouble: None,
        }
    }

    pub fn view(&self, handle: &Handle) -> View {
        View { brush: self.brush, nick: handle.nick(), room: self.room.clone() }
    }

    pub fn prompt(&self, handle: &Handle) -> String {
        let room = self.room.as_deref().map_or("(no room)".to_owned(), safe);
        format!("{room} {}> ", safe(&handle.nick()))
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
        live.extend(self.trouble.as_ref().map(|trouble| view.wrong(trouble)));
        self.screen.live(live);
    }

    /// Shows a piece of news.
    pub fn news(&mut self, handle: &Handle, news: News) {
        let view = self.view(handle);
        match news {
            News::Event(event) => self.event(handle, &view, event),
            News::Other(line) => self.note(&view, &line),
            News::Unsent(said, why) => {
                self.refused += 1;
                self.wrong(&view, &format!("not sent ({why}): {}", said.text));
            }
            News::Lost { why, retry_in, first } => self.lost(&view, &why, retry_in, first),
            News::Back { away, nick, instead_of } => {
                self.trouble = None;
                self.returning = handle.rooms().into_iter().collect();
                self.note(&view, &format!("* Back after {} s.", away.as_secs().max(1)));
                if let Some(before) = instead_of {
                    self.wrong(&view, &format!("{} is taken meanwhile; you are {} now", safe(&before), safe(&nick)));
                }
            }
            // Whoever types is told by the one who reads what is typed.
            News::Ended(_) => {
                self.trouble = None;
                self.fold(&view);
                self.screen.stop();
            }
        }
        self.refresh(handle);
    }

    fn lost(&mut self, view: &View, why: &str, retry_in: Duration, first: bool) {
        let again = format!("trying again in {} s … /quit to leave", retry_in.as_secs_f32().ceil());
        if std::mem::take(&mut self.farewell) {
            self.wrong(view, &again);
        } else if first {
            self.wrong(view, &format!("lost the server ({why}). T{}", &again[1..]));
        } else if self.screen.is_plain() {
            self.wrong(view, &format!("{why}; {again}"));
        } else {
            self.trouble = Some(format!("{why}; {again}"));
        }
    }

    fn event(&mut self, handle: &Handle, view: &View, event: Event) {
        match event {
            Event::Ok { tag, done } => self.done(handle, view, tag.is_some(), done),
            Event::Error { text, .. } => {
                self.refused += 1;
                self.wrong(view, &text);
            }
            Event::Message(message) => self.message(view, &message),
            Event::Private { from, to, text, time } => {
                self.fold(view);
                self.ring(*from != *view.nick && self.bell != Bell::Off);
                self.screen.print(&view.private(&from, &to, &text, time));
            }
            Event::Joined { room, topic, .. } => {
                self.topic = topic;
                self.room.get_or_insert_with(|| room.to_string());
            }
            Event::Members { room, more: false, .. } if !self.returning.contains(&*room) => {
                self.arrived(handle, &room);
            }
            Event::History(history) => {
                let missed = self.returning.remove(&*history.room);
                self.history(view, &history, missed);
            }
            Event::Left { room } => {
                if !view.is_elsewhere(&room) {
                    self.room = handle.rooms().pop();
                }
                let now =
                    self.room.as_deref().map_or(String::new(), |room| format!(" You talk in {} now.", safe(room)));
                self.note(view, &format!("* You left {}.{now}", safe(&room)));
            }
            Event::Join { .. } | Event::Leave { .. } | Event::Quit { .. } => self.traffic(view, &event),
            Event::Closing { reason, text } => {
                self.farewell = true;
                if reason != CloseReason::Quit {
                    self.wrong(view, &format!("the server closes this connection: {text}"));
                }
            }
            Event::Hello { .. } | Event::Members { .. } | Event::Ping { .. } => {}
            Event::Nick { .. }
            | Event::Topic { .. }
            | Event::Away { .. }
            | Event::Notice { .. }
            | Event::Waiting { .. } => {
                if let Some(line) = view.deed(&event) {
                    self.note(view, &line);
                }
            }
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

    /// Messages from before. On a pipe they are told apart from what is said
    /// now, so that no script takes them for new; but missed ones are new.
    fn history(&mut self, view: &View, history: &History, missed: bool) {
        for (is_message, line) in view.history(history, missed) {
            if is_message && missed {
                self.screen.print(&line);
            } else {
                self.note(view, &line);
            }
        }
        if let Some(last) = history.messages.last() {
            self.day = date(last.time);
        }
    }

    /// The answer to a command; `own` if it was asked for by somebody.
    fn done(&mut self, handle: &Handle, view: &View, own: bool, done: Done) {
        match done {
            Done::Join { room } if own => self.room = Some(room.to_string()),
            Done::Ping { .. } if !own => {}
            done => view.answer(&done, &handle.server()).iter().for_each(|line| self.note(view, line)),
        }
    }
}
