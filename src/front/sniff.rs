//! Tells from the first bytes of a connection which protocol it speaks. Knows how each protocol begins and nothing more of it.

use std::borrow::Cow;

use crate::names::is_ignorable;
use crate::wire::telnet::Telnet;

/// The protocol of a connection, by the first line that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JSON objects, one a line.
    Json,
    /// A browser or another HTTP client.
    Http,
    /// An HTTP/2 client that did not ask first.
    Http2,
    /// A player of audio or video streams.
    Rtsp,
    /// An internet telephone.
    Sip,
    /// An IRC client.
    Irc,
    /// A program that sends mail, or a similar protocol (FTP, POP3).
    Smtp,
    /// A program that reads mail.
    Imap,
    /// An SSH client.
    Ssh,
    /// A Redis client.
    Redis,
    /// A client of a message broker, in STOMP.
    Stomp,
    /// A Jabber client.
    Xmpp,
    /// TLS, with any protocol inside.
    Tls,
    /// A PostgreSQL client.
    Postgres,
    /// An MQTT client.
    Mqtt,
    /// Bytes that are not text, of a protocol that is not known here.
    Binary,
    /// A person, typing.
    Line,
}

/// A first line that is longer is judged before its end has come.
const LONGEST: usize = 512;

const METHODS: [&[u8]; 11] =
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"PRI", b"PROPFIND"];
const IRC_WORDS: [&[u8]; 4] = [b"CAP", b"NICK", b"USER", b"PASS"];
const SMTP_GREETINGS: [&[u8]; 3] = [b"EHLO", b"HELO", b"LHLO"];
/// Words that stand alone on a line of mail and similar protocols. Only in capitals, because a person may have such a name.
const SMTP_WORDS: [&[u8]; 9] = [b"EHLO", b"HELO", b"QUIT", b"NOOP", b"RSET", b"CAPA", b"STLS", b"STARTTLS", b"FEAT"];
const IMAP_WORDS: [&[u8]; 6] = [b"CAPABILITY", b"LOGIN", b"STARTTLS", b"AUTHENTICATE", b"LOGOUT", b"NOOP"];
/// The first line of STOMP's first frame; a login and a password follow.
const STOMP_WORDS: [&[u8]; 2] = [b"CONNECT", b"STOMP"];
const REDIS_WORDS: [&[u8]; 6] = [b"PING", b"INFO", b"COMMAND", b"CONFIG", b"SELECT", b"CLIENT"];

/// The protocol that begins with the bytes `first`; `None` while they do not tell
/// it yet. Empty lines tell nothing. The first line that is not empty decides when
/// all of it is here, no matter how the bytes are cut.
///
/// ```
/// use roomful::front::sniff::{Kind, sniff};
///
/// assert_eq!(sniff(b"{\"type\""), Some(Kind::Json));
/// assert_eq!(sniff(b"GET / HT"), None);
/// assert_eq!(sniff(b"GET / HTTP/1.1\r\n"), Some(Kind::Http));
/// assert_eq!(sniff(b"Gerda\n"), Some(Kind::Line));
/// assert_eq!(sniff(b"\r\n\r\nnick anna\n"), Some(Kind::Irc));
/// ```
pub fn sniff(first: &[u8]) -> Option<Kind> {
    look(first, false)
}

/// The protocol that `first` bytes are taken for if nothing more comes for now.
pub fn settle(first: &[u8]) -> Kind {
    look(first, true).unwrap_or_else(|| judge(first_line(&text_of(first)), false))
}

/// The protocol of one whole line; [`Kind::Line`] if a person may type it.
pub fn judge_line(line: &[u8]) -> Kind {
    judge(line, true)
}

/// The protocol of the bytes; `last` means that nothing more comes.
fn look(first: &[u8], last: bool) -> Option<Kind> {
    if first.first().is_some_and(|byte| is_binary(*byte)) {
        return binary(first).or(last.then_some(Kind::Binary));
    }
    let text = text_of(first);
    let text = without_blanks(&text);
    if text.first() == Some(&b'{') {
        return Some(Kind::Json);
    }
    match memchr::memchr(b'\n', text) {
        Some(end) => Some(judge(&text[..end], true)),
        None if is_no_text(text) => Some(Kind::Binary),
        None => (text.len() > LONGEST).then(|| judge(text, false)),
    }
}

/// The bytes without telnet commands; a telnet client may send them before a person types.
fn text_of(first: &[u8]) -> Cow<'_, [u8]> {
    Telnet::default().strip(first)
}

fn first_line(text: &[u8]) -> &[u8] {
    let text = without_blanks(text);
    text.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// The text without blanks and invisible characters at its beginning.
pub fn without_blanks(text: &[u8]) -> &[u8] {
    let mut rest = text.trim_ascii_start();
    while let Some(c) = first_char(rest).filter(|c| !c.is_ascii() && (c.is_whitespace() || is_ignorable(*c))) {
        rest = rest[c.len_utf8()..].trim_ascii_start();
    }
    rest
}

/// The first character, if all of its bytes are here.
fn first_char(text: &[u8]) -> Option<char> {
    text.get(..text.len().min(4))?.utf8_chunks().next()?.valid().chars().next()
}

/// Whether a byte is never in typed text: true for most control characters, but not
/// for those of a line's end and of the keys that erase and move.
fn is_binary(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, 8 | b'\t' | b'\n' | b'\r' | 0x0c | 0x15 | 0x17 | 0x1b)
}

