//! The page and its files, as they lie in the program, or in a folder that the operator names. Knows no chat.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::answer::Answer;
use crate::wire::http::Head;

/// The first file of the page.
const INDEX: &str = "index.html";
/// In the first file, `SET` stands for the name of the set.
const SET: (&str, &str) = ("a/SET/", "a/");
/// In the first file, this stands for the links that load all modules at once.
const MODULES: &str = "<!-- MODULES -->";
/// The name of the set that is read from a folder.
const FOLDER: &str = "dev";
/// The largest file that is read from a folder, in bytes.
const LARGEST: u64 = 4 << 20;

macro_rules! page {
    ($($name:literal)+) => {
        &[$(($name, include_bytes!(concat!("../../../page/", $name)))),+]
    };
}

/// All files of the page. A new one is added here.
const FILES: &[(&str, &[u8])] = page! {
    "actions.js" "bar.js" "box.js" "cards.js" "early.js" "el.js" "files.js" "follow.js" "gate.js" "icon.svg"
    "index.html" "keys.js" "life.js" "list.js" "main.js" "marks.js" "notice.js" "panels.js" "place.js" "places.js"
    "rows.js" "session.js" "side.js" "store.js" "style.css" "tabs.js" "text.js" "unsent.js" "wire.js" "words.js"
};

/// The page and its files.
#[derive(Debug)]
pub(super) struct Pages {
    /// The set's name: a hash of all files, so they change together.
    set: String,
    index: String,
    /// Served instead, if it is given: read anew at each request.
    folder: Option<PathBuf>,
}

impl Pages {
    /// The page of this program, or the files in `folder`.
    pub(super) fn new(folder: Option<PathBuf>) -> Pages {
        let set = if folder.is_some() { FOLDER.to_owned() } else { set_of(FILES) };
        let index = FILES.iter().find(|(name, _)| *name == INDEX).map_or(&b""[..], |(_, bytes)| bytes);
        let index = filled(&String::from_utf8_lossy(index), &set, FILES.iter().map(|(name, _)| *name));
        Pages { set, index, folder }
    }

    /// The name of the set that is served.
    pub(super) fn set(&self) -> &str {
        &self.set
    }

    /// Answers `GET /`. `host` is the host that the browser named, and was checked.
    pub(super) fn page(&self, head: &Head, host: &str) -> Answer {
        let kind = "text/html; charset=utf-8";
        let tag = format!("\"{}\"", self.set);
        let answer = match &self.folder {
            Some(folder) => match read(folder, INDEX) {
                Some(bytes) => {
                    let modules = list(folder);
                    let modules = modules.iter().map(String::as_str);
                    let index = filled(&String::from_utf8_lossy(&bytes), &self.set, modules);
                    Answer::new(200, kind, index.into_bytes()).with("Cache-Control", "no-store")
                }
                None => return Answer::sentence(404, "The folder of --page has no index.html."),
            },
            None if is_known(head, &tag) => Answer::empty(304).with("Cache-Control", "no-cache").with("ETag", tag),
            None => Answer::new(200, kind, self.index.clone().into_bytes())
                .with("Cache-Control", "no-cache")
                .with("ETag", tag),
        };
        with_policy(answer, host)
    }

    /// Answers `GET /a/<set>/<file>`.
    pub(super) fn file(&self, head: &Head, path: &str) -> Answer {
        // Another set is of another version of the server; nobody may remember that it was not here.
        let none = || Answer::sentence(404, "There is no such file here; load the page again.");
        let Some((_, name)) = path.split_once('/').filter(|(set, _)| *set == self.set) else { return none() };
        if let Some(folder) = &self.folder {
            let bytes = if is_plain(name) { read(folder, name) } else { None };
            let Some(bytes) = bytes else { return none() };
            return Answer::new(200, type_of(name), bytes).with("Cache-Control", "no-store");
        }
        let Some((_, bytes)) = FILES.iter().find(|(known, _)| *known == name) else { return none() };
        let tag = format!("\"{}\"", self.set);
        let answer = if is_known(head, &tag) {
            Answer::empty(304)
        } else {
            Answer::new(200, type_of(name), Cow::Borrowed(*bytes))
        };
        answer.with("Cache-Control", "public, max-age=31536000, immutable").with("ETag", tag)
    }
}

