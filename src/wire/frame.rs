//! WebSocket frames as a server writes them: whole, and not masked (RFC 6455, 5.2). Knows no sessions; frames of clients are read elsewhere.
//!
//! ```
//! use roomful::wire::frame::{Kind, frame};
//!
//! assert_eq!(frame(Kind::Ping, b"hi"), [0x89, 2, b'h', b'i']);
//! ```

/// The kinds of frames that a server sends, with their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A JSON object.
    Text = 1,
    /// The last frame.
    Close = 8,
    /// Asks for a sign of life.
    Ping = 9,
}

/// The longest header, in bytes.
pub const HEAD: usize = 10;

/// The most bytes that a frame other than a text may have after its header.
pub const LONGEST_CONTROL: usize = 125;

/// One whole frame.
pub fn frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let (head, size) = head(kind, payload.len());
    [&head[HEAD - size..], payload].concat()
}

/// A Close frame with a number and words. Words that are too long are cut.
pub fn close(code: u16, words: &str) -> Vec<u8> {
    let most = words.floor_char_boundary(LONGEST_CONTROL - 2);
    frame(Kind::Close, &[&code.to_be_bytes(), &words.as_bytes()[..most]].concat())
}

/// Writes the header of a text frame into the first [`HEAD`] bytes of `bytes`, close
/// before the text that follows them. The last byte, a line ending, is not part of the frame.
pub fn put_head(bytes: &mut [u8]) {
    let length = text_length(bytes);
    bytes[..HEAD].copy_from_slice(&head(Kind::Text, length).0);
}

/// The frame in `bytes`, which [`put_head`] has seen.
pub fn framed(bytes: &[u8]) -> &[u8] {
    let length = text_length(bytes);
    &bytes[HEAD - head_size(length)..HEAD + length]
}

fn text_length(bytes: &[u8]) -> usize {
    bytes.len() - HEAD - 1
}

/// A header, and its size: it is at the end of the bytes.
fn head(kind: Kind, length: usize) -> ([u8; HEAD], usize) {
    const FINAL: u8 = 0x80;
    let (mut bytes, size) = ([0; HEAD], head_size(length));
    let head = &mut bytes[HEAD - size..];
    // Eight bytes hold every length; the shorter forms are their ends.
    let length = (length as u64).to_be_bytes();
    head[0] = FINAL | kind as u8;
    match size {
        2 => head[1] = length[7],
        4 => {
            head[1] = 126;
            head[2..].copy_from_slice(&length[6..]);
        }
        _ => {
            head[1] = 127;
            head[2..].copy_from_slice(&length);
        }
    }
    (bytes, size)
}

fn head_size(length: usize) -> usize {
    match length {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => HEAD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        for (length, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (0xffff, &[0x81, 126, 0xff, 0xff]),
            (0x1_0000, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let text = vec![b'x'; length];
            let expected = [head, &text].concat();
            assert_eq!(frame(Kind::Text, &text), expected, "{length}");
            let mut line = [&[0; HEAD][..], &text, b"\n"].concat();
            put_head(&mut line);
            assert_eq!(framed(&line), expected, "{length}");
            assert_eq!(line[HEAD..], [&text[..], b"\n"].concat(), "the line is as it was");
        }
    }

    #[test]
    fn the_words_of_a_close_frame_are_cut_between_letters() {
        assert_eq!(close(1000, "quit"), [0x88, 6, 3, 0xe8, b'q', b'u', b'i', b't']);
        let long = close(4005, &"ы".repeat(100));
        assert_eq!((usize::from(long[1]), long.len()), (124, 126));
        assert!(std::str::from_utf8(&long[4..]).is_ok());
    }
}
