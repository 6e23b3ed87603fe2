//! IRC: clients of it as programs, and as bytes. Knows no other front.

/// irssi and WeeChat, on a terminal.
#[cfg(target_os = "linux")] // they are installed by scripts/test.sh there
mod clients;
/// What each command is answered, and how it is refused.
mod commands;
/// Masks of bans.
mod masks;
/// A port of its own, names, and the page.
mod outside;
/// From the first line to the welcome.
mod registration;
/// What is told, with other sessions and other fronts beside.
mod told;
