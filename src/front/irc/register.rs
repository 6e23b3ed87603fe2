//! From the first line to the welcome: `PASS`, `NICK` and `USER`, in any order. Knows no capabilities, but that their negotiation holds the welcome.

use std::sync::Arc;

use super::asked::Asked;
use super::state::{Pass, State, User};
use super::words::cut;
use crate::command::{AccountCommand, Secret, Wants, text};
use crate::model::PROTOCOL;
use crate::names::Nick;
use crate::wire::irc::{Line, USER};

/// `PASS word`, or `PASS account:password`. It is used when the name is taken.
pub(super) fn pass(state: &mut State, line: &Line<'_>) {
    let Some(given) = line.given(0) else { return state.missing("PASS") };
    let account = given.split_once(':').map(|(account, password)| (Nick::parse(account), password));
    let pass = match account {
        // Not the password of an account that nobody can have: it may be that of another server.
        Some((Err(_), _)) => None,
        Some((Ok(account), password)) => Some(Pass { account: Some(account), password: Secret(password.into()) }),
        None => Some(Pass { account: None, password: Secret(given.into()) }),
    };
    match &mut state.entry {
        Some(entry) => entry.pass = pass,
        None => registered(state),
    }
}

/// `NICK name`
pub(super) fn nick(state: &mut State, line: &Line<'_>) {
    let Some(given) = line.given(0) else { return state.reply("431", &["No nickname given"]) };
    let nick = Nick::parse(given);
    match (&mut state.entry, nick) {
        (Some(entry), Ok(nick)) => entry.nick = Some(nick),
        (_, nick) => {
            let command = nick.map(|nick| AccountCommand::Nick { nick: Some(nick), rooms: None });
            state.ask_or_refuse(Asked::Nick, command.map_err(Into::into));
        }
    }
}

/// `USER name mode unused :words about oneself`
pub(super) fn user(state: &mut State, line: &Line<'_>) {
    let Some(entry) = &mut state.entry else { return registered(state) };
    let (Some(name), Some(about)) = (line.given(0), line.given(3)) else { return state.missing("USER") };
    entry.user = Some(User { name: reduced(name), about: text(about) });
}

fn registered(state: &mut State) {
    state.reply("462", &["You may not reregister"]);
}

/// A user name as it stands in a prefix: a few harmless letters.
fn reduced(name: &str) -> Box<str> {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = name.chars().filter(is_plain).take(USER).collect();
    if name.is_empty() { "u".into() } else { name.into() }
}

impl State {
    /// Takes the name, if all is known that it takes, and nothing holds the welcome.
    pub fn enter(&mut self) {
        let Some(entry) = &mut self.entry else { return };
        let (Some(nick), Some(user), false) = (&entry.nick, &entry.user, entry.negotiates) else { return };
        let (nick, user) = (nick.clone(), user.clone());
        if let Some(Pass { account, password }) = entry.pass.take().filter(|_| !self.proved) {
            // A password without a name may be that of another server: then it is for nothing.
            let must = account.is_some();
            self.must_prove = must;
            let command = AccountCommand::Authenticate { account: account.unwrap_or_else(|| nick.clone()), password };
            self.ask(Asked::Pass { must }, command);
        }
        let about = Arc::from(cut(&user.about, self.limits.about));
        self.ask(
            Asked::Welcome,
            AccountCommand::Hello {
                version: u64::from(PROTOCOL),
                nick: Some(nick),
                password: None,
                resume: None,
                beside: false,
                wants: Wants { typing: true, invites: true },
                rooms: None,
                own: true,
                user: Some(["~", &user.name].concat().into()),
                about: Some(about).filter(|about: &Arc<str>| !about.is_empty()),
            },
        );
    }
}
