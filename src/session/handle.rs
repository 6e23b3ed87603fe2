//! The part of a session that other threads use: its socket, its outbox, when it was last heard. Knows no chat and no front.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::chat::SessionId;
use crate::chat::outbox::{Outbox, Outgoing, Sink, Written};
use crate::limits::Limits;
use crate::model::CloseReason;
use crate::net::{Rest, Stream};
use crate::wire::{Encoder, LEAST_PAGE};

/// One session, as the rest of the server sees it.
#[derive(Debug)]
pub struct SessionHandle {
    /// Its number.
    pub id: SessionId,
    /// Its socket.
    pub stream: Arc<Stream>,
    /// The events that wait for it.
    pub outbox: Arc<Outbox>,
    /// The limits that were in force when the connection came.
    pub limits: Arc<Limits>,
    /// When the connection came.
    pub since: Instant,
    /// Whether it answers when it is asked for a sign of life.
    pub pings: AtomicBool,
    /// Whether it has a name.
    pub named: AtomicBool,
    /// Milliseconds from the server's start to the last bytes from the peer.
    pub heard: AtomicU64,
    /// Milliseconds from the server's start to the last moment when the session's thread did not read. Silence before it is not the peer's.
    pub excused: AtomicU64,
    /// Milliseconds from the server's start to the last ping.
    pub asked: AtomicU64,
    /// Milliseconds since the connection came in which this process did not run.
    pub forgiven: AtomicU64,
    /// Its front, once that is known.
    pub front: Mutex<&'static str>,
    /// How many events were written to it.
    pub delivered: Arc<AtomicU64>,
    /// Whether it is an HTTP exchange or a handshake: then it has limits of its own, and nothing in its outbox is written.
    pub is_exchange: AtomicBool,
    /// Whether the connection was found broken while no thread read it.
    pub lost: AtomicBool,
    /// Whether its thread waits and does not read: see [`SessionHandle::pausing`].
    pub paused: AtomicBool,
    /// Milliseconds in which the session waited for a turn: see [`SessionHandle::in_line`].
    pub in_line: AtomicU64,
    /// Since when it has been ending, as the watchdog saw it.
    pub ending: Mutex<Option<Instant>>,
}

impl SessionHandle {
    /// A session on `stream`, without a name. `encoder` writes until the protocol is known.
    pub fn new(id: SessionId, stream: &Arc<Stream>, limits: Arc<Limits>, encoder: Box<dyn Encoder>) -> SessionHandle {
        let delivered = Arc::new(AtomicU64::new(0));
        let (stream_of_pen, count) = (Arc::clone(stream), Arc::clone(&delivered));
        let pen = SocketPen { stream: stream_of_pen, encoder, delivered: count, rest: None, end: false };
        SessionHandle {
            id,
            stream: Arc::clone(stream),
            outbox: Arc::new(Outbox::new(id, &limits, Some(Box::new(pen)))),
            limits,
            since: Instant::now(),
            pings: AtomicBool::new(false),
            named: AtomicBool::new(false),
            heard: AtomicU64::new(0),
            excused: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            forgiven: AtomicU64::new(0),
            front: Mutex::new(""),
            delivered,
            is_exchange: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            in_line: AtomicU64::new(0),
            ending: Mutex::new(None),
        }
    }

    /// Waits, and tells the watchdog meanwhile that the silence is not the peer's.
    /// If the connection broke meanwhile, the session is ended here. No read
    /// would notice it, because bytes that the peer sent before can still be read.
    pub fn pausing<T>(&self, wait: impl FnOnce() -> T) -> T {
        // One wait may be inside another.
        let before = self.paused.swap(true, Ordering::Relaxed);
        let waited = wait();
        self.paused.store(before, Ordering::Relaxed);
        if self.stream.is_broken() {
            self.outbox.close(CloseReason::Lost, None);
            self.lost.store(true, Ordering::Relaxed);
        }
        waited
    }

    /// Waits for a turn at something that all sessions share. The peer does not
    /// cause this wait, so it does not count against its time for taking a name.
    pub fn in_line<T>(&self, wait: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        self.pausing(|| {
            let waited = wait();
            self.in_line.fetch_add(u64::try_from(began.elapsed().as_millis()).unwrap_or(0), Ordering::Relaxed);
            waited
        })
    }

    /// Forgives a pause of this process that ended at `now`: no time limit of this
    /// session counts it. `uptime` is `now`, as [`SessionHandle::heard`] counts.
    pub fn forgive(&self, pause: Duration, now: Instant, uptime: u64) {
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        for since in [&self.heard, &self.excused, &self.asked] {
            since.fetch_max(uptime.min(since.load(Ordering::Relaxed).saturating_add(millis)), Ordering::Relaxed);
        }
        self.forgiven.fetch_add(millis, Ordering::Relaxed);
        if let Some(since) = &mut *self.ending.lock() {
            *since = now.min(*since + pause);
        }
        self.outbox.forgive(pause, now);
    }

