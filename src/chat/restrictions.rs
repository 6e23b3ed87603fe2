//! Every ban and mute: where it is in force, and whom it holds for. Knows no room, no session and no order.
//!
//! A restriction is for a person, and a person may be found again in more ways than
//! one: by the account, by the stay (which is the session and its token), by
//! the address, by the nick. So a restriction has several targets. When a restricted
//! person registers, logs in or out, the new account or stay is one more target.

use std::collections::{BTreeSet, HashMap};

use super::context::Context;
use crate::answer::BanInfo;
use crate::error::ChatError;
use crate::model::Millis;
use crate::model::{Address, Identity, PlaceId, Restriction, ResumeId, Target, origin};
use crate::names::Nick;
use crate::record::{Record, RestrictionRecord};

/// A room, or the whole server.
type Place = Option<PlaceId>;

/// A person, with everything that a restriction may be found by.
#[derive(Debug, Clone)]
pub(super) struct BanSubject {
    pub identity: Identity,
    pub resume_id: ResumeId,
    pub nick: Nick,
    /// Where they come from, as it counts.
    pub origin: Address,
}

impl BanSubject {
    pub fn new(identity: Identity, resume_id: ResumeId, nick: Nick, address: Address) -> BanSubject {
        BanSubject { identity, resume_id, nick, origin: origin(address) }
    }

    /// Whether a restriction with that target is for them.
    pub fn is_meant(&self, target: &Target) -> bool {
        let guest = matches!(self.identity, Identity::Guest(_));
        match target {
            Target::Account(id) => self.identity == Identity::Account(*id),
            Target::Resume(resume_id) => self.resume_id == *resume_id,
            // An account answers for itself, wherever it comes from.
            Target::Address(address) => guest && *address == self.origin,
            Target::Nick(key) => guest && **key == *self.nick.key(),
        }
    }

    /// Whether a restriction with any of these targets is for them.
    pub fn is_any(&self, targets: &[Target]) -> bool {
        targets.iter().any(|target| self.is_meant(target))
    }

    /// Every target by which they are found.
    fn found_by(&self) -> Vec<Target> {
        let mut targets = vec![Target::Resume(self.resume_id)];
        match self.identity {
            Identity::Account(id) => targets.push(Target::Account(id)),
            Identity::Guest(_) => targets.extend([Target::Address(self.origin), Target::Nick(self.nick.key().into())]),
        }
        targets
    }

    /// The targets that find this person again after a new name or account: the
    /// stay and the address. A loopback address is left out, because everybody shares it.
    pub fn lasting(&self) -> Vec<Target> {
        let address = Some(self.origin).filter(|address| !address.is_loopback()).map(Target::Address);
        std::iter::once(Target::Resume(self.resume_id)).chain(address).collect()
    }
}

/// All bans and mutes.
#[derive(Debug, Default)]
pub(super) struct Restrictions {
    places: HashMap<Place, Vec<RestrictionRecord>>,
    /// Where there is a restriction with that target: so that nobody looks through all rooms because of one person.
    found: HashMap<Target, BTreeSet<Place>>,
}

