//! One connection, shared by the threads that read it, write it and cut it: a server's, or a client's. Knows nothing of the bytes that it carries.

use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use socket2::SockRef;

use super::socket;

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
        Ok(Stream { tcp, peer, is_deaf: AtomicBool::new(false), is_cut: AtomicBool::new(false) })
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

    /// Reads bytes; 0 is the end: the peer's, or a cut. For ever without `patience`.
    ///
    /// # Errors
    /// The system's; `WouldBlock` if nothing came within `patience`.
    pub fn read_within(&self, buffer: &mut [u8], patience: Option<Duration>) -> io::Result<usize> {
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
        socket::unread_or(&self.tcp, out)
    }

    /// Sends as much of `bytes` as the socket takes now; returns how much.
    ///
    /// # Errors
    /// The system's, if the connection is broken.
    pub fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        socket::send_now(&self.tcp, bytes)
    }

    /// Sends all of `bytes`, however long it takes; [`Stream::kill`] ends the wait.
    ///
    /// # Errors
    /// The system's, if the connection is broken or cut.
    pub fn send_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = &bytes[socket::send_some(&self.tcp, bytes, &self.is_cut)?..];
        }
        Ok(())
    }

    /// Sends all of `bytes`, if the peer takes them within `patience`.
    ///
    /// # Errors
    /// The system's, if the connection is broken or cut, and `TimedOut`.
    pub fn send_within(&self, mut bytes: &[u8], patience: Duration) -> io::Result<()> {
        let until = Instant::now() + patience;
        loop {
            bytes = &bytes[self.send_now(bytes)?..];
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

    /// Sends nothing more; the peer can still read all bytes that were sent.
    pub fn end(&self) {
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
