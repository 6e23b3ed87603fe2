//! What a program prints: read at once, so that it never waits for us, and the last of it stored. Knows no process.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// So many of the last bytes of each stream are stored.
const STORED: usize = 64 * 1024;
/// So many letters of a line are shown.
const SHOWN: usize = 1000;

/// The last output of a program; its clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Output(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    streams: Mutex<Vec<Stream>>,
    ended: Condvar,
}

/// Pieces as they came. Lines are made of them only when they are asked for, because a program may
/// print faster than lines can be made.
#[derive(Debug, Default)]
struct Stream {
    pieces: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    /// Whether older pieces were thrown away.
    cut: bool,
    ended: bool,
}

impl Output {
    /// Reads a stream to its end, on a thread of its own.
    ///
    /// # Errors
    /// When there is no thread.
    pub fn read(&self, stream: impl Read + Send + 'static) -> io::Result<()> {
        let number = {
            let mut streams = self.0.streams.lock();
            streams.push(Stream::default());
            streams.len() - 1
        };
        let shared = Arc::clone(&self.0);
        let work = move || {
            read_all(stream, |piece| shared.streams.lock()[number].add(piece));
            shared.streams.lock()[number].ended = true;
            shared.ended.notify_all();
        };
        thread::Builder::new().name("output".to_owned()).spawn(work).map(drop)
    }

    /// Waits until the program has closed its streams: then nothing more comes.
    pub fn wait_for_end(&self, within: Duration) {
        let until = Instant::now() + within;
        let mut streams = self.0.streams.lock();
        while streams.iter().any(|stream| !stream.ended) {
            if self.0.ended.wait_until(&mut streams, until).timed_out() {
                return;
            }
        }
    }

    /// The last lines, in the order in which they began to come; those before `since` are left out.
    pub fn lines(&self, since: Option<Instant>) -> Vec<String> {
        let mut lines: Vec<(Instant, String)> = self.0.streams.lock().iter().flat_map(Stream::lines).collect();
        lines.retain(|(at, _)| since.is_none_or(|since| *at >= since));
        lines.sort_by_key(|(at, _)| *at);
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

fn read_all(mut stream: impl Read, mut add: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => add(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

impl Stream {
    fn add(&mut self, piece: &[u8]) {
        self.pieces.push_back((Instant::now(), piece.to_vec()));
        self.bytes += piece.len();
        while let Some((_, first)) = self.pieces.front() {
            if self.bytes - first.len() < STORED {
                return;
            }
            self.bytes -= first.len();
            self.pieces.pop_front();
            self.cut = true;
        }
    }

    fn lines(&self) -> Vec<(Instant, String)> {
        let mut lines = Vec::new();
        let mut line: Option<(Instant, Vec<u8>)> = None;
        for (at, piece) in &self.pieces {
            for part in piece.split_inclusive(|byte| *byte == b'\n') {
                let (began, bytes) = line.get_or_insert((*at, Vec::new()));
                bytes.extend_from_slice(part);
                if part.ends_with(b"\n") {
                    lines.push((*began, shown(bytes)));
                    line = None;
                }
            }
        }
        lines.extend(line.map(|(began, bytes)| (began, shown(&bytes))));
        if self.cut && lines.len() > 1 {
            lines.remove(0);
        }
        lines
    }
}

/// A line as it may be printed: nothing in it moves a cursor.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut line = String::new();
    for (number, letter) in text.trim_end().chars().enumerate() {
        match letter {
            _ if number == SHOWN => {
                line.push('…');
                break;
            }
            '\t' => line.push(' '),
            letter if letter.is_control() => line.extend(letter.escape_default()),
            letter => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_whatever_the_pieces_were() {
        let mut stream = Stream::default();
        [&b"one\r\nt"[..], b"wo", b"\n\x1b[2Jthree\xff"].iter().for_each(|piece| stream.add(piece));
        let lines: Vec<String> = stream.lines().into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["one", "two", "\\u{1b}[2Jthree\u{fffd}"]);
    }

    #[test]
    fn endless_output_and_endless_lines_take_no_endless_memory() {
        let mut stream = Stream::default();
        for number in 0..10_000 {
            stream.add(format!("{number:0100}\n").as_bytes());
        }
        assert!(stream.bytes < STORED + 200);
        let lines = stream.lines();
        assert!(lines.last().unwrap().1.ends_with("9999") && lines.iter().all(|(_, line)| line.len() == 100));
        (0..10_000).for_each(|_| stream.add(&[b'x'; 100]));
        assert!(stream.bytes < STORED + 200);
        assert_eq!(stream.lines()[0].1.chars().count(), SHOWN + 1);
    }
}
