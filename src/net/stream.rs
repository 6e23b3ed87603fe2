//! One connection, shared by the threads that read it, write it and cut it: a server's, or a client's, with TLS or without. Knows nothing of the bytes that it carries.

use std::fmt;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use socket2::SockRef;

use super::socket;
use super::tls::Tls;

/// A connected socket. It is shared, not cloned, so that a connection costs one
/// descriptor. [`Stream::kill`] wakes every thread that waits for it: at once,
/// but on Windows it may take half a second.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    peer: SocketAddr,
    /// Nothing more is to be read.
    is_deaf: AtomicBool,
    /// The connection is cut.
    is_cut: AtomicBool,
    /// Set once, when a handshake is done: from then on everything is sealed.
    tls: OnceLock<Box<Tls>>,
}

/// What the socket did not take yet, as it goes over the wire. [`Stream::send_rest`]
/// must send it before anything else is sent.
#[must_use]
pub struct Rest(Vec<u8>);

impl fmt::Debug for Rest {
    /// Without the bytes: a log must not have what people say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes left", self.0.len())
    }
}

/// Connects to `addr`. Small writes are sent at once; the kernel does not ask whether the other side is there.
///
/// # Errors
/// The system's: nothing listens there, or there is no answer within `patience`.
pub fn dial(addr: SocketAddr, patience: Duration) -> io::Result<Stream> {
    Stream::of(TcpStream::connect_timeout(&addr, patience)?, addr)
}

impl Stream {
    /// Prepares an accepted socket: small writes are sent at once, and the kernel
    /// holds about `send_buffer` bytes that the peer has not taken (0 leaves that
    /// to the system). The kernel ends the connection after the peer's host has
    /// taken nothing, or sent nothing, for as long as `unreachable`.
    ///
    /// # Errors
    /// The system's, if the socket is closed already.
    pub fn new(tcp: TcpStream, peer: SocketAddr, send_buffer: usize, unreachable: Duration) -> io::Result<Stream> {
        let stream = Stream::of(tcp, peer)?;
        if send_buffer > 0 {
            stream.socket().set_send_buffer_size(send_buffer)?;
        }
        // The kernel counts whole seconds, and refuses less than one and more than 32,767 of them.
        let seconds = |time: Duration| time.clamp(Duration::from_secs(1), Duration::from_secs(32_767));
        // With a timeout for sent bytes, Linux also ends a silent connection after
        // that time, as soon as one probe has no answer. So the probes begin well
        // before: one lost probe must not end the connection.
        let (first, next) = (seconds(unreachable * 5 / 9), seconds(unreachable / 9));
        if let Err(error) = socket::probe(&stream.tcp, first, next, unreachable) {
            // Without probes a dead peer is noticed later; that is no reason to refuse a living one.
            tracing::debug!(%error, %peer, "this system does not probe as it was asked to");
        }
        Ok(stream)
    }

    /// Prepares a socket, accepted or connected, and asks no more of the kernel.
    fn of(tcp: TcpStream, peer: SocketAddr) -> io::Result<Stream> {
        tcp.set_nodelay(true)?;
        socket::prepare(&tcp)?;
        let (is_deaf, is_cut, tls) = (AtomicBool::new(false), AtomicBool::new(false), OnceLock::new());
        Ok(Stream { tcp, peer, is_deaf, is_cut, tls })
    }

    /// The address of the peer.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The address at which the peer has reached this machine, if the connection is still known.
    pub fn local(&self) -> Option<SocketAddr> {
        self.tcp.local_addr().ok()
    }

