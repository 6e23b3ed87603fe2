//! Files: a body that a session sends, and a file that it fetches, whole or a part. Knows no sockets; the exchange brings the bytes and takes them.

use std::io;
use std::sync::Arc;

use serde::Serialize;

use super::answer::{Answer, Body};
use super::range::{Wanted, wanted};
use crate::chat::Privacy;
use crate::error::ChatError;
use crate::names;
use crate::session::downloads::Download;
use crate::session::handle::SessionHandle;
use crate::session::hub::Hub;
use crate::session::receiving::{Received, Receiving};
use crate::session::tickets::encode;
use crate::session::uploads::PutError;
use crate::wire::http::{Head, Method, Refusal};
use crate::wire::json;

/// Kinds that a browser may show or play where it meets them, as `infer` and as HTTP calls them.
const SHOWN: [(&str, &str); 10] = [
    ("image/gif", "image/gif"),
    ("image/jpeg", "image/jpeg"),
    ("image/png", "image/png"),
    ("image/webp", "image/webp"),
    ("audio/m4a", "audio/mp4"),
    ("audio/mpeg", "audio/mpeg"),
    ("audio/ogg", "audio/ogg"),
    ("audio/x-flac", "audio/flac"),
    ("audio/x-wav", "audio/wav"),
    // A recording has no other beginning than a film.
    ("video/webm", "audio/webm"),
];

/// A body that is coming. Dropping it before its end drops what has come.
#[derive(Debug)]
pub(super) struct Upload(Box<Receiving>);

/// Begins to take the body of `PUT /u/<ticket>`; `handle` is the connection that brings it.
///
/// # Errors
/// The answer that refuses it; then no byte of it is read.
pub(super) fn put(hub: &Arc<Hub>, handle: &Arc<SessionHandle>, ticket: &str, head: &Head) -> Result<Upload, Answer> {
    let Some(length) = head.length else {
        return Err(refused(411, &bad("say in Content-Length how many bytes come")));
    };
    let known = head.query.is_none().then_some(ticket).ok_or(PutError::NoUpload);
    known
        .and_then(|ticket| Receiving::begin(hub, ticket, length, handle))
        .map(|receiving| Upload(Box::new(receiving)))
        .map_err(|error| not_taken(&error))
}

impl Upload {
    /// Takes the next piece; together they are never longer than was said.
    ///
    /// # Errors
    /// The answer that ends it.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Answer> {
        self.0.take(bytes).map_err(|error| not_taken(&error))
    }

    /// All of it is here.
    pub(super) fn finish(self) -> Answer {
        match self.0.end() {
            Ok(Received { upload, info }) => object(
                201,
                &serde_json::json!({"upload": upload, "size": info.size, "sha256": info.sha256, "mime": info.mime}),
            ),
            Err(error) => not_taken(&error),
        }
    }

    /// The rest of it did not come in time.
    pub(super) fn late(self) -> Answer {
        drop(self);
        Answer { close: true, ..refused(408, &bad("the file came too slowly; send it again")) }
    }
}

/// A refusal of the front under `/u`, as a program reads it.
pub(super) fn refusal(refusal: &Refusal) -> Answer {
    let sentence = refusal.sentence.trim_end_matches('.');
    Answer { close: true, ..refused(refusal.status, &bad(sentence)) }
}

fn bad(sentence: &str) -> ChatError {
    ChatError::BadUpload(sentence.to_owned())
}

fn not_taken(error: &PutError) -> Answer {
    let status = match error {
        PutError::NoUpload => 404,
        PutError::Busy => 409,
        PutError::Complete => 410,
        PutError::OtherSize { .. } => 413,
        PutError::NotStored(why) => return refused(507, &ChatError::NotTaken(why.clone())),
    };
    refused(status, &bad(&error.to_string()))
}

/// A refusal as a program reads it: the event that a session would be told.
fn refused(status: u16, refusal: &ChatError) -> Answer {
    let mut body = Vec::new();
    json::encode(&refusal.told(None), &mut body);
    json_body(status, body)
}

fn object(status: u16, object: &impl Serialize) -> Answer {
    let mut body = serde_json::to_vec(object).unwrap_or_default();
    body.push(b'\n');
    json_body(status, body)
}

fn json_body(status: u16, body: Vec<u8>) -> Answer {
    Answer::new(status, "application/json", body).with("Cache-Control", "no-store")
}

