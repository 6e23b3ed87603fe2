//! Puts the parts together: a server that is bound, started and stopped. Knows no terminal and no command line.
//!
//! ```
//! use roomful::server::Server;
//!
//! let server = Server::bind("127.0.0.1:0")?.start()?;
//! println!("listening on {}", server.local_addr());
//! let stopped = server.stop("done");
//! assert_eq!(stopped.told, 0); // nobody was there
//! # Ok::<(), std::io::Error>(())
//! ```

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use crate::chat::Chat;
use crate::chat::effects::Watch;
use crate::chat::write_queue::WriteQueue;
use crate::front::{self, Entrance, Fronts};
use crate::limits::Limits;
use crate::model::CloseReason;
use crate::names::RoomName;
use crate::net::capacity::{Capacity, Machine, Need};
use crate::net::crew::Crew;
use crate::net::{Admitted, Listener, Options, Service, Stream};
use crate::record::Snapshot;
use crate::session::handle::SessionHandle;
use crate::session::hub::{Database, Hub, News, chance, now};
use crate::session::index_wait::IndexWait;
use crate::session::passwords::Passwords;
use crate::session::{db_writer, watchdog};
use crate::store::{self, StoreError, Writer};
use crate::wording;

/// The room that is always there.
pub const LOBBY: &str = "#lobby";
/// The port used when no other is asked for.
pub const PORT: u16 = 7667;

/// A server that is not running yet.
#[derive(Debug)]
pub struct Server {
    addr: Vec<SocketAddr>,
    limits: Limits,
    watch: Watch,
    data: Option<PathBuf>,
    fronts: Fronts,
}

/// A running server. [`Handle::stop`] ends it, and so does dropping it.
#[derive(Debug)]
pub struct Handle {
    hub: Arc<Hub>,
    service: Option<Service>,
    watchdog: Option<JoinHandle<()>>,
    db_writer: Option<(JoinHandle<()>, Receiver<()>)>,
    news: Option<Receiver<News>>,
    limited_by: Option<&'static str>,
    claim: Option<String>,
}

/// What [`Handle::stop`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Sessions that were told goodbye.
    pub told: usize,
    /// Those among them that did not hang up in time and were cut.
    pub cut: usize,
    /// Records that are not in the database, for it took longer than the limit `stop-keep`, or could not be written.
    pub unkept: u64,
    /// Whether the database was closed; if not, its log is left beside it, and the next start reads that.
    pub closed: bool,
}

impl Server {
    /// A server for `addr`, where port 0 means any free one. If it is a name
    /// that stands for several addresses, the server listens on all that this
    /// machine has. Nothing is bound before [`Server::start`].
    ///
    /// # Errors
    /// `addr` is no address, or a host name nobody knows.
    pub fn bind(addr: impl ToSocketAddrs) -> io::Result<Server> {
        let addr: Vec<_> = addr.to_socket_addrs()?.collect();
        if addr.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name has no address"));
        }
        Ok(Server { addr, limits: Limits::default(), watch: Watch::Nothing, data: None, fronts: Fronts::default() })
    }

    /// With other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Server {
        self.limits = limits;
        self
    }

    /// With news of what happens, for [`Handle::news`]: nothing unless told.
    #[must_use]
    pub fn watch(mut self, watch: Watch) -> Server {
        self.watch = watch;
        self
    }

    /// With a database at `path`, which is made if it is not there: what is
    /// said, accounts and files outlive the server. Without one, nothing is kept.
    #[must_use]
    pub fn data(mut self, path: impl Into<PathBuf>) -> Server {
        self.data = Some(path.into());
        self
    }

    /// With other ways in than the default ones.
    #[must_use]
    pub fn fronts(mut self, fronts: Fronts) -> Server {
        self.fronts = fronts;
        self
    }

    /// Binds and listens; returns when the server takes connections.
    ///
    /// # Errors
    /// - [`StartError::Listen`]: the port is in use or not ours to use, the
    ///   address is none of this machine, or there is no thread to be had.
    /// - [`StartError::NoRoom`]: a limit of the system leaves no room for one session.
    /// - [`StartError::Store`]: the database cannot be used, and why.
    pub fn start(self) -> Result<Handle, StartError> {
        wording::look_up_zone();
        let listener = Listener::bind_all(&self.addr, self.limits.backlog)?;
        let machine = Machine::read();
        let capacity = machine.capacity(needs(&self.limits, self.data.is_some()));
        if capacity.connections == 0 {
            return Err(StartError::NoRoom(capacity.limited_by));
        }
        let asked = self.limits.sessions;
        let limits = Arc::new(within(self.limits, &capacity));
        tracing::info!(asked, sessions = limits.sessions, ?capacity, ?machine, "room for sessions");
        let crew = Crew::new(capacity.threads, limits.stack_bytes);
        let lobby = RoomName::parse(LOBBY).map_err(io::Error::other)?;
        let (console, news) = bounded(limits.console_lines);
        let (database, writer, snapshot) = open(self.data.as_deref(), &limits)?;
        let write_queue = database.as_ref().map(|database| Arc::clone(&database.write_queue));
        let chat = Chat::new(Arc::clone(&limits), lobby, now(), snapshot, write_queue).with_chance(chance);
        let claim = claim_code().filter(|code| chat.set_claim(code));
        let hub = Arc::new(Hub::new(chat, Arc::clone(&limits), database, (self.watch, console), crew));
        let mut handle = Handle {
            hub,
            service: None,
            watchdog: None,
            db_writer: None,
            news: Some(news),
            limited_by: (limits.sessions < asked).then_some(capacity.limited_by),
            claim,
        };
        // Should this fail, the handle is dropped, and with it what was started ends.
        handle.start_threads(writer, listener, Arc::new(self.fronts))?;
        Ok(handle)
    }
}

