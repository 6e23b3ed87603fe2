//! Parts of sentences: times, sizes, files, roles, what is set. Knows no event as a whole.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::Painter;
use crate::answer::ChatInfo;
use crate::model::{FileInfo, Millis, Restriction, Role, Settings};
use crate::names;

/// A time as it is shown. It becomes text when it is printed.
pub type Look = strtime::Display<'static>;

/// The zone the server's own clock shows, looked up once.
static HERE: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

/// Looks up the zone of the server's clock, once. To be called on a thread with
/// a large stack: reading the system's zone needs more than a session's thread has.
pub fn look_up_zone() {
    LazyLock::force(&HERE);
}

/// A sentence that starts with a capital letter: refusals start with a small
/// one, because they also stand inside other sentences.
pub fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Hours and minutes of `time` here, such as `12:05`.
pub fn clock(time: Millis) -> Look {
    local(time, "%H:%M")
}

/// The day of `time` here, such as `Thursday 19 November 2026`.
pub fn date(time: Millis) -> Look {
    local(time, "%A %-d %B %Y")
}

/// The day and minute of `time` here: `2026-11-20 12:05`.
pub fn moment(time: Millis) -> Look {
    local(time, "%Y-%m-%d %H:%M")
}

fn local(time: Millis, format: &'static str) -> Look {
    // Out of range means before the year -9999 or after 9999: a peer's wrong clock, not a reason to fail.
    let stamp = Timestamp::from_millisecond(time).unwrap_or(Timestamp::UNIX_EPOCH);
    HERE.to_datetime(stamp).strftime(format)
}

/// A number of bytes as people say it: `17 bytes`, `1.2 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let (mut tenths, mut unit) = (bytes / 100, 0);
    if bytes < 1_000 {
        return format!("{bytes} {}", if bytes == 1 { "byte" } else { "bytes" });
    }
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        (tenths, unit) = (tenths / 1_000, unit + 1);
    }
    match tenths {
        0..100 => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", tenths / 10, UNITS[unit]),
    }
}

/// A file: its name, what it is, how large, and the number to ask for it by.
pub(super) fn file(info: &FileInfo) -> String {
    let (name, mime) = (names::clean(&info.name), names::clean(&info.mime));
    format!("{} ({mime}, {}), file {}", names::isolate(&name), size(info.size), info.file)
}

/// What is set in a room, in one sentence without its end.
pub(super) fn settings(settings: &Settings, registered: bool) -> String {
    let mut set: Vec<String> = Vec::new();
    if settings.invite_only {
        set.push("one must be invited".to_owned());
    }
    if let Some(key) = &settings.key {
        set.push(format!("the key is {}", names::clean(key)));
    }
    if let Some(limit) = settings.limit {
        set.push(format!("at most {limit} members"));
    }
    if settings.announcements {
        set.push("only ops and voices speak".to_owned());
    }
    if settings.topic_by_ops {
        set.push("only ops set the topic".to_owned());
    }
    if settings.outsiders {
        set.push("people outside may write".to_owned());
    }
    if settings.hidden {
        set.push("hidden".to_owned());
    }
    if set.is_empty() {
        set.push("open to all".to_owned());
    }
    if registered {
        set.push("registered".to_owned());
    }
    set.join(", ")
}

/// What a person is forbidden, or not any more: it follows *is*, or *are*.
pub fn restricted(restriction: Restriction, lifted: bool, until: Option<Millis>) -> String {
    let what = match restriction {
        Restriction::Ban => "banned",
        Restriction::Mute => "muted",
    };
    match until {
        _ if lifted => format!("not {what} any more"),
        Some(until) => format!("{what} until {}", moment(until)),
        None => format!("{what} for good"),
    }
}

/// A reason, if one is given.
pub(super) fn in_brackets(text: &Option<Arc<str>>, p: &impl Painter) -> String {
    text.as_ref().map_or(String::new(), |text| format!(" ({})", p.text(text)))
}

/// A role, after *is* or *are*.
pub(super) fn role_words(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Owner) => "the owner",
        Some(Role::Op) => "an op",
        Some(Role::Member) => "a member",
        None => "no op",
    }
}

/// The mark before the name of an owner or an op, as IRC has it.
pub(super) fn role_mark(role: Role) -> &'static str {
    match role {
        Role::Owner => "~",
        Role::Op => "@",
        Role::Member => "",
    }
}

/// A room or a private conversation in a list: `#chess (3 unread)`.
pub(super) fn chat(chat: &ChatInfo) -> String {
    let room = names::clean(&chat.room);
    let room = names::isolate(&room);
    if chat.unread == 0 { room.into_owned() } else { format!("{room} ({} unread)", chat.unread) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_people_say_them() {
        for (bytes, said) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (9_999, "9.9 kB"),
            (10_000, "10 kB"),
            (999_999, "999 kB"),
            (1_234_567, "1.2 MB"),
            (10_485_760, "10 MB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }

    #[test]
    fn what_is_set_in_a_room_is_one_sentence() {
        let set =
            Settings { invite_only: true, key: Some("лес".into()), announcements: true, ..Settings::default() };
        assert_eq!(settings(&set, true), "one must be invited, the key is лес, only ops and voices speak, registered");
        let set = Settings { topic_by_ops: true, hidden: true, outsiders: true, limit: Some(9), ..Settings::default() };
        let told = "at most 9 members, only ops set the topic, people outside may write, hidden";
        assert_eq!(settings(&set, false), told);
        assert_eq!(settings(&Settings::default(), false), "open to all");
    }
}
