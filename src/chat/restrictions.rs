//! Every ban and mute: in which place it is in force, and for which people. Knows no rooms, sessions or ops.
//!
//! A restriction is for a person. A person can be found again in several ways: by
//! the account, by the resume number (a session and its token), by the address, by
//! the nick. So a restriction has several targets. When a restricted person
//! registers, logs in or out, the new account or resume number is one more target.

#[cfg(test)]
use std::collections::HashSet;
use std::collections::{BTreeSet, HashMap};

use super::context::Context;
use super::masks::{Masks, form, whole};
use super::registry::Person;
use crate::actor::Actor;
use crate::answer::{BanInfo, shown_mask};
use crate::error::ChatError;
use crate::model::Millis;
use crate::model::{Address, Identity, PlaceId, Restriction, ResumeId, Target, origin};
use crate::names::Nick;
use crate::record::{Record, RestrictionRecord};

/// A room, or the whole server.
type Place = Option<PlaceId>;

/// A person, with everything by which a restriction finds people.
#[derive(Debug, Clone)]
pub(super) struct BanSubject {
    pub identity: Identity,
    pub resume_id: ResumeId,
    pub nick: Nick,
    /// The address, as [`origin`] counts it.
    pub origin: Address,
    /// What others see of the person beside the nick.
    pub face: Actor,
}

impl BanSubject {
    /// The person of a session.
    pub fn new(person: &Person, resume_id: ResumeId, address: Address) -> BanSubject {
        let (identity, nick, face) = (person.identity, person.nick.clone(), person.face.clone());
        BanSubject { identity, resume_id, nick, origin: origin(address), face }
    }

    /// Whether a restriction with that target is for this person.
    pub fn is_meant(&self, target: &Target) -> bool {
        let guest = matches!(self.identity, Identity::Guest(_));
        match target {
            Target::Account(id) => self.identity == Identity::Account(*id),
            Target::Resume(resume_id) => self.resume_id == *resume_id,
            // A ban of an address holds for guests only: an account is banned by its own target.
            Target::Address(address) => guest && *address == self.origin,
            Target::Nick(key) => guest && **key == *self.nick.key(),
            // It takes a pattern to tell: see [`Masks`].
            Target::Mask(_) => false,
        }
    }

    /// Whether a restriction with any of these targets is for this person.
    pub fn is_any(&self, targets: &[Target]) -> bool {
        targets.iter().any(|target| self.is_meant(target))
    }

    /// Every target that finds this person.
    fn found_by(&self) -> Vec<Target> {
        let mut targets = vec![Target::Resume(self.resume_id)];
        match self.identity {
            Identity::Account(id) => targets.push(Target::Account(id)),
            Identity::Guest(_) => targets.extend([Target::Address(self.origin), Target::Nick(self.nick.key().into())]),
        }
        targets
    }

    /// The targets that find this person again after a new name or account: the
    /// resume number and the address. A loopback address is left out, because all
    /// people on this machine share it.
    pub fn lasting(&self) -> Vec<Target> {
        let address = Some(self.origin).filter(|address| !address.is_loopback()).map(Target::Address);
        std::iter::once(Target::Resume(self.resume_id)).chain(address).collect()
    }
}

/// All bans and mutes.
#[derive(Debug, Default)]
pub(super) struct Restrictions {
    places: HashMap<Place, Vec<RestrictionRecord>>,
    /// The places that have a restriction with that target. Without it, all rooms would be searched for one person.
    found: HashMap<Target, BTreeSet<Place>>,
    /// The places that have masks.
    masks: HashMap<Place, Masks>,
}

