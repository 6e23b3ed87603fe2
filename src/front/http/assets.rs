//! The page and its files, as they lie in the program, or in a folder that the operator names. Knows no chat.

use std::borrow::Cow;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::answer::Answer;
use crate::wire::hex;
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
    files: Vec<File>,
    /// Served instead, if it is given: read anew at each request.
    folder: Option<PathBuf>,
}

/// A file of the page, as it is and compressed.
#[derive(Debug)]
struct File {
    name: &'static str,
    plain: Cow<'static, [u8]>,
    packed: Vec<u8>,
}

impl File {
    fn new(name: &'static str, plain: Cow<'static, [u8]>) -> File {
        let mut packing = GzEncoder::new(Vec::new(), Compression::best());
        // Into memory, so it cannot fail; what is empty is never sent.
        let packed = packing.write_all(&plain).and_then(|()| packing.finish()).unwrap_or_default();
        File { name, plain, packed }
    }

    /// Answers with the file, compressed for a peer that takes it so: the page is read
    /// as it was written, and is a third of its size on the way.
    fn give(&self, head: &Head, set: &str, caching: &'static str) -> Answer {
        let is_packed = !self.packed.is_empty() && head.lists("accept-encoding", "gzip");
        // The two are different bytes, so they have different tags (RFC 9110, 8.8.3.3).
        let tag = if is_packed { format!("\"{set}-gzip\"") } else { format!("\"{set}\"") };
        let answer = if head.knows(&tag) {
            Answer::empty(304)
        } else if is_packed {
            Answer::new(200, type_of(self.name), self.packed.clone()).with("Content-Encoding", "gzip")
        } else {
            Answer::new(200, type_of(self.name), self.plain.clone())
        };
        answer.with("Cache-Control", caching).with("ETag", tag).with("Vary", "Accept-Encoding")
    }
}

impl Pages {
    /// The page of this program, or the files in `folder`.
    pub(super) fn new(folder: Option<PathBuf>) -> Pages {
        if folder.is_some() {
            return Pages { set: FOLDER.to_owned(), files: Vec::new(), folder };
        }
        let set = set_of(FILES);
        let files = FILES.iter().map(|(name, bytes)| match *name {
            INDEX => {
                let index = filled(&String::from_utf8_lossy(bytes), &set, FILES.iter().map(|(name, _)| *name));
                File::new(name, index.into_bytes().into())
            }
            name => File::new(name, Cow::Borrowed(*bytes)),
        });
        Pages { files: files.collect(), set, folder }
    }

    /// The name of the set that is served.
    pub(super) fn set(&self) -> &str {
        &self.set
    }

    fn find(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Answers `GET /`. The host that the browser named was checked.
    pub(super) fn page(&self, head: &Head, is_secure: bool) -> Answer {
        let answer = match &self.folder {
            Some(folder) => read(folder, INDEX).map(|bytes| {
                let modules = list(folder);
                let index = filled(&String::from_utf8_lossy(&bytes), &self.set, modules.iter().map(String::as_str));
                Answer::new(200, type_of(INDEX), index.into_bytes()).with("Cache-Control", "no-store")
            }),
            None => self.find(INDEX).map(|index| index.give(head, &self.set, "no-cache")),
        };
        match answer {
            Some(answer) => with_policy(answer, &head.host, is_secure),
            None => Answer::sentence(404, "The folder of --page has no index.html."),
        }
    }

    /// Answers `GET /a/<set>/<file>`.
    pub(super) fn file(&self, head: &Head, path: &str) -> Answer {
        let name = path.split_once('/').filter(|(set, _)| *set == self.set).map(|(_, name)| name);
        let answer = name.and_then(|name| match &self.folder {
            Some(folder) if is_plain(name) => {
                read(folder, name).map(|bytes| Answer::new(200, type_of(name), bytes).with("Cache-Control", "no-store"))
            }
            Some(_) => None,
            None => self.find(name).map(|file| file.give(head, &self.set, "public, max-age=31536000, immutable")),
        });
        // Another set is of another version of the server; nobody may remember that it was not here.
        answer.unwrap_or_else(|| Answer::sentence(404, "There is no such file here; load the page again."))
    }
}

/// The fields that keep the page to itself: its own files, its own server, no frames.
fn with_policy(answer: Answer, host: &str, is_secure: bool) -> Answer {
    // WebSockets are named because WebKit long did not count them as 'self'; `wss:` is also for a proxy with TLS.
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; \
         connect-src 'self' ws://{host} wss://{host}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let denied = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";
    let answer = answer
        .with("Content-Security-Policy", policy)
        .with("Permissions-Policy", denied)
        .with("X-Frame-Options", "DENY");
    // Elsewhere a browser ignores it, and says so in red.
    let is_taken = is_secure || super::doorstep::is_loopback(host);
    if is_taken { answer.with("Cross-Origin-Opener-Policy", "same-origin") } else { answer }
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
    hex(&hash.finalize()[..8])
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

    /// What goes over the wire is what a phone waits for.
    #[test]
    fn the_whole_page_is_under_100_kilobytes_as_it_is_sent() {
        let sent: usize = Pages::new(None).files.iter().map(|file| file.packed.len()).sum();
        assert!((1..100_000).contains(&sent), "{sent} bytes");
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
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("out.js")).unwrap();
        assert_eq!(read(folder.path(), "main.js").unwrap(), b"x");
        assert_eq!(read(folder.path(), "out.js"), None);
        for name in ["", ".", "..", ".git", "a/b", "..\\a", "A.js", "a%2e"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
