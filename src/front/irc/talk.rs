//! What a session says: `PRIVMSG`, `NOTICE`, `TAGMSG`; and what it says to the server and to services, which are no people. Knows no answers.

use super::asked::Asked;
use super::caps::Caps;
use super::state::State;
use crate::command::{AccountCommand, ChatCommand, Command, Place, Secret, TypedLine, said, somebody, text};
use crate::error::ChatError;
use crate::names::{Nick, RoomName};
use crate::wire::irc::{LINE_BYTES, Line, TARGETS, Text, plain, text as told};

/// How something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Text,
    Action,
    Notice,
}

/// `PRIVMSG target,… :text`
pub(super) fn privmsg(state: &mut State, line: &Line<'_>) {
    let Some(targets) = line.given(0) else { return state.reply("411", &["No recipient given (PRIVMSG)"]) };
    let Some(text) = line.given(1) else { return state.reply("412", &["No text to send"]) };
    let Some(targets) = several(state, targets) else { return };
    let (manner, text) = match told(text) {
        Text::Said(text) => (Manner::Text, text),
        Text::Action(text) => (Manner::Action, text),
        Text::Request(_) => {
            return targets.iter().for_each(|target| {
                state.reply("404", &[target, "CTCP is not relayed, but for ACTION"]);
            });
        }
    };
    for target in targets {
        say(state, target, text, manner);
    }
}

/// `NOTICE target,… :text`. A refusal is not told: programs would answer it, and be answered again.
pub(super) fn notice(state: &mut State, line: &Line<'_>) {
    let (Some(targets), Some(text)) = (line.given(0), line.given(1)) else { return state.stay_silent() };
    if !matches!(told(text), Text::Said(_)) || targets.split(',').count() > TARGETS {
        return state.stay_silent();
    }
    let targets: Vec<&str> = targets.split(',').filter(|target| !target.is_empty()).collect();
    state.several |= targets.len() > 1;
    for target in targets {
        if target == "$*" {
            state.ask(Asked::Announce, ChatCommand::Announce { text: self::text(text) });
        } else if is_nobody(state, target) {
            state.stay_silent();
        } else {
            say(state, target, text, Manner::Notice);
        }
    }
}

/// `TAGMSG target`: only that somebody is typing is told to others.
pub(super) fn tagmsg(state: &mut State, line: &Line<'_>) {
    let Some(targets) = line.given(0) else { return state.reply("411", &["No recipient given (TAGMSG)"]) };
    let Some(targets) = several(state, targets) else { return };
    if line.tag("+typing").as_deref() != Some("active") || !state.caps.has(Caps::MESSAGE_TAGS) {
        return state.stay_silent();
    }
    for target in targets {
        let place = match target.starts_with('#') {
            true => RoomName::parse(target).map(Place::Room).map_err(ChatError::from),
            false => somebody(target).map(Place::With),
        };
        let command = place.map(|place| ChatCommand::Typing { place: Some(place) });
        state.ask_or_refuse(Asked::Typing { target: target.into() }, command);
    }
}

/// The targets of a list, if they are not too many.
fn several<'a>(state: &mut State, list: &'a str) -> Option<Vec<&'a str>> {
    let targets: Vec<&str> = list.split(',').filter(|target| !target.is_empty()).collect();
    if targets.len() > TARGETS {
        state.reply("407", &[list, "Too many recipients: one line has at most 4"]);
        return None;
    }
    if targets.is_empty() {
        state.reply("411", &["No recipient given"]);
        return None;
    }
    state.several |= targets.len() > 1;
    Some(targets)
}

