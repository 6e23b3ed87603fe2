//! The handler of every connection: its first bytes tell which protocol it speaks, and whether it becomes a session. Does not know what a session does.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::http::{Exchange, Step};
use super::sniff::{Kind, settle, sniff, without_blanks};
use super::{Fronts, Links, Opening, Sts, stranger, ws};
use crate::chat::outbox::{Outgoing, Pen};
use crate::model::CloseReason;
use crate::names::Nick;
use crate::net::{Control, End, Flow, Handler};
use crate::session::Session;
use crate::session::door::Pass;
use crate::session::handle::SessionHandle;
use crate::session::hub::{Hub, News};

/// The handler of one connection.
#[derive(Debug)]
pub struct Entrance {
    hub: Arc<Hub>,
    handle: Arc<SessionHandle>,
    fronts: Arc<Fronts>,
    stage: Stage,
    /// Why there is no room for this connection, if there is none.
    full: Option<String>,
    /// Whether it came to a port of IRC: then its first bytes need not tell that.
    is_irc: bool,
    /// Held until the end of the connection; then there is room for another.
    _pass: Pass,
}

/// How far the connection has come.
#[derive(Debug)]
enum Stage {
    /// These first bytes do not tell the protocol yet.
    Sniffing(Vec<u8>),
    /// A handshake is made. Nobody may write into it, so the pen is here.
    Securing(Option<Pen>),
    /// The connection speaks HTTP.
    Exchange(Box<Exchange>),
    /// The connection is a session.
    Session(Box<Session>),
    /// Nothing is read any more.
    Over,
}

/// What comes after the bytes of a connection that is no session yet.
enum Next<'b> {
    /// More bytes, or the end.
    Flow(Flow),
    /// The next stage has begun, and hears these bytes.
    Hear(Cow<'b, [u8]>),
}

impl Entrance {
    /// For a connection that has just been accepted; the second of `admitted` is the
    /// sentence that tells its peer why there is no room for it, if there is none.
    pub fn new(
        hub: &Arc<Hub>,
        fronts: &Arc<Fronts>,
        handle: &Arc<SessionHandle>,
        admitted: (Pass, Option<String>),
    ) -> Entrance {
        let (pass, full) = admitted;
        let is_irc = fronts.is_irc_port(|| handle.stream.local());
        Entrance {
            hub: Arc::clone(hub),
            handle: Arc::clone(handle),
            fronts: Arc::clone(fronts),
            stage: Stage::Sniffing(Vec::new()),
            full,
            is_irc,
            _pass: pass,
        }
    }

