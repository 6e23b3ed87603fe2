//! The events that are the same lines of IRC for all sessions of equal capabilities. Knows no session: what names the reader, the front writes.

use super::author::{Author, Bits};
use super::text::pieces;
use super::{LINE_BYTES, Params, modes, msgid};
use crate::actor::Actor;
use crate::event::Event;
use crate::model::{CloseReason, FileInfo, Kind, Message, Millis, PlaceId, Seq};
use crate::wording;

/// A message, whether it was said just now or long ago.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The author.
    pub from: &'a Actor,
    /// The room or the nick that it was said to.
    pub to: &'a str,
    /// What was said.
    pub text: &'a str,
    /// Whether it is speech, an action or a notice.
    pub kind: Kind,
    /// The file that was sent with it.
    pub file: Option<&'a FileInfo>,
    /// Where a reader finds the file. Without it, the line says by which command.
    pub link: Option<&'a str>,
    /// Its place and its number there; in both lies its id.
    pub id: (PlaceId, Seq),
    /// When.
    pub time: Millis,
}

/// Appends the lines of a message to `out`: as many as its text needs, and one for its file.
/// Only the first has the id.
pub fn said(said: &Said<'_>, bits: Bits, out: &mut Vec<u8>) {
    let author = Author::new(said.from, Some(said.time), bits);
    let id = bits.tags.then(|| msgid::of(said.id.0, said.id.1, said.time));
    let mut id = id.as_deref();
    let command = if said.kind == Kind::Notice { "NOTICE" } else { "PRIVMSG" };
    let is_action = said.kind == Kind::Action;
    let mut line = |text: &str, is_action: bool, out: &mut Vec<u8>| {
        let params = author.line_with_id(id.take(), out).command(command).middle(said.to);
        match is_action {
            true => params.trailing(&[ACTION, text, END].concat()),
            false => params.trailing(text),
        }
    };
    let wrapper = if is_action { ACTION.len() + END.len() } else { 0 };
    let most = space(said.from.prefix(), command, said.to).saturating_sub(wrapper);
    pieces(said.text, most).for_each(|piece| line(piece, is_action, out));
    if let Some(file) = said.file {
        line(&file_words(file, said.link), false, out);
    }
}

/// Begins the text of an action.
const ACTION: &str = "\u{1}ACTION ";
/// Ends it.
const END: &str = "\u{1}";

/// How many bytes of text a line has room for, if it says something to `target`.
pub fn space(prefix: &str, command: &str, target: &str) -> usize {
    let taken = ": ".len() + prefix.len() + command.len() + " ".len() + target.len() + " :".len();
    (LINE_BYTES - "\r\n".len()).saturating_sub(taken)
}

/// What a person who cannot see a file is told of it.
fn file_words(file: &FileInfo, link: Option<&str>) -> String {
    let number = file.file.to_string();
    let by_command = ["/get ", &number, " in the client of Roomful"].concat();
    let link = link.unwrap_or(&by_command);
    [&*file.name, " (", &file.mime, ", ", &wording::size(file.size), "): ", link].concat()
}

/// Appends the lines of `event` to `out`. Nothing, if the event has none that are the same for several sessions.
pub fn encode(event: &Event, bits: Bits, out: &mut Vec<u8>) {
    match event {
        Event::Message(message) => said(&in_room(message), bits, out),
        Event::Private { from, to, text, time, file, kind, place, seq } => {
            let (file, time, kind, id) = (file.as_deref(), *time, *kind, (*place, *seq));
            said(&Said { from, to, text, kind, file, link: None, id, time }, bits, out);
        }
        Event::Join { room, nick, time, .. } => join(nick, room, *time, bits, out),
        Event::Leave { room, nick, text, time } => {
            let part = Author::new(nick, Some(*time), bits).line(out).command("PART").middle(room);
            with_text(part, text.as_deref());
        }
        Event::Quit { nick, reason, text, time } => {
            let quit = Author::new(nick, Some(*time), bits).line(out).command("QUIT");
            quit.trailing(&farewell(*reason, text.as_deref()));
        }
        Event::Nick { new, by, time, .. } => {
            Author::new(by, Some(*time), bits).line(out).command("NICK").middle(new).end();
        }
        Event::Topic { room, topic, by, time } => {
            let set = Author::new(by, Some(*time), bits).line(out).command("TOPIC").middle(room);
            set.trailing(topic.as_deref().unwrap_or_default());
        }
        Event::Away { nick, text } => {
            with_text(Author::new(nick, None, bits).line(out).command("AWAY"), text.as_deref());
        }
        Event::Kick { room, nick, by, text, time } => {
            let kick = Author::new(by, Some(*time), bits).line(out).command("KICK").middle(room).middle(nick);
            kick.trailing(text.as_deref().unwrap_or(by));
        }
        Event::Typing { room, nick } if bits.tags && room.starts_with('#') => typing(nick, room, bits, out),
        Event::Role { .. } | Event::Voice { .. } | Event::Settings { .. } | Event::Restriction { .. } => {
            modes::encode(event, bits, out);
        }
        Event::Typing { .. }
        | Event::Hello { .. }
        | Event::Ok { .. }
        | Event::Error { .. }
        | Event::Joined { .. }
        | Event::Members { .. }
        | Event::History(_)
        | Event::Left { .. }
        | Event::Face { .. }
        | Event::Deleted { .. }
        | Event::Invite { .. }
        | Event::Chats { .. }
        | Event::Read { .. }
        | Event::Notice { .. }
        | Event::Waiting { .. }
        | Event::Ping { .. }
        | Event::Closing { .. } => {}
    }
}

