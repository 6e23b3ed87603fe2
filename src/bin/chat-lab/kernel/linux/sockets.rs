//! TCP sockets as the kernel has them: both ends of each connection, and the bytes that wait in them. Knows no threads.
//!
//! All of them are in `/proc/net/tcp` and `tcp6`, which every user may read, and which cost some milliseconds. A single
//! one whose addresses are known is asked for instead. `rx_queue` is what has come and the program has not read; `tx_queue` is
//! what the program has sent and the other end has not confirmed. For a socket that
//! listens, `rx_queue` is how many connections wait for `accept`.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use super::diag::{Diag, Told};
use crate::kernel::socket::plain;
pub use crate::kernel::socket::{Socket, State};

impl State {
    /// By its number in the kernel.
    fn of(number: u8) -> State {
        match number {
            1 => State::Established,
            6 => State::TimeWait,
            8 => State::CloseWait,
            10 => State::Listen,
            _ => State::Other,
        }
    }
}

impl Socket {
    fn told(local: SocketAddr, remote: SocketAddr, told: Told) -> Socket {
        let Told { state, unread, unsent, inode } = told;
        Socket { local, remote, state: State::of(state), unread, unsent, inode }
    }
}

/// All TCP sockets that this process could have made: those of its network.
///
/// # Errors
/// Those of the system. `NotFound` if there is no `/proc/net/tcp`.
pub fn table() -> io::Result<Vec<Socket>> {
    read(Path::new("/proc/net"))
}

/// The same in the network of another process, which is another one in a container.
pub fn table_of(pid: i32) -> io::Result<Vec<Socket>> {
    read(Path::new(&format!("/proc/{pid}/net")))
}

/// How many bytes the server has not yet read from one connection. `server_end` is the
/// connection's address on the server's side, `peer` the client's. `None` if the
/// server has no such connection: the kernel does not know it yet, or it is closed.
pub fn unread(server_end: SocketAddr, peer: SocketAddr) -> Option<u64> {
    server_side(server_end, peer).map(|socket| socket.unread)
}

/// Whether the server has accepted this connection: until then no program has the socket. It may have closed it since.
pub fn is_accepted(server_end: SocketAddr, peer: SocketAddr) -> Option<bool> {
    let waits = |socket: Socket| socket.inode == 0 && matches!(socket.state, State::Established | State::CloseWait);
    server_side(server_end, peer).map(|socket| !waits(socket))
}

/// Whether the server still has this connection open. `None` if the kernel does not tell.
pub fn is_open(server_end: SocketAddr, peer: SocketAddr) -> Option<bool> {
    let (server_end, peer) = (plain(server_end), plain(peer));
    let socket = match Finder::default().ask(server_end, peer) {
        Some(told) => told.ok().map(|told| Socket::told(server_end, peer, told)),
        None => table().ok()?.into_iter().find(|socket| socket.local == server_end && socket.remote == peer),
    };
    Some(socket.is_some_and(|it| matches!(it.state, State::Established | State::CloseWait) && it.inode != 0))
}

/// How many bytes the server has sent on this connection and the client has not taken.
pub fn unsent(server_end: SocketAddr, peer: SocketAddr) -> Option<u64> {
    server_side(server_end, peer).map(|socket| socket.unsent)
}

fn server_side(server_end: SocketAddr, peer: SocketAddr) -> Option<Socket> {
    Finder::default().connection(plain(server_end), plain(peer))
}

/// Finds sockets again and again, and goes through the kernel's table only when a new one must be found.
#[derive(Default)]
pub struct Finder {
    /// In the network of this process, if not said otherwise.
    pid: Option<i32>,
    diag: OnceCell<Option<Diag>>,
    table: Vec<Socket>,
    read: Option<Instant>,
    /// Sockets that are not in the table: not TCP.
    others: HashSet<u64>,
}

impl Finder {
    /// How old the table may become while it is of use.
    const FRESH: Duration = Duration::from_millis(500);

