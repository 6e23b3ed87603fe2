//! The ways in: one file a front. Knows what is served and how to say no to the rest; not what a session does.

mod json;
mod line;

use crate::net::sniff::Kind;
use crate::session::Front;

/// Opens the front for what a connection speaks.
///
/// # Errors
/// What is not served yet gets a sentence in its own protocol, as bytes to send.
pub fn open(kind: Kind) -> Result<Box<dyn Front>, Vec<u8>> {
    match kind {
        Kind::Json => Ok(Box::new(json::JsonFront)),
        Kind::Line => Ok(Box::<line::LineFront>::default()),
        Kind::Http => Err(http_refusal()),
        Kind::Irc => {
            Err(b"ERROR :This server does not speak IRC. Connect with nc or telnet, or with chat-client.\r\n".to_vec())
        }
        Kind::Tls => Err(TLS_REFUSAL.to_vec()),
    }
}

/// RFC 8446, 6: an alert record, TLS 1.2 on the wire, two bytes: fatal, protocol version.
const TLS_REFUSAL: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46];

fn http_refusal() -> Vec<u8> {
    let body = "This is a chat server, and it serves no page. Connect with nc, telnet or chat-client.\n";
    format!(
        "HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