impl Restrictions {
    /// Those of a place, the oldest first; some may be over.
    pub fn at(&self, place: Place) -> &[RestrictionRecord] {
        self.places.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The restriction of this kind that is in force for a person in a place.
    pub fn on(&self, place: Place, kind: Restriction, suspect: &BanSubject, now: Millis) -> Option<&RestrictionRecord> {
        // Every line that is said there comes through here: where there are many, those of others are not gone through.
        const MANY: usize = 8;
        let restrictions = self.at(place);
        let is_found = |target| self.found.get(&target).is_some_and(|places: &BTreeSet<Place>| places.contains(&place));
        if restrictions.len() > MANY && !suspect.found_by().into_iter().any(is_found) {
            return None;
        }
        let meant = |restriction: &&RestrictionRecord| {
            restriction.restriction == kind && in_force(restriction, now) && suspect.is_any(&restriction.targets)
        };
        restrictions.iter().find(meant)
    }

    /// Takes what was found in the database. An address of before networks were counted as one is brought up to that.
    pub fn recall(&mut self, mut restriction: RestrictionRecord, cx: &Context<'_>) {
        let before = restriction.targets.clone();
        for target in &mut restriction.targets {
            if let Target::Address(address) = target {
                *address = origin(*address);
            }
        }
        if restriction.targets != before {
            cx.lift(restriction.place, restriction.restriction, before);
            cx.keep(Record::Restriction(restriction.clone()));
        }
        self.add(restriction);
    }

    /// Puts a restriction in the place of an earlier one for the same person, and
    /// forgets those that are over. It holds for whom the earlier one held, too.
    pub fn put(&mut self, mut restriction: RestrictionRecord, cx: &Context<'_>) -> Result<(), ChatError> {
        let place = restriction.place;
        let is_same = |old: &RestrictionRecord| {
            old.restriction == restriction.restriction && same(old, &restriction.targets, &restriction.nick)
        };
        // Those that are over are forgotten if there is no room for more, and no
        // sooner: a clock that is wrong for a minute may say that all are.
        let full = self.at(place).iter().filter(|old| !is_same(old)).count() >= cx.limits.bans;
        let goes = |old: &RestrictionRecord| is_same(old) || full && !in_force(old, cx.now);
        let left = self.at(place).iter().filter(|old| !goes(old)).count();
        if left >= cx.limits.bans {
            return Err(ChatError::TooManyBans(cx.limits.bans));
        }
        let gone = self.take(place, goes);
        for old in gone.into_iter().filter(|old| in_force(old, cx.now)) {
            let more = old.targets.into_iter().filter(|target| !restriction.targets.contains(target));
            restriction.targets.extend(more.collect::<Vec<_>>());
        }
        restriction.targets.truncate(cx.limits.ban_targets);
        cx.keep(Record::Restriction(restriction.clone()));
        // What two have in common has one row: that of the one which lasts longer.
        let shares = |old: &RestrictionRecord| old.targets.iter().any(|target| restriction.targets.contains(target));
        for old in self.at(place).iter().filter(|old| old.restriction == restriction.restriction && shares(old)) {
            if lasts_longer(old, &restriction) {
                cx.keep(Record::Restriction(old.clone()));
            }
        }
        self.add(restriction);
        Ok(())
    }

    /// Lifts the restrictions of a kind that a person has in a place; whether one was in force.
    pub fn lift(&mut self, place: Place, kind: Restriction, targets: &[Target], nick: &str, cx: &Context<'_>) -> bool {
        let gone = self.take(place, |old| old.restriction == kind && same(old, targets, nick));
        let mut lifted = gone.iter().any(|old| in_force(old, cx.now));
        let gone: Vec<Target> = gone.into_iter().flat_map(|old| old.targets).collect();
        cx.lift(place, kind, gone.iter().cloned());
        // Others who came from the same address are restricted as before, but the address is not.
        let is_open = |target: &Target| {
            matches!(target, Target::Address(_)) && (gone.contains(target) || targets.contains(target))
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

    /// The person's restrictions, in every place, hold for the targets in `more` as well. Only
    /// restrictions count that are found by a target for which `certain` is true.
    pub fn follow(&mut self, suspect: &BanSubject, certain: fn(&Target) -> bool, more: &[Target], cx: &Context<'_>) {
        let found = suspect.found_by().into_iter().filter(certain);
        let places: BTreeSet<Place> = found.filter_map(|target| self.found.get(&target)).flatten().copied().collect();
        for place in places {
            let (mut news, mut dropped) = (Vec::new(), Vec::new());
            for restriction in self.places.get_mut(&place).into_iter().flatten() {
                let meant = |target: &Target| certain(target) && suspect.is_meant(target);
                let more: Vec<&Target> = more.iter().filter(|target| !restriction.targets.contains(target)).collect();
                if more.is_empty() || !in_force(restriction, cx.now) || !restriction.targets.iter().any(meant) {
                    continue;
                }
                for target in more {
                    if restriction.targets.len() >= cx.limits.ban_targets {
                        // The oldest but the first, which is whom the order was about.
                        let oldest = restriction.targets.remove(1);
                        cx.lift(place, restriction.restriction, [oldest.clone()]);
                        dropped.push(oldest);
                    }
                    restriction.targets.push(target.clone());
                    news.push(target.clone());
                }
                cx.keep(Record::Restriction(restriction.clone()));
            }
            for target in news {
                self.found.entry(target).or_default().insert(place);
            }
            self.lose(place, &dropped);
        }
    }

    /// A place is gone, or its order is over.
    pub fn end_at(&mut self, place: Place, cx: &Context<'_>) {
        for restriction in self.take(place, |_| true) {
            cx.lift(place, restriction.restriction, restriction.targets);
        }
    }

    fn add(&mut self, restriction: RestrictionRecord) {
        for target in &restriction.targets {
            self.found.entry(target.clone()).or_default().insert(restriction.place);
        }
        let restrictions = self.places.entry(restriction.place).or_default();
        let at = restrictions.partition_point(|old| old.time <= restriction.time);
        restrictions.insert(at, restriction);
    }

    /// Takes those out of a place that `goes` says.
    fn take(&mut self, place: Place, goes: impl Fn(&RestrictionRecord) -> bool) -> Vec<RestrictionRecord> {
        let Some(restrictions) = self.places.get_mut(&place) else { return Vec::new() };
        let gone: Vec<RestrictionRecord> = restrictions.extract_if(.., |restriction| goes(restriction)).collect();
        if restrictions.is_empty() {
            self.places.remove(&place);
        }
        let lost: Vec<Target> = gone.iter().flat_map(|restriction| restriction.targets.iter().cloned()).collect();
        self.lose(place, &lost);
        gone
    }

    /// These are found there no more, unless another restriction has them.
    fn lose(&mut self, place: Place, targets: &[Target]) {
        for target in targets {
            if self.at(place).iter().any(|restriction| restriction.targets.contains(target)) {
                continue;
            }
            if let Some(places) = self.found.get_mut(target) {
                places.remove(&place);
                if places.is_empty() {
                    self.found.remove(target);
                }
            }
        }
    }

    /// Panics where the two maps disagree: for tests.
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
    }
}

/// Whether a restriction is about the person who has these targets and this nick.
/// Several people come from one address, so that alone does not tell.
fn same(restriction: &RestrictionRecord, targets: &[Target], nick: &str) -> bool {
    let is_own = |target: &&Target| !matches!(target, Target::Address(_));
    restriction.targets == targets
        || restriction.nick.to_lowercase() == nick.to_lowercase()
        || restriction.targets.iter().filter(is_own).any(|target| targets.contains(target))
}

fn lasts_longer(one: &RestrictionRecord, other: &RestrictionRecord) -> bool {
    one.until.unwrap_or(Millis::MAX) > other.until.unwrap_or(Millis::MAX)
}

/// Whether it is not over yet.
fn in_force(restriction: &RestrictionRecord, now: Millis) -> bool {
    restriction.until.is_none_or(|until| until > now)
}

/// The restrictions that are in force.
pub(super) fn ban_list(restrictions: &[RestrictionRecord], now: Millis) -> impl Iterator<Item = BanInfo> {
    let info = |restriction: &RestrictionRecord| BanInfo {
        restriction: restriction.restriction,
        nick: restriction.nick.clone(),
        until: restriction.until,
        by: restriction.by.clone(),
        text: restriction.text.clone(),
        time: restriction.time,
    };
    restrictions.iter().filter(move |restriction| in_force(restriction, now)).map(info)
}
