//! One client of a demo: a thread that does what the script says, and notes what it hears. Knows no screen and no other client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::log::{self, Log};
use super::script::Act;
use crate::check::link::{Attic, Came, Ended, Link};
use crate::check::pattern::Values;
use crate::check::profile::{Of, Profile, Step};
use crate::kernel::sockets;

/// How often it looks whether it has heard something.
const LOOK: Duration = Duration::from_millis(10);
/// A client that has heard so many lines less than were said is late, and is waited for.
const AHEAD: usize = 400;
/// But not longer than this, because it may hear nothing at all.
const LATE: Duration = Duration::from_millis(500);
/// A line of a chat must be heard within this time, before the next is said.
const ANSWER: Duration = Duration::from_secs(3);
/// Lines of a flood that are sent at once.
const AT_ONCE: usize = 16 * 1024;
/// The pause after them.
const BREATH: Duration = Duration::from_millis(1);
/// Bytes of a line of a chat.
const SHORT: usize = 40;

/// The way to a client's thread.
pub struct Actor {
    orders: Sender<Act>,
}

/// What all clients of a room need.
#[derive(Clone)]
pub struct Place {
    pub addr: SocketAddr,
    pub profile: Arc<Profile>,
    pub log: Log,
    pub attic: Attic,
    /// So long a server may take nothing until a client gives up.
    pub patience: Duration,
    /// So long it takes to type a name. Meanwhile the thread that reads it can be seen.
    pub typing: Duration,
    /// Acts that are not done yet.
    pub busy: Arc<AtomicUsize>,
}

struct Client {
    place: Place,
    role: String,
    nick: String,
    link: Link,
    /// Its end was noted.
    has_ended: bool,
}

impl Actor {
    /// Connects, and comes in under this name. With a small buffer, it is full soon when the client does not read.
    ///
    /// # Errors
    /// Those of the system.
    pub fn enter(place: &Place, role: &str, nick: &str, small: bool) -> std::io::Result<(Actor, SocketAddr)> {
        let link = Link::connect(place.addr, small, place.patience, &place.attic)?;
        link.set_open(true);
        let local = link.local;
        let (orders, list) = unbounded();
        let mut client =
            Client { place: place.clone(), role: role.to_owned(), nick: nick.to_owned(), link, has_ended: false };
        place.log.does(
            role,
            if role == nick { "connects".to_owned() } else { format!("connects and asks for the name {nick}") },
        );
        place.busy.fetch_add(1, SeqCst);
        let type_name = place.typing;
        std::thread::Builder::new().name(format!("client-{role}")).spawn(move || {
            std::thread::park_timeout(type_name);
            client.knock();
            client.place.busy.fetch_sub(1, SeqCst);
            client.live(&list);
        })?;
        Ok((Actor { orders }, local))
    }

    /// Does this when it has done all before.
    pub fn act(&self, act: Act, place: &Place) {
        place.busy.fetch_add(1, SeqCst);
        if self.orders.send(act).is_err() {
            place.busy.fetch_sub(1, SeqCst);
        }
    }
}

