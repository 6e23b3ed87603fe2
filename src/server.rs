//! Puts the parts of the server together, starts it and stops it. Knows no terminal and no command line.
//!
//! ```
//! use roomful::server::Server;
//!
//! let server = Server::bind("127.0.0.1:0")?.start()?;
//! println!("listening on {}", server.local_addr());
//! let stopped = server.stop("done");
//! assert_eq!(stopped.told, 0); // no session was there
//! # Ok::<(), std::io::Error>(())
//! ```

mod admission;
mod error;
pub mod motd;
mod place;
mod resources;
mod tuner;

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use self::place::Place;
use crate::chat::Chat;
use crate::chat::effects::Watch;
use crate::front::http::Settings;
use crate::front::{Fronts, IrcNames};
use crate::limits::{InForce, Limits};
use crate::model::CloseReason;
use crate::names::RoomName;
use crate::net::capacity::{Capacity, Machine};
use crate::net::crew::Crew;
use crate::net::{Listener, Service};
use crate::session::hub::{Hub, chance, now};
use crate::session::news::{Feeds, Newsroom};
use crate::session::{db_writer, watchdog};
use crate::store::Writer;
use crate::tls::{self, Security};
use crate::wording;
use admission::{admit, options};
pub use error::StartError;
use resources::{claim_code, needs, open, within};
pub use tuner::Tuner;

/// The room that is always there.
pub const LOBBY: &str = "#lobby";
/// The port that is used if no other is given.
pub const PORT: u16 = 7667;

/// A server that is not running yet.
#[derive(Debug)]
pub struct Server {
    place: Place,
    irc: Vec<SocketAddr>,
    limits: Limits,
    watch: Watch,
    data: Option<PathBuf>,
    fronts: Fronts,
    tls: Option<tls::Settings>,
    motd: Option<Arc<str>>,
}

/// A running server. [`Handle::stop`] ends it, and so does dropping it.
#[derive(Debug)]
pub struct Handle {
    hub: Arc<Hub>,
    /// The fronts that are served.
    pub(crate) fronts: Arc<Fronts>,
    /// What the machine had room for at the start.
    capacity: Capacity,
    service: Option<Service>,
    /// Where all protocols are served, and where only IRC is.
    addrs: Vec<SocketAddr>,
    irc: Vec<SocketAddr>,
    watchdog: Option<JoinHandle<()>>,
    db_writer: Option<(JoinHandle<()>, Receiver<()>)>,
    feeds: Option<Feeds>,
    limited_by: Option<&'static str>,
    claim: Option<String>,
    is_activated: bool,
}

/// The result of [`Handle::stop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Sessions that were told that the server stops.
    pub told: usize,
    /// Connections that did not end in time and were cut.
    pub cut: usize,
    /// Records that are not in the database, because that took longer than the limit `stop-keep`, or failed.
    pub unkept: u64,
    /// Whether the database was closed. If not, its log remains beside it, and the next start reads the log.
    pub closed: bool,
}

