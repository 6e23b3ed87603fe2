//! What a server has to work with: its share of the machine, and its database. Knows no connection.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::StartError;
use crate::chat::write_queue::WriteQueue;
use crate::limits::{InForce, Limits};
use crate::net::capacity::{Capacity, Need};
use crate::record::Snapshot;
use crate::session::hub::Database;
use crate::session::index_wait::IndexWait;
use crate::session::passwords::Passwords;
use crate::session::tickets::Tickets;
use crate::session::uploads::Uploads;
use crate::store::{self, StoreError, Writer};

/// The limits that are asked for, lowered to the capacity of the machine.
pub(super) fn within(limits: Limits, capacity: &Capacity) -> Limits {
    let sessions = limits.sessions.min(capacity.connections);
    Limits {
        sessions,
        connections: limits.connections.max(sessions).min(capacity.connections),
        outboxes_bytes: limits.outboxes_bytes.min(capacity.waiting),
        ..limits
    }
}

/// For how long a server that was killed may still hold its database: until the system has ended its process.
const LAST_BREATH: Duration = Duration::from_millis(500);

/// The database, its writer, and the state that was stored in it; without a database, none and an empty state.
pub(super) type Opened = (Option<Arc<Database>>, Option<Writer>, Snapshot);

pub(super) fn open(data: Option<&Path>, limits: &InForce) -> Result<Opened, StartError> {
    let Some(path) = data else {
        // Without a database the cloaks are others in each run.
        let mut cloak_key = vec![0; 32];
        getrandom::fill(&mut cloak_key).map_err(io::Error::other)?;
        return Ok((None, None, Snapshot { cloak_key, ..Snapshot::default() }));
    };
    let began = Instant::now();
    let store::Opened { store, writer, snapshot, upgraded } = loop {
        match store::open(path, limits) {
            Err(StoreError::InUse(_)) if began.elapsed() < LAST_BREATH => thread::park_timeout(LAST_BREATH / 20),
            opened => break opened?,
        }
    };
    upgraded.into_iter().for_each(|told| tracing::warn!("{told}"));
    let write_queue = Arc::new(WriteQueue::new(limits));
    let (index, passwords, shelf) = (IndexWait::default(), Passwords::new(limits), Arc::default());
    let tickets = Tickets::new().map_err(io::Error::other)?;
    let database = Database { store, write_queue, index, passwords, shelf, uploads: Uploads::default(), tickets };
    Ok((Some(Arc::new(database)), Some(writer), snapshot))
}

/// The resources that the server needs beside its sessions. Each connection to the
/// database has three files and a cache; one more connection writes.
pub(super) fn needs(limits: &Limits, stores: bool) -> Need {
    let (connections, hashers) = if stores { (limits.readers as u64 + 1, limits.hashers as u64) } else { (0, 0) };
    Need {
        stack: limits.stack_bytes as u64,
        descriptors: 16 + 4 * connections,
        memory: (24 << 20) + connections * (2 << 20) + hashers * (20 << 20),
    }
}

/// The code that makes an account the first op; `None` if the system has no randomness.
pub(super) fn claim_code() -> Option<String> {
    getrandom::u64().ok().map(|code| format!("{code:016x}"))
}
