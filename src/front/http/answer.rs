//! One answer: its status, its fields, its body. Knows no routes and no sockets.

use std::borrow::Cow;
use std::io;

use crate::wire::http::{Head, Refusal};

/// One answer to a request.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The fields that this answer has beside those of all.
    pub(super) fields: Vec<(&'static str, Cow<'static, str>)>,
    pub(super) body: Body,
    /// Whether the connection ends after it.
    pub(super) close: bool,
}

/// The body of an answer.
pub(super) enum Body {
    /// All of it.
    Bytes(Cow<'static, [u8]>),
    /// So many bytes, which come piece by piece: the next is asked for when the peer
    /// has taken the last. `None` is the end; an error cuts the connection.
    Pieces { length: u64, next: Box<NextPiece> },
}

/// Brings the next piece of a body.
pub(super) type NextPiece = dyn FnMut() -> io::Result<Option<Vec<u8>>> + Send;

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.length())
    }
}

impl Body {
    pub(super) fn length(&self) -> u64 {
        match self {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Pieces { length, .. } => *length,
        }
    }
}

impl Answer {
    /// An answer with this body, of this type.
    pub(super) fn new(status: u16, kind: &'static str, body: impl Into<Cow<'static, [u8]>>) -> Answer {
        let fields = if kind.is_empty() { Vec::new() } else { vec![("Content-Type", Cow::Borrowed(kind))] };
        Answer { status, fields, body: Body::Bytes(body.into()), close: false }
    }

    /// An answer without a body.
    pub(super) fn empty(status: u16) -> Answer {
        Answer::new(status, "", &b""[..])
    }

    /// One sentence for a person, that nobody stores.
    pub(super) fn sentence(status: u16, sentence: &str) -> Answer {
        let body = format!("{sentence}\n").into_bytes();
        Answer::new(status, "text/plain; charset=utf-8", body).with("Cache-Control", "no-store")
    }

    /// The same, and the connection ends: what the peer sends next cannot be trusted.
    pub(super) fn refusal(refusal: &Refusal) -> Answer {
        Answer { close: true, ..Answer::sentence(refusal.status, &refusal.sentence) }
    }

    /// Sends a request that must be encrypted to the same place with `https`.
    pub(super) fn encrypted(head: &Head) -> Answer {
        let query = head.query.as_deref().map_or(String::new(), |query| format!("?{query}"));
        let place = format!("https://{}{}{query}", head.host, head.path);
        let sentence = "This server takes encrypted connections only; the same place begins with https://.";
        Answer { close: true, ..Answer::sentence(308, sentence).with("Location", place) }
    }

    /// With one field more.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Answer {
        self.fields.push((name, value.into()));
        self
    }
}
