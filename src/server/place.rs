//! Where a server listens: at addresses, or on sockets of another program. Knows nothing of what is served there.

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::net::Listener;

/// Where a server listens.
#[derive(Debug)]
pub(super) enum Place {
    /// At these addresses; at least one.
    Addresses(Vec<SocketAddr>),
    /// On sockets that another program has bound.
    Given(Vec<TcpListener>),
}

impl Place {
    /// Listens there; the kernel queues `backlog` new connections.
    pub(super) fn listen(self, backlog: usize) -> io::Result<Listener> {
        match self {
            Place::Addresses(addrs) => Listener::bind_all(&addrs, backlog),
            Place::Given(sockets) => Listener::given(sockets, backlog),
        }
    }

    /// Whether only this machine can connect.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Place::Addresses(addrs) => addrs.iter().all(|addr| addr.ip().is_loopback()),
            Place::Given(sockets) => {
                sockets.iter().all(|socket| socket.local_addr().is_ok_and(|addr| addr.ip().is_loopback()))
            }
        }
    }
}
