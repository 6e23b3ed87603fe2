//! One accepted socket, shared by the threads that read it, write it and cut it. Knows nothing of the bytes that it carries.

use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendFlags, send};
use socket2::{SockRef, TcpKeepalive};

/// A connected socket. It is shared, not cloned, so that a connection costs one
/// descriptor. Only [`Stream::kill`] wakes a thread that is blocked on it.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    peer: SocketAddr,
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
        tcp.set_nodelay(true)?;
        let socket = SockRef::from(&tcp);
        if send_buffer > 0 {
            socket.set_send_buffer_size(send_buffer)?;
        }
        // The kernel counts whole seconds, and refuses less than one and more than 32,767 of them.
        let seconds = |time: Duration| time.clamp(Duration::from_secs(1), Duration::from_secs(32_767));
        // With a timeout for sent bytes, Linux also ends a silent connection after
        // that time, as soon as one probe has no answer. So the probes begin well
        // before: one lost probe must not end the connection.
        let (first, next) = (seconds(unreachable * 5 / 9), seconds(unreachable / 9));
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(first).with_interval(next).with_retries(4))?;
        socket.set_tcp_user_timeout(Some(unreachable))?;
        Ok(Stream { tcp, peer })
    }

    /// The address of the peer.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The address at which the peer has reached this machine, if the connection is still known.
    pub fn local(&self) -> Option<SocketAddr> {
        self.tcp.local_addr().ok()
    }

    /// Sends as much of `bytes` as the socket takes now; returns how much.
    ///
    /// # Errors
    /// The system's, if the connection is broken.
    pub fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match send(&self.tcp, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(count) => return Ok(count),
                Err(rustix::io::Errno::AGAIN) => return Ok(0),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends all of `bytes`, however long it takes; [`Stream::kill`] ends the wait.
    ///
    /// # Errors
    /// The system's, if the connection is broken or cut.
    pub fn send_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match send(&self.tcp, bytes, SendFlags::NOSIGNAL) {
                Ok(count) => bytes = &bytes[count..],
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
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
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut sockets = [PollFd::new(&self.tcp, PollFlags::OUT)];
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut sockets, Some(&left)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
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
        let _ = self.tcp.shutdown(Shutdown::Read);
    }

    /// Cuts the connection: every thread that reads or writes it wakes up.
    pub fn kill(&self) {
        let _ = self.tcp.shutdown(Shutdown::Both);
    }

    /// Turns the kernel's probes off: the caller asks a silent peer itself whether it is there.
    pub fn is_asked_by_us(&self) {
        // If this fails, the peer is asked twice.
        let _ = SockRef::from(&self.tcp).set_keepalive(false);
    }

    /// Whether the connection is broken or cut. A read would not tell, while bytes
    /// that came before can still be read. A peer that has only ended its own
    /// sending is still there.
    pub fn is_broken(&self) -> bool {
        let mut sockets = [PollFd::new(&self.tcp, PollFlags::empty())];
        let told = poll(&mut sockets, Some(&Timespec::default()));
        told.is_ok() && sockets[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
    }

    /// How long a read waits for a first byte; `None` is for ever.
    pub(super) fn patience(&self, time: Option<Duration>) {
        // Fails only for a time of zero, and this is never zero.
        let _ = self.tcp.set_read_timeout(time.map(|time| time.max(Duration::from_millis(1))));
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp.as_fd()
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.tcp).read(buffer)
    }
}