/// Whether a line is of a binary protocol: it has a NUL, or a control character so
/// early that it is a length or a number. A control character in the middle of a
/// word is a typing error, and Ctrl-C is a key. A NUL in the target of an HTTP request is that request's fault.
fn is_no_text(line: &[u8]) -> bool {
    const EARLY: usize = 3;
    let asks = |method: &&[u8]| line.strip_prefix(*method).is_some_and(|rest| rest.starts_with(b" /"));
    line.contains(&0) && !METHODS.iter().any(asks) || line.iter().take(EARLY).any(|byte| is_binary(*byte) && *byte != 3)
}

/// The protocol of bytes whose first byte is not text; `None` while they do not tell it yet.
fn binary(first: &[u8]) -> Option<Kind> {
    let known = |at: usize, bytes: &[u8]| first.iter().skip(at).zip(bytes).all(|(a, b)| a == b);
    let (kind, needed) = match first[0] {
        // RFC 8446, 5.1: a handshake record of version 3.
        0x16 if known(1, &[3]) => (Kind::Tls, 2),
        // A length below 64 KiB, then version 3.0, or a request for TLS or GSS.
        0 if known(1, &[0]) && (known(4, &[0, 3]) || known(4, &[4, 0xd2, 0x16])) => (Kind::Postgres, 8),
        // CONNECT, its length in one byte or two, and the name of the protocol.
        0x10 if known(2, b"\0\x04MQTT") || known(2, b"\0\x06MQIsdp") || known(3, b"\0\x04MQTT") => (Kind::Mqtt, 9),
        _ => (Kind::Binary, 1),
    };
    (first.len() >= needed).then_some(kind)
}

/// The protocol of a line; `whole` if all of it is here.
fn judge(line: &[u8], whole: bool) -> Kind {
    let line = without_blanks(line).trim_ascii_end();
    if is_no_text(line) {
        return Kind::Binary;
    }
    let begins = |word: &[u8]| line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    match line {
        [b'{', ..] => return Kind::Json,
        [b'*' | b'$', digit, ..] if digit.is_ascii_digit() => return Kind::Redis,
        _ if begins(b"SSH-") => return Kind::Ssh,
        _ if begins(b"<stream:stream") || begins(b"<?xml") => return Kind::Xmpp,
        _ => {}
    }
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (first, second, rest) = (words.next().unwrap_or_default(), words.next(), words.next_back());
    let Some(second) = second else {
        return match first {
            word if whole && SMTP_WORDS.contains(&word) => Kind::Smtp,
            word if whole && REDIS_WORDS.contains(&word) => Kind::Redis,
            word if whole && STOMP_WORDS.contains(&word) => Kind::Stomp,
            _ => Kind::Line,
        };
    };
    if let Some(kind) = rest.and_then(version) {
        return if kind == Kind::Http && first == b"PRI" { Kind::Http2 } else { kind };
    }
    // The name of a person may be the word of a command, and a room may follow it.
    if second.starts_with(b"#") {
        return Kind::Line;
    }
    let is_one_of = |words: &[&[u8]]| words.iter().any(|word| first.eq_ignore_ascii_case(word));
    let is_target = |target: &[u8]| target.starts_with(b"/") || target.starts_with(b"*") || target.contains(&b':');
    if is_one_of(&METHODS) && (METHODS.contains(&first) || is_target(second)) {
        return match second {
            _ if first == b"PRI" => Kind::Http2,
            [b's' | b'S', b'i' | b'I', b'p' | b'P', ..] => Kind::Sip,
            [b'r' | b'R', b't' | b'T', b's' | b'S', b'p' | b'P', ..] => Kind::Rtsp,
            _ => Kind::Http,
        };
    }
    match first {
        _ if is_one_of(&IRC_WORDS) => Kind::Irc,
        _ if is_one_of(&SMTP_GREETINGS) || first == b"AUTH" => Kind::Smtp,
        _ if REDIS_WORDS.contains(&first) || (first == b"HELLO" && second.iter().all(u8::is_ascii_digit)) => {
            Kind::Redis
        }
        _ if IMAP_WORDS.contains(&second) => Kind::Imap,
        _ => Kind::Line,
    }
}

