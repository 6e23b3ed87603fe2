//! Answers about rooms: topic, members, modes, bans, and the list of all. Knows no people beside their names.

use super::caps::Caps;
use super::encoder::IrcEncoder;
use crate::answer::{BanInfo, MemberInfo, RoomInfo};
use crate::model::{Millis, Role, Settings};
use crate::wire::irc::{ban_mask, packed, room_modes};

/// The signs of a member, the highest first.
pub(super) fn signs(role: Option<Role>, voice: bool, all: bool) -> &'static str {
    match (role, voice) {
        (Some(Role::Owner), true) if all => "~+",
        (Some(Role::Owner), _) => "~",
        (Some(Role::Op), true) if all => "@+",
        (Some(Role::Op), _) => "@",
        (_, true) => "+",
        (_, false) => "",
    }
}

/// A time as IRC tells it in numerics: whole seconds.
pub(super) fn seconds(time: Millis) -> Millis {
    time.div_euclid(1_000)
}

impl IrcEncoder {
    pub(super) fn topic(
        &self,
        room: &str,
        topic: Option<&impl AsRef<str>>,
        (by, time): (Option<&str>, Option<Millis>),
        out: &mut Vec<u8>,
    ) {
        let Some(topic) = topic else {
            return self.numeric("331", out).middle(room).trailing("No topic is set");
        };
        self.numeric("332", out).middle(room).trailing(topic.as_ref());
        if let (Some(by), Some(time)) = (by, time) {
            self.numeric("333", out).middle(room).middle(by).number(seconds(time)).end();
        }
    }

    pub(super) fn names_of(&self, room: &str, members: &[MemberInfo], hidden: bool, out: &mut Vec<u8>) {
        let all = self.caps.has(Caps::MULTI_PREFIX);
        let whole = self.caps.has(Caps::USERHOST_IN_NAMES);
        let name = |member: &MemberInfo| {
            let shown = if whole { member.nick.prefix() } else { &*member.nick };
            [signs(member.role, member.voice, all), shown].concat()
        };
        let sign = if hidden { "@" } else { "=" };
        let space = self.space("353", &[sign, room]);
        for line in packed(members.iter().map(name), space, usize::MAX) {
            self.numeric("353", out).middle(sign).middle(room).trailing(&line);
        }
    }

    pub(super) fn end_of_names(&self, room: &str, out: &mut Vec<u8>) {
        self.numeric("366", out).middle(room).trailing("End of the names");
    }

    /// A part of the list of rooms. Rooms without members are not on it: the lobby may be one.
    pub(super) fn list(&self, rooms: &[RoomInfo], first: bool, more: bool, out: &mut Vec<u8>) {
        if first {
            self.numeric("321", out).middle("Channel").trailing("Users  Name");
        }
        for info in rooms.iter().filter(|info| info.members > 0) {
            let topic = info.topic.as_ref().map_or("", |topic| topic);
            self.numeric("322", out).middle(&info.room).number(info.members).trailing(topic);
        }
        if !more {
            self.numeric("323", out).trailing("End of the list");
        }
    }

    /// The modes of a room. Its key is for its members.
    pub(super) fn modes(&self, room: &str, settings: &Settings, out: &mut Vec<u8>) {
        let made = self.shared.made(room);
        let (letters, words) = room_modes(settings, made.is_some());
        let line = self.numeric("324", out).middle(room).middle(&letters);
        words.iter().fold(line, |line, word| line.middle(word)).end();
        if let Some(made) = made {
            self.numeric("329", out).middle(room).number(seconds(made)).end();
        }
    }

    /// A part of the bans of a room, and its mutes as masks of their own.
    pub(super) fn bans(&self, room: Option<&str>, bans: &[BanInfo], more: bool, out: &mut Vec<u8>) {
        let room = room.unwrap_or("*");
        for ban in bans {
            let line = self.numeric("367", out).middle(room).middle(&ban_mask(
                ban.restriction,
                &ban.nick,
                ban.mask.as_deref(),
            ));
            line.middle(&ban.by).number(seconds(ban.time)).end();
        }
        if !more {
            self.numeric("368", out).middle(room).trailing("End of the bans");
        }
    }
}
