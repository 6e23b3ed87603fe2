//! Reads what a person typed on one line. Knows no front and no session.

use std::sync::Arc;

use super::{AccountCommand, ChatCommand, LinkCommand, Moderation, Query};
use super::{
    Change, Command, Dice, ModAction, Page, Place, RoomFilter, Secret, Spec, Verb, Whom, find, key, mask, said,
    somebody, text, timed, unknown,
};
use crate::error::ChatError;
use crate::names::{self, Nick, RoomName};

fn some_text(raw: &str) -> Option<Arc<str>> {
    Some(text(raw)).filter(|text| !text.is_empty())
}

/// A typed line from the first character that others would see. Whatever shows
/// nothing must not decide that a command is something to say: blanks, byte
/// order marks, controls, joiners, and what the arrow keys send to a program
/// that does not read them.
pub fn shown(line: &str) -> &str {
    let mut rest = line.trim_end();
    while let Some(first) = rest.chars().next() {
        rest = match without_key(rest) {
            Some(more) => more,
            None if shows_nothing(first) => &rest[first.len_utf8()..],
            None => break,
        };
    }
    rest
}

/// What follows a key's escape sequence, such as `ESC [ A`.
fn without_key(text: &str) -> Option<&str> {
    if let Some(key) = text.strip_prefix("\u{1b}O") {
        return key.strip_prefix(|key: char| key.is_ascii_alphabetic());
    }
    // In one character or in two: CSI.
    let key = text.strip_prefix("\u{1b}[").or_else(|| text.strip_prefix('\u{9b}'))?;
    let key = key.trim_start_matches(|c: char| matches!(c, '0'..='?'));
    key.strip_prefix(|last: char| matches!(last, '@'..='~'))
}

/// Whether a character before the first word leaves no trace there.
fn shows_nothing(c: char) -> bool {
    c.is_whitespace() || !names::shows(c.encode_utf8(&mut [0; 4])) || matches!(c, '\u{fff9}'..='\u{fffb}')
}

/// Whether a line is one of the JSON protocol's, which programs speak and which may have a password in it.
fn is_json(line: &str) -> bool {
    let named = |(at, name): (usize, &str)| line[at + name.len()..].trim_start().starts_with(':');
    line.starts_with(['{', '[']) && line.match_indices("\"type\"").any(named)
}

/// The word that makes a line look like a command, though it is none: after a
/// sign that looks like a slash; or that of a command there is, in a further line.
fn likely_command(line: &str) -> Option<&str> {
    const LIKE_SLASHES: [char; 5] = ['\u{ff0f}', '\u{2044}', '\u{2215}', '\u{29f8}', '\u{2571}'];
    let is_word = |word: &&str| word.chars().next().is_some_and(char::is_alphabetic);
    let word = |rest: &str| rest.split(char::is_whitespace).next().unwrap_or_default().len();
    if let Some(rest) = line.strip_prefix(LIKE_SLASHES).filter(is_word) {
        return Some(&rest[..word(rest)]);
    }
    if line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        // The usual line, in which nothing breaks.
        return None;
    }
    let breaks = |c: char| matches!(c, '\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let commands = line.split(breaks).skip(1).filter_map(|part| shown(part).strip_prefix('/').filter(is_word));
    commands.map(|rest| &rest[..word(rest)]).find(|word| find(word).is_some())
}

/// Reads what a person typed on one line: `/command arguments`, `//text` for a
/// line that starts with a slash, a bare `{quit}`, or else a line to say.
///
/// # Errors
/// An unknown command, a missing argument or a bad name is refused; such a
/// line is never taken for something to say, because people mistype passwords.
/// Nor is one that looks like a command, or like a line of the JSON protocol.
pub fn parse(line: &str) -> Result<Command, ChatError> {
    let seen = shown(line);
    if seen == "{quit}" {
        return Ok(LinkCommand::Quit { text: None }.into());
    }
    if is_json(seen) {
        return Err(ChatError::LikelyJson);
    }
    let Some(rest) = seen.strip_prefix('/') else {
        if let Some(word) = likely_command(seen) {
            return Err(ChatError::LikelyCommand(names::clean(word).into_owned()));
        }
        return Ok(ChatCommand::Say { room: None, text: said(line) }.into());
    };
    if rest.starts_with('/') {
        return Ok(ChatCommand::Say { room: None, text: said(rest) }.into());
    }
    let (word, arguments) = split(rest);
    let spec = find(word).ok_or_else(|| unknown(word))?;
    arguments_of(spec, arguments)
}

