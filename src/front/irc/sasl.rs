//! `AUTHENTICATE`: a login by SASL PLAIN (RFC 4616), in pieces. Knows no passwords: the session checks them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::asked::Asked;
use super::caps::Caps;
use super::state::{Exchange, State};
use crate::command::{AccountCommand, Secret};
use crate::names::Nick;
use crate::wire::irc::Line;

/// Why no password is taken.
pub(super) const NO_PASSWORDS: &str =
    "Passwords are not taken here: the connection is not encrypted, or there are no accounts";

/// A piece that has so many bytes is followed by another.
const PIECE: usize = 400;

/// The longest name and password together, in bytes of base64.
const LONGEST: usize = 2_048;

/// `AUTHENTICATE PLAIN`, and then the pieces.
pub(super) fn authenticate(state: &mut State, line: &Line<'_>) {
    let Some(word) = line.given(0) else { return state.missing("AUTHENTICATE") };
    match state.sasl.take() {
        None if word == "*" => state.reply("906", &["You stopped the login"]),
        None => begin(state, word),
        Some(_) if word == "*" => state.reply("906", &["You stopped the login"]),
        Some(_) if word.len() > PIECE => state.reply("905", &["A piece of SASL has at most 400 bytes"]),
        Some(exchange) => go_on(state, exchange, word),
    }
}

fn begin(state: &mut State, mechanism: &str) {
    if state.proved && !state.named {
        return state.reply("907", &["You have logged in already"]);
    }
    if !mechanism.eq_ignore_ascii_case("PLAIN") {
        state.reply("908", &["PLAIN", "is the only mechanism here"]);
        return fail(state);
    }
    if !state.offered.has(Caps::SASL) {
        return state.reply("904", &[NO_PASSWORDS]);
    }
    state.sasl = Some(Box::default());
    state.reply("AUTHENTICATE", &["+"]);
}

fn go_on(state: &mut State, mut exchange: Box<Exchange>, piece: &str) {
    let whole = piece.len() < PIECE;
    if piece != "+" {
        exchange.sent.push_str(piece);
    }
    if exchange.sent.len() > LONGEST {
        return fail(state);
    }
    if !whole {
        state.sasl = Some(exchange);
        // The next piece needs no answer, but this one costs.
        return state.stay_silent();
    }
    match read(&exchange.sent) {
        Some((account, password)) if state.named => {
            // It may change rooms, host and nick.
            state.several = true;
            state.ask(Asked::Sasl, AccountCommand::Login { account: Some(account), password: Some(password) });
        }
        Some((account, password)) => {
            state.must_prove = false;
            state.ask(Asked::Sasl, AccountCommand::Authenticate { account, password });
        }
        None => fail(state),
    }
}

fn fail(state: &mut State) {
    state.reply("904", &["The login failed: the name or the password is wrong"]);
}

/// Account and password in base64: the account once more or nothing, a NUL, the account, a NUL, the password.
fn read(sent: &str) -> Option<(Nick, Secret)> {
    let bytes = STANDARD.decode(sent).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let mut parts = text.split('\0');
    let (acting, account, password) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = parts.next().is_none() && !account.is_empty() && !password.is_empty();
    let is_same = acting.is_empty() || acting == account;
    (is_whole && is_same).then(|| Some((Nick::parse(account).ok()?, Secret(password.into()))))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_password_are_read_and_nothing_else_is() {
        let encoded = |text: &str| STANDARD.encode(text);
        for text in ["\0anna\0secret", "anna\0anna\0secret"] {
            let (account, password) = read(&encoded(text)).unwrap();
            assert_eq!((account.shown(), &*password.0), ("anna", "secret"));
        }
        for text in ["", "anna", "\0anna", "\0anna\0", "\0\0secret", "boris\0anna\0secret", "\0anna\0a\0b", "\0a b\0c"]
        {
            assert!(read(&encoded(text)).is_none(), "{text:?}");
        }
        assert!(read("not base64").is_none());
    }
}