/// Answers `GET /f/<path>`; `handle` is the connection that asks. To a HEAD the same is
/// answered, and the exchange leaves the body out.
pub(super) fn get(hub: &Arc<Hub>, handle: &SessionHandle, path: &str, head: &Head) -> Answer {
    let missing = || Answer::sentence(404, "There is no such file here.");
    if head.query.is_some() {
        return missing();
    }
    let download = match Download::open(hub, path, handle) {
        Ok(Some(download)) => download,
        Ok(None) => return missing(),
        Err(error) => {
            tracing::warn!(%error, "a file could not be read");
            let busy = "The server cannot read its files now; try again in a moment.";
            return Answer::sentence(503, busy).with("Retry-After", "5");
        }
    };
    let size = download.info.size;
    let (etag, cache) = (format!("\"{}\"", download.info.sha256), caching(download.privacy));
    if head.knows(&etag) {
        return framed(Answer::empty(304), etag, cache);
    }
    // Only for a GET is a range defined (RFC 9110, 14.2).
    let part = if head.method == Method::Get { wanted(head, &etag, size) } else { Wanted::Whole };
    let (status, first, length) = match part {
        Wanted::Whole => (200, 0, size),
        Wanted::Part { first, length } => (206, first, length),
        Wanted::Nothing => {
            let answer = Answer::sentence(416, "The file has no such bytes.");
            return answer.with("Content-Range", format!("bytes */{size}"));
        }
    };
    let (kind, disposition) = shown_as(&download.info.mime);
    let name = names::file_name(&download.info.name);
    let answer = Answer { body: pieces(download, first, length), ..Answer::new(status, kind, &b""[..]) };
    let answer = answer
        .with(
            "Content-Disposition",
            format!("{disposition}; filename=\"{}\"; filename*=UTF-8''{}", plain(&name), encode(&name)),
        )
        .with("Accept-Ranges", "bytes");
    let answer = framed(answer, etag, cache);
    if status == 206 {
        return answer.with("Content-Range", format!("bytes {first}-{}/{size}", first + length - 1));
    }
    answer
}

/// What all answers about a file have. Nothing in it may run, whatever a browser takes it for.
fn framed(answer: Answer, etag: String, cache: &'static str) -> Answer {
    answer
        .with("ETag", etag)
        .with("Cache-Control", cache)
        .with("Content-Security-Policy", "default-src 'none'; sandbox")
}

/// A right may end at any time, so each use asks again; what is private is not stored at all.
fn caching(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Open => "private, no-cache",
        Privacy::Private => "private, no-store",
    }
}

/// The type that is told, and whether it is shown or saved. What is not on the list is only saved.
fn shown_as(mime: &str) -> (&'static str, &'static str) {
    match SHOWN.iter().find(|(known, _)| *known == mime) {
        Some((_, kind)) => (kind, "inline"),
        None => ("application/octet-stream", "attachment"),
    }
}

/// A name for clients that know no other letters than these.
fn plain(name: &str) -> String {
    let is_plain = |letter: char| letter == ' ' || letter.is_ascii_graphic() && !"\"\\%".contains(letter);
    name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect()
}

/// The bytes from `first` on, piece by piece: no more of the file is in memory at once.
fn pieces(download: Download, first: u64, length: u64) -> Body {
    let end = first + length;
    let mut at = first;
    let next = move || {
        if at == end {
            return Ok(None);
        }
        let piece = download.piece(at, end - at).ok_or(io::ErrorKind::UnexpectedEof)?;
        at += piece.len() as u64;
        Ok(Some(piece))
    };
    Body::Pieces { length, next: Box::new(next) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_and_sound_are_shown() {
        assert_eq!(shown_as("image/png"), ("image/png", "inline"));
        assert_eq!(shown_as("audio/x-wav"), ("audio/wav", "inline"));
        for mime in ["text/html", "image/svg+xml", "text/plain", "application/pdf", "image/bmp", "", "text/xml"] {
            assert_eq!(shown_as(mime), ("application/octet-stream", "attachment"), "{mime}");
        }
    }

    #[test]
    fn a_name_stays_inside_its_field() {
        for name in ["a.jpg\"\r\nX: y", "..\\..\\x", "лыжи.png", "a%22b;c=d", "\u{202e}gpj.exe"] {
            let plain = plain(&names::file_name(name));
            assert!(plain.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !b"\"\\".contains(&byte)), "{plain:?}");
        }
    }
}
