//! One connection of the checker: a thread reads, and stores what came with its time. Knows no profile and no rule.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use socket2::{Domain, SockRef, Socket, Type};

use crate::check::script::Bytes;
use crate::kernel::may_read;

/// Bytes of the receive buffer of a client that will not read.
const SMALL: usize = 4096;
/// So many bytes may wait for all clients of a rule together, which is more than any rule lets come; a server that
/// sends more is read no further.
const MOST: usize = 256 * 1024 * 1024;
/// A server that takes fewer bytes at a time does not go on.
const LEAST: usize = 16 * 1024;
/// What comes within this time counts as one arrival, so that single bytes need no list longer than they are.
const ARRIVAL: Duration = Duration::from_millis(1);
/// Stack of a reading thread: it has one buffer.
const STACK: usize = 256 * 1024;

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In order.
    Closed,
    /// With this error, mostly a reset.
    Broken(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Closed => f.write_str("the server closed the connection"),
            Ended::Broken(error) => write!(f, "the connection broke: {error}"),
        }
    }
}

/// What came while something was waited for.
#[derive(Debug, PartialEq, Eq)]
pub enum Came<T> {
    /// It came; with the moment in which its last byte did.
    It(T, Instant),
    /// The connection ended before.
    End(Ended),
    /// Not in time.
    Nothing,
}

#[derive(Debug, Default)]
struct Inbox {
    /// What came; its first `start` bytes are taken already.
    bytes: Vec<u8>,
    start: usize,
    /// All bytes that were taken.
    taken: u64,
    /// Up to which byte was there at which moment.
    arrivals: VecDeque<(u64, Instant)>,
    ended: Option<(Ended, Instant)>,
    /// Whether the thread may read.
    open: bool,
    /// The client is dropped: what comes is read and thrown away.
    unheard: bool,
    /// The connection is ended from here: the thread ends, even if more and more comes.
    done: bool,
}

#[derive(Debug)]
struct Ear {
    inbox: Mutex<Inbox>,
    news: Condvar,
    /// Bytes that wait in all inboxes of the rule.
    waiting: Arc<AtomicUsize>,
}

/// One connection. If it is dropped it stays open in the attic, so that the evidence of a broken
/// rule is gathered while the clients are still there.
#[derive(Debug)]
pub struct Link {
    parts: Option<Parts>,
    ear: Arc<Ear>,
    attic: Attic,
    /// The longest that a server may take to read what is sent.
    patience: Duration,
    /// Our end.
    pub local: SocketAddr,
}

/// Connections that no client uses any more; they are broken off when the attic is cleared. Each rule has its own.
#[derive(Clone, Debug, Default)]
pub struct Attic {
    parts: Arc<Mutex<Vec<Parts>>>,
    /// Bytes that wait for all clients of the rule.
    waiting: Arc<AtomicUsize>,
}

impl Attic {
    /// Breaks all of them off.
    pub fn clear(&self) {
        let parts = std::mem::take(&mut *self.parts.lock());
        parts.into_iter().for_each(Parts::reset);
    }
}

/// What of a connection must be ended.
#[derive(Debug)]
struct Parts {
    stream: Arc<TcpStream>,
    ear: Arc<Ear>,
    reader: JoinHandle<()>,
}

impl Parts {
    /// The server gets a reset, so that no port of the server stays taken after the program was ended (TIME_WAIT).
    fn reset(self) {
        let _ = SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO));
        // This wakes the reading thread and sends nothing; the reset comes when the last handle closes.
        self.end(Shutdown::Read);
    }

    /// The thread that reads has ended then.
    fn end(self, how: Shutdown) {
        // A connection that has ended already is as good.
        let _ = self.stream.shutdown(how);
        {
            let mut inbox = self.ear.inbox.lock();
            (inbox.open, inbox.done) = (true, true);
        }
        self.ear.news.notify_all();
        let _ = self.reader.join();
    }
}

