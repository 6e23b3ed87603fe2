//! The calls on sockets as Unix has them: blocking ones that a shutdown wakes, and single calls that do not wait.

use std::fs::File;
use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags, recv};
use socket2::{SockRef, TcpKeepalive};

/// No wait has to be interrupted, because a shutdown ends it.
pub(super) const LOOK: Option<Duration> = None;

/// What `poll` tells of a connection that is broken or shut both ways.
pub(super) const BROKEN: PollFlags = PollFlags::ERR.union(PollFlags::HUP);

/// Nothing: what `poll` has told is true, and is dealt with by the next call.
pub(super) fn calm(_told: PollFlags, _what: PollFlags) {}

/// Prepares a socket that was accepted, or has connected.
pub(in crate::net) fn prepare(tcp: &TcpStream) -> io::Result<()> {
    // macOS gives an accepted socket what the listening one had, and has no flag to send without a signal.
    #[cfg(target_vendor = "apple")]
    {
        tcp.set_nonblocking(false)?;
        SockRef::from(tcp).set_nosigpipe(true)?;
    }
    let _ = tcp;
    Ok(())
}

pub(super) fn read(mut tcp: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    tcp.read(buffer)
}

pub(super) fn read_now(tcp: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let (count, _) = recv(tcp, buffer, RecvFlags::DONTWAIT)?;
    Ok(count)
}

pub(super) fn send(tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::net::send(tcp, bytes, no_signal()))?)
}

/// Sends as much of `bytes` as the socket takes now; returns how much.
pub(in crate::net) fn send_now(tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match retry_on_intr(|| rustix::net::send(tcp, bytes, SendFlags::DONTWAIT | no_signal())) {
        Err(Errno::AGAIN) => Ok(0),
        sent => Ok(sent?),
    }
}

/// A peer that has hung up is an error and no signal.
fn no_signal() -> SendFlags {
    #[cfg(target_vendor = "apple")]
    return SendFlags::empty();
    #[cfg(not(target_vendor = "apple"))]
    SendFlags::NOSIGNAL
}

/// Makes every read of the socket find the end.
pub(in crate::net) fn dont_read(tcp: &TcpStream) {
    let _ = tcp.shutdown(Shutdown::Read); // fails only if there is no connection any more
}

/// Lets the kernel ask a silent peer after `first`, and then every `next`; and end the connection if bytes that were
/// sent have no answer within `patience`, on systems that can.
pub(in crate::net) fn probe(tcp: &TcpStream, first: Duration, next: Duration, patience: Duration) -> io::Result<()> {
    let socket = SockRef::from(tcp);
    let probes = TcpKeepalive::new().with_time(first).with_interval(next).with_retries(4);
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(patience))?;
    let _ = patience;
    socket.set_tcp_keepalive(&probes)
}

/// Whether the address of a server that has just stopped must be asked for, to be had at once.
pub(in crate::net) fn can_share_port() -> bool {
    true
}

/// A file with nothing in it: a descriptor in reserve.
pub(in crate::net) fn nothing() -> Option<File> {
    File::open("/dev/null").ok()
}

pub(in crate::net) fn is_out_of_descriptors(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error).contains(&code))
}

/// Waits until bytes can be read, or the reader of `out` has closed it. Returns whether the reader has.
pub(in crate::net) fn unread_or(tcp: &TcpStream, out: &io::Stdout) -> bool {
    // Asked for nothing, a pipe still tells when its other end is closed.
    let mut ends = [PollFd::new(tcp, PollFlags::IN), PollFd::new(out, PollFlags::empty())];
    // If this fails, the reading and the writing tell.
    let _ = retry_on_intr(|| poll(&mut ends, None));
    !ends[1].revents().is_empty()
}
