//! WebSocket frames as a client of the lab writes and reads them; pure bytes, knows no dialect and no JSON.

use std::ops::Range;

/// Asks for a WebSocket. The key is no secret, and the lab need not check the proof.
pub const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: roomful.1\r\n\r\n";

const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// Set in the first byte of every whole frame, and in no byte of a line of HTTP.
const WHOLE: u8 = 0x80;
/// The mask leaves all as it is: to mask would cost the lab time, and the server takes it off all the same.
const MASK: [u8; 4] = [0; 4];

/// Puts what follows `from` into a text frame.
pub fn wrap(out: &mut Vec<u8>, from: usize) {
    let length = out.len() - from;
    out.splice(from..from, head(TEXT, length));
}

/// The answer to a ping frame.
pub fn pong(ping: &[u8]) -> Option<Vec<u8>> {
    let (&PING, payload) = (ping.first()?, ping.get(2..)?) else { return None };
    let mut frame = head(PONG, payload.len());
    frame.extend_from_slice(payload);
    Some(frame)
}

fn head(first: u8, length: usize) -> Vec<u8> {
    let mut head = vec![first];
    match u16::try_from(length) {
        Ok(short @ 0..=125) => head.push(0x80 | short.to_be_bytes()[1]),
        Ok(length) => {
            head.push(0x80 | 126);
            head.extend(length.to_be_bytes());
        }
        Err(_) => {
            head.push(0x80 | 127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head.extend(MASK);
    head
}

/// The first line of the answer to the handshake, without its end, or what the first
/// frame holds, if all of it is there; and how many bytes that took. Of a frame that
/// is no text, the header belongs to it.
#[inline]
pub fn cut(bytes: &[u8]) -> Option<(Range<usize>, usize)> {
    let first = *bytes.first()?;
    if first & WHOLE == 0 {
        return memchr::memchr(b'\n', bytes).map(|end| (0..end, end + 1));
    }
    let (head, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, usize::from(short)),
    };
    let end = head + length;
    (bytes.len() >= end).then_some((if first == TEXT { head..end } else { 0..end }, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_handshake_and_frames_are_cut_one_after_another() {
        let long = [&[0x81, 126, 0, 200][..], &[b'x'; 200]].concat();
        let bytes = [&b"HTTP/1.1 101 x\r\n\r\n\x81\x02{}\x89\x01p"[..], &long, b"\x88\x02\x03\xe8"].concat();
        let mut rest = &bytes[..];
        let mut seen = Vec::new();
        while let Some((range, used)) = cut(rest) {
            seen.push(rest[range].to_vec());
            rest = &rest[used..];
        }
        let expected: [&[u8]; 6] = [b"HTTP/1.1 101 x\r", b"\r", b"{}", b"\x89\x01p", &[b'x'; 200], b"\x88\x02\x03\xe8"];
        assert_eq!((seen, rest), (expected.map(<[u8]>::to_vec).to_vec(), &b""[..]));
        for length in [0, 1, 3, 203] {
            assert_eq!(cut(&long[..length]), None, "{length}");
        }
    }

    #[test]
    fn what_is_sent_is_masked_with_nothing() {
        let mut out = b"first".to_vec();
        out.extend(b"{}");
        wrap(&mut out, 5);
        assert_eq!(out, b"first\x81\x82\0\0\0\0{}");
        assert_eq!(pong(b"\x89\x01p").unwrap(), b"\x8a\x81\0\0\0\0p");
        assert_eq!(pong(b"{\"type\":\"ping\"}"), None);
    }
}
