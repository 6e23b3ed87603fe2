//! What a file is, and how large the picture in it, by its first bytes as they pass; never by its name. Knows no upload and no chat.

/// The kind of a file is told by this many of its first bytes.
const KIND: usize = 8_192;

/// The size of a JPEG may stand behind a preview and a colour profile; it is looked for in so many bytes.
const PICTURE: usize = 131_072;

/// The field of Exif that says how a picture is turned; 5 to 8 are a quarter.
const ORIENTATION: u16 = 0x0112;

/// The kinds of which the size is told.
const PICTURES: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];

/// Looks at the bytes of one file as they come.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// The first bytes; empty when nothing more is looked for.
    head: Vec<u8>,
    kind: Option<&'static str>,
    size: Option<(u32, u32)>,
    /// Whether all is known that can be.
    over: bool,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// `image/jpeg`, for example.
    pub mime: &'static str,
    /// Width and height in pixels, if it is a picture and says so. It may lie.
    pub size: Option<(u32, u32)>,
}

impl Look {
    /// More bytes of the file.
    pub fn see(&mut self, bytes: &[u8]) {
        if self.over {
            return;
        }
        let room = PICTURE - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if self.head.len() >= KIND {
            self.tell();
        }
    }

    /// That was the whole file.
    pub fn end(mut self) -> Kind {
        if !self.over {
            self.tell();
        }
        Kind { mime: self.kind.unwrap_or("application/octet-stream"), size: self.size }
    }

    fn tell(&mut self) {
        let head = &self.head[..self.head.len().min(KIND)];
        let mime = *self.kind.get_or_insert_with(|| kind(head));
        if PICTURES.contains(&mime) {
            self.size = size(&self.head);
        }
        // All but JPEG have it at their very beginning.
        if self.size.is_some() || mime != "image/jpeg" || self.head.len() == PICTURE {
            self.over = true;
            self.head = Vec::new();
        }
    }
}

/// The size that a picture says it has. A picture of nothing has none.
fn size(head: &[u8]) -> Option<(u32, u32)> {
    let size = imagesize::blob_size(head).ok()?;
    let (width, height) = (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?);
    let (width, height) = if lies_on_its_side(head) == Some(true) { (height, width) } else { (width, height) };
    (width > 0 && height > 0).then_some((width, height))
}

