//! The words of the chat as one person at the terminal sees them: colours, own name, mentions. Knows no screen and remembers nothing.

use std::borrow::Cow;

use super::mention::mentions;
use super::style::{Brush, safe};
use crate::answer::Done;
use crate::client::Said;
use crate::event::Event;
use crate::model::{Kind, Message};
use crate::names;
use crate::wording::{self, Look, Painter};

/// What one person sees differently from others: their name, their room, their colours.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub brush: Brush,
    pub nick: String,
    /// The room talked in; what is said in others names its room.
    pub room: Option<String>,
}

impl Painter for View {
    fn is_elsewhere(&self, room: &str) -> bool {
        self.room.as_deref() != Some(room)
    }

    fn is_own(&self, nick: &str) -> bool {
        nick == self.nick
    }

    fn name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        safe(name).into()
    }

    fn nick<'a>(&self, nick: &'a str) -> Cow<'a, str> {
        if self.is_own(nick) { self.own(nick) } else { self.brush.nick(nick).into() }
    }

    fn own<'a>(&self, nick: &'a str) -> Cow<'a, str> {
        self.brush.own(nick).into()
    }

    /// Cleaned once more, because a bad server may not have done it.
    fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        names::clean_lines(text)
    }

    /// The own name stands out in what others say.
    fn said<'a>(&self, text: &'a str, from: &str) -> Cow<'a, str> {
        let text = names::clean_lines(text);
        if self.is_own(from) {
            return text;
        }
        let mut marked = String::with_capacity(text.len());
        let mut end = 0;
        for place in mentions(&text, &self.nick) {
            marked.push_str(&text[end..place.start]);
            marked.push_str(&self.brush.bold(&text[place.clone()]));
            end = place.end;
        }
        marked.push_str(&text[end..]);
        marked.into()
    }

    fn time(&self, time: Look) -> String {
        format!("{} ", self.brush.dim(time))
    }

    /// Blanks, which no other line begins with.
    fn under(&self, column: usize) -> String {
        " ".repeat(column)
    }

    fn dim(&self, words: String) -> String {
        self.brush.dim(words)
    }

    fn bold(&self, words: String) -> String {
        self.brush.bold(words)
    }

    fn wrong(&self, line: String) -> String {
        self.brush.wrong(line)
    }
}

impl View {
    /// What an event tells, line by line.
    pub fn event(&self, event: &Event) -> Vec<String> {
        wording::lines(|out| wording::event(event, self, out))
    }

    /// What an answer tells, line by line.
    pub fn answer(&self, done: &Done) -> Vec<String> {
        wording::lines(|out| wording::answer(done, self, out))
    }

    /// An earlier message, or one that was said now.
    pub fn message(&self, message: &Message) -> String {
        wording::lines(|out| wording::message(message, self, out)).join("\n")
    }

    /// An own line that has no answer yet.
    pub fn pending(&self, said: &Said) -> String {
        let text = briefly(&said.text);
        let place = match (said.private, &*said.to) {
            (true, "") => " (reply)".to_owned(),
            (true, to) => format!(" (to {} only)", safe(to)),
            (false, room) if self.is_elsewhere(room) => format!(" {}", safe(room)),
            (false, _) => String::new(),
        };
        let nick = safe(&self.nick);
        let line = match said.kind {
            Kind::Text => format!("{nick}: {text}"),
            Kind::Action => format!("* {nick} {text}"),
            Kind::Notice => format!("-{nick}- {text}"),
        };
        self.brush.dim(format!("  ·  {place} {line}"))
    }

    /// The other members of a room: `with Boris and Вера`, or `alone so far`.
    pub fn company(&self, members: &[String]) -> String {
        let others: Vec<&str> = members.iter().map(String::as_str).filter(|nick| *nick != self.nick).collect();
        if others.is_empty() { "alone so far".to_owned() } else { format!("with {}", list(&others, self.brush)) }
    }
}

/// The words of an own message in one line, and not more of them than it takes to know it again.
pub(super) fn briefly(text: &str) -> String {
    const SHOWN: usize = 240;
    let cleaned = names::clean_lines(text);
    let line = wording::in_one_line(&cleaned);
    if line.chars().count() <= SHOWN {
        return line.into_owned();
    }
    line.chars().take(SHOWN).chain("…".chars()).collect()
}

