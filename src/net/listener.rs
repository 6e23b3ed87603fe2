//! Listening sockets. The thread that waits on them can be woken, and peers are told if descriptors run out. Knows nothing of what is served.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::socket;

/// How often a port is looked for that is free at all addresses.
const TRIES: usize = 16;

/// How long a wait at sockets of another program lasts at most. They are not woken: a connection of our own
/// could stay in their queue, and shutting them would shut them for that program, too.
const LOOK: Duration = Duration::from_millis(500);

/// Bound, listening sockets: one for each address.
#[derive(Debug)]
pub struct Listener {
    /// At least one.
    sockets: Vec<Arc<TcpListener>>,
    /// Whether another program, such as systemd, made the sockets, and keeps them when this one ends.
    is_given: bool,
    /// The socket that is checked first, so that no socket waits for the others.
    turn: usize,
    /// A descriptor in reserve, for when no other is left.
    spare: Option<File>,
}

/// The result of waiting for a connection.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A connection.
    Connection(TcpStream, SocketAddr),
    /// A connection that was closed, because no descriptor is left. Its peer was
    /// told so; the caller should pause.
    TurnedAway,
    /// No connection came within the time of one look.
    Nobody,
    /// No connection: a passing fault of the system. The caller should pause.
    Failed(io::Error),
}

impl Listener {
    /// Listens on `addr`; the kernel queues `backlog` new connections. The
    /// address of a server that has just stopped can be used again at once.
    ///
    /// # Errors
    /// The system's: the port is in use or not allowed, or this machine does not
    /// have the address.
    pub fn bind(addr: SocketAddr, backlog: usize) -> io::Result<Listener> {
        Listener::bind_all(&[addr], backlog)
    }