/// A message as it was said in its room.
fn in_room(message: &Message) -> Said<'_> {
    let Message { room, from, text, kind, file, time, place, seq, .. } = message;
    Said { from, to: room, text, kind: *kind, file: file.as_deref(), link: None, id: (*place, *seq), time: *time }
}

fn join(nick: &Actor, room: &str, time: Millis, bits: Bits, out: &mut Vec<u8>) {
    let join = Author::new(nick, Some(time), bits).line(out).command("JOIN").middle(room);
    if bits.extended {
        let account = if nick.is_registered() { nick.nick() } else { "*" };
        join.middle(account).trailing(nick.about().map_or(nick.nick(), |about| about));
    }
}

/// Appends that a person is typing, to `target`.
pub fn typing(nick: &Actor, target: &str, bits: Bits, out: &mut Vec<u8>) {
    Author::new(nick, None, bits)
        .tagged(out)
        .tag("+typing", "active")
        .prefix(nick.prefix())
        .command("TAGMSG")
        .middle(target)
        .end();
}

/// The words of a QUIT.
pub fn farewell(reason: CloseReason, text: Option<&str>) -> String {
    let why = wording::capital(reason.words());
    match text {
        Some(text) => [&*why, ": ", text].concat(),
        None => why,
    }
}

fn with_text(line: Params<'_>, text: Option<&str>) {
    match text {
        Some(text) => line.trailing(text),
        None => line.end(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::actor::ActorParts;
    use crate::model::{Changed, Restriction, Role, Setting, Settings};
    use crate::wire::irc::{Line, REQUEST, TAG_BYTES};
    use proptest::prelude::*;

    fn anna() -> Actor {
        let about = Some("likes snow".into());
        Actor::new(ActorParts { nick: "anna".into(), user: "~json", host: "c1", registered: true, about })
    }

    const NONE: Bits = Bits { time: false, tags: false, account: false, extended: false };
    const ALL: Bits = Bits { time: true, tags: true, account: true, extended: true };

    fn told(event: &Event, bits: Bits) -> String {
        let mut out = Vec::new();
        encode(event, bits, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn message(text: &str, kind: Kind) -> Event {
        let (room, text, from) = ("#лыжи".into(), text.into(), anna());
        Event::Message(Arc::new(Message {
            room,
            from,
            text,
            kind,
            place: PlaceId(3),
            seq: 7,
            time: 1_795_176_308_500,
            ..Message::default()
        }))
    }

    #[test]
    fn a_message_is_told_with_what_the_session_can_read() {
        assert_eq!(told(&message("привет", Kind::Text), NONE), ":anna!~json@c1 PRIVMSG #лыжи :привет\r\n");
        let all = told(&message("привет", Kind::Text), ALL);
        let tags = "@time=2026-11-20T12:05:08.500Z;account=anna;msgid=3.7.1k7sdh7ok";
        assert!(all == [tags, " :anna!~json@c1 PRIVMSG #лыжи :привет\r\n"].concat(), "{all}");
        let action = told(&message("waves\nand goes", Kind::Action), NONE);
        let line = |text| [":anna!~json@c1 PRIVMSG #лыжи :\u{1}ACTION ", text, "\u{1}\r\n"].concat();
        assert_eq!(action, line("waves") + &line("and goes"));
    }

    #[test]
    fn a_file_is_a_line_of_its_own_and_an_empty_text_is_none() {
        let file =
            FileInfo { file: 7, name: "a.jpg".into(), mime: "image/jpeg".into(), size: 1_200, ..FileInfo::default() };
        let sent = Message { room: "#a".into(), from: anna(), file: Some(Arc::new(file)), ..Message::default() };
        let line = ":anna!~json@c1 PRIVMSG #a :a.jpg (image/jpeg, 1.2 kB): /get 7 in the client of Roomful\r\n";
        assert_eq!(told(&Event::Message(Arc::new(sent)), NONE), line);
    }

    #[test]
    fn those_who_come_and_go_are_told_in_a_line_each() {
        let (room, time) = (|| Arc::from("#a"), 0);
        let join = Event::Join { room: room(), nick: anna(), time, away: None };
        assert_eq!(told(&join, NONE), ":anna!~json@c1 JOIN #a\r\n");
        let extended = Bits { extended: true, ..NONE };
        assert_eq!(told(&join, extended), ":anna!~json@c1 JOIN #a anna :likes snow\r\n");
        let guest = Event::Join { room: room(), nick: "vera".into(), time, away: None };
        assert_eq!(told(&guest, extended), ":vera JOIN #a * :vera\r\n");
        let leave = |text| Event::Leave { room: room(), nick: anna(), text, time };
        assert_eq!(told(&leave(None), NONE), ":anna!~json@c1 PART #a\r\n");
        assert_eq!(told(&leave(Some("bye".into())), NONE), ":anna!~json@c1 PART #a :bye\r\n");
        let quit = |reason, text| told(&Event::Quit { nick: anna(), reason, text, time }, NONE);
        assert_eq!(quit(CloseReason::Lost, None), ":anna!~json@c1 QUIT :Connection lost\r\n");
        assert_eq!(quit(CloseReason::Quit, Some("bye".into())), ":anna!~json@c1 QUIT :Quit: bye\r\n");
        let kick = Event::Kick { room: room(), nick: "vera".into(), by: anna(), text: None, time };
        assert_eq!(told(&kick, NONE), ":anna!~json@c1 KICK #a vera :anna\r\n");
    }

    #[test]
    fn what_changes_in_a_room_is_a_change_of_modes() {
        let (room, by, time) = (|| Arc::from("#a"), anna, 0);
        let mode = |event| told(&event, NONE).strip_prefix(":anna!~json@c1 MODE #a ").unwrap().to_owned();
        let settings = Settings { invite_only: true, limit: Some(5), ..Settings::default() };
        let changed: Changed =
            [Setting::InviteOnly, Setting::Key, Setting::Limit, Setting::Outsiders].into_iter().collect();
        let set = Event::Settings { room: room(), settings, registered: false, changed, by: by(), time };
        assert_eq!(mode(set), "+i-k+ln * 5\r\n");
        let role = |was, role| mode(Event::Role { room: room(), nick: "vera".into(), role, was, by: by(), time });
        assert_eq!(role(Some(Role::Member), Some(Role::Op)), "+o vera\r\n");
        assert_eq!(role(Some(Role::Op), None), "-o vera\r\n");
        assert_eq!(role(Some(Role::Op), Some(Role::Owner)), "-o+q vera vera\r\n");
        let voice = Event::Voice { room: room(), nick: "vera".into(), voice: true, by: by(), time };
        assert_eq!(mode(voice), "+v vera\r\n");
        assert_eq!(modes::ban_mask(Restriction::Mute, "vera", None), "m:vera!*@*");
        assert_eq!(modes::ban_mask(Restriction::Ban, "192.0.2.7", None), "*!*@192.0.2.7");
        assert_eq!(modes::ban_mask(Restriction::Ban, "vera", Some("*!*@c1")), "*!*@c1");
        assert_eq!(modes::of_room(&Settings { key: Some("k".into()), ..Settings::default() }, true).1, ["k"]);
    }

    #[test]
    fn who_types_is_told_to_those_who_read_tags() {
        let typing = Event::Typing { room: "#a".into(), nick: anna() };
        assert_eq!(told(&typing, NONE), "");
        assert_eq!(told(&typing, ALL), "@account=anna;+typing=active :anna!~json@c1 TAGMSG #a\r\n");
    }

    /// Text that tries to end a line or a word.
    fn any_text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("\r\n"),
            Just("\n"),
            Just("\r"),
            Just("\0"),
            Just(" "),
            Just(":"),
            Just(";"),
            Just("@"),
            Just("#"),
            Just("👩‍🚀"),
            Just("ж"),
            Just("word"),
            Just("a long word that is said again and again and again"),
        ];
        proptest::collection::vec(
            prop_oneof![part.prop_map(str::to_owned), any::<char>().prop_map(String::from)],
            0..12,
        )
        .prop_map(|parts| parts.concat())
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let names = (any_text(), any_text(), any_text(), any_text());
        (names, any_text(), 0..14, any::<Millis>(), any::<bool>()).prop_map(
            |((nick, user, room, other), text, which, time, flag)| {
                let about = Some(Arc::from(&*text));
                let nick =
                    Actor::new(ActorParts { nick: nick.into(), user: &user, host: "c1", registered: flag, about });
                let by = nick.clone();
                let (room, other): (Arc<str>, Arc<str>) = (room.into(), other.into());
                let text = Arc::<str>::from(text);
                let some = flag.then(|| Arc::clone(&text));
                match which {
                    0 => Event::Message(Arc::new(Message {
                        room,
                        from: nick,
                        text,
                        kind: if flag { Kind::Action } else { Kind::Notice },
                        time,
                        ..Message::default()
                    })),
                    1 => Event::Private {
                        from: nick,
                        to: other,
                        seq: 1,
                        text,
                        time,
                        kind: Kind::Text,
                        file: None,
                        place: PlaceId(1),
                    },
                    2 => Event::Join { room, nick, time, away: None },
                    3 => Event::Leave { room, nick, text: some, time },
                    4 => Event::Quit { nick, reason: CloseReason::Quit, text: some, time },
                    5 => Event::Nick { old: Arc::clone(nick.nick()), new: other, by, time },
                    6 => Event::Topic { room, topic: some, by, time },
                    7 => Event::Away { nick, text: some },
                    8 => Event::Kick { room, nick: other, by, text: some, time },
                    9 => Event::Typing { room: ["#", &room].concat().into(), nick },
                    10 => Event::Role { room, nick: other, role: Some(Role::Op), was: None, by, time },
                    11 => Event::Voice { room, nick: other, voice: flag, by, time },
                    12 => {
                        let settings = Settings { key: some, ..Settings::default() };
                        Event::Settings {
                            room,
                            settings,
                            registered: flag,
                            changed: Setting::ALL.into_iter().collect(),
                            by,
                            time,
                        }
                    }
                    _ => {
                        let restriction = if flag { Restriction::Ban } else { Restriction::Mute };
                        Event::Restriction {
                            room,
                            restriction,
                            lifted: flag,
                            nick: other,
                            mask: flag.then(|| "a b".into()),
                            by,
                            until: None,
                            text: some,
                            time,
                        }
                    }
                }
            },
        )
    }

    fn any_kind() -> impl Strategy<Value = Kind> {
        prop_oneof![Just(Kind::Text), Just(Kind::Action), Just(Kind::Notice)]
    }

    fn any_bits() -> impl Strategy<Value = Bits> {
        any::<[bool; 4]>().prop_map(|[time, tags, account, extended]| Bits { time, tags, account, extended })
    }

    proptest! {
        #[test]
        fn no_text_makes_a_line_longer_than_a_line_or_two_lines_of_one(event in any_event(), bits in any_bits()) {
            let all = told(&event, bits);
            for line in all.split_inclusive("\r\n") {
                let body = line.strip_suffix("\r\n").unwrap();
                prop_assert!(!body.contains(['\r', '\n', '\0']), "{:?}", body);
                let tags = if line.starts_with('@') { line.find(' ').unwrap() + 1 } else { 0 };
                prop_assert!(tags <= TAG_BYTES && line.len() - tags <= LINE_BYTES, "{:?}", line);
                let read = Line::parse(body).unwrap();
                prop_assert!(["PRIVMSG", "NOTICE", "JOIN", "PART", "QUIT", "NICK", "TOPIC", "AWAY", "KICK", "TAGMSG", "MODE"]
                    .contains(&&*read.command), "{:?}", line);
                prop_assert!(read.params.len() <= 12);
            }
            prop_assert_eq!(told(&event, bits.seen_in(&event)), all);
        }

        #[test]
        fn the_lines_of_a_long_message_are_its_whole_text(text in any_text(), kind in any_kind(), count in 1usize..20) {
            let text = text.replace(['\0', REQUEST], "").repeat(count);
            let all = told(&message(&text, kind), ALL);
            let said = all.split_terminator("\r\n").map(|line| {
                let line = Line::parse(line).unwrap();
                let text = line.params[1];
                let text = if kind == Kind::Action { text.strip_prefix(ACTION).unwrap().strip_suffix(END).unwrap() } else { text };
                text.to_owned()
            });
            prop_assert_eq!(said.collect::<String>(), text.replace(['\r', '\n'], ""));
        }
    }
}