impl Restrictions {
    /// The restrictions of a place, the oldest first; some may be over.
    pub fn at(&self, place: Place) -> &[RestrictionRecord] {
        self.places.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The restriction of this kind that is in force for a person in a place.
    pub fn on(&self, place: Place, kind: Restriction, subject: &BanSubject, now: Millis) -> Option<&RestrictionRecord> {
        // Every message in the place is checked here. If it has many restrictions, the index tells first whether any is for this person.
        const MANY: usize = 8;
        let restrictions = self.at(place);
        let fitting =
            self.masks.get(&place).map(|masks| masks.fitting(form(&subject.nick, &subject.face, subject.identity)));
        let fitting = fitting.as_deref().unwrap_or_default();
        let is_found = |target| self.found.get(&target).is_some_and(|places: &BTreeSet<Place>| places.contains(&place));
        if restrictions.len() > MANY && fitting.is_empty() && !subject.found_by().into_iter().any(is_found) {
            return None;
        }
        let meant = |restriction: &&RestrictionRecord| {
            restriction.restriction == kind
                && in_force(restriction, now)
                && restriction.targets.iter().any(|target| subject.is_meant(target) || fitting.contains(target))
        };
        restrictions.iter().find(meant)
    }

    /// Takes a restriction that was found in the database. An address that was stored before networks counted as one is replaced.
    pub fn recall(&mut self, mut restriction: RestrictionRecord, cx: &Context<'_>) {
        let before = restriction.targets.clone();
        for target in &mut restriction.targets {
            if let Target::Address(address) = target {
                *address = origin(*address);
            }
        }
        if restriction.targets != before {
            cx.lift(restriction.place, restriction.restriction, before);
            cx.store(Record::Restriction(restriction.clone()));
        }
        self.add(restriction);
    }

    /// Adds a restriction. It replaces an earlier one of the same kind for the same
    /// person, and holds for the targets of that one, too.
    pub fn put(&mut self, mut restriction: RestrictionRecord, cx: &Context<'_>) -> Result<(), ChatError> {
        let place = restriction.place;
        let is_same = |old: &RestrictionRecord| {
            old.restriction == restriction.restriction && same(old, &restriction.targets, &restriction.nick)
        };
        // Restrictions that are over are removed only if there is no space for more:
        // a clock that is wrong for a minute may say that all are over.
        let full = self.at(place).iter().filter(|old| !is_same(old)).count() >= cx.limits.bans;
        let goes = |old: &RestrictionRecord| is_same(old) || full && !in_force(old, cx.now);
        let left = self.at(place).iter().filter(|old| !goes(old)).count();
        if left >= cx.limits.bans {
            return Err(ChatError::TooManyBans(cx.limits.bans));
        }
        let removed = self.take(place, goes);
        for old in removed.into_iter().filter(|old| in_force(old, cx.now)) {
            let more = old.targets.into_iter().filter(|target| !restriction.targets.contains(target));
            restriction.targets.extend(more.collect::<Vec<_>>());
        }
        restriction.targets.truncate(cx.limits.ban_targets);
        cx.store(Record::Restriction(restriction.clone()));
        // A target that two restrictions share has one row: the one that lasts longer.
        let shares = |old: &RestrictionRecord| old.targets.iter().any(|target| restriction.targets.contains(target));
        for old in self.at(place).iter().filter(|old| old.restriction == restriction.restriction && shares(old)) {
            if old.until.unwrap_or(Millis::MAX) > restriction.until.unwrap_or(Millis::MAX) {
                cx.store(Record::Restriction(old.clone()));
            }
        }
        self.add(restriction);
        Ok(())
    }

    /// The restriction that the list shows as this mask.
    pub fn shown_as(&self, place: Place, kind: Restriction, mask: &str) -> Option<&RestrictionRecord> {
        let is_same = |old: &&RestrictionRecord| {
            old.restriction == kind && whole(&shown_mask(&old.nick, old.mask.as_deref())) == whole(mask)
        };
        self.at(place).iter().find(is_same)
    }

    /// Lifts the restrictions of a kind that a person has in a place. Returns whether one was in force.
    pub fn lift(&mut self, place: Place, kind: Restriction, targets: &[Target], nick: &str, cx: &Context<'_>) -> bool {
        let removed = self.take(place, |old| old.restriction == kind && same(old, targets, nick));
        let mut lifted = removed.iter().any(|old| in_force(old, cx.now));
        let removed: Vec<Target> = removed.into_iter().flat_map(|old| old.targets).collect();
        cx.lift(place, kind, removed.iter().cloned());
        // Restrictions of other people from the same address are still in force, but without the address.
        let is_open = |target: &Target| {
            matches!(target, Target::Address(_)) && (removed.contains(target) || targets.contains(target))
        };
        for mut old in self.take(place, |old| old.restriction == kind && old.targets.iter().any(is_open)) {
            lifted |= in_force(&old, cx.now);
            cx.lift(place, kind, old.targets.extract_if(.., |target| is_open(target)));
            if !old.targets.is_empty() {
                self.add(old);
            }
        }
        lifted
    }

    /// Adds the targets in `more` to the restrictions of a person in every place. Only
    /// restrictions count that have a target of this person for which `certain` is true.
    pub fn follow(&mut self, subject: &BanSubject, certain: fn(&Target) -> bool, more: &[Target], cx: &Context<'_>) {
        let found = subject.found_by().into_iter().filter(certain);
        let places: BTreeSet<Place> = found.filter_map(|target| self.found.get(&target)).flatten().copied().collect();
        for place in places {
            let (mut news, mut dropped) = (Vec::new(), Vec::new());
            for restriction in self.places.get_mut(&place).into_iter().flatten() {
                let meant = |target: &Target| certain(target) && subject.is_meant(target);
                let more: Vec<&Target> = more.iter().filter(|target| !restriction.targets.contains(target)).collect();
                if more.is_empty() || !in_force(restriction, cx.now) || !restriction.targets.iter().any(meant) {
                    continue;
                }
                for target in more {
                    if restriction.targets.len() >= cx.limits.ban_targets {
                        // The oldest but the first, which the op named.
                        let oldest = restriction.targets.remove(1);
                        cx.lift(place, restriction.restriction, [oldest.clone()]);
                        dropped.push(oldest);
                    }
                    restriction.targets.push(target.clone());
                    news.push(target.clone());
                }
                cx.store(Record::Restriction(restriction.clone()));
            }
            for target in news {
                self.found.entry(target).or_default().insert(place);
            }
            self.lose(place, &dropped);
        }
    }

    /// Ends all restrictions of a place: it was removed, or its roles and bans have ended.
    pub fn end_at(&mut self, place: Place, cx: &Context<'_>) {
        for restriction in self.take(place, |_| true) {
            cx.lift(place, restriction.restriction, restriction.targets);
        }
    }

    fn add(&mut self, restriction: RestrictionRecord) {
        for target in &restriction.targets {
            let is_new = self.found.entry(target.clone()).or_default().insert(restriction.place);
            if let Target::Mask(mask) = target
                && is_new
            {
                self.masks.entry(restriction.place).or_default().add(mask);
            }
        }
        let restrictions = self.places.entry(restriction.place).or_default();
        let at = restrictions.partition_point(|old| old.time <= restriction.time);
        restrictions.insert(at, restriction);
    }

    /// Removes the restrictions of a place for which `goes` is true.
    fn take(&mut self, place: Place, goes: impl Fn(&RestrictionRecord) -> bool) -> Vec<RestrictionRecord> {
        let Some(restrictions) = self.places.get_mut(&place) else { return Vec::new() };
        let removed: Vec<RestrictionRecord> = restrictions.extract_if(.., |restriction| goes(restriction)).collect();
        if restrictions.is_empty() {
            self.places.remove(&place);
        }
        let lost: Vec<Target> = removed.iter().flat_map(|restriction| restriction.targets.iter().cloned()).collect();
        self.lose(place, &lost);
        removed
    }

    /// Removes these targets of a place from the index, unless another restriction there has them.
    fn lose(&mut self, place: Place, targets: &[Target]) {
        for target in targets {
            if self.at(place).iter().any(|restriction| restriction.targets.contains(target)) {
                continue;
            }
            if matches!(target, Target::Mask(_))
                && self.masks.get_mut(&place).is_some_and(|masks| !masks.remove(target))
            {
                self.masks.remove(&place);
            }
            if let Some(places) = self.found.get_mut(target) {
                places.remove(&place);
                if places.is_empty() {
                    self.found.remove(target);
                }
            }
        }
    }

    /// Panics if the two maps disagree: for tests.
    #[cfg(test)]
    pub fn check(&self) {
        let mut found: HashMap<Target, BTreeSet<Place>> = HashMap::new();
        for (place, restrictions) in &self.places {
            assert!(!restrictions.is_empty());
            for target in restrictions.iter().flat_map(|restriction| &restriction.targets) {
                found.entry(target.clone()).or_default().insert(*place);
            }
        }
        assert_eq!(self.found, found);
        let masks = self.masks.iter().flat_map(|(place, masks)| masks.all().map(|target| (target.clone(), *place)));
        let is_mask = |(target, _): &(&Target, _)| matches!(target, Target::Mask(_));
        let expected =
            found.iter().filter(is_mask).flat_map(|(target, places)| places.iter().map(|at| (target.clone(), *at)));
        assert_eq!(masks.collect::<HashSet<_>>(), expected.collect::<HashSet<_>>());
    }
}

/// Whether a restriction is for the person with these targets and this nick. The
/// same address is not enough, because several people may come from it.
fn same(restriction: &RestrictionRecord, targets: &[Target], nick: &str) -> bool {
    let is_own = |target: &&Target| !matches!(target, Target::Address(_));
    restriction.targets == targets
        || restriction.nick.to_lowercase() == nick.to_lowercase()
        || restriction.targets.iter().filter(is_own).any(|target| targets.contains(target))
}

/// Whether a restriction is not over yet.
fn in_force(restriction: &RestrictionRecord, now: Millis) -> bool {
    restriction.until.is_none_or(|until| until > now)
}

/// The restrictions that are in force.
pub(super) fn ban_list(restrictions: &[RestrictionRecord], now: Millis) -> impl Iterator<Item = BanInfo> {
    let info = |restriction: &RestrictionRecord| BanInfo {
        restriction: restriction.restriction,
        nick: restriction.nick.clone(),
        mask: restriction.mask.clone(),
        until: restriction.until,
        by: restriction.by.clone(),
        text: restriction.text.clone(),
        time: restriction.time,
    };
    restrictions.iter().filter(move |restriction| in_force(restriction, now)).map(info)
}
