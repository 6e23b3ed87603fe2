//! The ways in: one file a front. Knows what is served and how to say no to the rest; not what a session does.

mod json;
mod line;
mod stranger;

use crate::net::sniff::Kind;
use crate::session::Front;

/// Opens the front for what a connection speaks.
///
/// # Errors
/// What is not served gets a sentence in its own protocol, as bytes to send.
pub fn open(kind: Kind) -> Result<Box<dyn Front>, Vec<u8>> {
    match kind {
        Kind::Json => Ok(Box::new(json::JsonFront)),
        Kind::Line => Ok(Box::<line::LineFront>::default()),
        other => Err(stranger::refusal(other)),
    }
}
