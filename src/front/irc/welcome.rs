//! The welcome of a client, and what it can ask about the server itself. Knows no people and no rooms.

use jiff::Timestamp;

use super::encoder::IrcEncoder;
use crate::actor::Actor;

const VERSION: &str = concat!("roomful-", env!("CARGO_PKG_VERSION"));

/// What HELP tells of each command: the topic, and how it is written with what it does.
const TOPICS: &[(&str, &str)] = &[
    ("JOIN", "JOIN #room,… [key,…]: goes into rooms, and makes those that there are not"),
    ("PART", "PART #room,… [:words]: leaves rooms"),
    ("PRIVMSG", "PRIVMSG #room-or-nick,… :text: says something"),
    ("NOTICE", "NOTICE #room-or-nick,… :text: says what no program answers by itself"),
    ("TOPIC", "TOPIC #room [:topic]: tells the topic, or sets it"),
    ("NAMES", "NAMES #room: tells who is in a room"),
    ("LIST", "LIST [masks, limits]: lists the rooms"),
    ("INVITE", "INVITE nick #room: lets a person come in"),
    ("KICK", "KICK #room nick,… [:why]: puts people out of a room"),
    ("MODE", "MODE #room [±modes arguments]: tells what is set in a room, or sets it: b i k l m n o s t v"),
    ("NICK", "NICK name: changes your name"),
    ("AWAY", "AWAY [:text]: marks you as away, or as back"),
    ("WHO", "WHO #room-nick-or-mask: tells of people"),
    ("WHOIS", "WHOIS nick: tells of one person"),
    ("WHOWAS", "WHOWAS nick [count]: tells of people who left"),
    ("CHATHISTORY", "CHATHISTORY LATEST #room-or-nick * 20: shows what was said; for clients with draft/chathistory"),
    ("REDACT", "REDACT #room-or-nick id [:why]: takes a message back"),
    ("REGISTER", "REGISTER * * password: makes an account of your name"),
    ("OPER", "OPER account password: makes you an op of the server"),
    ("KILL", "KILL nick :why: ends a person's sessions; for ops of the server"),
    ("ROOMFUL", "ROOMFUL :command: what IRC has no word for, such as ROOMFUL :search words; ROOMFUL :help lists all"),
    ("QUIT", "QUIT [:words]: leaves the server"),
];

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
        self.motd(out);
        self.server(out).command("MODE").middle(own).trailing("+i");
    }

    /// What this server can, in the lines of `005`.
    fn tokens(&self, out: &mut Vec<u8>) {
        /// Tokens in one line, as RFC 2812 has fifteen parameters.
        const TOKENS: usize = 13;
        for some in supported(self).chunks(TOKENS) {
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
        let found: Vec<&(&str, &str)> = TOPICS.iter().filter(|(word, _)| topic.is_empty() || *word == asked).collect();
        let topic = if topic.is_empty() { "index" } else { topic };
        if found.is_empty() {
            return self
                .numeric("524", out)
                .middle(topic)
                .trailing("There is no help about that; HELP lists the commands");
        }
        self.numeric("704", out).middle(topic).trailing("What you can ask this server");
        for (_, text) in found {
            self.numeric("705", out).middle(topic).trailing(text);
        }
        self.numeric("706", out).middle(topic).trailing("End of the help");
    }
}

fn supported(irc: &IrcEncoder) -> Vec<String> {
    let with = |name: &str, value: &str| [name, "=", value].concat();
    let number = |name: &str, value: usize| with(name, &value.to_string());
    let limits = &irc.limits;
    vec![
        with("NETWORK", &irc.names.network),
        with("CHANTYPES", "#"),
        with("PREFIX", "(qov)~@+"),
        with("CHANMODES", "b,k,l,imnst"),
        with("CASEMAPPING", "ascii"),
        "UTF8ONLY".to_owned(),
        number("TOPICLEN", limits.topic),
        number("AWAYLEN", limits.away),
        number("KICKLEN", limits.reason),
    ]
}
