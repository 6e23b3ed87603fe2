//! Cuts the frames of one peer out of the bytes, and counts them. tungstenite judges and puts together what they hold. Knows no sockets and no JSON.
//!
//! tungstenite reads from a [`Pipe`] in memory, one whole frame at a time. So we
//! see each frame and can bound how many there are, and what it wants to answer
//! lies in the pipe. Its state is only needed from the first frame of a message
//! to the last. Between messages there is none, so an idle page costs no buffer.

use std::io::{Cursor, Error as IoError, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use tungstenite::error::Error;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes, WebSocket};

use crate::limits::Limits;
use crate::wire::LEAST_PAGE;

/// The time over which `ws-control` counts.
const CONTROL_WINDOW: Duration = Duration::from_secs(10);

/// How much tungstenite reads at once of a later frame of a message, in bytes, and
/// the least buffer that it makes. Its own default is 128 KiB, for each peer. This is
/// small, because the allocator stores pieces up to 1,032 bytes for the thread that
/// freed them, and few messages come in several frames.
const READ: usize = 128;

/// The longest header of a frame, in bytes.
pub(super) const LONGEST_HEAD: usize = 14;

/// One frame, cut out of the stream.
struct Frame {
    opcode: OpCode,
    /// The length of what it holds.
    length: u32,
    /// All of it, with its header.
    bytes: Vec<u8>,
}

/// What the peer has sent.
#[derive(Debug)]
pub(super) enum Heard {
    /// A whole message.
    Text(Utf8Bytes),
    /// A frame of a message without content. No good client sends one.
    Nothing,
    /// A ping, and its answer.
    Ping(Vec<u8>),
    Pong,
    /// A Close frame, and its answer.
    Close(Vec<u8>),
}

/// A WebSocket that is to be closed: with which number, and the sentence for both sides.
#[derive(Debug)]
pub(super) struct Fault(pub u16, pub String);

impl Fault {
    /// Too much of something that a good client does not do.
    const POLICY: u16 = 1008;
    const TOO_BIG: u16 = 1009;
    const NOT_TEXT: u16 = 1003;
    const NOT_UTF8: u16 = 1007;
    const PROTOCOL: u16 = 1002;
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        let code = match error {
            Error::Utf8(_) => Fault::NOT_UTF8,
            Error::Capacity(_) => Fault::TOO_BIG,
            _ => Fault::PROTOCOL,
        };
        Fault(code, error.to_string())
    }
}

/// Reads the frames of one peer.
#[derive(Debug)]
pub(super) struct FrameReader {
    bounds: Bounds,
    /// The beginning of a frame whose end has not come yet.
    pub(super) held: Vec<u8>,
    /// A message whose last frame has not come yet.
    pub(super) message: Option<Box<Unfinished>>,
    /// Since when pings and pongs are counted, and how many came.
    control: Option<(Instant, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    message: u32,
    fragments: u32,
    control: u32,
}

/// A message whose last frame has not come yet.
#[derive(Debug)]
pub(super) struct Unfinished {
    reader: WebSocket<Pipe>,
    frames: u32,
    bytes: u32,
}

/// What tungstenite takes for a connection.
#[derive(Debug, Default)]
struct Pipe {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Pipe {
    /// An empty pipe is not the end of the connection: more comes later.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, IoError> {
        match self.input.read(buffer)? {
            0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, IoError> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> Result<(), IoError> {
        Ok(())
    }
}

impl FrameReader {
    pub fn new(limits: &Limits) -> FrameReader {
        let [message, fragments, control] = [limits.ws_message, limits.ws_fragments, limits.ws_control]
            .map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        FrameReader { bounds: Bounds { message, fragments, control }, held: Vec::new(), message: None, control: None }
    }

    /// Takes the first thing that the peer has sent off the front of `bytes`. `None`: they are used up.
    #[inline(never)] // so that its stack is free before the text is read
    pub fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Heard>, Fault> {
        while !bytes.is_empty() {
            if let Some(frame) = self.cut(bytes)?
                && let Some(heard) = self.frame(frame)?
            {
                return Ok(Some(heard));
            }
        }
        Ok(None)
    }

