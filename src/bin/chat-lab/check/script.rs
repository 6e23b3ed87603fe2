//! What the clients of one rule did and heard, with times: the evidence of a broken rule, and its picture. Knows no rule.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use memchr::memmem;
use parking_lot::Mutex;

/// So many bytes of a message are stored in a note; of a longer one the length is told.
const SHOWN: usize = 120;
/// So many bytes are stored of a message that proves that a rule is broken.
const PROOF: usize = 64 * 1024;
/// So many bytes of a text tell it from all others.
const BEGINNING: usize = 64;
/// So many notes are stored for one rule; a flood makes no more.
const NOTES: usize = 600;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Note {
    /// Microseconds after the rule began.
    pub at: u64,
    /// The client.
    pub role: String,
    /// What it did, or what happened to it.
    pub deed: Deed,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It connected.
    Connects,
    /// It sent this.
    Sends(Bytes),
    /// The server has read what was sent.
    IsRead,
    /// It heard this.
    Hears(Bytes),
    /// It closed its connection in order.
    Closes,
    /// It ended the half of its connection on which it sends.
    Ends,
    /// It broke its connection off: the server gets a reset.
    Resets,
    /// It stopped reading.
    StopsReading,
    /// It reads again.
    ReadsAgain,
    /// The server closed the connection.
    IsClosed(String),
    /// The server was told to stop.
    Stop,
}

/// The first bytes of something, and how many there were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// The first ones.
    pub shown: Vec<u8>,
    /// All of them.
    pub length: usize,
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Bytes::first(SHOWN, bytes)
    }
}

impl Bytes {
    /// More of them, for the evidence of a broken rule.
    pub fn proof(bytes: &[u8]) -> Bytes {
        Bytes::first(PROOF, bytes)
    }

    fn first(most: usize, bytes: &[u8]) -> Bytes {
        Bytes { shown: bytes[..bytes.len().min(most)].to_vec(), length: bytes.len() }
    }
}

/// The notes of one rule; its clones write on the same list.
#[derive(Clone, Debug)]
pub struct Script {
    began: Instant,
    notes: Arc<Mutex<Vec<Note>>>,
    names: Arc<Mutex<HashMap<SocketAddr, String>>>,
    said: Said,
}

/// The beginnings of all texts that clients have said to one server: it may tell them to those that come later.
#[derive(Clone, Debug, Default)]
pub struct Said(Arc<Mutex<Vec<Vec<u8>>>>);

impl Said {
    /// Adds one.
    pub fn add(&self, text: &[u8]) {
        self.0.lock().push(text[..text.len().min(BEGINNING)].to_vec());
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether one of the first `count` stands in this message.
    pub fn has(&self, count: usize, message: &[u8]) -> bool {
        self.0.lock().iter().take(count).any(|text| memmem::find(message, text).is_some())
    }
}

impl Script {
    /// An empty one, which begins now.
    pub fn new() -> Script {
        Script::after(Said::default())
    }

    /// One that begins now, on a server to which this was said before.
    pub fn after(said: Said) -> Script {
        Script { began: Instant::now(), notes: Arc::default(), names: Arc::default(), said }
    }

    /// What was said to the server.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// Adds what happened to `role` now.
    pub fn add(&self, role: &str, deed: Deed) {
        let at = self.began.elapsed().as_micros() as u64;
        let mut notes = self.notes.lock();
        if notes.len() < NOTES {
            notes.push(Note { at, role: role.to_owned(), deed });
        }
    }

    /// The connection from this address is this client's.
    pub fn name(&self, addr: SocketAddr, role: &str) {
        self.names.lock().insert(addr, role.to_owned());
    }

    /// Whose connection comes from this address.
    pub fn name_of(&self, addr: SocketAddr) -> Option<String> {
        self.names.lock().get(&addr).cloned()
    }

    /// All notes, in order of time.
    pub fn notes(&self) -> Vec<Note> {
        self.notes.lock().clone()
    }

    /// When the rule began.
    pub fn began(&self) -> Instant {
        self.began
    }
}

/// Bytes as a person reads them: letters as they are, everything else escaped, in quotes.
pub fn quoted(bytes: &[u8]) -> String {
    let inside: String = letters(bytes).into_iter().map(|(_, shown)| shown).collect();
    format!("\"{inside}\"")
}

/// Each letter of the bytes as it is shown in quotes, with the place of its first byte.
pub fn letters(bytes: &[u8]) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            let shown = match letter {
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                letter => harmless(letter).unwrap_or_else(|| letter.to_string()),
            };
            out.push((at, shown));
            at += letter.len_utf8();
        }
        for byte in chunk.invalid() {
            out.push((at, format!("\\x{byte:02x}")));
            at += 1;
        }
    }
    out
}

/// How a letter is shown that would steer a terminal, or change the order of those beside it; nothing for all others.
pub fn harmless(letter: char) -> Option<String> {
    match letter {
        '\u{0}'..='\u{1f}' | '\u{7f}' => Some(format!("\\x{:02x}", u32::from(letter))),
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fffe}'
        | '\u{ffff}' => Some(format!("\\u{{{:x}}}", u32::from(letter))),
        _ => None,
    }
}

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&quoted(&self.shown))?;
        if self.length > self.shown.len() {
            write!(f, " and {} bytes more", self.length - self.shown.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_so_that_each_can_be_told_from_all_others() {
        assert_eq!(quoted("при\n".as_bytes()), "\"при\\n\"");
        assert_eq!(quoted(b"a\xd1\"\\\x1b"), "\"a\\xd1\\\"\\\\\\x1b\"");
        assert_eq!(quoted("\u{9b}\u{202e}".as_bytes()), "\"\\u{9b}\\u{202e}\"");
    }

    #[test]
    fn a_flood_makes_no_endless_script() {
        let script = Script::new();
        (0..2 * NOTES).for_each(|_| script.add("anna", Deed::Closes));
        assert_eq!(script.notes().len(), NOTES);
        assert_eq!(Bytes::proof(&[b'x'; 2 * PROOF]).shown.len(), PROOF);
        assert_eq!(Bytes::from(&[b'x'; 1000][..]).to_string().len(), SHOWN + 2 + " and 880 bytes more".len());
    }
}
