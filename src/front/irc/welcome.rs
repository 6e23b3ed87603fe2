//! The welcome of a client, and what it can ask about the server itself. Knows no people and no rooms.

use jiff::Timestamp;

use super::asked::Asked;
use super::commands::TABLE;
use super::encoder::IrcEncoder;
use crate::actor::Actor;
use crate::answer::FactsInfo;
use crate::wire::irc::isupport;

const VERSION: &str = concat!("roomful-", env!("CARGO_PKG_VERSION"));

impl IrcEncoder {
    /// Greets a client that has its first name.
    pub(super) fn welcome(&mut self, own: &Actor, out: &mut Vec<u8>) {
        self.welcomed = true;
        self.goes_by(own);
        let (server, network) = (&*self.names.server, &*self.names.network);
        let hello = ["Welcome to ", network, ", ", own.prefix()].concat();
        self.numeric("001", out).trailing(&hello);
        self.numeric("002", out).trailing(&["Your host is ", server, ", running ", VERSION].concat());
        self.numeric("003", out).trailing("This server lets people talk over many protocols; this is one of them");
        let modes = ["io", "biklmnoqstv", "bklov"];
        let line = self.numeric("004", out).middle(server).middle(VERSION);
        modes.into_iter().fold(line, |line, word| line.middle(word)).end();
        self.tokens(out);
    }

    /// The counts of the server. Of the welcome they are a part; what is left of it follows.
    pub(super) fn facts(&mut self, asked: Option<&Asked>, facts: &FactsInfo, out: &mut Vec<u8>) {
        if let Some(Asked::Stats { letter }) = asked {
            return self.stats(*letter, facts, out);
        }
        self.lusers(facts, out);
        if asked.is_none() {
            self.motd(out);
            self.server(out).command("MODE").middle(&self.own).trailing("+i");
        }
    }

    fn lusers(&self, facts: &FactsInfo, out: &mut Vec<u8>) {
        let FactsInfo { people, ops, rooms, sessions, most_sessions, .. } = *facts;
        let text = |parts: &[&str]| parts.concat();
        let (people, sessions) = (people.to_string(), sessions.to_string());
        self.numeric("251", out).trailing(&text(&["There are ", &sessions, " users and 0 invisible on 1 servers"]));
        self.numeric("252", out).number(ops).trailing("operators online");
        self.numeric("254", out).number(rooms).trailing("channels formed");
        self.numeric("255", out).trailing(&text(&["I have ", &sessions, " clients and 1 servers"]));
        let most = most_sessions.to_string();
        let counts = text(&[&sessions, ", max ", &most, ", as ", &people, " people"]);
        for (number, what) in [("265", "Current local users "), ("266", "Current global users ")] {
            let line = self.numeric(number, out).middle(&sessions).middle(&most);
            line.trailing(&text(&[what, &counts]));
        }
    }

    /// STATS, of which there is only how long the server runs.
    fn stats(&self, letter: char, facts: &FactsInfo, out: &mut Vec<u8>) {
        let mut word = [0; 4];
        let word = letter.encode_utf8(&mut word);
        if letter == 'u' {
            let seconds = Timestamp::now().as_millisecond().saturating_sub(facts.since).max(0) / 1_000;
            let parts =
                [seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map(|n| n.to_string());
            let [days, hours, minutes, seconds] = &parts;
            let up = ["Server up ", days, " days, ", hours, " h ", minutes, " min ", seconds, " s"].concat();
            self.numeric("242", out).trailing(&up);
        }
        self.numeric("219", out).middle(word).trailing("End of STATS");
    }

    /// What this server can, in the lines of `005`.
    fn tokens(&self, out: &mut Vec<u8>) {
        /// Tokens in one line, as RFC 2812 has fifteen parameters.
        const TOKENS: usize = 13;
        for some in isupport(&self.limits, &self.names.network).chunks(TOKENS) {
            let line = self.numeric("005", out);
            some.iter().fold(line, |line, token| line.middle(token)).trailing("are supported by this server");
        }
    }

    /// The message of the day.
    pub(super) fn motd(&self, out: &mut Vec<u8>) {
        let Some(motd) = &self.motd else {
            return self.numeric("422", out).trailing("There is no message of the day");
        };
        self.numeric("375", out).trailing(&["- ", &self.names.server, " Message of the day - "].concat());
        let space = self.space("372", &[]).saturating_sub(2);
        for line in crate::wire::irc::pieces(motd, space) {
            self.numeric("372", out).trailing(&["- ", line].concat());
        }
        self.numeric("376", out).trailing("End of the message of the day");
    }

    pub(super) fn version(&self, out: &mut Vec<u8>) {
        let line = self.numeric("351", out).middle(VERSION).middle(&self.names.server);
        line.trailing("Roomful: one chat over IRC, JSON, plain lines and a page");
        self.tokens(out);
    }

    pub(super) fn time(&self, out: &mut Vec<u8>) {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.numeric("391", out).middle(&self.names.server).trailing(&now);
    }

    pub(super) fn info(&self, out: &mut Vec<u8>) {
        let lines =
            [VERSION, "A chat server for rooms that people of many clients share.", "HELP tells what you can ask."];
        lines.into_iter().for_each(|line| self.numeric("371", out).trailing(line));
        self.numeric("374", out).trailing("End of INFO");
    }

    pub(super) fn help(&self, topic: &str, out: &mut Vec<u8>) {
        let asked = topic.to_ascii_uppercase();
        let mut found = TABLE.iter().filter(|word| topic.is_empty() || word.name == asked).peekable();
        let topic = if topic.is_empty() { "index" } else { topic };
        if found.peek().is_none() {
            return self.numeric("524", out).middle(topic).trailing("No help on that; HELP alone lists the commands");
        }
        self.numeric("704", out).middle(topic).trailing("What you can ask this server");
        for word in found {
            self.numeric("705", out).middle(topic).trailing(&[word.usage, ": ", word.help].concat());
        }
        self.numeric("706", out).middle(topic).trailing("End of the help");
    }
}
