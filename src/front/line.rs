//! The line front: for people with `nc` or telnet. Asks for a name, then reads what they type with [`crate::command::parse`].

use std::borrow::Cow;

use crate::command::{self, Command};
use crate::error::ChatError;
use crate::event::{CloseReason, Tag};
use crate::names::{Nick, RoomName};
use crate::session::Front;
use crate::wire::json::Refused;
use crate::wire::telnet::Telnet;

#[derive(Debug, Default)]
pub(super) struct LineFront {
    telnet: Telnet,
}

impl Front for LineFront {
    fn name(&self) -> &'static str {
        "line"
    }

    fn json(&self) -> bool {
        false
    }

    fn greeting(&self, offer: &Nick) -> Option<String> {
        Some(format!("Roomful, plain mode. Type your name and press Enter [{offer}].\n"))
    }

    fn strip<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.telnet.strip(bytes)
    }

    fn read(&mut self, line: &[u8], named: bool) -> Result<Option<(Option<Tag>, Command)>, Refused> {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        let command = if named {
            if line.is_empty() {
                return Ok(None);
            }
            command::parse(line)
        } else {
            name(line)
        };
        command.map(|command| Some((None, command))).map_err(|refusal| (None, refusal))
    }

    /// `nc -N` and a script end their input and mean it.
    fn end_of_input(&self) -> CloseReason {
        CloseReason::Quit
    }
}

/// The answer to the question for a name: a name, perhaps with a room to go
/// to; or nothing, for the name that was offered.
fn name(line: &str) -> Result<Command, ChatError> {
    if line.starts_with('/') || line == "{quit}" {
        return command::parse(line);
    }
    let (nick, room) = match line.split_once(char::is_whitespace) {
        Some((nick, room)) if room.trim_start().starts_with('#') => (nick, Some(RoomName::parse(room.trim())?)),
        _ => (line, None),
    };
    let nick = if nick.is_empty() { None } else { Some(Nick::parse(nick)?) };
    Ok(Command::Nick { nick, rooms: room.map(|room| vec![room]) })
}
