//! The school: the checker, the stairs, the broken servers and the exercises, tried with real processes.
//!
//! A binary of its own, because the checker loads the machine, and other tests should not run beside it.

#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

/// `chat-lab check` and `chat-lab grade`.
mod check;
/// What the client's tests need.
#[allow(dead_code, unused_imports)] // the other binary uses the rest
mod client_support;
/// `chat-lab demo`: all of them, and the split screen.
#[cfg(target_os = "linux")] // /proc
mod demo;
/// Exercises: what each page must have.
mod exercises;
/// What the server program's tests need.
#[allow(dead_code, unused_imports)] // the other binary uses the rest
mod server_support;
/// Exercises, done: starters that break and solutions that keep.
#[cfg(target_os = "linux")] // /proc and rustc
mod solved;
/// The stairs and the broken servers: their lengths, their differences, and their lessons.
mod stairs;
/// A server that must leave nothing behind, and peers that give up after 5 s.
#[allow(dead_code, unused_imports)] // the other binary uses the rest
mod support;
/// What the pages show of the checker.
#[cfg(target_os = "linux")] // /proc
mod transcripts;
/// Programs whose threads are looked at from outside, as `chat-lab watch` does.
#[cfg(target_os = "linux")] // /proc
mod watch;
