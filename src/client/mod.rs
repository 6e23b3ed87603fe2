//! A client without a screen: connects, says, asks, hears, and reconnects after a lost connection. Knows no terminal; what people see is in `ui`.
//!
//! A [`Client`] has one thread of its own, which reads. What it reads comes out
//! of [`Client::recv`]. [`Handle`] says and asks, from any thread.
//!
//! ```
//! use roomful::client::{Client, News, Options};
//! use roomful::event::Event;
//! use roomful::server::Server;
//!
//! let server = Server::bind("127.0.0.1:0")?.start()?;
//! let addr = server.local_addr().to_string();
//! let bot = Client::connect(&addr, Options { nick: Some("bot".into()), ..Options::default() })?;
//! bot.say("#lobby", "hello, everybody")?;
//! let heard = loop {
//!     match bot.recv() {
//!         Some(News::Event(Event::Message(message))) => break message, // the client's own lines come back, too
//!         Some(_) => {}
//!         None => unreachable!("the server is there"),
//!     }
//! };
//! assert_eq!((&*heard.from, &*heard.text, heard.seq), ("bot", "hello, everybody", 1));
//! bot.quit(None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asked;
mod catch_up;
mod download;
mod error;
mod folder;
mod handle;
mod http;
mod keys;
mod link;
mod marks;
mod missed;
mod reader;
mod request;
mod rooms;
mod state;
pub mod trust;
pub mod ui;
mod upload;

use std::ops::Deref;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

pub use error::{AskError, ClientError, End, FileError, Unsent};
pub use handle::Handle;
pub use state::Said;
pub use upload::{Sent, Source};

use handle::Shared;
use link::{Link, Login};
use trust::{Security, Trust, Way};

use crate::command::Secret;
use crate::event::Event;

/// News that may wait to be received. If so many wait, the reading stops until
/// some are taken. A client that takes none for long is closed by the server as
/// a slow consumer.
const NEWS: usize = 4_096;

/// How long to wait for the first room. If it is refused, it never comes.
const FIRST_ROOM: Duration = Duration::from_secs(1);

/// How a client introduces itself, and how patient it is.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The name wanted; the one the server offers if it is `None`.
    pub nick: Option<String>,
    /// The password, if the name belongs to an account. It is remembered, to log
    /// in again after a lost connection.
    pub password: Option<Secret>,
    /// The rooms to join; if it is `None`, those of the account, or the lobby.
    pub rooms: Option<Vec<String>>,
    /// For how long to try to reconnect after a lost connection: not at all for
    /// `Some(Duration::ZERO)`, until it is asked to quit for `None`.
    pub retry: Option<Duration>,
    /// Whether private lines that were missed are asked for, after a login and
    /// after a lost connection. They come as [`Event::History`] of `@nick`.
    pub missed: bool,
    /// How the client makes sure that it talks to the right server.
    pub trust: Trust,
}

/// What a client hears.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum News {
    /// The client is connected. The first news.
    Connected(Security),
    /// The server tells something. Messages come once and in their order,
    /// those missed while there was no connection as a `history`.
    Event(Event),
    /// The server sent a line that is no event of this version, cleaned.
    Other(String),
    /// The server refused to deliver a line; with its sentence.
    Unsent(Said, Arc<str>),
    /// The server has delivered a line, but could not store it; with its sentence.
    Unkept(Said, Arc<str>),
    /// The connection is lost, or another attempt to reconnect has failed.
    Lost {
        /// What happened.
        why: String,
        /// When the next attempt is made.
        retry_in: Duration,
        /// Whether this is the loss itself, not a failed attempt.
        first: bool,
    },
    /// The connection is back; rooms and unanswered lines follow.
    Back {
        /// How long there was no connection.
        away: Duration,
        /// The present name.
        nick: String,
        /// The name before, if another person has taken that meanwhile.
        instead_of: Option<String>,
    },
    /// The client has ended; no news come after this.
    Ended(End),
}

/// What a server says before a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The server and its version.
    pub server: String,
    /// A name that is free.
    pub offer: String,
    /// How safe the connection was.
    pub security: Security,
}

