//! A TCP socket as a system lists it: its two addresses, its state, and the bytes that wait in it. Knows no system.

use std::net::SocketAddr;

/// What a system calls the state of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Established,
    /// The program listens here.
    Listen,
    /// The other end has sent its last byte; the program has not closed yet.
    CloseWait,
    /// Both ends have closed; the system remembers the connection for a minute.
    TimeWait,
    /// Any other: it is being opened or closed.
    Other,
}

/// One end of a connection, or a socket that listens. An IPv4 address in IPv6 form counts as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    pub local: SocketAddr,
    /// Port 0 if it listens.
    pub remote: SocketAddr,
    pub state: State,
    /// Bytes that the program has not read. If it listens: connections that wait for `accept`.
    pub unread: u64,
    /// Bytes that the other end has not confirmed.
    pub unsent: u64,
    /// What `/proc/PID/fd/N` shows as `socket:[inode]`; 0 if no program has the socket any more.
    pub inode: u64,
}

impl Socket {
    pub fn listens(&self) -> bool {
        self.state == State::Listen
    }

    /// Whether it takes connections to this address, on all addresses or on this one.
    pub fn takes(&self, addr: SocketAddr) -> bool {
        let here = self.local == addr || (self.local.ip().is_unspecified() && self.local.port() == addr.port());
        self.listens() && here
    }
}

/// An IPv4 address in IPv6 form as IPv4.
pub fn plain(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}
