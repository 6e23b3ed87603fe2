//! The server's side: one thread that takes one command after another, and one for what happens. Knows the desk, and no command but `watch`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError};
use parking_lot::Mutex;
use socket2::Socket;

use super::channel::{Door, is_of_another_user};
use super::{CtlError, TAB};
use crate::chat::effects::Watch;
use crate::console::{Answer, Desk, Feed, candidates, clock};
use crate::names::clean_lines;
use crate::process::Errand;
use crate::session::hub::News;

/// The pause after the system gave no connection, such as when no descriptor is left.
const AGAIN: Duration = Duration::from_millis(200);

/// How long the operator that watches may take to make place for the next.
const PLACE: Duration = Duration::from_secs(1);

/// Takes operators' commands until [`Ctl::end`].
#[derive(Debug)]
pub struct Ctl {
    door: Arc<Door>,
    /// The operator whose command is not complete, so that the end need not wait for it.
    unheard: Arc<Mutex<Option<Socket>>>,
    errand: Option<Errand>,
}

impl Ctl {
    /// Listens at `path`; `news` is what an operator sees that watches.
    ///
    /// # Errors
    /// A [`CtlError`]; then there is nothing at `path` that was not there before.
    pub fn start(path: &Path, desk: &Desk, news: Receiver<News>) -> Result<Ctl, CtlError> {
        let door = Arc::new(Door::open(path)?);
        let unheard = Arc::new(Mutex::new(None));
        let desk = desk.elsewhere();
        let mut clerk = Clerk { door: Arc::clone(&door), unheard: Arc::clone(&unheard), desk, news, watching: None };
        let errand = Errand::start("ctl", move |ending| clerk.live(ending));
        let errand = errand.map_err(|error| CtlError::Refused(path.to_path_buf(), error))?;
        Ok(Ctl { door, unheard, errand: Some(errand) })
    }

    /// Takes no more commands, and removes the socket. An answer that is being given has `time` to go out.
    pub fn end(mut self, time: Duration) {
        self.close(time);
    }

    fn close(&mut self, time: Duration) {
        let wake = || {
            if let Some(socket) = self.unheard.lock().take() {
                let _ = socket.shutdown(Shutdown::Both);
            }
            self.door.wake();
        };
        if let Some(errand) = self.errand.take() {
            errand.end_or(Duration::ZERO, wake, time);
        }
    }
}

impl Drop for Ctl {
    fn drop(&mut self) {
        self.close(PLACE);
    }
}

/// What the thread has.
struct Clerk {
    door: Arc<Door>,
    unheard: Arc<Mutex<Option<Socket>>>,
    desk: Desk,
    news: Receiver<News>,
    watching: Option<Watching>,
}

/// The operator that watches, and the thread that shows what happens.
struct Watching {
    socket: Socket,
    /// Whether the next operator takes the place.
    is_replaced: Arc<AtomicBool>,
    errand: Errand,
}

impl Clerk {
    fn live(&mut self, ending: &Receiver<()>) {
        loop {
            let socket = self.door.accept();
            match ending.try_recv() {
                Err(TryRecvError::Empty) => {}
                _ => break,
            }
            match socket {
                Ok(socket) => self.serve(socket),
                Err(error) => {
                    tracing::warn!(%error, "no operator can be taken");
                    if ending.recv_timeout(AGAIN).is_err_and(|error| error.is_disconnected()) {
                        break;
                    }
                }
            }
        }
        if let Some(watching) = self.watching.take() {
            watching.errand.end(PLACE);
        }
    }

    fn serve(&mut self, socket: Socket) {
        if is_of_another_user(&socket) {
            return self.reply(&socket, &Err("! Only the user that runs the server may do that.".to_owned()));
        }
        let line = match self.hear(&socket) {
            Ok(line) => line,
            Err(sentence) => return self.reply(&socket, &Err(sentence)),
        };
        let line = match line.split_once('\n') {
            Some((secret, line)) if secret == self.door.secret => line,
            None if self.door.secret.is_empty() => &*line,
            _ => return self.reply(&socket, &Err("! Only who can read the file of the port may do that.".to_owned())),
        };
        let mut words = line.trim().trim_start_matches('/').split_whitespace();
        match (words.next(), words.next()) {
            (Some("watch"), None) => self.watch(socket, Watch::Messages),
            (Some("watch"), Some("events")) => self.watch(socket, Watch::Events),
            _ => {
                let answer = match line.strip_prefix(TAB) {
                    Some(typed) => self.offers(typed),
                    None => self.desk.obey(line),
                };
                self.reply(&socket, &answer);
            }
        }
    }

