//! News of the client as lines in the window, in their order. Knows no keys and no words of its own but those about the person.

use std::sync::Arc;

use super::Window;
use crate::answer::Done;
use crate::client::ui::commands::Bell;
use crate::client::ui::fold::Did;
use crate::client::ui::mention::mentions;
use crate::client::ui::style::safe;
use crate::client::ui::view::briefly;
use crate::client::{Handle, News};
use crate::event::Event;
use crate::model::{CloseReason, Message, Role};
use crate::names;
use crate::wording::{Deletion, Painter, date, deleted};

impl Window {
    /// Shows a piece of news.
    pub fn news(&mut self, handle: &Handle, news: News) {
        // An own line that comes back leaves the waiting lines and joins the others in one step.
        let _together = self.screen.together();
        self.view.nick = handle.nick();
        match news {
            News::Connected(security) => self.connected(handle.addr(), &security),
            News::Event(event) => self.event(handle, event),
            News::Other(line) => self.note(&line),
            News::Unsent(said, why) => {
                self.refuse(&format!("not sent ({why}): {}", briefly(&said.text)));
            }
            News::Unkept(said, why) => self.wrong(&format!("said, but not kept ({why}): {}", briefly(&said.text))),
            News::Lost { why, retry_in, first } => self.lost(&why, retry_in, first),
            News::Back { away, nick, instead_of } => {
                self.back(handle, away);
                if let Some(before) = instead_of {
                    let (before, now) = (safe(&before), safe(&nick));
                    self.wrong(&format!("the name {before} is taken meanwhile; you are {now} now"));
                }
                if self.is_account && !handle.is_logged_in() {
                    self.wrong("you are a guest now; /login takes your account on again");
                }
            }
            // The typing thread tells the person.
            News::Ended(_) => {
                self.trouble = None;
                self.fold();
                self.screen.stop();
            }
        }
        self.is_account = handle.is_logged_in();
        if !handle.is_catching_up() && handle.is_connected() {
            self.caught_up();
        }
        self.refresh(handle);
    }

    fn event(&mut self, handle: &Handle, event: Event) {
        match event {
            Event::Ok { tag, done } => self.done(handle, tag.is_some(), done),
            Event::Error { text, .. } => {
                self.refuse(&text);
                self.check_rooms(handle);
            }
            Event::Message(message) => self.message(&message),
            Event::Private { .. } => self.private(&event),
            Event::Joined { room, topic, .. } => {
                self.topic = topic;
                self.catch_up.joined(&room);
                self.view.room.get_or_insert_with(|| room.to_string());
            }
            Event::Members { room, more: false, .. } if !self.catch_up.is_returning(&room) => {
                self.arrived(handle, &room);
            }
            Event::History(history) => self.history(history),
            Event::Chats { ref chats, .. } => {
                self.catch_up.unread(chats);
                if self.screen.is_plain() {
                    self.tell(&event);
                } else {
                    self.catch_up.tell_later(handle.unheard(chats), event);
                }
            }
            Event::Left { room, .. } => self.left(handle, &room),
            Event::Join { .. } | Event::Leave { .. } | Event::Quit { .. } => self.traffic(&event),
            Event::Closing { reason, text } => {
                self.duplicates.closing();
                if reason != CloseReason::Quit {
                    self.wrong(&format!("the server closes this connection: {text}"));
                }
            }
            Event::Hello { motd: Some(motd), .. } => self.motd(motd),
            Event::Hello { .. } | Event::Members { .. } | Event::Ping { .. } | Event::Read { .. } => {}
            // This client does not ask for it.
            Event::Typing { .. } | Event::Face { .. } => {}
            Event::Deleted { room, seq, by, text, .. } => {
                let from = self.senders.take(&room, seq);
                let line = Deletion { room: &room, seq, by: &by, from: from.as_deref(), text: &text };
                self.note(&deleted(&line, &self.view));
            }
            Event::Waiting { ms } if self.duplicates.is_same_wait(ms) => {}
            Event::Waiting { .. }
            | Event::Nick { .. }
            | Event::Kick { .. }
            | Event::Topic { .. }
            | Event::Away { .. }
            | Event::Restriction { .. }
            | Event::Role { .. }
            | Event::Voice { .. }
            | Event::Settings { .. }
            | Event::Invite { .. }
            | Event::Notice { .. } => self.tell(&event),
        }
    }

    /// The message of the day. After a reconnection it is shown again only if it is another one.
    fn motd(&mut self, motd: Arc<str>) {
        if self.motd.as_ref() != Some(&motd) {
            motd.lines().for_each(|line| self.note(&format!("* {}", safe(line))));
            self.motd = Some(motd);
        }
    }

