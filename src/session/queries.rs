//! What a session reads from the database, on its own thread and outside every lock: history, search, unread counts, and what a command needs to go on. Knows no front.

use std::sync::Arc;

use super::Session;
use super::hub::{self, Database};
use super::later::Later;
pub(super) use super::waits::unread;
use crate::answer;
use crate::answer::{ChatInfo, Done, FileRow, History};
use crate::chat::{CatchUp, Halt, JoinRequest, LastSeen, Load, Next, Readable, Searchable, Unremembered};
use crate::command::{ChatCommand, Page, Place, Query, Spot};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Message, Millis, PlaceId, Seq, Tag};
use crate::names::{Nick, RoomName};
use crate::record::{MembershipRow, Pages, StoredFile, StoredMessage};
use crate::store::StoreError;

/// How often a verb may find that something must be read first: each time
/// it gets further, unless others are faster for ever.
const MAX_RETRIES: usize = 8;

/// Where the asker's own last message is looked for, in messages.
const OWN_LAST: usize = 100;

impl Session {
    pub(super) fn database(&self) -> Result<Arc<Database>, ChatError> {
        self.hub.database.clone().ok_or(ChatError::NothingKept)
    }

    /// Carries out a command of the chat; reads before that, and once more, what it needs.
    #[inline(never)]
    pub(super) fn carry_out(&mut self, tag: Option<Tag>, command: ChatCommand) -> Result<(), ChatError> {
        if matches!(command, ChatCommand::Say { .. } | ChatCommand::Me { .. }) {
            // To say something, nothing must be read.
            let said = self.hub.chat.obey(self.handle.id, tag, command, hub::now(), &mut self.effects);
            return said.map(drop).map_err(Halt::into_refusal);
        }
        // Meanwhile the peer is not silent, but not heard.
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
                    ChatCommand::Read { place: Some(Place::With(nick)), .. } => self.read_the_gone(tag, nick)?,
                    ChatCommand::Close { with } => self.close_the_gone(tag, with)?,
                    _ => None,
                };
                made.ok_or(refusal)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Does what the chat is asked for; if the chat lacks something, reads that and asks again.
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

    /// Reads what the chat must have in memory, and gives it to the chat.
    #[inline(never)]
    fn load(&mut self, load: Load) -> Result<(), ChatError> {
        let database = self.settled_database()?;
        match load {
            Load::Recent { place, label, seq, deletions } => {
                let most = self.hub.limits.recent;
                let pages = database.store.page(place, &label, Page::Last, most).map_err(|error| unread(&error))?;
                self.hub.chat.load_recent(place, (seq, deletions), pages.messages);
            }
            Load::Conversation { between, reading } => {
                let found = database.store.conversation(between.0, between.1).map_err(|error| unread(&error))?;
                self.hub.chat.load_conversation(between, reading, found);
            }
        }
        Ok(())
    }