    /// The line of a command, with the secret before it if one is to be said.
    fn hear(&self, socket: &Socket) -> Result<String, String> {
        let limits = self.desk.hub().limits.now();
        let until = Instant::now() + limits.ctl_time;
        let lines = if self.door.secret.is_empty() { 1 } else { 2 };
        *self.unheard.lock() = socket.try_clone().ok();
        let heard = hear(socket, lines, limits.line_bytes, until);
        *self.unheard.lock() = None;
        match heard {
            Ok(Some(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(None) => Err(format!("! That line is too long: {} bytes are the most.", limits.line_bytes)),
            Err(_) => Err("! The command did not end in time (ctl-time).".to_owned()),
        }
    }

    fn reply(&self, socket: &Socket, answer: &Answer) {
        let (verdict, text) = match answer {
            Ok(text) => ("ok", text),
            Err(text) => ("no", text),
        };
        // People choose parts of it, and it may be shown on a terminal.
        let text = clean_lines(text);
        let end = if text.is_empty() { "" } else { "\n" };
        let until = Instant::now() + self.desk.hub().limits.now().ctl_time;
        if let Err(error) = write(socket, format!("{verdict}\n{text}{end}").as_bytes(), until) {
            tracing::info!(%error, "an operator did not take the answer");
        }
    }

    /// What Tab offers: where the last word starts, then each word that may replace it.
    fn offers(&self, typed: &str) -> Answer {
        let (start, words) = candidates(self.desk.hub(), typed);
        Ok(std::iter::once(start.to_string()).chain(words).collect::<Vec<_>>().join("\n"))
    }

    /// Shows what happens to the operator at `socket`, and to no other from here on.
    fn watch(&mut self, socket: Socket, watch: Watch) {
        if !self.watching.take().is_none_or(Watching::make_place) {
            return self.reply(&socket, &Err("! Another operator watches; try again in a moment.".to_owned()));
        }
        let started = socket.try_clone().and_then(|own| {
            let (desk, news, is_replaced) = (self.desk.clone(), self.news.clone(), Arc::new(AtomicBool::new(false)));
            let replaced = Arc::clone(&is_replaced);
            let live = move |ending: &Receiver<()>| show(&desk, (&news, watch), ending, &own, &replaced);
            Ok((is_replaced, Errand::start("ctl-watch", live)?))
        });
        match started {
            Ok((is_replaced, errand)) => self.watching = Some(Watching { socket, is_replaced, errand }),
            Err(error) => self.reply(&socket, &Err(format!("! Nothing can be shown: {error}."))),
        }
    }
}

impl Watching {
    /// Ends it, and says so there; whether it has ended.
    fn make_place(self) -> bool {
        let Watching { socket, is_replaced, errand } = self;
        is_replaced.store(true, Ordering::Relaxed);
        // One that takes nothing is cut, and has the rest of the time to notice.
        errand.end_or(PLACE / 2, || drop(socket.shutdown(Shutdown::Both)), PLACE / 2)
    }
}

/// Writes what happens to an operator, until the end of `ending` or until the operator takes nothing more.
fn show(
    desk: &Desk,
    (news, watch): (&Receiver<News>, Watch),
    ending: &Receiver<()>,
    to: &Socket,
    replaced: &AtomicBool,
) {
    let remote = &desk.hub().news.remote;
    let time = desk.hub().limits.now().ctl_time;
    let put = |text: &str| write(to, text.as_bytes(), Instant::now() + time);
    // What an earlier operator has not taken is not for this one.
    news.try_iter().for_each(drop);
    remote.set_watch(watch);
    let mut is_there = put("ok\n").is_ok();
    let mut feed = Feed::new(remote, news, ending);
    while is_there && let Some(page) = feed.next() {
        let lines: String = page.iter().map(|words| format!("{} {}\n", clock(), clean_lines(words))).collect();
        is_there = put(&lines).is_ok();
    }
    remote.set_watch(Watch::Nothing);
    if is_there {
        let last =
            if replaced.load(Ordering::Relaxed) { "! Another operator watches now." } else { "! The server stops." };
        // It is the last word, and is lost if it is not taken.
        let _ = put(&format!("{last}\n"));
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// Reads `lines` lines, without the last ending; none if they have more than `most` bytes.
/// The end of what the operator sends ends a line, too.
fn hear(mut from: &Socket, lines: usize, most: usize, until: Instant) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let ends = memchr::memchr_iter(b'\n', &bytes).nth(lines - 1);
        if let Some(end) = ends {
            bytes.truncate(end);
            return Ok(Some(bytes));
        }
        if bytes.len() > most {
            return Ok(None);
        }
        from.set_read_timeout(Some(left(until)?))?;
        match from.read(&mut piece) {
            Ok(0) => return Ok(Some(bytes)),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn write(mut to: &Socket, mut bytes: &[u8], until: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        to.set_write_timeout(Some(left(until)?))?;
        match to.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What is left of a time.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}
