//! The only way to make the bytes of an IRC line. Does not know what the line says.
//!
//! What a caller passes is never trusted: a parameter cannot become two, and a text
//! cannot end the line. A line that would be too long is cut. A caller that wants all
//! of a text told asks [`Params::space`] first, and makes several lines of it.

use super::{LINE_BYTES, TAG_BYTES};

const ENDING: &[u8] = b"\r\n";

/// A line that takes tags, and has no prefix yet.
#[derive(Debug)]
#[must_use = "a line without a command is no line"]
pub struct Out<'v> {
    bytes: &'v mut Vec<u8>,
    /// Where the line begins.
    start: usize,
}

/// A line that has a prefix, and no command yet.
#[derive(Debug)]
#[must_use = "a line without a command is no line"]
pub struct Named<'v> {
    bytes: &'v mut Vec<u8>,
    body: usize,
}

/// A line that has a command, and takes parameters. It gets its ending when it is dropped.
#[derive(Debug)]
pub struct Params<'v> {
    bytes: &'v mut Vec<u8>,
    /// Where the line begins, behind its tags.
    body: usize,
}

impl<'v> Out<'v> {
    /// A line at the end of `bytes`.
    pub fn new(bytes: &'v mut Vec<u8>) -> Out<'v> {
        Out { start: bytes.len(), bytes }
    }

    /// One tag more; without a value if it is empty. A tag that has no room is left out.
    pub fn tag(self, name: &'static str, value: &str) -> Out<'v> {
        let before = self.bytes.len();
        // The space behind the last tag becomes the separator.
        match before == self.start {
            true => self.bytes.push(b'@'),
            false => *self.bytes.last_mut().unwrap_or(&mut 0) = b';',
        }
        self.bytes.extend_from_slice(name.as_bytes());
        if !value.is_empty() {
            self.bytes.push(b'=');
            escape(value, self.bytes);
        }
        self.bytes.push(b' ');
        if self.bytes.len() - self.start > TAG_BYTES {
            self.bytes.truncate(before);
            if let Some(last) = self.bytes[self.start..].last_mut() {
                *last = b' ';
            }
        }
        self
    }

    /// The same, if there is a value.
    pub fn tag_if(self, name: &'static str, value: Option<&str>) -> Out<'v> {
        match value {
            Some(value) => self.tag(name, value),
            None => self,
        }
    }

    /// The rest is a whole line that was made before; its own tags follow these.
    pub(super) fn before(self, line: &[u8]) {
        match (line.strip_prefix(b"@"), self.bytes.len() > self.start) {
            (Some(rest), true) => {
                *self.bytes.last_mut().unwrap_or(&mut 0) = b';';
                self.bytes.extend_from_slice(rest);
            }
            _ => self.bytes.extend_from_slice(line),
        }
    }

    /// Who says it: `nick!user@host`, or the name of the server.
    pub fn prefix(self, prefix: &str) -> Named<'v> {
        let body = self.bytes.len();
        self.bytes.push(b':');
        put_word(prefix, self.bytes);
        self.bytes.push(b' ');
        Named { bytes: self.bytes, body }
    }
}

impl<'v> Named<'v> {
    /// What the line is: a word, or three digits.
    pub fn command(self, command: &str) -> Params<'v> {
        put_word(command, self.bytes);
        Params { bytes: self.bytes, body: self.body }
    }
}

impl Params<'_> {
    /// A parameter that is one word. If it cannot be one, it is changed so that it can:
    /// an empty one is `*`, and a space, a control character or a colon at the beginning is `_`.
    #[must_use = "the line ends here; say so by `end`"]
    pub fn middle(self, param: &str) -> Self {
        self.bytes.push(b' ');
        put_word(param, self.bytes);
        self
    }

    /// A number.
    #[must_use = "the line ends here; say so by `end`"]
    pub fn number(self, number: impl std::fmt::Display) -> Self {
        self.middle(&number.to_string())
    }

    /// The last parameter: any text. Line breaks in it are spaces, and NUL is left out.
    pub fn trailing(self, text: &str) {
        self.bytes.extend_from_slice(b" :");
        put_text(text, self.bytes);
    }

    /// The line has no other parameter.
    pub fn end(self) {}

    /// How many bytes of text [`Params::trailing`] still has room for.
    pub fn space(&self) -> usize {
        (LINE_BYTES - ENDING.len()).saturating_sub(self.bytes.len() - self.body + " :".len())
    }
}

impl Drop for Params<'_> {
    fn drop(&mut self) {
        let most = self.body + LINE_BYTES - ENDING.len();
        if self.bytes.len() > most {
            let end = (self.body..=most).rev().find(|&at| !is_inside(self.bytes[at]));
            self.bytes.truncate(end.unwrap_or(most));
        }
        self.bytes.extend_from_slice(ENDING);
    }
}

