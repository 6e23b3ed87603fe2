//! Answers to commands as lines: which numerics tell what was done. Knows no events.

use std::sync::Arc;

use super::asked::{Asked, Reply};
use super::caps::Caps;
use super::encoder::IrcEncoder;
use crate::actor::Actor;
use crate::answer::{Done, Moderated};
use crate::front::links::Linked;
use crate::names::Nick;
use crate::wire::irc::Out;
use crate::wording::{self, Plain};

impl IrcEncoder {
    /// Writes the answer to what was asked; `parts` of it were told before.
    pub(super) fn answer(&mut self, asked: &Asked, parts: u32, done: &Done, out: &mut Vec<u8>) {
        self.person(asked, done, out);
        if *asked == Asked::Words {
            return self.in_own_words(done, out);
        }
        match done {
            Done::Hello { .. }
            | Done::Nick { .. }
            | Done::Register { .. }
            | Done::Login { .. }
            | Done::Logout { .. }
            | Done::DeleteAccount { .. } => {}
            // Told by events, to this session too.
            Done::Join { .. } | Done::Leave { .. } | Done::Say { .. } | Done::Quit => {}
            Done::Typing => self.typed(asked, out),
            Done::Kick(_) | Done::Op(_) | Done::Deop(_) | Done::Voice(_) | Done::Devoice(_) => {}
            Done::Unban(_) | Done::Mute(_) | Done::Unmute(_) | Done::Delete { .. } => {}
            Done::Ban(about) => self.banned(done, about, out),
            Done::Msg { to, away, .. } => {
                if let (Some(away), Asked::Say { .. }) = (away, asked) {
                    self.numeric("301", out).middle(to).trailing(away);
                }
            }
            Done::Oper | Done::Deoper => self.opered(*done == Done::Oper, out),
            Done::Authenticate { .. } => {}
            Done::Facts(facts) => self.facts(Some(asked), facts, out),
            Done::About { text } => self.about(text.as_ref(), out),
            Done::Away { .. } => self.away(true, out),
            Done::Back => self.away(false, out),
            Done::Invite(about) => self.invited(about, out),
            Done::Ping { token } => self.server(out).command("PONG").middle(&self.names.server).trailing(token),
            Done::Topic { .. }
            | Done::Settings { .. }
            | Done::Rooms { .. }
            | Done::Members { .. }
            | Done::Bans { .. }
            | Done::Who { .. }
            | Done::Whowas { .. }
            | Done::Whois(_)
            | Done::History(_)
            | Done::Chats { .. } => self.listed(asked, parts, done, out),
            // Asked for only in words of our own: IRC has no lines for these.
            Done::Search { .. }
            | Done::Read { .. }
            | Done::Close { .. }
            | Done::Password
            | Done::Claim
            | Done::RegisterRoom { .. }
            | Done::DropRoom { .. }
            | Done::Announce
            | Done::Offer { .. }
            | Done::Finish { .. }
            | Done::Cancel { .. }
            | Done::Files { .. }
            | Done::Get { .. }
            | Done::Help { .. } => self.in_own_words(done, out),
        }
    }

    /// Writes what a question is answered: a list, a part of one, a topic, modes. To set a topic or modes is told by an event.
    fn listed(&mut self, asked: &Asked, parts: u32, done: &Done, out: &mut Vec<u8>) {
        match done {
            Done::Topic { room, topic, topic_by, topic_time } => {
                if matches!(asked, Asked::Topic { sets: false, .. }) {
                    self.topic(room, topic.as_ref(), (topic_by.as_deref(), *topic_time), out);
                }
            }
            Done::Settings { room, settings, .. } => {
                if matches!(asked, Asked::Modes { .. }) {
                    self.modes(room, settings, out);
                }
            }
            Done::Rooms { rooms, more, .. } => self.list(rooms, parts == 0, *more, out),
            Done::Members { room, members, hidden, more, .. } => {
                self.names_of(room, members, *hidden, out);
                if !more {
                    self.end_of_names(room, out);
                }
            }
            Done::Bans { room, bans, more, .. } => self.bans(room.as_deref(), bans, *more, out),
            Done::Who { people, more } => self.people(asked, people, *more, out),
            Done::Whowas { nick, people } => {
                let nick = if let Asked::Whowas { nick } = asked { nick } else { &**nick };
                self.whowas(nick, people, out);
            }
            Done::Whois(info) => self.whois(info, out),
            Done::History(history) => self.history(asked, history, out),
            Done::Chats { chats, more } => self.targets(asked, chats, *more, out),
            _ => {}
        }
    }

    /// What an answer changes of the person of this session.
    fn person(&mut self, asked: &Asked, done: &Done, out: &mut Vec<u8>) {
        match done {
            Done::Hello { nick: Some(nick), .. } | Done::Nick { nick, .. } if !self.welcomed => {
                self.welcome(nick, out);
            }
            Done::Nick { nick, .. } => self.now(nick, out),
            Done::Authenticate { nick } if *asked == Asked::Sasl => {
                let line = self.numeric("900", out).middle("*!*@*").middle(nick);
                line.trailing(&["You are now logged in as ", nick].concat());
                self.numeric("903", out).trailing("SASL authentication successful");
            }
            Done::Login { nick, .. } if !self.welcomed => self.welcome(nick, out),
            Done::Login { nick, .. } => {
                self.logged_in(nick, out);
                if *asked == Asked::Sasl {
                    self.numeric("903", out).trailing("SASL authentication successful");
                }
                self.changed(nick, out);
            }
            Done::Register { nick } => {
                if let Asked::Register { .. } = asked {
                    let line = self.server(out).command("REGISTER").middle("SUCCESS").middle(nick);
                    line.trailing("Account successfully registered");
                }
                self.logged_in(nick, out);
                self.changed(nick, out);
            }
            Done::Logout { nick } | Done::DeleteAccount { nick } => {
                let line = self.numeric("901", out).middle(self.own.prefix());
                line.trailing("You are now logged out");
                self.changed(nick, out);
            }
            _ => {}
        }
    }