    /// Handles bytes of a connection that is no session yet.
    #[inline(never)] // so that its stack is free before a session goes deeper: what a thread has used of it stays
    fn find_out<'b>(&mut self, mut bytes: Cow<'b, [u8]>) -> Next<'b> {
        let first = match &mut self.stage {
            Stage::Exchange(exchange) => {
                return match exchange.hear(&bytes) {
                    Step::Flow(flow) => Next::Flow(flow),
                    Step::Upgrade(accepted) => self.upgrade(accepted),
                };
            }
            Stage::Sniffing(first) if self.handle.outbox.closed().is_none() => first,
            Stage::Sniffing(_) | Stage::Securing(_) | Stage::Session(_) | Stage::Over => return Next::Flow(Flow::End),
        };
        if !first.is_empty() {
            first.extend_from_slice(&bytes);
            bytes = Cow::Owned(std::mem::take(first));
        }
        // Blanks alone do not tell the protocol, but there must not be too many.
        let is_too_much = bytes.len() > self.handle.limits.login_bytes;
        match sniff(&bytes).or_else(|| is_too_much.then(|| settle(&bytes))) {
            Some(kind) => self.open(kind, bytes, None),
            None => {
                *first = bytes.into_owned();
                Next::Flow(Flow::Within(self.handle.limits.greet_after))
            }
        }
    }

    /// The protocol of a connection whose first bytes look like `kind`. At a port of IRC they need not look like IRC;
    /// but TLS may be around it, and a browser that is made to send lines of IRC inside a request must not be heard.
    fn at_this_port(&self, kind: Kind) -> Kind {
        let is_taken = !self.is_irc || matches!(kind, Kind::Tls | Kind::Http | Kind::Http2);
        if is_taken { kind } else { Kind::Irc }
    }

    /// The protocol is known: begins its stage, which is to hear the first bytes; or tells the peer why not.
    fn open<'b>(&mut self, kind: Kind, first: Cow<'b, [u8]>, offer: Option<&Nick>) -> Next<'b> {
        self.stage = Stage::Over;
        let kind = self.at_this_port(kind);
        // Inside TLS there is no other.
        if let (Kind::Tls, Some(security), false) = (kind, &self.hub.security, self.handle.stream.is_secure()) {
            self.handle.is_exchange.store(true, Ordering::Release);
            self.stage = Stage::Securing(self.handle.outbox.take_pen());
            let acceptor = Arc::clone(security.acceptor());
            let patience = self.handle.limits.tls_handshake;
            return Next::Flow(Flow::Secure { acceptor, first: first.into_owned(), patience });
        }
        if kind == Kind::Http && self.is_irc {
            self.turned_away(kind, CloseReason::NotServed, "speaks Http at a port for IRC");
            return self.last_words(CloseReason::NotServed, stranger::only_irc());
        }
        if kind == Kind::Http {
            let exchange = Exchange::new(&self.hub, &self.handle, &self.fronts, self.full.take());
            self.stage = Stage::Exchange(Box::new(exchange));
            return Next::Hear(match first {
                Cow::Borrowed(first) => without_blanks(first).into(),
                Cow::Owned(first) => without_blanks(&first).to_vec().into(),
            });
        }
        if let Some(sentence) = self.full.take() {
            return self.refuse(kind, Some(sentence));
        }
        let links = Links::of(&self.hub, &self.handle);
        let motd = self.hub.motd();
        let (fronts, limits, links) = (&self.fronts, &self.handle.limits, links.as_ref());
        let (takes_passwords, sts) = (self.takes_passwords(), self.sts());
        let opening =
            Opening { fronts, limits, offer, motd: motd.as_ref(), links, irc: fronts.names(), takes_passwords, sts };
        let Some(protocol) = Fronts::open(kind, &opening) else {
            // No session begins, so limits for one address do not matter here.
            return self.refuse(kind, self.hub.door.is_full());
        };
        if self.hub.must_encrypt(&self.handle) {
            return self.refuse_plain(kind);
        }
        let pass = match self.hub.door.begin_session(self.handle.peer().ip()) {
            Ok(pass) => pass,
            Err(sentence) => return self.refuse(kind, Some(sentence)),
        };
        self.stage = Stage::Session(Box::new(Session::new(&self.hub, &self.handle, pass, protocol)));
        Next::Hear(first)
    }

    /// The peer of an exchange asked for a WebSocket: a session begins, or it is told in a frame why not.
    fn upgrade(&mut self, accepted: ws::Accepted) -> Next<'static> {
        let Stage::Exchange(mut exchange) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return Next::Flow(Flow::End);
        };
        if self.handle.outbox.closed().is_some() {
            exchange.end();
            return Next::Flow(Flow::End);
        }
        let pass = match exchange.full() {
            Some(sentence) => Err(sentence),
            None => self.hub.door.begin_session(self.handle.peer().ip()),
        };
        let rest = exchange.rest();
        exchange.release();
        // The session takes its memory; else it would stay with this thread, unused.
        drop(exchange);
        match pass {
            Ok(pass) => {
                let (fronts, limits) = (&self.fronts, &self.handle.limits);
                let (irc, takes_passwords, sts) = (fronts.names(), self.takes_passwords(), Sts::Silent);
                let opening =
                    Opening { fronts, limits, offer: None, motd: None, links: None, irc, takes_passwords, sts };
                let protocol = ws::open(&opening, accepted);
                self.stage = Stage::Session(Box::new(Session::new(&self.hub, &self.handle, pass, protocol)));
                if rest.is_empty() { Next::Flow(Flow::Go) } else { Next::Hear(rest.into()) }
            }
            Err(sentence) => {
                // A browser cannot see why a handshake is refused, so it is completed first.
                self.turned_away(Kind::Http, CloseReason::Full, &format!("turned away: {sentence}"));
                self.last_words(CloseReason::Full, ws::last_words(accepted, CloseReason::Full, &sentence))
            }
        }
    }

    /// Whether there are accounts, and nobody between this peer and the server reads its password, or the operator allows it.
    fn takes_passwords(&self) -> bool {
        let is_unread = self.handle.stream.is_secure() || self.handle.peer().ip().to_canonical().is_loopback();
        self.hub.database.is_some() && (is_unread || self.fronts.clear_passwords)
    }

    /// What this peer is told of encryption. Nothing without a time that the operator sets: a client
    /// that cannot check the certificate, as that of our own making, would be locked out.
    fn sts(&self) -> Sts {
        let duration = self.handle.limits.sts_duration;
        if duration.is_zero() || self.hub.security.is_none() {
            return Sts::Silent;
        }
        match (self.handle.stream.is_secure(), self.handle.stream.local()) {
            (true, _) => Sts::Seconds(duration.as_secs()),
            (false, Some(local)) => Sts::Port(local.port()),
            (false, None) => Sts::Silent,
        }
    }

    fn go_on(&mut self, next: Next<'_>) -> Flow {
        match next {
            Next::Flow(flow) => flow,
            Next::Hear(bytes) => self.data_in(&bytes),
        }
    }

    fn turned_away(&self, kind: Kind, reason: CloseReason, news: &str) {
        let peer = self.handle.peer();
        tracing::info!(%peer, ?kind, reason = reason.code(), "not let in");
        self.hub.tell(|| News::Line(format!("! {peer} {news}")));
    }

    /// Tells the peer, in its protocol, that this protocol is not served, or why there is no room (`full`).
    fn refuse(&mut self, kind: Kind, full: Option<String>) -> Next<'static> {
        let (reason, news) = match &full {
            Some(sentence) => (CloseReason::Full, format!("turned away: {sentence}")),
            None => (CloseReason::NotServed, stranger::news(kind)),
        };
        self.turned_away(kind, reason, &news);
        self.last_words(reason, stranger::last_words(kind, full.as_deref()))
    }

    /// Tells the peer, in its protocol, that this server talks only if it is encrypted.
    fn refuse_plain(&mut self, kind: Kind) -> Next<'static> {
        self.turned_away(kind, CloseReason::NotServed, "is not encrypted, turned away");
        let server = self.handle.stream.local().map_or_else(String::new, |server| server.to_string());
        self.last_words(CloseReason::NotServed, stranger::only_encrypted(kind, &server))
    }

    fn last_words(&self, reason: CloseReason, words: Vec<u8>) -> Next<'static> {
        self.handle.outbox.offer(Outgoing::Raw(words.into_boxed_slice()));
        self.handle.outbox.close(reason, None);
        Next::Flow(Flow::End)
    }

    /// The handshake is done: others may write again, and the peer begins anew.
    fn secured(&mut self, pen: Option<Pen>) -> Flow {
        if let Some(pen) = pen {
            self.handle.outbox.put_pen(pen);
        }
        self.handle.is_exchange.store(false, Ordering::Release);
        if self.handle.outbox.closed().is_some() {
            return Flow::End;
        }
        self.stage = Stage::Sniffing(Vec::new());
        if self.handle.stream.agreed().is_some_and(|inside| inside == b"http/1.1") {
            // Nothing else may come then: a page must not make a browser talk to a chat (RFC 7301, 3.2).
            let next = self.open(Kind::Http, Cow::Borrowed(&[]), None);
            return self.go_on(next);
        }
        Flow::Within(self.handle.limits.greet_after)
    }

    /// The handshake failed: the connection is over, and nothing more is written.
    fn unsecured(&self, pen: Option<Pen>, end: &End) {
        if let End::Insecure(error) = end {
            let peer = self.handle.peer();
            tracing::info!(%peer, %error, "no handshake");
            self.hub.tell(|| News::Line(format!("! {peer} cannot be encrypted: {error}")));
        }
        drop(pen);
        self.handle.outbox.close(CloseReason::Lost, None);
        self.handle.outbox.give_up();
    }
}

