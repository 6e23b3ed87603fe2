//! A console of Windows: its modes, and a thread that waits for keys. Knows bytes, and no key but those that come without any.
//!
//! Nothing wakes a thread that waits for a console or a pipe here. So such a wait has a
//! thread of its own, which ends with the process, and the others wait for a channel.

use std::io::{self, BufRead};
pub use std::os::windows::io::AsHandle as Descriptor;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, Sender, bounded};
use crossterm_winapi::{Console, ConsoleMode, Handle, HandleType, InputRecord, KeyEventRecord, ScreenBuffer};

use super::{Asked, Woke};

/// Pieces of input that wait for the reading thread. When so many wait, the system has the rest.
const AHEAD: usize = 64;

/// Bits of the mode of a console's input, as Windows names them: ENABLE_PROCESSED_INPUT and so on.
const PROCESSED_INPUT: u32 = 1;
const LINE_INPUT: u32 = 2;
const ECHO_INPUT: u32 = 4;
const WINDOW_INPUT: u32 = 8;
const MOUSE_INPUT: u32 = 0x10;
const VIRTUAL_TERMINAL_INPUT: u32 = 0x200;
/// And of its output.
const PROCESSED_OUTPUT: u32 = 1;
const VIRTUAL_TERMINAL_PROCESSING: u32 = 4;

#[derive(Debug)]
pub struct Waker(Sender<()>);

#[derive(Debug)]
pub struct Woken(Receiver<()>);

pub fn wake_up() -> io::Result<(Waker, Woken)> {
    let (waker, woken) = bounded(1);
    Ok((Waker(waker), Woken(woken)))
}

impl Waker {
    pub fn wake(&self) {
        // If the channel is full, the thread will wake without this, too.
        let _ = self.0.try_send(());
    }
}

impl Woken {
    pub fn wait(&self) -> bool {
        self.0.recv().is_ok()
    }

    /// Waits for this or for `other`, and takes nothing. `None` when the time is over.
    fn or<T>(&self, other: &Receiver<T>, patience: Option<Duration>) -> Option<Woke> {
        let mut both = Select::new();
        both.recv(&self.0);
        both.recv(other);
        let ready = match patience {
            Some(patience) => both.ready_timeout(patience).ok()?,
            None => both.ready(),
        };
        Some(if ready == 0 { Woke::Stop } else { Woke::Bytes })
    }
}

#[derive(Debug)]
pub struct Keyboard(Receiver<Vec<u8>>);

impl Keyboard {
    pub fn open(resized: impl Fn() + Send + 'static) -> io::Result<Keyboard> {
        let console = Console::from(Handle::new(HandleType::CurrentInputHandle)?);
        let (typed, keys) = bounded(AHEAD);
        thread::Builder::new().name("keys".to_owned()).spawn(move || hear(&console, &typed, resized))?;
        Ok(Keyboard(keys))
    }

    pub fn wait(&mut self, stop: &Woken, patience: Option<Duration>, take: impl FnOnce(&[u8])) -> io::Result<Woke> {
        let woke = match stop.or(&self.0, patience) {
            None => return Ok(Woke::Nothing),
            Some(Woke::Bytes) => Woke::Bytes,
            Some(woke) => return Ok(woke),
        };
        // With no thread that listens, there is no console any more.
        let Ok(mut bytes) = self.0.recv() else { return Ok(Woke::End) };
        self.0.try_iter().for_each(|more| bytes.extend(more));
        take(&bytes);
        Ok(woke)
    }
}

/// Passes on what is typed, until there is no console any more, or no reader.
fn hear(console: &Console, typed: &Sender<Vec<u8>>, resized: impl Fn()) {
    let mut half = None;
    while let Ok(first) = console.read_single_input_event() {
        let mut bytes = Vec::new();
        let rest = console.read_console_input().unwrap_or_default();
        for record in std::iter::once(first).chain(rest) {
            match record {
                InputRecord::KeyEvent(key) => press(&key, &mut half, &mut bytes),
                InputRecord::WindowBufferSizeEvent(_) => resized(),
                _ => {}
            }
        }
        if !bytes.is_empty() && typed.send(bytes).is_err() {
            return;
        }
    }
}

/// A key that was pressed.
#[derive(Debug, Default, Clone, Copy)]
struct Pressed {
    /// Its number, as Windows names keys.
    key: u16,
    /// The letter that it gives, or half of one, in UTF-16; 0 if it gives none.
    unit: u16,
    alt: bool,
    control: bool,
    shift: bool,
}

