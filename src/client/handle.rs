//! What a client can say and ask, from any thread. Knows the connection, not what comes in over it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use super::asked::Wanted;
use super::error::{AskError, End, FileError, Unsent};
use super::http::Request;
use super::request::request_of;
use super::state::{Said, State};
use super::trust::{Security, Way};
use crate::answer::{ChatInfo, Done};
use crate::chat::patience::Patience;
use crate::command::{ChatCommand, Command};
use crate::model::Tag;
use crate::net::Stream;
use crate::wire::json;

/// How long a farewell may take before the connection is cut.
const FAREWELL: Duration = Duration::from_secs(2);

/// Says and asks. Cheap to clone; all clones are the same client.
///
/// Lines to say are stored until the server has answered them. While there is
/// no connection they wait; afterwards they are sent once, in their order.
#[derive(Debug, Clone)]
pub struct Handle(pub(super) Arc<Shared>);

/// The pen is held while writing, and taken before the state. The other locks
/// are never held during IO, and no two of them at once.
#[derive(Debug)]
pub(super) struct Shared {
    pub way: Way,
    pub retry: Option<Duration>,
    /// The right to write to this connection; `None` while there is none.
    pub pen: Mutex<Option<Arc<Stream>>>,
    pub state: Mutex<State>,
    /// The connection, also while it is being made: only to cut it.
    pub cut: Mutex<Option<Arc<Stream>>>,
    /// The state has changed, and a thread may wait for that.
    pub changed: Condvar,
}

impl Shared {
    pub fn new(way: Way, retry: Option<Duration>) -> Shared {
        Shared {
            way,
            retry,
            pen: Mutex::new(None),
            state: Mutex::default(),
            cut: Mutex::new(None),
            changed: Condvar::new(),
        }
    }

    /// Ends the connection from this side, without a farewell.
    pub fn hang_up(&self) {
        self.state.lock().leaving = true;
        self.changed.notify_all();
        if let Some(stream) = self.cut.lock().take() {
            // This wakes the thread that reads or writes there.
            stream.kill();
        }
    }

    /// Writes lines, and then those that are owed. An error is left to the reading thread, which sees it too.
    fn write(&self, stream: &Stream, mut lines: Vec<String>) {
        while !lines.is_empty() {
            let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
            if stream.send_all(text.as_bytes()).is_err() {
                stream.kill();
                return;
            }
            lines = std::mem::take(&mut self.state.lock().owed);
        }
    }

    /// Writes the owed lines. If another thread is writing now, that thread writes
    /// them, so that the reading thread never waits for a server that waits for it.
    pub fn pay(&self) {
        while !self.state.lock().owed.is_empty() {
            let Some(pen) = self.pen.try_lock() else { return };
            let Some(stream) = &*pen else { return };
            let owed = std::mem::take(&mut self.state.lock().owed);
            self.write(stream, owed);
        }
    }
}

/// Whether a command says a line that other people shall read.
pub(super) fn is_line(command: &Command) -> bool {
    use ChatCommand::{Me, Msg, Notice, Reply, Say};
    matches!(command, Command::Chat(Say { .. } | Me { .. } | Notice { .. } | Msg { .. } | Reply { .. }))
}

impl Handle {
    /// Says a line in a room. Its answer comes as an `ok` or an `error` event
    /// with this tag.
    ///
    /// # Errors
    /// When the text is too long, or 64 lines wait for their answers already.
    pub fn say(&self, room: &str, text: &str) -> Result<Tag, Unsent> {
        self.post("say", &[("room", room.into()), ("text", text.into())], Wanted::Line)
    }

    /// Says an action (`/me`).
    ///
    /// # Errors
    /// As [`Handle::say`].
    pub fn me(&self, room: &str, text: &str) -> Result<Tag, Unsent> {
        self.post("me", &[("room", room.into()), ("text", text.into())], Wanted::Line)
    }

    /// Says a notice, which no program answers by itself.
    ///
    /// # Errors
    /// As [`Handle::say`].
    pub fn notice(&self, room: &str, text: &str) -> Result<Tag, Unsent> {
        self.post("notice", &[("room", room.into()), ("text", text.into())], Wanted::Line)
    }

    /// Writes to one person only.
    ///
    /// # Errors
    /// As [`Handle::say`].
    pub fn msg(&self, nick: &str, text: &str) -> Result<Tag, Unsent> {
        self.post("msg", &[("to", nick.into()), ("text", text.into())], Wanted::Line)
    }

