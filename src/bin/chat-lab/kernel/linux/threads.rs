//! What each thread of a process waits for, from `/proc/PID/task`. Reads only: no thread is stopped, and nothing is asked of the process. Knows no server and no protocol.
//!
//! `syscall` says most: the call and its arguments. It may be read for one's own programs only,
//! and where Yama guards them (Ubuntu) only for a program that this process has started. `wchan` is
//! less strict and says less: a function of the kernel. The state can always be read.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::time::Duration;

use super::calls::{self, About, EITHER, Kind, RECV};
use super::sockets::{self, Finder, Socket};

/// A thread at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    pub tid: i32,
    /// `main` for the first; for another that has no name of its own, `thread 4712`.
    pub name: String,
    pub state: State,
    pub waits: Waits,
    /// How long it was on a processor; zero if the kernel does not count it.
    pub ran: Duration,
    /// How often it came to a processor. While this stays the same, the thread has done nothing.
    pub turns: u64,
}

/// The letter in `/proc/PID/task/TID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// On a processor, or ready for one.
    Runs,
    Sleeps,
    /// Asleep in a way that no signal ends: mostly the disk.
    Disk,
    /// By SIGSTOP, or by a debugger.
    Stopped,
    /// The first thread has ended and others go on, or the process has ended and its parent does not know yet.
    Ended,
    Other(char),
}

/// What a thread waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Waits {
    /// Nothing but a processor.
    Nothing,
    /// It is in this system call.
    Call { name: Cow<'static, str>, kind: Kind, on: On },
    /// It is in this function of the kernel. `calls` are those that end there.
    Function { name: String, calls: Option<&'static str>, unseen: Unseen },
    /// Only its state is known.
    Unknown(Unseen),
}

/// What a call is about.
#[derive(Clone, Debug, PartialEq)]
pub enum On {
    Nothing,
    Descriptor(i32, Target),
    Futex(Futex),
}

/// What a descriptor leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A TCP socket, and the other end of its connection if that is on this machine.
    Tcp(Socket, Option<Socket>),
    /// What `/proc/PID/fd` shows: a path, `pipe:[4711]`, `anon_inode:[eventfd]`.
    Other(String),
    Unknown,
}

/// A word in memory on which threads wait until another thread changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Futex {
    pub address: u64,
    /// The thread waits as long as the word is this.
    pub expected: u32,
    /// Only threads of this process use it.
    pub private: bool,
}

/// Why a call cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    OtherUser,
    /// `kernel.yama.ptrace_scope`.
    Yama(u8),
    /// The program does not let others look into it, as one that handles passwords may do.
    Guarded,
    /// This kernel does not tell calls.
    Kernel,
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unseen::OtherUser => f.write_str("the process belongs to another user: look as that user, or as root"),
            Unseen::Yama(1) => f.write_str(
                "this system shows calls only to the program that started the process (kernel.yama.ptrace_scope is 1): \
                 start it with --command, or `sudo sysctl kernel.yama.ptrace_scope=0`",
            ),
            Unseen::Yama(scope) => {
                write!(f, "this system shows calls to nobody but root (kernel.yama.ptrace_scope is {scope})")
            }
            Unseen::Guarded => f.write_str("the process does not let others look into it"),
            Unseen::Kernel => f.write_str("this kernel does not tell in which call a thread is"),
        }
    }
}

/// The threads of a process now, by their ids.
///
/// # Errors
/// `NotFound` if there is no such process, or no `/proc`.
pub fn look(pid: i32) -> io::Result<Vec<Thread>> {
    Observer::new(pid).look()
}