impl Client {
    fn live(mut self, list: &Receiver<Act>) {
        loop {
            let act = match list.recv_timeout(LOOK) {
                Ok(act) => Some(act),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.hear();
            let Some(act) = act else { continue };
            let goes = self.act(act);
            self.place.busy.fetch_sub(1, SeqCst);
            if !goes {
                // What is still asked of it is not done.
                for _ in list {
                    self.place.busy.fetch_sub(1, SeqCst);
                }
                return;
            }
        }
    }

    /// Sends what the profile sends before the first answer.
    fn knock(&mut self) {
        let profile = Arc::clone(&self.place.profile);
        for step in &profile.enter.steps {
            if let Step::Send(pattern) = step {
                self.send(&profile.end.wrap(&pattern.fill(&self.values())));
            }
        }
    }

    /// False when it has left.
    fn act(&mut self, act: Act) -> bool {
        let log = self.place.log.clone();
        match act {
            Act::Enters { .. } => {}
            Act::Says(text) => {
                log.does(&self.role, format!("> {text}"));
                self.say(&text);
            }
            Act::Sends(pieces) => self.pieces(&pieces),
            Act::Floods { lines, bytes } => self.flood(lines, bytes),
            Act::Chats { with, lines } => self.chat(&with, lines),
            Act::StopsReading => {
                log.does(&self.role, "stops reading");
                self.link.set_open(false);
            }
            Act::ReadsAgain => {
                log.does(&self.role, "reads again");
                self.link.set_open(true);
            }
            Act::Closes => {
                log.does(&self.role, "hangs up");
                self.link.close();
                return false;
            }
            Act::Resets => {
                log.does(&self.role, "is killed: a reset");
                self.link.reset();
                return false;
            }
        }
        true
    }

    fn values(&self) -> Values {
        let own = self.place.profile.values(&self.nick);
        Values { addr: Some(self.link.local.to_string()), ..own }
    }

    /// What others should hear if it says this.
    fn speech(&self, text: &str) -> Vec<u8> {
        let say = &self.place.profile.say;
        say.others.as_ref().unwrap_or(&say.send).fill(&Values { text: Some(text.into()), ..self.values() })
    }

    /// Says a line; false if the server does not take it.
    fn say(&mut self, text: &str) -> bool {
        let profile = Arc::clone(&self.place.profile);
        self.place.log.expects(self.speech(text));
        let text = Values { text: Some(text.into()), ..self.values() };
        self.send(&profile.end.wrap(&profile.say.send.fill(&text)))
    }

    fn send(&mut self, bytes: &[u8]) -> bool {
        let Err(error) = self.link.send(bytes) else { return true };
        let is_late = matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
        let what = if is_late {
            "cannot send: the server takes nothing more"
        } else {
            "cannot send: it is not connected any more"
        };
        self.place.log.meets(&self.role, what);
        false
    }

    fn pieces(&mut self, pieces: &[Vec<u8>]) {
        for piece in pieces {
            self.place.log.does(&self.role, format!("sends \"{}\"", log::shown(piece)));
            if !self.send(piece) {
                return;
            }
            // The next piece must be another read of the server.
            let until = Instant::now() + Duration::from_secs(1);
            while sockets::unread(self.place.addr, self.link.local).is_some_and(|bytes| bytes > 0)
                && Instant::now() < until
            {
                std::thread::park_timeout(Duration::from_millis(1));
            }
            std::thread::park_timeout(LOOK);
        }
    }

    fn letter(&self) -> char {
        self.nick.chars().next().unwrap_or('x')
    }

    fn flood(&mut self, lines: usize, bytes: usize) {
        let log = self.place.log.clone();
        log.begins(&self.nick);
        log.does(&self.role, format!("> {lines} lines of {bytes} bytes"));
        let profile = Arc::clone(&self.place.profile);
        let mut waiting = Vec::new();
        // What this machine cannot keep up with would look like a fault of the server.
        let mut is_heard = true;
        let is_line = profile.end.of == Of::Line;
        for number in 1..=lines {
            // In a protocol without ends, people still end their lines.
            let text = if is_line {
                log::line(number, self.letter(), bytes)
            } else {
                log::line(number, self.letter(), bytes - 1) + "\n"
            };
            let text = Values { text: Some(text.into()), ..self.values() };
            waiting.extend(profile.end.wrap(&profile.say.send.fill(&text)));
            if waiting.len() >= AT_ONCE || number == lines || !is_line {
                if !self.send(&waiting) {
                    return;
                }
                waiting.clear();
                self.hear();
                // The others speak, too.
                std::thread::park_timeout(BREATH);
                is_heard = is_heard && (number < AHEAD || log.wait_until_numbered(&self.nick, number - AHEAD, LATE));
            }
        }
        log.does(&self.role, "has sent all of them");
    }

    fn chat(&mut self, with: &str, lines: usize) {
        self.place.log.does(&self.role, format!("> {lines} lines, each as soon as {with} has heard the one before"));
        for number in 1..=lines {
            let text = log::line(number, self.letter(), SHORT);
            if !self.say(&text) {
                return;
            }
            let speech = self.speech(&text);
            if !self.place.log.wait_until_heard(with, &speech, ANSWER) {
                self.place.log.meets(&self.role, format!("gives up: {with} has not heard line {number}"));
                return;
            }
        }
    }

    /// Notes what has come.
    fn hear(&mut self) {
        let end = self.place.profile.end.clone();
        while !self.has_ended {
            let came = self.link.wait_for(Instant::now(), |bytes| {
                if end.is_seen() {
                    end.cut(bytes).map(|(message, length)| (message.to_vec(), length))
                } else {
                    // What is sent without ends is still mostly lines.
                    memchr::memrchr(b'\n', bytes).map(|end| (bytes[..=end].to_vec(), end + 1))
                }
            });
            match came {
                Came::It(message, at) if end.is_seen() => self.place.log.hears(&self.role, &message, at),
                Came::It(bytes, at) => bytes
                    .split(|byte| *byte == b'\n')
                    .filter(|line| !line.is_empty())
                    .for_each(|line| self.place.log.hears(&self.role, line, at)),
                Came::End(ended) => {
                    self.has_ended = true;
                    let how = match ended {
                        Ended::Closed => "is cut off: the server has closed the connection",
                        Ended::Broken(_) => "is cut off: the server has broken off the connection",
                    };
                    self.place.log.meets(&self.role, how);
                }
                Came::Nothing => return,
            }
        }
    }
}
