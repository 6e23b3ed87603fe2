//! Systems that are not Linux: which sockets there are, by `netstat`, and nothing else. What is not known is said so, and its callers wait for a moment instead.

/// Whether this system tells what a program has read, where its threads wait, and what it costs.
pub const TELLS: bool = false;

/// What each thread of a process waits for: not known.
pub fn waits(_: i32, _: super::NameOf) -> Vec<String> {
    Vec::new()
}

/// A system that keeps orphans for itself.
///
/// # Errors
/// None.
#[cfg(unix)]
pub fn adopt() -> std::io::Result<()> {
    Ok(())
}

/// A program inherits the signals that are blocked here: none that it misses.
///
/// # Errors
/// None.
#[cfg(unix)]
pub fn unblock_signals() -> std::io::Result<()> {
    Ok(())
}

fn unknown() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::Unsupported, "only Linux tells this of a process")
}

/// The sockets of this machine.
pub mod sockets {
    use std::io;
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};
    use std::process::{Command, Stdio};

    use crate::kernel::socket::{Socket, State, plain};

    /// What the server has not yet read: not known.
    pub fn unread(_: SocketAddr, _: SocketAddr) -> Option<u64> {
        None
    }

    /// Whether the server has accepted a connection: not known.
    pub fn is_accepted(_: SocketAddr, _: SocketAddr) -> Option<bool> {
        None
    }

    /// Whether the server still has a connection open: not known.
    pub fn is_open(_: SocketAddr, _: SocketAddr) -> Option<bool> {
        None
    }

    /// What the client has not taken: not known.
    pub fn unsent(_: SocketAddr, _: SocketAddr) -> Option<u64> {
        None
    }

    /// Which process listens on a port: not known.
    pub fn holder(_: u16) -> Option<(i32, String)> {
        None
    }

    /// All TCP sockets of this machine, with their addresses and states.
    ///
    /// # Errors
    /// Those of the system, if there is no `netstat`.
    pub fn table() -> io::Result<Vec<Socket>> {
        let done = Command::new("netstat").arg("-an").stdin(Stdio::null()).stderr(Stdio::null()).output()?;
        Ok(String::from_utf8_lossy(&done.stdout).lines().filter_map(socket).collect())
    }

    /// `tcp4 0 0 127.0.0.1.7000 *.* LISTEN` on macOS, `TCP 127.0.0.1:7000 0.0.0.0:0 LISTENING` on Windows, where the
    /// last word is in the language of the system.
    fn socket(line: &str) -> Option<Socket> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (local, remote, state) = match words[..] {
            [kind, local, remote, state, ..] if kind.eq_ignore_ascii_case("tcp") => (local, remote, state),
            [kind, _, _, local, remote, state, ..] if kind.starts_with("tcp") => (local, remote, state),
            _ => return None,
        };
        let (local, remote) = (address(local)?, address(remote)?);
        let state = match state {
            _ if remote.port() == 0 => State::Listen,
            "TIME_WAIT" => State::TimeWait,
            "CLOSE_WAIT" => State::CloseWait,
            "ESTABLISHED" => State::Established,
            _ => State::Other,
        };
        Some(Socket { local, remote, state, unread: 0, unsent: 0, inode: 0 })
    }

    /// An address, and after a point or a colon its port; `*` for any.
    fn address(text: &str) -> Option<SocketAddr> {
        let (ip, port) =
            text.rsplit_once(if text.contains(':') && !text.contains("::") || text.contains(']') { ':' } else { '.' })?;
        let ip = ip.trim_matches(['[', ']']).split('%').next().unwrap_or_default();
        let ip = if ip == "*" { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { ip.parse().ok()? };
        let port = if port == "*" { 0 } else { port.parse().ok()? };
        Some(plain(SocketAddr::new(ip, port)))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn lines_of_both_systems_are_read() {
            let listens = |line: &str| socket(line).map(|socket| (socket.local.to_string(), socket.state));
            for (line, local, state) in [
                (
                    "tcp4       0      0  127.0.0.1.7000         *.*                    LISTEN",
                    "127.0.0.1:7000",
                    State::Listen,
                ),
                (
                    "tcp46      0      0  *.7000                 *.*                    LISTEN",
                    "0.0.0.0:7000",
                    State::Listen,
                ),
                (
                    "tcp6       0      0  ::1.7000               *.*                    LISTEN",
                    "[::1]:7000",
                    State::Listen,
                ),
                (
                    "tcp4       0      0  127.0.0.1.7000    127.0.0.1.50312        TIME_WAIT",
                    "127.0.0.1:7000",
                    State::TimeWait,
                ),
                ("  TCP    127.0.0.1:7000         0.0.0.0:0              ABHÖREN", "127.0.0.1:7000", State::Listen),
                ("  TCP    [::]:7000              [::]:0                 LISTENING", "[::]:7000", State::Listen),
                ("  TCP    127.0.0.1:7000   127.0.0.1:50312  ESTABLISHED", "127.0.0.1:7000", State::Established),
            ] {
                assert_eq!(listens(line), Some((local.to_owned(), state)), "{line}");
            }
            for line in ["", "Active Connections", "udp4 0 0 *.5353 *.*", "  UDP 0.0.0.0:500 *:*"] {
                assert_eq!(socket(line), None, "{line}");
            }
        }
    }
}

