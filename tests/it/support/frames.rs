//! WebSocket frames by hand, as a client has them: bad ones can be sent, too. Knows no sockets and no test.

pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;

/// The request that a client begins with.
pub const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: roomful.1\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

/// A frame of a client: its first byte, then its payload, masked.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x12, 0xfe, 0x00, 0x9b];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => frame.extend([&[0xfe][..], &(length as u16).to_be_bytes()].concat()),
        length => frame.extend([&[0xff][..], &(length as u64).to_be_bytes()].concat()),
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Each line in a frame of its own.
pub fn of_lines(lines: &[u8]) -> Vec<u8> {
    lines.split_inclusive(|byte| *byte == b'\n').flat_map(|line| masked(TEXT, line.trim_ascii_end())).collect()
}

/// What came in frames.
#[derive(Default)]
pub struct Frames {
    raw: Vec<u8>,
    /// The number and the words of the Close frame.
    pub close: Option<(u16, String)>,
    /// What pings held that are not answered yet.
    pub pings: Vec<Vec<u8>>,
    /// How many pings were answered.
    pub answered: usize,
    /// What pongs held.
    pub pongs: Vec<Vec<u8>>,
    pub count: usize,
}

impl Frames {
    /// Takes bytes of the server; appends each text as a line to `lines`.
    pub fn take(&mut self, bytes: &[u8], lines: &mut Vec<u8>) {
        self.raw.extend_from_slice(bytes);
        while let Some((first, payload)) = self.next() {
            self.count += 1;
            assert_eq!(self.close, None, "nothing follows a Close frame");
            match first {
                TEXT => {
                    assert!(!payload.contains(&b'\n'), "one object");
                    lines.extend(payload);
                    lines.push(b'\n');
                }
                PING => self.pings.push(payload),
                PONG => self.pongs.push(payload),
                CLOSE if payload.is_empty() => self.close = Some((1005, String::new())),
                CLOSE => {
                    let words = String::from_utf8(payload[2..].to_vec()).expect("UTF-8");
                    self.close = Some((u16::from_be_bytes([payload[0], payload[1]]), words));
                }
                other => panic!("the server sends {other:#x}: it is to send whole texts, pings and one Close"),
            }
        }
    }

    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, short, ..] = self.raw[..] else { return None };
        assert_eq!(short & 0x80, 0, "a server does not mask");
        let (head, length) = match short {
            126 => (4, u64::from(u16::from_be_bytes(self.raw.get(2..4)?.try_into().ok()?))),
            127 => (10, u64::from_be_bytes(self.raw.get(2..10)?.try_into().ok()?)),
            short => (2, u64::from(short)),
        };
        let end = head + usize::try_from(length).expect("short");
        let payload = self.raw.get(head..end)?.to_vec();
        self.raw.drain(..end);
        Some((first, payload))
    }
}
