//! A text as a picture that phones read: for a terminal and for the page. Knows no address and no screen.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// The light frame that a reader needs to find the code, in modules.
const QUIET: i32 = 4;
/// Black on white, from the part of the palette that themes do not change: a code in other colours, or white on black, is not read by every phone.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

/// A code of a text. It can be read if up to 15 % of it is hidden.
#[derive(Clone)]
pub struct Qr(QrCode);

impl Qr {
    /// The code of `text`; `None` if it is longer than a code can be, which is 2,331 bytes.
    pub fn of(text: &str) -> Option<Qr> {
        QrCode::encode_text(text, QrCodeEcc::Medium).ok().map(Qr)
    }

    /// Columns that [`Qr::blocks`] fills; it fills half as many rows.
    pub fn width(&self) -> usize {
        usize::try_from(self.0.size() + 2 * QUIET).unwrap_or(0)
    }

    /// Lines for a terminal: two modules in one character, with their colours.
    pub fn blocks(&self) -> Vec<String> {
        let all = -QUIET..self.0.size() + QUIET;
        let row = |y: i32| {
            let modules = all.clone().map(|x| match (self.0.get_module(x, y), self.0.get_module(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
            format!("{BLACK_ON_WHITE}{}{RESET}", modules.collect::<String>())
        };
        all.clone().step_by(2).map(row).collect()
    }

    /// A picture for a page: black on white, as large as its box.
    pub fn svg(&self) -> String {
        let size = self.0.size() + 2 * QUIET;
        let mut path = String::new();
        for y in 0..self.0.size() {
            for x in (0..self.0.size()).filter(|x| self.0.get_module(*x, y)) {
                // Writing to a String never fails.
                let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0,0h{size}v{size}h-{size}z\"/><path fill=\"#000\" d=\"{path}\"/></svg>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader finds in a picture of which the pixel at a column and a row is black.
    fn read(size: usize, is_black: impl Fn(usize, usize) -> bool) -> String {
        const SCALE: usize = 4;
        let pixel = |x, y| if is_black(x / SCALE, y / SCALE) { 0 } else { 255 };
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(size * SCALE, size * SCALE, pixel);
        picture.detect_grids().first().expect("a code is seen").decode().expect("it can be read").1
    }

    #[test]
    fn what_a_phone_reads_on_the_terminal_is_the_text() {
        for text in ["http://192.168.1.5:7667/", "http://[2001:db8::1]:7667/#%D0%BB%D1%8B%D0%B6%D0%B8", "a"] {
            let code = Qr::of(text).unwrap();
            let lines: Vec<Vec<char>> = code
                .blocks()
                .iter()
                .map(|line| {
                    let inside = line.strip_prefix(BLACK_ON_WHITE).and_then(|line| line.strip_suffix(RESET));
                    inside.expect("black on white, and nothing after it").chars().collect()
                })
                .collect();
            assert!(lines.iter().all(|line| line.len() == code.width()));
            let module = |x: usize, y: usize| match lines[y / 2][x] {
                '█' => true,
                '▀' => y % 2 == 0,
                '▄' => y % 2 == 1,
                _ => false,
            };
            assert_eq!(read(code.width(), |x, y| y / 2 < lines.len() && module(x, y)), text);
        }
    }

    #[test]
    fn what_a_phone_reads_on_the_page_is_the_text() {
        let text = "http://192.168.1.5:7667/#lab4";
        let code = Qr::of(text).unwrap();
        let svg = code.svg();
        let (_, path) = svg.rsplit_once(" d=\"").unwrap();
        let black: Vec<(usize, usize)> = path
            .split('M')
            .filter_map(|square| square.split_once("h1v1h-1z")?.0.split_once(','))
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect();
        assert_eq!(read(code.width(), |x, y| black.contains(&(x, y))), text);
    }

    #[test]
    fn a_code_has_a_frame_of_four_modules() {
        let lines = Qr::of("http://192.168.1.5:7667/").unwrap().blocks();
        let blank = format!("{BLACK_ON_WHITE}{}{RESET}", " ".repeat(25 + 8));
        assert_eq!((&lines[0], &lines[1]), (&blank, &blank));
        assert!(lines.iter().all(|line| line.contains("m    ") && line.contains("    \x1b[0m")));
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert!(Qr::of(&"x".repeat(2_331)).is_some());
        assert!(Qr::of(&"x".repeat(2_332)).is_none());
    }
}
