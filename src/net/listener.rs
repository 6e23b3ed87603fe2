//! A listening socket that can be woken, and that says no politely when descriptors run out. Knows nothing of what is served.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// A bound, listening socket.
#[derive(Debug)]
pub struct Listener {
    tcp: Arc<TcpListener>,
    /// Kept for the day when no other descriptor is left.
    spare: Option<File>,
}

/// What came of waiting for a newcomer.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A connection.
    Somebody(TcpStream, SocketAddr),
    /// A connection that could not be kept: no descriptor is left. Its other
    /// end was told so; the caller should pause.
    TurnedAway,
    /// Nobody; a passing fault of the system. The caller should pause.
    Nobody(io::Error),
}

impl Listener {
    /// Listens on `addr` with the kernel's queue of `backlog` newcomers. The
    /// address of a server that has just stopped can be used again at once.
    ///
    /// # Errors
    /// The system's: the port is in use, is not ours to use, or the address
    /// is none of this machine.
    pub fn bind(addr: SocketAddr, backlog: usize) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&addr.into())?;
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Ok(Listener { tcp: Arc::new(socket.into()), spare: spare() })
    }

    /// The address bound, with the real port where 0 was asked for.
    ///
    /// # Errors
    /// The system's; none is known for a bound socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// The socket itself, to [`wake`] whoever waits on it.
    pub(super) fn socket(&self) -> Arc<TcpListener> {
        Arc::clone(&self.tcp)
    }

    /// Waits for a newcomer.
    pub(super) fn accept(&mut self) -> Arrival {
        match self.tcp.accept() {
            Ok((tcp, peer)) => Arrival::Somebody(tcp, peer),
            Err(error) if out_of_descriptors(&error) => self.turn_away(error),
            Err(error) => Arrival::Nobody(error),
        }
    }

    /// Uses the spare descriptor to take one newcomer in and say why it cannot
    /// stay. It may come long after, when somebody has left: then it can.
    fn turn_away(&mut self, error: io::Error) -> Arrival {
        drop(self.spare.take());
        let newcomer = self.tcp.accept();
        self.spare = spare();
        match newcomer {
            Ok((tcp, peer)) if self.spare.is_some() => return Arrival::Somebody(tcp, peer),
            Ok((tcp, _)) => say_no(&tcp, "The server has no descriptor left for one more connection. Try again later."),
            Err(error) => return Arrival::Nobody(error),
        }
        self.spare = spare();
        if self.spare.is_some() { Arrival::TurnedAway } else { Arrival::Nobody(error) }
    }
}

/// Tells a newcomer that cannot stay a sentence, as far as its socket takes it at once.
pub(super) fn say_no(tcp: &TcpStream, sentence: &str) {
    use rustix::net::{SendFlags, send};
    // It goes either way; there is nobody to tell of a failure.
    let _ = send(tcp, format!("! {sentence}\n").as_bytes(), SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
    let _ = tcp.shutdown(std::net::Shutdown::Write);
}

/// Wakes a thread that waits in `accept` on `addr`, by connecting to it; where
/// no descriptor is left for that, by shutting the `listening` socket.
pub(super) fn wake(addr: SocketAddr, listening: &TcpListener) {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    if TcpStream::connect_timeout(&SocketAddr::new(ip, addr.port()), Duration::from_millis(500)).is_err() {
        // Fails where it is shut already, and then nobody waits.
        let _ = rustix::net::shutdown(listening, rustix::net::Shutdown::Read);
    }
}

fn out_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    error.raw_os_error().is_some_and(|code| [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error).contains(&code))
}

fn spare() -> Option<File> {
    File::open("/dev/null").ok()
}