/// The first word, and what follows it.
fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

/// What a command says after its name, and how it is read.
struct Arguments<'a> {
    spec: &'static Spec,
    text: &'a str,
}

fn arguments_of(spec: &'static Spec, arguments: &str) -> Result<Command, ChatError> {
    let given = Arguments { spec, text: arguments };
    Ok(match spec.verb {
        Verb::Hello
        | Verb::Typed
        | Verb::Authenticate
        | Verb::Typing
        | Verb::Pong
        | Verb::Offer
        | Verb::Finish
        | Verb::Cancel
        | Verb::Get => {
            return Err(unknown(spec.name));
        }
        Verb::Nick => AccountCommand::Nick { nick: given.some(Nick::parse)?, rooms: None }.into(),
        Verb::Join => given.join()?.into(),
        Verb::Leave => ChatCommand::Leave { room: given.some(RoomName::parse)?, text: None }.into(),
        Verb::Rooms => given.rooms()?.into(),
        Verb::Facts => ChatCommand::Facts.into(),
        Verb::Members => given.members()?.into(),
        Verb::Who => given.who()?.into(),
        Verb::Whowas => ChatCommand::Whowas { nick: somebody(given.needed("NAME")?)?, limit: None }.into(),
        Verb::Say => ChatCommand::Say { room: None, text: given.words("TEXT")? }.into(),
        Verb::Me => ChatCommand::Me { place: None, text: given.words("TEXT")? }.into(),
        Verb::Notice => ChatCommand::Notice { place: None, text: given.needed("TEXT").map(said)? }.into(),
        Verb::Roll => ChatCommand::Roll { room: None, dice: given.some(Dice::parse)?.unwrap_or_default() }.into(),
        Verb::Msg => given.msg()?.into(),
        Verb::Reply => ChatCommand::Reply { text: given.needed("TEXT").map(said)? }.into(),
        Verb::Topic => ChatCommand::Topic { room: None, topic: given.to_set() }.into(),
        Verb::Whois => ChatCommand::Whois { nick: somebody(given.needed("NAME")?)? }.into(),
        Verb::Away => ChatCommand::Away { text: some_text(arguments) }.into(),
        Verb::About => ChatCommand::About { text: given.to_set() }.into(),
        Verb::Back => ChatCommand::Back.into(),
        Verb::History => given.history()?.into(),
        Verb::Search => given.search()?.into(),
        Verb::Delete => given.delete()?.into(),
        Verb::Chats => Query::Chats { past: given.some(Place::parse)?, within: None }.into(),
        Verb::Read => ChatCommand::Read { place: given.some(Place::parse)?, seq: None }.into(),
        Verb::Close => ChatCommand::Close { with: somebody(given.needed("NAME")?.trim_start_matches('@'))? }.into(),
        Verb::Files => given.files()?.into(),
        Verb::Register => AccountCommand::Register { password: given.no_password(0)? }.into(),
        Verb::Login => given.login()?.into(),
        Verb::Oper => given.oper()?.into(),
        Verb::Deoper => AccountCommand::Deoper.into(),
        Verb::Logout => AccountCommand::Logout.into(),
        Verb::Password => AccountCommand::Password { old: given.no_password(0)?, new: None }.into(),
        Verb::DeleteAccount => given.delete_account()?.into(),
        Verb::Claim => ChatCommand::Claim { code: Secret(given.needed("CODE")?.into()) }.into(),
        Verb::RegisterRoom => ChatCommand::RegisterRoom { room: given.some(RoomName::parse)? }.into(),
        Verb::DropRoom => ChatCommand::DropRoom { room: given.some(RoomName::parse)? }.into(),
        Verb::Settings => ChatCommand::Settings { room: None, change: given.change()? }.into(),
        Verb::Ban | Verb::Unban | Verb::Mute | Verb::Unmute | Verb::Invite | Verb::Kick => given.order()?.into(),
        Verb::Op | Verb::Deop | Verb::Voice | Verb::Devoice => given.order()?.into(),
        Verb::Bans => given.bans()?.into(),
        Verb::Announce => ChatCommand::Announce { text: given.words("TEXT")? }.into(),
        Verb::Ping => LinkCommand::Ping { token: some_text(arguments) }.into(),
        Verb::Quit => LinkCommand::Quit { text: some_text(arguments) }.into(),
        Verb::Help => given.help().into(),
    })
}

