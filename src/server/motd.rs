//! The message of the day: read from a file, and made harmless. Does not know which sessions are shown it.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::names::clean_lines;

/// The longest message of the day, in bytes.
pub const MOST_BYTES: usize = 4_096;
/// The most lines of it.
pub const MOST_LINES: usize = 40;

/// Reads the message of the day; `None` if there is nothing in the file. What
/// could change a screen is taken out, as it is from what people say.
///
/// # Errors
/// A sentence: the file cannot be read, is no UTF-8, or has too much in it.
pub fn read(path: &Path) -> Result<Option<Arc<str>>, String> {
    let shown = path.display();
    let mut bytes = Vec::new();
    // One byte more than may be there, so that an endless file is not read to its end.
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot read {shown}: {error}"))?;
    if bytes.len() > MOST_BYTES {
        return Err(format!("{shown} has more than {MOST_BYTES} bytes; make it shorter"));
    }
    let text = str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{shown} is no UTF-8 text in line {line}; store it as UTF-8")
    })?;
    let text = clean_lines(text.strip_prefix('\u{feff}').unwrap_or(text));
    let text = text.trim_end();
    let lines = text.lines().count();
    if lines > MOST_LINES {
        return Err(format!("{shown} has {lines} lines, and {MOST_LINES} are the most"));
    }
    Ok((!text.trim().is_empty()).then(|| Arc::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_the_day_is_cleaned_or_refused_with_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("motd");
        let said = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path).map_err(|sentence| sentence.replace(&path.display().to_string(), "FILE"))
        };
        let text = |text: &str| Ok(Some(Arc::from(text)));
        assert_eq!(said("Добро пожаловать\n\n  lab 3\n\n".as_bytes()), text("Добро пожаловать\n\n  lab 3"));
        assert_eq!(said(b"\xef\xbb\xbfhi\r\nall\x1b[2J\ttab"), text("hi\nall[2J    tab"));
        assert_eq!(said(b" \n\n"), Ok(None));
        assert_eq!(said(b"").map(|_| ()), Ok(()));
        assert_eq!(said(b"good\nbad \xff"), Err("FILE is no UTF-8 text in line 2; store it as UTF-8".to_owned()));
        assert_eq!(said(&[b'x'; MOST_BYTES]).map(|_| ()), Ok(()));
        assert_eq!(said(&[b'x'; MOST_BYTES + 1]), Err("FILE has more than 4096 bytes; make it shorter".to_owned()));
        assert_eq!(said("a\n".repeat(40).as_bytes()).map(|_| ()), Ok(()));
        assert_eq!(said("a\n".repeat(41).as_bytes()), Err("FILE has 41 lines, and 40 are the most".to_owned()));
        std::fs::remove_file(&path).unwrap();
        assert!(read(&path).unwrap_err().starts_with("cannot read "), "it is not there");
    }
}
