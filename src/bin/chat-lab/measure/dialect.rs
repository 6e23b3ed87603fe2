//! What the lab says and understands in each dialect; pure bytes, knows no socket and no measuring.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use memchr::memmem;

use crate::measure::frames;

/// A way of talking to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Roomful's JSON front: one object a line.
    Json,
    /// The same objects over WebSocket: one a frame.
    WebSocket,
    /// Roomful's line front: plain text.
    Line,
    /// The protocol of the lessons: a name, then lines. There is one room.
    Plain,
    /// IRC as RFC 1459 has it.
    Irc,
    /// The same with the tags that IRCv3 puts before each message: its time, its id, the account.
    IrcTags,
    /// Redis publish and subscribe over RESP3: a room is a channel.
    Redis,
    /// NATS: a room is a subject.
    Nats,
}

/// What a line from the server means to the lab.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A message: look for a mark.
    Message,
    /// We are registered and may now join (IRC only).
    Welcome,
    /// We are in the room.
    Joined,
    /// A command of ours was carried out (JSON, over WebSocket too, and Redis only).
    Answer,
    /// We are refused something, or are being thrown out.
    Refusal,
    /// The server wants this back at once.
    Reply(Vec<u8>),
    /// Nothing we measure.
    Other,
}

impl Dialect {
    /// Whether a speaker is sent its own messages.
    pub fn echoes(self) -> bool {
        matches!(self, Self::Json | Self::WebSocket | Self::Redis)
    }

    /// Whether each message is answered with what became of it.
    pub fn answers(self) -> bool {
        matches!(self, Self::Json | Self::WebSocket | Self::Redis)
    }

