//! A server for one test, and how to come to it. Knows no test.

mod account_peer;
pub mod frames;
mod irc_peer;
mod json_peer;
mod line_peer;
pub mod pipe;
mod transfer;
mod wire;

pub use account_peer::{PASSWORD, seqs, sha256};
pub use irc_peer::IrcPeer;
pub use json_peer::{Peer, Refusal, brief, message_of};
pub use line_peer::LinePeer;
pub use transfer::{Courier, Reply, fetch, put};
pub use wire::{Got, Wire};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use roomful::chat::outbox::{Ending, Outbox};
use roomful::console::{Desk, WaysIn};
use roomful::ctl::Ctl;
use roomful::front::Fronts;
use roomful::limits::Limits;
use roomful::model::CloseReason;
use roomful::names::Nick;
use roomful::server::{Handle, Server, Stopped};
use roomful::session::hub::Hub;
use serde_json::json;
use tempfile::TempDir;

/// How long anything may take before a test fails and says what it had received.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// A server on a port of its own. At its end it is stopped, and fails the test
/// if it leaves a session or a thread behind.
pub struct TestServer {
    handle: Option<Handle>,
    addr: SocketAddr,
    /// The folder of its database, if it has one; removed with it.
    folder: Option<Arc<TempDir>>,
    limits: Limits,
}

impl TestServer {
    /// With the default limits, but no rate limit.
    pub fn start() -> TestServer {
        TestServer::with(|_| ())
    }

    /// The same, with some limits changed.
    pub fn with(change: impl FnOnce(&mut Limits)) -> TestServer {
        let mut limits = Limits { rate: 0, ..Limits::default() };
        change(&mut limits);
        TestServer::on(None, limits)
    }

    /// With the default limits and other ways in.
    pub fn serving(fronts: Fronts) -> TestServer {
        let limits = Limits { rate: 0, ..Limits::default() };
        let server = Server::bind("127.0.0.1:0").expect("an address").limits(limits.clone()).fronts(fronts);
        TestServer::of(server, None, limits)
    }

    /// With other limits, and encrypted so.
    pub fn encrypted(settings: roomful::tls::Settings, change: impl FnOnce(&mut Limits)) -> TestServer {
        let mut limits = Limits { rate: 0, ..Limits::default() };
        change(&mut limits);
        let server = Server::bind("127.0.0.1:0").expect("an address").limits(limits.clone()).tls(settings);
        TestServer::of(server, None, limits)
    }

    /// Encrypted so, at this address.
    pub fn encrypted_at(addr: &str, settings: roomful::tls::Settings) -> TestServer {
        let limits = Limits { rate: 0, ..Limits::default() };
        let server = Server::bind(addr).expect("an address").limits(limits.clone()).tls(settings);
        TestServer::of(server, None, limits)
    }

    /// With a database in a folder of its own.
    pub fn with_database() -> TestServer {
        TestServer::with_database_and(|_| ())
    }

    /// The same, with some limits changed.
    pub fn with_database_and(change: impl FnOnce(&mut Limits)) -> TestServer {
        let mut limits = Limits { rate: 0, ..Limits::default() };
        change(&mut limits);
        TestServer::on(Some(Arc::new(tempfile::tempdir().expect("a folder"))), limits)
    }

    fn on(folder: Option<Arc<TempDir>>, limits: Limits) -> TestServer {
        let mut server = Server::bind("127.0.0.1:0").expect("an address").limits(limits.clone());
        if let Some(folder) = &folder {
            server = server.data(folder.path().join("roomful.db"));
        }
        TestServer::of(server, folder, limits)
    }

    fn of(server: Server, folder: Option<Arc<TempDir>>, limits: Limits) -> TestServer {
        let server = match pipe::settings() {
            Some(settings) => server.tls(settings),
            None => server,
        };
        let handle = server.start().expect("a server on a free port");
        TestServer { addr: handle.local_addr(), handle: Some(handle), folder, limits }
    }

    /// The file of its database.
    pub fn data(&self) -> PathBuf {
        self.folder.as_ref().expect("it keeps things").path().join("roomful.db")
    }

    /// What makes an account the first op.
    pub fn claim(&self) -> String {
        self.handle.as_ref().and_then(Handle::claim).expect("there is no op yet").to_owned()
    }

    /// Stopped in order, and started anew on the same database and another port.
    pub fn restarted(mut self) -> TestServer {
        self.stop("restart");
        TestServer::on(self.folder.clone(), self.limits.clone())
    }

