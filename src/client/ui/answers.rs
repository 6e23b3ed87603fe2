//! Words for the answers to commands: one answer in, lines out. Knows no screen and keeps nothing.

use super::style::safe;
use super::words::View;
use crate::answer::{BanInfo, ChatInfo, Done, FileRow, HelpInfo, MemberInfo, Moderated, RoomInfo, WhoisInfo};
use crate::model::Message;
use crate::model::Restriction;
use crate::names;
use crate::wire::line::{chat, clock, curbed, file, moment, role_mark, settings};

impl View {
    /// The answer to a command; `server` is who gives it. Nothing for those
    /// whose effect is always seen anyway.
    pub fn answer(&self, done: &Done, server: &str) -> Vec<String> {
        let one = |line: String| vec![line];
        let name = |nick: &str| self.brush.own(nick);
        match done {
            Done::Msg { .. } | Done::Say { .. } | Done::Hello { .. } | Done::Join { .. } | Done::Leave { .. } => {
                self.away_of(done)
            }
            Done::Quit | Done::Delete { .. } | Done::Finish { .. } | Done::Announce => vec![],
            // The client asks for these itself.
            Done::Offer { .. } | Done::Chunk { .. } | Done::Cancel { .. } | Done::Get { .. } => vec![],
            Done::Nick { nick, .. } => one(format!("* You are {} now.", name(nick))),
            Done::Rooms { rooms, total, more } => {
                let more = rooms.last().filter(|_| *more).map(|last| format!("rooms {}", safe(&last.room)));
                with_more(self.rooms(rooms, *total), more)
            }
            Done::Members { room, members, total, more } => {
                let last = members.last().filter(|_| *more);
                let more = last.map(|last| format!("members {} {}", safe(room), safe(&last.nick)));
                with_more(one(self.members(room, members, *total)), more)
            }
            Done::Topic { room, topic: Some(topic) } => {
                one(format!("* The topic of {} is: {}", safe(room), names::clean(topic)))
            }
            Done::Topic { room, topic: None } => one(format!("* {} has no topic.", safe(room))),
            Done::Whois(info) => one(self.whois(info)),
            Done::Away { text } => one(format!("* You are away: {}", names::clean(text))),
            Done::Back => one("* You are back.".to_owned()),
            Done::History(history) if history.messages.is_empty() => {
                one(format!("* Nobody has said anything in {} yet.", safe(&history.room)))
            }
            Done::History(history) => self.asked_history(history),
            Done::Search { messages, more, .. } => self.found(messages, *more),
            Done::Chats { chats, more } => {
                let more = chats.last().filter(|_| *more).map(|last| format!("chats {}", safe(&last.room)));
                with_more(self.chats(chats), more)
            }
            Done::Close { room } => one(format!("* The conversation with {} is ended.", safe(room))),
            Done::Read { room, .. } => one(format!("* {} is read.", safe(room))),
            Done::Settings { room, settings: set, registered } => {
                one(format!("* {}: {}.", safe(room), settings(set, *registered)))
            }
            Done::Bans { room, bans, skip, more } => {
                let room = room.as_deref();
                let next = skip + bans.len() as u64;
                let more = room.filter(|_| *more).map(|room| format!("bans {} {next}", safe(room)));
                with_more(self.bans(room, bans), more)
            }
            Done::Files { room, files, more } => {
                let more = files.last().filter(|_| *more).map(|last| format!("files {} {}", safe(room), last.seq));
                with_more(self.files(room, files), more)
            }
            Done::Help { commands } => {
                let row = |row: &HelpInfo| format!("  /{:<24} {}", names::clean(&row.usage), names::clean(&row.text));
                commands.iter().map(row).collect()
            }
            Done::Ping { .. } => one(format!("* The server is there: {}.", names::clean(server))),
            Done::RegisterRoom { room } => one(format!("* {} is yours now, and lasts.", safe(room))),
            Done::DropRoom { room } => one(format!("* {} is nobody's now.", safe(room))),
            Done::Register { .. }
            | Done::Login { .. }
            | Done::Logout { .. }
            | Done::Password
            | Done::DeleteAccount { .. }
            | Done::Claim => one(self.account(done)),
            Done::Invite(ordered) => {
                let room = ordered.room.as_deref().map_or(String::new(), |room| format!(" to {}", safe(room)));
                one(format!("* {} is invited{room}.", self.name(&ordered.nick)))
            }
            Done::Kick(ordered) => self.ordered(ordered, "is put out"),
            Done::Ban(ordered) => self.ordered(ordered, &curbed(Restriction::Ban, false, ordered.until)),
            Done::Unban(ordered) => self.ordered(ordered, "is not banned any more"),
            Done::Mute(ordered) => self.ordered(ordered, &curbed(Restriction::Mute, false, ordered.until)),
            Done::Unmute(ordered) => self.ordered(ordered, "is not muted any more"),
            Done::Op(ordered) => self.ordered(ordered, "is an op"),
            Done::Deop(ordered) => self.ordered(ordered, "is no op any more"),
        }
    }

