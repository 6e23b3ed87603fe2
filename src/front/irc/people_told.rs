//! Answers about people: whois, who, whowas and their kind. Knows no rooms beside their names.

use super::asked::Asked;
use super::caps::Caps;
use super::encoder::IrcEncoder;
use super::rooms_told::{seconds, signs};
use crate::answer::{GoneInfo, PersonInfo, WhoisInfo};
use crate::wire::irc::{packed, server_time};

/// The fields of WHOX, in the order in which they are told.
const FIELDS: &str = "tcuihsnfdlaor";

impl IrcEncoder {
    pub(super) fn whois(&self, info: &WhoisInfo, out: &mut Vec<u8>) {
        let nick = &*info.nick;
        let about = info.about.as_ref().unwrap_or(&info.nick);
        self.numeric("311", out).middle(nick).middle(&info.user).middle(&info.host).middle("*").trailing(about);
        let space = self.space("319", &[nick]);
        let all = self.caps.has(Caps::MULTI_PREFIX);
        let ranks = info.ranks.iter().map(|(role, voice)| signs(*role, *voice, all)).chain(std::iter::repeat(""));
        let rooms = info.rooms.iter().zip(ranks).map(|(room, signs)| [signs, room].concat());
        for line in packed(rooms, space, usize::MAX) {
            self.numeric("319", out).middle(nick).trailing(&line);
        }
        self.numeric("312", out).middle(nick).middle(&self.names.server).trailing(&self.names.network);
        if info.op {
            self.numeric("313", out).middle(nick).trailing("is an op of this server");
        }
        if info.registered {
            self.numeric("330", out).middle(nick).middle(nick).trailing("is logged in as");
        }
        if let Some(address) = &info.address {
            self.numeric("338", out).middle(nick).middle(address).trailing("actually comes from");
        }
        if let Some(away) = &info.away {
            self.numeric("301", out).middle(nick).trailing(away);
        }
        let line = self.numeric("317", out).middle(nick).number(info.idle).number(seconds(info.since));
        line.trailing("seconds idle, here since");
        self.end_of_whois(nick, out);
    }

    pub(super) fn end_of_whois(&self, nick: &str, out: &mut Vec<u8>) {
        self.numeric("318", out).middle(nick).trailing("End of WHOIS");
    }

    /// A part of the answer to a question about people: WHO, USERHOST or ISON.
    pub(super) fn people(&self, asked: &Asked, people: &[PersonInfo], more: bool, out: &mut Vec<u8>) {
        match asked {
            Asked::Who { mask, fields, token, ops } => {
                let is_room = mask.starts_with('#');
                for person in people.iter().filter(|person| person.op || !ops) {
                    match fields {
                        Some(fields) => self.whox(person, (fields, token.as_deref()), is_room, out),
                        None => self.who(person, is_room, out),
                    }
                }
                if !more {
                    self.end_of_who(mask, out);
                }
            }
            Asked::Userhost => self.in_words_of("302", people.iter().map(userhost), out),
            Asked::Ison => self.in_words_of("303", people.iter().map(|person| person.who.to_string()), out),
            _ => {}
        }
    }

    fn who(&self, person: &PersonInfo, is_room: bool, out: &mut Vec<u8>) {
        let PersonInfo { who, .. } = person;
        let line = self.numeric("352", out).middle(room_of(person, is_room)).middle(who.user()).middle(who.host());
        let line = line.middle(&self.names.server).middle(who).middle(&self.flags(person, is_room));
        let about = who.about().unwrap_or(who.nick());
        line.trailing(&["0 ", about].concat());
    }

    /// The same with the fields that were asked for.
    fn whox(&self, person: &PersonInfo, (fields, token): (&str, Option<&str>), is_room: bool, out: &mut Vec<u8>) {
        let PersonInfo { who, idle, .. } = person;
        let (flags, idle) = (self.flags(person, is_room), idle.to_string());
        let mut line = self.numeric("354", out);
        for field in FIELDS.chars().filter(|field| fields.contains(*field)) {
            line = match field {
                't' => line.middle(token.unwrap_or("0")),
                'c' => line.middle(room_of(person, is_room)),
                'u' => line.middle(who.user()),
                // The address is told to nobody here.
                'i' => line.middle("255.255.255.255"),
                'h' => line.middle(who.host()),
                's' => line.middle(&self.names.server),
                'n' => line.middle(who),
                'f' => line.middle(&flags),
                'd' => line.middle("0"),
                'l' => line.middle(&idle),
                'a' => line.middle(if who.is_registered() { who } else { "0" }),
                'o' => line.middle("n/a"),
                _ => return line.trailing(who.about().unwrap_or(who.nick())),
            };
        }
        line.end();
    }

    /// Here or gone, an op of the server, and the signs in the room.
    fn flags(&self, person: &PersonInfo, is_room: bool) -> String {
        let here = if person.away.is_some() { "G" } else { "H" };
        let op = if person.op { "*" } else { "" };
        let all = self.caps.has(Caps::MULTI_PREFIX);
        let signs = if is_room { signs(person.role, person.voice, all) } else { "" };
        [here, op, signs].concat()
    }

    /// One numeric with words; without words, an empty one.
    fn in_words_of(&self, number: &str, words: impl Iterator<Item = String>, out: &mut Vec<u8>) {
        let mut lines = packed(words, self.space(number, &[]), usize::MAX).peekable();
        if lines.peek().is_none() {
            self.numeric(number, out).trailing("");
        }
        lines.for_each(|line| self.numeric(number, out).trailing(&line));
    }

    /// People who left, the last one first.
    pub(super) fn whowas(&self, nick: &str, people: &[GoneInfo], out: &mut Vec<u8>) {
        if people.is_empty() {
            self.numeric("406", out).middle(nick).trailing("There was no such nickname");
        }
        for gone in people {
            let GoneInfo { nick, user, host, about, registered, time } = gone;
            let line = self.numeric("314", out).middle(nick).middle(user).middle(host).middle("*");
            line.trailing(about.as_ref().unwrap_or(nick));
            let left = server_time(*time).unwrap_or_default();
            self.numeric("312", out).middle(nick).middle(&self.names.server).trailing(&left);
            if *registered {
                self.numeric("330", out).middle(nick).middle(nick).trailing("was logged in as");
            }
        }
        self.end_of_whowas(nick, out);
    }

    pub(super) fn end_of_who(&self, mask: &str, out: &mut Vec<u8>) {
        self.numeric("315", out).middle(mask).trailing("End of WHO");
    }

    pub(super) fn end_of_whowas(&self, nick: &str, out: &mut Vec<u8>) {
        self.numeric("369", out).middle(nick).trailing("End of WHOWAS");
    }
}

fn room_of(person: &PersonInfo, is_room: bool) -> &str {
    person.room.as_deref().filter(|_| is_room).unwrap_or("*")
}

fn userhost(person: &PersonInfo) -> String {
    let (who, op) = (&person.who, if person.op { "*" } else { "" });
    let here = if person.away.is_some() { "=-" } else { "=+" };
    [&**who, op, here, who.user(), "@", who.host()].concat()
}
