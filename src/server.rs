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

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, bounded};

use crate::chat::Chat;
use crate::chat::touched::Watch;
use crate::event::CloseReason;
use crate::front;
use crate::limits::Limits;
use crate::names::RoomName;
use crate::net::capacity::Capacity;
use crate::net::{Handler, Listener, Options, Service, Stream};
use crate::session::door::Door;
use crate::session::house::{House, News, now};
use crate::session::link::Link;
use crate::session::{Session, caretaker};
use crate::wire::line;

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
}

/// A running server. [`Handle::stop`] ends it, and so does dropping it.
#[derive(Debug)]
pub struct Handle {
    house: Arc<House>,
    service: Option<Service>,
    caretaker: Option<JoinHandle<()>>,
    news: Option<Receiver<News>>,
    capacity: Capacity,
}

/// What [`Handle::stop`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Sessions that were told goodbye.
    pub told: usize,
    /// Those among them that did not hang up in time and were cut.
    pub cut: usize,
}

impl Server {
    /// A server for `addr`, where port 0 means any free one. Nothing is bound
    /// before [`Server::start`].
    ///
    /// # Errors
    /// `addr` is no address, or a host name nobody knows.
    pub fn bind(addr: impl ToSocketAddrs) -> io::Result<Server> {
        let addr: Vec<_> = addr.to_socket_addrs()?.collect();
        if addr.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name has no address"));
        }
        Ok(Server { addr, limits: Limits::default(), watch: Watch::Nothing })
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

    /// Binds and listens; returns when the server takes connections.
    ///
    /// # Errors
    /// The system's: the port is in use or not ours to use, the address is
    /// none of this machine, or there is no thread to be had.
    pub fn start(self) -> io::Result<Handle> {
        line::look_up_zone();
        let listener = bind_any(&self.addr, self.limits.backlog)?;
        let capacity = Capacity::of_this_machine();
        let asked = self.limits.sessions;
        let limits = Arc::new(Limits { sessions: asked.min(capacity.connections()), ..self.limits });
        tracing::info!(asked, sessions = limits.sessions, ?capacity, "room for sessions");
        let lobby = RoomName::parse(LOBBY).map_err(io::Error::other)?;
        let (console, news) = bounded(limits.console_lines);
        let chat = Chat::new(Arc::clone(&limits), lobby, now());
        let house = Arc::new(House::new(chat, Arc::clone(&limits), front::open, self.watch, console));
        let own = Arc::clone(&house);
        let caretaker = thread::Builder::new().name("caretaker".to_owned()).spawn(move || caretaker::live(&own))?;
        let options = Options {
            send_buffer: limits.send_buffer,
            keepalive: limits.ping_after,
            linger: limits.farewell,
            stack_bytes: limits.stack_bytes,
        };
        let own = Arc::clone(&house);
        let mut door = Door::new(&limits);
        let mut handle = Handle { house, service: None, caretaker: Some(caretaker), news: Some(news), capacity };
        // Should this fail, the handle is dropped, and with it the caretaker ends.
        handle.service = Some(Service::start(listener, options, move |stream| admit(&own, &mut door, stream))?);
        Ok(handle)
    }
}

/// Binds the first address that can be.
fn bind_any(addrs: &[SocketAddr], backlog: usize) -> io::Result<Listener> {
    let mut last = None;
    for addr in addrs {
        match Listener::bind(*addr, backlog) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("no address")))
}

/// Makes the session of a newcomer, or says why not.
fn admit(house: &Arc<House>, door: &mut Door, stream: &Arc<Stream>) -> Result<(String, Box<dyn Handler>), String> {
    let peer = stream.peer();
    let turned_away = |sentence: &String| house.tell(|| News::Line(format!("! {peer} turned away: {sentence}")));
    let pass = door.knock(house, peer.ip()).inspect_err(turned_away)?;
    let link = Arc::new(Link::new(house.next_session(), stream, &house.limits));
    house.admit(&link);
    Ok((format!("session-{}", link.id.0), Box::new(Session::new(house, &link, pass))))
}

impl Handle {
    /// The address it listens on, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.service.as_ref().map_or(SocketAddr::from(([0, 0, 0, 0], 0)), Service::local_addr)
    }

    /// What the sessions share: the chat, the limits in force, the counts.
    pub fn house(&self) -> &Arc<House> {
        &self.house
    }

    /// What the machine can hold.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Where the news arrive that [`Server::watch`] asked for. Once.
    pub fn news(&mut self) -> Option<Receiver<News>> {
        self.news.take()
    }

    /// Says goodbye to everyone, with the words `why`, waits for them to hang
    /// up for at most the limit `stop`, cuts who is left, and joins every thread.
    pub fn stop(mut self, why: &str) -> Stopped {
        self.stop_all(why)
    }

    fn stop_all(&mut self, why: &str) -> Stopped {
        let mut stopped = Stopped { told: 0, cut: 0 };
        if let Some(service) = &mut self.service {
            service.close_door();
        }
        self.house.set_stopping();
        if let Some(service) = self.service.take() {
            let sentence = format!("the server is going down: {why}");
            let links = self.house.links();
            let told = links.iter().filter(|link| self.house.close(link, CloseReason::ServerStopped, &sentence));
            stopped.told = told.count();
            stopped.cut = service.stop(self.house.limits.stop);
        }
        self.house.join_criers();
        if let Some(caretaker) = self.caretaker.take() {
            // A panic in it has been printed.
            let _ = caretaker.join();
        }
        stopped
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop_all("it was dropped");
    }
}
