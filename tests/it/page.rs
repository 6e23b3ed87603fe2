//! The page in a real browser, headless: what a person sees, types, clicks, and hears from a screen reader.
//!
//! A binary of its own, because it runs after the others: a browser beside them
//! would take the time that they measure, and they the time that it measures.
//! No test waits by the clock: it waits for something that is seen in the page.

#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

/// Tabs of a headless Chromium, and people before them.
mod browser;

/// What the client's tests need.
#[allow(dead_code, unused_imports)] // the other binary uses the rest
mod client_support;
/// What the server program's tests need.
#[allow(dead_code, unused_imports)] // the other binary uses the rest
mod server_support;
/// A server that must leave nothing behind, and peers that give up after 5 s.
#[allow(dead_code, unused_imports)] // the other binary uses the rest
mod support;
