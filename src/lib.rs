//! Roomful: a chat server with a thread for every person in the room.
//!
//! Read `docs/architecture.md` first; then, from the inside out, [`chat`] (who
//! hears what, one lock), [`net`] (a thread for every connection), [`session`]
//! (one peer's life), [`front`] (the ways in), and [`server`], which puts them
//! together.

pub mod actor;
pub mod answer;
pub mod chat;
pub mod client;
pub mod cloak;
pub mod command;
pub mod config;
pub mod console;
pub mod ctl;
pub mod error;
pub mod event;
pub mod front;
pub mod limits;
pub mod model;
pub mod names;
pub mod net;
pub mod process;
pub mod qr;
pub mod record;
pub mod server;
pub mod session;
pub mod store;
pub mod terminal;
pub mod tls;
pub mod turns;
pub mod wire;
pub mod wording;
