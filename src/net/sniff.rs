//! Who speaks first, and with which bytes, decides what is spoken. Knows the first bytes of each protocol and nothing more of it.

/// What a connection speaks, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JSON objects, one a line.
    Json,
    /// A browser or another HTTP client.
    Http,
    /// An IRC client.
    Irc,
    /// TLS, whatever is inside.
    Tls,
    /// A person, typing.
    Line,
}

const METHODS: [&[u8]; 5] = [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"OPTIONS "];
const IRC_WORDS: [&[u8]; 4] = [b"CAP ", b"NICK ", b"USER ", b"PASS "];
const TLS_HELLO: &[u8] = &[0x16, 0x03];

/// What `first` bytes begin; `None` while that cannot be told yet.
///
/// ```
/// use roomful::net::sniff::{Kind, sniff};
///
/// assert_eq!(sniff(b"{\"type\""), Some(Kind::Json));
/// assert_eq!(sniff(b"GE"), None);
/// assert_eq!(sniff(b"GET / HTTP/1.1"), Some(Kind::Http));
/// assert_eq!(sniff(b"Gerda\n"), Some(Kind::Line));
/// assert_eq!(sniff(b"nick anna"), Some(Kind::Irc));
/// ```
pub fn sniff(first: &[u8]) -> Option<Kind> {
    if first.is_empty() {
        return None;
    }
    if first[0] == b'{' {
        return Some(Kind::Json);
    }
    let begins = |word: &[u8], same: fn(&u8, &u8) -> bool| first.iter().zip(word).all(|(a, b)| same(a, b));
    let exactly: fn(&u8, &u8) -> bool = |a, b| a == b;
    let any_case: fn(&u8, &u8) -> bool = |a, b| a.eq_ignore_ascii_case(b);
    let words = METHODS.iter().map(|word| (*word, exactly, Kind::Http));
    let words = words.chain(IRC_WORDS.iter().map(|word| (*word, any_case, Kind::Irc)));
    let mut undecided = false;
    for (word, same, kind) in words.chain([(TLS_HELLO, exactly, Kind::Tls)]) {
        if begins(word, same) {
            if first.len() >= word.len() {
                return Some(kind);
            }
            undecided = true;
        }
    }
    if undecided { None } else { Some(Kind::Line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_is_known_from_its_first_bytes_and_not_before() {
        for (hello, kind, needed) in [
            (&b"{}"[..], Kind::Json, 1),
            (b"OPTIONS * HTTP/1.1", Kind::Http, 8),
            (b"PUT /x", Kind::Http, 4),
            (b"cap ls 302", Kind::Irc, 4),
            (b"User x", Kind::Irc, 5),
            (&[0x16, 0x03, 0x01, 0x02], Kind::Tls, 2),
            ("Анна\n".as_bytes(), Kind::Line, 1),
            (b"Paula\n", Kind::Line, 3),
            (b"\n", Kind::Line, 1),
        ] {
            for length in 1..=hello.len() {
                let expected = (length >= needed).then_some(kind);
                assert_eq!(sniff(&hello[..length]), expected, "{:?}", &hello[..length]);
            }
        }
    }
}