/// Asks the server at `addr` (`host:port`) for its greeting, and hangs up.
///
/// # Errors
/// As [`Client::connect`].
pub fn greet(addr: &str, trust: Trust) -> Result<Greeting, ClientError> {
    let way = Way::new(addr, trust);
    let welcome = Link::open(&way)?.log_in(&Login { greet: true, ..Login::default() })?;
    Ok(Greeting { server: welcome.server, offer: welcome.offer, security: way.security() })
}

/// One session in the chat. Dropping it hangs up at once, without a farewell; [`Handle::quit`] says one.
///
/// To say and to ask there is [`Handle`], to which this dereferences.
#[derive(Debug)]
pub struct Client {
    handle: Handle,
    news: Receiver<News>,
    reader: Option<JoinHandle<()>>,
}

impl Client {
    /// Connects to `addr` (`host:port`), takes the name and joins the rooms.
    /// When it returns, the client has its name and is in the first room, if that
    /// was not refused.
    ///
    /// # Errors
    /// - [`ClientError::Connect`]: no server answers there within 10 s, or the address is none.
    /// - [`ClientError::Refused`]: the server does not take the name, a room or the version.
    /// - [`ClientError::Closed`]: the server has no place, or is stopping.
    /// - [`ClientError::NotRoomful`]: another kind of server answers.
    /// - [`ClientError::Untrusted`]: it may not be the right server; nothing was sent to it.
    /// - [`ClientError::Lost`]: the connection broke, or there was no answer within 10 s.
    pub fn connect(addr: &str, options: Options) -> Result<Client, ClientError> {
        let (sender, news) = crossbeam_channel::bounded(NEWS);
        // It fails if the client was dropped, and then the news are not wanted.
        let mut client = Client::connect_with(addr, options, move |_, news| drop(sender.send(news)))?;
        client.news = news;
        Ok(client)
    }

    /// Like [`Client::connect`], but each piece of news is handed to `sink`,
    /// on the reading thread, and [`Client::recv`] has none.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub fn connect_with(
        addr: &str,
        options: Options,
        sink: impl FnMut(&Handle, News) + Send + 'static,
    ) -> Result<Client, ClientError> {
        let way = Way::new(addr, options.trust);
        let mut link = Link::open(&way)?;
        let welcome = link.log_in(&Login {
            nick: options.nick.as_deref(),
            password: options.password.as_ref(),
            rooms: options.rooms.as_deref(),
            ..Login::default()
        })?;
        let handle = Handle(Arc::new(Shared::new(way, options.retry)));
        handle.0.state.lock().welcomed(&welcome);
        handle.0.state.lock().password = options.password;
        handle.0.state.lock().missed.wanted = options.missed;
        *handle.0.pen.lock() = Some(Arc::clone(link.stream()));
        *handle.0.cut.lock() = Some(Arc::clone(link.stream()));
        let reading = handle.clone();
        let reader = thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || reader::run(&reading, link, welcome.ping_after, sink))
            .map_err(ClientError::Lost)?;
        if options.rooms.is_none_or(|rooms| !rooms.is_empty()) {
            handle.wait(FIRST_ROOM, |state| !state.rooms.0.is_empty() || state.end.is_some());
        }
        Ok(Client { handle, news: crossbeam_channel::never(), reader: Some(reader) })
    }

    /// The handle, to be cloned and given to other threads.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Waits for news. `None` if the client has ended.
    pub fn recv(&self) -> Option<News> {
        self.news.recv().ok()
    }

    /// Waits for news, for at most `timeout`.
    ///
    /// # Errors
    /// `Timeout`, or `Disconnected` if the client has ended.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<News, RecvTimeoutError> {
        self.news.recv_timeout(timeout)
    }
}

impl Deref for Client {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Or the reading thread, if it waits to hand news over, would wait for ever.
        self.news = crossbeam_channel::never();
        self.handle.0.hang_up();
        // While that thread tries to connect it cannot be woken, and ends by itself.
        let awake = self.handle.is_connected() || self.handle.end().is_some();
        if let Some(reader) = self.reader.take().filter(|_| awake) {
            // A panic there was reported when it happened.
            let _ = reader.join();
        }
    }
}
