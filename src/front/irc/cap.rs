//! `CAP`: which capabilities there are, and which this session has. Does not know what any of them does.

use super::asked::Note;
use super::caps::Caps;
use super::state::State;
use crate::front::Sts;
use crate::wire::irc::{LINE_BYTES, Line, packed};

/// What stands in a line of `CAP` beside the server, the own nick and the words themselves.
const FRAME: usize = ":  CAP  ACK * :\r\n".len();

/// `CAP subcommand …`
pub(super) fn cap(state: &mut State, line: &Line<'_>) {
    let Some(subcommand) = line.given(0) else { return state.missing("CAP") };
    let words = line.params.get(1).copied().unwrap_or_default();
    match subcommand.to_ascii_uppercase().as_str() {
        "LS" => list_all(state, words),
        "LIST" => {
            let names: Vec<&str> = state.caps.names().collect();
            tell(state, "LIST", &names, false);
        }
        "REQ" => request(state, words),
        "END" => end(state),
        _ => state.reply("410", &[subcommand, "There is no such subcommand of CAP"]),
    }
}

/// From version 302 on, capabilities have values, and the list may have several lines.
fn list_all(state: &mut State, version: &str) {
    hold(state);
    let with_values = version.parse::<u32>().is_ok_and(|version| version >= 302);
    if with_values {
        state.change_caps(state.caps | Caps::CAP_NOTIFY);
    }
    let value = |name: &'static str| if with_values && name == "sasl" { "sasl=PLAIN" } else { name };
    // Without a value it would say nothing. It cannot be asked for: there is nothing to turn on.
    let sts = match state.sts {
        Sts::Port(port) if with_values => Some(["sts=port=", &port.to_string()].concat()),
        Sts::Seconds(seconds) if with_values => Some(["sts=duration=", &seconds.to_string()].concat()),
        _ => None,
    };
    let names: Vec<&str> = state.offered.names().map(value).chain(sts.as_deref()).collect();
    tell(state, "LS", &names, with_values);
}

/// All that is asked for, or nothing of it.
fn request(state: &mut State, words: &str) {
    hold(state);
    let words: Vec<&str> = words.split_ascii_whitespace().collect();
    let mut caps = state.caps;
    let known = words.iter().all(|word| {
        let name = word.strip_prefix('-');
        let Some(cap) = Caps::named(name.unwrap_or(word)).filter(|cap| state.offered.has(*cap)) else { return false };
        caps = if name.is_some() { caps.without(cap) } else { caps | cap };
        true
    });
    tell(state, if known { "ACK" } else { "NAK" }, &words, false);
    if known {
        state.change_caps(caps);
    }
}

/// Nothing holds the welcome any more.
fn end(state: &mut State) {
    let Some(entry) = &mut state.entry else { return };
    entry.negotiates = false;
    if state.sasl.take().is_some() {
        state.reply("906", &["You stopped the login"]);
    }
}

/// A session without a name that negotiates waits for the end of it.
fn hold(state: &mut State) {
    if let Some(entry) = &mut state.entry {
        entry.negotiates = true;
    }
}

/// Tells `words`, in as many lines as they take. If `marks`, each but the last line says that more come.
fn tell(state: &mut State, subcommand: &str, words: &[&str], marks: bool) {
    let nick = state.own.nick().map_or(1, |nick| nick.len());
    let space = LINE_BYTES.saturating_sub(FRAME + state.server.len() + nick);
    let mut lines: Vec<String> = packed(words, space, usize::MAX).collect();
    if lines.is_empty() {
        lines.push(String::new());
    }
    let more = lines.len() - 1;
    for (number, line) in lines.iter().enumerate() {
        if marks && number < more {
            state.reply("CAP", &[subcommand, "*", line]);
        } else {
            state.reply("CAP", &[subcommand, line]);
        }
    }
}

impl State {
    /// These capabilities hold from here on, for lines of both directions.
    fn change_caps(&mut self, caps: Caps) {
        if self.caps != caps {
            self.caps = caps;
            self.note(Note::Caps(caps));
        }
    }
}
