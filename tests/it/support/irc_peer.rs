//! An IRC client: sends lines, reads lines. Knows only the lines that end an answer.

use wildmatch::WildMatch;

use super::Wire;

/// An IRC client.
pub struct IrcPeer {
    pub wire: Wire,
    /// How often it asked for a sign of life.
    pings: usize,
}

impl IrcPeer {
    pub fn new(wire: Wire) -> IrcPeer {
        IrcPeer { wire, pings: 0 }
    }

    /// Sends one line.
    pub fn says(&mut self, line: &str) {
        self.wire.send(format!("{line}\r\n"));
    }

    /// The next line, without its ending.
    pub fn line(&mut self) -> String {
        let line = self.wire.line();
        line.strip_suffix('\r').unwrap_or(&line).to_owned()
    }

    /// Lines up to and with the first that fits `pattern`, in which `*` stands for any text.
    pub fn until(&mut self, pattern: &str) -> Vec<String> {
        let pattern = WildMatch::new(pattern);
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            lines.push(line);
            if lines.last().is_some_and(|line| pattern.matches(line)) {
                return lines;
            }
        }
    }

    /// The next line must fit `pattern`.
    #[track_caller]
    pub fn expect(&mut self, pattern: &str) -> String {
        let line = self.line();
        assert!(WildMatch::new(pattern).matches(&line), "{line:?} is not {pattern:?}");
        line
    }

    /// Lines that came before the answer to a `PING`.
    pub fn sync(&mut self) -> Vec<String> {
        self.pings += 1;
        let token = format!("sync{}", self.pings);
        self.says(&format!("PING {token}"));
        let mut lines = self.until(&format!("* PONG * *{token}"));
        lines.pop();
        lines
    }

    /// Sends one line, and returns all that is answered to it.
    pub fn asks(&mut self, line: &str) -> Vec<String> {
        self.says(line);
        self.sync()
    }

    /// Sends one line; its answers must fit `patterns`, one each.
    #[track_caller]
    pub fn gets(&mut self, line: &str, patterns: &[&str]) {
        let lines = self.asks(line);
        let fits = lines.len() == patterns.len()
            && lines.iter().zip(patterns).all(|(line, pattern)| WildMatch::new(pattern).matches(line));
        assert!(fits, "{line:?} is answered {lines:#?}, and not {patterns:#?}");
    }

    /// Takes a name; returns the welcome.
    pub fn comes_in(&mut self, nick: &str) -> Vec<String> {
        self.says(&format!("NICK {nick}"));
        self.says("USER user 0 * :about me");
        self.sync()
    }

    /// All that still comes, to the orderly end.
    pub fn rest(&mut self) -> Vec<String> {
        self.wire.rest().iter().map(|line| line.trim_end_matches('\r').to_owned()).collect()
    }
}