    fn chats(&self, chats: &[ChatInfo]) -> Vec<String> {
        let head = match chats.is_empty() {
            true => "* No rooms and conversations yet.",
            false => "* Your rooms and conversations:",
        };
        std::iter::once(head.to_owned()).chain(chats.iter().map(|one| format!("*   {}", chat(one)))).collect()
    }

    fn away_of(&self, done: &Done) -> Vec<String> {
        match done {
            Done::Msg { to, away: Some(away), .. } => {
                vec![format!("* {} is away: {}", self.name(to), names::clean(away))]
            }
            _ => vec![],
        }
    }

    /// What has become of one's account.
    fn account(&self, done: &Done) -> String {
        let name = |nick: &str| self.brush.own(nick);
        match done {
            Done::Register { nick } => {
                format!("* {} is your account now; /login {} takes it on again.", name(nick), safe(nick))
            }
            Done::Login { nick, .. } => format!("* You are logged in as {}.", name(nick)),
            Done::Logout { nick } => format!("* You are a guest now: {}.", name(nick)),
            Done::DeleteAccount { nick } => format!("* The account is deleted. You are a guest now: {}.", name(nick)),
            Done::Claim => "* You are an op of this server now.".to_owned(),
            _ => "* The password is changed.".to_owned(),
        }
    }

    /// What was done about somebody, and where.
    fn ordered(&self, ordered: &Moderated, what: &str) -> Vec<String> {
        let place = ordered.room.as_deref().map_or("the whole server".to_owned(), safe);
        vec![format!("* {place}: {} {what}.", self.name(&ordered.nick))]
    }

    fn members(&self, room: &str, members: &[MemberInfo], total: usize) -> String {
        let away = |member: &MemberInfo| if member.away.is_some() { " (away)" } else { "" };
        let mark = |member: &MemberInfo| member.role.map_or("", role_mark);
        let mut names: Vec<String> =
            members.iter().map(|one| format!("{}{}{}", mark(one), self.name(&one.nick), away(one))).collect();
        if total > names.len() {
            names.push(format!("and {} more", total - names.len()));
        }
        format!("* In {}: {}", safe(room), names.join(", "))
    }

    /// Rooms with their members and topics.
    fn rooms(&self, rooms: &[RoomInfo], total: usize) -> Vec<String> {
        let mut lines = vec![format!("* {total} {}:", if total == 1 { "room" } else { "rooms" })];
        lines.extend(rooms.iter().map(|info| {
            let topic = info.topic.as_ref().map_or(String::new(), |topic| format!("  {}", names::clean(topic)));
            format!("*   {}  {}{topic}", safe(&info.room), info.members)
        }));
        lines
    }

    fn whois(&self, info: &WhoisInfo) -> String {
        let rooms: Vec<String> = info.rooms.iter().map(|room| safe(room)).collect();
        let rooms = if rooms.is_empty() { "no room".to_owned() } else { rooms.join(", ") };
        let away = info.away.as_ref().map_or(String::new(), |text| format!(" Away: {}", names::clean(text)));
        let from = info.address.as_ref().map_or(String::new(), |from| format!(", from {}", names::clean(from)));
        let account = if info.registered { " (logged in)" } else { "" };
        let (nick, since, fronts) =
            (self.name(&info.nick), clock(info.since), names::clean(&info.fronts.join(", ")).into_owned());
        format!("* {nick}{account} is in {rooms}, here since {since}, idle {} s, by {fronts}{from}.{away}", info.idle)
    }

    /// What a search found: the newest at the end, next to what is typed.
    fn found(&self, messages: &[std::sync::Arc<Message>], more: bool) -> Vec<String> {
        if messages.is_empty() {
            return vec!["* Nothing found.".to_owned()];
        }
        let before = if more { ", and there is more before them" } else { "" };
        let head = self.brush.dim(format!("--- {} found{before} ---", messages.len()));
        let row = |message: &std::sync::Arc<Message>| {
            let place = format!(" {} {}", safe(&message.room), message.seq);
            format!("{}{} {}", self.brush.dim(moment(message.time)), self.brush.dim(place), self.said(message))
        };
        let mut lines = vec![head];
        lines.extend(messages.iter().rev().map(row));
        lines.push(self.brush.dim("--- now ---"));
        lines
    }