    /// What comes before everything that is said.
    pub fn opening(self) -> &'static str {
        if self == Self::WebSocket { frames::HANDSHAKE } else { "" }
    }

    /// Makes a whole of what was appended after `from`, in the way of this dialect.
    pub fn wrap(self, out: &mut Vec<u8>, from: usize) {
        if self == Self::WebSocket {
            frames::wrap(out, from);
        }
    }

    /// The first line in `bytes`, without its end, and how many bytes it took; over WebSocket, what is in the first frame.
    #[inline]
    pub fn cut(self, bytes: &[u8]) -> Option<(Range<usize>, usize)> {
        if self == Self::WebSocket {
            return frames::cut(bytes);
        }
        let end = memchr::memchr(b'\n', bytes)?;
        Some((0..if end > 0 && bytes[end - 1] == b'\r' { end - 1 } else { end }, end + 1))
    }

    /// First words of a connection: takes the name, and the room if they can go together.
    /// A broker knows neither, so it is subscribed, and then asked for an answer that says it is done.
    pub fn login(self, nick: &str, room: &str) -> String {
        match self {
            Self::Json | Self::WebSocket => {
                format!("{{\"type\":\"hello\",\"version\":1,\"nick\":\"{nick}\",\"rooms\":[\"{room}\"]}}\n")
            }
            Self::Line => format!("{nick} {room}\n"),
            Self::Plain => format!("{nick}\n"),
            Self::Irc => format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n"),
            Self::IrcTags => {
                // One line for each, because a server refuses a line of which it does not know all.
                let wanted = ["server-time", "message-tags", "account-tag"].map(|cap| format!("CAP REQ :{cap}\r\n"));
                format!("{}{}CAP END\r\n", wanted.concat(), Self::Irc.login(nick, room))
            }
            Self::Redis => format!("HELLO 3\r\n{}PING\r\n", self.join(room)),
            Self::Nats => {
                // What its clients send, but for the echo: a speaker of the line front and of IRC has none.
                let settings = r#"{"verbose":false,"pedantic":false,"echo":false,"protocol":1}"#;
                format!("CONNECT {settings}\r\n{}PING\r\n", self.join(room))
            }
        }
    }

    /// Joins the room after [`Meaning::Welcome`].
    pub fn join(self, room: &str) -> String {
        match self {
            Self::Json | Self::WebSocket => format!("{{\"type\":\"join\",\"room\":\"{room}\"}}\n"),
            Self::Line => format!("/join {room}\n"),
            Self::Plain => String::new(),
            Self::Irc | Self::IrcTags => format!("JOIN {room}\r\n"),
            Self::Redis => format!("SUBSCRIBE {room}\r\n"),
            Self::Nats => format!("SUB {room} 1\r\n"),
        }
    }

    /// The bytes before the text of message `number`, which is `bytes` long.
    pub fn say_head(self, room: &str, number: u32, bytes: usize) -> String {
        match self {
            Self::Json | Self::WebSocket => {
                format!("{{\"type\":\"say\",\"tag\":\"t{number}\",\"room\":\"{room}\",\"text\":\"")
            }
            Self::Line | Self::Plain => String::new(),
            Self::Irc | Self::IrcTags => format!("PRIVMSG {room} :"),
            Self::Redis => format!("*3\r\n$7\r\nPUBLISH\r\n${}\r\n{room}\r\n${bytes}\r\n", room.len()),
            Self::Nats => format!("PUB {room} {bytes}\r\n"),
        }
    }

    /// The bytes after the text of a message.
    pub fn say_tail(self) -> &'static str {
        match self {
            Self::Json => "\"}\n",
            Self::WebSocket => "\"}",
            Self::Line | Self::Plain => "\n",
            Self::Irc | Self::IrcTags | Self::Redis | Self::Nats => "\r\n",
        }
    }

    /// Leaves for good; the server closes the connection. NATS has no word for it:
    /// there the end of what we send is the goodbye.
    pub fn quit(self) -> Option<&'static str> {
        match self {
            Self::Json | Self::WebSocket => Some("{\"type\":\"quit\"}\n"),
            Self::Line | Self::Plain => Some("/quit\n"),
            Self::Irc | Self::IrcTags => Some("QUIT :bye\r\n"),
            Self::Redis => Some("QUIT\r\n"),
            Self::Nats => None,
        }
    }

    /// What `line`, without its end, means. `nick` is ours.
    #[inline]
    pub fn meaning(self, line: &[u8], nick: &str) -> Meaning {
        match self {
            Self::Json | Self::WebSocket if line.starts_with(b"{\"type\":\"message\"") => Meaning::Message,
            Self::Json => json(line),
            Self::WebSocket if line.first() == Some(&b'{') => json(line),
            Self::WebSocket => frame(line),
            Self::Line if line.first() == Some(&b'[') => Meaning::Message,
            Self::Line => told(line, b"* Hello ", nick),
            Self::Plain if !matches!(line.first(), Some(b'*' | b'!')) => Meaning::Message,
            Self::Plain => told(line, b"* welcome, ", nick),
            Self::Irc => irc(line),
            Self::IrcTags => irc(untagged(line)),
            Self::Redis => redis(line),
            Self::Nats => nats(line),
        }
    }
}

fn json(line: &[u8]) -> Meaning {
    match string_field(line, b"\"type\":\"") {
        Some(b"message") => Meaning::Message,
        Some(b"joined") => Meaning::Joined,
        Some(b"ok") => Meaning::Answer,
        Some(b"error" | b"closing") => Meaning::Refusal,
        Some(b"ping") => {
            let token = string_field(line, b"\"token\":\"").unwrap_or_default();
            Meaning::Reply([b"{\"type\":\"pong\",\"token\":\"", token, b"\"}\n"].concat())
        }
        Some(_) => Meaning::Other,
        None => Meaning::Refusal,
    }
}

/// A line of the answer to the handshake, or a frame that is no text.
fn frame(line: &[u8]) -> Meaning {
    match frames::pong(line) {
        Some(pong) => Meaning::Reply(pong),
        None if line.starts_with(b"HTTP/1.1 ") && !line.starts_with(b"HTTP/1.1 101 ") => Meaning::Refusal,
        None => Meaning::Other,
    }
}

/// The value of the first string field with this opening; tokens and types hold no escapes.
fn string_field<'a>(line: &'a [u8], opening: &[u8]) -> Option<&'a [u8]> {
    let value = &line[memmem::find(line, opening)? + opening.len()..];
    Some(&value[..memchr::memchr(b'"', value)?])
}

