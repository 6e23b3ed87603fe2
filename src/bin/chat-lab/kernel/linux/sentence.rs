//! What threads wait for, in sentences. Knows what was seen of them, and neither files nor a process.

use std::collections::BTreeMap;

use roomful::wording::size;

use super::calls::{EITHER, Kind};
use super::sockets::Socket;
use super::threads::{Futex, On, State, Target, Thread, Waits};
use crate::kernel::NameOf;

/// What the locks of C and of Rust write into their word: taken, and others wait.
const TAKEN: u32 = 2;

/// One sentence for each thread. Threads that wait for the same futex have one together, which also
/// says which thread may have the lock. Threads that have ended are left out.
pub fn sentences(threads: &[Thread], name_of: NameOf) -> Vec<String> {
    let locks = locks(threads);
    let alive = threads.iter().filter(|thread| thread.state != State::Ended);
    let told = alive.filter_map(|thread| {
        let waiters = lock(thread, threads).and_then(|futex| Some((futex, locks.get(&futex.address)?)));
        match waiters {
            Some((futex, waiters)) if waiters[0].tid == thread.tid => Some(together(futex, waiters, threads)),
            Some(_) => None,
            None => Some(format!("{} {}", thread.name, doing(thread, threads, name_of))),
        }
    });
    told.collect()
}

/// The futexes for which more than one thread waits, and those threads.
pub fn locks(threads: &[Thread]) -> BTreeMap<u64, Vec<&Thread>> {
    let mut locks: BTreeMap<u64, Vec<&Thread>> = BTreeMap::new();
    for thread in threads {
        if let Some(futex) = lock(thread, threads) {
            locks.entry(futex.address).or_default().push(thread);
        }
    }
    locks.retain(|_, waiters| waiters.len() > 1);
    locks
}

/// Threads that wait for the same futex.
pub struct Shared {
    /// How many they are.
    pub count: usize,
    pub futex: Futex,
    /// What is told of them.
    pub sentence: String,
}

/// All groups of threads that wait for the same futex.
pub fn shared(threads: &[Thread]) -> Vec<Shared> {
    let locks = locks(threads);
    let groups = locks.values().filter_map(|waiters| {
        let futex = lock(waiters[0], threads)?;
        Some(Shared { count: waiters.len(), futex, sentence: together(futex, waiters, threads) })
    });
    groups.collect()
}

/// Whether a futex is rather a lock that is taken than a condition. Two of three signs must be there: more than
/// one thread waits, the word says *taken*, there is a thread that can have it.
pub fn is_lock(futex: Futex, waiters: usize, threads: &[Thread]) -> bool {
    let signs = [waiters > 1, futex.expected == TAKEN, holder(futex, threads).is_some()];
    signs.into_iter().filter(|sign| *sign).count() >= 2
}

/// The thread that may have a lock for which others wait, and why it is that one. The system does not tell;
/// it is a guess by what each thread does.
pub fn holder(futex: Futex, threads: &[Thread]) -> Option<(&Thread, &'static str)> {
    let only = |kind: Kind| {
        let mut found = threads.iter().filter(|thread| {
            let waits = lock(thread, threads).is_some_and(|own| own.address == futex.address);
            !waits && thread.state != State::Ended && self::kind(thread) == Some(kind)
        });
        found.next().filter(|_| found.next().is_none())
    };
    let works = only(Kind::Works).map(|thread| (thread, "the only one that neither waits nor reads"));
    let is_none = || !threads.iter().any(|thread| kind(thread) == Some(Kind::Works));
    works.or_else(|| {
        only(Kind::Sleeps).filter(|_| is_none()).map(|thread| (thread, "the only one that sleeps for a time"))
    })
}

fn kind(thread: &Thread) -> Option<Kind> {
    match &thread.waits {
        Waits::Nothing => Some(Kind::Works),
        Waits::Call { kind, .. } => Some(*kind),
        Waits::Function { calls: Some("sleep"), .. } => Some(Kind::Sleeps),
        Waits::Function { calls: Some("write" | "connect" | EITHER), .. } => Some(Kind::Works),
        Waits::Function { .. } | Waits::Unknown(_) => None,
    }
}

/// What a thread does, to stand after its name: `in sendto(5 to vera), 2.5 MB unsent`.
pub fn doing(thread: &Thread, threads: &[Thread], name_of: NameOf) -> String {
    let amount = match &thread.waits {
        Waits::Call { on: On::Descriptor(_, Target::Tcp(socket, _)), .. } if socket.listens() => queue(socket.unread),
        Waits::Call { kind: Kind::Works, on: On::Descriptor(_, Target::Tcp(socket, other)), .. } => {
            full(socket, other.as_ref())
        }
        _ => String::new(),
    };
    place(thread, threads, name_of) + &amount
}

