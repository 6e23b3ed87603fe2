//! What a hostile client says: wild texts, lines of both fronts, first bytes of other protocols, all by dice. Pure bytes; knows no socket and no time.
//!
//! The lines are made from the tables of commands and of their fields, so that a new command is in them at once.

use roomful::command::{Spec, TABLE};
use roomful::wire::json::fields;

use crate::dice::Dice;

/// Names the clients take from one another.
const NAMES: u64 = 40;
/// Rooms they make, and leave.
const ROOMS: u64 = 60;

/// Of the accounts they make.
pub const PASSWORD: &str = "pest pest pest";

/// Texts that have broken chats, or look as if they could.
const PIECES: [&str; 30] = [
    "hello there",
    "👩‍👩‍👧‍👦🏳️‍🌈🇧🇷👍🏿",
    "שלום עולם \u{202e}abc\u{202c}",
    "مرحبا \u{200f}123",
    "\u{200b}\u{200d}\u{feff}\u{2060}",
    "\u{feff}/msg",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}",
    "\0\u{1}\u{7}\u{8}\u{7f}",
    "\u{1b}[2J\u{1b}]0;x\u{7}",
    "今天你好吗でも",
    "\u{fffe}\u{ffff}\u{10ffff}\u{e000}",
    "\u{e0001}\u{e0041}",
    "/quit",
    "//etc",
    "／msg x",
    "{quit}",
    "{\"type\":\"hello\"}",
    "\"two words\" AND",
    "wor* NEAR(a, b) ^x -y",
    "* OR \"",
    "'; DROP TABLE messages; --",
    "%s%n%x",
    "straße CAFÉ İıſK",
    "   ",
    "\t\t",
    "line\r\nbreak\u{2028}and\u{85}more",
    "ﷺ",
    "𝔞𝕓𝖈",
    "ㅤ",
    "..",
];

/// Values that are no text, or of no type that is wanted.
const ODD: [&str; 24] = [
    "null",
    "true",
    "-1",
    "0",
    "1.5",
    "1e999",
    "-0.0",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "99999999999999999999999999999999",
    "[]",
    "{}",
    "[[],[{}]]",
    "{\"a\":{\"b\":[1,2,3]}}",
    "\"\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"\\",
    "tru",
    "",
    "'x'",
    "[\"a\",1,null]",
];

const TIMES: [&str; 12] =
    ["10m", "30", "1h30m", "5 minutes", "30500000w", "0s", "-1m", "1w", "2d", "99999999999999999999s", "10min", "1.5h"];

/// First bytes of others.
const STRANGERS: [&[u8]; 18] = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /chat HTTP/1.1\r\nContent-Length: 5\r\n\r\n{\"type",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT x:443 HTTP/1.1\r\n\r\n",
    b"NICK x\r\nUSER x 0 * :x\r\nJOIN #lobby\r\n",
    b"CAP LS 302\r\n",
    b"EHLO x\r\nMAIL FROM:<x>\r\n",
    b"SSH-2.0-x\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"<?xml version='1.0'?><stream:stream>",
    b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
    b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab",
    b"\x00\x00\x00\x00",
    b"a LOGIN x y\r\n",
    b"\xff\xfb\x01\xff\xfd\x03\xff\xfa\x18",
    b"\n\n\r\n \xef\xbb\xbf\n",
    b"POS",
];

/// Bytes of telnet, whole and not.
const TELNET: [&[u8]; 8] = [
    b"\xff\xf4",
    b"\xff\xf7",
    b"\xff\xf8",
    b"\xff\xff",
    b"\xff\xfd\x01",
    b"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0",
    b"\xff\xfa\x18\x00",
    b"x\r\0y\r\0",
];

/// One source of such things.
#[derive(Clone, Debug)]
pub struct Wild {
    /// Decides everything.
    pub dice: Dice,
    /// A token the server gave to this client, or an earlier one.
    pub token: String,
    /// What the server called the last upload.
    pub upload: u64,
    /// Where it takes the bytes of that upload.
    pub url: String,
    people: [String; 2],
    room: String,
}

impl Wild {
    /// Bothers these people, in this room too.
    pub fn new(dice: Dice, people: &[String; 2], room: &str) -> Wild {
        Wild {
            dice,
            token: "none".to_owned(),
            upload: 1,
            url: String::new(),
            people: people.clone(),
            room: room.to_owned(),
        }
    }

    /// A text: short or at the edge of a limit, harmless or not.
    pub fn text(&mut self) -> String {
        let length = match self.dice.below(40) {
            0 => *self.dice.pick(&[199, 200, 201, 299, 300, 301, 389, 390, 391]),
            1 => *self.dice.pick(&[3_999, 4_000, 4_001, 5_000]),
            2 => 15_000,
            _ => 1 + self.dice.below(60) as usize,
        };
        let mut text = String::new();
        while text.chars().count() < length {
            let piece = *self.dice.pick(&PIECES);
            // Alone most of the time; a long text is one piece again and again.
            let times = if length > 100 { length / piece.chars().count() + 1 } else { 1 };
            (0..times).for_each(|_| text.push_str(piece));
            if self.dice.one_in(3) {
                break;
            }
        }
        text.chars().take(length).collect()
    }

