//! What a file may be called, so that it can be stored on every system. Knows no file, only names.

use super::text::{clean, shows};

/// The most bytes of a file's name: what file systems take.
const FILE_NAME: usize = 255;

/// Characters that some system gives a meaning in a path.
const SPECIAL: &str = "<>:\"|?*";

/// Names that Windows takes for devices, with any ending, in any folder, in capitals and small letters.
/// The list, with the numbers of the ports, is that of CPython's `ntpath`.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
const PORTS: [&str; 2] = ["COM", "LPT"];
const PORT_NUMBERS: &str = "123456789¹²³";

/// A name under which a file may be stored anywhere, near the name that its sender gave it.
///
/// - Removed: the folders before it, all that [`clean`] removes, characters that
///   some system gives a meaning (`< > : " | ? *`), and dots and spaces at both ends.
/// - Cut, before its ending, to 255 bytes. If nothing visible is left, it is `file`.
/// - If Windows would take it for a device, it gets a `_`.
///
/// ```
/// use roomful::names::file_name;
///
/// assert_eq!(file_name("../../etc/passwd"), "passwd");
/// assert_eq!(file_name("C:\\Users\\anna\\кот.jpg"), "кот.jpg");
/// assert_eq!(file_name("\u{202e}gpj.exe"), "gpj.exe");
/// assert_eq!(file_name(".."), "file");
/// assert_eq!(file_name("con.tar.gz"), "con_.tar.gz");
/// assert_eq!(file_name("\u{3164}\u{200d}"), "file");
/// ```
pub fn file_name(raw: &str) -> String {
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let last = last.rsplit_once(':').filter(|(drive, _)| drive.len() == 1).map_or(last, |(_, rest)| rest);
    let cleaned: String = clean(last).chars().filter(|c| !SPECIAL.contains(*c) && !c.is_control()).collect();
    let name = cleaned.trim_matches(['.', ' ']);
    if !shows(name) {
        return "file".to_owned();
    }
    let name = marked_file_name(name, "");
    match name.split_once('.') {
        _ if !is_device(&name) => name.trim_end_matches(['.', ' ']).to_owned(),
        Some((stem, rest)) => format!("{}_.{rest}", stem.trim_end()),
        None => format!("{name}_"),
    }
}

/// What is wrong with a name that a person has chosen for a file of this machine, if Windows would
/// store it elsewhere, or nowhere. The same on all systems, because folders are shared between them.
///
/// ```
/// use roomful::names::file_name_flaw;
///
/// assert_eq!(file_name_flaw("console.txt"), None);
/// assert_eq!(file_name_flaw("nul.txt"), Some("that is a device on Windows; choose another name"));
/// assert_eq!(file_name_flaw("a.txt:b"), Some("a colon has a meaning on Windows; choose another name"));
/// assert_eq!(file_name_flaw("a."), Some("dots and blanks at its end are lost on Windows; leave them out"));
/// ```
pub fn file_name_flaw(name: &str) -> Option<&'static str> {
    if name.contains(':') {
        Some("a colon has a meaning on Windows; choose another name")
    } else if name.ends_with(['.', ' ']) {
        Some("dots and blanks at its end are lost on Windows; leave them out")
    } else if is_device(name) {
        Some("that is a device on Windows; choose another name")
    } else {
        None
    }
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_port = |port: &str| {
        stem.strip_prefix(port).is_some_and(|number| PORT_NUMBERS.contains(number) && number.chars().count() == 1)
    };
    DEVICES.contains(&&*stem) || PORTS.into_iter().any(is_port)
}

/// A file's name with `mark` before its ending, cut between letters to 255 bytes.
///
/// ```
/// use roomful::names::marked_file_name;
///
/// assert_eq!(marked_file_name("photo.jpg", " (2)"), "photo (2).jpg");
/// assert_eq!(marked_file_name("notes", " (2)"), "notes (2)");
/// assert_eq!(marked_file_name(&("ж".repeat(200) + ".jpeg"), "").len(), 255);
/// ```
pub fn marked_file_name(name: &str, mark: &str) -> String {
    /// An ending longer than this is a part of the name.
    const ENDING: usize = 17;
    let (stem, ending) = match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= ENDING => name.split_at(dot),
        _ => (name, ""),
    };
    let most = FILE_NAME.saturating_sub(ending.len() + mark.len());
    format!("{}{mark}{ending}", &stem[..stem.floor_char_boundary(most)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_name_is_that_of_a_device_however_it_is_written() {
        for device in ["CON", "prn", "Aux", "NUL", "conin$", "CONOUT$", "COM1", "com9", "LPT1", "lpt9", "COM¹", "LPT³"]
        {
            for written in
                ["", ".txt", ".tar.gz", " .txt", "...", " . ", ".", "   "].map(|end| format!("{device}{end}"))
            {
                assert!(file_name_flaw(&written).is_some(), "{written:?}");
                for raw in
                    [written.clone(), format!("../{written}"), format!("C:\\x\\{written}"), format!(" .{written}")]
                {
                    let name = file_name(&raw);
                    assert!(name.starts_with(&format!("{device}_")), "{raw:?}: {name:?}");
                    assert_eq!(file_name(&name), name, "{raw:?}");
                }
            }
        }
        for name in ["console.txt", "com.txt", "COM10", "COM0", "lpt", "nul-1", "a.con", "aux1.c", "порт"] {
            assert_eq!((file_name(name).as_str(), file_name_flaw(name)), (name, None));
        }
    }

    proptest! {
        #[test]
        fn a_name_taken_from_others_has_no_flaw_and_stays_as_it_is(
            raw in "([\\PC\\p{Cc}]|[.:/\\\\ ]|con|NUL|com1){0,12}|[a. ]{250,260}"
        ) {
            let name = file_name(&raw);
            prop_assert_eq!(file_name_flaw(&name), None);
            prop_assert!(!name.is_empty() && name.len() <= FILE_NAME && !name.contains(['/', '\\', '\0']));
            prop_assert_eq!(file_name(&name), name.as_str());
        }
    }
}