impl Link {
    /// Connects; a `deaf` link has a small buffer and does not read until it is told to.
    ///
    /// # Errors
    /// When there is no server, or no thread.
    pub fn connect(addr: SocketAddr, deaf: bool, patience: Duration, attic: &Attic) -> io::Result<Link> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
        if deaf {
            socket.set_recv_buffer_size(SMALL)?;
        }
        socket.connect_timeout(&addr.into(), patience)?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(patience))?;
        let local = stream.local_addr()?;
        let stream = Arc::new(stream);
        let inbox = Mutex::new(Inbox { open: !deaf, ..Inbox::default() });
        let ear = Arc::new(Ear { inbox, news: Condvar::new(), waiting: Arc::clone(&attic.waiting) });
        let reader = thread::Builder::new().name(format!("client-{}", local.port())).stack_size(STACK).spawn({
            let (stream, ear) = (Arc::clone(&stream), Arc::clone(&ear));
            move || read_all(&stream, &ear)
        })?;
        let parts = Parts { stream, ear: Arc::clone(&ear), reader };
        Ok(Link { parts: Some(parts), ear, attic: attic.clone(), patience, local })
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// When the connection ended, or the server takes nothing for the time given to `connect`.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let Some(parts) = &self.parts else { return Err(ErrorKind::NotConnected.into()) };
        let mut rest = bytes;
        // Each write has a limit of its own; a server that takes a byte now and then must not hold us for ever.
        let mut until = Instant::now() + self.patience;
        while !rest.is_empty() {
            match (&*parts.stream).write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => {
                    rest = &rest[length..];
                    if length >= LEAST {
                        until = Instant::now() + self.patience;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if !rest.is_empty() && Instant::now() >= until {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// Waits until `take` finds what it looks for at the beginning of what came, and how many bytes
    /// that takes. What came after `until` is too late, so a server that never stops sending is not
    /// listened to for ever.
    pub fn wait_for<T>(&self, until: Instant, mut take: impl FnMut(&[u8]) -> Option<(T, usize)>) -> Came<T> {
        let mut inbox = self.ear.inbox.lock();
        loop {
            if let Some((found, length)) = take(inbox.rest()) {
                // In a flood, to look through what came in time may itself take too long.
                let is_late = inbox.arrival(length).is_some_and(|at| at > until);
                if is_late || Instant::now() > until + self.patience {
                    return Came::Nothing;
                }
                let at = self.ear.remove(&mut inbox, length);
                return Came::It(found, at);
            }
            if let Some((ended, _)) = &inbox.ended {
                return Came::End(ended.clone());
            }
            if self.ear.news.wait_until(&mut inbox, until).timed_out() {
                return Came::Nothing;
            }
        }
    }

    /// What came and was not taken, as far as it is shown.
    pub fn beginning(&self) -> Bytes {
        Bytes::proof(self.ear.inbox.lock().rest())
    }

    /// What came and was not taken.
    pub fn rest(&self) -> Vec<u8> {
        self.ear.inbox.lock().rest().to_vec()
    }

    /// When the connection ended, if it does before `until`; what came before is thrown away.
    pub fn wait_for_end(&self, until: Instant) -> Option<(Ended, Instant)> {
        let mut inbox = self.ear.inbox.lock();
        loop {
            if let Some(ended) = &inbox.ended {
                return Some(ended.clone());
            }
            self.ear.clear(&mut inbox);
            if self.ear.news.wait_until(&mut inbox, until).timed_out() {
                return None;
            }
        }
    }

    /// Begins or ends reading.
    pub fn set_open(&self, open: bool) {
        self.ear.inbox.lock().open = open;
        self.ear.news.notify_all();
    }

    /// Ends the half on which we send.
    pub fn end_sending(&self) {
        if let Some(parts) = &self.parts {
            let _ = parts.stream.shutdown(Shutdown::Write);
        }
    }

    /// Breaks the connection off: the server gets a reset.
    pub fn reset(&mut self) {
        if let Some(parts) = self.parts.take() {
            parts.reset();
        }
    }

    /// Closes the connection in order.
    pub fn close(&mut self) {
        if let Some(parts) = self.parts.take() {
            parts.end(Shutdown::Both);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        {
            let mut inbox = self.ear.inbox.lock();
            inbox.unheard = true;
            self.ear.clear(&mut inbox);
        }
        self.attic.parts.lock().extend(self.parts.take());
    }
}

impl Ear {
    /// Stores what came; false, if that is more than may wait.
    fn add(&self, bytes: &[u8]) -> bool {
        let mut inbox = self.inbox.lock();
        if inbox.unheard {
            return true;
        }
        inbox.add(bytes, Instant::now());
        self.news.notify_all();
        self.waiting.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len() <= MOST
    }

    /// Removes the first bytes; the moment in which the last of them came.
    fn remove(&self, inbox: &mut Inbox, length: usize) -> Instant {
        self.waiting.fetch_sub(length, Ordering::Relaxed);
        inbox.remove(length)
    }

    fn clear(&self, inbox: &mut Inbox) {
        self.remove(inbox, inbox.rest().len());
        inbox.bytes = Vec::new();
    }
}

impl Inbox {
    fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    fn add(&mut self, bytes: &[u8], now: Instant) {
        self.bytes.extend_from_slice(bytes);
        let end = self.taken + self.rest().len() as u64;
        match self.arrivals.back_mut() {
            Some((last, at)) if now - *at < ARRIVAL => *last = end,
            _ => self.arrivals.push_back((end, now)),
        }
    }

    /// When the last of the first bytes came.
    fn arrival(&self, length: usize) -> Option<Instant> {
        let end = self.taken + length as u64;
        self.arrivals.iter().find(|(last, _)| *last >= end).map(|(_, at)| *at)
    }

    /// Removes the first bytes; the moment in which the last of them came.
    fn remove(&mut self, length: usize) -> Instant {
        self.start += length;
        // To move what is left each time would cost more than all else in a flood.
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.taken += length as u64;
        while self.arrivals.len() > 1 && self.arrivals.front().is_some_and(|(end, _)| *end < self.taken) {
            self.arrivals.pop_front();
        }
        self.arrivals.front().map_or_else(Instant::now, |(_, at)| *at)
    }
}

fn read_all(stream: &TcpStream, ear: &Ear) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        {
            let mut inbox = ear.inbox.lock();
            while !inbox.open {
                ear.news.wait(&mut inbox);
            }
            if inbox.done {
                return;
            }
        }
        if !may_read(stream) {
            continue;
        }
        let ended = match (&*stream).read(&mut buffer) {
            Ok(0) => Ended::Closed,
            Ok(length) if ear.add(&buffer[..length]) => continue,
            Ok(_) => Ended::Broken(format!("more than {} MiB came that nobody asked for", MOST >> 20)),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Ended::Broken(error.to_string()),
        };
        ear.inbox.lock().ended = Some((ended, Instant::now()));
        ear.news.notify_all();
        return;
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn pair(attic: &Attic, listener: &TcpListener) -> (Link, TcpStream) {
        let link = Link::connect(listener.local_addr().unwrap(), false, PATIENCE, attic).unwrap();
        (link, listener.accept().unwrap().0)
    }

    #[test]
    fn what_waits_for_all_clients_of_a_rule_is_bounded_and_a_dropped_client_stores_nothing() {
        let (attic, listener) = (Attic::default(), TcpListener::bind("127.0.0.1:0").unwrap());
        let (anna, mut to_anna) = pair(&attic, &listener);
        to_anna.write_all(b"hi\n").unwrap();
        let until = Instant::now() + PATIENCE;
        let Came::It((), _) = anna.wait_for(until, |bytes| (bytes.len() == 3).then_some(((), 1))) else { panic!() };
        assert_eq!((anna.rest(), attic.waiting.load(Ordering::Relaxed)), (b"i\n".to_vec(), 2));
        drop(anna);
        to_anna.write_all(&vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(attic.waiting.load(Ordering::Relaxed), 0);

        attic.waiting.store(MOST, Ordering::Relaxed);
        let (boris, mut to_boris) = pair(&attic, &listener);
        to_boris.write_all(b"x").unwrap();
        let Some((ended, _)) = boris.wait_for_end(until) else { panic!("the end does not come") };
        assert_eq!(ended.to_string(), "the connection broke: more than 256 MiB came that nobody asked for");
        attic.clear();
    }

    #[test]
    fn single_bytes_that_come_at_once_are_one_arrival_and_later_ones_another() {
        let (mut inbox, began) = (Inbox::default(), Instant::now());
        for micros in 0..2500 {
            inbox.add(b"x", began + Duration::from_micros(micros));
        }
        let ends: Vec<u64> = inbox.arrivals.iter().map(|(end, _)| *end).collect();
        assert_eq!(ends, [1000, 2000, 2500]);
        assert_eq!(inbox.remove(1500), began + Duration::from_millis(1));
        assert_eq!(inbox.arrivals.len(), 2);
    }
}
