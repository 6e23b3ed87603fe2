//! Everything a client or a person can see, over real sockets on port 0 and real terminals.
//!
//! One binary, so that it is linked once. Each test is called by the sentence
//! it proves, and cites what it proves: a page and command, or a lab report
//! and its number (`D13`), as `features.md` lists them. Nobody sleeps here: a
//! peer that must hear nothing says `ping` and hears nothing before the answer.

#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

/// A server that must leave nothing behind, and peers that give up after 5 s.
mod support;

/// Lines that mean nothing to the JSON front, and what is answered.
mod bad_json;
/// Who may come in: how many, and how often.
mod door;
/// How bytes become lines: whole, in pieces, glued, too long, binary.
mod framing;
/// How sessions end, and what the others hear of it.
mod leaving;
/// The same for those who come with `nc` and telnet.
mod line_front;
/// Taking a name: offered, refused, in time.
mod login;
/// One order for all, without gap or double, whatever the others do.
mod order;
/// Too fast for `rate`.
mod rate;
/// Coming back on a new connection.
mod resume;
/// `roomful::net` without the chat.
mod service;
/// Readers that are slow, dripping or deaf.
mod slow;
/// Who is taken for what by their first bytes, and what is not served.
mod sniffing;
/// The end of the server: farewells, threads, the port.
mod stopping;
/// What people do with one another: rooms, private lines, topics, history.
mod talk;
/// Threads counted by name, in a process of their own.
mod threads;

/// The client as a filter, and its exit codes.
mod client;
/// The client as a library: no terminal.
mod client_library;
/// A cut in the middle, between client and server.
mod client_relay;
/// What the client's tests need.
mod client_support;
/// What a person sees and types, on a pseudo-terminal.
mod client_terminal;

/// The server program: how it starts and how it ends.
mod server_binary;
/// What the operator sees of it and types into it.
mod server_console;
/// A server where descriptors run out.
mod server_descriptors;
/// What the server program's tests need.
mod server_support;

/// The pages name what the code has, and the code has what they name.
mod docs;
/// How the code is laid out: layers, first lines, left-overs.
mod tidy;
