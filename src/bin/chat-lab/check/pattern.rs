//! Patterns of messages, such as `{name}: {text}`: filled in, to send them, and compared with what came. Knows no socket and no rule.

use std::ops::Range;

use memchr::memmem;
use serde::Deserialize;

/// What a pattern leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The name of the client that speaks, enters or leaves.
    Name,
    /// What it says.
    Text,
    /// The room in which it says it.
    Room,
    /// To whom alone it is said.
    To,
    /// The address of the client that speaks, as `127.0.0.1:50312`.
    Addr,
    /// Any bytes, also none.
    Any,
}

/// Their names in a profile. Nobody can foretell a time, so it is like `{any}`.
const FIELDS: [(&str, Field); 7] = [
    ("{name}", Field::Name),
    ("{text}", Field::Text),
    ("{room}", Field::Room),
    ("{to}", Field::To),
    ("{addr}", Field::Addr),
    ("{time}", Field::Any),
    ("{any}", Field::Any),
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Vec<u8>),
    Open(Field),
}

/// A pattern as it stands in a profile.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Vec<Part>);

/// What is put in place of the fields; what is not said stays open.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// For `{name}`.
    pub name: Option<String>,
    /// For `{text}`. Bytes, because a rule may say what is not UTF-8.
    pub text: Option<Vec<u8>>,
    /// For `{room}`.
    pub room: Option<String>,
    /// For `{to}`.
    pub to: Option<String>,
    /// For `{addr}`.
    pub addr: Option<String>,
}

impl Values {
    fn of(&self, field: Field) -> Option<&[u8]> {
        match field {
            Field::Name => self.name.as_deref().map(str::as_bytes),
            Field::Text => self.text.as_deref(),
            Field::Room => self.room.as_deref().map(str::as_bytes),
            Field::To => self.to.as_deref().map(str::as_bytes),
            Field::Addr => self.addr.as_deref().map(str::as_bytes),
            Field::Any => None,
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(source: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut rest = source.as_str();
        while !rest.is_empty() {
            if let Some((name, field)) = FIELDS.iter().find(|(name, _)| rest.starts_with(name)) {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Open(*field));
                rest = &rest[name.len()..];
            } else if let Some(after) = rest.strip_prefix("{hex:") {
                let (digits, after) = after.split_once('}').ok_or("{hex:…} has no end")?;
                literal.extend(bytes_of(digits)?);
                rest = after;
            } else {
                let letter = rest.chars().next().map_or(1, char::len_utf8);
                literal.extend_from_slice(&rest.as_bytes()[..letter]);
                rest = &rest[letter..];
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Pattern(parts))
    }
}

/// The bytes that these hexadecimal digits mean.
fn bytes_of(digits: &str) -> Result<Vec<u8>, String> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or("?"));
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).ok().filter(|_| pair.len() == 2))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("{{hex:{digits}}} must have two hexadecimal digits for each byte"))
}

impl Pattern {
    /// Whether the pattern has this field.
    pub fn has(&self, field: Field) -> bool {
        self.0.contains(&Part::Open(field))
    }

    /// The message to send. A field without a value adds nothing.
    pub fn fill(&self, values: &Values) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.0 {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Open(field) => out.extend_from_slice(values.of(*field).unwrap_or_default()),
            }
        }
        out
    }

    /// What is expected to come. A field without a value is one word; only a text and `{any}` may be anything.
    pub fn expect(&self, values: &Values) -> Expected {
        let mut pieces: Vec<Piece> = Vec::new();
        for part in &self.0 {
            let bytes = match part {
                Part::Literal(bytes) => Some(bytes.as_slice()),
                Part::Open(field) => values.of(*field),
            };
            let open = match part {
                Part::Open(Field::Text | Field::Any) => Piece::Any,
                _ => Piece::Word,
            };
            match (bytes, pieces.last_mut()) {
                // It stands everywhere, so it would be found again and again.
                (Some([]), _) => {}
                (Some(bytes), Some(Piece::Bytes(before))) => before.extend_from_slice(bytes),
                (Some(bytes), _) => pieces.push(Piece::Bytes(bytes.to_vec())),
                (None, Some(Piece::Any)) => {}
                (None, Some(word @ Piece::Word)) => *word = open,
                (None, _) => pieces.push(open),
            }
        }
        Expected(pieces)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    /// Any bytes, also none.
    Any,
    /// One byte or more, and no white space: an address alone is no message of that address.
    Word,
}

impl Piece {
    /// Whether an open piece may be these bytes.
    fn may_be(&self, bytes: &[u8]) -> bool {
        match self {
            Piece::Bytes(own) => own == bytes,
            Piece::Any => true,
            Piece::Word => !bytes.is_empty() && !bytes.iter().any(u8::is_ascii_whitespace),
        }
    }
}

/// One message that is expected, with parts that may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected(Vec<Piece>);