    /// Takes one whole frame off the front of `bytes`; or all of `bytes`, if the frame does not end in it.
    fn cut(&mut self, bytes: &mut &[u8]) -> Result<Option<Frame>, Fault> {
        let mut head = [0; LONGEST_HEAD];
        let first = self.held.iter().chain(*bytes);
        let seen = head.iter_mut().zip(first).map(|(place, byte)| *place = *byte).count();
        let mut cursor = Cursor::new(&head[..seen]);
        let parsed = FrameHeader::parse(&mut cursor)?;
        let Some((FrameHeader { opcode, .. }, length)) = parsed else {
            self.hold(bytes, usize::MAX);
            return Ok(None);
        };
        let length = self.within_bounds(opcode, length)?;
        let whole = usize::try_from(cursor.position()).unwrap_or(LONGEST_HEAD) + length as usize;
        if self.held.is_empty() && bytes.len() >= whole {
            // The frame becomes tungstenite's buffer, and it asks for as much again before it looks at it.
            self.held.reserve_exact((2 * whole.max(READ)).max(LEAST_PAGE));
        }
        self.hold(bytes, whole);
        let is_whole = self.held.len() == whole;
        Ok(is_whole.then(|| Frame { opcode, length, bytes: std::mem::take(&mut self.held) }))
    }

    /// Moves bytes to those that are held, until these are `most`.
    fn hold(&mut self, bytes: &mut &[u8], most: usize) {
        let (piece, rest) = bytes.split_at((most - self.held.len()).min(bytes.len()));
        self.held.extend_from_slice(piece);
        *bytes = rest;
    }

    /// Checks a header, before anything is stored for the frame.
    fn within_bounds(&self, opcode: OpCode, length: u64) -> Result<u32, Fault> {
        let is_data = matches!(opcode, OpCode::Data(_));
        let (frames, bytes) = self.message.as_ref().filter(|_| is_data).map_or((0, 0), |m| (m.frames, m.bytes));
        if frames >= self.bounds.fragments {
            let words = format!("a message has at most {} frames", self.bounds.fragments);
            return Err(Fault(Fault::TOO_BIG, words));
        }
        let most = self.bounds.message;
        u32::try_from(length)
            .ok()
            .filter(|length| bytes.saturating_add(*length) <= most)
            .ok_or_else(|| Fault(Fault::TOO_BIG, format!("a message has at most {most} bytes")))
    }

    /// Reads one whole frame.
    fn frame(&mut self, frame: Frame) -> Result<Option<Heard>, Fault> {
        if let OpCode::Control(Control::Ping | Control::Pong) = frame.opcode {
            self.count_control()?;
        }
        let mut message = match self.message.take() {
            Some(mut begun) => {
                begun.reader.get_mut().input = Cursor::new(frame.bytes);
                *begun
            }
            None => Unfinished::begin(frame.bytes, self.bounds),
        };
        let heard = match message.reader.read() {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                message.frames += 1;
                message.bytes += frame.length;
                (frame.length == 0).then_some(Heard::Nothing)
            }
            Err(error) => return Err(error.into()),
            Ok(Message::Text(text)) => return Ok(Some(Heard::Text(text))),
            Ok(Message::Close(_)) => return Ok(Some(Heard::Close(message.answer()))),
            Ok(Message::Ping(_)) => Some(Heard::Ping(message.answer())),
            Ok(Message::Pong(_)) => Some(Heard::Pong),
            Ok(Message::Binary(_) | Message::Frame(_)) => None,
        };
        // Last, because a frame that the standard forbids is worse. A binary message is refused at its first frame.
        if let OpCode::Data(Data::Binary) = frame.opcode {
            return Err(Fault(Fault::NOT_TEXT, "send text, one JSON object".into()));
        }
        self.message = (message.frames > 0).then(|| Box::new(message));
        Ok(heard)
    }

    fn count_control(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        let (since, count) = self.control.filter(|(since, _)| now - *since < CONTROL_WINDOW).unwrap_or((now, 0));
        self.control = Some((since, count + 1));
        if count < self.bounds.control {
            return Ok(());
        }
        let words = format!("at most {} pings and pongs in {} s", self.bounds.control, CONTROL_WINDOW.as_secs());
        Err(Fault(Fault::POLICY, words))
    }
}

impl Unfinished {
    /// A message that begins with this frame.
    fn begin(frame: Vec<u8>, bounds: Bounds) -> Unfinished {
        let most = Some(bounds.message as usize);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(most)
            .max_frame_size(most);
        let reader = WebSocket::from_partially_read(Pipe::default(), frame, Role::Server, Some(config));
        Unfinished { reader, frames: 0, bytes: 0 }
    }

    /// What tungstenite answers to the frame that it has just read.
    fn answer(&mut self) -> Vec<u8> {
        // After a Close frame, this is an error: the end of the connection. The answer is in the pipe all the same.
        let _ = self.reader.flush();
        std::mem::take(&mut self.reader.get_mut().output)
    }
}
