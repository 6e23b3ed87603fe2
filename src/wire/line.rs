//! The line dialect: plain text for people with `nc` or telnet; their lines are read by [`crate::command`]. Knows nothing of sessions.
//!
//! Refusals start with `!`, notices with `*`, messages with the time. There are no
//! colours and no cursor codes: the reader's own terminal edits the line.

use crate::event::Event;
use crate::wording::{self, Plain};

/// Appends `event` to `out`: one line, several, or none, because a person at `nc`
/// needs no `ok` for their own line. `elsewhere` names the room, for readers whose
/// current room is another.
pub fn encode(event: &Event, elsewhere: bool, out: &mut Vec<u8>) {
    let painter = if elsewhere { Plain::Elsewhere } else { Plain::Here };
    wording::event(event, &painter, out).expect("a Vec takes every byte");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::answer::{Done, History, MemberInfo, Moderated};
    use crate::model::{CloseReason, FileInfo, Kind, Message, PlaceId, Restriction, Role};
    use crate::wording::{clock, moment};

    fn line(event: &Event, elsewhere: bool) -> String {
        let mut out = Vec::new();
        encode(event, elsewhere, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn message(text: &str) -> Arc<Message> {
        let (room, from, text) = ("#лыжи".into(), "Анна".into(), text.into());
        Arc::new(Message { room, seq: 1, from, text, ..Message::default() })
    }

    #[test]
    fn a_line_from_another_room_names_it() {
        let event = Event::Message(message("привет"));
        let time = clock(0);
        assert_eq!(line(&event, false), format!("[{time}] Анна: привет\n"));
        assert_eq!(line(&event, true), format!("[{time}] #лыжи Анна: привет\n"));
    }

    #[test]
    fn an_own_line_needs_no_answer() {
        let done = Done::Say { room: "#a".into(), seq: 1, time: 0, again: false };
        assert_eq!(line(&Event::Ok { tag: None, done }, false), "");
    }

    #[test]
    fn history_is_fenced_and_dated() {
        let messages = vec![message("раз"), message("два")];
        let text = line(&Event::History(History { room: "#лыжи".into(), messages, ..History::default() }), false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("--- #лыжи, ") && lines[0].contains("19"), "{}", lines[0]);
        assert_eq!(lines[3], "--- now, after 2 earlier messages ---");
    }

    #[test]
    fn a_leave_tells_why() {
        let event = Event::Quit { nick: "Вера".into(), reason: CloseReason::Lost, text: None, time: 0 };
        assert_eq!(line(&event, false), "* Вера left (connection lost)\n");
    }

    fn with_file(text: &str) -> Message {
        let sha256 = "0".repeat(64).into();
        let info = FileInfo {
            file: 7,
            name: "photo.jpg".into(),
            mime: "image/jpeg".into(),
            size: 1_234_567,
            sha256,
            ..FileInfo::default()
        };
        Message { file: Some(Arc::new(info)), ..(*message(text)).clone() }
    }

    #[test]
    fn a_file_is_told_with_its_name_kind_size_and_number() {
        let time = clock(0);
        let told = format!("[{time}] Анна sent photo.jpg (image/jpeg, 1.2 MB), file 7: снег\n");
        assert_eq!(line(&Event::Message(Arc::new(with_file("снег"))), false), told);
        let file = with_file("").file;
        let event = Event::Private {
            from: "a".into(),
            to: "b".into(),
            seq: 1,
            text: "".into(),
            time: 0,
            kind: Kind::Text,
            file,
            place: PlaceId(1),
        };
        let told = format!("[{time}] a sent photo.jpg (image/jpeg, 1.2 MB), file 7, to b only\n");
        assert_eq!(line(&event, false), told);
    }

    #[test]
    fn numbers_are_shown_if_history_was_asked_for_and_only_then() {
        let gone = Message { seq: 2, deleted: true, text: "".into(), ..(*message("")).clone() };
        let history =
            History { room: "#лыжи".into(), messages: vec![message("раз"), gone.into()], ..History::default() };
        let time = clock(0);
        let told = line(&Event::History(history.clone()), false);
        assert!(told.contains(&format!("\n[{time}] Анна: раз\n[{time}] Анна: (deleted)\n")), "{told}");
        let told = line(&Event::Ok { tag: None, done: Done::History(history) }, false);
        assert!(told.contains(&format!("\n[{time}] 1 Анна: раз\n[{time}] 2 Анна: (deleted)\n")), "{told}");
    }

    #[test]
    fn what_an_op_does_is_told_once_with_the_reason() {
        let (room, nick, by) = (|| "#a".into(), || "boris".into(), || "anna".into());
        let text = Some("spam".into());
        let kick = Event::Kick { room: room(), nick: nick(), by: by(), text: text.clone(), time: 0 };
        assert_eq!(line(&kick, false), "* anna put boris out of #a (spam)\n");
        let (restriction, until) = (Restriction::Mute, Some(0));
        let mute = Event::Restriction {
            mask: None,
            room: room(),
            restriction,
            lifted: false,
            nick: nick(),
            by: by(),
            until,
            text,
            time: 0,
        };
        assert_eq!(line(&mute, false), format!("* #a: boris is muted until {} by anna (spam)\n", moment(0)));
        let op = Event::Role { room: room(), nick: nick(), role: Some(Role::Op), was: None, by: by(), time: 0 };
        assert_eq!(line(&op, false), "* #a: boris is an op now, by anna\n");
        let done = Done::Kick(Moderated { room: Some(room()), nick: nick(), ..Moderated::default() });
        assert_eq!(line(&Event::Ok { tag: None, done }, false), "* #a: boris is put out.\n");
    }

    #[test]
    fn owners_and_ops_are_marked_as_irc_marks_them() {
        let member = |nick: &str, role| MemberInfo { nick: nick.into(), role, voice: false, away: None };
        let members = vec![
            member("anna", Some(Role::Owner)),
            member("boris", Some(Role::Op)),
            member("gleb", Some(Role::Member)),
            member("vera", None),
        ];
        let told = line(&Event::Members { room: "#a".into(), members, hidden: false, more: false }, false);
        assert_eq!(told, "* In #a: ~anna, @boris, gleb, vera\n");
    }
}