/// Adds the bytes that a terminal of Unix would send for a key, as often as it was repeated.
/// `half` is the first half of a letter.
fn press(record: &KeyEventRecord, half: &mut Option<u16>, bytes: &mut Vec<u8>) {
    const ALT: u16 = 0x12;
    // A letter typed by its number comes when Alt is released.
    if !record.key_down && (record.virtual_key_code != ALT || record.u_char == 0) {
        return;
    }
    let held = |bits| record.control_key_state.has_state(bits);
    // The two together are AltGr, which only makes another letter.
    let (alt, control) = (held(1 | 2), held(4 | 8));
    let pressed = Pressed {
        key: record.virtual_key_code,
        unit: record.u_char,
        alt: alt && !control,
        control: control && !alt,
        shift: held(0x10),
    };
    let one = typed(pressed, half);
    (0..record.repeat_count.max(1)).for_each(|_| bytes.extend_from_slice(&one));
}

fn typed(pressed: Pressed, half: &mut Option<u16>) -> Vec<u8> {
    let Pressed { key, unit, alt, control, shift } = pressed;
    let arrow = |end: char| {
        let with = if alt { "1;3" } else { "" };
        format!("\u{1b}[{}{end}", if control { "1;5" } else { with }).into_bytes()
    };
    match (key, unit) {
        (0x08, _) if control || alt => b"\x1b\x7f".to_vec(),
        (0x08, _) => b"\x7f".to_vec(),
        (0x09, _) if shift => b"\x1b[Z".to_vec(),
        (0x0d, _) if shift || alt => b"\x1b\r".to_vec(),
        (0x1b, _) => b"\x1b".to_vec(),
        (0x23, 0) => arrow('F'),
        (0x24, 0) => arrow('H'),
        (0x25, 0) => arrow('D'),
        (0x26, 0) => arrow('A'),
        (0x27, 0) => arrow('C'),
        (0x28, 0) => arrow('B'),
        (0x2e, 0) if control || alt => b"\x1b[3;5~".to_vec(),
        (0x2e, 0) => b"\x1b[3~".to_vec(),
        // Ctrl-Z ends an input here, as Ctrl-D does elsewhere.
        (_, 0x1a) => b"\x04".to_vec(),
        // Ctrl with a letter, on a keyboard that has no Latin ones.
        (0x41..=0x5a, 0) if control => vec![key.to_le_bytes()[0] - 0x40],
        (_, 0) => Vec::new(),
        _ => letter(unit, alt, half),
    }
}

/// A letter in UTF-8, if it is a whole one by now.
fn letter(unit: u16, alt: bool, half: &mut Option<u16>) -> Vec<u8> {
    let first = half.take();
    *half = Some(unit).filter(|unit| (0xd800..0xdc00).contains(unit));
    let whole = first.into_iter().chain(Some(unit).filter(|_| half.is_none()));
    let letters = char::decode_utf16(whole).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    Some('\u{1b}').filter(|_| alt).into_iter().chain(letters).collect::<String>().into_bytes()
}

/// Reads a piece of stdin whenever one is wanted, so it never takes what belongs to another question.
#[derive(Debug)]
pub struct Piped {
    want: Sender<()>,
    pieces: Receiver<io::Result<Vec<u8>>>,
    wanted: bool,
}

impl Piped {
    pub fn open() -> io::Result<Piped> {
        let (want, wanted) = bounded::<()>(1);
        let (give, pieces) = bounded(1);
        thread::Builder::new().name("input".to_owned()).spawn(move || {
            for () in wanted {
                let mut stdin = io::stdin().lock();
                let piece = stdin.fill_buf().map(<[u8]>::to_vec);
                stdin.consume(piece.as_ref().map_or(0, Vec::len));
                drop(stdin);
                if give.send(piece).is_err() {
                    return;
                }
            }
        })?;
        Ok(Piped { want, pieces, wanted: false })
    }

    /// That the reader of stdout has closed it is told by no wait here, but by the next write.
    pub fn wait(&mut self, stop: &Woken, _: bool, take: impl FnOnce(&[u8])) -> io::Result<Woke> {
        if !std::mem::replace(&mut self.wanted, true) && self.want.send(()).is_err() {
            return Ok(Woke::End);
        }
        if stop.or(&self.pieces, None) == Some(Woke::Stop) {
            return Ok(Woke::Stop);
        }
        let Ok(piece) = self.pieces.recv() else { return Ok(Woke::End) };
        self.wanted = false;
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Woke::Bytes),
            Err(error) => return Err(error),
        };
        if piece.is_empty() {
            return Ok(Woke::End);
        }
        take(&piece);
        Ok(Woke::Bytes)
    }
}

/// The mode of a console's input. That of its output is changed once, and stays.
#[derive(Debug)]
pub struct Modes(u32);

impl Modes {
    pub fn found() -> io::Result<Modes> {
        Ok(Modes(input()?.mode()?))
    }