    /// Goes into a room, with what was said there since, page by page, if that
    /// is more than is in memory.
    pub(super) fn come_in(&mut self, tag: Option<Tag>, mut request: JoinRequest) -> Result<(), ChatError> {
        let limits = Arc::clone(&self.hub.limits);
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

    /// Shows one page of what was said after `from`, to somebody who has seen
    /// all up to `after`. Returns the number of its last message.
    #[inline(never)]
    fn show_page(
        &mut self,
        place: PlaceId,
        label: &Arc<str>,
        (after, from): (Seq, Seq),
    ) -> Result<Option<Seq>, ChatError> {
        let database = self.settled_database()?;
        let most = self.hub.limits.history_page;
        let pages = self.page(&database, (place, label), Page::After(from), most)?;
        let messages = messages(pages.messages);
        let Some(last) = messages.last().map(|message| message.seq) else { return Ok(None) };
        let missed = messages.first().map_or(0, |first| first.seq - after - 1);
        let history = History { room: Arc::clone(label), messages, missed, more: true, after: Some(after) };
        self.effects.answer(&self.handle.outbox, Event::History(history));
        self.flush();
        self.wait_for_space();
        Ok(Some(last))
    }

    /// Reads a page, as far as it may wait for this session at once: the texts may be long.
    fn page(
        &self,
        database: &Database,
        (place, label): (PlaceId, &Arc<str>),
        page: Page,
        most: usize,
    ) -> Result<Pages, ChatError> {
        let mut pages = database.store.page(place, label, page, most).map_err(|error| unread(&error))?;
        let (lines, most) = (&mut pages.messages, self.hub.limits.answer_bytes);
        let is_up = matches!(page, Page::After(_) | Page::SinceTime(_));
        let fit = if is_up {
            fitting(lines.iter().map(|line| &line.message), most)
        } else {
            fitting(lines.iter().rev().map(|line| &line.message), most)
        };
        if fit < lines.len() {
            pages.more = true;
            if is_up { lines.truncate(fit) } else { drop(lines.drain(..lines.len() - fit)) }
        }
        Ok(pages)
    }

    /// Answers what only reads: the chat tells what may be read, and it is read here.
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
            Query::Chats { past } => {
                let (account, _) = self.hub.chat.account_of(self.handle.id, hub::now())?;
                let database = self.settled_database()?;
                let (chats, more) = self.chats(&database, account, past)?;
                Ok(Done::Chats { chats, more })
            }
            Query::Files { place, before } => self.list_files(place.as_ref(), before),
        }
    }

    /// A place that this session may read: one that the chat knows, or a
    /// conversation with a guest who is gone, which only the database knows.
    fn readable(&mut self, place: Option<&Place>) -> Result<Readable, ChatError> {
        let found = self.with_loads(|session| session.hub.chat.readable(session.handle.id, place, hub::now()));
        match (found, place) {
            (Err(refusal @ (ChatError::NoSuchNick(_) | ChatError::NoConversation(_))), Some(Place::With(nick))) => {
                self.with_the_gone(nick)?.ok_or(refusal)
            }
            (found, _) => found,
        }
    }

    /// A page of what was said. If nothing is stored, what is in memory.
    fn history(&mut self, place: Option<&Place>, page: Page, limit: Option<usize>) -> Result<Done, ChatError> {
        let most = self.hub.limits.page(limit);
        if self.hub.database.is_none() {
            return self.hub.chat.remembered(self.handle.id, place, (page, most), hub::now()).map(Done::History);
        }
        let Readable { place, label, .. } = self.readable(place)?;
        let database = self.settled_database()?;
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
        let told = |error: StoreError| unread(&error);
        if let Some(account) = account {
            places.extend(conversations(database.store.memberships(account).map_err(told)?));
        }
        index_all(&database);
        let (mut found, more) =
            database.store.search(text, &places, range, self.hub.limits.page(limit)).map_err(told)?;
        let fit = fitting(found.iter().map(|found| &found.message), self.hub.limits.answer_bytes);
        let more = fit < found.len() || more;
        found.truncate(fit);
        let next = found.last().filter(|_| more).map(|last| Arc::from(last.spot.to_string()));
        Ok(Done::Search { messages: found.into_iter().map(|found| found.message).collect(), more, next })
    }

    fn list_files(&mut self, place: Option<&Place>, before: Option<Seq>) -> Result<Done, ChatError> {
        self.database()?;
        let Readable { place, label, .. } = self.readable(place)?;
        let database = self.settled_database()?;
        let limits = &self.hub.limits;
        let files = database.store.files(place, before, limits.history_page + 1).map_err(|error| unread(&error))?;
        let row = |file: StoredFile| FileRow { info: file.info, seq: file.seq, from: file.from, time: file.time };
        let mut rows = files.into_iter().map(row).peekable();
        let files = answer::page(&mut rows, limits.history_page, limits.answer_bytes);
        Ok(Done::Files { room: label, files, more: rows.peek().is_some() })
    }

    /// A page of the places of an account, with what is unread there; whether there are more.
    pub(super) fn chats(
        &self,
        database: &Database,
        account: AccountId,
        past: Option<Place>,
    ) -> Result<(Vec<ChatInfo>, bool), ChatError> {
        let memberships = database.store.memberships(account).map_err(|error| unread(&error))?;
        let places: Vec<PlaceId> = memberships
            .iter()
            .filter(|membership| membership.with.is_none())
            .map(|membership| membership.place)
            .collect();
        let labels = self.hub.chat.labels(self.handle.id, &places, hub::now());
        let spoke = self.hub.chat.spoke(self.handle.id);
        let read_up = |membership: &MembershipRow| {
            membership.read.max(spoke.get(&membership.place).copied().unwrap_or(0)).min(membership.seq)
        };
        let after: Vec<_> = memberships.iter().map(|membership| (membership.place, read_up(membership))).collect();
        let left = database.store.left_after(&after).map_err(|error| unread(&error))?;
        let label = |membership: &MembershipRow| match &membership.with {
            Some((_, nick)) => Some(Arc::from(format!("@{nick}"))),
            None => labels.get(&membership.place).cloned(),
        };
        let info = |(membership, unread): (MembershipRow, u64)| {
            Some(ChatInfo { room: label(&membership)?, seq: membership.seq, read: read_up(&membership), unread })
        };
        let key = |room: &str| room.to_lowercase();
        let past = past.map(|past| key(&past.to_string()));
        let mut chats: Vec<ChatInfo> = memberships.into_iter().zip(left).filter_map(info).collect();
        chats.retain(|chat| past.as_ref().is_none_or(|past| key(&chat.room) > *past));
        chats.sort_by_cached_key(|chat| key(&chat.room));
        let mut rows = chats.into_iter().peekable();
        let page = answer::page(&mut rows, self.hub.limits.members_page, self.hub.limits.answer_bytes);
        Ok((page, rows.peek().is_some()))
    }

    /// Deletes a message that is in the database only.
    fn delete(&mut self, tag: Option<Tag>, message: Unremembered) -> Result<(), ChatError> {
        let Unremembered { named, place, label, seq, identity } = message;
        let database = self.settled_database()?;
        let told = |error: StoreError| unread(&error);
        let line = match seq {
            Some(seq) => database.store.message(place, &label, seq).map_err(told)?,
            None => {
                let pages = database.store.page(place, &label, Page::Last, OWN_LAST).map_err(told)?;
                pages.messages.into_iter().rev().find(|line| line.identity == identity && !line.message.deleted)
            }
        };
        let line = line.filter(|line| !line.message.deleted).ok_or(ChatError::NoSuchMessage(seq.unwrap_or(0)))?;
        let place = match named {
            Some(place) => place,
            None => Place::Room(RoomName::parse(&label)?),
        };
        let known = (&place, line.message.seq, line.identity);
        self.hub.chat.delete_known(self.handle.id, tag, known, hub::now(), &mut self.effects)
    }
}

