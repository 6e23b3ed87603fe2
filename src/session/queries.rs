//! What a session reads from the database, on its own thread and outside every lock: history, search, unread counts, and what a command needs to go on. Knows no front.

use std::sync::Arc;

use super::Session;
use super::hub::{self, Database};
pub(super) use super::waits::unread;
use crate::answer;
use crate::answer::{ChatInfo, Done, FileRow, History};
use crate::chat::{JoinRequest, Need, Step};
use crate::command::{Command, Page, Place};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Identity, PlaceId};
use crate::model::{Message, Seq, Tag};
use crate::names::{Nick, RoomName};
use crate::record::{MembershipRow, Pages, StoredMessage};
use crate::store::StoreError;

/// How often a command may find that something must be read first: each time
/// it gets further, unless others are faster for ever.
const MAX_RETRIES: usize = 8;

/// Where the asker's own last message is looked for, in messages.
const OWN_LAST: usize = 100;

impl Session {
    pub(super) fn database(&self) -> Result<Arc<Database>, ChatError> {
        self.hub.database.clone().ok_or(ChatError::NothingKept)
    }

    /// Carries out a command of the chat; reads before that, and once more, what it needs.
    pub(super) fn carry_out_reading(&mut self, tag: Option<Tag>, command: Command) -> Result<(), ChatError> {
        for _ in 0..MAX_RETRIES {
            let now = hub::now();
            let need = match self.hub.chat.obey(self.handle.id, tag.clone(), command.clone(), now, &mut self.effects) {
                Ok(Step::Done) => return Ok(()),
                Ok(Step::Needs(need)) => need,
                Err(refusal @ (ChatError::NoSuchNick(_) | ChatError::NoConversation(_))) => {
                    match &command {
                        Command::Read { place: Some(Place::With(nick)), .. } => {
                            return self.read_the_gone(tag, nick)?.ok_or(refusal);
                        }
                        Command::Close { with } => return self.close_the_gone(tag, with)?.ok_or(refusal),
                        _ => {}
                    }
                    self.with_the_gone(&command)?.ok_or(refusal)?
                }
                Err(refusal) => return Err(refusal),
            };
            match (need, &command) {
                (Need::CatchUp { label, .. }, Command::Join { .. }) => {
                    self.answer(tag, Done::Join { room: label });
                    return self.come_in(JoinRequest::try_from(command).map_err(|()| ChatError::Closing)?);
                }
                (Need::Author { place, label, seq, identity }, Command::Delete { place: named, .. }) => {
                    return self.delete(tag, (place, label), named.clone(), seq, identity);
                }
                (need @ (Need::Recent { .. } | Need::Conversation { .. }), _) => self.load(need)?,
                (need, _) => {
                    let done = self.read(need)?;
                    self.answer(tag, done);
                    return Ok(());
                }
            }
        }
        Err(ChatError::NotTaken("there is too much going on there".to_owned()))
    }

    /// Tells this session that a command was carried out.
    pub(super) fn answer(&mut self, tag: Option<Tag>, done: Done) {
        self.effects.answer(&self.handle.outbox, Event::Ok { tag, done });
    }

    /// Reads what the chat must have in memory.
    #[inline(never)]
    pub(super) fn load(&mut self, need: Need) -> Result<(), ChatError> {
        let database = self.settled_database()?;
        match need {
            Need::Recent { place, label, seq, deletions } => {
                let most = self.hub.limits.recent;
                let pages = database.store.page(place, &label, Page::Last, most).map_err(|error| unread(&error))?;
                self.hub.chat.load(place, (seq, deletions), pages.messages);
            }
            Need::Conversation { between, reading } => {
                let found = database.store.conversation(between.0, between.1).map_err(|error| unread(&error))?;
                self.hub.chat.load_conversation(between, reading, found);
            }
            _ => {}
        }
        Ok(())
    }

