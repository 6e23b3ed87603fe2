//! Addresses of files: each carries the right of one session to one file, in a code that only this server can make. Knows no chat and no HTTP.
//!
//! Nothing is stored for a ticket. Its code is an HMAC over the rest of the path, with a
//! key that is made at the start and never leaves this process. So one session gets the
//! same address for the same file each time, and a changed byte makes another address.
//! That a code is right says only that this server gave the ticket to that session: the
//! caller asks the chat whether the session lives and may still read the place.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::chat::SessionId;
use crate::model::{FileId, FileInfo};
use crate::wire::hex;

/// How long a code is, in bytes: nobody guesses one of 128 bits.
const CODE: usize = 16;

/// One upload: the session that offered it, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UploadId {
    /// The session.
    pub session: SessionId,
    /// The number, from 1, that its `offer` was answered with.
    pub number: u64,
}

/// Makes tickets, and tells which are its own.
#[derive(Debug)]
pub struct Tickets {
    key: Hmac<Sha256>,
}

impl Tickets {
    /// With a key of its own.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new() -> Result<Tickets, getrandom::Error> {
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        Ok(Tickets { key: Hmac::new(&key.into()) })
    }

    /// The path to which the bytes of an upload are sent.
    pub fn upload_path(&self, UploadId { session, number }: UploadId) -> String {
        let rest = format!("{}.{number}", session.0);
        let code = self.code("/u/", &rest);
        format!("/u/{rest}.{code}")
    }

    /// Which upload a path is for, if this server made it; `path` comes without the `/u/` before it.
    pub fn upload(&self, path: &str) -> Option<UploadId> {
        let (rest, code) = path.rsplit_once('.')?;
        self.verify("/u/", rest, code)?;
        let (session, number) = rest.split_once('.')?;
        Some(UploadId { session: SessionId(session.parse().ok()?), number: number.parse().ok()? })
    }

    /// The path from which a session fetches a file.
    pub fn file_path(&self, session: SessionId, info: &FileInfo) -> String {
        let (file, session, name) = (info.file, session.0, encode(&info.name));
        let code = self.code("/f/", &format!("{file}/{session}/{name}"));
        format!("/f/{file}/{session}.{code}/{name}")
    }

    /// Which session a path was made for, and which file it is, if this server made it; `path`
    /// comes without the `/f/` before it.
    pub fn file(&self, path: &str) -> Option<(SessionId, FileId)> {
        let mut parts = path.splitn(3, '/');
        let (file, ticket, name) = (parts.next()?, parts.next()?, parts.next()?);
        let (session, code) = ticket.split_once('.')?;
        self.verify("/f/", &format!("{file}/{session}/{name}"), code)?;
        Some((SessionId(session.parse().ok()?), FileId(file.parse().ok()?)))
    }

    fn mac(&self, purpose: &str, rest: &str) -> Hmac<Sha256> {
        self.key.clone().chain_update(purpose).chain_update(rest)
    }

    fn code(&self, purpose: &str, rest: &str) -> String {
        hex(&self.mac(purpose, rest).finalize().into_bytes()[..CODE])
    }

    /// In constant time, so that the time of a refusal tells nothing of the right code.
    fn verify(&self, purpose: &str, rest: &str, code: &str) -> Option<()> {
        self.mac(purpose, rest).verify_truncated_left(&unhex(code)?).ok()
    }
}

/// The bytes of a code. Capital letters are refused: they would be a second spelling of one address.
fn unhex(code: &str) -> Option<[u8; CODE]> {
    let digits = code.as_bytes().as_chunks::<2>();
    if digits.0.len() != CODE || !digits.1.is_empty() {
        return None;
    }
    let mut bytes = [0; CODE];
    for (byte, pair) in bytes.iter_mut().zip(digits.0) {
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// A name as one part of a path (RFC 3986, 2.3): all but the unreserved bytes as `%xx`.
pub fn encode(name: &str) -> String {
    let mut path = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(file: u64, name: &str) -> FileInfo {
        FileInfo { file, name: name.into(), ..FileInfo::default() }
    }

    #[test]
    fn a_ticket_is_known_again_and_is_the_same_each_time() {
        let tickets = Tickets::new().unwrap();
        let upload = UploadId { session: SessionId(3), number: 7 };
        assert_eq!(tickets.upload(&tickets.upload_path(upload)[3..]), Some(upload));
        let cat = info(9, "a cat/лыжи\r\n\".jpg");
        let path = tickets.file_path(SessionId(3), &cat);
        assert_eq!(tickets.file(&path[3..]), Some((SessionId(3), FileId(9))));
        assert_eq!(path, tickets.file_path(SessionId(3), &cat));
        assert!(path.ends_with("/a%20cat%2F%D0%BB%D1%8B%D0%B6%D0%B8%0D%0A%22.jpg"), "{path}");
        assert_eq!(Tickets::new().unwrap().file(&path[3..]), None, "another server made it");
    }

    #[test]
    fn a_path_with_any_byte_changed_is_no_ticket() {
        let tickets = Tickets::new().unwrap();
        let upload = tickets.upload_path(UploadId { session: SessionId(12), number: 1 });
        let file = tickets.file_path(SessionId(12), &info(34, "map.png"));
        for path in [&upload[3..], &file[3..]] {
            for at in 0..path.len() {
                for other in (1..=0x7f_u8).chain([0]) {
                    let mut changed = path.as_bytes().to_vec();
                    if changed[at] == other {
                        continue;
                    }
                    changed[at] = other;
                    let changed = String::from_utf8(changed).unwrap();
                    assert_eq!((tickets.upload(&changed), tickets.file(&changed)), (None, None), "{changed:?}");
                }
                assert_eq!((tickets.upload(&path[..at]), tickets.file(&path[..at])), (None, None));
                assert_eq!(tickets.upload(&format!("{}0{}", &path[..at], &path[at..])), None);
                assert_eq!(tickets.file(&format!("{}0{}", &path[..at], &path[at..])), None);
            }
        }
    }

    #[test]
    fn a_ticket_for_one_purpose_is_none_for_the_other() {
        let tickets = Tickets::new().unwrap();
        let path = tickets.file_path(SessionId(1), &info(2, "x"));
        let code = path.split(['/', '.']).nth(4).unwrap();
        assert_eq!(tickets.upload(&format!("/u/2/1/x.{code}")), None);
    }
}
