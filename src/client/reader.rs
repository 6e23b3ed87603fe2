//! The reading thread: reads what the server says, answers its pings, and reconnects. Knows no screen; its news go to a sink.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::{ClientError, End, words};
use super::handle::Handle;
use super::link::{Incoming, Link, Login, Welcome};
use super::{News, handle::Shared};
use crate::command::Secret;
use crate::error::Code;
use crate::event::Event;
use crate::model::CloseReason;
use crate::names;
use crate::wire::json;

/// The first pause before an attempt to reconnect; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Why one connection ended.
enum Close {
    /// The server said so.
    Said(CloseReason, String),
    /// The connection broke, or the server hung up.
    Broke(String),
}

/// Runs until the client ends.
pub(super) fn run(handle: &Handle, link: Link, ping_after: Duration, mut sink: impl FnMut(&Handle, News)) {
    let shared = &handle.0;
    let mut link = link;
    sink(handle, News::Connected(handle.security()));
    let end = loop {
        let close = hear(handle, &mut link, ping_after, &mut sink);
        link.stream().kill();
        *shared.pen.lock() = None;
        shared.state.lock().lost();
        shared.changed.notify_all();
        match come_back(handle, close, &mut sink) {
            Ok(new) => link = new,
            Err(end) => break end,
        }
    };
    shared.state.lock().end = Some(end.clone());
    sink(handle, News::Ended(end));
    shared.changed.notify_all();
}

