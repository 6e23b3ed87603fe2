//! The calls on a TCP socket that differ between systems: reading, sending, and waiting, so that a cut wakes each waiting thread. Knows no connection.
//!
//! On Unix, `shutdown` wakes every thread that is blocked on the socket, and one
//! call can be told not to wait. Windows has neither: there, a thread in `recv`,
//! `send` or `poll` is not woken by a `shutdown` of its own process. So sockets
//! never block there. Every wait is a `poll` that ends after [`LOOK`], and then
//! the `cut` flag is looked at.

use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

#[cfg(unix)]
#[path = "unix.rs"]
mod own;
#[cfg(windows)]
#[path = "windows.rs"]
mod own;

use own::LOOK;
pub(super) use own::{can_share_port, dont_read, is_out_of_descriptors, nothing, prepare, probe, send_now, unread_or};

/// Reads bytes; 0 is the end, or a cut. For ever without `patience`.
///
/// # Errors
/// The system's; `WouldBlock` if nothing came within `patience`.
pub(super) fn read(
    tcp: &TcpStream,
    buffer: &mut [u8],
    patience: Option<Duration>,
    cut: &AtomicBool,
) -> io::Result<usize> {
    if patience.is_none() && LOOK.is_none() {
        return own::read(tcp, buffer);
    }
    let until = patience.and_then(|patience| Instant::now().checked_add(patience));
    while !cut.load(Ordering::Acquire) {
        match own::read_now(tcp, buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The shutdown that goes with the cut is an error to some systems.
            Err(_) if cut.load(Ordering::Acquire) => break,
            done => return done,
        }
        if !wait(tcp, PollFlags::IN, until)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
    }
    Ok(0)
}

/// Sends some of `bytes`, at least one, however long that takes; returns how many.
///
/// # Errors
/// The system's, if the connection is broken or cut.
pub(super) fn send_some(tcp: &TcpStream, bytes: &[u8], cut: &AtomicBool) -> io::Result<usize> {
    if LOOK.is_none() {
        return own::send(tcp, bytes);
    }
    while !cut.load(Ordering::Acquire) {
        match send_now(tcp, bytes)? {
            0 => wait(tcp, PollFlags::OUT, None)?,
            count => return Ok(count),
        };
    }
    Err(io::ErrorKind::BrokenPipe.into())
}

/// Waits until the socket is ready for `what`, is broken, or may have been cut. False if `until` came first.
pub(super) fn wait(tcp: &TcpStream, what: PollFlags, until: Option<Instant>) -> io::Result<bool> {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    if left == Some(Duration::ZERO) {
        return Ok(false);
    }
    let longest = left.into_iter().chain(LOOK).min();
    let longest = longest.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
    let mut sockets = [PollFd::new(tcp, what)];
    match poll(&mut sockets, longest.as_ref()) {
        Ok(_) => own::calm(sockets[0].revents(), what),
        Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(true)
}

/// Whether the connection is broken, or shut both ways.
pub(super) fn is_broken(tcp: &TcpStream) -> bool {
    // Asked for nothing, the system tells of faults alone.
    let mut sockets = [PollFd::new(tcp, PollFlags::empty())];
    let told = poll(&mut sockets, Some(&Timespec::default()));
    told.is_ok() && sockets[0].revents().intersects(own::BROKEN)
}