impl Server {
    /// A server for `addr`; port 0 means any free port. If `addr` is a host name
    /// with several addresses, the server listens on all of them that this machine
    /// has. Nothing is bound before [`Server::start`].
    ///
    /// # Errors
    /// `addr` is no address, or an unknown host name.
    pub fn bind(addr: impl ToSocketAddrs) -> io::Result<Server> {
        let addr: Vec<_> = addr.to_socket_addrs()?.collect();
        if addr.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name has no address"));
        }
        Ok(Server::at(Place::Addresses(addr)))
    }

    /// A server on listening sockets that another program has bound, such as systemd, and that this
    /// program leaves open when it ends.
    pub fn on(sockets: Vec<TcpListener>) -> Server {
        Server::at(Place::Given(sockets))
    }

    fn at(place: Place) -> Server {
        Server {
            place,
            irc: Vec::new(),
            limits: Limits::default(),
            watch: Watch::Nothing,
            data: None,
            fronts: Fronts::default(),
            tls: None,
            motd: None,
        }
    }

    /// Sets other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Server {
        self.limits = limits;
        self
    }

    /// Sets which news the console gets by [`Handle::news`]: none by default.
    #[must_use]
    pub fn watch(mut self, watch: Watch) -> Server {
        self.watch = watch;
        self
    }

    /// Sets the path of a database, which is made if it is not there: messages,
    /// accounts and files outlive the server. Without a database nothing is stored.
    #[must_use]
    pub fn data(mut self, path: impl Into<PathBuf>) -> Server {
        self.data = Some(path.into());
        self
    }

    /// Sets how connections are encrypted: not at all by default.
    #[must_use]
    pub fn tls(mut self, settings: tls::Settings) -> Server {
        self.tls = Some(settings);
        self
    }

    /// Sets other fronts than the default ones.
    #[must_use]
    pub fn fronts(mut self, fronts: Fronts) -> Server {
        self.fronts = fronts;
        self
    }

    /// Sets the message of the day, see [`motd::read`].
    #[must_use]
    pub fn motd(mut self, motd: Option<Arc<str>>) -> Server {
        self.motd = motd;
        self
    }

    /// Sets how HTTP is served.
    #[must_use]
    pub fn web(mut self, settings: Settings) -> Server {
        self.fronts = self.fronts.web(settings);
        self
    }

    /// Listens at `addr`, too: there the first line need not tell that it is IRC, and nothing else is served.
    ///
    /// # Errors
    /// `addr` is no address, or an unknown host name.
    pub fn irc(mut self, addr: impl ToSocketAddrs) -> io::Result<Server> {
        self.irc = addr.to_socket_addrs()?.collect();
        Ok(self)
    }

    /// Sets how the server is called on IRC.
    #[must_use]
    pub fn named(mut self, names: IrcNames) -> Server {
        self.fronts = self.fronts.named(names);
        self
    }

    /// Binds and listens; returns when the server takes connections.
    ///
    /// # Errors
    /// - [`StartError::Listen`]: the port is in use or not allowed, this machine does
    ///   not have the address, or the system starts no thread.
    /// - [`StartError::NoRoom`]: a limit of the system leaves no room for one session.
    /// - [`StartError::Page`]: the page is read from a folder, and the address is not of loopback.
    /// - [`StartError::Tls`]: the certificate or its key cannot be used.
    /// - [`StartError::Store`]: the database cannot be used.
    pub fn start(self) -> Result<Handle, StartError> {
        wording::look_up_zone();
        if self.fronts.reads_page() && !self.place.is_loopback() {
            return Err(StartError::Page);
        }
        let is_activated = matches!(self.place, Place::Given(_));
        let (listener, irc) = self.place.listen(&self.irc, self.limits.backlog)?;
        let addrs: Vec<SocketAddr> = listener.local_addrs()?.into_iter().filter(|addr| !irc.contains(addr)).collect();
        let machine = Machine::read();
        let capacity = machine.capacity(needs(&self.limits, self.data.is_some()));
        if capacity.connections == 0 {
            return Err(StartError::NoRoom(capacity.limited_by));
        }
        let asked = self.limits.sessions;
        let limits = within(self.limits, &capacity);
        tracing::info!(asked, sessions = limits.sessions, ?capacity, ?machine, "room for sessions");
        let limited_by = (limits.sessions < asked).then_some(capacity.limited_by);
        let security = secure(self.tls.as_ref(), &listener, &limits)?;
        let crew = Crew::new(capacity.threads, limits.stack_bytes);
        let lobby = RoomName::parse(LOBBY).map_err(io::Error::other)?;
        let (newsroom, feeds) = Newsroom::open(self.watch, limits.console_lines);
        let limits = InForce::from(limits);
        let (database, writer, snapshot) = open(self.data.as_deref(), &limits)?;
        let write_queue = database.as_ref().map(|database| Arc::clone(&database.write_queue));
        let chat = Chat::new(&limits, lobby, now(), snapshot, write_queue).with_chance(chance);
        let claim = claim_code().filter(|code| chat.set_claim(code));
        // A folder is read anew at each request, so its hash would tell a client nothing.
        let page = (!self.fronts.reads_page()).then(|| Arc::from(self.fronts.page()));
        let hub = Hub::new(chat, &limits, database, newsroom, crew);
        let hub = Arc::new(hub.serving(page).encrypting(security));
        hub.set_motd(self.motd);
        let fronts = Arc::new(self.fronts.listening(&addrs, &irc));
        let mut handle = Handle {
            hub,
            fronts,
            capacity,
            service: None,
            addrs,
            irc,
            watchdog: None,
            db_writer: None,
            feeds: Some(feeds),
            limited_by,
            claim,
            is_activated,
        };
        // If this fails, dropping the handle ends everything that was started.
        handle.start_threads(writer, listener)?;
        Ok(handle)
    }
}