/// Reads one connection to its end.
fn hear(handle: &Handle, link: &mut Link, ping_after: Duration, sink: &mut impl FnMut(&Handle, News)) -> Close {
    let shared = &handle.0;
    // The server pings a silent client after `ping_after`. If no ping comes for
    // longer, the client itself asks, once.
    link.patience = ping_after + ping_after / 2;
    let mut asked = false;
    let mut said = None;
    loop {
        let incoming = match link.next() {
            Ok(Some(incoming)) => incoming,
            Ok(None) => return said.unwrap_or_else(|| Close::Broke("the server hung up".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && !asked => {
                asked = true;
                if link.send(&json::request("ping", &[])).is_err() {
                    return Close::Broke("no sign of life".to_owned());
                }
                continue;
            }
            Err(error) => return said.unwrap_or_else(|| Close::Broke(words(&error))),
        };
        asked = false;
        let news = match incoming {
            Incoming::Event(Event::Ping { token }) => {
                shared.state.lock().owed.push(json::request("pong", &[("token", (&*token).into())]));
                shared.pay();
                continue;
            }
            Incoming::Event(Event::Closing { reason, text }) => {
                said = Some(Close::Said(reason, names::clean(&text).into_owned()));
                News::Event(Event::Closing { reason, text })
            }
            Incoming::Event(event) => {
                let news = shared.state.lock().learn(event);
                let Some(news) = news else {
                    // A thread may wait for an answer that is no news.
                    shared.changed.notify_all();
                    continue;
                };
                news
            }
            Incoming::Other(line) => News::Other(line),
        };
        shared.pay();
        sink(handle, news);
        shared.changed.notify_all();
    }
}

/// Tries to reconnect; or says why not.
fn come_back(handle: &Handle, close: Close, sink: &mut impl FnMut(&Handle, News)) -> Result<Link, End> {
    let shared = &handle.0;
    if shared.state.lock().leaving {
        return Err(End::Quit);
    }
    let mut why = match close {
        Close::Said(reason, text) => {
            if is_final(reason) {
                return Err(End::Closed { reason, text });
            }
            if text.is_empty() { reason.words().to_owned() } else { text }
        }
        Close::Broke(why) => why,
    };
    let lost = Instant::now();
    let mut pause = SHORTEST;
    let mut first = true;
    loop {
        let Some(retry_in) = within(jittered(pause), lost.elapsed(), shared.retry) else {
            return Err(End::GaveUp { why });
        };
        sink(handle, News::Lost { why, retry_in, first });
        first = false;
        if !sleep(shared, retry_in) {
            return Err(End::Quit);
        }
        match attempt(handle, lost, sink) {
            Ok(link) => return Ok(link),
            // The server takes us later, when it is less busy.
            Err(ClientError::Refused { code: Code::Busy, text, .. }) => why = text,
            Err(ClientError::Refused { text, .. }) => return Err(End::Refused { text }),
            Err(ClientError::Untrusted(distrust)) => return Err(End::Untrusted(distrust)),
            Err(error) => why = error.to_string(),
        }
        pause = (pause * 2).min(LONGEST);
    }
}

/// Whether the session was ended on purpose, so that the client must not reconnect.
fn is_final(reason: CloseReason) -> bool {
    match reason {
        CloseReason::Quit
        | CloseReason::Kicked
        | CloseReason::Replaced
        | CloseReason::LoggedOut
        | CloseReason::NotServed => true,
        CloseReason::Lost
        | CloseReason::Closed
        | CloseReason::Timeout
        | CloseReason::LoginTimeout
        | CloseReason::LoginLines
        | CloseReason::SlowConsumer
        | CloseReason::ServerStopped
        | CloseReason::Full
        | CloseReason::Failed => false,
    }
}

/// Connects, logs in, and sends the lines that wait.
fn attempt(handle: &Handle, lost: Instant, sink: &mut impl FnMut(&Handle, News)) -> Result<Link, ClientError> {
    let shared = &handle.0;
    let (before, resume, password) = {
        let state = shared.state.lock();
        (state.nick.clone(), state.resume.clone(), state.password.clone())
    };
    let mut link = Link::open(&shared.way)?;
    *shared.cut.lock() = Some(Arc::clone(link.stream()));
    if shared.state.lock().leaving {
        return Err(ClientError::Closed { reason: None, text: String::new() });
    }
    let login = Login { nick: Some(&before), resume: resume.as_deref(), rooms: Some(&[]), ..Login::default() };
    let welcome = again(&mut link, login, password.as_ref())?;
    let nick = welcome.nick.clone();
    let instead_of = (nick != before).then_some(before);
    reconnect(shared, &link, &welcome).map_err(ClientError::Lost)?;
    sink(handle, News::Back { away: lost.elapsed(), nick, instead_of });
    Ok(link)
}

/// Logs in as the same person: by the token, else by the password, else under the name that is offered.
fn again(link: &mut Link, login: Login<'_>, password: Option<&Secret>) -> Result<Welcome, ClientError> {
    let (code, offer) = match link.log_in(&login) {
        Err(ClientError::Refused { code, offer: Some(offer), .. }) => (code, offer),
        other => return other,
    };
    if let Some(password) = password.filter(|_| code == Code::NickRegistered) {
        match link.log_in(&Login { password: Some(password), ..login }) {
            Err(ClientError::Refused { code, .. }) if code != Code::Busy => {}
            other => return other,
        }
    }
    // Another person has taken the name meanwhile: better another name than none.
    link.log_in(&Login { nick: Some(&offer), ..login })
}

/// Hands the new connection to the writing threads. The lines that wait go first.
fn reconnect(shared: &Shared, link: &Link, welcome: &Welcome) -> io::Result<()> {
    let mut pen = shared.pen.lock();
    let lines = {
        let mut state = shared.state.lock();
        state.welcomed(welcome);
        state.comeback()
    };
    *pen = Some(Arc::clone(link.stream()));
    lines.iter().try_for_each(|line| link.send(line))
}

/// Between three and five quarters of `pause`, so that not all clients reconnect at once.
fn jittered(pause: Duration) -> Duration {
    let random = f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX);
    pause.mul_f64(0.75 + random / 2.0)
}

/// The pause before the next attempt, after `away` without a connection. The
/// last attempt is made when `patience` ends.
fn within(pause: Duration, away: Duration, patience: Option<Duration>) -> Option<Duration> {
    let Some(patience) = patience else { return Some(pause) };
    patience.checked_sub(away).filter(|left| !left.is_zero()).map(|left| pause.min(left))
}

/// Sleeps. Returns whether the client is still to reconnect.
fn sleep(shared: &Shared, pause: Duration) -> bool {
    let mut state = shared.state.lock();
    shared.changed.wait_while_for(&mut state, |state| !state.leaving, pause);
    !state.leaving
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `chat-client --help`: `--retry`, "else for 30 seconds".
    #[test]
    fn attempts_to_come_back_are_made_until_the_patience_ends() {
        let patience = Duration::from_secs(30);
        let (mut away, mut pause, mut attempts) = (Duration::ZERO, SHORTEST, 0);
        while let Some(wait) = within(jittered(pause), away, Some(patience)) {
            away += wait;
            pause = (pause * 2).min(LONGEST);
            attempts += 1;
        }
        assert_eq!(away, patience, "after {attempts} attempts");
        assert!((5..=8).contains(&attempts), "{attempts}");
        assert_eq!(within(SHORTEST, Duration::ZERO, Some(Duration::ZERO)), None);
        assert_eq!(within(SHORTEST, patience, None), Some(SHORTEST));
    }
}