/// Whether all threads of a process wait for something.
///
/// # Errors
/// As [`look`].
pub fn all_wait(pid: i32) -> io::Result<bool> {
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread that has ended since the list was read waits for nothing, and does nothing.
        let Ok(stat) = fs::read_to_string(entry?.path().join("stat")) else { continue };
        let state = stat.rsplit_once(')').map_or("", |(_, rest)| rest.trim_start());
        if !state.starts_with('S') {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Looks at one process again and again, and reads again only what can have changed.
pub struct Observer {
    pid: i32,
    seen: HashMap<i32, Seen>,
    sockets: Finder,
    looks: u32,
}

/// What the files of one thread say.
struct Seen {
    comm: String,
    schedstat: String,
    state: State,
    waits: Waits,
    /// Of the socket that it waits for, if it is one.
    inode: Option<u64>,
}

impl Observer {
    /// Every so many looks everything is read, because one thread can rename another, which then has done nothing itself.
    const ALL: u32 = 20;

    pub fn new(pid: i32) -> Observer {
        Observer { pid, seen: HashMap::new(), sockets: Finder::of(pid), looks: 0 }
    }

    /// # Errors
    /// As [`look`].
    pub fn look(&mut self) -> io::Result<Vec<Thread>> {
        let entries = fs::read_dir(format!("/proc/{}/task", self.pid)).map_err(|error| self.missing(error))?;
        let mut tids: Vec<i32> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
        tids.sort_unstable();
        let all = self.looks.is_multiple_of(Self::ALL);
        self.looks = self.looks.wrapping_add(1);
        self.seen.retain(|tid, _| tids.binary_search(tid).is_ok());
        for &tid in &tids {
            // A thread that has ended since the list was read is left out.
            match self.read(tid, all) {
                Some(seen) => drop(self.seen.insert(tid, seen)),
                None if self.is_unchanged(tid, all) => {}
                None => drop(self.seen.remove(&tid)),
            }
        }
        self.find_sockets();
        Ok(tids.iter().filter_map(|tid| Some(self.thread(*tid, self.seen.get(tid)?))).collect())
    }

    /// Bytes that the process has not read from a connection that one of its threads waited for.
    pub fn unread(&self, socket: &Socket) -> u64 {
        self.sockets.unread(socket)
    }

    fn missing(&self, error: io::Error) -> io::Error {
        let words = match error.kind() {
            ErrorKind::NotFound if !fs::exists("/proc/self/task").unwrap_or(false) => {
                "this system has no /proc, in which Linux shows the threads of a process".to_owned()
            }
            ErrorKind::NotFound => format!("there is no process {}", self.pid),
            _ => return error,
        };
        io::Error::new(ErrorKind::NotFound, words)
    }

    fn file(&self, tid: i32, name: &str) -> io::Result<String> {
        let bytes = fs::read(format!("/proc/{}/task/{tid}/{name}", self.pid))?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// Whether a thread has slept since it was last looked at.
    fn is_unchanged(&self, tid: i32, all: bool) -> bool {
        let Some(seen) = self.seen.get(&tid).filter(|seen| !all && seen.state != State::Runs) else { return false };
        !seen.schedstat.is_empty() && self.file(tid, "schedstat").is_ok_and(|now| now == seen.schedstat)
    }

    /// `None` if the thread is unchanged, or has ended.
    fn read(&self, tid: i32, all: bool) -> Option<Seen> {
        if self.is_unchanged(tid, all) {
            return None;
        }
        // This comes first: if the thread runs after it was read, the next look sees that.
        let schedstat = self.file(tid, "schedstat").unwrap_or_default();
        let comm = self.file(tid, "comm").ok()?;
        let state = state(&self.file(tid, "stat").ok()?)?;
        let (waits, descriptor) = self.waits(tid, state);
        let mut seen = Seen { comm, schedstat, state, waits, inode: None };
        if let (Waits::Call { on, .. }, Some(number)) = (&mut seen.waits, descriptor) {
            let link = fs::read_link(format!("/proc/{}/fd/{number}", self.pid));
            seen.inode = link.as_deref().ok().and_then(sockets::inode);
            let target = link.map_or(Target::Unknown, |link| Target::Other(link.display().to_string()));
            *on = On::Descriptor(number, target);
        }
        Some(seen)
    }

    /// What the thread waits for, and the descriptor if it is one.
    fn waits(&self, tid: i32, state: State) -> (Waits, Option<i32>) {
        if state == State::Ended {
            return (Waits::Nothing, None);
        }
        let unseen = match self.file(tid, "syscall") {
            Ok(text) => return call(&text),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => self.reason(),
            Err(_) => Unseen::Kernel,
        };
        if state == State::Runs {
            return (Waits::Nothing, None);
        }
        (function(self.file(tid, "wchan").unwrap_or_default(), unseen), None)
    }

    fn reason(&self) -> Unseen {
        // Not the owner of the folder: that is root if the process is guarded.
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let owner = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().next()?.parse().ok());
        let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
        let own = rustix::process::geteuid();
        match scope.trim().parse() {
            _ if owner.is_some_and(|owner: u32| owner != own.as_raw()) && !own.is_root() => Unseen::OtherUser,
            Ok(scope @ 1..) => Unseen::Yama(scope),
            _ => Unseen::Guarded,
        }
    }

    /// Says of each socket how full it is now, which changes also while its thread sleeps.
    fn find_sockets(&mut self) {
        let blind = |seen: &Seen| matches!(&seen.waits, Waits::Function { calls: Some(RECV | EITHER), .. });
        let sends = self.seen.values().any(blind) && self.has_unsent();
        for seen in self.seen.values_mut() {
            match (&mut seen.waits, seen.inode) {
                (Waits::Call { on: On::Descriptor(_, target), .. }, Some(inode)) => {
                    let socket = self.sockets.by_inode(inode);
                    *target = socket.map_or(Target::Other("a socket".to_owned()), |socket| {
                        Target::Tcp(socket, self.sockets.opposite(&socket))
                    });
                }
                // A full socket has bytes unsent. If there is none, no thread waits to send.
                (Waits::Function { calls: Some(calls @ (RECV | EITHER)), .. }, _) => {
                    *calls = if sends { EITHER } else { RECV };
                }
                _ => {}
            }
        }
    }

    /// Whether a socket of the process has bytes that its other end does not take.
    fn has_unsent(&mut self) -> bool {
        let full = self.sockets.table().iter().filter(|socket| socket.unsent > 0);
        let full: HashSet<u64> = full.map(|socket| socket.inode).collect();
        if full.is_empty() {
            return false;
        }
        sockets::of_process(self.pid).map_or(true, |mut own| own.any(|inode| full.contains(&inode)))
    }

    fn thread(&self, tid: i32, seen: &Seen) -> Thread {
        let main = self.seen.get(&self.pid).map(|seen| seen.comm.as_str());
        let name = match clean(&seen.comm) {
            _ if tid == self.pid => "main".to_owned(),
            // A thread has its maker's name until it gets its own.
            name if name.is_empty() || main == Some(&seen.comm) => format!("thread {tid}"),
            name => name,
        };
        let mut numbers = seen.schedstat.split(' ').map(|number| number.parse().unwrap_or(0));
        let (ran, turns) = (numbers.next().unwrap_or(0), numbers.nth(1).unwrap_or(0));
        let (state, waits) = (seen.state, seen.waits.clone());
        Thread { tid, name, state, waits, ran: Duration::from_nanos(ran), turns }
    }
}

/// A name of 15 bytes may end inside a letter, and may hold codes that would move a cursor.
fn clean(comm: &str) -> String {
    comm.trim_end_matches('\u{fffd}').replace(|letter: char| letter.is_control(), "?")
}

/// The letter after the name, which stands in brackets and may hold brackets and blanks itself.
fn state(stat: &str) -> Option<State> {
    let state = match stat.rsplit_once(") ")?.1.chars().next()? {
        'R' => State::Runs,
        'S' => State::Sleeps,
        'D' => State::Disk,
        'T' | 't' => State::Stopped,
        'Z' | 'X' | 'x' => State::Ended,
        other => State::Other(other),
    };
    Some(state)
}

/// `running`, or `202 0x7f… 0x80 …`: the number of the call, six arguments, two addresses; or
/// `-1` and two addresses, for a thread that is stopped or waits for memory.
fn call(text: &str) -> (Waits, Option<i32>) {
    let mut words = text.split(' ');
    let Some(number @ 0..) = words.next().and_then(|number| number.parse().ok()) else {
        return (Waits::Nothing, None);
    };
    let known = calls::by_number(number);
    let name = known.map_or_else(|| Cow::Owned(format!("call {number}")), |known| Cow::Borrowed(known.name));
    let kind = known.map_or(Kind::Works, |known| known.kind);
    let mut arguments = words.map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap_or(0));
    let mut next = || arguments.next().unwrap_or(0);
    let about = known.map_or(About::Nothing, |known| known.about);
    let first = next();
    let on = match about {
        About::Futex => {
            let (operation, expected) = (next(), next() as u32);
            On::Futex(Futex { address: first, expected, private: operation & 0x80 != 0 })
        }
        About::Descriptor | About::Nothing => On::Nothing,
    };
    // A descriptor is an `int`, whatever the upper half of the register holds.
    (Waits::Call { name, kind, on }, (about == About::Descriptor).then_some(first as i32))
}

fn function(name: String, unseen: Unseen) -> Waits {
    if name.is_empty() || name == "0" {
        return Waits::Unknown(unseen);
    }
    Waits::Function { calls: calls::by_function(&name), name, unseen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_the_letter_after_the_name_whatever_the_name() {
        let real = "15488 (python3) S 15486 15486 12731 0 -1 4194304 3105 6580 0 0 2 0 3 1 20 0 10 0";
        assert_eq!(state(real), Some(State::Sleeps));
        assert_eq!(state("7 (a) R (b) R ) D 1 1"), Some(State::Disk));
        assert_eq!(state("7 (cut"), None);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_call_is_read_with_its_descriptor_or_its_futex() {
        let real = "45 0x5 0x7fb587a80740 0xa 0x0 0x0 0x0 0x7fb58608aa10 0x7fb588128974";
        let (Waits::Call { name, kind, .. }, Some(5)) = call(real) else { panic!("a call on 5") };
        assert_eq!((&*name, kind), ("recvfrom", Kind::Hears));
        let real = "202 0x5609803e1f60 0x189 0x0 0x0 0x0 0xffffffff 0x7fb5879a2aa0 0x7fb5880a3f16";
        let (Waits::Call { on: On::Futex(futex), .. }, None) = call(real) else { panic!("a futex") };
        assert_eq!(futex, Futex { address: 0x5609_803e_1f60, expected: 0, private: true });
        let (Waits::Call { name, .. }, None) = call("9999 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8") else { panic!("a call") };
        assert_eq!(name, "call 9999");
    }

    #[test]
    fn a_thread_in_no_call_waits_for_nothing() {
        for text in ["running", "-1 0x7ffd493352f0 0x7fb588128fa8", ""] {
            assert_eq!(call(text), (Waits::Nothing, None), "{text}");
        }
    }

    #[test]
    fn without_the_call_the_function_of_the_kernel_says_some_of_it() {
        let unseen = Unseen::Yama(1);
        let calls = Some("accept");
        assert_eq!(
            function("inet_csk_accept".to_owned(), unseen),
            Waits::Function { name: "inet_csk_accept".to_owned(), calls, unseen }
        );
        assert_eq!(function("0".to_owned(), unseen), Waits::Unknown(unseen));
        assert!(unseen.to_string().contains("--command"));
    }

    #[test]
    fn a_thread_that_waits_for_a_channel_is_seen_in_a_futex_under_its_name() {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("waits-here".to_owned()).spawn(move || receiver.recv());
        let mut observer = Observer::new(std::process::id() as i32);
        let deadline = std::time::Instant::now() + Duration::from_secs(5);
        loop {
            let threads = observer.look().unwrap();
            assert_eq!(threads.iter().filter(|thread| thread.name == "main").count(), 1);
            let found = threads.iter().find(|thread| thread.name == "waits-here");
            if found.is_some_and(|thread| matches!(thread.waits, Waits::Call { on: On::Futex(_), .. })) {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{found:?}");
        }
        drop(sender);
        let _ = thread.unwrap().join();
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error_with_a_sentence() {
        assert_eq!(look(i32::MAX).unwrap_err().to_string(), format!("there is no process {}", i32::MAX));
    }
}
