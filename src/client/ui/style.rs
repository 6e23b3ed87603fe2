//! Colours: which words get which. Knows no sentences.

use std::fmt::Display;

use anstyle::{AnsiColor, Color, Style};

use crate::client::keys::nick_key;
use crate::names;

/// Colours for nicks. Red is left to refusals, black and white to the page.
const PALETTE: [AnsiColor; 10] = [
    AnsiColor::Green,
    AnsiColor::Yellow,
    AnsiColor::Blue,
    AnsiColor::Magenta,
    AnsiColor::Cyan,
    AnsiColor::BrightGreen,
    AnsiColor::BrightYellow,
    AnsiColor::BrightBlue,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightCyan,
];

/// A number that stays with a nick, whatever its case, on every machine and
/// in every front: FNV-1a over the bytes of its key. Taken modulo the size of
/// a palette, it is the nick's colour there.
///
/// ```
/// use roomful::client::ui::nick_hash;
///
/// assert_eq!(nick_hash("Анна"), nick_hash("анна"));
/// assert_eq!(nick_hash("anna"), 0xc9cc_e27b);
/// ```
pub fn nick_hash(nick: &str) -> u32 {
    nick_key(nick).bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Puts colours in, if they are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brush {
    colour: bool,
}

impl Brush {
    pub fn new(colour: bool) -> Brush {
        Brush { colour }
    }

    fn put(self, style: Style, text: impl Display) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    /// A person's name, made safe to stand in a line.
    pub fn nick(self, nick: &str) -> String {
        let colour = PALETTE[nick_hash(nick) as usize % PALETTE.len()];
        self.put(Style::new().fg_color(Some(Color::Ansi(colour))), safe(nick))
    }

    /// The person's own name.
    pub fn own(self, nick: &str) -> String {
        self.put(Style::new().bold(), safe(nick))
    }

    pub fn bold(self, text: impl Display) -> String {
        self.put(Style::new().bold(), text)
    }

    /// What no person has said.
    pub fn dim(self, text: impl Display) -> String {
        self.put(Style::new().dimmed(), text)
    }

    /// What went wrong.
    pub fn wrong(self, text: impl Display) -> String {
        self.put(Style::new().fg_color(Some(Color::Ansi(AnsiColor::Red))), text)
    }
}

/// A name from outside, cleaned once more, so that it cannot reverse the line.
pub(super) fn safe(name: &str) -> String {
    names::isolate(&names::clean(name)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lab report B, 15: every client that colours nicks computes these numbers, on every machine.
    #[test]
    fn b15_a_name_has_the_same_colour_everywhere_and_whatever_its_case() {
        for (nick, hash, colour) in [
            ("anna", 0xc9cc_e27b, AnsiColor::BrightCyan),
            ("Boris", 0xdebf_798c, AnsiColor::Cyan),
            ("Анна", 0x734d_d12d, AnsiColor::Yellow),
        ] {
            assert_eq!(nick_hash(nick), hash, "{nick}: {:#x}", nick_hash(nick));
            assert_eq!(PALETTE[hash as usize % PALETTE.len()], colour, "{nick}");
        }
        assert_eq!(nick_hash("ANNA"), nick_hash("anna"));
        assert_ne!(nick_hash("anna"), nick_hash("anna2"));
    }

    /// The page computes them in another language; `node --test` reads the same file.
    #[test]
    fn the_colours_and_keys_of_names_of_all_scripts_are_those_of_the_page() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../../../tests/page/names.json")).unwrap();
        let names = vectors["names"].as_array().unwrap();
        for name in names {
            let (nick, key) = (name[0].as_str().unwrap(), name[1].as_str().unwrap());
            assert_eq!(nick_key(nick), key, "{nick}");
            assert_eq!(u64::from(nick_hash(nick) % 10), name[2].as_u64().unwrap(), "{nick}");
        }
        assert!(names.len() >= 2_000, "{}", names.len());
    }

    #[test]
    fn without_colours_nothing_is_put_in() {
        let brush = Brush::new(false);
        assert_eq!(brush.nick("anna") + &brush.dim("x") + &brush.wrong("y"), "annaxy");
        assert_eq!(brush.nick("a\u{1b}[31m"), "a[31m");
    }
}
