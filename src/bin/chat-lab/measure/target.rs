//! A server to be measured: its address, its dialect, its process. Knows nothing of scenarios.

use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::kernel::process::{Holding, Process};
use crate::marker::Marker;
use crate::measure::crowd::Crowd;
use crate::measure::dialect::Dialect;

/// A server to be measured.
#[derive(Clone, Debug)]
pub struct Target {
    /// What the tables call it.
    pub name: String,
    /// How it is spoken to.
    pub dialect: Dialect,
    /// Whether that is encrypted.
    pub is_sealed: bool,
    /// The address at which it listens; on this machine.
    pub addr: SocketAddr,
    /// Its process; without one the figures of cost are left out.
    pub process: Option<Process>,
}

impl Target {
    /// # Errors
    /// When the address is not of this machine, or there is no such process.
    pub fn new(
        name: String,
        (dialect, is_sealed): (Dialect, bool),
        addr: SocketAddr,
        pid: Option<i32>,
    ) -> Result<Self> {
        ensure!(addr.ip().is_loopback(), "{addr} is not on this machine: load goes to loopback only");
        let process = pid.map(Process::new).transpose()?;
        Ok(Self { name, dialect, is_sealed, addr, process })
    }

    /// A crowd for this server, with marks of its own.
    ///
    /// # Errors
    /// When the kernel has no descriptor left.
    pub fn crowd(&self, size: usize) -> Result<Crowd> {
        Crowd::new(self.addr, (self.dialect, self.is_sealed), Marker::new(fresh_run() as u16, size))
    }

    /// Processor time used so far, if the process is known.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn cpu(&self) -> io::Result<Option<Duration>> {
        self.process.map(|process| process.cpu()).transpose()
    }

    /// Waits until the process does nearly nothing, so that what it puts off
    /// does not fall on the next one measured; the processor time it took for that.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn come_to_rest(&self) -> io::Result<Option<Duration>> {
        const LOOK: Duration = Duration::from_millis(200);
        const LONGEST: u32 = 75;
        let Some(first) = self.cpu()? else { return Ok(None) };
        let mut last = first;
        for _ in 0..LONGEST {
            thread::sleep(LOOK);
            let now = self.cpu()?.unwrap_or(last);
            let is_idle = now.saturating_sub(last) < LOOK / 20;
            last = now;
            if is_idle {
                break;
            }
        }
        Ok(Some(last.saturating_sub(first)))
    }

    /// The memory and files that the process holds, if it is known.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn holding(&self) -> io::Result<Option<Holding>> {
        self.process.map(|process| process.holding()).transpose()
    }
}

/// `NAME=DIALECT@ADDR` or `NAME=DIALECT@ADDR/PID`; encrypted with `tls+` before the dialect.
impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is not NAME=DIALECT@ADDR/PID");
        let (name, rest) = text.split_once('=').ok_or_else(form)?;
        let (dialect, rest) = rest.split_once('@').ok_or_else(form)?;
        let (addr, pid) = rest.split_once('/').map_or((rest, None), |(addr, pid)| (addr, Some(pid)));
        let addr = addr.parse().map_err(|e| format!("{addr:?}: {e}"))?;
        let pid = pid.map(str::parse).transpose().map_err(|e| format!("{text:?}: {e}"))?;
        let sealed = dialect.strip_prefix("tls+");
        let dialect = (sealed.unwrap_or(dialect).parse()?, sealed.is_some());
        Self::new(name.to_owned(), dialect, addr, pid).map_err(|e| format!("{text:?}: {e}"))
    }
}

/// A new room, which has no history; `part` tells rooms of one run apart.
pub fn room(run: u32, part: usize) -> String {
    format!("#lab{}-{run}-{part}", std::process::id())
}

/// A number for a run, different each time.
pub fn fresh_run() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id() << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_with_and_without_its_process() {
        let bare: Target = "a b=line@127.0.0.1:7667".parse().expect("well formed");
        assert_eq!((bare.name.as_str(), bare.dialect, bare.addr.port()), ("a b", Dialect::Line, 7667));
        assert!(bare.process.is_none() && !bare.is_sealed);
        let sealed: Target = "a=tls+json@127.0.0.1:7667".parse().expect("well formed");
        assert_eq!((sealed.dialect, sealed.is_sealed), (Dialect::Json, true));
        let whole = format!("x=irc@127.0.0.1:1/{}", std::process::id());
        assert!(whole.parse::<Target>().expect("well formed").process.is_some());
    }

    #[test]
    fn a_target_elsewhere_or_malformed_is_refused() {
        for text in
            ["x=irc@192.0.2.1:6667", "irc@127.0.0.1:1", "x=html@127.0.0.1:1", "x=irc@here", "x=irc@127.0.0.1:1/y"]
        {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
