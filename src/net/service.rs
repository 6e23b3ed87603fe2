//! Runs the threads of a server: one accepts, each connection has one, and all are joined. Knows nothing of what the handlers do.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::crew::Crew;
use super::listener::{self, Arrival, Listener};
use super::{Handler, Stream, live};

/// The shortest and the longest pause after `accept` failed.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// How connections are prepared and ended.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The kernel's send buffer of a connection, in bytes; 0 leaves it to the system.
    pub send_buffer: usize,
    /// For how long a peer's host may take no bytes, or answer none of the kernel's probes.
    pub unreachable: Duration,
    /// For how long a closing connection may be half open.
    pub linger: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options { send_buffer: 65_536, unreachable: Duration::from_secs(36), linger: Duration::from_secs(1) }
    }
}

/// The name of a connection's thread and its handler; or the sentence that tells the peer why it is refused.
pub type Admitted = Result<(String, Box<dyn Handler>), String>;

/// Admits a connection or refuses it.
type Admit<'a> = dyn FnMut(&Arc<Stream>) -> Admitted + 'a;

/// A connection that has just been accepted.
type Accepted = (TcpStream, SocketAddr);

/// A running server of connections. [`Service::stop`] ends it, and so does dropping it.
#[derive(Debug)]
pub struct Service {
    /// At least one.
    addrs: Vec<SocketAddr>,
    shared: Arc<Shared>,
    /// The accepting thread, and the socket that wakes it, if it does not look up by itself.
    accept: Option<(JoinHandle<()>, Option<Arc<TcpListener>>)>,
    crew: Arc<Crew>,
}

#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    connections: Mutex<Connections>,
    /// Notified when a connection ends, and when the service is to stop.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Connections {
    next: u64,
    living: HashMap<u64, Arc<Stream>>,
}

impl Service {
    /// Starts to accept on `listener`, on a thread called `accept`; `crew` starts the
    /// threads of connections. For each connection, `options` says how it is prepared,
    /// and `admit` makes its handler and the name of its thread, or refuses it with a
    /// sentence for its peer.
    ///
    /// # Errors
    /// The system's, if it starts no thread.
    pub fn start(
        mut listener: Listener,
        crew: Arc<Crew>,
        options: impl Fn() -> Options + Send + 'static,
        mut admit: impl FnMut(&Arc<Stream>) -> Admitted + Send + 'static,
    ) -> io::Result<Service> {
        let addrs = listener.local_addrs()?;
        let listening = listener.socket();
        let shared = Arc::new(Shared::default());
        let inside = Arc::clone(&shared);
        let threads = Arc::clone(&crew);
        let life = move || {
            inside.accept_loop(&mut listener, |accepted| inside.welcome(accepted, options(), &threads, &mut admit));
        };
        let accept = thread::Builder::new().name("accept".to_owned()).spawn(life)?;
        Ok(Service { addrs, shared, accept: Some((accept, listening)), crew })
    }

    /// The first of the addresses it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.addrs.first().copied().unwrap_or(SocketAddr::from(([0; 4], 0)))
    }

    /// The addresses it listens on.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.shared.connections.lock().living.len()
    }

    /// Accepts no more connections; those that are open continue. Returns after the accepting thread has ended.
    pub fn close_door(&mut self) {
        let Some((accept, listening)) = self.accept.take() else { return };
        self.shared.stopping.store(true, Ordering::Release);
        {
            let _connections = self.shared.connections.lock();
            self.shared.changed.notify_all();
        }
        if let Some(listening) = listening {
            listener::wake(self.local_addr(), &listening);
        }
        // It ends by itself. If it panicked, that has been printed.
        let _ = accept.join();
    }

    /// Accepts no more connections, waits up to `grace` for those that are open to
    /// end, cuts those that are left, and joins every thread. Returns how many
    /// were cut.
    pub fn stop(mut self, grace: Duration) -> usize {
        self.stop_all(grace)
    }

    fn stop_all(&mut self, grace: Duration) -> usize {
        self.close_door();
        let mut connections = self.shared.connections.lock();
        self.shared.changed.wait_while_for(&mut connections, |connections| !connections.living.is_empty(), grace);
        let cut = connections.living.len();
        connections.living.values().for_each(|stream| stream.kill());
        while !connections.living.is_empty() {
            self.shared.changed.wait(&mut connections);
        }
        drop(connections);
        self.crew.join_all();
        cut
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop_all(Duration::ZERO);
    }
}

impl Shared {
    /// Runs the accepting thread: accepts connections until the service is to stop.
    fn accept_loop(&self, listener: &mut Listener, mut welcome: impl FnMut(Accepted) -> bool) {
        let mut pause = PAUSES.0;
        while !self.stopping.load(Ordering::Acquire) {
            match listener.accept() {
                Arrival::Nobody => continue,
                // The connection that woke this thread is dropped.
                Arrival::Connection(..) | Arrival::Failed(_) if self.stopping.load(Ordering::Acquire) => break,
                Arrival::Connection(tcp, peer) => {
                    if welcome((tcp, peer)) {
                        pause = PAUSES.0;
                        continue;
                    }
                }
                Arrival::TurnedAway => tracing::warn!("no descriptor left, a connection was turned away"),
                Arrival::Failed(error) => tracing::warn!(%error, "accept failed"),
            }
            // Trying again at once would only use up a core.
            self.pause(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Gives a connection its handler and its thread. False if the system started no thread.
    fn welcome(
        self: &Arc<Self>,
        accepted: Accepted,
        options: Options,
        crew: &Arc<Crew>,
        admit: &mut Admit<'_>,
    ) -> bool {
        let (tcp, peer) = accepted;
        let stream = match Stream::new(tcp, peer, options.send_buffer, options.unreachable) {
            Ok(stream) => Arc::new(stream),
            Err(error) => {
                tracing::debug!(%error, %peer, "gone before it was welcomed");
                return true;
            }
        };
        let (name, handler) = match admit(&stream) {
            Ok(admitted) => admitted,
            Err(sentence) => {
                tracing::info!(%peer, sentence, "turned away");
                stream.say_no(&sentence);
                return true;
            }
        };
        if let Err(error) = self.spawn((name, handler), &stream, options.linger, crew) {
            tracing::warn!(%error, %peer, "no thread left, a connection was turned away");
            stream.say_no("The server has no thread left for one more connection. Try again later.");
            return false;
        }
        true
    }

    /// Starts a connection's thread, and lists the connection, so that a stop can cut it.
    fn spawn(
        self: &Arc<Self>,
        (name, mut handler): (String, Box<dyn Handler>),
        stream: &Arc<Stream>,
        linger: Duration,
        crew: &Arc<Crew>,
    ) -> io::Result<()> {
        let id = {
            let mut connections = self.connections.lock();
            connections.next += 1;
            let id = connections.next;
            connections.living.insert(id, Arc::clone(stream));
            id
        };
        let (shared, own) = (Arc::clone(self), Arc::clone(stream));
        let life = move || {
            live(&own, handler.as_mut(), linger);
            drop(handler);
            drop(own);
            shared.farewell(id);
        };
        crew.spawn(name, life).inspect_err(|_| self.farewell(id))
    }

    /// Removes a connection from the list. The connection does this last.
    fn farewell(&self, id: u64) {
        self.connections.lock().living.remove(&id);
        self.changed.notify_all();
    }

    /// Waits for `time`, or until the service is to stop.
    fn pause(&self, time: Duration) {
        let goes_on = |_: &mut _| !self.stopping.load(Ordering::Acquire);
        self.changed.wait_while_for(&mut self.connections.lock(), goes_on, time);
    }
}