    /// A name: one of the people's, of the other clients', or one that is not allowed.
    pub fn name(&mut self) -> String {
        match self.dice.below(10) {
            0 | 1 => self.dice.pick(&self.people.clone()).clone(),
            2 => self.text().chars().take(40).collect(),
            3 => self
                .dice
                .pick(&["server", "Аnna", "B0ris", "anna ", "", "#x", "ｂｏｒｉｓ", "x@y", "192.0.2.1"])
                .to_string(),
            _ => format!("pest{}", self.dice.below(NAMES)),
        }
    }

    /// A room: that of the people, one of the clients', or one that cannot be.
    pub fn room(&mut self) -> String {
        match self.dice.below(10) {
            0..=2 => self.room.clone(),
            3 => "#lobby".to_owned(),
            4 => self.text().chars().take(70).collect(),
            _ => format!("#pit{}", self.dice.below(ROOMS)),
        }
    }

    fn place(&mut self) -> String {
        if self.dice.one_in(3) { format!("@{}", self.name()) } else { self.room() }
    }

    fn number(&mut self) -> u64 {
        match self.dice.below(8) {
            0 => *self.dice.pick(&[0, u64::MAX, u64::MAX - 1, i64::MAX as u64, 1 << 53]),
            1 => self.dice.below(u64::MAX),
            _ => self.dice.below(2_000),
        }
    }

    /// A line of JSON, with its end; seldom one that is all right.
    pub fn json(&mut self) -> Vec<u8> {
        let spec = match self.dice.below(4) {
            0 => TABLE.iter().find(|spec| spec.name == "say").unwrap_or(&TABLE[0]),
            _ => self.dice.pick(TABLE),
        };
        let mut line = self.object(spec).into_bytes();
        match self.dice.below(30) {
            0 => line.truncate(self.dice.below(line.len() as u64) as usize),
            1 => {
                let at = self.dice.below(line.len() as u64) as usize;
                line[at] = *self.dice.pick(&[0xff, 0xc3, 0xed, 0x80, 0, b'"', b'\\', b'{']);
            }
            2 => line = self.nested(),
            3 => line.extend_from_slice(b"}}"),
            _ => {}
        }
        line.push(b'\n');
        line
    }

    fn object(&mut self, spec: &Spec) -> String {
        let mut parts = vec![format!("\"type\":\"{}\"", spec.name)];
        for field in fields(spec.verb) {
            let name = field.trim_end_matches('!');
            let is_there = if field.ends_with('!') { !self.dice.one_in(30) } else { self.dice.one_in(2) };
            if is_there {
                parts.push(format!("\"{name}\":{}", self.value(name)));
            }
            // Twice, and last it is another.
            if is_there && self.dice.one_in(40) {
                parts.push(format!("\"{name}\":{}", self.dice.pick(&ODD)));
            }
        }
        match self.dice.below(30) {
            0 => parts.push(format!("\"tag\":{}", self.dice.pick(&ODD))),
            1 => parts.push(format!("\"tag\":\"{}\"", "t".repeat(60 + self.dice.below(10) as usize))),
            2 => parts.push(format!("\"wide\":{}", "[".repeat(200) + &"]".repeat(200))),
            3 => parts.swap_remove(0).clear(),
            _ => parts.push(format!("\"tag\":\"{}\"", self.dice.below(500))),
        }
        format!("{{{}}}", parts.join(","))
    }

    fn value(&mut self, field: &str) -> String {
        if self.dice.one_in(8) {
            return (*self.dice.pick(&ODD)).to_owned();
        }
        let text = match field {
            "version" => return "1".to_owned(),
            "after" | "before" | "seq" | "limit" | "made" | "run" | "since" | "until" | "seconds" | "size" | "file"
            | "skip" => return self.number().to_string(),
            "upload" => return self.upload.to_string(),
            "messages" | "everywhere" | "invite_only" | "announcements" => {
                return (*self.dice.pick(&["true", "false"])).to_owned();
            }
            "rooms" => {
                let rooms: Vec<_> = (0..self.dice.below(6)).map(|_| quoted(&self.room())).collect();
                return format!("[{}]", rooms.join(","));
            }
            "nick" | "to" | "account" => self.name(),
            "room" => self.place(),
            "past" => self.place(),
            "password" | "old" | "new" => self.password(),
            "resume" => self.token.clone(),
            "sha256" => "0".repeat(64),
            "next" => format!("{}:{}", self.number(), self.number()),
            "word" => self.dice.pick(TABLE).name.to_owned(),
            _ => self.text(),
        };
        quoted(&text)
    }

    /// One that some of the clients' accounts have, or none.
    pub fn password(&mut self) -> String {
        match self.dice.below(6) {
            0 => self.text(),
            1 => "short".to_owned(),
            2 => "x".repeat(1_025),
            _ => PASSWORD.to_owned(),
        }
    }

