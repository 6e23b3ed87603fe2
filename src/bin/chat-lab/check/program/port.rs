//! The port of the program: a free one, or which process has it already. Knows no program.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::dice::Dice;
use crate::kernel::socket::{self, State};
use crate::kernel::sockets;

/// A free port is one of these: below those that the kernel gives to clients, so that no client takes
/// it before the program does.
const FREE: std::ops::Range<u64> = 20_000..32_000;
/// So many are tried.
const TRIES: usize = 200;
/// What has just ended may need this long to give its port back.
const SOON: Duration = Duration::from_millis(500);

/// A connection that both ends have closed is remembered for one minute.
const MINUTE: Duration = Duration::from_secs(65);

/// A port that nobody has.
///
/// # Errors
/// A sentence, if there is none.
pub fn free() -> Result<u16, String> {
    let mut dice = Dice::fresh();
    let mut ports = (0..TRIES).map(|_| (FREE.start + dice.below(FREE.end - FREE.start)) as u16);
    ports.find(|port| is_free(*port)).ok_or_else(|| format!("no port from {} to {} is free", FREE.start, FREE.end))
}

/// The port that the program always takes, if nobody has it.
///
/// # Errors
/// A sentence that says whose it is.
pub fn fixed(port: u16) -> Result<u16, String> {
    let until = Instant::now() + SOON;
    loop {
        let listens = |socket: &socket::Socket| socket.listens() && socket.local.port() == port;
        if !sockets::table().unwrap_or_default().iter().any(listens) {
            return Ok(port);
        }
        if Instant::now() >= until {
            let owner = match sockets::holder(port) {
                Some((pid, name)) => format!("pid {pid}, {name}"),
                None => "a program that this user cannot see".to_owned(),
            };
            return Err(format!("{port} is taken by {owner}: stop it first, or give {{port}} to the command"));
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Waits until no connection holds this port any more. The end that closes first is remembered for a minute
/// (TIME_WAIT), and for so long only a program with SO_REUSEADDR can have the port. Whether there was any.
pub fn wait_for_old_connections(port: u16) -> bool {
    let is_held = || {
        let table = sockets::table().unwrap_or_default();
        table.iter().any(|socket| socket.local.port() == port && socket.state == State::TimeWait)
    };
    if !is_held() {
        return false;
    }
    let told =
        format!("chat-lab: the server has closed connections, and without SO_REUSEADDR {port} is free in a minute");
    let _ = writeln!(io::stderr(), "{told}: waiting");
    let until = Instant::now() + MINUTE;
    while is_held() && Instant::now() < until {
        std::thread::park_timeout(SOON);
    }
    true
}

/// Without SO_REUSEADDR, because the program may bind without it.
fn is_free(port: u16) -> bool {
    // Some systems give all addresses to one program although another has one of them.
    [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST].into_iter().all(|ip| {
        let addr = SocketAddr::from((ip, port));
        Socket::new(Domain::IPV4, Type::STREAM, None).and_then(|socket| socket.bind(&addr.into())).is_ok()
    })
}