/// The same without amounts, so that it stays the same while the thread does.
pub fn place(thread: &Thread, threads: &[Thread], name_of: NameOf) -> String {
    match (&thread.waits, thread.state) {
        (_, State::Stopped) => "is stopped".to_owned(),
        (_, State::Ended) => "has ended".to_owned(),
        (Waits::Call { on: On::Futex(futex), .. }, _) => match end(*futex, thread, threads) {
            Some(other) => format!("waits for the end of {}", other.name),
            None => format!("in futex {}", short(futex.address)),
        },
        (Waits::Call { name, on: On::Descriptor(number, target), .. }, _) => {
            let words = target_words(name, target, name_of);
            let between = if words.is_empty() { "" } else { " " };
            format!("in {name}({number}{between}{words})")
        }
        (Waits::Call { name, .. }, _) => format!("in {name}"),
        (Waits::Function { name, calls: Some(calls), .. }, _) => format!("in {calls} ({name})"),
        (Waits::Function { name, .. }, _) => format!("in the kernel's {name}"),
        (Waits::Nothing | Waits::Unknown(_), State::Disk) => "waits for the disk".to_owned(),
        (Waits::Nothing, _) | (_, State::Runs) => "runs".to_owned(),
        (Waits::Unknown(_), _) => "sleeps".to_owned(),
    }
}

/// The futex in which a thread waits, if that is not the end of another thread.
pub fn lock(thread: &Thread, threads: &[Thread]) -> Option<Futex> {
    match thread.waits {
        Waits::Call { on: On::Futex(futex), .. } if end(futex, thread, threads).is_none() => Some(futex),
        _ => None,
    }
}

/// The thread whose end is waited for: its id stands in the word, and the kernel itself will change it.
fn end<'a>(futex: Futex, waiter: &Thread, threads: &'a [Thread]) -> Option<&'a Thread> {
    if futex.private {
        return None;
    }
    let awaited = threads.iter().find(|thread| i64::from(thread.tid) == i64::from(futex.expected));
    awaited.filter(|awaited| awaited.tid != waiter.tid)
}

/// Threads that wait for one futex.
fn together(futex: Futex, waiters: &[&Thread], threads: &[Thread]) -> String {
    let names: Vec<&str> = waiters.iter().map(|thread| thread.name.as_str()).collect();
    let names = match &names[..] {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        names => names.join(""),
    };
    let mut sentence = format!("{names} wait for the same {} (futex {})", word(futex), short(futex.address));
    if let Some((thread, why)) = holder(futex, threads) {
        sentence.push_str(&format!("; probably {} has it, {why}", thread.name));
    }
    sentence
}

/// What a futex is called.
pub fn word(futex: Futex) -> &'static str {
    if futex.expected == TAKEN { "lock" } else { "lock or condition" }
}

/// Enough of an address to tell a few from each other.
pub fn short(address: u64) -> String {
    let digits = format!("{address:x}");
    if digits.len() <= 6 {
        format!("0x{digits}")
    } else {
        format!("0x{}…{}", &digits[..2], &digits[digits.len() - 4..])
    }
}

/// What a descriptor leads to, to stand behind its number.
fn target_words(call: &str, target: &Target, name_of: NameOf) -> String {
    let from = match call {
        _ if call.contains("recv") || call.contains("read") => "from",
        _ if call.starts_with('f') => "of",
        _ => "to",
    };
    match target {
        Target::Unknown => String::new(),
        Target::Tcp(socket, _) if socket.listens() => String::new(),
        Target::Tcp(socket, _) => {
            format!("{from} {}", name_of(socket.remote).unwrap_or_else(|| socket.remote.to_string()))
        }
        Target::Other(path) if path.starts_with("pipe:") => format!("{from} a pipe"),
        Target::Other(path) if path.starts_with("socket:") => format!("{from} a socket"),
        Target::Other(path) => format!("{from} {path}"),
    }
}

fn queue(connections: u64) -> String {
    match connections {
        0 => String::new(),
        1 => ", 1 connection waits".to_owned(),
        _ => format!(", {connections} connections wait"),
    }
}