/// Whether the peer has what `tag` names, by `If-None-Match`.
pub(super) fn is_known(head: &Head, tag: &str) -> bool {
    let mut tags = head.all("if-none-match").flat_map(|value| value.split(','));
    tags.any(|known| matches!(known.trim(), "*") || known.trim().trim_start_matches("W/") == tag)
}

/// The fields that keep the page to itself: its own files, its own server, no frames.
fn with_policy(answer: Answer, host: &str) -> Answer {
    // `ws:` is named because WebKit long did not count a WebSocket as 'self'.
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; \
         connect-src 'self' ws://{host}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let denied = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";
    let answer = answer
        .with("Content-Security-Policy", policy)
        .with("Permissions-Policy", denied)
        .with("X-Frame-Options", "DENY");
    // Elsewhere a browser ignores it, and says so in red.
    if super::doorstep::is_loopback(host) { answer.with("Cross-Origin-Opener-Policy", "same-origin") } else { answer }
}

/// The first 16 hexadecimal digits of a hash over the names, lengths and bytes of all files.
fn set_of(files: &[(&str, &[u8])]) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        for part in [name.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing into a string cannot fail
        text
    })
}

/// The first file, with the name of the set and the links to all modules in it.
fn filled<'a>(index: &str, set: &str, names: impl Iterator<Item = &'a str>) -> String {
    let modules = names.filter(|name| name.ends_with(".js") && *name != "early.js");
    let links: String = modules.map(|name| format!("<link rel=\"modulepreload\" href=\"a/{set}/{name}\">\n")).collect();
    index.replace(MODULES, links.trim_end()).replace(SET.0, &format!("{}{set}/", SET.1))
}

/// Whether a name is one of ours: small letters, digits, dot and hyphen, no dot first.
fn is_plain(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'-');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

/// Whether a file of the folder `page` is served: types and tests are for those who write it.
fn is_served(name: &str) -> bool {
    let wanted = [".html", ".css", ".js", ".svg", ".png", ".ico", ".webmanifest"];
    is_plain(name) && wanted.iter().any(|end| name.ends_with(end)) && !name.ends_with(".test.js")
}

/// The names of the files in a folder that are served, in order.
fn list(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| is_served(name));
    names.sort_unstable();
    names
}

/// A file of the folder; not through a link, which may lead out of it.
fn read(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let path = folder.join(name);
    let told = std::fs::symlink_metadata(&path).ok()?;
    (told.is_file() && told.len() <= LARGEST).then(|| std::fs::read(path).ok())?
}

/// The type of a file, by the end of its name.
fn type_of(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_in_the_list() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/page"));
        let listed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, list(folder), "src/front/http/assets.rs lists the files of page/, by the alphabet");
    }

    #[test]
    fn the_name_of_the_set_changes_with_every_byte_and_name() {
        let set = set_of(&[("a", b"bc"), ("d", b"")]);
        assert_eq!(set.len(), 16);
        for other in [&[("ab", &b"c"[..]), ("d", b"")], &[("a", b"bc"), ("e", b"")], &[("a", b"bC"), ("d", b"")]] {
            assert_ne!(set_of(other), set);
        }
    }

    #[test]
    fn the_first_file_names_the_set_and_loads_the_modules_early() {
        let index = filled("<!-- MODULES -->\na/SET/early.js SET", "s", ["early.js", "main.js", "a.css"].into_iter());
        assert_eq!(index, "<link rel=\"modulepreload\" href=\"a/s/main.js\">\na/s/early.js SET");
    }

    #[test]
    fn only_plain_names_are_read_from_a_folder_and_no_links() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.js"), "x").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("out.js")).unwrap();
        assert_eq!(read(folder.path(), "main.js").unwrap(), b"x");
        assert_eq!(read(folder.path(), "out.js"), None);
        for name in ["", ".", "..", ".git", "a/b", "..\\a", "A.js", "a%2e"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