    /// The seed of the name that is offered: each session has its own, and it does not change.
    pub fn seed(&self) -> u64 {
        self.id.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17) ^ u64::from(std::process::id())
    }

    /// The address of the peer.
    pub fn peer(&self) -> SocketAddr {
        self.stream.peer()
    }
}

/// The pen of a session on a socket.
#[derive(Debug)]
struct SocketPen {
    stream: Arc<Stream>,
    /// Makes bytes of events. [`Outgoing::Speak`] in the queue replaces it.
    encoder: Box<dyn Encoder>,
    /// Counts the events that are written.
    delivered: Arc<AtomicU64>,
    /// What the socket did not take yet.
    rest: Option<Rest>,
    /// Whether nothing is sent after `rest`.
    end: bool,
}

impl SocketPen {
    /// Encodes all `items` onto `page`.
    fn fill(&mut self, page: &mut Vec<u8>, items: &mut VecDeque<Outgoing>) {
        let is_event = |item: &&Outgoing| matches!(item, Outgoing::Event(_));
        self.delivered.fetch_add(items.iter().filter(is_event).count() as u64, Ordering::Relaxed);
        for item in items.drain(..) {
            match item {
                Outgoing::Event(delivery) => match self.encoder.shared(&delivery) {
                    Some(bytes) => page.extend_from_slice(bytes),
                    None => self.encoder.encode(&delivery, page),
                },
                Outgoing::Raw(bytes) => page.extend_from_slice(&bytes),
                Outgoing::Mark(mark) => self.encoder.mark(mark, page),
                Outgoing::Speak(encoder) => self.encoder = encoder,
                Outgoing::Close(reason) => {
                    self.encoder.end(reason, page);
                    self.end = true;
                }
            }
        }
    }

    /// Sends what the socket takes at once, and stores the rest.
    fn send(&mut self, page: &[u8]) -> Written {
        let sent = self.stream.send_now(page);
        tracing::trace!(peer = %self.stream.peer(), bytes = page.len(), ?sent, "out");
        match sent {
            Ok(None) => self.finished(),
            Ok(rest) => {
                self.rest = rest;
                Written::Part
            }
            Err(error) => self.broken(&error),
        }
    }

    /// All bytes are sent: ends the stream if nothing follows.
    fn finished(&self) -> Written {
        if self.end {
            self.stream.end();
            return Written::Over;
        }
        Written::All
    }

    fn broken(&self, error: &std::io::Error) -> Written {
        tracing::debug!(%error, peer = %self.stream.peer(), "cannot send");
        // Wakes the session's own thread, which ends the session.
        self.stream.kill();
        Written::Over
    }
}

impl Sink for SocketPen {
    fn write(&mut self, items: &mut VecDeque<Outgoing>) -> Written {
        // The usual case needs no copy.
        if let [Outgoing::Event(delivery)] = items.make_contiguous()
            && let Some(bytes) = self.encoder.shared(delivery)
        {
            self.delivered.fetch_add(1, Ordering::Relaxed);
            let written = self.send(bytes);
            items.clear();
            return written;
        }
        // A new page each time: a page that is reused would hold memory for every thread that ever wrote.
        let weight: usize = items.iter().map(Outgoing::weight).sum();
        let mut page = Vec::with_capacity(weight.max(LEAST_PAGE));
        self.fill(&mut page, items);
        self.send(&page)
    }

    fn write_waiting(&mut self, items: &mut VecDeque<Outgoing>) -> Written {
        let mut page = Vec::new();
        self.fill(&mut page, items);
        let before = self.rest.take().map_or(Ok(()), |rest| self.stream.send_rest(rest));
        match before.and_then(|()| self.stream.send_all(&page)) {
            Ok(()) => self.finished(),
            Err(error) => self.broken(&error),
        }
    }
}

impl Drop for SocketPen {
    /// A pen is dropped with its session. If a panic drops it earlier, nothing
    /// could be written to the session any more, so its connection is cut.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.stream.kill();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::wire::Delivery;

    #[derive(Debug)]
    struct Silent;

    impl Encoder for Silent {
        fn shared<'l>(&self, _item: &'l Delivery) -> Option<&'l [u8]> {
            None
        }

        fn encode(&mut self, _item: &Delivery, _out: &mut Vec<u8>) {}
    }

    #[test]
    fn a_wait_within_a_wait_does_not_end_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (tcp, peer) = listener.accept().unwrap();
        let stream = Arc::new(Stream::new(tcp, peer, 0, std::time::Duration::from_secs(90)).unwrap());
        let handle = SessionHandle::new(SessionId(1), &stream, Arc::default(), Box::new(Silent));
        let is_paused = || handle.paused.load(Ordering::Relaxed);
        handle.pausing(|| {
            handle.pausing(|| assert!(is_paused()));
            assert!(is_paused());
        });
        assert_eq!((is_paused(), handle.in_line.load(Ordering::Relaxed)), (false, 0), "not every wait is in line");
        handle.in_line(|| assert!(is_paused()));
        assert!(!is_paused());
    }
}