/// What the peer has not taken: in this machine's memory, and, if the peer is on this machine, at its end.
fn full(socket: &Socket, other: Option<&Socket>) -> String {
    match (socket.unsent, other.map_or(0, |other| other.unread)) {
        (0, 0) => String::new(),
        (unsent, 0) => format!(", {} unsent", size(unsent)),
        (0, unread) => format!(", {} unread there", size(unread)),
        (unsent, unread) => format!(", {} unsent and {} unread there", size(unsent), size(unread)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use std::borrow::Cow;
    use std::time::Duration;

    use super::super::sockets::State as Tcp;
    use super::super::threads::Unseen;
    use super::*;

    fn thread(tid: i32, name: &str, waits: Waits) -> Thread {
        Thread { tid, name: name.to_owned(), state: State::Sleeps, waits, ran: Duration::ZERO, turns: 1 }
    }

    fn call(name: &'static str, kind: Kind, on: On) -> Waits {
        Waits::Call { name: Cow::Borrowed(name), kind, on }
    }

    fn futex(address: u64, expected: u32, private: bool) -> Waits {
        call("futex", Kind::Hears, On::Futex(Futex { address, expected, private }))
    }

    fn socket(state: Tcp, unread: u64, unsent: u64) -> Socket {
        let local = "127.0.0.1:7000".parse().unwrap();
        let remote = "127.0.0.1:50312".parse().unwrap();
        Socket { local, remote, state, unread, unsent, inode: 1 }
    }

    fn vera(addr: SocketAddr) -> Option<String> {
        (addr.port() == 50_312).then(|| "vera".to_owned())
    }

    #[test]
    fn threads_that_wait_for_one_lock_are_told_together_with_the_thread_that_may_have_it() {
        let to_vera = Target::Tcp(socket(Tcp::Established, 0, 2_500_000), Some(socket(Tcp::Established, 131_000, 0)));
        let accept = Target::Tcp(socket(Tcp::Listen, 2, 0), None);
        let threads = [
            thread(1, "main", call("accept4", Kind::Hears, On::Descriptor(3, accept))),
            thread(2, "Thread-2", call("sendto", Kind::Works, On::Descriptor(5, to_vera))),
            thread(3, "Thread-3", futex(0x7f00_1234_56e0, 2, true)),
            thread(4, "Thread-4", call("recvfrom", Kind::Hears, On::Descriptor(6, Target::Unknown))),
            thread(5, "Thread-5", futex(0x7f00_1234_56e0, 2, true)),
        ];
        let expected = [
            "main in accept4(3), 2 connections wait",
            "Thread-2 in sendto(5 to vera), 2.5 MB unsent and 131 kB unread there",
            "Thread-3 and Thread-5 wait for the same lock (futex 0x7f…56e0); probably Thread-2 has it, the only one that neither waits nor reads",
            "Thread-4 in recvfrom(6)",
        ];
        assert_eq!(sentences(&threads, &vera), expected);
    }

    #[test]
    fn nothing_is_guessed_if_two_threads_may_have_the_lock() {
        let waiters = [thread(1, "a", futex(96, 0, true)), thread(2, "b", futex(96, 0, true))];
        let sleep = || call("clock_nanosleep", Kind::Sleeps, On::Nothing);
        let with = |more: Vec<Thread>| sentences(&[waiters.to_vec(), more].concat(), &vera).remove(0);
        let bare = "a and b wait for the same lock or condition (futex 0x60)";
        assert_eq!(with(vec![thread(3, "c", Waits::Nothing), thread(4, "d", Waits::Nothing)]), bare);
        assert_eq!(with(vec![thread(3, "c", sleep()), thread(4, "d", sleep())]), bare);
        assert_eq!(with(vec![thread(3, "c", Waits::Unknown(Unseen::OtherUser))]), bare);
        let one = with(vec![thread(3, "c", sleep())]);
        assert_eq!(one, format!("{bare}; probably c has it, the only one that sleeps for a time"));
    }

    #[test]
    fn an_idle_pool_of_threads_waits_for_no_lock() {
        let waits = |expected| [thread(1, "a", futex(96, expected, true)), thread(2, "b", futex(96, expected, true))];
        let is_lock = |expected, count, more: &[Thread]| {
            let threads = [&waits(expected)[..], more].concat();
            is_lock(lock(&threads[0], &threads).expect("it waits"), count, &threads)
        };
        let runs = [thread(3, "c", Waits::Nothing)];
        assert!(!is_lock(0, 2, &[]));
        assert!(!is_lock(2, 1, &[]), "a condition that was signalled twice has that word, too");
        assert!(is_lock(2, 2, &[]));
        assert!(is_lock(0, 2, &runs));
        assert!(is_lock(2, 1, &runs));
    }

    #[test]
    fn a_thread_that_joins_another_waits_for_its_end_and_for_no_lock() {
        let threads = [thread(1, "main", futex(0x7f00_0000_0910, 2, false)), thread(2, "worker", Waits::Nothing)];
        assert_eq!(sentences(&threads, &vera), ["main waits for the end of worker", "worker runs"]);
    }

    #[test]
    fn a_thread_that_has_ended_is_left_out_and_one_that_cannot_be_seen_sleeps() {
        let mut ended = thread(1, "main", Waits::Nothing);
        ended.state = State::Ended;
        let calls = Some(EITHER);
        let woken = Waits::Function { name: "wait_woken".to_owned(), calls, unseen: Unseen::Yama(1) };
        let threads = [ended, thread(2, "b", Waits::Unknown(Unseen::OtherUser)), thread(3, "c", woken)];
        assert_eq!(sentences(&threads, &vera), ["b sleeps", "c in recv or send (wait_woken)"]);
    }

    #[test]
    fn what_is_no_connection_is_told_by_its_kind_or_path() {
        let on = |name, text: &str| {
            let waits = call(name, Kind::Works, On::Descriptor(7, Target::Other(text.to_owned())));
            doing(&thread(1, "main", waits), &[], &vera)
        };
        assert_eq!(on("read", "pipe:[12]"), "in read(7 from a pipe)");
        assert_eq!(on("fsync", "/tmp/chat.db"), "in fsync(7 of /tmp/chat.db)");
        assert_eq!(on("write", "socket:[99]"), "in write(7 to a socket)");
    }
}
