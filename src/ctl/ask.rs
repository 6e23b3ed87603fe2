//! The operator's side: one command there, and its answer back. Knows no screen.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::path::Path;

use socket2::Socket;

use super::channel::connect;
use super::{ANSWER, CtlError};

/// What the server said to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Whether it was carried out.
    pub is_ok: bool,
    /// What is to be shown: lines without the last ending.
    pub text: String,
}

/// Says one command to the server at `path`, and returns the answer.
///
/// # Errors
/// A [`CtlError`], if there is no answer.
pub fn ask(path: &Path, line: &str) -> Result<Reply, CtlError> {
    let (is_ok, mut rest) = say(path, line)?;
    let mut bytes = Vec::new();
    // If the server dies in the middle, what has come is shown.
    let _ = rest.read_to_end(&mut bytes);
    Ok(Reply { is_ok, text: String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned() })
}

/// Asks for what happens, and shows it line by line, until the server ends it or `show` returns `false`.
/// `begins` is called first, with what ends it when it is shut down.
///
/// # Errors
/// A [`CtlError`], if there is no answer; [`Reply`] says why there is none, or is empty at the end.
pub fn watch(
    path: &Path,
    line: &str,
    begins: impl FnOnce(Socket),
    mut show: impl FnMut(&str) -> bool,
) -> Result<Reply, CtlError> {
    let (is_ok, mut rest) = say(path, line)?;
    let mut text = String::new();
    if !is_ok {
        let _ = rest.read_to_string(&mut text);
        return Ok(Reply { is_ok, text: text.trim_end_matches('\n').to_owned() });
    }
    let endless = rest.get_ref().set_read_timeout(None);
    endless.and_then(|()| rest.get_ref().try_clone()).map(begins).map_err(|_| CtlError::Nobody(path.to_path_buf()))?;
    let mut bytes = Vec::new();
    while rest.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        if !show(String::from_utf8_lossy(&bytes).trim_end_matches('\n')) {
            break;
        }
        bytes.clear();
    }
    Ok(Reply { is_ok, text })
}

/// Says one command; whether it is carried out, and the rest of the answer.
fn say(path: &Path, line: &str) -> Result<(bool, BufReader<Socket>), CtlError> {
    if line.contains(['\n', '\r']) {
        return Err(CtlError::Lines);
    }
    let (mut socket, secret) = connect(path)?;
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => CtlError::Silent(path.to_path_buf()),
        _ => CtlError::Nobody(path.to_path_buf()),
    };
    socket.set_read_timeout(Some(ANSWER)).and_then(|()| socket.set_write_timeout(Some(ANSWER))).map_err(told)?;
    let first = if secret.is_empty() { String::new() } else { format!("{secret}\n") };
    // A server that refuses may have closed before it has read all; its answer is there even so.
    let _ = socket.write_all(format!("{first}{line}\n").as_bytes());
    let _ = socket.shutdown(Shutdown::Write);
    let mut answer = BufReader::new(socket);
    let mut verdict = String::new();
    answer.read_line(&mut verdict).map_err(told)?;
    match verdict.trim_end() {
        "ok" => Ok((true, answer)),
        "no" => Ok((false, answer)),
        _ => Err(CtlError::Nobody(path.to_path_buf())),
    }
}
