//! The calls on sockets as Windows has them: none of them waits, because a shutdown wakes no thread of its own process.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use socket2::{SockRef, TcpKeepalive};

/// The longest wait before the flag of a cut is looked at. 1,000 idle connections
/// cost some hundredths of a core for it, and a cut is seen that much later.
pub(super) const LOOK: Option<Duration> = Some(Duration::from_millis(500));

/// What `poll` tells of a connection that is broken. That the peer has hung up it tells already
/// when the peer says nothing more and still reads.
pub(super) const BROKEN: PollFlags = PollFlags::ERR;

/// How long a writer waits whose peer says nothing more and reads nothing yet.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits a little if `poll` has told only that the peer says nothing more: it tells that at once
/// and every time, so a thread that waits for a place to write would never rest.
pub(super) fn calm(told: PollFlags, what: PollFlags) {
    if told == PollFlags::HUP && what == PollFlags::OUT {
        thread::park_timeout(PAUSE);
    }
}

/// Prepares a socket that was accepted, or has connected.
pub(in crate::net) fn prepare(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nonblocking(true)
}

pub(super) fn read(tcp: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    read_now(tcp, buffer)
}

pub(super) fn read_now(mut tcp: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    tcp.read(buffer)
}

pub(super) fn send(tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    send_now(tcp, bytes)
}

/// Sends as much of `bytes` as the socket takes now; returns how much.
pub(in crate::net) fn send_now(mut tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match tcp.write(bytes) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
        sent => sent,
    }
}

/// Nothing: the flag tells the reader, and after a real shutdown what the peer has sent could not be read away.
pub(in crate::net) fn dont_read(_tcp: &TcpStream) {}

/// Lets the kernel ask a silent peer after `first`, and then every `next`. How often, and how long
/// bytes may have no answer, is for the system to decide.
pub(in crate::net) fn probe(tcp: &TcpStream, first: Duration, next: Duration, _patience: Duration) -> io::Result<()> {
    SockRef::from(tcp).set_tcp_keepalive(&TcpKeepalive::new().with_time(first).with_interval(next))
}

/// Whether the address of a server that has just stopped must be asked for. Here it
/// is free at once, and a second server that asked for it would share the port of the first.
pub(in crate::net) fn can_share_port() -> bool {
    false
}

/// A file with nothing in it: a descriptor in reserve.
pub(in crate::net) fn nothing() -> Option<File> {
    File::open("NUL").ok()
}

pub(in crate::net) fn is_out_of_descriptors(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::MFILE.raw_os_error())
}

/// Never: a pipe does not tell that its reader has closed it before it is written to.
pub(in crate::net) fn unread_or(_tcp: &TcpStream, _out: &io::Stdout) -> bool {
    false
}
