//! What is asked of the server itself, and of the connection: `PING`, `MOTD`, `VERSION` and their like. Knows no answers.

use wildmatch::WildMatch;

use super::asked::{Asked, Reply};
use super::caps::Caps;
use super::modes::is_same;
use super::rooms::reason;
use super::sasl::NO_PASSWORDS;
use super::state::State;
use crate::command::{AccountCommand, ChatCommand, LinkCommand, Secret};
use crate::wire::irc::Line;

/// Whether a word stands for this server: its name, a pattern of it, or the own nick.
pub(super) fn is_here(state: &State, word: &str) -> bool {
    let is_server = WildMatch::new_case_insensitive(word).matches(&state.server);
    is_server || state.own.nick().is_some_and(|nick| is_same(&nick, word))
}

/// Whether a word stands for another server; then the peer is told that there is none.
pub(super) fn elsewhere(state: &mut State, word: &str) -> bool {
    let is_elsewhere = !is_here(state, word);
    if is_elsewhere {
        state.reply("402", &[word, "There is no such server"]);
    }
    is_elsewhere
}

/// Answers, if the first parameter names this server or nothing.
fn answer(state: &mut State, line: &Line<'_>, reply: Reply) {
    if !line.given(0).is_some_and(|server| elsewhere(state, server)) {
        state.answer(reply);
    }
}

/// `PING token`
pub(super) fn ping(state: &mut State, line: &Line<'_>) {
    let Some(token) = line.given(0) else { return state.missing("PING") };
    state.ask(Asked::Ping, LinkCommand::Ping { token: Some(token.into()) });
}

/// `PONG token`. It has no answer.
pub(super) fn pong(state: &mut State, line: &Line<'_>) {
    state.command(LinkCommand::Pong { token: line.params.last().map(|token| (*token).into()) });
}

/// `QUIT :words`
pub(super) fn quit(state: &mut State, line: &Line<'_>) {
    let text = reason(state, line.given(0));
    state.ask(Asked::Quit, LinkCommand::Quit { text });
}

/// `ERROR :words`: nothing to say to that.
pub(super) fn error(state: &mut State, _line: &Line<'_>) {
    state.stay_silent();
}

/// `MOTD [server]`
pub(super) fn motd(state: &mut State, line: &Line<'_>) {
    answer(state, line, Reply::Motd);
}

/// `VERSION [server]`
pub(super) fn version(state: &mut State, line: &Line<'_>) {
    answer(state, line, Reply::Version);
}

/// `TIME [server]`
pub(super) fn time(state: &mut State, line: &Line<'_>) {
    answer(state, line, Reply::Time);
}

/// `INFO [server]`
pub(super) fn info(state: &mut State, line: &Line<'_>) {
    answer(state, line, Reply::Info);
}

/// `ADMIN [server]`
pub(super) fn admin(state: &mut State, line: &Line<'_>) {
    if !line.given(0).is_some_and(|server| elsewhere(state, server)) {
        let server = state.server.clone();
        state.reply("423", &[&server, "There is nothing to tell about the operator"]);
    }
}

/// `HELP [topic]`
pub(super) fn help(state: &mut State, line: &Line<'_>) {
    state.answer(Reply::Help { topic: line.given(0).unwrap_or_default().into() });
}

/// `LUSERS [mask [server]]`
pub(super) fn lusers(state: &mut State, line: &Line<'_>) {
    if !line.given(1).is_some_and(|server| elsewhere(state, server)) {
        state.ask(Asked::Lusers, ChatCommand::Facts);
    }
}

/// `STATS letter [server]`
pub(super) fn stats(state: &mut State, line: &Line<'_>) {
    let Some(letter) = line.given(0).and_then(|word| word.chars().next()) else { return state.missing("STATS") };
    if line.given(1).is_some_and(|server| elsewhere(state, server)) {
        return;
    }
    match letter {
        'u' => state.ask(Asked::Stats { letter }, ChatCommand::Facts),
        other => state.reply("219", &[other.encode_utf8(&mut [0; 4]), "End of /STATS report"]),
    }
}

/// `REGISTER account email password`
pub(super) fn register(state: &mut State, line: &Line<'_>) {
    let (Some(account), Some(_), Some(password)) = (line.given(0), line.given(1), line.given(2)) else {
        return state.reply(
            "FAIL",
            &["REGISTER", "NEED_MORE_PARAMS", "REGISTER takes a name or *, an address or *, and a password"],
        );
    };
    let Some(nick) = state.own.nick().filter(|_| state.named) else {
        let words = "Take your name first: the account is made of it";
        return state.reply("FAIL", &["REGISTER", "COMPLETE_CONNECTION_REQUIRED", account, words]);
    };
    if account != "*" && !is_same(&nick, account) {
        let words = "The account is made of the name you have: use it, or *";
        return state.reply("FAIL", &["REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", account, words]);
    }
    if !state.offered.has(Caps::ACCOUNT_REGISTRATION) {
        return state.reply("FAIL", &["REGISTER", "TEMPORARILY_UNAVAILABLE", &nick, NO_PASSWORDS]);
    }
    let command = AccountCommand::Register { password: Some(Secret(password.into())) };
    state.ask(Asked::Register { account: (&*nick).into() }, command);
}