    /// Listens on each of `addrs`, such as the addresses of a host name. Port 0
    /// means one free port, the same for all. An address that this machine does
    /// not have is left out, if it has another of them.
    ///
    /// # Errors
    /// As [`Listener::bind`], for the first address that cannot be used.
    pub fn bind_all(addrs: &[SocketAddr], backlog: usize) -> io::Result<Listener> {
        let mut wanted: Vec<SocketAddr> = Vec::new();
        addrs.iter().for_each(|addr| {
            if !wanted.contains(addr) {
                wanted.push(*addr);
            }
        });
        if wanted.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no address"));
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match bind_each(&wanted, backlog) {
                // The free port of one address may be taken at another one.
                Err((addr, error)) if error.kind() == io::ErrorKind::AddrInUse && addr.port() == 0 && tries < TRIES => {
                }
                Err((_, error)) => return Err(error),
                Ok(sockets) => return Ok(Listener { sockets, is_given: false, turn: 0, spare: socket::nothing() }),
            }
        }
    }

    /// Listens on sockets that another program has bound and listens on, too, such as systemd. What is
    /// queued there is served, and what comes after the end waits for the next server.
    ///
    /// # Errors
    /// One of them is no listening socket; or there is none.
    pub fn given(sockets: Vec<TcpListener>, backlog: usize) -> io::Result<Listener> {
        for given in &sockets {
            // The peer may have hung up between `poll` and `accept`; then `accept` must not block.
            given.set_nonblocking(true)?;
            SockRef::from(given).listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        }
        if sockets.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no socket"));
        }
        let sockets = sockets.into_iter().map(Arc::new).collect();
        Ok(Listener { sockets, is_given: true, turn: 0, spare: socket::nothing() })
    }

    /// Listens on the sockets of `other`, too.
    ///
    /// # Errors
    /// The system's; none is known for a bound socket.
    pub fn join(mut self, other: Listener) -> io::Result<Listener> {
        self.sockets.extend(other.sockets);
        // The peer may have hung up between `poll` and `accept`; then `accept` must not block.
        self.sockets.iter().try_for_each(|socket| socket.set_nonblocking(true))?;
        Ok(self)
    }

    /// The addresses bound, with the real port if 0 was asked for; at least one.
    ///
    /// # Errors
    /// The system's; none is known for a bound socket.
    pub fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(|socket| socket.local_addr()).collect()
    }

    /// The first socket, to [`wake`] the thread that waits on all of them; none if it looks up by itself.
    pub(super) fn socket(&self) -> Option<Arc<TcpListener>> {
        self.sockets.first().filter(|_| !self.is_given).map(Arc::clone)
    }

    /// Waits for a connection.
    pub(super) fn accept(&mut self) -> Arrival {
        let listening = match self.next() {
            Ok(Some(listening)) => listening,
            Ok(None) => return Arrival::Nobody,
            Err(error) => return Arrival::Failed(error),
        };
        match listening.accept() {
            Ok((tcp, peer)) => Arrival::Connection(tcp, peer),
            Err(error) if socket::is_out_of_descriptors(&error) => self.turn_away(&listening, error),
            Err(error) => Arrival::Failed(error),
        }
    }

    /// The socket to accept from: the only one, or the next at which a connection
    /// waits. None if no connection has come within one look at sockets of another program.
    fn next(&mut self) -> io::Result<Option<Arc<TcpListener>>> {
        let look = self.is_given.then(|| Timespec::try_from(LOOK)).transpose().map_err(io::Error::other)?;
        if let ([only], None) = (&self.sockets[..], look) {
            return Ok(Some(Arc::clone(only)));
        }
        let mut ends: Vec<PollFd<'_>> =
            self.sockets.iter().map(|socket| PollFd::new(&**socket, PollFlags::IN)).collect();
        loop {
            match poll(&mut ends, look.as_ref()) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let count = ends.len();
        let order = (0..count).map(|step| (self.turn + step) % count);
        let ready = order.into_iter().find(|&at| !ends[at].revents().is_empty()).unwrap_or(self.turn);
        drop(ends);
        self.turn = (ready + 1) % count;
        Ok(Some(Arc::clone(&self.sockets[ready])))
    }

    /// Uses the spare descriptor to accept one connection and tell its peer why it
    /// is closed. If a descriptor is free again by then, the connection is served.
    fn turn_away(&mut self, listening: &TcpListener, error: io::Error) -> Arrival {
        drop(self.spare.take());
        let accepted = listening.accept();
        self.spare = socket::nothing();
        match accepted {
            Ok((tcp, peer)) if self.spare.is_some() => return Arrival::Connection(tcp, peer),
            Ok((tcp, _)) => say_no(&tcp, "The server has no descriptor left for one more connection. Try again later."),
            Err(error) => return Arrival::Failed(error),
        }
        self.spare = socket::nothing();
        if self.spare.is_some() { Arrival::TurnedAway } else { Arrival::Failed(error) }
    }
}

/// Binds a socket for each address. An error names the address.
fn bind_each(addrs: &[SocketAddr], backlog: usize) -> Result<Vec<Arc<TcpListener>>, (SocketAddr, io::Error)> {
    let mut sockets: Vec<Arc<TcpListener>> = Vec::new();
    let mut absent = None;
    let mut port = 0;
    for addr in addrs {
        let wanted = if addr.port() == 0 { SocketAddr::new(addr.ip(), port) } else { *addr };
        match bind_one(wanted, addrs.len() > 1, backlog) {
            Ok(socket) => {
                port = socket.local_addr().map_or(0, |bound| bound.port());
                sockets.push(Arc::new(socket));
            }
            Err(error) if is_absent(&error) => absent = Some((*addr, error)),
            Err(error) => return Err((*addr, error)),
        }
    }
    match absent {
        Some(absent) if sockets.is_empty() => Err(absent),
        _ => Ok(sockets),
    }
}

fn bind_one(addr: SocketAddr, is_one_of_many: bool, backlog: usize) -> io::Result<TcpListener> {
    let listening = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if socket::can_share_port() {
        listening.set_reuse_address(true)?;
    }
    if is_one_of_many {
        // The peer may have hung up between `poll` and `accept`; then `accept` must not block.
        listening.set_nonblocking(true)?;
        if addr.is_ipv6() {
            // IPv4 has a socket of its own.
            listening.set_only_v6(true)?;
        }
    }
    listening.bind(&addr.into())?;
    listening.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(listening.into())
}