/// The limits that are asked for, as far as the machine can hold them.
fn within(limits: Limits, capacity: &Capacity) -> Limits {
    let sessions = limits.sessions.min(capacity.connections);
    Limits {
        sessions,
        connections: limits.connections.max(sessions).min(capacity.connections),
        outboxes_bytes: limits.outboxes_bytes.min(capacity.waiting),
        ..limits
    }
}

/// For how long a server that was killed may still have its database: until the system has cleared it away.
const LAST_BREATH: Duration = Duration::from_millis(500);

/// What is kept, if anything is: where, by what, and what there is.
type Opened = (Option<Arc<Database>>, Option<Writer>, Snapshot);

fn open(data: Option<&Path>, limits: &Limits) -> Result<Opened, StoreError> {
    let Some(path) = data else { return Ok((None, None, Snapshot::default())) };
    let began = Instant::now();
    let store::Opened { store, writer, snapshot } = loop {
        match store::open(path, limits) {
            Err(StoreError::InUse(_)) if began.elapsed() < LAST_BREATH => thread::park_timeout(LAST_BREATH / 20),
            opened => break opened?,
        }
    };
    let write_queue = Arc::new(WriteQueue::new(limits));
    let (index, passwords, shelf) = (IndexWait::default(), Passwords::new(limits), Arc::default());
    let database = Database { store, write_queue, index, passwords, shelf };
    Ok((Some(Arc::new(database)), Some(writer), snapshot))
}

/// What the server needs of the machine beside its sessions. A connection to
/// the database has three files and a cache, and there is one that writes.
fn needs(limits: &Limits, keeps: bool) -> Need {
    let connections = if keeps { limits.readers as u64 + 1 } else { 0 };
    let hashers = if keeps { limits.hashers as u64 } else { 0 };
    Need {
        stack: limits.stack_bytes as u64,
        descriptors: 16 + 4 * connections,
        memory: (24 << 20) + connections * (2 << 20) + hashers * (20 << 20),
    }
}

