//! People: who they are, who is here, who was here; and what an operator of the server may do. Knows no answers.

use super::asked::Asked;
use super::server::elsewhere;
use super::state::State;
use super::words::cut;
use crate::command::{ChatCommand, somebody, text};
use crate::wire::irc::Line;

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

/// `AWAY :words`, or `AWAY`
pub(super) fn away(state: &mut State, line: &Line<'_>) {
    let words = text(line.given(0).unwrap_or_default());
    match cut(&words, state.limits.away) {
        "" => state.ask(Asked::Back, ChatCommand::Back),
        words => state.ask(Asked::Away, ChatCommand::Away { text: Some(words.into()) }),
    }
}
