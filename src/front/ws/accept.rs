//! The answer to the handshake of a WebSocket (RFC 6455, 4.2). Knows header fields, not where they come from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// The subprotocol: JSON as `docs/protocol.md` describes it.
const SUBPROTOCOL: &str = "roomful.1";

/// A handshake that is accepted; it is still to be answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    answer: Vec<u8>,
}

impl Accepted {
    /// The answer, `101 Switching Protocols`. What follows it is frames.
    pub fn into_answer(self) -> Vec<u8> {
        self.answer
    }
}

/// A request that is no handshake that we can accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It does not ask for a WebSocket: status 426.
    NoUpgrade,
    /// The version is not 13: status 400.
    Version,
    /// There is no key, or it has not 16 bytes: status 400.
    Key,
    /// It asks for subprotocols, but not for ours: status 400.
    Subprotocol,
}

impl Refusal {
    /// The status of the answer.
    pub fn status(self) -> u16 {
        match self {
            Refusal::NoUpgrade => 426,
            Refusal::Version | Refusal::Key | Refusal::Subprotocol => 400,
        }
    }

    /// What was wrong, and what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Refusal::NoUpgrade => {
                "This address is for WebSockets: ask with \"Connection: Upgrade\" and \"Upgrade: websocket\"."
            }
            Refusal::Version => "This server speaks version 13 of WebSocket: ask with \"Sec-WebSocket-Version: 13\".",
            Refusal::Key => "Sec-WebSocket-Key must be 16 bytes in base64, once.",
            Refusal::Subprotocol => "This server speaks the subprotocol roomful.1, or none: ask for it, or for none.",
        }
    }
}

/// Checks a handshake. `values` gives all values of the header field whose name, in small letters, it is asked for.
///
/// # Errors
/// What is wrong with it.
pub fn accept<'h, V>(values: impl Fn(&'static str) -> V) -> Result<Accepted, Refusal>
where
    V: IntoIterator<Item = &'h str>,
{
    let once = |name| {
        let mut all = values(name).into_iter();
        all.next().filter(|_| all.next().is_none()).map(str::trim_ascii)
    };
    let has = |name, wanted: &str| words(values(name)).any(|word| word.eq_ignore_ascii_case(wanted));
    if !has("upgrade", "websocket") || !has("connection", "upgrade") {
        return Err(Refusal::NoUpgrade);
    }
    if once("sec-websocket-version") != Some("13") {
        return Err(Refusal::Version);
    }
    let key = once("sec-websocket-key").ok_or(Refusal::Key)?;
    if STANDARD.decode(key).ok().is_none_or(|bytes| bytes.len() != 16) {
        return Err(Refusal::Key);
    }
    let asked = || words(values("sec-websocket-protocol"));
    let subprotocol = match asked().any(|word| word == SUBPROTOCOL) {
        true => "Sec-WebSocket-Protocol: roomful.1\r\n",
        false if asked().next().is_none() => "",
        false => return Err(Refusal::Subprotocol),
    };
    let proof = proof(key);
    // No extension is ever accepted: `permessage-deflate` would need the state of each peer to write to it.
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
    let answer = [head, "\r\nSec-WebSocket-Accept: ", &proof, "\r\n", subprotocol, "\r\n"];
    Ok(Accepted { answer: answer.concat().into_bytes() })
}

/// The words of a list with commas, which may be over several fields.
fn words<'h>(values: impl IntoIterator<Item = &'h str>) -> impl Iterator<Item = &'h str> {
    let words = values.into_iter().flat_map(|value| value.split(','));
    words.map(str::trim_ascii).filter(|word| !word.is_empty())
}

/// Proves to the peer that its handshake was understood, and is no old answer.
fn proof(key: &str) -> String {
    const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("upgrade", "websocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ];

    fn answer(fields: &[(&str, &str)]) -> Result<String, Refusal> {
        let values = |name| fields.iter().filter(move |(own, _)| *own == name).map(|(_, value)| *value);
        accept(values).map(|accepted| String::from_utf8(accepted.into_answer()).unwrap())
    }

    /// With the field `name` once more, or with `value` instead of it.
    fn with(name: &'static str, value: &'static str) -> Result<String, Refusal> {
        let mut fields: Vec<_> = GOOD.into_iter().filter(|(own, _)| *own != name).collect();
        fields.push((name, value));
        answer(&fields)
    }

    /// The key and the proof are those of RFC 6455, 1.3.
    #[test]
    fn a_good_handshake_is_accepted_with_the_proof_of_the_standard() {
        let answer = answer(&GOOD).unwrap();
        let (status, fields) = answer.split_once("\r\n").unwrap();
        assert_eq!(status, "HTTP/1.1 101 Switching Protocols");
        assert!(fields.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{fields}");
        assert!(!fields.contains("Protocol:") && fields.ends_with("\r\n\r\n"), "{fields}");
    }

    #[test]
    fn our_subprotocol_is_repeated_and_another_alone_refused() {
        for asked in ["roomful.1", "chat, roomful.1", " roomful.1 ,superchat"] {
            let answer = with("sec-websocket-protocol", asked).unwrap();
            assert!(answer.contains("\r\nSec-WebSocket-Protocol: roomful.1\r\n"), "{asked}");
        }
        for asked in ["chat", "roomful.2", "Roomful.1", "roomful.1x"] {
            assert_eq!(with("sec-websocket-protocol", asked), Err(Refusal::Subprotocol), "{asked}");
        }
        assert!(with("sec-websocket-protocol", "").is_ok());
    }

    #[test]
    fn extensions_are_not_accepted() {
        let answer = with("sec-websocket-extensions", "permessage-deflate; client_max_window_bits").unwrap();
        assert!(!answer.to_lowercase().contains("extensions"));
    }

    #[test]
    fn what_is_no_handshake_is_refused_with_a_status() {
        for (name, value, refusal) in [
            ("upgrade", "h2c", Refusal::NoUpgrade),
            ("connection", "close", Refusal::NoUpgrade),
            ("sec-websocket-version", "8", Refusal::Version),
            ("sec-websocket-version", "", Refusal::Version),
            ("sec-websocket-key", "", Refusal::Key),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ", Refusal::Key),
            ("sec-websocket-key", "AAAA", Refusal::Key),
        ] {
            assert_eq!(with(name, value), Err(refusal), "{name}: {value}");
        }
        let twice = [&GOOD[..], &[GOOD[2]]].concat();
        assert_eq!(answer(&twice), Err(Refusal::Key));
        assert_eq!(answer(&[]), Err(Refusal::NoUpgrade));
        assert_eq!(Refusal::NoUpgrade.status(), 426);
    }
}
