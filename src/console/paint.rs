//! Colours of the operator's screen. Knows how a line begins, and not what it means.

use anstyle::{AnsiColor, Color, Style};

/// Puts colours in, if they are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// With colours or without.
    pub fn new(colour: bool) -> Paint {
        Paint(colour)
    }

    /// What happened, after the time: the time is dim, trouble is red, a
    /// person that comes is green, and a person that leaves is dim. Further lines
    /// stand under the first.
    pub fn news(self, time: &str, text: &str) -> String {
        let under = format!("\n{}", " ".repeat(time.len() + 1));
        format!("{} {}", self.put(Style::new().dimmed(), time), self.line(&text.replace('\n', &under)))
    }

    /// One line of an answer, or several: trouble is red.
    pub fn line(self, text: &str) -> String {
        let colour = |colour| Style::new().fg_color(Some(Color::Ansi(colour)));
        match text.split_once(' ').map(|(sign, _)| sign) {
            Some("!") => self.put(colour(AnsiColor::Red), text),
            Some("+") => self.put(colour(AnsiColor::Green), text),
            Some("-") => self.put(Style::new().dimmed(), text),
            _ => text.to_owned(),
        }
    }

    fn put(self, style: Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_coloured_by_its_sign_and_without_colours_nothing_is_put_in() {
        assert_eq!(Paint::new(true).news("12:00:00", "! no"), "\u{1b}[2m12:00:00\u{1b}[0m \u{1b}[31m! no\u{1b}[0m");
        assert_eq!(Paint::new(true).line("+ anna"), "\u{1b}[32m+ anna\u{1b}[0m");
        assert_eq!(Paint::new(true).line("!no sign"), "!no sign");
        assert_eq!(Paint::new(false).news("12:00:00", "! no"), "12:00:00 ! no");
    }
}
