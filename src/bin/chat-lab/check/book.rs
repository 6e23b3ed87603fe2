//! What a client heard up to a fence, as a list of messages or as one stream. Knows no socket and no rule.

use memchr::memmem;

use crate::check::pattern::Expected;

/// A book takes so many bytes, which is more than any rule lets come before its fence.
const MOST: usize = 64 * 1024 * 1024;
/// So many more are counted for each message, because an empty one takes memory, too.
const MESSAGE: usize = 64;

/// What a client heard up to a fence.
#[derive(Debug)]
pub struct Book {
    messages: Vec<Vec<u8>>,
    /// What may come at any time, such as notices.
    noise: Vec<Vec<u8>>,
    whole: bool,
    bytes: usize,
}

impl Book {
    /// An empty one: of whole messages, or of a stream.
    pub fn new(whole: bool) -> Book {
        Book { messages: Vec::new(), noise: Vec::new(), whole, bytes: 0 }
    }

    /// Whether its messages are whole.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Adds what came.
    pub fn add(&mut self, message: Vec<u8>, noise: bool) {
        self.bytes += message.len() + MESSAGE;
        if noise { &mut self.noise } else { &mut self.messages }.push(message);
    }

    /// Whether no more can be heard: the server floods the client.
    pub fn is_full(&self) -> bool {
        self.bytes > MOST
    }

    /// How often this was heard, also of what may come at any time.
    pub fn count(&self, expected: &Expected) -> usize {
        let all = self.messages.iter().chain(&self.noise);
        if self.whole {
            return all.filter(|message| expected.is(message)).count();
        }
        let mut count = 0;
        for stream in all {
            let mut rest = stream.as_slice();
            while let Some(place) = expected.find(rest) {
                count += 1;
                rest = &rest[place.end.max(1)..];
            }
        }
        count
    }

    /// All messages without what may come at any time; one stream, if nobody can tell where one ends.
    pub fn messages(&self) -> &[Vec<u8>] {
        &self.messages
    }

    /// The first message in which this text stands.
    pub fn with(&self, text: &str) -> Option<&[u8]> {
        let mut messages = self.messages.iter().map(Vec::as_slice);
        messages.find(|message| memmem::find(message, text.as_bytes()).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::pattern::{Pattern, Values};

    fn expected(text: &str) -> Expected {
        Pattern::try_from(text.to_owned()).unwrap().expect(&Values::default())
    }

    #[test]
    fn a_message_is_counted_whole_and_a_text_is_counted_in_a_stream() {
        let mut book = Book::new(true);
        book.add(b"* vera left".to_vec(), true);
        book.add(b"anna: hi hi".to_vec(), false);
        assert_eq!((book.count(&expected("* vera left")), book.count(&expected("hi"))), (1, 0));
        assert_eq!((book.messages().len(), book.with("hi"), book.with("vera")), (1, Some(&b"anna: hi hi"[..]), None));
        let mut stream = Book::new(false);
        stream.add(b"anna: hi hi".to_vec(), false);
        assert_eq!(stream.count(&expected("hi")), 2);
    }

    #[test]
    fn a_flood_of_empty_messages_fills_a_book() {
        let mut book = Book::new(true);
        (0..MOST / MESSAGE).for_each(|_| book.add(Vec::new(), true));
        assert!(!book.is_full());
        book.add(Vec::new(), false);
        assert!(book.is_full());
    }
}
