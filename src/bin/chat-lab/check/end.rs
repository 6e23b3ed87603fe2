//! Where a message ends: by a line end, by its length, or not at all. Knows no socket and no other key of a profile.

use serde::Deserialize;

/// How the end of a message is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// By a line end.
    Line,
    /// Not at all: what is heard is a stream.
    None,
    /// By a pause in which nothing is sent; for the client that hears, it is a stream.
    Pause,
    /// By its length, which comes first.
    Length,
}

/// The order of the bytes of a length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ByteOrder {
    /// The highest first.
    #[default]
    Big,
    /// The lowest first.
    Little,
}

/// Where a message ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// How it is found.
    pub of: Of,
    /// The longest message in bytes, if the protocol has a bound.
    pub max: Option<usize>,
    /// Bytes of a length: 1, 2 or 4.
    #[serde(default = "two")]
    pub bytes: usize,
    /// Their order.
    #[serde(default)]
    pub order: ByteOrder,
}

fn two() -> usize {
    2
}

impl End {
    /// The message as it is sent.
    pub fn wrap(&self, message: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(message.len() + 4);
        if self.of == Of::Length {
            let length = (message.len() as u32).to_be_bytes();
            let mut length = length[4 - self.bytes..].to_vec();
            if self.order == ByteOrder::Little {
                length.reverse();
            }
            out.extend_from_slice(&length);
        }
        out.extend_from_slice(message);
        if self.of == Of::Line {
            out.push(b'\n');
        }
        out
    }

    /// Whether the clients that hear can tell where a message ends.
    pub fn is_seen(&self) -> bool {
        matches!(self.of, Of::Line | Of::Length)
    }

    /// The first whole message of `bytes`, and how many bytes it takes with its end.
    pub fn cut<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], usize)> {
        match self.of {
            Of::Line => {
                let end = memchr::memchr(b'\n', bytes)?;
                let line = &bytes[..end];
                Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
            }
            Of::Length => {
                let mut length = bytes.get(..self.bytes)?.to_vec();
                if self.order == ByteOrder::Little {
                    length.reverse();
                }
                let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                Some((bytes.get(self.bytes..self.bytes + length)?, self.bytes + length))
            }
            Of::None | Of::Pause => None,
        }
    }

    /// The same as a message of its own.
    pub fn take(&self, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        self.cut(bytes).map(|(message, length)| (message.to_vec(), length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(of: Of, order: ByteOrder) -> End {
        End { of, max: None, bytes: 2, order }
    }

    #[test]
    fn a_message_that_is_wrapped_is_cut_again() {
        for end in [end(Of::Line, ByteOrder::Big), end(Of::Length, ByteOrder::Big), end(Of::Length, ByteOrder::Little)]
        {
            let wrapped = [end.wrap(b"hi"), end.wrap(b"ho")].concat();
            let (first, length) = end.cut(&wrapped).unwrap();
            assert_eq!((first, end.cut(&wrapped[length..]).unwrap().0), (&b"hi"[..], &b"ho"[..]));
            assert_eq!(end.cut(&wrapped[..length - 1]), None);
        }
        assert_eq!(end(Of::Line, ByteOrder::Big).cut(b"hi\r\n").unwrap().0, b"hi");
    }
}
