//! News of the client as lines in the window, in their order. Knows no keys and no words of its own but those about the person.

use super::Window;
use crate::answer::Done;
use crate::client::ui::commands::Bell;
use crate::client::ui::fold::Run;
use crate::client::ui::mention::mentions;
use crate::client::ui::style::safe;
use crate::client::ui::view::View;
use crate::client::{Handle, News};
use crate::event::Event;
use crate::model::{CloseReason, Message, Role};
use crate::names;
use crate::wording::{Painter, date, deleted};

impl Window {
    /// Shows a piece of news.
    pub fn news(&mut self, handle: &Handle, news: News) {
        // An own line that comes back leaves the waiting lines and joins the others in one step.
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
                self.back(handle, &view, away);
                if let Some(before) = instead_of {
                    let (before, now) = (safe(&before), safe(&nick));
                    self.wrong(&view, &format!("the name {before} is taken meanwhile; you are {now} now"));
                }
                if self.is_account && !handle.is_logged_in() {
                    self.wrong(&view, "you are a guest now; /login takes your account on again");
                }
            }
            // The typing thread tells the person.
            News::Ended(_) => {
                self.trouble = None;
                self.fold(&view);
                self.screen.stop();
            }
        }
        self.is_account = handle.is_logged_in();
        if !handle.is_catching_up() && handle.is_connected() {
            self.caught_up(&view);
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
                self.catch_up.joined(&room);
                self.room.get_or_insert_with(|| room.to_string());
            }
            Event::Members { room, more: false, .. } if !self.catch_up.is_returning(&room) => {
                self.arrived(handle, &room);
            }
            Event::History(history) => self.history(view, history),
            Event::Chats { ref chats, .. } => {
                self.catch_up.unread(chats);
                if self.screen.is_plain() {
                    self.tell(view, &event);
                } else {
                    self.catch_up.tell_later(handle.unheard(chats), event);
                }
            }
            Event::Left { room } => self.left(handle, view, &room),
            Event::Join { .. } | Event::Leave { .. } | Event::Quit { .. } => self.traffic(view, &event),
            Event::Closing { reason, text } => {
                self.duplicates.closing();
                if reason != CloseReason::Quit {
                    self.wrong(view, &format!("the server closes this connection: {text}"));
                }
            }
            Event::Hello { .. } | Event::Members { .. } | Event::Ping { .. } | Event::Read { .. } => {}
            Event::Deleted { room, seq, by, .. } => {
                let from = self.senders.take(&room, seq);
                self.note(view, &deleted(&room, seq, &by, from.as_deref(), view));
            }
            Event::Waiting { ms } if self.duplicates.is_same_wait(ms) => {}
            Event::Waiting { .. }
            | Event::Nick { .. }
            | Event::Kick { .. }
            | Event::Topic { .. }
            | Event::Away { .. }
            | Event::Restriction { .. }
            | Event::Role { .. }
            | Event::Settings { .. }
            | Event::Invite { .. }
            | Event::Notice { .. } => self.tell(view, &event),
        }
    }

    /// A refusal may have been about coming back into the room talked in.
    fn look_round(&mut self, handle: &Handle) {
        let mut rooms = handle.rooms();
        self.catch_up.only(&rooms);
        if self.room.as_ref().is_some_and(|room| !rooms.contains(room)) {
            self.room = rooms.pop();
        }
    }

    /// A private line, from the person or to them.
    fn private(&mut self, view: &View, event: &Event) {
        let Event::Private { from, to, seq, .. } = event else { return };
        self.fold(view);
        let own = view.is_own(from);
        self.ring(!own && self.bell != Bell::Off);
        self.senders.note(&format!("@{}", if own { to } else { from }), *seq, from);
        self.screen.print(&view.event(event).concat());
    }

    /// Shows what an event tells, in its own words.
    pub(super) fn tell(&mut self, view: &View, event: &Event) {
        self.duplicates.event(event, &view.nick);
        for mut line in view.event(event) {
            if let Event::Role { nick, role: Some(Role::Owner | Role::Op), .. } = event
                && view.is_own(nick)
            {
                line.push_str(" /help all lists what you may do.");
            }
            self.note(view, &line);
        }
    }

    /// This person is no longer in a room.
    fn left(&mut self, handle: &Handle, view: &View, room: &str) {
        if !view.is_elsewhere(room) {
            self.room = handle.rooms().pop();
        }
        let left = match self.duplicates.is_left(room) {
            true => String::new(),
            false => format!(" You left {}.", safe(room)),
        };
        let now = self.room.as_deref().map_or(String::new(), |room| format!(" You talk in {} now.", safe(room)));
        if !(left.is_empty() && now.is_empty()) {
            self.note(view, &format!("*{left}{now}"));
        }
    }

    /// A person came or left.
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
        let day = date(message.time).to_string();
        if !self.day.is_empty() && self.day != day {
            self.screen.note(&self.brush.dim(format!("--- {day} ---")));
        }
        self.day = day;
        let other = !view.is_own(&message.from);
        self.ring(match self.bell {
            Bell::Off => false,
            Bell::Mentions => other && !mentions(&message.text, &view.nick).is_empty(),
            Bell::All => other,
        });
        self.senders.message(message);
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
        self.note(&view, &format!("* You are {} in {}, {company}.{helps}", view.own(&view.nick), safe(room)));
        if let Some(topic) = self.topic.take() {
            self.note(&view, &format!("* Topic: {}", names::clean(&topic)));
        }
    }

    /// The answer to a command; `own` if the person asked.
    fn done(&mut self, handle: &Handle, view: &View, own: bool, done: Done) {
        if let Done::History(history) = &done {
            history.messages.iter().for_each(|message| self.senders.message(message));
        }
        if self.duplicates.is_told(&done, own) {
            return;
        }
        if let Done::Join { room } = &done
            && own
        {
            self.catch_up.entered(room);
            self.room = Some(room.to_string());
        }
        match &done {
            Done::Ping { .. } => {
                self.note(view, &format!("* The server is there: {}.", names::clean(&handle.server())))
            }
            done => view.answer(done).iter().for_each(|line| self.note(view, line)),
        }
        if let Done::Files { files, .. } = &done
            && !files.is_empty()
        {
            self.note(view, "* /get NUMBER fetches one.");
        }
    }
}
