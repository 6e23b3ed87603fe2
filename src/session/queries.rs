//! Reads from the database for a session, on its own thread and outside every lock: history, search, unread counts, and rows that a command needs. Knows no front.

use std::sync::Arc;
use std::time::Duration;

use super::Session;
use super::hub::{self, Database};
use super::later::Later;
use crate::answer;
use crate::answer::{Done, FileRow, History};
use crate::chat::{
    CatchUp, Doomed, Found, Halt, JoinRequest, LastSeen, Load, Next, Readable, Searchable, Unremembered,
};
use crate::command::{Bound, ChatCommand, Page, Place, Query, Spot};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Message, Millis, PlaceId, Seq, Tag};
use crate::names::RoomName;
use crate::record::{MembershipRow, Pages, StoredFile, StoredMessage};

/// How often a command may need another read before it can be carried out. Each
/// time it gets further, unless other sessions change the chat faster every time.
const MAX_RETRIES: usize = 8;

/// The session's own last message is searched for among this many messages of the place.
const OWN_LAST: usize = 100;

/// How long a search waits for the index. After that it may not find the newest messages.
const INDEX_PATIENCE: Duration = Duration::from_secs(2);

impl Session {
    pub(super) fn database(&self) -> Result<Arc<Database>, ChatError> {
        self.hub.database.clone().ok_or(ChatError::NothingKept)
    }

    /// Carries out a command of the chat, after reading all rows that it needs.
    #[inline(never)]
    pub(super) fn carry_out(&mut self, tag: Option<Tag>, command: ChatCommand) -> Result<(), ChatError> {
        let in_room = |place: &Option<Place>| !matches!(place, Some(Place::With(_)));
        if matches!(&command, ChatCommand::Say { .. })
            || matches!(&command, ChatCommand::Me { place, .. } | ChatCommand::Notice { place, .. } if in_room(place))
        {
            // Saying something needs no read.
            let said = self.hub.chat.obey(self.handle.id, tag, command, hub::now(), &mut self.effects);
            return said.map(drop).map_err(Halt::into_refusal);
        }
        if matches!(command, ChatCommand::Typing { .. }) && self.pace.hushed {
            self.answer(tag, Done::Typing);
            return Ok(());
        }
        // During the reads the session does not read from the peer, so its silence does not count.
        let handle = Arc::clone(&self.handle);
        handle.pausing(|| self.carry_out_reading(tag, command))
    }

