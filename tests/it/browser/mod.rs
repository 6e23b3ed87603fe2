//! The page in Chromium: how it is driven, and what must be seen. Knows no socket.

/// Says to a page what no server of ours says.
mod between;
/// The one Chromium, and its pipe.
mod chromium;
/// Keys as a keyboard sends them.
mod keys;
/// A small HTTP server, for pages that misbehave.
mod shop;
/// A server, and people before its page.
mod site;
/// One tab, and the person before it.
mod tab;
/// Texts that must do nothing.
mod vectors;
/// What no page ever does.
mod watch;

/// Chromium itself: that a test would see what it looks for.
mod harness;

/// What a screen reader says, and the keyboard.
mod aloud;
/// axe-core.
mod axe;
/// Before a class.
mod beamer;
/// Times and sizes.
mod budget;
/// Too slow, full, another version.
mod ended;
/// Files.
mod files;
/// Coming in: names, passwords, refusals.
mod gate;
/// A hostile server.
mod hostile;
/// Clipboard, notifications, a newer page.
mod life;
/// Sizes, colours, beamer.
mod looks;
/// The way to the server is lost, and found again.
mod losing;
/// What others do to a person.
mod moderated;
/// Files that are two things at once.
mod strange;
/// Several tabs.
mod tabs;
/// Talking: order, history, unread lines.
mod talking;
/// Commands that are typed, and texts that would be a script.
mod typed;