    /// The echo of `TAGMSG`: others are told by an event, which the session that made it does not get.
    fn typed(&self, asked: &Asked, out: &mut Vec<u8>) {
        if let Asked::Typing { target } = asked
            && self.caps.has(Caps::ECHO_MESSAGE | Caps::MESSAGE_TAGS)
        {
            let line = Out::new(out).tag("+typing", "active").prefix(self.own.prefix());
            line.command("TAGMSG").middle(target).end();
        }
    }

    /// Other words about oneself. The event that tells others is not for the session that asked.
    fn about(&mut self, text: Option<&Arc<str>>, out: &mut Vec<u8>) {
        let about = text.map_or("", |text| text);
        Out::new(out).prefix(self.own.prefix()).command("SETNAME").trailing(about);
        let own = self.own.with(|parts| parts.about = text.cloned());
        self.goes_by(&own);
    }

    fn logged_in(&self, account: &Actor, out: &mut Vec<u8>) {
        let line = self.numeric("900", out).middle(self.own.prefix()).middle(account);
        line.trailing(&["You are now logged in as ", account].concat());
    }

    /// The account of this session is another one, and so the host and the nick may be.
    fn changed(&mut self, own: &Actor, out: &mut Vec<u8>) {
        let old = self.own.clone();
        self.face(own, &old, out);
        self.now(own, out);
    }

    /// In the words of the line front, with addresses of files.
    fn in_own_words(&self, done: &Done, out: &mut Vec<u8>) {
        let plain = Plain::Timeless;
        match &self.links {
            Some(links) => self.words_to(&self.own, |out| wording::answer(done, &Linked { plain, links }, out), out),
            None => self.words_to(&self.own, |out| wording::answer(done, &plain, out), out),
        }
    }

    fn opered(&mut self, oper: bool, out: &mut Vec<u8>) {
        if self.oper != oper {
            let mode = if oper { "+o" } else { "-o" };
            self.server(out).command("MODE").middle(&self.own).trailing(mode);
        }
        self.oper = oper;
        if oper {
            self.numeric("381", out).trailing("You are an op of this server now");
        }
    }

    /// A ban of many people: how many were put out is told to its maker only.
    fn banned(&self, done: &Done, about: &Moderated, out: &mut Vec<u8>) {
        if about.people.is_some_and(|people| people > 0) {
            let target = about.room.as_ref().unwrap_or(self.own.nick());
            self.words_to(target, |out| wording::answer(done, &Plain::Timeless, out), out);
        }
    }

    fn invited(&self, about: &Moderated, out: &mut Vec<u8>) {
        let room = about.room.as_deref().unwrap_or("*");
        self.numeric("341", out).middle(&about.nick).middle(room).end();
    }

    /// Lines that answer without a command.
    pub(super) fn reply(&mut self, reply: Reply, out: &mut Vec<u8>) {
        match reply {
            Reply::Line { word, params } => {
                let has_nick = word == "CAP" || word.bytes().all(|byte| byte.is_ascii_digit());
                let line = self.server(out).command(word);
                let line = if has_nick { line.middle(&self.own) } else { line };
                let Some((last, words)) = params.split_last() else { return line.end() };
                let line = words.iter().fold(line, |line, word| line.middle(word));
                match word {
                    // Some clients compare the whole line.
                    "AUTHENTICATE" => line.middle(last).end(),
                    _ => line.trailing(last),
                }
            }
            Reply::Motd => self.motd(out),
            Reply::Version => self.version(out),
            Reply::Time => self.time(out),
            Reply::Info => self.info(out),
            Reply::Help { topic } => self.help(&topic, out),
            Reply::UserModes { nick } => self.user_modes(&nick, out),
        }
    }

    fn user_modes(&self, nick: &str, out: &mut Vec<u8>) {
        match !self.is_own(nick) && Nick::parse(nick).is_ok_and(|nick| !self.is_own(nick.shown())) {
            true => self.numeric("502", out).trailing("You cannot see or change the modes of other people"),
            false => self.numeric("221", out).middle(if self.oper { "+io" } else { "+i" }).end(),
        }
    }

    /// What ends the answer to a question that was refused, if clients wait for that.
    pub(super) fn end_of(&self, asked: &Asked, out: &mut Vec<u8>) {
        match asked {
            Asked::Names { room } => self.end_of_names(room, out),
            Asked::Who { mask, .. } => self.end_of_who(mask, out),
            Asked::Whois { nick } => self.end_of_whois(nick, out),
            Asked::Whowas { nick } => self.end_of_whowas(nick, out),
            _ => {}
        }
    }
}
