//! One connection that speaks HTTP: requests one after another, each answered before the next is looked at. Knows no chat.
//!
//! It has the pen of its connection's outbox for its whole life, so nobody else can
//! write between its answers. If the peer asks for a WebSocket, the pen goes back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use super::Http;
use super::answer::{Answer, Body};
use super::files::{self, Upload};
use super::route::Route;
use crate::chat::outbox::Pen;
use crate::front::links::scheme;
use crate::front::{Fronts, ws};
use crate::limits::Limits;
use crate::model::CloseReason;
use crate::net::Flow;
use crate::session::handle::SessionHandle;
use crate::session::hub::Hub;
use crate::wire::LEAST_PAGE;
use crate::wire::http::{Bounds, Head, Method, Refusal, ResponseHead, parse};

/// So many bytes of a body must come within `http-body-idle`, and so many of an answer must be taken.
const PIECE: usize = 16_384;

/// What comes after bytes were read.
pub(in crate::front) enum Step {
    /// More bytes, or the end.
    Flow(Flow),
    /// The peer asked for a WebSocket. The exchange is over.
    Upgrade(ws::Accepted),
}

/// The exchange on one connection.
#[derive(Debug)]
pub(in crate::front) struct Exchange {
    hub: Arc<Hub>,
    handle: Arc<SessionHandle>,
    fronts: Arc<Fronts>,
    /// Why there is no room for this connection, if there is none: everything is refused.
    full: Option<String>,
    pen: Option<Pen>,
    /// What was read and is not used yet.
    read: Vec<u8>,
    /// How much of it was looked at.
    looked: usize,
    body: Option<Receiving>,
    /// When the peer is too slow.
    until: Instant,
    /// How many requests were answered.
    answered: usize,
}

/// A body that is coming.
#[derive(Debug)]
struct Receiving {
    upload: Box<Upload>,
    /// How many bytes of it are still to come.
    left: u64,
    /// How many bytes came since the deadline was set.
    lately: usize,
    /// Whether the connection ends after it.
    close: bool,
    since: Instant,
}

/// What becomes of a request.
enum Outcome {
    Answer(Answer),
    Receive(Box<Upload>, u64),
    Upgrade(ws::Accepted),
}

impl Exchange {
    /// For a connection whose first bytes are HTTP. With `full` every request is refused with that sentence.
    pub(in crate::front) fn new(
        hub: &Arc<Hub>,
        handle: &Arc<SessionHandle>,
        fronts: &Arc<Fronts>,
        full: Option<String>,
    ) -> Exchange {
        handle.is_exchange.store(true, Ordering::Release);
        Exchange {
            pen: handle.outbox.take_pen(),
            hub: Arc::clone(hub),
            handle: Arc::clone(handle),
            fronts: Arc::clone(fronts),
            full,
            read: Vec::with_capacity(LEAST_PAGE),
            looked: 0,
            body: None,
            until: handle.since + handle.limits.http_head_time,
            answered: 0,
        }
    }

    /// Handles the bytes of one read.
    pub(in crate::front) fn hear(&mut self, bytes: &[u8]) -> Step {
        if self.read.is_empty() && self.body.is_none() && self.answered > 0 {
            self.until = Instant::now() + self.limits().http_head_time;
        }
        self.read.extend_from_slice(bytes);
        self.fronts.http.gauges.bytes_in.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        loop {
            let step = if self.body.is_some() { self.take_body() } else { self.take_head() };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// The time is over in which something had to come.
    pub(in crate::front) fn silence(&mut self) -> Flow {
        if Instant::now() < self.until {
            return self.wait();
        }
        self.late()
    }

    /// Gives the pen back: other threads may write from now on.
    pub(in crate::front) fn release(&mut self) {
        self.handle.is_exchange.store(false, Ordering::Release);
        // The time for taking a name begins now.
        let spent = u64::try_from(self.handle.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.handle.forgiven.store(spent, Ordering::Relaxed);
        if let Some(pen) = self.pen.take() {
            self.handle.outbox.put_pen(pen);
        }
    }

    /// What was read behind the last request.
    pub(in crate::front) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.read)
    }

    /// Why there is no room for this connection.
    pub(in crate::front) fn full(&mut self) -> Option<String> {
        self.full.take()
    }

    /// The connection is over: what the outbox has for it is never written.
    pub(in crate::front) fn end(&mut self) {
        self.body = None;
        self.pen = None;
        self.handle.outbox.close(CloseReason::Quit, None);
        self.handle.outbox.give_up();
    }

    fn limits(&self) -> &Limits {
        &self.handle.limits
    }

    fn wait(&mut self) -> Flow {
        match self.until.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Flow::Within(left),
            _ => self.late(),
        }
    }