    /// The socket itself, to ask it for its options.
    pub fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.tcp)
    }

    /// From now on everything is sealed and opened by `tls`.
    ///
    /// # Errors
    /// It is already.
    pub(super) fn secure(&self, tls: Tls) -> io::Result<()> {
        self.tls.set(Box::new(tls)).map_err(|_| io::Error::other("TLS had begun already"))
    }

    /// Whether what is sent is encrypted.
    pub fn is_secure(&self) -> bool {
        self.tls.get().is_some()
    }

    /// The protocol inside TLS, if the two sides have agreed on one (ALPN).
    pub fn agreed(&self) -> Option<Vec<u8>> {
        self.tls.get()?.agreed()
    }

    /// Reads bytes; 0 is the end: the peer's, or a cut. For ever without `patience`.
    ///
    /// # Errors
    /// The system's; `WouldBlock` if nothing came within `patience`; `UnexpectedEof` if
    /// the peer has not sealed the end, so that the rest may be cut off.
    pub fn read_within(&self, buffer: &mut [u8], patience: Option<Duration>) -> io::Result<usize> {
        let Some(tls) = self.tls.get() else { return self.read_bare(buffer, patience) };
        let until = patience.map(|patience| Instant::now() + patience);
        loop {
            if let Some(count) = tls.take(buffer)? {
                return Ok(count);
            }
            // A record of which a byte comes now and then has no more time than others.
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            // Sealed bytes need no room of their own: they are copied before plain ones come.
            match self.read_bare(buffer, left)? {
                0 if self.is_deaf.load(Ordering::Acquire) => return Ok(0),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => tls.hear(&buffer[..count])?,
            }
        }
    }

    /// Reads bytes as they come over the wire.
    pub(super) fn read_bare(&self, buffer: &mut [u8], patience: Option<Duration>) -> io::Result<usize> {
        socket::read(&self.tcp, buffer, patience, &self.is_deaf)
    }

    /// The same for bytes that nothing wants any more, also after [`Stream::stop_reading`].
    pub(super) fn read_rest(&self, bin: &mut [u8], patience: Duration) -> io::Result<usize> {
        socket::read(&self.tcp, bin, Some(patience), &self.is_cut)
    }

    /// Waits until the peer says something or is gone, or until the reader of
    /// `out` has closed it. Returns whether that reader has. Only where the system
    /// tells; elsewhere it returns at once, and the next write to `out` tells.
    pub fn unread_or(&self, out: &io::Stdout) -> bool {
        if self.tls.get().is_some_and(|tls| tls.has_more()) {
            return false;
        }
        socket::unread_or(&self.tcp, out)
    }

    /// Sends as much of `bytes` as the socket takes now; returns the rest, if there is one.
    ///
    /// # Errors
    /// The system's, if the connection is broken.
    pub fn send_now(&self, bytes: &[u8]) -> io::Result<Option<Rest>> {
        let Some(tls) = self.tls.get() else {
            let count = socket::send_now(&self.tcp, bytes)?;
            return Ok((count < bytes.len()).then(|| Rest(bytes[count..].to_vec())));
        };
        let mut sealed = tls.seal(bytes)?;
        let count = socket::send_now(&self.tcp, &sealed)?;
        if count == sealed.len() {
            tls.is_sent();
            return Ok(None);
        }
        sealed.drain(..count);
        Ok(Some(Rest(sealed)))
    }

    /// Sends what [`Stream::send_now`] left, however long it takes; [`Stream::kill`] ends the wait.
    ///
    /// # Errors
    /// The system's, if the connection is broken or cut.
    pub fn send_rest(&self, rest: Rest) -> io::Result<()> {
        self.send_bare_all(&rest.0)?;
        self.tls.get().inspect(|tls| tls.is_sent());
        Ok(())
    }

    /// Sends all of `bytes`, however long it takes; [`Stream::kill`] ends the wait.
    ///
    /// # Errors
    /// The system's, if the connection is broken or cut.
    pub fn send_all(&self, bytes: &[u8]) -> io::Result<()> {
        match self.tls.get() {
            Some(tls) => self.send_rest(Rest(tls.seal(bytes)?)),
            None => self.send_bare_all(bytes),
        }
    }

    /// Sends all of `bytes`, if the peer takes them within `patience`.
    ///
    /// # Errors
    /// The system's, if the connection is broken or cut, and `TimedOut`.
    pub fn send_within(&self, bytes: &[u8], patience: Duration) -> io::Result<()> {
        let Some(tls) = self.tls.get() else { return self.send_bare(bytes, patience) };
        self.send_bare(&tls.seal(bytes)?, patience)?;
        tls.is_sent();
        Ok(())
    }

    fn send_bare_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = &bytes[socket::send_some(&self.tcp, bytes, &self.is_cut)?..];
        }
        Ok(())
    }

    /// Sends all of `bytes` as they are, if the peer takes them within `patience`.
    pub(super) fn send_bare(&self, mut bytes: &[u8], patience: Duration) -> io::Result<()> {
        let until = Instant::now() + patience;
        loop {
            bytes = &bytes[socket::send_now(&self.tcp, bytes)?..];
            if bytes.is_empty() {
                return Ok(());
            }
            if self.is_cut.load(Ordering::Acquire) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            if !socket::wait(&self.tcp, PollFlags::OUT, Some(until))? {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    /// Sends the peer a sentence that says why it is refused, as far as the socket takes it at once.
    pub(super) fn say_no(&self, sentence: &str) {
        super::listener::say_no(&self.tcp, sentence);
    }

    /// Sends nothing more; the peer can still read all bytes that were sent. Only for the thread that may write.
    pub fn end(&self) {
        if let Some(tls) = self.tls.get() {
            // If the socket does not take it at once, the peer finds an end that is not sealed.
            let _ = socket::send_now(&self.tcp, &tls.seal_end());
        }
        // It fails only if there is no connection any more.
        let _ = self.tcp.shutdown(Shutdown::Write);
    }

    /// Reads nothing more: a thread that waits for bytes finds the end. Bytes can still be sent.
    pub fn stop_reading(&self) {
        self.is_deaf.store(true, Ordering::Release);
        socket::dont_read(&self.tcp);
    }

    /// Cuts the connection: every thread that reads or writes it wakes up.
    pub fn kill(&self) {
        self.is_deaf.store(true, Ordering::Release);
        self.is_cut.store(true, Ordering::Release);
        let _ = self.tcp.shutdown(Shutdown::Both);
    }

    /// Turns the kernel's probes off: the caller asks a silent peer itself whether it is there.
    pub fn is_asked_by_us(&self) {
        // If this fails, the peer is asked twice.
        let _ = self.socket().set_keepalive(false);
    }

    /// Whether the connection is broken or cut. A read would not tell, while bytes
    /// that came before can still be read. A peer that has only ended its own
    /// sending is still there.
    pub fn is_broken(&self) -> bool {
        self.is_cut.load(Ordering::Acquire) || socket::is_broken(&self.tcp)
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_within(buffer, None)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};
    use std::sync::{Arc, Barrier};
    use std::thread;

    use super::*;

    /// How long anything may take that happens at once: a machine may be busy, and Windows looks twice a second.
    const DEADLINE: Duration = Duration::from_secs(5);

    /// A wait that no test sees the end of.
    const LONG: Duration = Duration::from_secs(3_600);

    /// More than the buffers of two sockets hold.
    const MUCH: usize = 8 << 20;

    /// A server's connection and its peer's, both with small buffers.
    fn pair() -> (Arc<Stream>, Stream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = dial(listener.local_addr().unwrap(), DEADLINE).unwrap();
        peer.socket().set_recv_buffer_size(16_384).unwrap();
        let (tcp, addr) = listener.accept().unwrap();
        (Arc::new(Stream::new(tcp, addr, 16_384, DEADLINE).unwrap()), peer)
    }

    /// Bytes that are another at every place near by.
    fn pattern(range: std::ops::Range<usize>) -> Vec<u8> {
        range.map(|at| (at % 251) as u8).collect()
    }

    /// Runs `work` on its own thread, which has begun when this returns. What it returns comes over the channel.
    fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
        let (sender, told) = channel();
        let begun = Arc::new(Barrier::new(2));
        let own = Arc::clone(&begun);
        thread::spawn(move || {
            own.wait();
            let _ = sender.send(work()); // a test that has failed does not listen
        });
        begun.wait();
        told
    }

    /// Fills the connection, until its peer would have to read. Returns how many bytes it took.
    fn fill(stream: &Stream) -> usize {
        const QUIET: Duration = Duration::from_millis(100);
        let (mut sent, mut until) = (0, Instant::now() + QUIET);
        loop {
            match socket::send_now(&stream.tcp, &pattern(sent..sent + 65_536)).unwrap() {
                0 if !socket::wait(&stream.tcp, PollFlags::OUT, Some(until)).unwrap() => return sent,
                0 => {}
                count => (sent, until) = (sent + count, Instant::now() + QUIET),
            }
            assert!(sent < MUCH, "a deaf peer has taken {sent} bytes");
        }
    }

    fn read_all(stream: &Stream) -> Vec<u8> {
        let (mut all, mut buffer) = (Vec::new(), vec![0; 65_536]);
        loop {
            match stream.read_within(&mut buffer, Some(DEADLINE)).unwrap() {
                0 => return all,
                count => all.extend_from_slice(&buffer[..count]),
            }
        }
    }

    /// docs/threads.md, rule 1: who writes for many never waits for one.
    #[test]
    fn a_deaf_peer_gets_what_fits_and_no_write_waits_for_it() {
        let (stream, peer) = pair();
        let sent = fill(&stream);
        assert!(sent > 0);
        assert_eq!(socket::send_now(&stream.tcp, b"more").unwrap(), 0);
        let error = stream.send_within(b"more", Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        stream.end();
        assert!(read_all(&peer) == pattern(0..sent), "each byte that was taken comes once, in order");
    }

    #[test]
    fn a_write_that_waits_goes_on_when_the_peer_reads_and_nothing_is_lost() {
        let (stream, peer) = pair();
        let own = Arc::clone(&stream);
        let done = beside(move || {
            own.send_all(&pattern(0..MUCH / 2)).unwrap();
            own.send_within(&pattern(MUCH / 2..MUCH), LONG).unwrap();
            own.end();
        });
        assert!(read_all(&peer) == pattern(0..MUCH));
        done.recv_timeout(DEADLINE).unwrap();
    }

    #[test]
    fn a_cut_wakes_every_thread_that_reads_writes_or_waits() {
        let (stream, _peer) = pair();
        fill(&stream);
        let with = || Arc::clone(&stream);
        let (reading, patient, writing, hoping) = (with(), with(), with(), with());
        let reading = beside(move || reading.read_within(&mut [0; 8], None));
        let patient = beside(move || patient.read_within(&mut [0; 8], Some(LONG)));
        let writing = beside(move || writing.send_all(&[0; MUCH]));
        let hoping = beside(move || hoping.send_within(&[0; MUCH], LONG));
        assert!(!stream.is_broken());
        stream.kill();
        assert_eq!(reading.recv_timeout(DEADLINE).unwrap().unwrap(), 0, "the end");
        assert_eq!(patient.recv_timeout(DEADLINE).unwrap().unwrap(), 0, "the end");
        writing.recv_timeout(DEADLINE).unwrap().unwrap_err();
        assert_ne!(hoping.recv_timeout(DEADLINE).unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(stream.is_broken());
    }

    #[test]
    fn a_reader_that_is_told_to_stop_finds_the_end_and_bytes_still_go_out() {
        let (stream, peer) = pair();
        let own = Arc::clone(&stream);
        let reading = beside(move || own.read_within(&mut [0; 8], None));
        stream.stop_reading();
        assert_eq!(reading.recv_timeout(DEADLINE).unwrap().unwrap(), 0);
        stream.send_all(b"goodbye").unwrap();
        stream.end();
        assert_eq!(read_all(&peer), b"goodbye");
    }

    #[test]
    fn silence_is_no_end_and_what_comes_after_it_is_read() {
        let (stream, peer) = pair();
        let mut buffer = [0; 8];
        let silence = stream.read_within(&mut buffer, Some(Duration::from_millis(1))).unwrap_err();
        assert_eq!(silence.kind(), io::ErrorKind::WouldBlock);
        peer.send_all(b"hi").unwrap();
        assert_eq!(stream.read_within(&mut buffer, Some(DEADLINE)).unwrap(), 2);
        peer.end();
        assert_eq!(stream.read_within(&mut buffer, None).unwrap(), 0);
        assert!(!stream.is_broken(), "a peer that says nothing more may still read");
    }

    /// On Windows `poll` tells of such a peer at once, every time, whatever it was asked.
    #[test]
    fn a_peer_that_says_nothing_more_and_reads_late_gets_everything() {
        let (stream, peer) = pair();
        peer.end();
        assert_eq!(stream.read_within(&mut [0; 8], Some(DEADLINE)).unwrap(), 0);
        let sent = fill(&stream);
        let own = Arc::clone(&stream);
        let all = sent + 262_144;
        let done = beside(move || {
            own.send_within(&pattern(sent..all), LONG).unwrap();
            own.end();
        });
        assert!(done.recv_timeout(Duration::from_millis(100)).is_err(), "the peer has not read yet");
        assert!(read_all(&peer) == pattern(0..all));
        done.recv_timeout(DEADLINE).unwrap();
    }

    #[test]
    fn a_thousand_lines_come_through_while_as_many_go_the_other_way() {
        let lines = |who: &str| -> String { (0..1_000).map(|number| format!("{who} says {number}\n")).collect() };
        let (stream, peer) = pair();
        let peer = Arc::new(peer);
        let speak = |stream: &Arc<Stream>, who: &str| {
            let (own, lines) = (Arc::clone(stream), lines(who));
            beside(move || {
                lines.split_inclusive('\n').for_each(|line| own.send_all(line.as_bytes()).unwrap());
                own.end();
            })
        };
        let speaking = [speak(&stream, "anna"), speak(&peer, "boris")];
        let own = Arc::clone(&stream);
        let heard = beside(move || read_all(&own));
        assert_eq!(read_all(&peer), lines("anna").as_bytes());
        assert_eq!(heard.recv_timeout(DEADLINE).unwrap(), lines("boris").as_bytes());
        for told in speaking {
            told.recv_timeout(DEADLINE).unwrap();
        }
    }

    /// Once one option that the system did not take cost every connection.
    #[test]
    fn no_option_that_a_system_does_not_take_ends_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        for unreachable in [Duration::ZERO, Duration::from_millis(1), Duration::from_secs(1 << 40)] {
            let peer = dial(listener.local_addr().unwrap(), DEADLINE).unwrap();
            let (tcp, addr) = listener.accept().unwrap();
            let stream = Stream::new(tcp, addr, 0, unreachable).unwrap();
            stream.send_all(b"hello").unwrap();
            assert_eq!(peer.read_within(&mut [0; 8], Some(DEADLINE)).unwrap(), 5, "{unreachable:?}");
        }
    }
}
