//! All accounts, by number and by name: which are ops, in which rooms each has a role, how many conversations each has. Knows no passwords and no sessions.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::name_index::NameIndex;
use crate::model::{AccountId, Identity, Millis, PlaceId};
use crate::names::Nick;
use crate::record::AccountRecord;

/// All accounts, by number, by name and by the look of the name.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    ids: HashMap<AccountId, AccountRecord>,
    names: NameIndex<AccountId>,
    /// How many private conversations each has, if it has any.
    conversations: HashMap<AccountId, usize>,
    /// The rooms in which each has a role or a voice, if there are any. Without it, all rooms would be searched for one account.
    held: HashMap<AccountId, BTreeSet<PlaceId>>,
    /// When an account got another password, in this run of the server.
    changed: HashMap<AccountId, Millis>,
}

impl Accounts {
    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn get(&self, id: AccountId) -> Option<&AccountRecord> {
        self.ids.get(&id)
    }

    /// The account with this identity.
    pub fn of(&self, identity: Identity) -> Option<&AccountRecord> {
        self.ids.get(&identity.account()?)
    }

    /// Notes that an account has another password from now on.
    pub fn has_changed(&mut self, id: AccountId, now: Millis) {
        self.changed.insert(id, now);
    }

    /// Whether an account got another password after this time. A password that
    /// was checked before the change, or a row that was read before it, is out of date.
    pub fn changed_after(&self, id: AccountId, time: Millis) -> bool {
        self.changed.get(&id).is_some_and(|changed| *changed > time)
    }

    /// How many changes of a password are remembered: for tests.
    #[cfg(test)]
    pub fn changed(&self) -> usize {
        self.changed.len()
    }

    /// The account of exactly this name.
    pub fn named(&self, nick: &Nick) -> Option<&AccountRecord> {
        self.ids.get(&self.names.named(nick)?)
    }

    /// The account that has this name, or one that looks like it.
    pub fn owner(&self, nick: &Nick) -> Option<AccountId> {
        self.names.owner(nick)
    }

    pub fn is_op(&self, identity: Identity) -> bool {
        self.of(identity).is_some_and(|account| account.op)
    }

    pub fn has_op(&self) -> bool {
        self.ids.values().any(|account| account.op)
    }

    pub fn count(&self) -> usize {
        self.ids.len()
    }

    pub fn insert(&mut self, account: AccountRecord) {
        self.names.claim(&account.nick, account.id);
        self.ids.insert(account.id, account);
    }

    /// Notes whether an account has a role or a voice in a room; those of guests are not noted.
    pub fn holds(&mut self, identity: Identity, place: PlaceId, holds: bool) {
        let Some(id) = identity.account() else { return };
        if holds {
            self.held.entry(id).or_default().insert(place);
        } else if let Some(places) = self.held.get_mut(&id) {
            places.remove(&place);
            if places.is_empty() {
                self.held.remove(&id);
            }
        }
    }

    /// The rooms in which an account has a role or a voice.
    pub fn held(&self, id: AccountId) -> impl Iterator<Item = PlaceId> {
        self.held.get(&id).into_iter().flatten().copied()
    }

    /// How many private conversations an account has.
    pub fn conversations(&self, id: AccountId) -> usize {
        self.conversations.get(&id).copied().unwrap_or(0)
    }

    /// Takes the numbers of conversations that the database found.
    pub fn found_conversations(&mut self, found: Vec<(AccountId, usize)>) {
        self.conversations = found.into_iter().collect();
    }

    /// Counts one more conversation of an account, or one less.
    pub fn count_conversation(&mut self, id: AccountId, more: bool) {
        let count = self.conversations.entry(id).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
    }

    pub fn remove(&mut self, id: AccountId) {
        self.conversations.remove(&id);
        self.changed.remove(&id);
        self.held.remove(&id);
        if let Some(account) = self.ids.remove(&id) {
            self.names.free(&account.nick);
        }
    }

    pub fn set_about(&mut self, id: AccountId, about: Option<Arc<str>>) {
        if let Some(account) = self.ids.get_mut(&id) {
            account.about = about;
        }
    }

    pub fn set_op(&mut self, id: AccountId, op: bool) {
        if let Some(account) = self.ids.get_mut(&id) {
            account.op = op;
        }
    }
}
