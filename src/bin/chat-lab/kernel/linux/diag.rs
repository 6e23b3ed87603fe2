//! Asks the kernel about one TCP socket by its two addresses, as `ss` does (`sock_diag(7)`). Knows no table and no process.
//!
//! The table in `/proc/net/tcp` is made by going through the kernel's whole hash table, however few sockets there are: some
//! milliseconds on a machine with much memory. This takes some microseconds, so it can be done again and again.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

/// `SOCK_DIAG_BY_FAMILY`, the one kind of question and answer.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
const HEAD: usize = 16;
const QUESTION: usize = HEAD + 56;
const ANSWER: usize = HEAD + 72;
const TCP: u8 = 6;

/// A line to the kernel.
pub struct Diag(OwnedFd);

/// What the kernel says of a socket; see [`Socket`](super::sockets::Socket).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// As in `/proc/net/tcp`: 10 if it listens.
    pub state: u8,
    pub unread: u64,
    pub unsent: u64,
    pub inode: u64,
}

impl Diag {
    /// # Errors
    /// Those of the system; a kernel without it has `EPROTONOSUPPORT`.
    pub fn open() -> io::Result<Diag> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        Ok(Diag(socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(netlink::SOCK_DIAG))?))
    }

    /// The socket with these addresses, in the network of this process. If there is no such
    /// connection, a socket that listens on `local`.
    ///
    /// # Errors
    /// `NotFound` if there is neither; else those of the system.
    pub fn ask(&self, local: SocketAddr, remote: SocketAddr) -> io::Result<Told> {
        send(&self.0, &question(local, remote), SendFlags::empty())?;
        let mut answer = [0; 1024];
        let (count, _) = recv(&self.0, &mut answer[..], RecvFlags::empty())?;
        told(&answer[..count])
    }
}

fn question(local: SocketAddr, remote: SocketAddr) -> [u8; QUESTION] {
    let mut message = [0; QUESTION];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        message[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(&(QUESTION as u32).to_ne_bytes());
    put(&BY_FAMILY.to_ne_bytes());
    put(&REQUEST.to_ne_bytes());
    // The number of the question, and a sender, which the kernel knows itself.
    put(&[0; 8]);
    let family = if local.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    put(&[family.as_raw() as u8, TCP, 0, 0]);
    // In whatever state.
    put(&u32::MAX.to_ne_bytes());
    put(&local.port().to_be_bytes());
    put(&remote.port().to_be_bytes());
    put(&octets(local.ip()));
    put(&octets(remote.ip()));
    // Any interface. The two last words would tell a socket from an earlier one with the same addresses.
    put(&0u32.to_ne_bytes());
    put(&[0xff; 8]);
    message
}

/// An IPv4 address is the first four of sixteen bytes.
fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
    }
}

fn told(answer: &[u8]) -> io::Result<Told> {
    let number = |at: usize| {
        let bytes = answer.get(at..at + 4).and_then(|four| four.try_into().ok());
        bytes.map(u32::from_ne_bytes).ok_or_else(|| io::Error::other("the kernel's answer about a socket is cut"))
    };
    if answer.get(4..6) != Some(&BY_FAMILY.to_ne_bytes()) || answer.len() < ANSWER {
        // An error instead: its number, negative.
        let code = number(HEAD)? as i32;
        return Err(Errno::from_raw_os_error(code.saturating_neg()).into());
    }
    let state = answer[HEAD + 1];
    Ok(Told {
        state,
        unread: number(HEAD + 56)?.into(),
        // A socket that listens says here how many connections may wait.
        unsent: if state == 10 { 0 } else { number(HEAD + 60)?.into() },
        inode: number(HEAD + 68)?.into(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn one_socket_is_asked_for_by_its_addresses() {
        let diag = Diag::open().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(addr).unwrap();
        let own = client.local_addr().unwrap();
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let waiting = diag.ask(addr, nowhere).unwrap();
        assert_eq!((waiting.state, waiting.unread, waiting.unsent), (10, 1, 0));
        let (server, _) = listener.accept().unwrap();
        client.write_all(b"seven b").unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while diag.ask(addr, own).unwrap().unread != 7 {
            assert!(Instant::now() < deadline, "{:?}", diag.ask(addr, own));
        }
        assert_eq!(diag.ask(own, addr).unwrap().unread, 0);
        drop((listener, server, client));
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(diag.ask(nobody, nobody).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn an_answer_that_is_cut_is_an_error() {
        for cut in [0, 4, 17] {
            assert!(told(&[0; 20][..cut]).is_err());
        }
    }
}