/// Whether a byte of UTF-8 is not the first of its character.
fn is_inside(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

fn put_word(word: &str, bytes: &mut Vec<u8>) {
    let is_plain = |c: char| c != ' ' && !c.is_control();
    if word.is_empty() {
        bytes.push(b'*');
    } else if !word.starts_with(':') && word.chars().all(is_plain) {
        bytes.extend_from_slice(word.as_bytes());
    } else {
        let mut first = true;
        for c in word.chars() {
            let fits = is_plain(c) && !(first && c == ':');
            bytes.extend_from_slice((if fits { c } else { '_' }).encode_utf8(&mut [0; 4]).as_bytes());
            first = false;
        }
    }
}

fn put_text(text: &str, bytes: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr3(b'\r', b'\n', 0, rest) {
        bytes.extend_from_slice(&rest[..at]);
        if rest[at] != 0 {
            bytes.push(b' ');
        }
        rest = &rest[at + 1..];
    }
    bytes.extend_from_slice(rest);
}

fn escape(value: &str, bytes: &mut Vec<u8>) {
    for byte in value.bytes() {
        match byte {
            b';' => bytes.extend_from_slice(br"\:"),
            b' ' => bytes.extend_from_slice(br"\s"),
            b'\\' => bytes.extend_from_slice(br"\\"),
            b'\r' => bytes.extend_from_slice(br"\r"),
            b'\n' => bytes.extend_from_slice(br"\n"),
            0 => {}
            byte => bytes.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::irc::Line;
    use proptest::prelude::*;

    fn line(make: impl FnOnce(Out<'_>)) -> String {
        let mut bytes = b"before\r\n".to_vec();
        make(Out::new(&mut bytes));
        String::from_utf8(bytes).unwrap().strip_prefix("before\r\n").unwrap().to_owned()
    }

    #[test]
    fn a_line_is_made_of_tags_prefix_command_and_parameters() {
        let told = line(|out| {
            let tagged = out.tag("time", "now").tag("a", "").tag_if("b", None).tag_if("c", Some(r"x; \"));
            tagged.prefix("server").command("322").middle("anna").middle("#a").number(7).trailing("two words");
        });
        assert_eq!(told, "@time=now;a;c=x\\:\\s\\\\ :server 322 anna #a 7 :two words\r\n");
        assert_eq!(line(|out| out.prefix("s").command("PING").middle("x").end()), ":s PING x\r\n");
    }

    #[test]
    fn what_cannot_be_one_word_is_changed() {
        let told = line(|out| out.prefix("a b").command("461").middle("").middle(":x:y").middle("a\r\nQUIT\0").end());
        assert_eq!(told, ":a_b 461 * _x:y a__QUIT_\r\n");
    }

    #[test]
    fn a_text_has_no_line_endings() {
        assert_eq!(line(|out| out.prefix("s").command("X").trailing("a\r\nb\0c\n")), ":s X :a  bc \r\n");
    }

    #[test]
    fn a_long_line_is_cut_between_two_characters() {
        let told = line(|out| out.prefix("s1").command("X").trailing(&"ж".repeat(400)));
        assert_eq!(told.len(), LINE_BYTES - 1);
        assert!(told.ends_with("ж\r\n"));
    }

    #[test]
    fn a_text_of_just_the_space_there_is_fits() {
        let mut text = String::new();
        let told = line(|out| {
            let params = out.tag("time", "now").prefix("anna!u@h").command("PRIVMSG").middle("#a");
            text = "x".repeat(params.space());
            params.trailing(&text);
        });
        assert!(told.ends_with(&format!(":{text}\r\n")));
        assert_eq!(told.len(), "@time=now ".len() + LINE_BYTES);
    }

    #[test]
    fn a_tag_without_room_is_left_out() {
        let told = line(|out| {
            let long = "x".repeat(TAG_BYTES - "@a= ".len());
            out.tag("a", &long).tag("b", "1").prefix("s").command("X").end();
        });
        assert_eq!(told.len(), TAG_BYTES + ":s X\r\n".len());
        assert!(told.ends_with("x :s X\r\n"));
        let alone = line(|out| out.tag("a", &"x".repeat(TAG_BYTES)).tag("b", "1").prefix("s").command("X").end());
        assert_eq!(alone, "@b=1 :s X\r\n");
    }

    proptest! {
        #[test]
        fn what_is_made_of_the_parts_of_a_line_is_read_as_the_same_parts(
            values in proptest::collection::vec(any_text(), 0..3),
            command in "[A-Z]{1,12}|[0-9]{3}",
            words in proptest::collection::vec("[a-zа-я#*@!~+-][a-zа-я:#@!~+,-]{0,12}", 0..8),
            text in proptest::option::of("[ -~а-я]{0,60}"),
        ) {
            const NAMES: [&str; 3] = ["time", "label", "+typing"];
            let told = line(|out| {
                let tagged = NAMES.iter().zip(&values).fold(out, |out, (name, value)| out.tag(name, value));
                let params = tagged.prefix("anna!u@h").command(&command);
                let params = words.iter().fold(params, |params, word| params.middle(word));
                match &text {
                    Some(text) => params.trailing(text),
                    None => params.end(),
                }
            });
            let read = Line::parse(told.strip_suffix("\r\n").unwrap()).unwrap();
            prop_assert_eq!(&*read.command, command);
            let params: Vec<&str> = words.iter().chain(&text).map(String::as_str).collect();
            prop_assert_eq!(read.params.clone(), params);
            let tags: Vec<(&str, String)> = read.tags().map(|(name, value)| (name, value.into_owned())).collect();
            let meant: Vec<_> = NAMES.into_iter().zip(values.iter().map(|value| value.replace('\0', ""))).collect();
            prop_assert_eq!(tags, meant);
        }
    }

    fn any_text() -> impl Strategy<Value = String> {
        let part = prop_oneof!["[;: \\\\\r\n\0=@]", any::<char>().prop_map(String::from)];
        proptest::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
    }
}