    fn bans(&self, room: Option<&str>, bans: &[BanInfo]) -> Vec<String> {
        let place = room.map_or("the whole server".to_owned(), safe);
        if bans.is_empty() {
            return vec![format!("* Nobody is banned or muted: {place}.")];
        }
        let row = |ban: &BanInfo| {
            let why = ban.text.as_ref().map_or(String::new(), |text| format!(" ({})", names::clean(text)));
            let (nick, by, action) =
                (self.name(&ban.nick), self.name(&ban.by), curbed(ban.restriction, false, ban.until));
            format!("*   {nick} {action}, since {} by {by}{why}", moment(ban.time))
        };
        std::iter::once(format!("* Banned or muted, {place}:")).chain(bans.iter().map(row)).collect()
    }

    fn files(&self, room: &str, files: &[FileRow]) -> Vec<String> {
        if files.is_empty() {
            return vec![format!("* No files in {}.", safe(room))];
        }
        let row =
            |row: &FileRow| format!("*   {}, from {}, {}", file(&row.info), self.name(&row.from), moment(row.time));
        let head = format!("* Files in {}; /get NUMBER fetches one:", safe(room));
        std::iter::once(head).chain(files.iter().rev().map(row)).collect()
    }
}

/// A page of a list, and how the next one is asked for.
fn with_more(mut lines: Vec<String>, command: Option<String>) -> Vec<String> {
    lines.extend(command.map(|command| format!("* There are more: /{command}")));
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::answer::History;
    use crate::client::ui::style::Brush;
    use crate::client::ui::words::Fences;
    use crate::model::FileInfo;
    use crate::model::Role;

    fn view() -> View {
        View { brush: Brush::new(false), nick: "anna".into(), room: Some("#a".into()) }
    }

    fn message(seq: u64, text: &str) -> Arc<Message> {
        Arc::new(Message { room: "#a".into(), seq, from: "boris".into(), text: text.into(), ..Message::default() })
    }

    #[test]
    fn numbers_stand_where_somebody_asked_and_only_there() {
        let history = History { room: "#a".into(), messages: vec![message(17, "hi")], ..History::default() };
        let asked = view().answer(&Done::History(history.clone()), "");
        assert!(asked[1].ends_with(" 17 boris: hi"), "{asked:?}");
        let replayed = view().history(&history, &Fences { last: true, ..Fences::default() });
        assert!(replayed[1].1.ends_with(&format!("{} boris: hi", clock(0))), "{replayed:?}");
        let found = view()
            .answer(&Done::Search { messages: vec![message(2, "b"), message(1, "a")], more: true, next: None }, "");
        assert!(found[0].contains("2 found, and there is more"), "{found:?}");
        assert!(found[1].ends_with(" #a 1 boris: a") && found[2].ends_with(" #a 2 boris: b"), "{found:?}");
    }

    #[test]
    fn what_the_server_says_of_files_and_people_cannot_drive_the_terminal() {
        let name = "x\u{1b}[2J.jpg".into();
        let info = FileInfo { file: 7, name, mime: "image/jpeg".into(), size: 10, sha256: "".into() };
        let row = FileRow { info: Arc::new(info), seq: 1, from: "b\u{7}oris".into(), time: 0 };
        let lines = view().answer(&Done::Files { room: "#a".into(), files: vec![row], more: false }, "");
        assert!(lines[1].starts_with("*   x[2J.jpg (image/jpeg, 10 bytes), file 7, from boris, "), "{lines:?}");
    }

    #[test]
    fn lists_show_what_is_unread_and_who_keeps_order() {
        let chat = |room: &str, unread| ChatInfo { room: room.into(), seq: 9, read: 9 - unread, unread };
        let lines = view().answer(&Done::Chats { chats: vec![chat("#a", 0), chat("@boris", 3)], more: false }, "");
        assert_eq!(lines[1..], ["*   #a", "*   @boris (3 unread)"]);
        let member = |nick: &str, role| MemberInfo { nick: nick.into(), role, away: None };
        let members = vec![member("anna", Some(Role::Owner)), member("boris", Some(Role::Op)), member("vera", None)];
        let lines = view().answer(&Done::Members { room: "#a".into(), members, total: 3, more: false }, "");
        assert_eq!(lines, ["* In #a: ~anna, @boris, vera"]);
    }
}
