//! The colours of the page, and whether each can be read on each ground it stands on. Knows only the tokens in its style.

use std::collections::BTreeMap;
use std::fs;

use super::root;

/// What text lies on: the page, its bars, what is raised, own lines, mentions and warnings.
const GROUNDS: [&str; 5] = ["bg", "bar", "raised", "own", "mention"];

/// WCAG 2.2, 1.4.3 for text, and 1.4.11 for the edges of what is used.
const TEXT: f64 = 4.5;
const EDGE: f64 = 3.0;

/// The two themes, by their place in `light-dark(…)`.
const THEMES: [&str; 2] = ["light", "dark"];

/// Red, green, blue.
type Colour = [u8; 3];

/// `--name: light-dark(#rrggbb, #rrggbb)`, for both themes.
fn tokens() -> BTreeMap<String, [Colour; 2]> {
    let style = fs::read_to_string(root().join("page/style.css")).expect("the style of the page");
    let mut tokens = BTreeMap::new();
    for declared in style.split("--").skip(1) {
        let Some((name, rest)) = declared.split_once(": light-dark(") else { continue };
        let (colours, _) = rest.split_once(')').expect("an end");
        let mut both = colours.split(',').map(|colour| read(colour.trim()));
        let both = [both.next().flatten(), both.next().flatten()].map(|colour| colour.expect("#rrggbb"));
        assert!(tokens.insert(name.to_owned(), both).is_none(), "--{name} is there twice");
    }
    tokens
}

fn read(colour: &str) -> Option<Colour> {
    let number = u32::from_str_radix(colour.strip_prefix('#')?, 16).ok().filter(|_| colour.len() == 7)?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

/// Relative luminance, as WCAG defines it.
fn luminance(colour: Colour) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    f64::max(one / other, other / one)
}

#[test]
fn black_on_white_is_21_to_1() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
    assert!((contrast([0x76; 3], [255; 3]) - 4.54).abs() < 0.005);
}

#[test]
fn every_colour_of_text_can_be_read_on_every_ground() {
    let tokens = tokens();
    let nicks: Vec<String> = (0..10).map(|number| format!("c{number}")).collect();
    let texts = ["text", "dim", "accent", "ok", "warn", "bad"].into_iter().chain(nicks.iter().map(String::as_str));
    let mut low = Vec::new();
    for (text, least) in texts.map(|text| (text, TEXT)).chain([("edge", EDGE)]) {
        for ground in GROUNDS {
            for (theme, name) in THEMES.iter().enumerate() {
                let ratio = contrast(tokens[text][theme], tokens[ground][theme]);
                if ratio < least {
                    low.push(format!("{text} on {ground}, {name}: {ratio:.2}, and {least} is the least"));
                }
            }
        }
    }
    assert!(low.is_empty(), "{low:#?}");
}

/// The button and the badge: the ground's colour on the accent.
#[test]
fn what_stands_on_the_accent_can_be_read() {
    let tokens = tokens();
    for (theme, name) in THEMES.iter().enumerate() {
        assert!(contrast(tokens["bg"][theme], tokens["accent"][theme]) >= TEXT, "{name}");
    }
}

/// A nick is told from its neighbours by more than its colour; still, no two colours are the same.
#[test]
fn no_two_colours_of_nicks_are_the_same() {
    let tokens = tokens();
    for (theme, name) in THEMES.iter().enumerate() {
        let mut colours: Vec<Colour> = (0..10).map(|number| tokens[&format!("c{number}")][theme]).collect();
        colours.sort_unstable();
        colours.dedup();
        assert_eq!(colours.len(), 10, "{name}");
    }
}