/// `a, b and c`; of many, some and how many others.
pub(super) fn list(names: &[&str], brush: Brush) -> String {
    /// People that are named; the others are counted.
    const NAMED: usize = 8;
    let shown: Vec<String> = names.iter().take(NAMED).map(|nick| brush.nick(nick)).collect();
    let others = names.len() - shown.len();
    match (shown.as_slice(), others) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([most @ .., last], 0) => format!("{} and {last}", most.join(", ")),
        (some, n) => format!("{} and {n} others", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::answer::{ChatInfo, FileRow, History, MemberInfo};
    use crate::model::{FileInfo, Restriction, Role, Seq};
    use crate::wording::{Deletion, Fences, HistoryLine, clock, deleted, history_lines};

    fn view() -> View {
        View { brush: Brush::new(false), nick: "anna".into(), room: Some("#a".into()) }
    }

    fn message(seq: Seq, text: &str) -> Arc<Message> {
        Arc::new(Message { room: "#a".into(), seq, from: "boris".into(), text: text.into(), ..Message::default() })
    }

    #[test]
    fn what_is_done_about_oneself_is_told_as_that() {
        let role = |nick: &str, role| Event::Role {
            room: "#a".into(),
            nick: nick.into(),
            role,
            was: None,
            by: "boris".into(),
            time: 0,
        };
        let told = |event: &Event| view().event(event).concat();
        assert_eq!(told(&role("anna", Some(Role::Op))), "* You are an op of #a now, by boris.");
        assert_eq!(told(&role("anna", None)), "* You are no op of #a now, by boris.");
        assert_eq!(told(&role("vera", Some(Role::Op))), "* #a: vera is an op now, by boris");
        let mute = |nick: &str, lifted| Event::Restriction {
            mask: None,
            room: "#a".into(),
            restriction: Restriction::Mute,
            lifted,
            nick: nick.into(),
            by: "boris".into(),
            until: None,
            text: None,
            time: 0,
        };
        assert_eq!(told(&mute("anna", false)), "* #a: you are muted for good by boris");
        assert_eq!(told(&mute("anna", true)), "* #a: you are not muted any more by boris");
        assert_eq!(told(&mute("vera", false)), "* #a: vera is muted for good by boris");
    }

    #[test]
    fn a_deletion_does_not_say_again_what_was_deleted() {
        let told = |room, by, from| deleted(&Deletion { room, seq: 3, by, from, text: &None }, &view());
        assert_eq!(told("#a", "boris", Some("vera")), "* boris deleted message 3 of vera");
        assert_eq!(told("#b", "anna", Some("anna")), "* anna deleted your message 3 in #b");
        assert_eq!(told("#a", "boris", None), "* boris deleted message 3");
    }

    #[test]
    fn a_fence_stands_before_the_first_new_message() {
        let messages = (1..=3).map(|seq| message(seq, "")).collect();
        let history = History { room: "#a".into(), messages, ..History::default() };
        let rows = |new| -> Vec<String> {
            let fences = Fences { new, since: Some("12:31".to_owned()), ..Fences::default() };
            let row = |line| match line {
                HistoryLine::Fence(line) => line,
                HistoryLine::Message(message) => view().message(message),
            };
            history_lines(&history, &fences, &view()).into_iter().map(row).collect()
        };
        let (away, now) = (rows(Some(0)), "--- now, after 3 earlier messages ---");
        assert_eq!((&*away[0], away.len(), &*away[4]), ("--- #a: 3 new since 12:31 ---", 5, now));
        let login = rows(Some(2));
        assert!(login[0].starts_with("--- #a, ") && login[3] == "--- #a: 1 new since 12:31 ---", "{login:?}");
        assert!(rows(None).iter().all(|row| !row.contains("new")));
        assert!(rows(Some(3)).iter().all(|row| !row.contains("new")));
    }

    #[test]
    fn numbers_stand_in_answers_and_only_there() {
        let history = History { room: "#a".into(), messages: vec![message(17, "hi")], ..History::default() };
        let asked = view().answer(&Done::History(history.clone()));
        assert!(asked[1].ends_with(" 17 boris: hi"), "{asked:?}");
        let replayed = view().event(&Event::History(history));
        assert_eq!(replayed[1], format!("{} boris: hi", clock(0)));
        let found =
            view().answer(&Done::Search { messages: vec![message(2, "b"), message(1, "a")], more: true, next: None });
        assert!(found[0].contains("2 found, and there is more"), "{found:?}");
        assert!(found[1].ends_with(" #a 1 boris: a") && found[2].ends_with(" #a 2 boris: b"), "{found:?}");
    }

    #[test]
    fn what_the_server_says_of_files_and_people_cannot_drive_the_terminal() {
        let name = "x\u{1b}[2J.jpg".into();
        let info = FileInfo { file: 7, name, mime: "image/jpeg".into(), size: 10, ..FileInfo::default() };
        let row = FileRow { info: Arc::new(info), seq: 1, from: "b\u{7}oris".into(), time: 0 };
        let lines = view().answer(&Done::Files { room: "#a".into(), files: vec![row], more: false });
        assert!(lines[1].starts_with("*   x[2J.jpg (image/jpeg, 10 bytes), file 7, from boris, "), "{lines:?}");
    }

    #[test]
    fn lists_show_what_is_unread_and_the_ops() {
        let chat = |room: &str, unread| ChatInfo { room: room.into(), seq: 9, read: 9 - unread, unread, time: None };
        let lines = view().answer(&Done::Chats { chats: vec![chat("#a", 0), chat("@boris", 3)], more: false });
        assert_eq!(lines[1..], ["*   #a", "*   @boris (3 unread)"]);
        let member = |nick: &str, role| MemberInfo { nick: nick.into(), role, voice: false, away: None };
        let members = vec![member("anna", Some(Role::Owner)), member("boris", Some(Role::Op)), member("vera", None)];
        let lines = view().answer(&Done::Members { room: "#a".into(), members, total: 3, hidden: false, more: false });
        assert_eq!(lines, ["* In #a: ~anna, @boris, vera"]);
    }
}