    pub fn set(&self) -> io::Result<()> {
        let input = input()?;
        // An old console does not know what a terminal of Unix sends for a key.
        input.set_mode(self.0).or_else(|_| input.set_mode(self.0 & !VIRTUAL_TERMINAL_INPUT))
    }

    pub fn for_keys(&self, ctrl_c: bool) -> Modes {
        let mode = self.0 & !(PROCESSED_INPUT | LINE_INPUT | ECHO_INPUT | MOUSE_INPUT);
        let signals = if ctrl_c { 0 } else { PROCESSED_INPUT };
        Modes(mode | signals | WINDOW_INPUT | VIRTUAL_TERMINAL_INPUT)
    }
}

fn input() -> io::Result<ConsoleMode> {
    Ok(ConsoleMode::from(Handle::new(HandleType::CurrentInputHandle)?))
}

pub fn read_secret(prompt: &str) -> io::Result<String> {
    rpassword::prompt_password(prompt)
}

/// Whether stdin is a console. A window of Git Bash counts as a terminal, and is a pipe.
pub fn can_hide_keys() -> bool {
    Handle::new(HandleType::InputHandle).and_then(|stdin| ConsoleMode::from(stdin).mode()).is_ok()
}

/// Has the console obey escape codes from here on, if it can.
pub fn can_move_cursor() -> bool {
    let switch_on = || {
        let output = ConsoleMode::from(Handle::new(HandleType::OutputHandle)?);
        output.set_mode(output.mode()? | PROCESSED_OUTPUT | VIRTUAL_TERMINAL_PROCESSING)
    };
    std::env::var_os("TERM").is_none_or(|term| term != "dumb") && can_hide_keys() && switch_on().is_ok()
}

pub fn size(_: impl Descriptor) -> Option<(usize, usize)> {
    let size = ScreenBuffer::current().and_then(|screen| screen.info()).ok()?.terminal_size();
    // What it has is the difference of the outer columns, and of the outer rows.
    let count = |difference: i16| usize::try_from(difference).map_or(0, |difference| difference + 1);
    Some((count(size.width), count(size.height)))
}

/// Windows has no background.
pub fn is_in_background() -> bool {
    false
}

pub fn suspend() {}

#[derive(Debug)]
pub enum Leave {}

impl Leave {
    pub fn now(self) {
        match self {}
    }
}

#[derive(Debug)]
pub struct Signals;

impl Signals {
    pub fn register(_: &Waker) -> io::Result<Signals> {
        Ok(Signals)
    }

    pub fn asked(&self) -> Option<Asked> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_bytes_that_a_terminal_of_unix_sends() {
        let key = |key, unit| Pressed { key, unit, ..Pressed::default() };
        let with = |pressed, alt, control, shift| Pressed { alt, control, shift, ..pressed };
        for (pressed, bytes) in [
            (key(0x41, 'a' as u16), &b"a"[..]),
            (key(0, 'ж' as u16), "ж".as_bytes()),
            (key(0x0d, 0x0d), b"\r"),
            (with(key(0x0d, 0x0d), false, false, true), b"\x1b\r"),
            (with(key(0x0d, 0x0a), false, true, false), b"\n"),
            (key(0x08, 0x08), b"\x7f"),
            (with(key(0x08, 0x7f), false, true, false), b"\x1b\x7f"),
            (with(key(0x09, 0x09), false, false, true), b"\x1b[Z"),
            (with(key(0x43, 3), false, true, false), b"\x03"),
            // On a Russian keyboard.
            (with(key(0x43, 0), false, true, false), b"\x03"),
            (with(key(0x42, 'b' as u16), true, false, false), b"\x1bb"),
            (key(0x25, 0), b"\x1b[D"),
            (with(key(0x27, 0), false, true, false), b"\x1b[1;5C"),
            (with(key(0x24, 0), true, false, false), b"\x1b[1;3H"),
            (key(0x2e, 0), b"\x1b[3~"),
            (key(0x1b, 0), b"\x1b"),
            // The letters that a console sends of itself if it knows what Unix sends.
            (key(0, 0x1b), b"\x1b"),
            (key(0x70, 0), b""),
            (with(key(0x5a, 0x1a), false, true, false), b"\x04"),
            (with(key(0x11, 0), false, true, false), b""),
        ] {
            assert_eq!(typed(pressed, &mut None), bytes, "{pressed:?}");
        }
    }

    #[test]
    fn a_letter_of_two_halves_comes_when_it_is_whole() {
        let mut half = None;
        let mut all = Vec::new();
        for unit in "👋".encode_utf16().chain([0xd83d, 'x' as u16, 0xdc4b]) {
            all.extend(letter(unit, false, &mut half));
        }
        assert_eq!(String::from_utf8(all).unwrap(), "👋\u{fffd}x\u{fffd}");
    }
}
