//! Everything that all sessions share: the chat, the handles of the sessions, the stop flag. After a change of the chat, does outside the chat lock what is left to do. Knows no front.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex, RwLock};

use super::door::Door;
use super::handle::SessionHandle;
use super::index_wait::IndexWait;
pub use super::news::News;
use super::news::Newsroom;
use super::passwords::Passwords;
use super::recurring::Recurring;
use super::shelf::Shelf;
use super::tallies::{Tally, Times};
use super::tickets::Tickets;
use super::uploads::Uploads;
use crate::chat::effects::{Effects, Watch};
use crate::chat::outbox::{Outbox, Pen};
use crate::chat::room_flush::RoomFlush;
use crate::chat::write_queue::WriteQueue;
use crate::chat::{Chat, SessionId};
use crate::command::text;
use crate::event::Event;
use crate::limits::InForce;
use crate::model::{CloseReason, Millis};
use crate::names::isolate;
use crate::net::crew::Crew;
use crate::store::Store;
use crate::tls::Security;

/// For how long a speaker's thread flushes a busy room before another thread takes over.
const FLUSHER_PATIENCE: Duration = Duration::from_millis(2);

/// The database, and all that sessions need to use it.
#[derive(Debug)]
pub struct Database {
    /// Reads what is stored.
    pub store: Store,
    /// Records that are to be stored.
    pub write_queue: Arc<WriteQueue>,
    /// Searches that wait for the index of words.
    pub index: IndexWait,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Counts the room for files.
    pub shelf: Arc<Shelf>,
    /// Files that come in.
    pub uploads: Uploads,
    /// Makes the addresses of files.
    pub tickets: Tickets,
}

/// The time of day, as events carry it.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// A number from 1 to `most` by chance; none if the system has no randomness.
pub fn chance(most: u64) -> Option<u64> {
    // 2^64 is so much more than `most` that each remainder is as likely as any other.
    Some(getrandom::u64().ok()? % most + 1)
}

/// How often things happened since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Connections admitted.
    pub sessions: AtomicU64,
    /// Lines read.
    pub lines: AtomicU64,
    /// Commands refused.
    pub refused: AtomicU64,
    /// Sessions cut because they read too slowly.
    pub slow: AtomicU64,
    /// Records written to the database.
    pub kept: AtomicU64,
    /// What was said, by command.
    pub said: Tally,
    /// Commands refused, by code.
    pub refusals: Tally,
    /// Sessions that ended, by reason.
    pub ended: Tally,
    /// Events written to sessions that have ended, by front.
    pub deliveries: Tally,
    /// How long the database took to store a group of records.
    pub commits: Times,
}

/// What all sessions share.
#[derive(Debug)]
pub struct Hub {
    /// The chat.
    pub chat: Chat,
    /// The numbers in force.
    pub limits: InForce,
    /// The database, if there is one.
    pub database: Option<Arc<Database>>,
    /// Admits connections and sessions.
    pub door: Door,
    /// The hash of the page that is served, if one is.
    pub page: Option<Arc<str>>,
    /// What encrypts connections, if something does.
    pub security: Option<Arc<Security>>,
    /// The message of the day.
    motd: RwLock<Option<Arc<str>>>,
    /// When the server started.
    pub started: Instant,
    /// How often things happened.
    pub counts: Counts,
    /// How often the watchdog has checked every session.
    pub checks: AtomicU64,
    /// Counts registrations by address.
    pub registrations: Recurring,
    /// The threads of connections, of sessions that lag, and of rooms that are flushed.
    pub crew: Arc<Crew>,
    handles: Mutex<HashMap<SessionId, Arc<SessionHandle>>>,
    next: AtomicU64,
    /// Tells the operators what happens.
    pub news: Newsroom,
    stopping: AtomicBool,
    asked_to_stop: Mutex<Option<String>>,
    bell: Condvar,
}