impl<'a> Arguments<'a> {
    fn missing(&self, field: &'static str) -> ChatError {
        ChatError::Missing { field, usage: self.spec.usage }
    }

    fn needed(&self, field: &'static str) -> Result<&'a str, ChatError> {
        if self.text.is_empty() { Err(self.missing(field)) } else { Ok(self.text) }
    }

    /// Text that must be there.
    fn words(&self, field: &'static str) -> Result<Arc<str>, ChatError> {
        self.needed(field).map(text)
    }

    /// The first two words, as far as they are said.
    fn two(&self) -> (Option<&'a str>, Option<&'a str>) {
        let mut words = self.text.split_whitespace();
        (words.next(), words.next())
    }

    /// What is said, read by `parse`; nothing if nothing is said.
    fn some<T, E: Into<ChatError>>(&self, parse: impl FnOnce(&'a str) -> Result<T, E>) -> Result<Option<T>, ChatError> {
        if self.text.is_empty() { Ok(None) } else { parse(self.text).map(Some).map_err(Into::into) }
    }

    /// No password is ever written where others see it and terminals remember
    /// it: more than `words` words are refused, and not repeated.
    fn no_password(&self, words: usize) -> Result<Option<Secret>, ChatError> {
        if self.text.split_whitespace().count() > words { Err(ChatError::PasswordShown) } else { Ok(None) }
    }

    fn join(&self) -> Result<ChatCommand, ChatError> {
        let (room, key) = split(self.needed("ROOM")?);
        // As IRC and habit have it, a second room; it must not become the key of the first.
        if room.contains(',') || key.starts_with('#') {
            return Err(ChatError::BadField {
                field: "ROOM",
                value: format!("{:?}", names::clean(self.text)),
                wants: "one room at a time",
            });
        }
        Ok(ChatCommand::Join { room: RoomName::parse(room)?, after: None, made: None, run: None, key: some_text(key) })
    }

    /// A mask, or a name, which has no wildcards; or both.
    fn rooms(&self) -> Result<ChatCommand, ChatError> {
        let mut filter = RoomFilter::default();
        let (mask, name) = match self.two() {
            (Some(word), name) if word.contains(['*', '?']) => (Some(word), name),
            (name, _) => (None, name),
        };
        filter.only = RoomFilter::masks(mask.map(Arc::from).into_iter().collect())?;
        Ok(ChatCommand::Rooms { past: name.map(RoomName::parse).transpose()?, filter })
    }

    fn members(&self) -> Result<ChatCommand, ChatError> {
        let (room, past) = self.two();
        let (room, past) = (room.map(RoomName::parse).transpose()?, past.map(somebody).transpose()?);
        Ok(ChatCommand::Members { room, past })
    }

    fn who(&self) -> Result<ChatCommand, ChatError> {
        let (whom, past) = self.two();
        let (room, mask) = match whom {
            Some(room) if room.starts_with('#') => (Some(RoomName::parse(room)?), None),
            whom => (None, whom.map(mask).transpose()?),
        };
        Ok(ChatCommand::Who { room, mask, nicks: Vec::new(), past: past.map(somebody).transpose()? })
    }

    fn msg(&self) -> Result<ChatCommand, ChatError> {
        let (to, words) = split(self.needed("NAME")?);
        if words.is_empty() {
            return Err(self.missing("TEXT"));
        }
        Ok(ChatCommand::Msg { to: somebody(to.trim_end_matches(':'))?, text: said(words) })
    }

    /// Words to set; nothing to show them; `-` to remove them.
    fn to_set(&self) -> Option<Arc<str>> {
        match self.text {
            "" => None,
            "-" => Some(Arc::from("")),
            words => Some(text(words)),
        }
    }

    fn oper(&self) -> Result<AccountCommand, ChatError> {
        let password = self.no_password(1)?;
        Ok(AccountCommand::Oper { account: Nick::parse(self.needed("NAME")?)?, password })
    }

    fn search(&self) -> Result<Query, ChatError> {
        Ok(Query::Search { place: None, text: self.words("WORDS")?, until: None, next: None, limit: None })
    }

    fn files(&self) -> Result<Query, ChatError> {
        let (place, before) = self.two();
        Ok(Query::Files { place: place.map(Place::parse).transpose()?, before: before.map(message).transpose()? })
    }

    /// A number and a reason, or neither.
    fn delete(&self) -> Result<ChatCommand, ChatError> {
        let (number, reason) = split(self.text);
        let seq = if number.is_empty() { None } else { Some(message(number)?) };
        Ok(ChatCommand::Delete { place: None, seq, said: None, text: some_text(reason) })
    }

    fn login(&self) -> Result<AccountCommand, ChatError> {
        let password = self.no_password(1)?;
        Ok(AccountCommand::Login { account: self.some(Nick::parse)?, password })
    }

    fn delete_account(&self) -> Result<AccountCommand, ChatError> {
        match self.text {
            "" | "all" => Ok(AccountCommand::DeleteAccount { password: None, messages: self.text == "all" }),
            _ => Err(ChatError::PasswordShown),
        }
    }

    fn bans(&self) -> Result<ChatCommand, ChatError> {
        let (room, skip) = self.two();
        let skip = skip.map_or(Ok(0), |text| number(text, "how many to leave out"))?;
        Ok(ChatCommand::Bans { room: room.map(RoomName::parse).transpose()?, everywhere: false, skip })
    }

    fn help(&self) -> LinkCommand {
        let word = self.text.trim_start_matches('/');
        LinkCommand::Help { word: if word.is_empty() { None } else { Some(word.to_owned()) } }
    }

    /// A place, a number, both or neither.
    fn history(&self) -> Result<Query, ChatError> {
        let (mut place, mut limit) = (None, None);
        for word in self.text.split_whitespace() {
            if word.starts_with(['#', '@']) {
                place = Some(Place::parse(word)?);
            } else {
                limit = Some(number(word, "how many messages, as a number")?);
            }
        }
        Ok(Query::History { place, page: Page::Last, limit: limit.map(|n| usize::try_from(n).unwrap_or(usize::MAX)) })
    }

    /// Who, and where it makes sense, for how long and why.
    fn order(&self) -> Result<Moderation, ChatError> {
        let action = self.spec.verb.action().ok_or_else(|| unknown(self.spec.name))?;
        let (whom, mut rest) = split(self.needed("NAME")?);
        // Only these hold on the whole server, too; to the others the word is a reason.
        let mut everywhere = false;
        if matches!(action, ModAction::Kick | ModAction::Ban | ModAction::Unban)
            && let ("everywhere", after) = split(rest)
        {
            (everywhere, rest) = (true, after);
        }
        let mut seconds = None;
        if matches!(action, ModAction::Ban | ModAction::Mute) {
            (seconds, rest) = timed(rest)?;
        }
        Ok(Moderation {
            everywhere,
            seconds,
            text: some_text(rest),
            ..Moderation::new(action, None, Whom::parse(whom)?)
        })
    }

    /// Nothing, or a setting and its value.
    fn change(&self) -> Result<Change, ChatError> {
        let mut change = Change::default();
        let (setting, value) = split(self.text);
        if setting.is_empty() {
            return Ok(change);
        }
        let bad = |field, value: &str, wants| ChatError::BadField {
            field,
            value: format!("{:?}", names::clean(value)),
            wants,
        };
        let switch = |field| match value {
            "on" => Ok(Some(true)),
            "off" => Ok(Some(false)),
            other => Err(bad(field, other, "on or off")),
        };
        match setting {
            "invite-only" => change.invite_only = switch("invite-only")?,
            "announcements" => change.announcements = switch("announcements")?,
            "topic-by-ops" => change.topic_by_ops = switch("topic-by-ops")?,
            "hidden" => change.hidden = switch("hidden")?,
            "outsiders" => change.outsiders = switch("outsiders")?,
            "limit" if value.is_empty() => return Err(self.missing("VALUE")),
            "limit" if value == "off" => change.limit = Some(0),
            "limit" => match value.parse() {
                Ok(limit) if limit > 0 => change.limit = Some(limit),
                _ => return Err(bad("limit", value, "how many members there may be, or off")),
            },
            "key" if value.is_empty() => return Err(self.missing("VALUE")),
            "key" => change.key = Some(if value == "off" { Arc::from("") } else { key(value)? }),
            other => return Err(bad("SETTING", other, SETTINGS)),
        }
        Ok(change)
    }
}

/// What can be set in a room.
const SETTINGS: &str = "invite-only, key, limit, announcements, topic-by-ops, outsiders or hidden";

fn message(text: &str) -> Result<u64, ChatError> {
    number(text, "a message's number")
}

fn number(text: &str, wants: &'static str) -> Result<u64, ChatError> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| ChatError::BadField {
        field: "NUMBER",
        value: format!("{:?}", names::clean(text)),
        wants,
    })
}