    /// For the sockets of one process.
    pub fn of(pid: i32) -> Finder {
        // The kernel answers questions about the network of this process only.
        let net = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).ok();
        let is_ours = net(&pid.to_string()).is_none_or(|theirs| net("self") == Some(theirs));
        let diag = if is_ours { OnceCell::new() } else { OnceCell::from(None) };
        Finder { pid: Some(pid), diag, ..Finder::default() }
    }

    /// The socket with this number as it is now, if it is a TCP socket.
    pub fn by_inode(&mut self, inode: u64) -> Option<Socket> {
        let find = |table: &[Socket]| table.iter().find(|socket| socket.inode == inode).copied();
        let mut found = find(&self.table);
        if found.is_none() && !self.others.contains(&inode) {
            self.renew();
            found = find(&self.table);
            if found.is_none() {
                self.others.insert(inode);
            }
        }
        found.map(|socket| self.now(socket))
    }

    /// The other end of a connection, if that is on this machine.
    pub fn opposite(&mut self, end: &Socket) -> Option<Socket> {
        if end.listens() { None } else { self.connection(end.remote, end.local) }
    }

    /// Bytes that wait in a socket that was found before; 0 if it is closed by now, or nothing can be asked.
    pub fn unread(&self, socket: &Socket) -> u64 {
        match self.ask(socket.local, socket.remote) {
            Some(Ok(told)) if told.inode == socket.inode => told.unread,
            _ => 0,
        }
    }

    /// All sockets, as they were at most half a second ago.
    pub fn table(&mut self) -> &[Socket] {
        if self.read.is_none_or(|read| read.elapsed() > Self::FRESH) {
            self.renew();
        }
        &self.table
    }

    fn renew(&mut self) {
        let table = self.pid.map_or_else(table, table_of);
        // Without a table no socket is found, which is the same as that there is none.
        self.table = table.unwrap_or_default();
        self.read = Some(Instant::now());
    }

    /// A connection that the kernel has on this side.
    fn connection(&mut self, local: SocketAddr, remote: SocketAddr) -> Option<Socket> {
        let found = match self.ask(local, remote) {
            Some(Ok(told)) => Some(Socket::told(local, remote, told)),
            Some(Err(_)) => None,
            None => self.table().iter().find(|socket| socket.local == local && socket.remote == remote).copied(),
        };
        found.filter(|socket| !socket.listens())
    }

    /// A socket that takes connections to this address, on all addresses or on this one.
    pub fn listener(&mut self, addr: SocketAddr) -> Option<Socket> {
        let nobody = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let found = match self.ask(addr, nobody) {
            Some(Ok(told)) => Some(Socket::told(addr, nobody, told)),
            Some(Err(_)) => None,
            None => self.table().iter().find(|socket| socket.takes(addr)).copied(),
        };
        found.filter(Socket::listens)
    }

    /// A socket of the table with its numbers of now.
    fn now(&mut self, socket: Socket) -> Socket {
        match self.ask(socket.local, socket.remote) {
            Some(Ok(told)) if told.inode == socket.inode => Socket::told(socket.local, socket.remote, told),
            // Of several sockets that listen on one port, the kernel tells one.
            _ => {
                let fresh = self.table().iter().find(|other| other.inode == socket.inode).copied();
                fresh.unwrap_or(socket)
            }
        }
    }

    /// What the kernel says of the socket with these addresses. `None` if it answers no questions.
    fn ask(&self, local: SocketAddr, remote: SocketAddr) -> Option<io::Result<Told>> {
        let diag = self.diag.get_or_init(|| Diag::open().ok()).as_ref()?;
        match diag.ask(local, remote) {
            Err(error) if error.kind() != ErrorKind::NotFound => None,
            answer => Some(answer),
        }
    }
}

/// Which process listens on a port of this machine: its id and name. `None` if there is none,
/// or if it belongs to another user, whose processes we may not look into.
pub fn holder(port: u16) -> Option<(i32, String)> {
    let table = table().ok()?;
    let inodes: Vec<u64> =
        table.iter().filter(|it| it.listens() && it.local.port() == port).map(|socket| socket.inode).collect();
    let pids = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let has_it = |pid: &i32| of_process(*pid).is_ok_and(|mut own| own.any(|inode| inodes.contains(&inode)));
    let pid = if inodes.is_empty() { None } else { pids.into_iter().find(has_it) }?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some((pid, name.trim_end().to_owned()))
}

/// The numbers of the sockets that a process has.
///
/// # Errors
/// When there is no such process, or it is another user's.
pub fn of_process(pid: i32) -> io::Result<impl Iterator<Item = u64>> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd"))?;
    Ok(entries.filter_map(|entry| inode(&fs::read_link(entry.ok()?.path()).ok()?)))
}