/// A line of plain text that nobody said; `greeting` stands before our name when we are in.
fn told(line: &[u8], greeting: &[u8], nick: &str) -> Meaning {
    let hello = line.strip_prefix(greeting).and_then(|rest| rest.strip_prefix(nick.as_bytes()));
    match line.first() {
        Some(b'!') => Meaning::Refusal,
        _ if hello.is_some() => Meaning::Joined,
        _ => Meaning::Other,
    }
}

/// A line without the tags before it.
fn untagged(line: &[u8]) -> &[u8] {
    if line.first() != Some(&b'@') {
        return line;
    }
    memchr::memchr(b' ', line).map_or(line, |space| &line[space + 1..])
}

fn irc(line: &[u8]) -> Meaning {
    let Some(prefixed) = line.strip_prefix(b":") else {
        return match line {
            _ if line.starts_with(b"PING ") => Meaning::Reply([b"PONG ", &line[5..], b"\r\n"].concat()),
            _ if line.starts_with(b"ERROR") => Meaning::Refusal,
            _ => Meaning::Other,
        };
    };
    let Some(space) = memchr::memchr(b' ', prefixed) else {
        return Meaning::Other;
    };
    match &prefixed[space + 1..] {
        rest if rest.starts_with(b"PRIVMSG ") => Meaning::Message,
        rest if rest.starts_with(b"001 ") => Meaning::Welcome,
        rest if rest.starts_with(b"366 ") => Meaning::Joined,
        // 422 says only that there is no message of the day.
        rest if rest.starts_with(b"422 ") => Meaning::Other,
        [b'4' | b'5', b'0'..=b'9', b'0'..=b'9', b' ', ..] => Meaning::Refusal,
        rest if rest.starts_with(b"KILL ") => Meaning::Refusal,
        _ => Meaning::Other,
    }
}

/// A push is seven lines, of which the last is the text; all our texts begin with their mark.
fn redis(line: &[u8]) -> Meaning {
    match line.first() {
        Some(b'~') => Meaning::Message,
        Some(b':') => Meaning::Answer,
        Some(b'-') => Meaning::Refusal,
        _ if line == b"+PONG" => Meaning::Joined,
        _ => Meaning::Other,
    }
}