impl Hub {
    /// A hub without sessions, which tells `news` what happens.
    pub fn new(chat: Chat, limits: &InForce, database: Option<Arc<Database>>, news: Newsroom, crew: Arc<Crew>) -> Hub {
        Hub {
            chat,
            door: Door::new(limits),
            limits: limits.clone(),
            database,
            page: None,
            security: None,
            motd: RwLock::default(),
            started: Instant::now(),
            counts: Counts::default(),
            checks: AtomicU64::new(0),
            registrations: Recurring::new(limits, |limits| (limits.registrations, limits.registration_window)),
            crew,
            handles: Mutex::default(),
            next: AtomicU64::new(1),
            news,
            stopping: AtomicBool::new(false),
            asked_to_stop: Mutex::default(),
            bell: Condvar::new(),
        }
    }

    /// The same for a server that serves a page with this hash; programs are told it.
    #[must_use]
    pub fn serving(self, page: Option<Arc<str>>) -> Hub {
        Hub { page, ..self }
    }

    /// The same for a server that encrypts connections.
    #[must_use]
    pub fn encrypting(self, security: Option<Arc<Security>>) -> Hub {
        Hub { security, ..self }
    }

    /// Whether the server talks with this peer only if it is encrypted, and it is not.
    pub fn must_encrypt(&self, handle: &SessionHandle) -> bool {
        let required = self.security.as_ref().is_some_and(|security| security.is_required_of(handle.peer().ip()));
        required && !handle.stream.is_secure()
    }

    /// The message that newcomers are shown, if there is one.
    pub fn motd(&self) -> Option<Arc<str>> {
        self.motd.read().clone()
    }

    /// Sets the message that newcomers are shown.
    pub fn set_motd(&self, motd: Option<Arc<str>>) {
        *self.motd.write() = motd;
    }

    /// Milliseconds since the start.
    pub fn uptime(&self) -> u64 {
        self.uptime_at(Instant::now())
    }

    /// Milliseconds from the start to `now`.
    pub fn uptime_at(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }

    /// A new number for a session; no number is given twice.
    pub fn next_session(&self) -> SessionId {
        SessionId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Adds a connection.
    pub fn admit(&self, handle: &Arc<SessionHandle>) {
        self.counts.sessions.fetch_add(1, Ordering::Relaxed);
        handle.heard.store(self.uptime(), Ordering::Relaxed);
        self.handles.lock().insert(handle.id, Arc::clone(handle));
    }

    /// Removes a connection, and its session.
    pub fn forget(&self, id: SessionId) {
        self.handles.lock().remove(&id);
    }

    /// The handle of one session.
    pub fn handle(&self, id: SessionId) -> Option<Arc<SessionHandle>> {
        self.handles.lock().get(&id).cloned()
    }

    /// The handles of all connections at this moment.
    pub fn handles(&self) -> Vec<Arc<SessionHandle>> {
        self.handles.lock().values().cloned().collect()
    }

    /// How many connections there are: sessions with or without a name, and connections that are no session yet.
    pub fn sessions(&self) -> usize {
        self.handles.lock().len()
    }

    /// An empty list of things to do.
    pub fn effects(&self) -> Effects {
        Effects::new(self.watch())
    }

    /// Does what a change of the chat left to do: flush, cut, tell the console.
    /// It is never called with a lock held, and never blocks on a peer.
    pub fn apply(self: &Arc<Self>, effects: Effects) {
        for room in &effects.room_flushes {
            self.flush_room(room);
        }
        for outbox in &effects.outboxes {
            self.flush(outbox);
        }
        for id in effects.overflowed {
            self.cut_slow(id);
        }
        for letter in effects.news {
            self.tell(|| News::Event(letter));
        }
    }

    /// Flushes a room, unless another thread is flushing it. After
    /// [`FLUSHER_PATIENCE`] a new thread continues; if no thread is left, this
    /// one does.
    fn flush_room(self: &Arc<Self>, room: &Arc<RoomFlush>) {
        let Some(flusher) = room.flush(FLUSHER_PATIENCE, |outbox| self.flush(outbox)) else { return };
        let hub = Arc::clone(self);
        let go_on = move || drop(flusher.run(Duration::MAX, |outbox| hub.flush(outbox)));
        if let Err(error) = self.crew.spawn("flusher".to_owned(), go_on) {
            tracing::warn!(%error, "no thread left for a flusher");
            room.flush(Duration::MAX, |outbox| self.flush(outbox));
        }
    }

    /// Writes the events that wait in one outbox, as far as its socket takes them.
    pub(super) fn flush(&self, outbox: &Arc<Outbox>) {
        if let Some(pen) = outbox.flush() {
            self.lag(outbox, pen);
        }
    }

    /// Gives the pen of a session whose socket is full to a writer thread. If no
    /// thread is left, the session is closed: waiting for its socket here would
    /// stop all other sessions.
    fn lag(&self, outbox: &Arc<Outbox>, pen: Pen) {
        let own = Arc::clone(outbox);
        let name = format!("writer-{}", outbox.session().0);
        if let Err(error) = self.crew.spawn(name, move || own.catch_up(pen)) {
            tracing::warn!(%error, session = outbox.session().0, "no thread left for a laggard");
            outbox.close(CloseReason::SlowConsumer, None);
            self.cut_slow(outbox.session());
        }
    }

    /// Cuts a session that reads too slowly; its own thread removes it.
    pub fn cut_slow(&self, id: SessionId) {
        let Some(handle) = self.handle(id) else { return };
        self.counts.slow.fetch_add(1, Ordering::Relaxed);
        tracing::info!(session = id.0, peer = %handle.peer(), "slow consumer, cut");
        self.tell(|| News::Line(format!("! {} reads too slowly, closed", self.named(&handle))));
        handle.stream.kill();
    }

    /// Ends rooms that had been empty for `empty-days` at `time`. It ends only some
    /// of them, because each needs the lock and other threads wait for it.
    pub fn end_left_rooms(&self, time: Millis) {
        const ROOMS: usize = 64;
        let days = Millis::try_from(self.limits.now().empty_days).unwrap_or(Millis::MAX);
        if days > 0 {
            self.chat.end_left(time.saturating_sub(days.saturating_mul(crate::model::DAY)), ROOMS, now());
        }
    }

    /// Says something to everybody, as the operator.
    pub fn announce(self: &Arc<Self>, words: &str) {
        let mut effects = self.effects();
        self.chat.broadcast(text(words), &mut effects);
        self.apply(effects);
    }

    /// Sends an event to one session, outside of the chat.
    pub fn tell_session(self: &Arc<Self>, handle: &SessionHandle, event: Event) {
        let mut effects = self.effects();
        effects.tell_event(&handle.outbox, event);
        self.apply(effects);
    }

    /// How much the operators want to hear.
    pub fn watch(&self) -> Watch {
        self.news.watch()
    }

    /// A session as the console names it: the nick, if it has one, and the address.
    pub fn named(&self, handle: &SessionHandle) -> String {
        match self.chat.shown_nick(handle.id) {
            Some(nick) => format!("{} {}", isolate(&nick), handle.peer()),
            None => handle.peer().to_string(),
        }
    }

    /// Tells the operators that look on; the news is made only if there is one.
    pub fn tell(&self, news: impl FnOnce() -> News) {
        self.news.tell(news);
    }

    /// Whether the server is stopping.
    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Notes that the server is stopping: every wait here ends at once.
    pub fn set_stopping(&self) {
        let _asked = self.asked_to_stop.lock();
        self.stopping.store(true, Ordering::Release);
        self.bell.notify_all();
        if let Some(database) = &self.database {
            database.write_queue.hurry();
            database.index.hurry();
            database.passwords.stop();
            database.store.stop();
        }
    }

    /// Asks the thread that runs the server to stop it. The first reason is the one that is told.
    pub fn ask_to_stop(&self, why: &str) {
        self.asked_to_stop.lock().get_or_insert_with(|| why.to_owned());
        self.bell.notify_all();
    }

    /// Whether a stop was asked for.
    pub fn is_asked_to_stop(&self) -> bool {
        self.asked_to_stop.lock().is_some()
    }

    /// Waits until a stop is asked for; returns the reason.
    pub fn wait_until_asked(&self) -> String {
        let mut asked = self.asked_to_stop.lock();
        loop {
            if let Some(why) = &*asked {
                return why.clone();
            }
            self.bell.wait(&mut asked);
        }
    }

    /// Waits for `time`, or until the server is stopping; returns whether it is.
    pub fn wait(&self, time: Duration) -> bool {
        self.bell.wait_while_for(&mut self.asked_to_stop.lock(), |_| !self.stopping(), time);
        self.stopping()
    }
}
