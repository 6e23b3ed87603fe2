//! The keys that a user has come to trust, in a file: a server and its key a line. Knows no connection and no question.
//!
//! ```text
//! # host:port, the fingerprint of its key, and since when it is known
//! lab.local:7667 sha256:7f3a-91c0-5be2-0d11-02bd-77fe-1a40-c3d4 2026-11-25
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use jiff::Zoned;

use super::distrust::Distrust;
use super::host::Host;
use crate::client::error::words;
use crate::net::fingerprint::Fingerprint;
use crate::process::private::{make_private_folder, private};

/// The largest file that is read, in bytes: ten thousand servers. A device may have no end.
const MOST: u64 = 1 << 20;

/// A key that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub key: Fingerprint,
    /// The day, as the file has it; it may be empty.
    pub since: String,
}

impl Known {
    /// A key that is known from today on.
    pub fn today(key: Fingerprint) -> Known {
        Known { key, since: Zoned::now().date().to_string() }
    }
}

/// The file, which need not be there.
#[derive(Debug)]
pub(super) struct KnownHosts(PathBuf);

impl KnownHosts {
    /// The file at `path`, or the user's own.
    pub fn at(path: Option<&Path>) -> KnownHosts {
        let own = || {
            let folder = etcetera::choose_base_strategy().ok()?.config_dir();
            Some(folder.join("roomful").join("known_hosts"))
        };
        // Without a folder for settings no file is found at this path, and none can be made there.
        KnownHosts(path.map(Path::to_owned).or_else(own).unwrap_or_default())
    }

    /// The keys of a host. A line that names the host and has no key is an error:
    /// without it, a damaged file would make a changed key look like a new one.
    pub fn of(&self, host: &Host) -> Result<Vec<Known>, Distrust> {
        let text = self.read().map_err(|error| self.unreadable(&error))?;
        let lines = text.lines().enumerate().filter(|(_, line)| names(line, host));
        lines.map(|(index, line)| known(line).ok_or_else(|| self.damaged(index + 1, host))).collect()
    }

    /// Adds a key at the end of the file. Two clients may do that at once: one waits for the other.
    pub fn add(&self, host: &Host, known: &Known) -> io::Result<()> {
        if self.0.as_os_str().is_empty() {
            return Err(io::Error::other("there is no folder for settings; name a file by --known-hosts"));
        }
        if let Some(folder) = self.0.parent() {
            make_private_folder(folder)?;
        }
        let mut file = private(OpenOptions::new().create(true).read(true).append(true)).open(&self.0)?;
        // Not every system appends in one step. A disk of the network may have no locks; then nothing waits.
        let _ = file.lock();
        // The last line may have lost its end, by hand or because the disk was full.
        let begin = if ends_line(&mut file)? { "" } else { "\n" };
        file.write_all(format!("{begin}{host} sha256:{} {}\n", known.key, known.since).as_bytes())
    }

    /// Removes all lines of a host, damaged ones too. Returns whether there were any.
    /// Another file takes the place of this one, so that it is never half written.
    pub fn forget(&self, host: &Host) -> io::Result<bool> {
        let text = self.read()?;
        let rest: String = text.split_inclusive('\n').filter(|line| !names(line, host)).collect();
        if rest.len() == text.len() {
            return Ok(false);
        }
        // The path may be a link to the file.
        let path = self.0.canonicalize()?;
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(rest.as_bytes())?;
        file.persist(&path)?;
        Ok(true)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn read(&self) -> io::Result<String> {
        let file = match File::open(&self.0) {
            Err(error) if is_nowhere(&error) => return Ok(String::new()),
            file => file?,
        };
        // Waits for a client that adds a key: on Windows a locked file cannot be read.
        let _ = file.lock_shared();
        let mut bytes = Vec::new();
        if file.take(MOST + 1).read_to_end(&mut bytes)? as u64 > MOST {
            return Err(io::Error::other(format!("it has more than {MOST} bytes")));
        }
        // Some editors put a byte order mark before a text.
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
    }

    fn unreadable(&self, error: &io::Error) -> Distrust {
        Distrust::Unreadable { file: self.0.clone(), why: words(error) }
    }

    fn damaged(&self, line: usize, host: &Host) -> Distrust {
        Distrust::Damaged { file: self.0.clone(), line, host: host.to_string() }
    }
}

/// Whether there is no such file, or not even a folder for it.
fn is_nowhere(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether a line is about this host.
fn names(line: &str, host: &Host) -> bool {
    line.split_whitespace().next().is_some_and(|first| !first.starts_with('#') && Host::of(first) == *host)
}

/// What a line says of its host. What follows the day is left to the user.
fn known(line: &str) -> Option<Known> {
    let mut words = line.split_whitespace().skip(1);
    let key = words.next()?.strip_prefix("sha256:")?.parse().ok()?;
    Some(Known { key, since: words.next().unwrap_or_default().to_owned() })
}

/// Whether the file ends with the end of a line, or is empty.
fn ends_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use tempfile::tempdir;

    use super::*;

    fn key(of: &str) -> Known {
        Known { key: Fingerprint::of_key(of.as_bytes()), since: "2026-11-19".to_owned() }
    }

    fn host(addr: &str) -> Host {
        Host::of(addr)
    }

    #[test]
    fn a_key_is_known_from_the_line_that_was_added_until_it_is_forgotten() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("settings/roomful/known_hosts");
        let file = KnownHosts::at(Some(&path));
        assert_eq!(file.of(&host("lab:1")), Ok(vec![]));
        assert!(!file.forget(&host("lab:1")).unwrap());
        file.add(&host("lab:1"), &key("a")).unwrap();
        file.add(&host("[::1]:7667"), &key("b")).unwrap();
        file.add(&host("lab:2"), &key("c")).unwrap();
        assert_eq!(file.of(&host("LAB.:1")), Ok(vec![key("a")]));
        assert_eq!(file.of(&host("[0::1]:7667")), Ok(vec![key("b")]));
        assert_eq!(file.of(&host("[::1]:7668")), Ok(vec![]));
        assert!(file.forget(&host("[0::1]:7667")).unwrap());
        let shown = |of: &str| key(of).key;
        let left = format!("lab:1 sha256:{} 2026-11-19\nlab:2 sha256:{} 2026-11-19\n", shown("a"), shown("c"));
        assert_eq!(fs::read_to_string(&path).unwrap(), left);
    }

