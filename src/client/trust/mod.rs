//! Which server is trusted with what is said: by its key, known before or given, or by an authority. Knows nothing of the chat.
//!
//! The server is judged inside of the handshake that carries the data, so nothing
//! is ever sent to a server that is not trusted. `docs/trust.md` has the table.

mod distrust;
mod host;
mod known_hosts;
mod policy;
mod verdict;
mod verifier;
mod way;

pub use distrust::Distrust;
pub use policy::{Encryption, Security, Strangers, Trust};

pub(super) use way::{Way, forget};
