//! Whom a request about a person means: a person who is online, an account, an address, or all whom a mask fits. Changes nothing.

use std::sync::Arc;

use super::masks::{self, Meaning, Pattern};
use super::registry::Person;
use super::{PersonId, SessionId, State};
use crate::command::{ModAction, Moderation, Whom};
use crate::model::{AccountId, Identity, PlaceId, Restriction, Target, origin};
use crate::names::Nick;

/// The person that a request is about, as far as the chat knows that person.
#[derive(Debug)]
pub(super) struct ModTarget {
    /// What finds the person; the first is what the request named.
    pub targets: Vec<Target>,
    pub identity: Option<Identity>,
    pub person: Option<PersonId>,
    pub shown: Arc<str>,
    /// The mask, if the request named one.
    pub mask: Option<Arc<str>>,
}

impl ModTarget {
    /// All whom these targets find, shown as `shown`.
    pub(super) fn of(targets: Vec<Target>, shown: &str) -> ModTarget {
        ModTarget { targets, identity: None, person: None, shown: Arc::from(shown), mask: None }
    }

    /// The pattern, if it is all whom a mask fits, and nobody in particular.
    pub fn pattern(&self) -> Option<Pattern> {
        match &*self.targets {
            [Target::Mask(mask)] => Some(Pattern::new(mask)),
            _ => None,
        }
    }

    /// Whether it is everybody.
    pub(super) fn is_for_all(&self) -> bool {
        matches!(&*self.targets, [Target::Mask(mask)] if masks::is_for_all(mask))
    }

    /// An account whose person is not online.
    pub(super) fn account(id: AccountId, shown: &str) -> ModTarget {
        ModTarget { identity: Some(Identity::Account(id)), ..ModTarget::of(vec![Target::Account(id)], shown) }
    }
}

impl State {
    /// The target of a request: a person who is online, an account, an address, or all whom a mask fits.
    pub(super) fn target_of(&self, whom: &Whom) -> ModTarget {
        match whom {
            Whom::Address(address) => ModTarget::of(vec![Target::Address(origin(*address))], &address.to_string()),
            Whom::Mask(mask) => self.masked(mask),
            Whom::Nick(nick) => self
                .named_target(nick)
                .unwrap_or_else(|| ModTarget::of(vec![Target::Nick(Arc::from(nick.key()))], nick.shown())),
        }
    }

    /// The same; but what is to be lifted is found by what the list shows.
    pub(super) fn target_in(&self, place: Option<PlaceId>, request: &Moderation) -> ModTarget {
        let kind = match request.action {
            ModAction::Unban => Restriction::Ban,
            ModAction::Unmute => Restriction::Mute,
            _ => return self.target_of(&request.whom),
        };
        match &request.whom {
            Whom::Mask(mask) => match self.restrictions.shown_as(place, kind, mask) {
                Some(old) => {
                    ModTarget { mask: Some(Arc::clone(mask)), ..ModTarget::of(old.targets.clone(), &old.nick) }
                }
                None => self.target_of(&request.whom),
            },
            Whom::Nick(_) | Whom::Address(_) => self.target_of(&request.whom),
        }
    }

    /// The person or the account of this name.
    pub(super) fn named_target(&self, nick: &Nick) -> Option<ModTarget> {
        self.registry.called(nick).and_then(|id| self.person_target(id)).or_else(|| {
            let account = self.registry.accounts.named(nick)?;
            Some(ModTarget::account(account.id, account.nick.shown()))
        })
    }

    /// A person who is online.
    pub(super) fn person_target(&self, id: PersonId) -> Option<ModTarget> {
        let person = self.registry.person(id)?;
        let (identity, targets) = (Some(person.identity), self.targets_of(person));
        Some(ModTarget { targets, identity, person: Some(id), shown: Arc::clone(person.shown()), mask: None })
    }

    /// An account, online or not.
    pub(super) fn identified(&self, id: AccountId) -> Option<ModTarget> {
        self.registry.online(Identity::Account(id)).and_then(|person| self.person_target(person)).or_else(|| {
            let account = self.registry.accounts.get(id)?;
            Some(ModTarget::account(id, account.nick.shown()))
        })
    }

    /// What finds a person who is online again: the account, and the resume number
    /// and address of each session. A guest on the server's own machine is found
    /// by the name instead of the address, because all people there share the address.
    pub(super) fn targets_of(&self, person: &Person) -> Vec<Target> {
        let mut targets: Vec<Target> = person.account().map(Target::Account).into_iter().collect();
        let mut is_local = false;
        for subject in person.sessions.iter().filter_map(|id| self.subject_of(*id)) {
            is_local |= subject.origin.is_loopback();
            let more: Vec<Target> = subject.lasting().into_iter().filter(|target| !targets.contains(target)).collect();
            targets.extend(more);
        }
        if is_local && person.account().is_none() {
            targets.push(Target::Nick(Arc::from(person.nick.key())));
        }
        targets
    }

    /// The members of a room that a target names: one person; or all guests from an address, or all whom
    /// a mask fits, who are no ops.
    pub(super) fn members_meant(&self, place: PlaceId, target: &ModTarget) -> Vec<PersonId> {
        let Some(room) = self.rooms.get(place) else { return Vec::new() };
        if let Some(id) = target.person {
            return room.members.contains(&id).then_some(id).into_iter().collect();
        }
        let pattern = target.pattern();
        let is_found = |id: &SessionId| self.subject_of(*id).is_some_and(|subject| subject.is_any(&target.targets));
        let is_found = |person: &Person| match &pattern {
            Some(pattern) => pattern.fits(&person.form()),
            None => person.sessions.iter().any(is_found),
        };
        let is_meant = |id: &&PersonId| self.registry.person(**id).is_some_and(is_found) && !self.is_op_of(room, **id);
        room.members.iter().filter(is_meant).copied().collect()
    }

    /// The target of a mask: see the table above.
    pub(super) fn masked(&self, typed: &Arc<str>) -> ModTarget {
        let whole = masks::whole(typed);
        let found = match masks::meaning(&whole) {
            Meaning::Account(name) => {
                let account = Nick::parse(name).ok().and_then(|name| self.registry.accounts.named(&name));
                account.and_then(|account| self.identified(account.id))
            }
            Meaning::Name(name) => Nick::parse(name).ok().and_then(|name| self.named_target(&name)),
            Meaning::Host(host) => self.behind(host, typed),
            Meaning::Address(address) => Some(ModTarget::of(vec![Target::Address(origin(address))], typed)),
            Meaning::Others => None,
        };
        let found = found.unwrap_or_else(|| ModTarget::of(vec![Target::Mask(whole.into())], typed));
        ModTarget { mask: Some(Arc::clone(typed)), ..found }
    }

    /// What a host stands for, if a person has it who is here, or who left lately.
    fn behind(&self, host: &str, typed: &str) -> Option<ModTarget> {
        let mut people = self.registry.people().filter(|(_, person)| person.face.host() == host);
        match (people.next(), people.next()) {
            (Some((id, _)), None) => self.person_target(id),
            // Guests from one address: the address is meant.
            (Some((_, person)), Some(_)) => {
                let session = self.registry.session(*person.sessions.first()?)?;
                Some(ModTarget::of(vec![Target::Address(origin(session.address))], typed))
            }
            (None, _) => self.gone.behind(host),
        }
    }
}
