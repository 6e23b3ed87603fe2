//! The WebSocket front: for pages. The objects of the JSON front, each in a frame. Knows no HTTP but its own answer to a handshake.
//!
//! Only reading needs the state of a WebSocket, and tungstenite has it, see
//! [`reader`]. A frame to the peer needs no state: it is made once, by
//! [`crate::wire::frame`], and is the same for all sessions.

mod accept;
#[cfg(test)]
mod autobahn;
mod decoder;
mod reader;

use super::Opening;
use crate::event::Event;
use crate::model::CloseReason;
use crate::wire::frame::{self, Kind};
use crate::wire::{Delivery, Encoder, Letter, Manners, Mark, Piece, Protocol};
pub use accept::{Accepted, accept};
use decoder::WsDecoder;

/// Opens the protocol of a peer whose handshake is accepted. Its greeting is the answer to the handshake.
pub fn open(opening: &Opening<'_>, accepted: Accepted) -> Protocol {
    Protocol {
        // A page that is closed says so with a Close frame.
        manners: Manners {
            name: "websocket",
            echo: true,
            pings: true,
            hello: true,
            whole_lists: false,
            counts: false,
            end_of_input: CloseReason::Lost,
        },
        greeting: accepted.into_answer(),
        decoder: Box::new(WsDecoder::new(opening.limits)),
        encoder: Box::new(WsEncoder::default()),
    }
}

/// All that is said to a peer for which there is no room: the answer to its
/// handshake, `closing` and a Close frame. A page cannot see why a handshake
/// was refused, so it is accepted, and then the sentence can be read.
pub fn last_words(accepted: Accepted, reason: CloseReason, sentence: &str) -> Vec<u8> {
    let closing = Letter::new(Event::Closing { reason, text: sentence.into() });
    let mut words = accepted.into_answer();
    words.extend_from_slice(closing.piece(Piece::JsonFrame));
    WsEncoder::default().end(reason, &mut words);
    words
}

/// The number in the Close frame of a session that ends for this reason; none
/// if the peer hears nothing any more.
fn close_code(reason: CloseReason) -> Option<u16> {
    match reason {
        CloseReason::Quit | CloseReason::Closed => Some(1000),
        CloseReason::ServerStopped => Some(1001),
        CloseReason::NotServed => Some(1002),
        CloseReason::Failed => Some(1011),
        CloseReason::Full => Some(1013),
        CloseReason::Timeout => Some(4001),
        CloseReason::LoginTimeout => Some(4002),
        CloseReason::LoginLines => Some(4003),
        CloseReason::SlowConsumer => Some(4004),
        CloseReason::Kicked => Some(4005),
        CloseReason::Replaced => Some(4006),
        CloseReason::LoggedOut => Some(4007),
        CloseReason::Lost => None,
    }
}

/// Makes frames of events.
#[derive(Debug, Default)]
struct WsEncoder {
    /// The Close frame that the decoder wants: the answer to the peer's, or the refusal of bad frames.
    close: Option<Box<[u8]>>,
}

impl Encoder for WsEncoder {
    fn shared<'l>(&self, item: &'l Delivery) -> Option<&'l [u8]> {
        match item.letter.event() {
            Event::Ping { .. } => None,
            _ => Some(item.letter.piece(Piece::JsonFrame)),
        }
    }

    /// A browser answers a Ping frame by itself, also if the scripts of its page are held up.
    fn encode(&mut self, item: &Delivery, out: &mut Vec<u8>) {
        if let Event::Ping { token } = item.letter.event() {
            out.extend(frame::frame(Kind::Ping, token.as_bytes()));
        }
    }

    fn mark(&mut self, mark: Mark, _out: &mut Vec<u8>) {
        self.close = mark.what.downcast().ok().map(|close| *close);
    }

    fn end(&mut self, reason: CloseReason, out: &mut Vec<u8>) {
        match (self.close.take(), close_code(reason)) {
            (Some(close), _) => out.extend_from_slice(&close),
            (None, Some(code)) => out.extend(frame::close(code, reason.code())),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_ping_becomes_a_ping_frame_and_all_else_is_shared() {
        let mut encoder = WsEncoder::default();
        let item = |event| Delivery::of(&Arc::new(Letter::new(event)));
        let ping = item(Event::Ping { token: "90250".into() });
        assert_eq!(encoder.shared(&ping), None);
        let mut out = Vec::new();
        encoder.encode(&ping, &mut out);
        assert_eq!(out, b"\x89\x0590250");
        let notice = item(Event::Closing { reason: CloseReason::Quit, text: "bye".into() });
        let shared = encoder.shared(&notice).unwrap();
        let json = notice.letter.piece(Piece::Json);
        assert_eq!(shared[2..], json[..json.len() - 1]);
        assert_eq!(encoder.shared(&notice).unwrap().as_ptr(), shared.as_ptr(), "encoded once");
    }

    #[test]
    fn each_reason_that_can_be_said_has_a_number_of_its_own() {
        let codes: Vec<u16> = CloseReason::ALL.into_iter().filter_map(close_code).collect();
        let different: HashSet<&u16> = codes.iter().collect();
        // `quit` and `closed` are both an orderly end.
        assert_eq!(different.len(), codes.len() - 1);
    }

    /// On failure: reasons and numbers, left on the page about the protocol and right in the code.
    #[test]
    fn each_number_is_on_the_page_about_the_protocol_with_its_reason() {
        let page = include_str!("../../../docs/protocol.md");
        let table = page.split_once("| number | reason | |").expect("the table of numbers").1;
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let told = rows.flat_map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let named = cells[1].split(" · ").zip(cells[2].split(" · ")).filter(|(_, reason)| *reason != "–");
            named.map(|(number, reason)| (number.to_owned(), reason.trim_matches('`').to_owned())).collect::<Vec<_>>()
        });
        // No server says these at the end of a WebSocket that it serves: `closed` repeats the number of the
        // client, a slow consumer is cut, and a protocol that is not served is no WebSocket.
        let silent = [CloseReason::Closed, CloseReason::SlowConsumer, CloseReason::NotServed];
        let said = CloseReason::ALL.into_iter().filter(|reason| !silent.contains(reason));
        let mut said: Vec<_> =
            said.filter_map(|reason| Some((close_code(reason)?.to_string(), reason.code().to_owned()))).collect();
        said.sort();
        assert_eq!(told.collect::<Vec<_>>(), said);
    }

    #[test]
    fn what_the_decoder_wants_said_last_is_said_instead_of_the_reason() {
        let mut encoder = WsEncoder::default();
        let mut out = Vec::new();
        encoder.mark(Mark::new(frame::close(1009, "too long").into_boxed_slice(), 12), &mut out);
        encoder.end(CloseReason::Lost, &mut out);
        assert_eq!(out, frame::close(1009, "too long"));
    }
}
