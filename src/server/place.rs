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
    /// Listens there, and at the addresses `irc`, too; the kernel queues `backlog` new connections. Returns also the
    /// addresses that are listened on for IRC only. A socket of another program that is bound to one of them is that.
    pub(super) fn listen(self, irc: &[SocketAddr], backlog: usize) -> io::Result<(Listener, Vec<SocketAddr>)> {
        match self {
            Place::Addresses(addrs) => {
                let listener = Listener::bind_all(&addrs, backlog)?;
                if irc.is_empty() {
                    return Ok((listener, Vec::new()));
                }
                let second = Listener::bind_all(irc, backlog).map_err(|error| for_irc(irc, &error))?;
                let bound = second.local_addrs()?;
                Ok((listener.join(second)?, bound))
            }
            Place::Given(sockets) => {
                let listener = Listener::given(sockets, backlog)?;
                let given = listener.local_addrs()?;
                let bound: Vec<SocketAddr> =
                    given.into_iter().filter(|given| irc.iter().any(|wanted| is_at(wanted, given))).collect();
                if !irc.is_empty() && bound.is_empty() {
                    let error =
                        io::Error::new(io::ErrorKind::NotFound, "the service manager has passed no socket for it");
                    return Err(for_irc(irc, &error));
                }
                Ok((listener, bound))
            }
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

/// Whether a socket that is bound to `given` is the one that was wanted at `wanted`.
fn is_at(wanted: &SocketAddr, given: &SocketAddr) -> bool {
    wanted.port() == given.port() && (given.ip().is_unspecified() || given.ip() == wanted.ip())
}

/// The same error, which names the setting.
fn for_irc(irc: &[SocketAddr], error: &io::Error) -> io::Error {
    let at = irc.first().map_or_else(String::new, SocketAddr::to_string);
    io::Error::new(error.kind(), format!("for IRC at {at}: {error}"))
}
