//! A client without a screen: connects, says, asks, hears, and comes back after a lost connection. Knows no terminal; what people see is in `ui`.
//!
//! A [`Client`] has one thread of its own, which reads. What it hears comes
//! out of [`Client::recv`]; what is said goes through [`Handle`], from any thread.
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
//!         Some(News::Event(Event::Message(message))) => break message, // one's own lines come back, too
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
mod keys;
mod link;
mod marks;
mod missed;
mod reader;
mod request;
mod rooms;
mod state;
pub mod ui;
mod upload;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

pub use error::{AskError, ClientError, End, FileError, Unsent};
pub use handle::Handle;
pub use request::request_of;
pub use state::Said;
pub use upload::{Sent, Source};

use handle::Shared;
use link::{Link, Login};

use crate::command::Secret;
use crate::event::Event;

/// News that may wait to be received. When so many wait, the reading stops
/// until some are taken; a client that takes none for long is closed by the
/// server as a slow consumer.
const NEWS: usize = 4_096;

/// How long to wait for the first room, which a refused one never becomes.
const FIRST_ROOM: Duration = Duration::from_secs(1);

/// How a client introduces itself, and how patient it is.
#[derive(Clone, Default)]
pub struct Options {
    /// The name wanted; the one the server offers if it is `None`.
    pub nick: Option<String>,
    /// The password, where the name belongs to an account. It is kept, to log in
    /// again after a lost connection.
    pub password: Option<String>,
    /// The rooms to join; if it is `None`, those of the account, or the lobby.
    pub rooms: Option<Vec<String>>,
    /// For how long to try to come back after a lost connection: never for
    /// `Some(Duration::ZERO)`, until it is asked to quit for `None`.
    pub retry: Option<Duration>,
    /// Whether private lines that were missed are asked for, after a login and
    /// after a lost connection. They come as [`Event::History`] of `@nick`.
    pub missed: bool,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { nick, password, rooms, retry, missed } = self;
        let password = password.as_ref().map(|_| "…");
        f.debug_struct("Options")
            .field("nick", nick)
            .field("password", &password)
            .field("rooms", rooms)
            .field("retry", retry)
            .field("missed", missed)
            .finish()
    }
}

/// What a client hears.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum News {
    /// The server tells something. Messages come once and in their order,
    /// those missed while there was no connection as a `history`.
    Event(Event),
    /// The server sent a line that is no event of this version, cleaned.
    Other(String),
    /// The server refused to deliver a line; with its sentence.
    Unsent(Said, Arc<str>),
    /// The server has delivered a line, but could not keep it; with its sentence.
    Unkept(Said, Arc<str>),
    /// The connection is lost, or another attempt to come back has failed.
    Lost {
        /// What happened.
        why: String,
        /// When it is tried again.
        retry_in: Duration,
        /// Whether this is the loss itself, not a later attempt.
        first: bool,
    },
    /// The connection is back; rooms and unanswered lines follow.
    Back {
        /// How long it was away.
        away: Duration,
        /// The name now.
        nick: String,
        /// The name before, where somebody has taken that meanwhile.
        instead_of: Option<String>,
    },
    /// It is over; nothing comes after this.
    Ended(End),
}

/// What a server says to whoever only greets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The server and its version.
    pub server: String,
    /// A name that is free.
    pub offer: String,
}

/// Asks the server at `addr` (`host:port`) for its greeting, and hangs up.
///
/// # Errors
/// As [`Client::connect`].
pub fn greet(addr: &str) -> Result<Greeting, ClientError> {
    let welcome = Link::open(addr)?.log_in(&Login { greet: true, ..Login::default() })?;
    Ok(Greeting { server: welcome.server, offer: welcome.offer })
}

/// Somebody in the chat. Dropping it hangs up at once, without a farewell; [`Handle::quit`] says one.
///
/// All that is said and asked is in [`Handle`], to which this dereferences.
#[derive(Debug)]
pub struct Client {
    handle: Handle,
    news: Receiver<News>,
    reader: Option<JoinHandle<()>>,
}

impl Client {
    /// Connects to `addr` (`host:port`), takes the name and joins the rooms.
    /// When it returns, the name is taken, and the first room is joined unless
    /// it was refused.
    ///
    /// # Errors
    /// - [`ClientError::Connect`]: nobody answers there within 10 s, or the address is none.
    /// - [`ClientError::Refused`]: the server does not take the name, a room or the version.
    /// - [`ClientError::Closed`]: the server has no place, or is stopping.
    /// - [`ClientError::NotRoomful`]: something else answers.
    /// - [`ClientError::Lost`]: the connection broke, or there was no answer within 10 s.
    pub fn connect(addr: &str, options: Options) -> Result<Client, ClientError> {
        let (sender, news) = crossbeam_channel::bounded(NEWS);
        // Who has dropped the client wants no news.
        Client::start(addr, options, news, move |_, news| drop(sender.send(news)))
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
        Client::start(addr, options, crossbeam_channel::never(), sink)
    }

    fn start(
        addr: &str,
        options: Options,
        news: Receiver<News>,
        sink: impl FnMut(&Handle, News) + Send + 'static,
    ) -> Result<Client, ClientError> {
        let mut link = Link::open(addr)?;
        let password = options.password.map(|password| Secret(password.into()));
        let welcome = link.log_in(&Login {
            nick: options.nick.as_deref(),
            password: password.as_ref(),
            rooms: options.rooms.as_deref(),
            ..Login::default()
        })?;
        let handle = Handle(Arc::new(Shared::new(addr, options.retry)));
        handle.0.state.lock().welcomed(&welcome);
        handle.0.state.lock().password = password;
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
        Ok(Client { handle, news, reader: Some(reader) })
    }

    /// What can be cloned and given to other threads.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Waits for news. `None` when it is over.
    pub fn recv(&self) -> Option<News> {
        self.news.recv().ok()
    }

    /// Waits for news, for at most `timeout`.
    ///
    /// # Errors
    /// `Timeout`, or `Disconnected` when it is over.
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
        // Whoever waits to hand news over must not wait for ever.
        self.news = crossbeam_channel::never();
        self.handle.0.hang_up();
        // While it tries to connect it cannot be woken, and ends by itself.
        let awake = self.handle.is_connected() || self.handle.end().is_some();
        if let Some(reader) = self.reader.take().filter(|_| awake) {
            // A panic there was reported when it happened.
            let _ = reader.join();
        }
    }
}