    /// A refusal may have been about coming back into the room talked in.
    fn check_rooms(&mut self, handle: &Handle) {
        let mut rooms = handle.rooms();
        self.catch_up.only(&rooms);
        if self.view.room.as_ref().is_some_and(|room| !rooms.contains(room)) {
            self.view.room = rooms.pop();
        }
    }

    /// A private line, from the person or to them.
    fn private(&mut self, event: &Event) {
        let Event::Private { from, to, seq, .. } = event else { return };
        self.fold();
        let own = self.view.is_own(from);
        if !own && self.bell != Bell::Off {
            self.screen.ring();
        }
        self.elsewhere += usize::from(!own);
        self.senders.note(&format!("@{}", if own { to } else { from.nick() }), *seq, from.nick());
        self.print(&self.view.event(event).join("\n"));
    }

    /// Shows what an event tells, in its own words.
    pub(super) fn tell(&mut self, event: &Event) {
        self.duplicates.event(event, &self.view.nick);
        for mut line in self.view.event(event) {
            if let Event::Role { nick, role: Some(Role::Owner | Role::Op), .. } = event
                && self.view.is_own(nick)
            {
                line.push_str(" /help all lists what you may do.");
            }
            self.note(&line);
        }
    }

    /// This person is no longer in a room.
    fn left(&mut self, handle: &Handle, room: &str) {
        self.fold();
        if !self.view.is_elsewhere(room) {
            self.view.room = handle.rooms().pop();
        }
        let left = match self.duplicates.is_left(room) {
            true => String::new(),
            false => format!(" You left {}.", safe(room)),
        };
        let now = self.view.room.as_deref().map_or(String::new(), |room| format!(" You talk in {} now.", safe(room)));
        if !(left.is_empty() && now.is_empty()) {
            self.note(&format!("*{left}{now}"));
        }
    }

    /// A person came or left.
    fn traffic(&mut self, event: &Event) {
        let (room, nick, did) = match event {
            Event::Join { room, nick, .. } => (Some(&**room), nick, Did::Came),
            Event::Leave { room, nick, text, .. } => {
                let why = text.as_ref().map_or("the room".into(), |text| names::clean(text));
                (Some(&**room), nick, Did::Went(why.into_owned()))
            }
            Event::Quit { nick, reason, text, .. } => {
                let said = text.as_ref().map_or(String::new(), |text| format!(": {}", names::clean(text)));
                (None, nick, Did::Went(format!("{}{said}", reason.words())))
            }
            _ => return,
        };
        if !self.run.takes(room, nick) {
            self.fold();
        }
        self.run.add(room, nick, did);
        // On a pipe there are no live lines: each is told at once.
        if self.screen.is_plain() {
            self.fold();
        }
    }

    fn message(&mut self, message: &Message) {
        self.fold();
        let day = date(message.time).to_string();
        if !self.day.is_empty() && self.day != day {
            self.screen.note(&self.view.brush.dim(format!("--- {day} ---")));
        }
        self.day = day;
        let other = !self.view.is_own(&message.from);
        let rings = match self.bell {
            Bell::Off => false,
            Bell::Mentions => !mentions(&message.text, &self.view.nick).is_empty(),
            Bell::All => true,
        };
        if other && rings {
            self.screen.ring();
        }
        self.elsewhere += usize::from(other && self.view.is_elsewhere(&message.room));
        self.senders.message(message);
        self.print(&self.view.message(message));
    }

    /// This person is in a room, and its members are known.
    fn arrived(&mut self, handle: &Handle, room: &str) {
        let company = self.view.company(&handle.members(room));
        let helps = if self.greeted || self.screen.is_plain() { "" } else { " Tab completes, /help helps." };
        self.greeted = true;
        self.note(&format!("* You are {} in {}, {company}.{helps}", self.view.own(&self.view.nick), safe(room)));
        if let Some(topic) = self.topic.take() {
            self.note(&format!("* Topic: {}", names::clean(&topic)));
        }
    }

    /// The answer to a command; `own` if the person asked.
    fn done(&mut self, handle: &Handle, own: bool, done: Done) {
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
            self.view.room = Some(room.to_string());
        }
        match &done {
            Done::Ping { .. } => self.note(&format!("* The server is there: {}.", names::clean(&handle.server()))),
            done => self.view.answer(done).iter().for_each(|line| self.note(line)),
        }
        if let Done::Files { files, .. } = &done
            && !files.is_empty()
        {
            self.note("* /get NUMBER fetches one.");
        }
    }
}