    /// Goes into a room, with what was said there since, page by page, where
    /// that is more than is remembered in memory.
    pub(super) fn come_in(&mut self, mut wish: JoinRequest) -> Result<(), ChatError> {
        let limits = Arc::clone(&self.hub.limits);
        let mut left = limits.history_request + 2 * limits.history_page;
        loop {
            match self.hub.chat.go_in(self.handle.id, &wish, hub::now(), &mut self.effects)? {
                Step::Done => return Ok(()),
                Step::Needs(Need::CatchUp { place, label, after, first }) => {
                    let seen = wish.seen.get_or_insert(crate::chat::LastSeen {
                        after,
                        made: None,
                        run: None,
                        accept_gap: true,
                    });
                    (seen.made, seen.run) = (None, None);
                    if left == 0 {
                        seen.accept_gap = true;
                        continue;
                    }
                    let from = after.max((first - 1).saturating_sub(limits.history_request as Seq));
                    let last = self.show_page(place, &label, (after, from))?;
                    // Where nothing is kept between the two, there is nothing to show.
                    if let Some(seen) = &mut wish.seen {
                        seen.after = last.unwrap_or(first - 1);
                        left = left.saturating_sub(usize::try_from(seen.after - from).unwrap_or(left));
                    }
                }
                Step::Needs(need) => self.load(need)?,
            }
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

    /// Reads an answer.
    #[inline(never)]
    fn read(&mut self, need: Need) -> Result<Done, ChatError> {
        let database = self.settled_database()?;
        let told = |error: StoreError| unread(&error);
        Ok(match need {
            Need::History { place, label, page, most } => {
                let pages = self.page(&database, (place, &label), page, most)?;
                Done::History(history(label, page, pages))
            }
            Need::Search { account, rooms, text, until, next, most } => {
                let mut places = rooms;
                if let Some(account) = account {
                    places.extend(conversations(database.store.memberships(account).map_err(told)?));
                }
                index_all(&database);
                let (mut found, more) = database.store.search(&text, &places, (until, next), most).map_err(told)?;
                let fit = fitting(found.iter().map(|found| &found.message), self.hub.limits.answer_bytes);
                let more = fit < found.len() || more;
                found.truncate(fit);
                let next = found.last().filter(|_| more).map(|last| Arc::from(last.spot.to_string()));
                Done::Search { messages: found.into_iter().map(|found| found.message).collect(), more, next }
            }
            Need::Chats { account, past } => {
                let (chats, more) = self.chats(&database, account, past)?;
                Done::Chats { chats, more }
            }
            Need::Files { place, label, before } => {
                let limits = &self.hub.limits;
                let files = database.store.files(place, before, limits.history_page + 1).map_err(told)?;
                let row = |file: crate::record::StoredFile| FileRow {
                    info: file.info,
                    seq: file.seq,
                    from: file.from,
                    time: file.time,
                };
                let mut rows = files.into_iter().map(row).peekable();
                let files = answer::page(&mut rows, limits.history_page, limits.answer_bytes);
                Done::Files { room: label, files, more: rows.peek().is_some() }
            }
            Need::Recent { .. } | Need::CatchUp { .. } | Need::Conversation { .. } | Need::Author { .. } => {
                return Err(ChatError::Closing);
            }
        })
    }

    /// A page of the places of an account, with what is unread there; whether there are more.
    #[inline(never)]
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
    #[inline(never)]
    fn delete(
        &mut self,
        tag: Option<Tag>,
        (place, label): (PlaceId, Arc<str>),
        named: Option<Place>,
        seq: Option<Seq>,
        identity: Identity,
    ) -> Result<(), ChatError> {
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
        let known = (place, line.message.seq, line.identity);
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

impl TryFrom<Command> for JoinRequest {
    type Error = ();

    /// What a `join` wants.
    fn try_from(command: Command) -> Result<JoinRequest, ()> {
        let Command::Join { room, after, made, run, key } = command else { return Err(()) };
        let seen = after.map(|after| crate::chat::LastSeen { after, made, run, accept_gap: false });
        Ok(JoinRequest { room, seen, key })
    }
}