/// A message is two lines, and the second is the text.
fn nats(line: &[u8]) -> Meaning {
    match line.first() {
        Some(b'~') => Meaning::Message,
        Some(b'-') => Meaning::Refusal,
        _ if line == b"PONG" => Meaning::Joined,
        _ if line == b"PING" => Meaning::Reply(b"PONG\r\n".to_vec()),
        _ => Meaning::Other,
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::WebSocket => "websocket",
            Self::Line => "line",
            Self::Plain => "plain",
            Self::Irc => "irc",
            Self::IrcTags => "irc+tags",
            Self::Redis => "redis",
            Self::Nats => "nats",
        })
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "json" => Ok(Self::Json),
            "websocket" => Ok(Self::WebSocket),
            "line" => Ok(Self::Line),
            "plain" => Ok(Self::Plain),
            "irc" => Ok(Self::Irc),
            "irc+tags" => Ok(Self::IrcTags),
            "redis" => Ok(Self::Redis),
            "nats" => Ok(Self::Nats),
            _ => Err(format!("no dialect {word:?}: json, websocket, line, plain, irc, irc+tags, redis or nats")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(dialect: Dialect, line: &str) -> Meaning {
        dialect.meaning(line.as_bytes(), "u7")
    }

    #[test]
    fn json_lines_are_told_apart() {
        let means = |line| means(Dialect::Json, line);
        assert_eq!(means(r##"{"type":"message","room":"#a","text":"x"}"##), Meaning::Message);
        assert_eq!(means(r##"{"room":"#a","type":"message"}"##), Meaning::Message);
        assert_eq!(means(r##"{"type":"history","messages":[{"text":"x"}]}"##), Meaning::Other);
        assert_eq!(means(r##"{"type":"joined","room":"#a"}"##), Meaning::Joined);
        assert_eq!(means(r##"{"type":"ok","for":"say"}"##), Meaning::Answer);
        assert_eq!(means(r##"{"type":"error","code":"x"}"##), Meaning::Refusal);
        assert_eq!(means("no json at all"), Meaning::Refusal);
        let pong = b"{\"type\":\"pong\",\"token\":\"z9\"}\n".to_vec();
        assert_eq!(means(r##"{"type":"ping","token":"z9"}"##), Meaning::Reply(pong));
    }

    #[test]
    fn plain_lines_are_told_apart() {
        let means = |line| means(Dialect::Line, line);
        assert_eq!(means("[12:05] u7: * Hello u7."), Meaning::Message);
        assert_eq!(means("* Hello u7. You are in #a with u8."), Meaning::Joined);
        assert_eq!(means("* Hello u8."), Meaning::Other);
        assert_eq!(means("! The name is taken."), Meaning::Refusal);
        assert_eq!(means(""), Meaning::Other);
    }

    #[test]
    fn lines_of_the_lessons_are_told_apart() {
        let means = |line| means(Dialect::Plain, line);
        assert_eq!(means("u8: * welcome, u7"), Meaning::Message);
        assert_eq!(means("* welcome, u7; here: u8"), Meaning::Joined);
        assert_eq!(means("* u8 joined"), Meaning::Other);
        assert_eq!(means("! this name is taken"), Meaning::Refusal);
    }

    #[test]
    fn irc_lines_are_told_apart() {
        let means = |line| means(Dialect::Irc, line);
        assert_eq!(means(":a!b@c PRIVMSG #x :422 hi"), Meaning::Message);
        assert_eq!(means(":irc.lab 001 u7 :Welcome"), Meaning::Welcome);
        assert_eq!(means(":irc.lab 366 u7 #x :End"), Meaning::Joined);
        assert_eq!(means(":irc.lab 422 u7 :no motd"), Meaning::Other);
        assert_eq!(means(":irc.lab 433 * u7 :in use"), Meaning::Refusal);
        assert_eq!(means("ERROR :Closing link"), Meaning::Refusal);
        let tagged = "@time=2026-01-01T00:00:00.000Z;msgid=a :a!b@c PRIVMSG #x :hi";
        assert_eq!(super::tests::means(Dialect::IrcTags, tagged), Meaning::Message);
        assert_eq!(means("PING :x"), Meaning::Reply(b"PONG :x\r\n".to_vec()));
    }

    #[test]
    fn lines_of_brokers_are_told_apart() {
        let means_all = |dialect, lines: &[&str]| lines.iter().map(|line| means(dialect, line)).collect::<Vec<_>>();
        let push = [">3", "$7", "message", "$2", "#a", "$4", "~abc"];
        assert_eq!(means_all(Dialect::Redis, &push)[..6], [const { Meaning::Other }; 6]);
        assert_eq!(means(Dialect::Redis, push[6]), Meaning::Message);
        let lines = [":10", "+PONG", "+OK", "-ERR unknown command", "%7"];
        let meanings = [Meaning::Answer, Meaning::Joined, Meaning::Other, Meaning::Refusal, Meaning::Other];
        assert_eq!(means_all(Dialect::Redis, &lines), meanings);
        let reply = Meaning::Reply(b"PONG\r\n".to_vec());
        let lines = ["INFO {}", "MSG #a 1 4", "~abc", "PONG", "PING", "-ERR 'Slow Consumer'"];
        let meanings = [Meaning::Other, Meaning::Other, Meaning::Message, Meaning::Joined, reply, Meaning::Refusal];
        assert_eq!(means_all(Dialect::Nats, &lines), meanings);
    }

    #[test]
    fn a_broker_is_told_how_long_a_text_is() {
        let said = |dialect: Dialect| dialect.say_head("#room", 7, 64) + dialect.say_tail();
        assert_eq!(said(Dialect::Redis), "*3\r\n$7\r\nPUBLISH\r\n$5\r\n#room\r\n$64\r\n\r\n");
        assert_eq!(said(Dialect::Nats), "PUB #room 64\r\n\r\n");
    }
}