/// The processes that a process has started.
pub mod family {
    use std::net::{SocketAddr, TcpStream};
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::time::Duration;

    use super::sockets;
    use crate::kernel::socket::Socket;

    /// A program on this machine takes a connection within this time.
    const SOON: Duration = Duration::from_millis(500);
    /// Whether the system lists sockets that listen. Wine does not.
    static LISTS: AtomicBool = AtomicBool::new(true);

    /// Whether something takes connections to this address; which process it is cannot be seen.
    pub fn listener(addr: SocketAddr, _: i32) -> Option<Option<i32>> {
        let table = if LISTS.load(Relaxed) { sockets::table().unwrap_or_default() } else { Vec::new() };
        let listens = if table.iter().any(Socket::listens) {
            table.iter().any(|socket| socket.takes(addr))
        } else {
            // A system on which nothing listens does not list such sockets. So the program meets a client that says
            // nothing and goes.
            LISTS.store(false, Relaxed);
            TcpStream::connect_timeout(&addr, SOON).is_ok()
        };
        listens.then_some(None)
    }

    /// All descendants of a process: not known.
    #[cfg(unix)]
    pub fn descendants(_: i32) -> Vec<i32> {
        Vec::new()
    }

    /// Memory of a process: not known.
    #[cfg(unix)]
    pub fn memory(_: i32) -> u64 {
        0
    }
}

/// The threads of a process.
pub mod threads {
    use std::io;

    /// Whether all threads of a process wait for something.
    ///
    /// # Errors
    /// Always.
    pub fn all_wait(_: i32) -> io::Result<bool> {
        Err(super::unknown())
    }
}

/// What a process costs.
pub mod process {
    use std::io;
    use std::time::Duration;

    /// A process whose cost is not known.
    #[derive(Clone, Copy, Debug)]
    pub struct Process;

    /// What a process holds at one moment.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct Holding {
        /// Resident memory in bytes.
        pub rss: u64,
        /// Threads.
        pub threads: u64,
        /// Open descriptors.
        pub fds: u64,
    }

    impl Process {
        /// # Errors
        /// Always.
        pub fn new(_: i32) -> io::Result<Self> {
            Err(super::unknown())
        }

        /// Processor time.
        ///
        /// # Errors
        /// Always.
        pub fn cpu(&self) -> io::Result<Duration> {
            Err(super::unknown())
        }

        /// Memory, threads and descriptors.
        ///
        /// # Errors
        /// Always.
        pub fn holding(&self) -> io::Result<Holding> {
            Err(super::unknown())
        }
    }
}

/// How much of a core a process uses.
pub mod effort {
    use std::io;

    /// What a process has done up to one moment: not known.
    pub struct Effort;

    impl Effort {
        /// # Errors
        /// Always.
        pub fn of(_: i32) -> io::Result<Effort> {
            Err(super::unknown())
        }

        /// The part of a core.
        pub fn part_since(&self, _: &Effort) -> f64 {
            0.0
        }
    }
}