    /// The bytes of a file.
    pub fn bytes(&mut self) -> Vec<u8> {
        let (length, first) = (1 + self.dice.below(9_000), self.dice.below(256) as u8);
        (0..length).map(|at| first.wrapping_mul(at as u8)).collect()
    }

    fn nested(&mut self) -> Vec<u8> {
        let depth = *self.dice.pick(&[100, 127, 128, 129, 5_000, 16_000]);
        let (open, close) = *self.dice.pick(&[("[", "]"), ("{\"a\":", "}")]);
        let mut line = format!("{{\"type\":\"say\",\"text\":{}", open.repeat(depth / open.len()));
        if self.dice.one_in(2) {
            line += &close.repeat(depth / open.len());
        }
        line.into_bytes()
    }

    /// A typed line, with its end.
    pub fn typed(&mut self) -> Vec<u8> {
        let mut line = if self.dice.one_in(4) { self.text() } else { self.command() }.into_bytes();
        if self.dice.one_in(10) {
            let at = self.dice.below(line.len() as u64 + 1) as usize;
            let telnet = *self.dice.pick(&TELNET);
            line.splice(at..at, telnet.iter().copied());
        }
        line.extend_from_slice(self.dice.pick(&["\n", "\n", "\r\n", "\r\0", "\n\n"]).as_bytes());
        line
    }

    fn command(&mut self) -> String {
        let spec = self.dice.pick(TABLE);
        let name =
            if self.dice.one_in(3) && !spec.aliases.is_empty() { self.dice.pick(spec.aliases) } else { spec.name };
        let mut line = format!("{}/{name}", self.dice.pick(&["", "", "", "", " ", "\u{feff}", "\0", "\u{1b}[A"]));
        for word in spec.usage.split_whitespace().skip(1) {
            // What may be left out is left out half of the time.
            if word.starts_with('[') && self.dice.one_in(2) {
                break;
            }
            line.push(' ');
            line += &match word.trim_matches(['[', ']']) {
                "NAME" => self.name(),
                "ROOM" => self.room(),
                "PLACE" | "PAST" => self.place(),
                "NUMBER" => self.number().to_string(),
                "TIME" => (*self.dice.pick(&TIMES)).to_owned(),
                "SETTING" => (*self.dice.pick(&["invite-only", "key", "announcements", "x"])).to_owned(),
                "VALUE" => (*self.dice.pick(&["on", "off", "word", "\u{200b}"])).to_owned(),
                _ => self.text(),
            };
        }
        line
    }

    /// A line beyond what one may be.
    pub fn too_long(&mut self) -> Vec<u8> {
        let length = *self.dice.pick(&[16_383, 16_384, 16_385, 40_000, 200_000]);
        let mut line = (*self.dice.pick(&["{\"type\":\"say\",\"text\":\"", "x", "/", "\u{1f600}"])).as_bytes().to_vec();
        line.resize(length, b'x');
        line.push(b'\n');
        line
    }

    /// How another protocol begins, or bytes that are of none.
    pub fn stranger(&mut self) -> Vec<u8> {
        if self.dice.one_in(3) {
            return (0..self.dice.below(600)).map(|_| self.dice.below(256) as u8).collect();
        }
        self.dice.pick(&STRANGERS).to_vec()
    }
}

/// As JSON.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wild(seed: u64) -> Wild {
        Wild::new(Dice::of_all(&[seed]), &["Anna".to_owned(), "Boris".to_owned()], "#soak")
    }

    fn lines(seed: u64, count: usize) -> Vec<Vec<u8>> {
        let mut wild = wild(seed);
        (0..count).flat_map(|_| [wild.json(), wild.typed(), wild.stranger(), wild.too_long()]).collect()
    }

    #[test]
    fn the_same_seed_says_the_same_lines() {
        assert_eq!(lines(7, 200), lines(7, 200));
        assert_ne!(lines(7, 200), lines(8, 200));
    }

    #[test]
    fn every_command_is_said_on_each_front_that_has_it() {
        let mut wild = wild(1);
        let json: Vec<_> = (0..4_000).map(|_| String::from_utf8_lossy(&wild.json()).into_owned()).collect();
        let typed: Vec<_> = (0..4_000).map(|_| String::from_utf8_lossy(&wild.typed()).into_owned()).collect();
        for spec in TABLE {
            let (json_word, typed_word) = (format!("{{\"type\":\"{}\"", spec.name), format!("/{}", spec.name));
            assert!(json.iter().any(|line| line.starts_with(&json_word)), "{json_word}");
            assert!(typed.iter().any(|line| line.contains(&typed_word)), "{typed_word}");
        }
    }

    #[test]
    fn most_lines_of_json_are_read_and_some_are_not() {
        let mut wild = wild(1);
        let read = (0..1_000).filter(|_| roomful::wire::json::decode(wild.json().trim_ascii_end()).is_ok()).count();
        assert!((300..950).contains(&read), "{read}");
    }
}