impl Expected {
    /// Whether this whole message is it.
    pub fn is(&self, message: &[u8]) -> bool {
        let mut rest = message;
        let mut open: Option<&Piece> = None;
        for (number, piece) in self.0.iter().enumerate() {
            let Piece::Bytes(bytes) = piece else {
                open = Some(piece);
                continue;
            };
            let is_last = number + 1 == self.0.len();
            let at = match open {
                Some(_) if is_last => rest.ends_with(bytes).then(|| rest.len() - bytes.len()),
                Some(_) => memmem::find(rest, bytes),
                None => rest.starts_with(bytes).then_some(0),
            };
            let Some(at) = at else { return false };
            if !open.take().is_none_or(|open| open.may_be(&rest[..at])) {
                return false;
            }
            rest = &rest[at + bytes.len()..];
        }
        open.map_or(rest.is_empty(), |open| open.may_be(rest))
    }

    /// The first place in a stream without ends at which it stands. What is open at its two ends takes nothing.
    pub fn find(&self, stream: &[u8]) -> Option<Range<usize>> {
        let first = self.0.iter().find_map(|piece| match piece {
            Piece::Bytes(bytes) => Some(bytes),
            Piece::Any | Piece::Word => None,
        })?;
        memmem::find_iter(stream, first).find_map(|start| Some(start..self.end_of(stream, start)?))
    }

    /// Where it ends, if its first bytes stand at `start`.
    fn end_of(&self, stream: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        let mut open: Option<&Piece> = None;
        for piece in self.0.iter().skip_while(|piece| !matches!(piece, Piece::Bytes(_))) {
            let Piece::Bytes(bytes) = piece else {
                open = Some(piece);
                continue;
            };
            let rest = &stream[at..];
            let gap = match open.take() {
                Some(open) => memmem::find(rest, bytes).filter(|gap| open.may_be(&rest[..*gap]))?,
                None => rest.starts_with(bytes).then_some(0)?,
            };
            at += gap + bytes.len();
        }
        Some(at)
    }

    /// The first byte of `message` that is not as it should be, as far as this can be said.
    pub fn first_wrong(&self, message: &[u8]) -> usize {
        match self.0.first() {
            Some(Piece::Bytes(own)) => own.iter().zip(message).take_while(|(own, came)| own == came).count(),
            _ => 0,
        }
    }

    /// As a person reads it; what may be anything is three dots.
    pub fn shown(&self) -> Vec<u8> {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => bytes.as_slice(),
            Piece::Any | Piece::Word => "…".as_bytes(),
        });
        pieces.collect::<Vec<_>>().concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::try_from(text.to_owned()).unwrap()
    }

    fn values(name: &str, text: &str) -> Values {
        Values { name: Some(name.to_owned()), text: Some(text.as_bytes().to_vec()), ..Values::default() }
    }

    #[test]
    fn a_pattern_is_filled_in_and_found_again() {
        let say = pattern("{name}: {text}");
        assert_eq!(say.fill(&values("anna", "hi")), b"anna: hi");
        assert!(say.expect(&values("anna", "hi")).is(b"anna: hi"));
        assert!(!say.expect(&values("anna", "hi")).is(b"anna: hi!"));
        assert_eq!(say.expect(&values("anna", "hi")).first_wrong(b"anna: ho"), 7);
    }

    #[test]
    fn other_braces_and_bytes_of_any_value_are_literal() {
        let json = pattern(r#"{"type":"say","text":"{text}"}"#);
        assert_eq!(json.fill(&values("", "hi")), br#"{"type":"say","text":"hi"}"#);
        assert_eq!(pattern("{hex:00fF}{text}").fill(&values("", "x")), b"\x00\xffx");
        assert!(Pattern::try_from("{hex:0}".to_owned()).is_err());
        assert!(Pattern::try_from("{hex:zz}".to_owned()).is_err());
    }

    #[test]
    fn a_time_that_is_open_may_be_anything_also_nothing() {
        let expected = pattern("[{time}] {name}{any}: {text}").expect(&values("anna", "hi"));
        assert!(expected.is(b"[12:05] anna: hi") && expected.is(b"[] anna (away): hi"));
        assert!(!expected.is(b"[12:05] boris: hi"));
        assert_eq!(expected.shown(), "[…] anna…: hi".as_bytes());
    }

    #[test]
    fn an_address_that_is_open_is_not_what_was_said_from_it() {
        let address = pattern("{addr}").expect(&Values::default());
        assert!(address.is(b"127.0.0.1:2893") && !address.is(b"127.0.0.1:2893@MSG hi") && !address.is(b""));
        let left = pattern("* {name} left{any}").expect(&Values::default());
        assert!(left.is(b"* anna left") && left.is("* Анна left (quit)".as_bytes()));
        assert!(!left.is(b"* left") && !left.is(b"* all of them left"));
    }

    #[test]
    fn a_message_is_found_in_a_stream_without_ends() {
        let expected = pattern("[{addr}] : {text}");
        let expected = expected.expect(&Values { text: Some(b"hi".to_vec()), ..Values::default() });
        assert_eq!(expected.find(b"xx[1.2.3.4:5] : hi[1"), Some(2..18));
        assert_eq!(expected.find(b"xx[1.2.3.4:5] : h"), None);
        assert_eq!(pattern("{any}").expect(&Values::default()).find(b"x"), None);
        assert_eq!(pattern("{name}").expect(&values("", "hi")).find(b"x"), None);
    }
}
