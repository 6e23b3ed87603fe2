//! What the decoder of an IRC session tells its encoder, through the queue: which line begins and ends, what the next answer answers, and lines that need no command. Knows no bytes.

use super::caps::Caps;
use crate::wire::Mark;

/// One message to the encoder; it stands in the outbox in order with the events.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// A labelled line begins. `several`: it asks for several things, so its answers are a batch even if there is only one.
    Begin { label: Box<str>, several: bool },
    /// All answers to the labelled line stand before this.
    End,
    /// The next `Ok` or `Error` that answers this session, after those that are owed already, answers this.
    Asked(Asked),
    /// Lines that answer without a command.
    Reply(Reply),
    /// These capabilities are in force from here on.
    Caps(Caps),
}

/// What a command of the session asked for. Words are as the peer typed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// The first name.
    Welcome,
    /// A proof of a password by `PASS`. If it is refused and it `must` be right, the session ends; else a refusal means nothing.
    Pass {
        must: bool,
    },
    /// A proof of a password, or a login, by `AUTHENTICATE`.
    Sasl,
    Nick,
    /// `PRIVMSG` to a room or a person.
    Say {
        target: Box<str>,
    },
    /// `NOTICE`: it is never refused aloud.
    Notice,
    /// `NOTICE $*`: it is told to everybody.
    Announce,
    /// `TAGMSG`: it is never refused aloud.
    Typing {
        target: Box<str>,
    },
    Join {
        room: Box<str>,
    },
    Part {
        room: Box<str>,
    },
    /// `JOIN 0`, for one of the rooms.
    PartAll,
    Topic {
        room: Box<str>,
        sets: bool,
    },
    Names {
        room: Box<str>,
    },
    List,
    Invite {
        nick: Box<str>,
        room: Box<str>,
    },
    Kick {
        room: Box<str>,
        nick: Box<str>,
    },
    Away,
    Back,
    /// One change of `MODE`.
    Mode {
        room: Box<str>,
        letter: char,
        adds: bool,
        argument: Option<Box<str>>,
    },
    /// `MODE #room`.
    Modes {
        room: Box<str>,
    },
    /// `MODE #room b`.
    Bans {
        room: Box<str>,
    },
    /// `fields` and `token`: of WHOX, after the `%`.
    Who {
        mask: Box<str>,
        fields: Option<Box<str>>,
        token: Option<Box<str>>,
        ops: bool,
    },
    Whois {
        nick: Box<str>,
    },
    Whowas {
        nick: Box<str>,
    },
    Ison,
    Userhost,
    Setname,
    Oper,
    /// `MODE nick -o`.
    Deoper,
    Kill {
        nick: Box<str>,
    },
    Ping,
    Quit,
    Lusers,
    /// `STATS` with this letter.
    Stats {
        letter: char,
    },
    /// `CHATHISTORY` with this subcommand, about this target.
    History {
        command: &'static str,
        target: Box<str>,
    },
    /// `CHATHISTORY TARGETS` between these times, the lesser first, in milliseconds.
    Targets {
        from: i64,
        until: i64,
        limit: usize,
    },
    Redact {
        target: Box<str>,
        msgid: Box<str>,
    },
    /// `REGISTER`
    Register {
        account: Box<str>,
    },
    /// A command of ours: by `ROOMFUL`, or said to the server or a service. Its answers are notices in the words of the line front.
    Words,
}

/// Lines that answer without a command. The encoder puts the server before them, and the own nick where the protocol has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// One line: a numeric in three digits, or a word; the last of `params` may have blanks.
    /// Behind a numeric and behind `CAP` the own nick comes first; it is not in `params`.
    Line { word: &'static str, params: Vec<Box<str>> },
    /// `375`, `372`, `376`; or `422`.
    Motd,
    /// `351`, and the lines of `005`.
    Version,
    /// `391`
    Time,
    /// `371`, `374`
    Info,
    /// `704`, `705`, `706`; or `524`.
    Help { topic: Box<str> },
    /// `MODE nick`: `221` for the own one, `502` for another's.
    UserModes { nick: Box<str> },
}

impl Note {
    /// The mark that carries it.
    pub fn mark(self) -> Mark {
        let weight = self.weight();
        Mark::new(self, weight)
    }

    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        const FRAME: usize = 64;
        match self {
            Note::Reply(Reply::Line { params, .. }) => {
                FRAME + params.iter().map(|param| param.len() + 1).sum::<usize>()
            }
            Note::Reply(Reply::Version | Reply::Info | Reply::Help { .. }) => 16 * FRAME,
            Note::Reply(_) => 4 * FRAME,
            Note::Begin { .. } | Note::End | Note::Asked(_) | Note::Caps(_) => FRAME,
        }
    }
}
