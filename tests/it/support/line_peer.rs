//! A person with `nc`: sends text, reads lines. Knows the words of the line front that end an answer.

use super::{Got, Wire};

/// A person with `nc`.
pub struct LinePeer {
    pub wire: Wire,
}

impl LinePeer {
    pub fn new(wire: Wire) -> LinePeer {
        LinePeer { wire }
    }

    /// Types `text` and Enter.
    pub fn types(&mut self, text: &str) {
        self.wire.send(format!("{text}\n"));
    }

    /// The next line.
    pub fn line(&mut self) -> String {
        self.wire.line()
    }

    /// Lines up to and with the first that has `words` in it.
    pub fn until(&mut self, words: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &String| !line.contains(words)) {
            lines.push(self.line());
        }
        lines
    }

    /// Takes a name and goes to the lobby; returns what was shown.
    pub fn login(&mut self, nick: &str) -> Vec<String> {
        self.types(nick);
        let mut shown = self.until("* You are in #lobby.");
        // The members, and then what was said before or that nothing was.
        shown.push(self.line());
        while shown.last().is_none_or(|line| !line.contains("yet.") && !line.starts_with("--- now")) {
            shown.push(self.line());
        }
        shown
    }

    /// Lines that came before the answer to `/ping`.
    pub fn sync(&mut self) -> Vec<String> {
        self.types("/ping");
        let mut lines = self.until("* The server is there.");
        lines.pop();
        lines
    }

    /// The same, without the time before what people said.
    pub fn hears(&mut self) -> Vec<String> {
        self.sync().iter().map(|line| without_time(line)).collect()
    }

    /// Types a line, and returns what was answered to it.
    pub fn asks(&mut self, text: &str) -> Vec<String> {
        self.types(text);
        self.sync()
    }

    /// All that still comes, to the orderly end.
    pub fn rest(&mut self) -> Vec<String> {
        self.wire.rest()
    }

    /// What comes next, if that may be the end.
    pub fn get(&mut self) -> Got {
        self.wire.get()
    }
}

/// `[12:05] ann: hi` without its time.
fn without_time(line: &str) -> String {
    let said = line.starts_with('[').then(|| line.split_once("] ")).flatten();
    said.map_or(line, |(_, said)| said).to_owned()
}
