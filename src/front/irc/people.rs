//! People: who they are, who is here, who was here; and what an operator of the server may do. Knows no answers.

use std::sync::Arc;

use super::asked::Asked;
use super::rooms::reason;
use super::server::elsewhere;
use super::state::State;
use super::words::cut;
use crate::command::{AccountCommand, ChatCommand, ModAction, Moderation, Secret, Whom, mask, somebody, text};
use crate::error::ChatError;
use crate::names::{Nick, RoomName};
use crate::wire::irc::Line;

/// The most names of one `USERHOST`.
const USERHOSTS: usize = 5;

/// `WHO mask`, and for WHOX `%fields,token`.
pub(super) fn who(state: &mut State, line: &Line<'_>) {
    let typed = line.given(0).unwrap_or("*");
    let options = line.given(1).unwrap_or_default();
    let (flags, whox) = options.split_once('%').map_or((options, None), |(flags, whox)| (flags, Some(whox)));
    let (fields, token) = match whox {
        Some(whox) => whox.split_once(',').map_or((Some(whox), None), |(fields, token)| (Some(fields), Some(token))),
        None => (None, None),
    };
    let boxed = |word: &str| Box::from(word);
    let ops = flags.contains('o');
    let asked = Asked::Who { mask: typed.into(), fields: fields.map(boxed), token: token.map(boxed), ops };
    let all = || ChatCommand::Who { room: None, mask: Some("*".into()), nicks: Vec::new(), past: None };
    let command = match typed {
        "0" => Ok(all()),
        room if room.starts_with('#') => RoomName::parse(room).map_err(ChatError::from).map(|room| ChatCommand::Who {
            room: Some(room),
            mask: None,
            nicks: Vec::new(),
            past: None,
        }),
        typed => match Nick::parse(typed) {
            Ok(nick) => Ok(ChatCommand::Who { room: None, mask: None, nicks: vec![nick], past: None }),
            Err(_) => {
                mask(typed).map(|mask| ChatCommand::Who { room: None, mask: Some(mask), nicks: Vec::new(), past: None })
            }
        },
    };
    state.ask_or_refuse(asked, command);
}

/// `WHOIS [server] nick`
pub(super) fn whois(state: &mut State, line: &Line<'_>) {
    let (server, nick) = match (line.given(0), line.given(1)) {
        (Some(server), Some(nick)) => (Some(server), nick),
        (Some(nick), None) => (None, nick),
        (None, _) => return state.reply("431", &["No nickname given"]),
    };
    // The nick itself may stand for its server.
    if server.is_some_and(|server| server != nick && elsewhere(state, server)) {
        return;
    }
    let nick = nick.split(',').next().unwrap_or_default();
    let command = somebody(nick).map(|nick| ChatCommand::Whois { nick });
    state.ask_or_refuse(Asked::Whois { nick: nick.into() }, command);
}

/// `WHOWAS nick [count]`
pub(super) fn whowas(state: &mut State, line: &Line<'_>) {
    let Some(typed) = line.given(0) else { return state.reply("431", &["No nickname given"]) };
    let typed = typed.split(',').next().unwrap_or_default();
    // A count of 0 or less is no count.
    let limit = line.given(1).and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    let command = somebody(typed).map(|nick| ChatCommand::Whowas { nick, limit });
    state.ask_or_refuse(Asked::Whowas { nick: typed.into() }, command);
}

/// Those of the words that can be names.
fn nicks<'a>(words: impl Iterator<Item = &'a str>) -> Vec<Nick> {
    words.flat_map(|words| words.split(' ')).filter_map(|word| Nick::parse(word).ok()).collect()
}

/// `ISON nicks`
pub(super) fn ison(state: &mut State, line: &Line<'_>) {
    if line.given(0).is_none() {
        return state.missing("ISON");
    }
    let nicks = nicks(line.params.iter().copied());
    if nicks.is_empty() {
        return state.reply("303", &[""]);
    }
    state.ask(Asked::Ison, ChatCommand::Who { room: None, mask: None, nicks, past: None });
}

/// `USERHOST nicks`
pub(super) fn userhost(state: &mut State, line: &Line<'_>) {
    if line.given(0).is_none() {
        return state.missing("USERHOST");
    }
    let nicks = nicks(line.params.iter().copied().take(USERHOSTS));
    if nicks.is_empty() {
        return state.reply("302", &[""]);
    }
    state.ask(Asked::Userhost, ChatCommand::Who { room: None, mask: None, nicks, past: None });
}

/// `AWAY :words`, or `AWAY`
pub(super) fn away(state: &mut State, line: &Line<'_>) {
    let words = text(line.given(0).unwrap_or_default());
    match cut(&words, state.limits.away) {
        "" => state.ask(Asked::Back, ChatCommand::Back),
        words => state.ask(Asked::Away, ChatCommand::Away { text: Some(words.into()) }),
    }
}

/// `SETNAME :words about oneself`
pub(super) fn setname(state: &mut State, line: &Line<'_>) {
    let Some(words) = line.given(0) else { return state.missing("SETNAME") };
    let about: Arc<str> = text(words);
    state.ask(Asked::Setname, ChatCommand::About { text: Some(about).filter(|about| !about.is_empty()) });
}

/// `OPER account password`
pub(super) fn oper(state: &mut State, line: &Line<'_>) {
    let (Some(account), Some(password)) = (line.given(0), line.given(1)) else { return state.missing("OPER") };
    let command = match Nick::parse(account) {
        Ok(account) => Ok(AccountCommand::Oper { account, password: Some(Secret(password.into())) }),
        Err(_) => Err(ChatError::LoginFailed),
    };
    state.ask_or_refuse(Asked::Oper, command);
}

/// `KILL nick :why`
pub(super) fn kill(state: &mut State, line: &Line<'_>) {
    let Some(typed) = line.given(0) else { return state.missing("KILL") };
    let words = reason(state, line.given(1));
    let command = somebody(typed).map(|nick| {
        let kick = Moderation::new(ModAction::Kick, None, Whom::Nick(nick));
        Moderation { everywhere: true, text: words, ..kick }
    });
    state.ask_or_refuse(Asked::Kill { nick: typed.into() }, command);
}