/// Says it to one target.
fn say(state: &mut State, target: &str, text: &str, manner: Manner) {
    let words = said(&plain(text));
    let asked = match manner {
        Manner::Text | Manner::Action => Asked::Say { target: target.into() },
        Manner::Notice => Asked::Notice,
    };
    if target.starts_with('#') {
        let room = match RoomName::parse(target) {
            Ok(room) => room,
            Err(error) => return state.ask_or_refuse(asked, Err::<Command, ChatError>(error.into())),
        };
        if is_too_long(state, room.shown(), &words, manner) {
            return too_long(state, manner);
        }
        let room = Some(room);
        let place = || room.clone().map(Place::Room);
        return match manner {
            Manner::Text => state.ask(asked, ChatCommand::Say { room, text: words }),
            Manner::Action => state.ask(asked, ChatCommand::Me { place: place(), text: words }),
            Manner::Notice => state.ask(asked, ChatCommand::Notice { place: place(), text: words }),
        };
    }
    if is_nobody(state, target) {
        return to_service(state, target, text);
    }
    let nick = match somebody(target) {
        Ok(nick) => nick,
        Err(refusal) => return state.ask_or_refuse(asked, Err::<Command, ChatError>(refusal)),
    };
    if is_too_long(state, nick.shown(), &words, manner) {
        return too_long(state, manner);
    }
    let place = || Some(Place::With(nick.clone()));
    match manner {
        Manner::Text => state.ask(asked, ChatCommand::Msg { to: nick, text: words }),
        Manner::Action => state.ask(asked, ChatCommand::Me { place: place(), text: words }),
        Manner::Notice => state.ask(asked, ChatCommand::Notice { place: place(), text: words }),
    }
}

/// Whether the line that the others would get does not fit: no part of it is cut off, and it is not said in two.
fn is_too_long(state: &State, target: &str, words: &str, manner: Manner) -> bool {
    let (command, wrapper) = match manner {
        Manner::Text => ("PRIVMSG", 0),
        Manner::Action => ("PRIVMSG", "\u{1}ACTION \u{1}".len()),
        Manner::Notice => ("NOTICE", 0),
    };
    let frame = ":    :\r\n".len() - 1;
    frame + state.own.prefix() + command.len() + target.len() + wrapper + words.len() > LINE_BYTES
}

fn too_long(state: &mut State, manner: Manner) {
    match manner {
        Manner::Notice => state.stay_silent(),
        Manner::Text | Manner::Action => {
            state.reply("417", &["Not sent: with your name before it, it would be too long for the others"]);
        }
    }
}

/// Whether the target is the server, or a name that services have elsewhere. Nobody can have these names.
fn is_nobody(state: &State, target: &str) -> bool {
    is_service(target) || target.eq_ignore_ascii_case(&state.server)
}

fn is_service(target: &str) -> bool {
    let name = target.split('@').next().unwrap_or_default();
    ["NickServ", "ChanServ"].iter().any(|service| service.eq_ignore_ascii_case(name))
}

/// To a service: a login or a new account. To the server: a command of ours.
fn to_service(state: &mut State, target: &str, text: &str) {
    if !is_service(target) {
        return ours(state, text);
    }
    // A login may change rooms, host and nick.
    state.several = true;
    // A password may have blanks, if an account stands before it.
    let mut words = text.trim().splitn(3, ' ');
    let verb = words.next().unwrap_or_default().to_ascii_uppercase();
    let (first, second) = (words.next(), words.next());
    let command = match (verb.as_str(), first, second) {
        ("IDENTIFY" | "LOGIN", Some(account), Some(password)) => Nick::parse(account)
            .map(|account| AccountCommand::Login { account: Some(account), password: Some(Secret(password.into())) }),
        ("IDENTIFY" | "LOGIN", Some(password), None) => {
            Ok(AccountCommand::Login { account: None, password: Some(Secret(password.into())) })
        }
        ("REGISTER", Some(password), _) => Ok(AccountCommand::Register { password: Some(Secret(password.into())) }),
        ("LOGOUT", ..) => Ok(AccountCommand::Logout),
        _ => {
            let hint = "There are no services here. IDENTIFY [ACCOUNT] PASSWORD logs you in, REGISTER PASSWORD makes \
                        an account of your name, LOGOUT ends the login; for all else: /quote ROOMFUL help";
            let nick = state.own.nick();
            return state.reply("NOTICE", &[nick.as_deref().unwrap_or("*"), hint]);
        }
    };
    state.ask_or_refuse(Asked::Words, command.map_err(ChatError::from));
}

/// `NICKSERV words`, as a command.
pub(super) fn nickserv(state: &mut State, line: &Line<'_>) {
    to_service(state, "NickServ", &line.params.join(" "));
}

/// `ROOMFUL command`: any command of this server, as it is typed on the line front.
pub(super) fn roomful(state: &mut State, line: &Line<'_>) {
    ours(state, &line.params.join(" "));
}

fn ours(state: &mut State, typed: &str) {
    // Never something to say: it is not told where.
    let typed = typed.trim_start();
    let line = if typed.starts_with('/') { typed.into() } else { ["/", typed].concat().into() };
    state.several = true;
    state.ask(Asked::Words, TypedLine::Typed { place: None, line });
}