/// Waits until what was said is in the search index, too.
fn index_all(database: &Database) {
    database.index.wait(&database.write_queue, INDEX_PATIENCE);
}

/// How long a search waits for the index to catch up; after that it finds what it finds.
const INDEX_PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

fn messages(lines: Vec<StoredMessage>) -> Vec<Arc<Message>> {
    lines.into_iter().map(|line| line.message).collect()
}

/// How many of these messages are no more than `most` bytes together; one at least.
fn fitting<'a>(messages: impl Iterator<Item = &'a Arc<Message>>, most: usize) -> usize {
    answer::page(&mut messages.cloned().peekable(), usize::MAX, most).len().max(1)
}

/// A page as it is told; what is missing before it was deleted by age or number.
fn history(room: Arc<str>, page: Page, pages: Pages) -> History {
    let Pages { messages: stored, first, more } = pages;
    let messages = messages(stored);
    let missed = match (page, messages.first()) {
        (Page::After(after), Some(message)) => message.seq.saturating_sub(after.saturating_add(1)),
        (Page::After(after), None) => first.saturating_sub(after.saturating_add(1)),
        _ => 0,
    };
    History { room, messages, missed, more, after: None }
}

/// The private conversations among somebody's places.
pub(super) fn conversations(memberships: Vec<MembershipRow>) -> impl Iterator<Item = (PlaceId, Arc<str>)> {
    memberships
        .into_iter()
        .filter_map(|membership| Some((membership.place, Arc::from(format!("@{}", membership.with?.1)))))
}

/// The places of an account, by number, and how far each is read.
pub(super) fn own_places(database: &Database, account: AccountId) -> Result<Vec<(PlaceId, Seq)>, ChatError> {
    let memberships = database.store.memberships(account).map_err(|error| unread(&error))?;
    Ok(memberships.into_iter().map(|membership| (membership.place, membership.read)).collect())
}

/// The account of this name, and the PHC string of its password.
pub(super) fn secret(database: &Database, nick: &Nick) -> Result<Option<(AccountId, String)>, ChatError> {
    database.store.secret(nick.key()).map_err(|error| unread(&error))
}