    /// The peer was too slow. One that sent nothing of a request is only left alone.
    fn late(&mut self) -> Flow {
        if let Some(Receiving { upload, since, .. }) = self.body.take() {
            return match self.answer(upload.late(), false, (Route::Upload, since)) {
                Some(Step::Flow(flow)) => flow,
                _ => Flow::End,
            };
        }
        if self.read.is_empty() {
            return Flow::End;
        }
        self.refuse(&Refusal::new(408, "The request came too slowly; send it again."))
    }

    /// Takes the next head out of what was read. `None`: there may be more to take.
    fn take_head(&mut self) -> Option<Step> {
        let Limits { http_head: bytes, http_lines: lines, .. } = *self.limits();
        if !self.may_be_whole(bytes) {
            return Some(Step::Flow(self.wait()));
        }
        let began = Instant::now();
        match parse(&self.read, Bounds { bytes, lines }) {
            Ok(None) => {
                self.looked = self.read.len();
                Some(Step::Flow(self.wait()))
            }
            Ok(Some((head, length))) => {
                self.read.drain(..length);
                self.looked = 0;
                self.serve(&head, began)
            }
            Err(refusal) => {
                self.fronts.http.gauges.refused.add("grammar", 1);
                Some(Step::Flow(self.refuse(&refusal)))
            }
        }
    }

    /// Whether a look is worth its time: a head ends with a line, and is bounded.
    fn may_be_whole(&self, most: usize) -> bool {
        const FIRST_LINE: usize = 2_048;
        let is_new = memchr::memchr(b'\n', &self.read[self.looked.min(self.read.len())..]).is_some();
        let is_long = self.read.len() > FIRST_LINE && memchr::memchr(b'\n', &self.read).is_none();
        is_new || is_long || self.read.len() > most
    }

    fn serve(&mut self, head: &Head, began: Instant) -> Option<Step> {
        let (route, rest) = Route::of(&head.path);
        let outcome = match self.fronts.http.doorstep.check(head, route, scheme(&self.handle.stream)) {
            Ok(()) => self.decide(head, route, rest),
            Err(refusal) => {
                let why = match refusal.status {
                    403 => "origin",
                    421 => "host",
                    _ => "grammar",
                };
                self.fronts.http.gauges.refused.add(why, 1);
                Outcome::Answer(match route {
                    Route::Upload => files::refusal(&refusal),
                    _ => Answer::refusal(&refusal),
                })
            }
        };
        self.answered += 1;
        let close = head.close || self.answered >= self.limits().http_requests || self.full.is_some();
        match outcome {
            Outcome::Upgrade(accepted) => Some(Step::Upgrade(accepted)),
            Outcome::Receive(upload, left) => {
                if head.lists("expect", "100-continue") && self.send(b"HTTP/1.1 100 Continue\r\n\r\n").is_err() {
                    return Some(Step::Flow(Flow::End));
                }
                self.until = Instant::now() + self.limits().http_body_idle;
                self.body = Some(Receiving { upload, left, lately: 0, close, since: began });
                None
            }
            Outcome::Answer(mut answer) => {
                answer.close |= close;
                self.answer(answer, head.method == Method::Head, (route, began))
            }
        }
    }

    /// What becomes of a request whose host and origin are right.
    fn decide(&self, head: &Head, route: Route, rest: &str) -> Outcome {
        let http = &self.fronts.http;
        if self.hub.must_encrypt(&self.handle) {
            return Outcome::Answer(Answer::encrypted(head));
        }
        if let Some(refused) = refused(head, route) {
            return Outcome::Answer(refused);
        }
        if route == Route::WebSocket {
            return match ws::accept(|name| head.all(name)) {
                Ok(accepted) => Outcome::Upgrade(accepted),
                Err(refusal) => {
                    http.gauges.refused.add("handshake", 1);
                    let answer = Answer::refusal(&Refusal::new(refusal.status(), refusal.sentence()));
                    Outcome::Answer(answer.with("Upgrade", "websocket").with("Sec-WebSocket-Version", "13"))
                }
            };
        }
        if let Some(sentence) = &self.full {
            return Outcome::Answer(no_room(sentence));
        }
        Outcome::Answer(match route {
            Route::Page => http.pages.page(head, self.handle.stream.is_secure()),
            Route::Asset => http.pages.file(head, rest),
            Route::File => files::get(&self.hub, &self.handle, rest, head),
            Route::Upload => match files::put(&self.hub, &self.handle, rest, head) {
                Ok(upload) => return Outcome::Receive(Box::new(upload), head.length.unwrap_or_default()),
                // Its body is not read, so no other request can follow.
                Err(answer) => Answer { close: true, ..answer },
            },
            Route::Welcome => http.welcome_json(&self.hub, self.handle.seed()),
            Route::Qr => http.qr(&self.hub, scheme(&self.handle.stream), head.query.as_deref()),
            Route::Health => Http::health(&self.hub),
            Route::Metrics => http.metrics(&self.hub, self.handle.peer().ip()).unwrap_or_else(nothing),
            Route::WebSocket | Route::Unknown => nothing(),
        })
    }