impl Handler for Entrance {
    fn connected(&mut self) -> Flow {
        if let Stage::Securing(pen) = &mut self.stage {
            let pen = pen.take();
            return self.secured(pen);
        }
        Flow::Within(self.handle.limits.greet_after)
    }

    fn data_in(&mut self, bytes: &[u8]) -> Flow {
        let mut bytes = Cow::Borrowed(bytes);
        loop {
            if let Stage::Session(session) = &mut self.stage {
                return session.hear(&bytes);
            }
            match self.find_out(bytes) {
                Next::Flow(flow) => return flow,
                Next::Hear(rest) => bytes = rest,
            }
        }
    }

    fn data_out(&mut self) {
        if let Stage::Session(session) = &mut self.stage {
            session.flush();
        }
    }

    /// Silence: a person is there, and waits for a greeting.
    fn control(&mut self, Control::Silence: Control) -> Flow {
        let first = match &mut self.stage {
            Stage::Sniffing(first) => first,
            Stage::Exchange(exchange) => return exchange.silence(),
            Stage::Securing(_) | Stage::Session(_) | Stage::Over => return Flow::Go,
        };
        if self.handle.outbox.closed().is_some() {
            return Flow::End;
        }
        let first = std::mem::take(first);
        let offer = self.hub.chat.offer(self.handle.seed());
        // Empty lines that came before the greeting are no answer to it.
        let next = match settle(&first) {
            Kind::Line if !self.is_irc => self.open(Kind::Line, first.trim_ascii_start().into(), Some(&offer)),
            kind => self.open(kind, first.as_slice().into(), None),
        };
        self.go_on(next)
    }

    /// Ends the connection, and its session if there is one.
    fn disconnected(&mut self, end: End) {
        if let (Stage::Sniffing(first), End::Finished) = (&mut self.stage, &end)
            && !first.trim_ascii().is_empty()
        {
            let first = std::mem::take(first);
            let next = self.open(settle(&first), first.as_slice().into(), None);
            self.go_on(next);
        }
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Session(mut session) => session.end(end),
            Stage::Exchange(mut exchange) => exchange.end(),
            Stage::Securing(pen) => self.unsecured(pen, &end),
            Stage::Sniffing(_) | Stage::Over => {
                self.hub.close(&self.handle, CloseReason::Quit, "bye");
                self.hub.write_the_last(&self.handle);
            }
        }
        self.hub.forget(self.handle.id);
    }
}

impl Drop for Entrance {
    /// A connection that got no thread is removed here too.
    fn drop(&mut self) {
        self.hub.forget(self.handle.id);
    }
}
