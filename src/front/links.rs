//! Addresses of files for a reader at a terminal, who has no command to fetch one. Knows no chat.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::answer::Done;
use crate::chat::SessionId;
use crate::event::Event;
use crate::model::{FileInfo, Message};
use crate::net::Stream;
use crate::session::handle::SessionHandle;
use crate::session::hub::{Database, Hub};
use crate::wording::{Look, Painter, Plain};

/// What makes addresses of files for one session.
#[derive(Debug, Clone)]
pub struct Links {
    database: Arc<Database>,
    session: SessionId,
    /// `https` if the reader has come so.
    scheme: &'static str,
    /// The address at which the reader has reached this server, so it can be reached again.
    server: SocketAddr,
}

impl Links {
    /// For the session on this connection, if there are files at all.
    pub(super) fn of(hub: &Hub, handle: &SessionHandle) -> Option<Links> {
        let server = handle.stream.local()?;
        let server = SocketAddr::new(server.ip().to_canonical(), server.port());
        Some(Links {
            database: Arc::clone(hub.database.as_ref()?),
            session: handle.id,
            scheme: scheme(&handle.stream),
            server,
        })
    }

    /// Where this session fetches a file.
    pub(super) fn to(&self, info: &FileInfo) -> String {
        format!("{}://{}{}", self.scheme, self.server, self.database.tickets.file_path(self.session, info))
    }
}

/// How the address of a page or a file begins for the peer of this connection.
pub(super) fn scheme(stream: &Stream) -> &'static str {
    if stream.is_secure() { "https" } else { "http" }
}

/// Plain text in which each file has its address.
pub(super) struct Linked<'a> {
    pub(super) plain: Plain,
    pub(super) links: &'a Links,
}

impl Painter for Linked<'_> {
    fn is_elsewhere(&self, room: &str) -> bool {
        self.plain.is_elsewhere(room)
    }

    fn time(&self, time: Look) -> String {
        self.plain.time(time)
    }

    fn link(&self, info: &FileInfo) -> String {
        format!(" {}", self.links.to(info))
    }
}

/// Whether an event tells of a file, so that it is another one for each reader.
pub(super) fn has_file(event: &Event) -> bool {
    let any = |messages: &[Arc<Message>]| messages.iter().any(|message| message.file.is_some());
    match event {
        Event::Message(message) => message.file.is_some(),
        Event::Private { file, .. } => file.is_some(),
        Event::History(history) | Event::Ok { done: Done::History(history), .. } => any(&history.messages),
        Event::Ok { done: Done::Search { messages, .. }, .. } => any(messages),
        Event::Ok { done: Done::Files { .. }, .. } => true,
        _ => false,
    }
}