    /// Started anew on its database, after it was stopped.
    pub fn started(&self) -> TestServer {
        TestServer::on(self.folder.clone(), self.limits.clone())
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn hub(&self) -> &Arc<Hub> {
        self.handle.as_ref().expect("the server runs").hub()
    }

    /// What the operator is answered.
    pub fn operator(&self, line: &str) -> Result<String, String> {
        let handle = self.handle.as_ref().expect("the server runs");
        Desk::of(handle, WaysIn::default(), None).obey(line)
    }

    /// Takes operators' commands at a control socket in `folder`.
    pub fn ctl(&mut self, folder: &Path) -> (Ctl, PathBuf) {
        let handle = self.handle.as_mut().expect("the server runs");
        let (_, news) = handle.news().expect("they are asked for once");
        let path = folder.join("ctl");
        let ctl = Ctl::start(&path, &Desk::of(handle, WaysIn::default(), None), news);
        (ctl.expect("nothing is at that path"), path)
    }

    /// A connection that has said nothing.
    pub fn wire(&self) -> Wire {
        Wire::connect(self.addr)
    }

    /// A JSON peer that has said nothing.
    pub fn peer(&self) -> Peer {
        Peer::new(self.wire())
    }

    /// A JSON peer with a name, in no room.
    pub fn login(&self, nick: &str) -> Peer {
        let mut peer = self.peer();
        peer.hello(json!({"nick": nick, "rooms": []})).expect("a free name");
        peer
    }

    /// A JSON peer with a name, in one room.
    pub fn login_in(&self, nick: &str, room: &str) -> Peer {
        let mut peer = self.login(nick);
        peer.join(room);
        peer
    }

    /// A person with `nc` who has not typed anything.
    pub fn irc(&self) -> IrcPeer {
        IrcPeer::new(self.wire())
    }

    /// An IRC client that has the name `nick`.
    pub fn irc_login(&self, nick: &str) -> IrcPeer {
        let mut peer = self.irc();
        peer.comes_in(nick);
        peer
    }

    /// A person with `nc`.
    pub fn nc(&self) -> LinePeer {
        LinePeer::new(self.wire())
    }

    /// A person with `nc` and a name, in the lobby.
    pub fn nc_login(&self, nick: &str) -> LinePeer {
        let mut peer = self.nc();
        peer.login(nick);
        peer
    }

    /// What the operator's `kick` does.
    pub fn kick(&self, nick: &str) {
        let hub = self.hub();
        for id in hub.chat.sessions_of(&Nick::parse(nick).expect("a good name")) {
            let handle = hub.handle(id).expect("it is here");
            let ending = Ending { reason: CloseReason::Kicked, text: None };
            assert!(hub.close(&handle, ending, "kicked by the operator"));
        }
    }

    /// Waits until there are `count` sessions.
    pub fn wait_for_sessions(&self, count: usize) {
        eventually(&format!("{count} sessions"), || self.hub().sessions() == count);
    }

    /// Stops the server, and fails if anything of it is left.
    pub fn stop(&mut self, why: &str) -> Stopped {
        let handle = self.handle.take().expect("it is stopped once");
        let left = Left::of(&handle);
        let stopped = handle.stop(why);
        left.assert_nothing();
        stopped
    }

    /// Only drops the handle, and fails if anything is left.
    pub fn let_go(mut self) {
        let handle = self.handle.take().expect("it runs");
        let left = Left::of(&handle);
        drop(handle);
        left.assert_nothing();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        let left = Left::of(&handle);
        drop(handle);
        if !std::thread::panicking() {
            left.assert_nothing();
        }
    }
}

/// What every thread of a server holds on to: sessions, flushers, the watchdog
/// and the accepting thread share the hub, a writer shares its outbox.
/// Names would not do: the tests run side by side, and all servers count from 1.
struct Left {
    hub: Weak<Hub>,
    outboxes: Vec<Weak<Outbox>>,
}

impl Left {
    fn of(handle: &Handle) -> Left {
        let hub = handle.hub();
        let outboxes = hub.handles().iter().map(|handle| Arc::downgrade(&handle.outbox)).collect();
        Left { hub: Arc::downgrade(hub), outboxes }
    }

    fn assert_nothing(&self) {
        let sessions = self.hub.upgrade().map(|hub| hub.sessions());
        assert_eq!(self.hub.strong_count(), 0, "threads left; sessions: {sessions:?}");
        let writers = self.outboxes.iter().filter(|outbox| outbox.strong_count() > 0).count();
        assert_eq!(writers, 0, "writers left");
    }
}

/// Looks again and again until `is` holds.
pub fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is() {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        std::thread::yield_now();
    }
}
