//! Which fields each command has in JSON, and what they take. Knows no values.

use crate::command::Verb;

/// The fields of each command beside `type` and `tag`; a `!` marks one that must be there.
pub fn fields(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Hello => &["version!", "nick", "password", "resume", "rooms"],
        Verb::Nick => &["nick", "rooms"],
        Verb::Join => &["room!", "after", "made", "run", "key"],
        Verb::Leave => &["room", "text"],
        Verb::RegisterRoom | Verb::DropRoom => &["room"],
        Verb::Rooms | Verb::Chats => &["past"],
        Verb::Members => &["room", "past"],
        Verb::Files => &["room", "before"],
        Verb::Say | Verb::Me => &["room", "text!"],
        Verb::Msg => &["to!", "text!"],
        Verb::Reply | Verb::Announce => &["text!"],
        Verb::Topic => &["room", "topic"],
        Verb::Whois => &["nick!"],
        Verb::Away | Verb::Quit => &["text"],
        Verb::History => &["room", "before", "after", "until", "since", "limit"],
        Verb::Search => &["room", "text!", "until", "next", "limit"],
        Verb::Delete | Verb::Read => &["room", "seq"],
        Verb::Close => &["nick!"],
        Verb::Register => &["password!"],
        Verb::Login => &["account", "password!"],
        Verb::Password => &["old!", "new!"],
        Verb::DeleteAccount => &["password!", "messages"],
        Verb::Claim => &["code!"],
        Verb::Settings => &["room", "invite_only", "key", "announcements"],
        Verb::Invite | Verb::Op | Verb::Deop | Verb::Unmute => &["room", "nick!"],
        Verb::Kick => &["room", "nick!", "text"],
        Verb::Ban => &["room", "nick!", "everywhere", "seconds", "text"],
        Verb::Mute => &["room", "nick!", "seconds", "text"],
        Verb::Unban => &["room", "nick!", "everywhere"],
        Verb::Bans => &["room", "everywhere", "skip"],
        Verb::Offer => &["room", "name!", "size!"],
        Verb::Chunk => &["upload!", "offset!", "data!"],
        Verb::Finish => &["upload!", "sha256!", "text"],
        Verb::Cancel => &["upload!"],
        Verb::Get => &["file!", "offset"],
        Verb::Ping | Verb::Pong => &["token"],
        Verb::Help => &["word"],
        Verb::Back | Verb::Logout => &[],
    }
}

/// Fields that are never repeated, not even where they are wrong.
pub(super) const SECRET: [&str; 5] = ["password", "old", "new", "code", "resume"];

/// What a field takes, in words for the refusal.
pub(super) fn wants(field: &str) -> &'static str {
    match field {
        "version" | "after" | "before" | "limit" | "made" | "run" | "since" | "until" | "seconds" | "seq" | "size"
        | "upload" | "offset" | "file" | "skip" => "a whole number",
        "messages" | "everywhere" | "invite_only" | "announcements" => "true or false",
        "data" => "bytes in base64",
        "rooms" => "a list of strings",
        _ => "a string",
    }
}