    fn carry_out_reading(&mut self, tag: Option<Tag>, command: ChatCommand) -> Result<(), ChatError> {
        let made = self.with_loads(|session| {
            let (chat, now) = (&session.hub.chat, hub::now());
            chat.obey(session.handle.id, tag.clone(), command.clone(), now, &mut session.effects)
        });
        match made {
            Ok(Next::Done) => Ok(()),
            Ok(Next::GoIn(request)) => {
                self.later = Some(Box::new(Later::GoIn(tag, request)));
                Ok(())
            }
            Ok(Next::FindAuthor(message)) => self.delete(tag, message),
            Err(refusal @ (ChatError::NoSuchNick(_) | ChatError::NoConversation(_))) => {
                let made = match &command {
                    ChatCommand::Read { place: Some(Place::With(nick)), .. } => self.read_former_guest(tag, nick)?,
                    ChatCommand::Close { with } => self.close_former_guest(tag, with)?,
                    _ => None,
                };
                made.ok_or(refusal)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Calls `verb` on the chat. If the chat lacks rows, reads them and calls it again.
    pub(super) fn with_loads<T>(
        &mut self,
        mut verb: impl FnMut(&mut Session) -> Result<T, Halt>,
    ) -> Result<T, ChatError> {
        for _ in 0..MAX_RETRIES {
            match verb(self) {
                Err(Halt::Load(load)) => self.load(load)?,
                made => return made.map_err(Halt::into_refusal),
            }
        }
        verb(self).map_err(Halt::into_refusal)
    }

    /// Tells this session that a command was carried out.
    pub(super) fn answer(&mut self, tag: Option<Tag>, done: Done) {
        self.effects.answer(&self.handle.outbox, Event::Ok { tag, done });
    }

    /// Reads the rows that the chat needs in memory, and gives them to the chat.
    #[inline(never)]
    fn load(&mut self, load: Load) -> Result<(), ChatError> {
        let database = self.settled_database()?;
        match load {
            Load::Recent { place, label, seq, deletions } => {
                let most = self.hub.limits.now().recent;
                let pages = database.store.page(place, &label, Page::Last, most)?;
                self.hub.chat.load_recent(place, (seq, deletions), pages.messages);
            }
            Load::Conversation { between, reading } => {
                let found = database.store.conversation(between.0, between.1)?;
                self.hub.chat.load_conversation(between, reading, found);
            }
        }
        Ok(())
    }

    /// Joins a room. If more messages were missed than are in memory, reads them from
    /// the database and shows them page by page.
    pub(super) fn come_in(&mut self, tag: Option<Tag>, mut request: JoinRequest) -> Result<(), ChatError> {
        let limits = self.hub.limits.now();
        let mut left = limits.history_request + 2 * limits.history_page;
        loop {
            let missed = self.with_loads(|session| {
                let chat = &session.hub.chat;
                chat.go_in(session.handle.id, tag.clone(), &request, hub::now(), &mut session.effects)
            })?;
            let Some(CatchUp { place, label, after, first }) = missed else { return Ok(()) };
            if std::mem::take(&mut request.answer) {
                self.answer(tag.clone(), Done::Join { room: Arc::clone(&label) });
            }
            let mut seen = LastSeen { after, made: None, run: None, accept_gap: left == 0 };
            if left > 0 {
                let from = after.max((first - 1).saturating_sub(limits.history_request as Seq));
                // If nothing is stored between the two, there is nothing to show.
                seen.after = self.show_page(place, &label, (after, from))?.unwrap_or(first - 1);
                left = left.saturating_sub(usize::try_from(seen.after - from).unwrap_or(left));
            }
            request.seen = Some(seen);
        }
    }

    /// Shows one page of the messages after `from`, if the member has seen all up to
    /// `after`. Returns the number of the last message of the page.
    #[inline(never)]
    fn show_page(
        &mut self,
        place: PlaceId,
        label: &Arc<str>,
        (after, from): (Seq, Seq),
    ) -> Result<Option<Seq>, ChatError> {
        let database = self.settled_database()?;
        let most = self.hub.limits.now().history_page;
        let pages = self.page(&database, (place, label), Page::After(Bound::Seq(from)), most)?;
        let messages = messages(pages.messages);
        let Some(last) = messages.last().map(|message| message.seq) else { return Ok(None) };
        let missed = messages.first().map_or(0, |first| first.seq - after - 1);
        let history = History { room: Arc::clone(label), messages, missed, more: true, after: Some(after) };
        self.effects.answer(&self.handle.outbox, Event::History(history));
        self.flush();
        self.wait_for_space();
        Ok(Some(last))
    }

    /// Reads a page, cut to the bytes that may wait for this session at once: texts may be long.
    fn page(
        &self,
        database: &Database,
        (place, label): (PlaceId, &Arc<str>),
        page: Page,
        most: usize,
    ) -> Result<Pages, ChatError> {
        let mut pages = database.store.page(place, label, page, most)?;
        let cut = answer::cut(&mut pages.messages, pages.lower, self.hub.limits.now().answer_bytes);
        let is_up = matches!(page, Page::After(_) | Page::Around(_)) || pages.lower == 0;
        pages.more |= if is_up { cut.above } else { cut.below };
        pages.lower = pages.lower.min(pages.messages.len());
        Ok(pages)
    }

    /// Answers a query: the chat decides what this session may read, and the rows are read here.
    #[inline(never)]
    pub(super) fn query(&mut self, tag: Option<Tag>, query: Query) -> Result<(), ChatError> {
        self.hub.chat.is_active(self.handle.id, hub::now())?;
        let handle = Arc::clone(&self.handle);
        let done = handle.pausing(|| self.read(query))?;
        self.answer(tag, done);
        Ok(())
    }

    fn read(&mut self, query: Query) -> Result<Done, ChatError> {
        match query {
            Query::History { place, page, limit } => self.history(place.as_ref(), page, limit),
            Query::Search { place, text, until, next, limit } => {
                self.search(place.as_ref(), &text, (until, next), limit)
            }
            Query::Chats { within: Some(within), .. } => {
                Ok(Done::Chats { chats: self.chats_within(within)?, more: false })
            }
            Query::Chats { past, within: None } => {
                let (account, _) = self.hub.chat.account_of(self.handle.id, hub::now())?;
                let database = self.settled_database()?;
                let (chats, more) = self.chats(&database, account, past)?;
                Ok(Done::Chats { chats, more })
            }
            Query::Files { place, before } => self.list_files(place.as_ref(), before),
        }
    }

    /// A place that this session may read: one that the chat knows, or a
    /// conversation with a guest who left, which only the database knows.
    fn readable(&mut self, place: Option<&Place>) -> Result<Readable, ChatError> {
        let found = self.with_loads(|session| session.hub.chat.readable(session.handle.id, place, hub::now()));
        match (found, place) {
            (Err(refusal @ (ChatError::NoSuchNick(_) | ChatError::NoConversation(_))), Some(Place::With(nick))) => {
                self.with_former_guest(nick)?.ok_or(refusal)
            }
            (found, _) => found,
        }
    }

    /// A page of messages from the database, or from memory if there is no database.
    fn history(&mut self, place: Option<&Place>, page: Page, limit: Option<usize>) -> Result<Done, ChatError> {
        let most = self.hub.limits.now().page(limit);
        if self.hub.database.is_none() {
            return self.hub.chat.remembered(self.handle.id, place, (page, most), hub::now()).map(Done::History);
        }
        let Readable { place, label, .. } = self.readable(place)?;
        let database = self.settled_database()?;
        for bound in page.bounds() {
            let Bound::Message(of, seq, time) = bound else { continue };
            let found = database.store.message(place, &label, seq)?.filter(|found| found.message.time == time);
            if of != place || found.is_none() {
                return Err(ChatError::NoSuchMessage(seq));
            }
        }
        let pages = self.page(&database, (place, &label), page, most)?;
        Ok(Done::History(history(label, page, pages)))
    }

    fn search(
        &mut self,
        place: Option<&Place>,
        text: &str,
        range: (Option<Millis>, Option<Spot>),
        limit: Option<usize>,
    ) -> Result<Done, ChatError> {
        self.database()?;
        let Searchable { account, mut places } = match place {
            None => self.hub.chat.searchable(self.handle.id, hub::now())?,
            place => {
                let Readable { place, label, .. } = self.readable(place)?;
                Searchable { account: None, places: vec![(place, label)] }
            }
        };
        let database = self.settled_database()?;
        if let Some(account) = account {
            places.extend(conversations(database.store.memberships(account)?));
        }
        database.index.wait(&database.write_queue, INDEX_PATIENCE);
        let (mut found, more) = database.store.search(text, &places, range, self.hub.limits.now().page(limit))?;
        let fit = fitting(found.iter().map(|found| &found.message), self.hub.limits.now().answer_bytes);
        let more = fit < found.len() || more;
        found.truncate(fit);
        let next = found.last().filter(|_| more).map(|last| Arc::from(last.spot.to_string()));
        Ok(Done::Search { messages: found.into_iter().map(|found| found.message).collect(), more, next })
    }

    fn list_files(&mut self, place: Option<&Place>, before: Option<Seq>) -> Result<Done, ChatError> {
        self.database()?;
        let Readable { place, label, .. } = self.readable(place)?;
        let database = self.settled_database()?;
        let limits = self.hub.limits.now();
        let files = database.store.files(place, before, limits.history_page + 1)?;
        let row = |file: StoredFile| FileRow { info: file.info, seq: file.seq, from: file.from, time: file.time };
        let mut rows = files.into_iter().map(row).peekable();
        let files = answer::page(&mut rows, limits.history_page, limits.answer_bytes);
        Ok(Done::Files { room: label, files, more: rows.peek().is_some() })
    }

    /// Deletes a message that is only in the database.
    fn delete(&mut self, tag: Option<Tag>, message: Unremembered) -> Result<(), ChatError> {
        let Unremembered { doomed: Doomed { place: named, seq, said, text }, place, label, identity } = message;
        let database = self.settled_database()?;
        let line = match seq {
            Some(seq) => database.store.message(place, &label, seq)?,
            None => {
                let pages = database.store.page(place, &label, Page::Last, OWN_LAST)?;
                pages.messages.into_iter().rev().find(|line| line.identity == identity && !line.message.deleted)
            }
        };
        let meant = |line: &StoredMessage| !line.message.deleted && said.is_none_or(|said| said == line.message.time);
        let line = line.filter(meant).ok_or(ChatError::NoSuchMessage(seq.unwrap_or(0)))?;
        let place = match named {
            Some(place) => place,
            None => Place::Room(RoomName::parse(&label)?),
        };
        let Message { seq, time: said, .. } = *line.message;
        let found = Found { place: &place, seq, author: line.identity, said, text };
        self.hub.chat.delete_known(self.handle.id, tag, found, hub::now(), &mut self.effects)
    }
}

impl answer::Row for StoredMessage {
    fn weight(&self) -> usize {
        self.message.weight()
    }
}

fn messages(lines: Vec<StoredMessage>) -> Vec<Arc<Message>> {
    lines.into_iter().map(|line| line.message).collect()
}

/// How many of these messages have at most `most` bytes together; at least one.
fn fitting<'a>(messages: impl Iterator<Item = &'a Arc<Message>>, most: usize) -> usize {
    answer::page(&mut messages.cloned().peekable(), usize::MAX, most).len().max(1)
}

/// The history of a page. `missed` counts messages that were removed because of their age or number.
fn history(room: Arc<str>, page: Page, pages: Pages) -> History {
    let Pages { messages: stored, first, more, .. } = pages;
    let messages = messages(stored);
    let missed = match (page, messages.first()) {
        (Page::After(Bound::Seq(after)), Some(message)) => message.seq.saturating_sub(after.saturating_add(1)),
        (Page::After(Bound::Seq(after)), None) => first.saturating_sub(after.saturating_add(1)),
        _ => 0,
    };
    History { room, messages, missed, more, after: None }
}

/// The private conversations among these memberships.
pub(super) fn conversations(memberships: Vec<MembershipRow>) -> impl Iterator<Item = (PlaceId, Arc<str>)> {
    memberships
        .into_iter()
        .filter_map(|membership| Some((membership.place, Arc::from(format!("@{}", membership.with?.1)))))
}

/// The places of an account, and the number up to which each is read.
pub(super) fn own_places(database: &Database, account: AccountId) -> Result<Vec<(PlaceId, Seq)>, ChatError> {
    let memberships = database.store.memberships(account)?;
    Ok(memberships.into_iter().map(|membership| (membership.place, membership.read)).collect())
}