/// The number in `socket:[4711]`.
pub fn inode(link: &Path) -> Option<u64> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn read(folder: &Path) -> io::Result<Vec<Socket>> {
    let mut sockets = parse(&fs::read_to_string(folder.join("tcp"))?);
    match fs::read_to_string(folder.join("tcp6")) {
        Ok(text) => sockets.extend(parse(&text)),
        // A kernel without IPv6.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(sockets)
}

/// The lines of either table; what is not such a line is left out.
fn parse(text: &str) -> Vec<Socket> {
    text.lines().filter_map(socket).collect()
}

fn socket(line: &str) -> Option<Socket> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let (local, remote) = (address(words.next()?)?, address(words.next()?)?);
    let state = State::of(u8::from_str_radix(words.next()?, 16).ok()?);
    let (unsent, unread) = words.next()?.split_once(':')?;
    let hex = |digits| u64::from_str_radix(digits, 16).ok();
    let inode = words.nth(4)?.parse().ok()?;
    Some(Socket { local, remote, state, unread: hex(unread)?, unsent: hex(unsent)?, inode })
}

/// `0100007F:1F90`: each group of eight digits is four bytes of the address, read as one number of this machine.
fn address(text: &str) -> Option<SocketAddr> {
    let (digits, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let group = |at: usize| Some(u32::from_str_radix(digits.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    let ip = match digits.len() {
        8 => IpAddr::from(Ipv4Addr::from(group(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (at, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&group(at * 8)?);
            }
            IpAddr::from(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(plain(SocketAddr::new(ip, port)))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::*;

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_of_a_real_table_are_read() {
        let text = format!(
            "{HEAD}  64: 0100007F:B267 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 14060183 1 00000000abc94ef6 100 0 0 10 0                  \n 172: 0100007F:D532 0100007F:B267 08 00279F00:0000000A 00:00000000 00000000     0        0 14060184 2 000000002886165e 20 0 0 10 -1                  \n"
        );
        let [listener, end] = parse(&text)[..] else { panic!("two lines") };
        assert_eq!(listener.local, "127.0.0.1:45671".parse().unwrap());
        assert_eq!((listener.state, listener.unread, listener.inode), (State::Listen, 2, 14_060_183));
        assert_eq!(end.remote, listener.local);
        assert_eq!((end.state, end.unread, end.unsent), (State::CloseWait, 10, 0x0027_9f00));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn an_ipv4_address_in_ipv6_form_is_ipv4() {
        let line = "   0: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000001000000:D431 01 00000000:00000000 00:00000000 00000000  1000        0 24242 1 0000000000000000 20 4 30 10 -1";
        let socket = socket(line).unwrap();
        assert_eq!(socket.local, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(socket.remote, "[::1]:54321".parse().unwrap());
    }

    #[test]
    fn what_is_no_line_of_a_table_is_left_out() {
        for text in [
            "",
            HEAD,
            "  1: 0100007F:B267",
            "  1: 0100007F 0:0 01 0:0 0 0 0 0 1",
            "  1: ü00007F:B267 é:0 01 0:0 0 0 0 0 1",
        ] {
            assert_eq!(parse(text), [], "{text}");
        }
    }

    #[test]
    fn the_bytes_that_a_program_has_not_read_are_counted_at_its_own_end() {
        let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let waiting = |count| {
            let table = table().unwrap();
            table.iter().any(|it| it.listens() && it.local.port() == port && it.unread == count)
        };
        assert!(waiting(1), "one connection waits for accept");
        let (mut server, peer) = listener.accept().unwrap();
        assert!(waiting(0));
        let end = server.local_addr().unwrap();
        assert_eq!(unread(end, peer), Some(0));
        client.write_all(b"twelve bytes").unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while unread(end, peer) != Some(12) {
            assert!(Instant::now() < deadline, "{:?}", unread(end, peer));
        }
        server.read_exact(&mut [0; 12]).unwrap();
        assert_eq!(unread(end, peer), Some(0));
        drop(client);
        drop(server);
        assert_eq!(unread(end, "127.0.0.1:1".parse().unwrap()), None);
    }

    #[test]
    fn the_process_that_listens_on_a_port_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (pid, name) = holder(port).expect("it is this one");
        assert_eq!(pid, std::process::id() as i32);
        assert!(name.starts_with("chat_lab") || name.starts_with("chat-lab"), "{name}");
        drop(listener);
        assert_eq!(holder(port), None);
    }
}