    /// Takes what has come of a body. `None`: there may be more to take.
    fn take_body(&mut self) -> Option<Step> {
        let idle = self.limits().http_body_idle;
        let receiving = self.body.as_mut()?;
        let count = usize::try_from(receiving.left).unwrap_or(usize::MAX).min(self.read.len());
        let taken = receiving.upload.take(&self.read[..count]);
        self.read.drain(..count);
        receiving.left -= count as u64;
        receiving.lately += count;
        if receiving.lately >= PIECE {
            (receiving.lately, self.until) = (0, Instant::now() + idle);
        }
        if taken.is_ok() && receiving.left > 0 {
            return Some(Step::Flow(self.wait()));
        }
        let Receiving { upload, left, close, since, .. } = self.body.take()?;
        let mut answer = taken.map_or_else(|refused| refused, |()| upload.finish());
        answer.close |= close || left > 0;
        self.answer(answer, false, (Route::Upload, since))
    }

    fn refuse(&mut self, refusal: &Refusal) -> Flow {
        match self.answer(Answer::refusal(refusal), false, (Route::Unknown, Instant::now())) {
            Some(Step::Flow(flow)) => flow,
            _ => Flow::End,
        }
    }

    /// Sends an answer. `None`: the next request may follow.
    fn answer(&mut self, answer: Answer, bare: bool, about: (Route, Instant)) -> Option<Step> {
        let (route, began) = about;
        let (status, close) = (answer.status, answer.close);
        // Counted first: a peer that has the answer, and asks for the numbers then, finds itself in them.
        self.fronts.http.gauges.answered(route, status);
        let sent = self.send_answer(answer, bare);
        let ms = began.elapsed().as_millis();
        // Never the target: it may have a ticket.
        tracing::debug!(peer = %self.handle.peer(), route = route.name(), status, ms, "answered");
        if let Err(error) = &sent {
            tracing::debug!(peer = %self.handle.peer(), %error, "the answer was not taken");
            self.handle.stream.kill();
        }
        if sent.is_err() || close || self.handle.outbox.closed().is_some() {
            return Some(Step::Flow(Flow::End));
        }
        let limits = self.limits();
        let time = if self.read.is_empty() { limits.http_idle } else { limits.http_head_time };
        self.until = Instant::now() + time;
        None
    }

    fn send_answer(&mut self, answer: Answer, bare: bool) -> std::io::Result<()> {
        let Answer { status, fields, body, close } = answer;
        let length = (status != 304).then(|| body.length());
        let date = httpdate::fmt_http_date(SystemTime::now());
        let mut out = Vec::new();
        ResponseHead { status, fields: &fields, length, close, date: &date }.encode(&mut out);
        match body {
            _ if bare => self.send(&out),
            Body::Bytes(bytes) => {
                out.extend_from_slice(&bytes);
                self.send(&out)
            }
            Body::Pieces { mut next, .. } => {
                self.send(&out)?;
                while let Some(piece) = next()? {
                    self.send(&piece)?;
                }
                Ok(())
            }
        }
    }

    /// Sends bytes, which the peer must take at some pace.
    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let patience: Duration = self.limits().http_body_idle;
        for piece in bytes.chunks(PIECE) {
            self.handle.stream.send_within(piece, patience)?;
            self.fronts.http.gauges.bytes_out.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn nothing() -> Answer {
    Answer::sentence(404, "There is nothing here; the page is at /.")
}

/// The answer to a request that no route takes.
fn refused(head: &Head, route: Route) -> Option<Answer> {
    // OPTIONS is refused everywhere: pages of other sites may ask nothing here.
    let is_known = route != Route::Unknown || &*head.path == "*";
    let close = head.length.is_some_and(|length| length > 0);
    if !is_known && head.method != Method::Other {
        return (head.method == Method::Put).then(|| Answer { close, ..nothing() });
    }
    if route.takes(head.method) {
        let expect = head.all("expect").any(|value| !value.eq_ignore_ascii_case("100-continue"));
        return expect.then(|| Answer::refusal(&Refusal::new(417, "Nothing but 100-continue can be expected here.")));
    }
    let sentence = format!("This path takes {} only.", route.allow());
    Some(Answer { close: true, ..Answer::sentence(405, &sentence) }.with("Allow", route.allow()))
}

/// The page that says why there is no room, to a person with a browser.
fn no_room(sentence: &str) -> Answer {
    let text = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Roomful is full</title>\n<p>{sentence}\n"
    );
    let answer = Answer::new(503, "text/html; charset=utf-8", text.into_bytes());
    let answer = answer.with("Cache-Control", "no-store").with("Retry-After", "30");
    Answer { close: true, ..answer.with("Content-Security-Policy", "default-src 'none'") }
}
