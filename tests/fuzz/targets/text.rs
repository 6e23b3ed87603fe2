//! Any text: its pieces are short, of one line each, and together the whole; what is left of its formatting is a part of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomful::wire::irc::{packed, pieces, plain, text};

fuzz_target!(|data: (u8, &str)| {
    let (most, said) = data;
    let most = usize::from(most).max(4);
    let all: Vec<&str> = pieces(said, most).collect();
    assert_eq!(all.concat(), said.replace(['\r', '\n'], ""));
    assert!(all.iter().all(|piece| !piece.is_empty() && piece.len() <= most));

    let left = plain(said);
    assert!(left.len() <= said.len() && !left.contains(['\u{2}', '\u{3}', '\u{f}']));
    let _ = text(said);

    let words = || said.split(' ').filter(|word| !word.is_empty());
    let lines: Vec<String> = packed(words(), most, 15).collect();
    assert!(lines.iter().all(|line| line.len() <= most || !line.contains(' ')));
    assert!(words().eq(lines.iter().flat_map(|line| line.split(' '))));
});