    #[test]
    fn lines_by_hand_and_damaged_lines_of_other_hosts_do_no_harm() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("known_hosts");
        let (a, b) = (key("a").key.to_string(), key("b").key.to_string().to_uppercase());
        let mut text = format!("\u{feff}Lab:1   sha256:{a}\r\n# lab:1 old\r\n\nother:1 sha256:7f3a\n").into_bytes();
        text.extend(b"\xff\xfe damaged\nx\n");
        text.extend(format!("lab:1 sha256:{} 2026-11-19 the room on the left", b.replace("SHA", "sha")).bytes());
        fs::write(&path, &text).unwrap();
        let file = KnownHosts::at(Some(&path));
        let by_hand = Known { since: String::new(), ..key("a") };
        assert_eq!(file.of(&host("lab:1")), Ok(vec![by_hand.clone(), key("b")]));
        // The last line has no end, and is not made longer.
        file.add(&host("lab:1"), &key("c")).unwrap();
        assert_eq!(file.of(&host("lab:1")), Ok(vec![by_hand, key("b"), key("c")]));
    }

    #[test]
    fn a_damaged_line_of_the_host_itself_is_an_error_until_it_is_forgotten() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("known_hosts");
        for line in ["lab:1", "lab:1 sha256:7f3a-91c0", "lab:1 7f3a", "lab:1 2026-11-19 sha256:"] {
            fs::write(&path, format!("# mine\n{line}\n")).unwrap();
            let file = KnownHosts::at(Some(&path));
            let damaged = Distrust::Damaged { file: path.clone(), line: 2, host: "lab:1".to_owned() };
            assert_eq!(file.of(&host("lab:1")), Err(damaged), "{line}");
            assert_eq!(file.of(&host("lab:2")), Ok(vec![]), "{line}");
            assert!(file.forget(&host("lab:1")).unwrap());
            assert_eq!(fs::read_to_string(&path).unwrap(), "# mine\n");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_does_not_count_as_an_empty_one() {
        let folder = tempdir().unwrap();
        let error = KnownHosts::at(Some(folder.path())).of(&host("lab:1")).unwrap_err();
        assert!(matches!(error, Distrust::Unreadable { .. }), "{error:?}");
        let long = folder.path().join("long");
        File::create(&long).unwrap().set_len(MOST + 1).unwrap();
        let error = KnownHosts::at(Some(&long)).of(&host("lab:1")).unwrap_err();
        assert!(error.to_string().contains("1048576 bytes"), "{error}");
        let error = KnownHosts(PathBuf::new()).add(&host("lab:1"), &key("a")).unwrap_err();
        assert!(error.to_string().contains("--known-hosts"), "{error}");
    }

    #[test]
    fn two_clients_that_add_keys_at_once_tear_no_line() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("known_hosts");
        thread::scope(|scope| {
            for client in 0..4 {
                let file = KnownHosts::at(Some(&path));
                scope.spawn(move || {
                    (0..50).for_each(|port| file.add(&host(&format!("h{client}:{port}")), &key("a")).unwrap());
                });
            }
        });
        let file = KnownHosts::at(Some(&path));
        for (client, port) in (0..4).flat_map(|client| (0..50).map(move |port| (client, port))) {
            assert_eq!(file.of(&host(&format!("h{client}:{port}"))), Ok(vec![key("a")]));
        }
    }
}
