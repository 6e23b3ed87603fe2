//! One accepted socket, shared by the threads that read it, write it and cut it. Knows nothing of what goes over it.

use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendFlags, send};
use socket2::{SockRef, TcpKeepalive};

/// A connected socket. It is shared, not cloned, so that a connection costs
/// one descriptor; nothing but [`Stream::kill`] wakes a thread blocked on it.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    peer: SocketAddr,
}

impl Stream {
    /// Prepares an accepted socket: small writes go out at once, and the
    /// kernel holds about `send_buffer` bytes that the peer has not taken (0
    /// leaves that to the system). It ends the connection when the peer's host
    /// has taken nothing, or said nothing, for as long as `unreachable`.
    ///
    /// # Errors
    /// The system's, for a socket that is closed already.
    pub fn new(tcp: TcpStream, peer: SocketAddr, send_buffer: usize, unreachable: Duration) -> io::Result<Stream> {
        tcp.set_nodelay(true)?;
        let socket = SockRef::from(&tcp);
        if send_buffer > 0 {
            socket.set_send_buffer_size(send_buffer)?;
        }
        // The kernel counts whole seconds, and refuses less than one and more than 32,767 of them.
        let seconds = |time: Duration| time.clamp(Duration::from_secs(1), Duration::from_secs(32_767));
        // With a time for what is sent, Linux ends a silent connection after
        // that time as well, as soon as one probe has no answer. So the probes
        // begin well before: one that is lost must not be the end.
        let (first, next) = (seconds(unreachable * 5 / 9), seconds(unreachable / 9));
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(first).with_interval(next).with_retries(4))?;
        socket.set_tcp_user_timeout(Some(unreachable))?;
        Ok(Stream { tcp, peer })
    }

    /// Who is at the other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Sends as much of `bytes` as the socket takes now; how much that was.
    ///
    /// # Errors
    /// The system's, when the connection is broken.
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
    /// The system's, when the connection is broken or cut.
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

    /// Tells the peer in a sentence why it cannot stay, as far as the socket takes it at once.
    pub(super) fn say_no(&self, sentence: &str) {
        super::listener::say_no(&self.tcp, sentence);
    }

    /// Sends nothing more; the peer reads to the end of what was sent.
    pub fn end(&self) {
        // The only failure is that there is no connection any more.
        let _ = self.tcp.shutdown(Shutdown::Write);
    }

    /// Cuts the connection: every thread that reads or writes it wakes up.
    pub fn kill(&self) {
        let _ = self.tcp.shutdown(Shutdown::Both);
    }

    /// Leaves it to us to ask a silent peer whether it is there.
    pub fn is_asked_by_us(&self) {
        // Where this fails it is asked twice.
        let _ = SockRef::from(&self.tcp).set_keepalive(false);
    }

    /// Whether the connection is broken or cut. What came before can still be
    /// read, so a thread that does not read must ask. A peer that only sends
    /// nothing more is still there.
    pub fn is_broken(&self) -> bool {
        let mut sockets = [PollFd::new(&self.tcp, PollFlags::empty())];
        let told = poll(&mut sockets, Some(&Timespec::default()));
        told.is_ok() && sockets[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
    }

    /// How long a read waits for a first byte; `None` is for ever.
    pub(super) fn patience(&self, time: Option<Duration>) {
        // Fails for a time of zero only, and none of ours is.
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
