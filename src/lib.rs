//! Roomful: a chat server with a thread for every person in the room.

pub mod chat;
pub mod command;
pub mod error;
pub mod event;
pub mod limits;
pub mod names;
pub mod net;
pub mod wire;
