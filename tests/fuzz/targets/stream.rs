//! Any bytes, in any pieces: no panic, and the same lines as in one piece.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomful::wire::irc::{Framed, LINE_BYTES, Stream, TAG_BYTES};

/// The lines, and whether each is UTF-8; nothing for one that is too long.
fn read<'p>(pieces: impl Iterator<Item = &'p [u8]>) -> Vec<Option<(bool, String)>> {
    let mut stream = Stream::default();
    let mut lines = Vec::new();
    let own = |framed: Framed<'_>| match framed {
        Framed::Line(line) => Some((true, line.into_owned())),
        Framed::NotUtf8(line) => Some((false, line)),
        Framed::TooLong => None,
    };
    for mut piece in pieces {
        while let Some(framed) = stream.next(&mut piece) {
            lines.push(own(framed));
        }
    }
    lines.extend(stream.finish().map(own));
    lines
}

fuzz_target!(|data: (u16, &[u8])| {
    let (size, bytes) = data;
    let whole = read(std::iter::once(bytes));
    for (is_utf8, line) in whole.iter().flatten() {
        assert!(!is_utf8 || line.len() <= TAG_BYTES + LINE_BYTES && !line.contains(['\r', '\n', '\0']));
    }
    assert_eq!(read(bytes.chunks(usize::from(size).max(1))), whole);
});