/// Whether this machine has no such address, or no addresses of that kind.
fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error())
}

/// Sends a sentence to a peer whose connection is refused, as far as the socket takes it at once.
pub(super) fn say_no(tcp: &TcpStream, sentence: &str) {
    // The connection is closed in any case, so a failure changes nothing.
    let _ = socket::send_now(tcp, format!("! {sentence}\n").as_bytes());
    let _ = tcp.shutdown(std::net::Shutdown::Write);
}

/// Wakes a thread that waits in `accept` on `addr`, by connecting to it; or, if
/// no descriptor is left for that, by shutting the `listening` socket.
pub(super) fn wake(addr: SocketAddr, listening: &TcpListener) {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    if TcpStream::connect_timeout(&SocketAddr::new(ip, addr.port()), Duration::from_millis(500)).is_err() {
        // Fails if it is shut already, and then no thread waits.
        let _ = rustix::net::shutdown(listening, rustix::net::Shutdown::Read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn port_0_is_one_free_port_for_all_addresses_and_newcomers_come_in_by_each() {
        let all = [addr("127.0.0.1:0"), addr("127.0.0.2:0"), addr("127.0.0.1:0")];
        let mut listener = Listener::bind_all(&all, 8).unwrap();
        let bound = listener.local_addrs().unwrap();
        assert_eq!(bound.len(), 2, "{bound:?}");
        assert_eq!(bound[0].port(), bound[1].port());
        for addr in [bound[1], bound[0], bound[1]] {
            let newcomer = TcpStream::connect(addr).unwrap();
            match listener.accept() {
                Arrival::Connection(tcp, peer) => {
                    assert_eq!((tcp.local_addr().unwrap(), peer), (addr, newcomer.local_addr().unwrap()));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// On Windows two sockets that ask for the same address both get it.
    #[test]
    fn a_second_server_on_a_port_is_refused_and_after_the_first_it_is_not() {
        let first = Listener::bind(addr("127.0.0.1:0"), 8).unwrap();
        let taken = first.local_addrs().unwrap()[0];
        assert_eq!(Listener::bind(taken, 8).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        Listener::bind(taken, 8).unwrap();
    }

    #[test]
    fn given_sockets_are_looked_at_in_turn_and_left_open_at_the_end() {
        let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let given = sockets.iter().map(|socket| socket.try_clone().unwrap()).collect();
        let mut listener = Listener::given(given, 8).unwrap();
        assert!(matches!(listener.accept(), Arrival::Nobody));
        for addr in listener.local_addrs().unwrap() {
            let _newcomer = TcpStream::connect(addr).unwrap();
            assert!(matches!(listener.accept(), Arrival::Connection(..)));
        }
        assert!(listener.socket().is_none(), "nothing wakes it by a connection");
        drop(listener);
        assert!(sockets.iter().all(|socket| TcpStream::connect(socket.local_addr().unwrap()).is_ok()));
        assert!(Listener::given(Vec::new(), 8).is_err());
    }

    #[test]
    fn an_absent_address_is_left_out_but_one_that_is_taken_is_refused() {
        let held = Listener::bind(addr("127.0.0.1:0"), 8).unwrap();
        let taken = held.local_addrs().unwrap()[0];
        // 192.0.2.0/24 is for documentation, and no machine has it.
        let absent = SocketAddr::new(addr("192.0.2.1:0").ip(), 0);
        assert_eq!(Listener::bind_all(&[absent, addr("127.0.0.2:0")], 8).unwrap().local_addrs().unwrap().len(), 1);
        assert_eq!(Listener::bind_all(&[absent], 8).unwrap_err().kind(), io::ErrorKind::AddrNotAvailable);
        let free = SocketAddr::new(addr("127.0.0.2:0").ip(), taken.port());
        assert_eq!(Listener::bind_all(&[free, taken], 8).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert!(Listener::bind_all(&[], 8).is_err());
    }
}