/// The protocol whose version ends a request's first line, such as `HTTP/1.1`.
fn version(word: &[u8]) -> Option<Kind> {
    let slash = word.iter().position(|byte| *byte == b'/')?;
    let (name, number) = word.split_at(slash);
    let is_number = number.get(1).is_some_and(u8::is_ascii_digit);
    match name.to_ascii_uppercase().as_slice() {
        _ if !is_number => None,
        b"HTTP" | b"ICAP" => Some(Kind::Http),
        b"RTSP" => Some(Kind::Rtsp),
        b"SIP" => Some(Kind::Sip),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGERS: &[(&[u8], Kind)] = &[
        (b"GET / HTTP/1.1", Kind::Http),
        (b"GET /", Kind::Http),
        (b"OPTIONS * HTTP/1.1", Kind::Http),
        (b"DELETE / HTTP/1.1", Kind::Http),
        (b"BREW /pot HTTP/1.1", Kind::Http),
        (b"post / http/1.0", Kind::Http),
        (b"post /", Kind::Http),
        (b"CONNECT example.org:443 HTTP/1.1", Kind::Http),
        (b"PRI * HTTP/2.0", Kind::Http2),
        (b"OPTIONS sip:nm SIP/2.0", Kind::Sip),
        (b"OPTIONS / RTSP/1.0", Kind::Rtsp),
        (b"cap ls 302", Kind::Irc),
        (b"User x", Kind::Irc),
        (b"EHLO mail.example.org", Kind::Smtp),
        (b"helo x", Kind::Smtp),
        (b"QUIT", Kind::Smtp),
        (b"a1 LOGIN anna secret", Kind::Imap),
        (b"SSH-2.0-OpenSSH_9.6", Kind::Ssh),
        (b"*1", Kind::Redis),
        (b"PING", Kind::Redis),
        (b"CONNECT", Kind::Stomp),
        (b"STOMP", Kind::Stomp),
        (b"<stream:stream xmlns='jabber:client'>", Kind::Xmpp),
        (b"<?xml version='1.0'?>", Kind::Xmpp),
        (b"0\x0c\x02\x01\x01`\x07", Kind::Binary),
        (b"an\0na", Kind::Binary),
    ];

    #[test]
    fn a_first_line_is_known_whole_and_not_before_however_it_is_cut() {
        for (line, kind) in STRANGERS {
            for before in [&b""[..], b"\r\n", b"\n \n", b"\xef\xbb\xbf", b"\xe2\x80\x8b \xc2\xa0", b"\xff\xfd\x03"] {
                let bytes = [before, line, b"\r\nmore"].concat();
                let decided = (1..=bytes.len()).find_map(|length| sniff(&bytes[..length]));
                assert_eq!(decided, Some(*kind), "{:?}", String::from_utf8_lossy(&bytes));
            }
            assert_eq!(judge_line(line), *kind);
        }
    }

    #[test]
    fn what_people_are_called_and_say_first_is_no_protocol() {
        let names =
            ["Анна", "Gerda", "GETa", "get", "Paula", "nick2", "Nick #chess", "GET #chess", "HELLO", "Ping", "Connect"];
        for name in names.into_iter().chain([
            "anna",
            "Hello all",
            "anna /join",
            "two words",
            "/quit",
            "\u{1b}[A",
            "anna\u{7}",
            "a\u{3}b",
        ]) {
            assert_eq!(sniff(name.as_bytes()), None, "{name}");
            assert_eq!(sniff(format!("{name}\n").as_bytes()), Some(Kind::Line), "{name}");
            assert_eq!(sniff(format!("{name}\r\0").as_bytes()), Some(Kind::Line), "{name}");
        }
    }

    /// If a person pauses within a name, it must not be taken for another protocol.
    #[test]
    fn what_is_not_whole_is_a_stranger_only_if_no_name_can_begin_so() {
        for start in ["", "\n", "G", "GET", "PUT ", "EHLO", "PING", "QUI", "n", "\u{feff}"] {
            assert_eq!(settle(start.as_bytes()), Kind::Line, "{start}");
        }
        for (start, kind) in [("GET / HT", Kind::Http), ("\u{16}", Kind::Binary), ("SSH-2", Kind::Ssh)] {
            assert_eq!((sniff(start.as_bytes()), settle(start.as_bytes())), (None, kind), "{start}");
        }
    }

    #[test]
    fn binary_protocols_are_known_by_their_first_bytes_however_they_are_cut() {
        for (bytes, kind, needed) in [
            (&b"\x16\x03\x01\x02"[..], Kind::Tls, 2),
            (b"\0\0\0\x08\x04\xd2\x16\x2f", Kind::Postgres, 8),
            (b"\0\0\0\x54\0\x03\0\0user\0", Kind::Postgres, 8),
            (b"\x10\x0c\0\x04MQTT\x04", Kind::Mqtt, 9),
            (b"\x03\0\0\x13\x0e\xe0", Kind::Binary, 1),
            (b"\0\0\0\x85\xffSMB", Kind::Binary, 5),
            (b"\0:\0\0\x01\0", Kind::Binary, 2),
        ] {
            for length in 1..=bytes.len() {
                let expected = (length >= needed).then_some(kind);
                assert_eq!(sniff(&bytes[..length]), expected, "{:?}", &bytes[..length]);
            }
        }
    }

    #[test]
    fn a_line_without_an_end_is_judged_when_it_is_too_long_for_a_name() {
        for (length, expected) in [(LONGEST - 1, None), (LONGEST, None), (LONGEST + 1, Some(Kind::Line))] {
            assert_eq!(sniff(&vec![b'x'; length]), expected, "{length}");
        }
    }
}