    /// Writes to the person from whom the last private line came.
    ///
    /// # Errors
    /// As [`Handle::say`].
    pub fn reply(&self, text: &str) -> Result<Tag, Unsent> {
        self.post("reply", &[("text", text.into())], Wanted::Line)
    }

    /// Sends any other command, as `docs/protocol.md` describes it: its type and
    /// its fields. Fields that are null are left out.
    ///
    /// # Errors
    /// When there is no connection, or the line is too long.
    pub fn request(&self, kind: &str, fields: &[(&'static str, Value)]) -> Result<Tag, Unsent> {
        self.post(kind, fields, Wanted::Told)
    }

    /// Sends any other command, and waits for at most `patience` for its answer.
    /// The answer does not come as news.
    ///
    /// ```no_run
    /// # use roomful::client::{Client, Options};
    /// # use std::time::Duration;
    /// # let bot = Client::connect("127.0.0.1:7667", Options::default())?;
    /// use roomful::answer::Done;
    ///
    /// if let Done::Rooms { total, .. } = bot.ask("rooms", &[], Duration::from_secs(5))? {
    ///     println!("{total} rooms");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Handle::request`]; when the server refuses; when the connection
    /// is lost before it has answered; when that takes too long.
    pub fn ask(&self, kind: &str, fields: &[(&'static str, Value)], patience: Duration) -> Result<Done, AskError> {
        let tag = self.begin_asking(kind, fields)?;
        self.answer_to(&tag, patience)
    }

    /// Sends a command whose answer is to be taken by [`Handle::answer_to`].
    pub(super) fn begin_asking(&self, kind: &str, fields: &[(&'static str, Value)]) -> Result<Tag, Unsent> {
        self.post(kind, fields, Wanted::Awaited)
    }

    pub(super) fn answer_to(&self, tag: &Tag, patience: Duration) -> Result<Done, AskError> {
        let mut patience = Patience::of(patience);
        let mut state = self.0.state.lock();
        loop {
            if let Some(answer) = state.asked.take(tag) {
                return answer;
            }
            let over = state.end.is_some() || state.leaving;
            if over || patience.wait(&self.0.changed, &mut state) {
                let last = state.asked.take(tag);
                state.asked.give_up(tag);
                return last.unwrap_or(Err(if over { AskError::Lost } else { AskError::Timeout }));
            }
        }
    }

    /// Begins a request for the bytes of a file: they go to the same server, over a connection of their own.
    pub(super) fn request_file(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, String)],
    ) -> Result<Request, FileError> {
        let chat = self.0.cut.lock().clone().ok_or(AskError::Lost)?;
        Ok(Request::begin(|| self.0.way.beside(chat.peer()), method, path, fields)?)
    }

    /// The address of the server, as it was given.
    pub(super) fn addr(&self) -> &str {
        self.0.way.addr()
    }

    /// How safe the connection is, or the last one was.
    pub fn security(&self) -> Security {
        self.0.way.security()
    }

    /// The answer with this tag is not wanted any more.
    pub(super) fn give_up(&self, tag: &Tag) {
        self.0.state.lock().asked.give_up(tag);
    }

    /// Tells the server that a room, or a conversation `@nick`, is read up to the
    /// last message that came here. Nothing is sent if the server knows that, or
    /// if this is a guest.
    pub fn mark_read(&self, place: &str) {
        let Some(seq) = self.0.state.lock().report(place) else { return };
        // If it fails, there is no connection, and the next call tells the server.
        let _ = self.post("read", &[("room", place.into()), ("seq", seq.into())], Wanted::Ignored);
    }

    /// Waits for at most `timeout` until one more line may be said. Returns
    /// whether it may. Without a connection it does not wait.
    pub(super) fn has_place(&self, timeout: Duration) -> bool {
        let mut state = self.0.state.lock();
        if state.is_full() {
            // Whether it was woken or not, the check below tells.
            self.0.changed.wait_for(&mut state, timeout);
        }
        !state.is_full()
    }

    /// Whether missed lines are still to come.
    pub(super) fn is_catching_up(&self) -> bool {
        self.0.state.lock().asked.has(Wanted::Missed)
    }

    /// Those of `chats` that have unread lines which did not come here.
    pub(super) fn unheard(&self, chats: &[ChatInfo]) -> Vec<ChatInfo> {
        let state = self.0.state.lock();
        chats.iter().filter(|chat| state.is_unheard(chat)).cloned().collect()
    }

    /// Whether this is an account, not a guest.
    pub fn is_logged_in(&self) -> bool {
        self.0.state.lock().account
    }

    /// Sends a command. If it names no room, it is for `room`.
    ///
    /// # Errors
    /// As [`Handle::say`] for lines to say, as [`Handle::request`] for others.
    pub fn command(&self, command: &Command, room: Option<&str>) -> Result<Tag, Unsent> {
        self.order(command, room, Wanted::Told)
    }

    /// The same; `wanted` says what happens with the answer, if the command says no line.
    pub(super) fn order(&self, command: &Command, room: Option<&str>, wanted: Wanted) -> Result<Tag, Unsent> {
        if let Command::Chat(ChatCommand::Join { room, key: key @ Some(_), .. }) = command {
            self.0.state.lock().has_key(room.shown(), key.as_ref());
        }
        let (kind, fields) = request_of(command, room);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, value.clone())).collect();
        self.post(kind, &fields, if is_line(command) { Wanted::Line } else { wanted })
    }

    fn post(&self, kind: &str, fields: &[(&str, Value)], wanted: Wanted) -> Result<Tag, Unsent> {
        // The pen is taken first, so that lines go out in the order in which they wait.
        let pen = self.0.pen.lock();
        let (tag, line) = self.0.state.lock().compose(kind, fields, wanted)?;
        if let Some(stream) = &*pen {
            self.0.write(stream, vec![line]);
        }
        drop(pen);
        // Lines may have become owed after our last look and before the pen was free.
        self.0.pay();
        Ok(tag)
    }

    /// Says goodbye, and waits for at most 2 s until the server has hung up.
    pub fn quit(&self, text: Option<&str>) {
        let until = Instant::now() + FAREWELL;
        if let Some(pen) = self.0.pen.try_lock_until(until) {
            let going = !std::mem::replace(&mut self.0.state.lock().leaving, true);
            if let (Some(stream), true) = (&*pen, going) {
                let line = json::request("quit", &[("text", text.into())]);
                self.0.write(stream, vec![line]);
            }
        }
        self.0.changed.notify_all();
        self.wait(until.saturating_duration_since(Instant::now()), |state| state.end.is_some());
        self.0.hang_up();
    }

    /// Waits until at most `count` lines have no answer, or the client has ended.
    /// Returns why it has ended, if it has.
    pub fn settle(&self, count: usize) -> Option<End> {
        let mut state = self.0.state.lock();
        let waits = |state: &mut State| state.pending.len() + state.asked.len() > count && state.end.is_none();
        self.0.changed.wait_while(&mut state, waits);
        state.end.clone()
    }

    /// Waits for at most `timeout` until the command with this tag is answered,
    /// or given up. Returns whether it is.
    pub fn wait_for(&self, tag: &Tag, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.is_answered(tag) || state.end.is_some())
    }

    pub(super) fn wait(&self, time: Duration, done: impl Fn(&State) -> bool) -> bool {
        Patience::of(time).wait_while(&self.0.changed, &mut self.0.state.lock(), |state| !done(state))
    }

    /// The present name.
    pub fn nick(&self) -> String {
        self.0.state.lock().nick.clone()
    }

    /// The server and its version, as it names itself.
    pub fn server(&self) -> String {
        self.0.state.lock().server.clone()
    }

    /// The rooms that the client is in, in the order of joining.
    pub fn rooms(&self) -> Vec<String> {
        self.0.state.lock().rooms.0.iter().map(|room| room.name.clone()).collect()
    }

    /// The members of a room, as far as they are known; none if the client is not in it.
    pub fn members(&self, room: &str) -> Vec<String> {
        let mut state = self.0.state.lock();
        state.rooms.get(room).map_or(Vec::new(), |room| room.members.values().cloned().collect())
    }

    /// The lines without an answer, oldest first.
    pub fn unanswered(&self) -> Vec<Said> {
        self.0.state.lock().pending.iter().cloned().collect()
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.0.state.lock().connected
    }

    /// Why the client has ended, if it has.
    pub fn end(&self) -> Option<End> {
        self.0.state.lock().end.clone()
    }
}
