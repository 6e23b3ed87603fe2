//! How long the machine itself takes for the way that a line takes: through two threads that are woken by a socket. Knows no server.
//!
//! It shares its processors with the server, the clients and whatever else runs there. A
//! line cannot be there sooner; so what this shows is not the server's.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::Result;
use parking_lot::Mutex;

use crate::measure::histogram::Histogram;

/// Two threads in the place of a server and a hearer.
#[derive(Debug)]
pub struct Echo {
    out: UnixStream,
    clock: Instant,
    times: Arc<Mutex<Histogram>>,
}

impl Echo {
    /// Ready, with this clock. The threads end when it is dropped.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn start(clock: Instant) -> Result<Echo> {
        let ((out, mut server), (mut passed, mut hearer)) = (UnixStream::pair()?, UnixStream::pair()?);
        let times = Arc::new(Mutex::new(Histogram::default()));
        let heard = Arc::clone(&times);
        thread::spawn(move || {
            let mut bytes = [0; 8];
            while server.read_exact(&mut bytes).is_ok() && passed.write_all(&bytes).is_ok() {}
        });
        thread::spawn(move || {
            let mut bytes = [0; 8];
            while hearer.read_exact(&mut bytes).is_ok() {
                let now = clock.elapsed().as_nanos() as u64;
                heard.lock().add(now.saturating_sub(u64::from_le_bytes(bytes)));
            }
        });
        Ok(Echo { out, clock, times })
    }

    /// Sends once.
    ///
    /// # Errors
    /// When a thread has ended.
    pub fn send(&mut self) -> Result<()> {
        Ok(self.out.write_all(&(self.clock.elapsed().as_nanos() as u64).to_le_bytes())?)
    }

    /// The times so far.
    pub fn times(&self) -> Histogram {
        self.times.lock().clone()
    }
}