/// Whether a JPEG says that it is shown turned by a quarter: phones write the picture as the sensor lies, and the turn
/// into Exif. Browsers obey it, so the box must have the sides changed.
fn lies_on_its_side(head: &[u8]) -> Option<bool> {
    let mut rest = head.strip_prefix(b"\xff\xd8")?;
    let tiff = loop {
        let &[0xff, marker, high, low, ..] = rest else { return None };
        let segment = rest.get(4..2 + usize::from(u16::from_be_bytes([high, low])))?;
        if let (0xe1, Some(tiff)) = (marker, segment.strip_prefix(b"Exif\0\0")) {
            break tiff;
        }
        rest = &rest[4 + segment.len()..];
    };
    let little = tiff.starts_with(b"II");
    let number = |at: usize| -> Option<u16> {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    // The first directory stands behind an offset of four bytes; a segment is shorter than 64 KiB.
    let directory = usize::from(number(if little { 4 } else { 6 })?);
    let fields = (0..usize::from(number(directory)?)).map(|n| directory + 2 + 12 * n);
    let turn = fields.take_while(|&at| at < tiff.len()).find(|&at| number(at) == Some(ORIENTATION))?;
    Some((5..=8).contains(&number(turn + 8)?))
}

/// The kind of a file, from its first bytes.
fn kind(head: &[u8]) -> &'static str {
    if let Some(kind) = infer::get(head) {
        return kind.mime_type();
    }
    // The end of the head may cut a character in two.
    let text = !std::str::from_utf8(head).is_err_and(|error| error.error_len().is_some());
    if text && !head.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) {
        "text/plain"
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn look(bytes: &[u8], piece: usize) -> Kind {
        let mut look = Look::default();
        bytes.chunks(piece).for_each(|bytes| look.see(bytes));
        look.end()
    }

    /// Lab report A: a text file named .jpg is a file, not a picture.
    #[test]
    fn a11_what_a_file_is_is_told_by_its_content() {
        assert_eq!(kind(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"), "image/jpeg");
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "image/png");
        assert_eq!(kind("только текст\n".as_bytes()), "text/plain");
        assert_eq!(kind(&"ж".as_bytes()[..1]), "text/plain");
        assert_eq!(kind(b""), "text/plain");
        assert_eq!(kind(b"\x00\x01\x02\x03 and so on"), "application/octet-stream");
    }

    /// A JPEG of 300 x 200 that says how it is turned, among other fields.
    fn turned(little: bool, turn: u16) -> Vec<u8> {
        let two = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        let four = |n: u16| if little { [two(n), two(0)].concat() } else { [two(0), two(n)].concat() };
        let field = |tag: u16, value: u16| {
            [two(tag).to_vec(), two(3).to_vec(), four(1), two(value).to_vec(), vec![0, 0]].concat()
        };
        let begins = [if little { b"II" } else { b"MM" }.to_vec(), two(42).to_vec(), four(8), two(2).to_vec()].concat();
        let exif = [b"Exif\0\0".to_vec(), begins, field(0x010f, 6), field(ORIENTATION, turn)].concat();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        [b"\xff\xd8\xff\xe0\0\x04ab\xff\xe1".as_slice(), &length, &exif, &jpeg(0)[2..]].concat()
    }

    #[test]
    fn a_photo_that_lies_on_its_side_has_the_size_in_which_it_is_shown() {
        for little in [true, false] {
            for (turn, wanted) in [
                (0, (300, 200)),
                (1, (300, 200)),
                (4, (300, 200)),
                (5, (200, 300)),
                (6, (200, 300)),
                (8, (200, 300)),
                (9, (300, 200)),
            ] {
                assert_eq!(look(&turned(little, turn), 1_000).size, Some(wanted), "turn {turn}");
            }
            let whole = turned(little, 6);
            for end in 0..60 {
                lies_on_its_side(&whole[..end]);
                let mut odd = whole.clone();
                odd[end] ^= 0xff;
                look(&odd, 1 << 20);
            }
        }
    }

    /// A JPEG of 300 x 200 whose size stands behind `before` bytes of segments.
    fn jpeg(before: usize) -> Vec<u8> {
        let mut bytes = b"\xff\xd8".to_vec();
        let mut left = before;
        while left > 0 {
            let length = left.min(65_000);
            bytes.extend([0xff, 0xe1]);
            bytes.extend((u16::try_from(length).unwrap() + 2).to_be_bytes());
            bytes.extend(vec![7; length]);
            left -= length;
        }
        bytes.extend(b"\xff\xc0\x00\x11\x08\x00\xc8\x01\x2c\x03");
        bytes.extend(vec![1; 200_000]);
        bytes
    }

    #[test]
    fn the_size_of_a_picture_is_read_from_its_head() {
        let png = [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\0\0\xc3\x50\0\0\xc3\x50".as_slice(), &[0; 100]].concat();
        let gif = [b"GIF89a\x20\x01\x10\x00".as_slice(), &[0; 100]].concat();
        let webp = [b"RIFF\x64\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x2b\x01\0\xc7\0\0".as_slice(), &[0; 100]].concat();
        for (bytes, mime, wanted) in [
            (png, "image/png", Some((50_000, 50_000))),
            (gif, "image/gif", Some((288, 16))),
            (webp, "image/webp", Some((300, 200))),
            (jpeg(20), "image/jpeg", Some((300, 200))),
            (jpeg(65_000), "image/jpeg", Some((300, 200))),
            (jpeg(120_000), "image/jpeg", Some((300, 200))),
            (jpeg(200_000), "image/jpeg", None),
            (b"\x89PNG\r\n\x1a\n".to_vec(), "image/png", None),
            (b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0".to_vec(), "image/bmp", None),
        ] {
            for piece in [1_000, 32_768, 1 << 20] {
                assert_eq!(look(&bytes, piece), Kind { mime, size: wanted }, "{} bytes by {piece}", bytes.len());
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd_to_look_at(
            begins in prop::sample::select(vec![
                &b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 ", b"RIFF\0\0\0\0WEBPVP8L", b"",
            ]),
            rest in prop::collection::vec(prop::sample::select(vec![0, 1, 2, 0xc0, 0xd8, 0xd9, 0xff]), 0..600),
        ) {
            let bytes = [begins, &rest].concat();
            prop_assert_eq!(look(&bytes, 1), look(&bytes, 1 << 20));
        }
    }
}