/// What makes an account the first op; none without the system's randomness.
fn claim_code() -> Option<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Why a server did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It cannot listen.
    Listen(io::Error),
    /// A limit of the system, which is named, leaves no room for one session.
    NoRoom(&'static str),
    /// It cannot use its database.
    Store(StoreError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Listen(error) => write!(f, "{error}"),
            StartError::NoRoom(limit) => write!(f, "there is no room for one session: raise the limit on {limit}"),
            StartError::Store(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::Listen(error) => Some(error),
            StartError::NoRoom(_) => None,
            StartError::Store(error) => Some(error),
        }
    }
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> io::Error {
        match error {
            StartError::Listen(error) => error,
            StartError::NoRoom(_) => io::Error::new(io::ErrorKind::QuotaExceeded, error),
            StartError::Store(error) => io::Error::other(error),
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> StartError {
        StartError::Listen(error)
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> StartError {
        StartError::Store(error)
    }
}

/// Makes the handler of a connection, or says why it cannot stay.
fn admit(hub: &Arc<Hub>, fronts: &Arc<Fronts>, stream: &Arc<Stream>) -> Admitted {
    let peer = stream.peer();
    let turned_away = |sentence: &String| hub.tell(|| News::Line(format!("! {peer} turned away: {sentence}")));
    let pass = hub.door.let_in(peer.ip()).inspect_err(turned_away)?;
    let handle = Arc::new(SessionHandle::new(hub.next_session(), stream, &hub.limits, front::plain()));
    hub.admit(&handle);
    Ok((format!("session-{}", handle.id.0), Box::new(Entrance::new(hub, fronts, &handle, pass))))
}

impl Handle {
    /// Starts the database writer, if there is a database, the watchdog, and the service.
    fn start_threads(&mut self, writer: Option<Writer>, listener: Listener, fronts: Arc<Fronts>) -> io::Result<()> {
        if let (Some(database), Some(writer)) = (&self.hub.database, writer) {
            let (hub, database) = (Arc::clone(&self.hub), Arc::clone(database));
            // Nothing is ever sent: that the writer has ended is seen by its end of the channel.
            let (ended, end) = bounded::<()>(0);
            let live = move || {
                let _ended = ended;
                db_writer::live(&hub, &database, writer);
            };
            self.db_writer = Some((thread::Builder::new().name("store".to_owned()).spawn(live)?, end));
        }
        let hub = Arc::clone(&self.hub);
        let live = move || watchdog::live(&hub);
        self.watchdog = Some(thread::Builder::new().name("watchdog".to_owned()).spawn(live)?);
        let (hub, limits) = (Arc::clone(&self.hub), &self.hub.limits);
        let options = Options {
            send_buffer: limits.send_buffer,
            // The kernel does not tell a host that takes nothing from one that is gone.
            unreachable: limits.unreachable_after.max(limits.outbox_patience + Duration::from_secs(6)),
            linger: limits.farewell,
            crew: Arc::clone(&self.hub.crew),
        };
        self.service = Some(Service::start(listener, options, move |stream| admit(&hub, &fronts, stream))?);
        Ok(())
    }

    /// The first of the addresses it listens on, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.service.as_ref().map_or(SocketAddr::from(([0, 0, 0, 0], 0)), Service::local_addr)
    }

    /// All addresses it listens on.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        self.service.as_ref().map_or(&[], Service::local_addrs)
    }

    /// What the sessions share: the chat, the limits in force, the counts.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// What `claim` takes to make an account the first op of the server;
    /// nothing where there is an op, or no database.
    pub fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }

    /// What there is too little of on this machine for as many sessions as were asked for.
    pub fn limited_by(&self) -> Option<&'static str> {
        self.limited_by
    }

    /// Where the news arrive that [`Server::watch`] asked for. Once.
    pub fn news(&mut self) -> Option<Receiver<News>> {
        self.news.take()
    }

    /// Says goodbye to everyone, with the words `why`, waits for them to hang
    /// up for at most the limit `stop`, cuts who is left, and joins every thread.
    /// The writer has the limit `stop-keep` for what is left to write; if that
    /// is not enough, it is left alone with it.
    pub fn stop(mut self, why: &str) -> Stopped {
        self.stop_all(why)
    }

    fn stop_all(&mut self, why: &str) -> Stopped {
        let mut stopped = Stopped { told: 0, cut: 0, unkept: 0, closed: true };
        if let Some(service) = &mut self.service {
            service.close_door();
        }
        if let Some(service) = self.service.take() {
            let sentence = format!("the server is going down: {why}");
            if let Some(database) = &self.hub.database {
                // Whoever waits for an answer gets it before the farewell, if the disk allows it.
                database.write_queue.wait_until_stored(self.hub.limits.stop);
            }
            let handles = self.hub.handles();
            let told = handles.iter().filter(|handle| self.hub.close(handle, CloseReason::ServerStopped, &sentence));
            stopped.told = told.count();
            // Only now: whoever waits for something would leave without a word.
            self.hub.set_stopping();
            stopped.cut = service.stop(self.hub.limits.stop);
        }
        self.hub.set_stopping();
        self.hub.crew.join_all();
        if let Some(database) = &self.hub.database {
            database.write_queue.close();
        }
        if let Some((db_writer, end)) = self.db_writer.take() {
            stopped.closed = end.recv_timeout(self.hub.limits.stop_keep) == Err(RecvTimeoutError::Disconnected);
            if stopped.closed {
                // A panic in it has been printed.
                let _ = db_writer.join();
            }
            stopped.unkept = self.hub.database.as_ref().map_or(0, |database| database.write_queue.waiting());
        }
        if let Some(watchdog) = self.watchdog.take() {
            // A panic in it has been printed.
            let _ = watchdog.join();
        }
        stopped
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop_all("it was dropped");
    }
}
