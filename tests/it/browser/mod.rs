//! The page in Chromium: how it is driven, and what must be seen. Knows no socket.

/// The one Chromium, and its pipe.
mod chromium;
/// Keys as a keyboard sends them.
mod keys;
/// A small HTTP server, for pages that misbehave.
mod shop;
/// One tab, and the person before it.
mod tab;
/// What no page ever does.
mod watch;

/// Chromium itself: that a test would see what it looks for.
mod harness;
