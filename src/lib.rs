//! Roomful: a chat server with a thread for every person in the room.

pub mod chat;
pub mod client;
pub mod command;
pub mod config;
pub mod console;
pub mod error;
pub mod event;
pub mod front;
pub mod limits;
pub mod names;
pub mod net;
pub mod server;
pub mod session;
pub mod terminal;
pub mod wire;