/// What encrypts connections, if something does.
fn secure(
    settings: Option<&tls::Settings>,
    listener: &Listener,
    limits: &Limits,
) -> Result<Option<Arc<Security>>, StartError> {
    let Some(settings) = settings else { return Ok(None) };
    Ok(Security::start(settings, &listener.local_addrs()?, limits)?)
}

impl Handle {
    /// Starts the database writer, if there is a database, the watchdog, and the service.
    fn start_threads(&mut self, writer: Option<Writer>, listener: Listener) -> io::Result<()> {
        if let (Some(database), Some(writer)) = (&self.hub.database, writer) {
            let (hub, database) = (Arc::clone(&self.hub), Arc::clone(database));
            // Nothing is ever sent. The channel is closed when the writer has ended.
            let (ended, end) = bounded::<()>(0);
            let live = move || {
                let _ended = ended;
                db_writer::live(&hub, &database, writer);
            };
            self.db_writer = Some((thread::Builder::new().name("store".to_owned()).spawn(live)?, end));
        }
        let hub = Arc::clone(&self.hub);
        let is_activated = self.is_activated;
        let live = move || watchdog::live(&hub, is_activated);
        self.watchdog = Some(thread::Builder::new().name("watchdog".to_owned()).spawn(live)?);
        let fronts = Arc::clone(&self.fronts);
        let (hub, limits, crew) = (Arc::clone(&self.hub), self.hub.limits.clone(), Arc::clone(&self.hub.crew));
        let options = move || options(&limits.now());
        self.service = Some(Service::start(listener, crew, options, move |stream| admit(&hub, &fronts, stream))?);
        Ok(())
    }

    /// The first of the addresses where it serves all protocols, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.addrs.first().copied().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// All addresses where it serves all protocols.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// All addresses where it serves IRC only.
    pub fn irc_addrs(&self) -> &[SocketAddr] {
        &self.irc
    }

    /// Everything that the sessions share: the chat, the limits in force, the counts.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Changes this server while it runs.
    pub fn tuner(&self) -> Tuner {
        Tuner::of(self)
    }

    /// The code with which `claim` makes an account the first op of the server;
    /// `None` if there is an op already, or no database.
    pub fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }

    /// Whether it listens on sockets of another program, which may have started it because a client came.
    pub fn is_activated(&self) -> bool {
        self.is_activated
    }

    /// The resource of this machine that allows fewer sessions than were asked for.
    pub fn limited_by(&self) -> Option<&'static str> {
        self.limited_by
    }

    /// The news: those that [`Server::watch`] asked for, and those for an operator at `ctl`. They are given only once.
    pub fn news(&mut self) -> Option<Feeds> {
        self.feeds.take()
    }

    /// Tells every session that the server stops, and `why`; waits at most the limit
    /// `stop` for the peers to hang up, cuts the other connections, and joins every
    /// thread. The writer has the limit `stop-keep` to write the records that are
    /// left. If it needs longer, it is not waited for.
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
                // Sessions that wait for an answer get it before the last sentence, if the disk is fast enough.
                database.write_queue.wait_until_stored(self.hub.limits.now().stop);
            }
            let handles = self.hub.handles();
            let told = handles.iter().filter(|handle| {
                let is_told = !handle.is_exchange.load(Ordering::Acquire);
                self.hub.close(handle, CloseReason::ServerStopped, &sentence) && is_told
            });
            stopped.told = told.count();
            // Not before: sessions that wait for something would end without the last sentence.
            self.hub.set_stopping();
            stopped.cut = service.stop(self.hub.limits.now().stop);
        }
        self.hub.set_stopping();
        self.hub.crew.join_all();
        // No thread of theirs is left, and what they read is still to be stored.
        self.hub.end_lingering(Duration::ZERO, CloseReason::ServerStopped);
        if let Some(database) = &self.hub.database {
            database.write_queue.close();
        }
        if let Some((db_writer, end)) = self.db_writer.take() {
            stopped.closed = end.recv_timeout(self.hub.limits.now().stop_keep) == Err(RecvTimeoutError::Disconnected);
            if stopped.closed {
                // If it panicked, that has been printed.
                let _ = db_writer.join();
            }
            stopped.unkept = self.hub.database.as_ref().map_or(0, |database| database.write_queue.waiting());
        }
        if let Some(watchdog) = self.watchdog.take() {
            // If it panicked, that has been printed.
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
