//! One of each refusal, as it stands on the page. Knows no page.

use std::sync::Arc;

use roomful::error::ChatError;
use roomful::model::Millis;
use roomful::model::Role;
use roomful::names::{Nick, RoomName};

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a good name")
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a good name")
}

/// A nick that is refused, and the one that is offered instead.
fn bad_nick(name: &str, offer: Option<&str>) -> ChatError {
    ChatError::Name(Nick::parse(name).expect_err("a bad name"), offer.map(nick))
}

fn bad_room(name: &str) -> ChatError {
    ChatError::Name(RoomName::parse(name).expect_err("a bad name"), None)
}

fn too_long(what: &'static str, most: usize) -> ChatError {
    ChatError::TooLong { what, have: most + 1, most }
}

fn why(text: &str) -> Option<Arc<str>> {
    Some(Arc::from(text))
}

/// Every refusal, in no order.
pub fn refusals() -> Vec<ChatError> {
    const UNTIL: Option<Millis> = Some(1_795_183_563_750);
    let owned = str::to_owned;
    let no_json = "invalid type: sequence, expected a map at line 1 column 0";
    vec![
        ChatError::BadJson(owned(no_json)),
        ChatError::NoType,
        ChatError::UnknownCommand(owned("jion"), Some("join")),
        ChatError::LikelyCommand(owned("msg")),
        ChatError::LikelyJson,
        ChatError::Missing { field: "room", usage: "" },
        ChatError::BadField { field: "room", value: owned("17"), wants: "a string" },
        ChatError::LineTooLong(16_384),
        ChatError::Version(2),
        ChatError::HelloFirst,
        ChatError::NameFirst,
        ChatError::NamedAlready(nick("Анна")),
        ChatError::NickInUse(nick("OPA"), nick("OPA2")),
        ChatError::NickConfusable(nick("ора"), nick("ора2")),
        ChatError::NickRegistered(nick("Boris"), nick("Boris2")),
        bad_nick("", None),
        bad_nick(&"n".repeat(33), Some(&"n".repeat(32))),
        bad_nick("1abc", Some("abc")),
        bad_nick("bad name", Some("badname")),
        bad_nick("Aнна", Some("Анна2")),
        bad_nick("א-", Some("א-2")),
        bad_nick("admin", Some("admin2")),
        bad_room(""),
        bad_room(&"r".repeat(65)),
        bad_room("\u{301}x"),
        bad_room("two words"),
        bad_room("lоbby"),
        bad_room("א-"),
        ChatError::RoomConfusable(room("cop"), room("сор")),
        ChatError::NoSuchNick(owned("nobody")),
        ChatError::NoSuchRoom(room("nowhere")),
        ChatError::NotInRoom(room("chess")),
        ChatError::Outsider(room("chess")),
        ChatError::NotThere(owned("Вера"), room("chess")),
        ChatError::AlreadyThere(owned("Вера"), room("chess")),
        ChatError::NoRoom,
        ChatError::TooManyRooms(50),
        ChatError::ServerRoomsFull(20_000),
        ChatError::NobodyToReplyTo,
        ChatError::TextEmpty,
        ChatError::TooManyLines(41, 40),
        too_long("text", 4_000),
        too_long("topic", 390),
        too_long("away", 200),
        too_long("about", 150),
        too_long("reason", 300),
        ChatError::LoginFirst,
        ChatError::LoggedIn(nick("Аня")),
        ChatError::LoginFailed,
        ChatError::LoginTooOften(42),
        ChatError::NoSuchOp,
        ChatError::RegisterTooOften(42),
        ChatError::ConversationsFull(nick("Аня")),
        ChatError::PasswordBad(8),
        ChatError::TooManyOwned(50),
        ChatError::PasswordsDiffer,
        ChatError::PasswordShown,
        ChatError::PasswordTyped("login"),
        ChatError::RoomOnly("topic"),
        ChatError::ClaimFailed,
        ChatError::AccountsFull(100_000),
        ChatError::NothingKept,
        ChatError::NotTaken(owned("the disk is full")),
        ChatError::NotKept(owned("the disk is full")),
        ChatError::Busy(60),
        ChatError::TakesTooLong(10),
        ChatError::OneRoomOnly,
        ChatError::NeedsRole(Role::Op, Some(room("лыжи"))),
        ChatError::LastOp(room("лыжи")),
        ChatError::Banned(Some(room("лыжи")), UNTIL, why("spam")),
        ChatError::Muted(room("лыжи"), UNTIL, None),
        ChatError::InviteOnly(room("лыжи")),
        ChatError::KeyNeeded(room("лыжи")),
        ChatError::RoomNew(room("лыжи")),
        ChatError::RoomFull(room("лыжи"), 20),
        ChatError::AnnouncementsOnly(room("лыжи")),
        ChatError::MaskTooWide(owned("*")),
        ChatError::NoSuchBan(owned("Mallory")),
        ChatError::TooManyBans(500),
        ChatError::RoomNotRegistered(room("chess")),
        ChatError::RoomRegistered(room("лыжи")),
        ChatError::NoConversation(nick("Вера")),
        ChatError::NoSuchMessage(17),
        ChatError::NoSuchFile(9),
        ChatError::FileTooLarge { have: 20_971_520, most: 10_485_760 },
        ChatError::FilesFull { own: true, most: 104_857_600 },
        ChatError::UploadsBusy(2),
        ChatError::BadUpload(owned("there is no upload 8")),
        ChatError::Closing,
    ]
}
