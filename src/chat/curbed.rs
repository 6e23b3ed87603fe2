//! Every ban and mute: where it is in force, and whom it holds for. Knows no room, no session and no order.
//!
//! A curb is for a person, and a person may be found again in more ways than
//! one: by the account, by the stay (which is the session and its token), by
//! the address, by the nick. So a curb has several targets. When a curbed
//! person registers, logs in or out, the new account or stay is one more target.

use std::collections::{BTreeSet, HashMap};

use super::Here;
use crate::error::ChatError;
use crate::event::{BanInfo, Millis};
use crate::names::Nick;
use crate::record::{Address, Curb, CurbRecord, PlaceId, Record, StayId, Target, Who, origin};

/// A room, or the whole server.
type Place = Option<PlaceId>;

/// A person, with everything that a curb may be found by.
#[derive(Debug, Clone)]
pub(super) struct Suspect {
    pub who: Who,
    pub stay: StayId,
    pub nick: Nick,
    /// Where they come from, as it counts.
    pub origin: Address,
}

impl Suspect {
    pub fn new(who: Who, stay: StayId, nick: Nick, address: Address) -> Suspect {
        Suspect { who, stay, nick, origin: origin(address) }
    }

    /// Whether a curb with that target is for them.
    pub fn is_meant(&self, target: &Target) -> bool {
        let guest = matches!(self.who, Who::Guest(_));
        match target {
            Target::Account(id) => self.who == Who::Account(*id),
            Target::Stay(stay) => self.stay == *stay,
            // An account answers for itself, wherever it comes from.
            Target::Address(address) => guest && *address == self.origin,
            Target::Nick(key) => guest && **key == *self.nick.key(),
        }
    }

    /// Whether a curb with any of these targets is for them.
    pub fn is_any(&self, targets: &[Target]) -> bool {
        targets.iter().any(|target| self.is_meant(target))
    }

    /// Every target by which they are found.
    fn found_by(&self) -> Vec<Target> {
        let mut targets = vec![Target::Stay(self.stay)];
        match self.who {
            Who::Account(id) => targets.push(Target::Account(id)),
            Who::Guest(_) => targets.extend([Target::Address(self.origin), Target::Nick(self.nick.key().into())]),
        }
        targets
    }

    /// The targets that find this person again after a new name or account: the
    /// stay and the address. A loopback address is left out, because everybody shares it.
    pub fn lasting(&self) -> Vec<Target> {
        let address = Some(self.origin).filter(|address| !address.is_loopback()).map(Target::Address);
        std::iter::once(Target::Stay(self.stay)).chain(address).collect()
    }
}

/// All bans and mutes.
#[derive(Debug, Default)]
pub(super) struct Curbs {
    places: HashMap<Place, Vec<CurbRecord>>,
    /// Where there is a curb with that target: so that nobody looks through all rooms because of one person.
    found: HashMap<Target, BTreeSet<Place>>,
}

impl Curbs {
    /// Those of a place, the oldest first; some may be over.
    pub fn at(&self, place: Place) -> &[CurbRecord] {
        self.places.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The curb of this kind that is in force for a person in a place.
    pub fn on(&self, place: Place, kind: Curb, suspect: &Suspect, now: Millis) -> Option<&CurbRecord> {
        // Every line that is said there comes through here: where there are many, those of others are not gone through.
        const MANY: usize = 8;
        let curbs = self.at(place);
        let is_found = |target| self.found.get(&target).is_some_and(|places: &BTreeSet<Place>| places.contains(&place));
        if curbs.len() > MANY && !suspect.found_by().into_iter().any(is_found) {
            return None;
        }
        let meant = |curb: &&CurbRecord| curb.curb == kind && in_force(curb, now) && suspect.is_any(&curb.targets);
        curbs.iter().find(meant)
    }

    /// Takes what was found in the database. An address of before networks were counted as one is brought up to that.
    pub fn recall(&mut self, mut curb: CurbRecord, here: &Here<'_>) {
        let before = curb.targets.clone();
        for target in &mut curb.targets {
            if let Target::Address(address) = target {
                *address = origin(*address);
            }
        }
        if curb.targets != before {
            before.into_iter().for_each(|old| here.keep(Record::CurbGone(curb.place, curb.curb, old)));
            here.keep(Record::Curb(curb.clone()));
        }
        self.add(curb);
    }

    /// Puts a curb in the place of an earlier one for the same person, and
    /// forgets those that are over. It holds for whom the earlier one held, too.
    pub fn put(&mut self, mut curb: CurbRecord, here: &Here<'_>) -> Result<(), ChatError> {
        let place = curb.place;
        let is_same = |old: &CurbRecord| old.curb == curb.curb && same(old, &curb.targets, &curb.nick);
        // Those that are over are forgotten if there is no room for more, and no
        // sooner: a clock that is wrong for a minute may say that all are.
        let full = self.at(place).iter().filter(|old| !is_same(old)).count() >= here.limits.bans;
        let goes = |old: &CurbRecord| is_same(old) || full && !in_force(old, here.now);
        let left = self.at(place).iter().filter(|old| !goes(old)).count();
        if left >= here.limits.bans {
            return Err(ChatError::TooManyBans(here.limits.bans));
        }
        let gone = self.take(place, goes);
        for old in gone.into_iter().filter(|old| in_force(old, here.now)) {
            let more = old.targets.into_iter().filter(|target| !curb.targets.contains(target));
            curb.targets.extend(more.collect::<Vec<_>>());
        }
        curb.targets.truncate(here.limits.ban_targets);
        here.keep(Record::Curb(curb.clone()));
        // What two have in common has one row: that of the one which lasts longer.
        for old in self.at(place).iter().filter(|old| old.curb == curb.curb && lasts_longer(old, &curb)) {
            if old.targets.iter().any(|target| curb.targets.contains(target)) {
                here.keep(Record::Curb(old.clone()));
            }
        }
        self.add(curb);
        Ok(())
    }

    /// Lifts the curbs of a kind that a person has in a place; whether one was in force.
    pub fn lift(&mut self, place: Place, kind: Curb, targets: &[Target], nick: &str, here: &Here<'_>) -> bool {
        let gone = self.take(place, |old| old.curb == kind && same(old, targets, nick));
        let mut lifted = gone.iter().any(|old| in_force(old, here.now));
        let gone: Vec<Target> = gone.into_iter().flat_map(|old| old.targets).collect();
        gone.iter().for_each(|target| here.keep(Record::CurbGone(place, kind, target.clone())));
        // Others who came from the same address are curbed as before, but the address is not.
        let is_open = |target: &Target| {
            matches!(target, Target::Address(_)) && (gone.contains(target) || targets.contains(target))
        };
        for mut old in self.take(place, |old| old.curb == kind && old.targets.iter().any(is_open)) {
            lifted |= in_force(&old, here.now);
            let open: Vec<Target> = old.targets.extract_if(.., |target| is_open(target)).collect();
            open.into_iter().for_each(|target| here.keep(Record::CurbGone(place, kind, target)));
            if !old.targets.is_empty() {
                self.add(old);
            }
        }
        lifted
    }

    /// The person's curbs, in every place, hold for the targets in `more` as well. Only
    /// curbs count that are found by a target for which `certain` is true.
    pub fn follow(&mut self, suspect: &Suspect, certain: fn(&Target) -> bool, more: &[Target], here: &Here<'_>) {
        let found = suspect.found_by().into_iter().filter(certain);
        let places: BTreeSet<Place> = found.filter_map(|target| self.found.get(&target)).flatten().copied().collect();
        for place in places {
            let (mut news, mut dropped) = (Vec::new(), Vec::new());
            for curb in self.places.get_mut(&place).into_iter().flatten() {
                let meant = |target: &Target| certain(target) && suspect.is_meant(target);
                let more: Vec<&Target> = more.iter().filter(|target| !curb.targets.contains(target)).collect();
                if more.is_empty() || !in_force(curb, here.now) || !curb.targets.iter().any(meant) {
                    continue;
                }
                for target in more {
                    if curb.targets.len() >= here.limits.ban_targets {
                        // The oldest but the first, which is whom the order was about.
                        let oldest = curb.targets.remove(1);
                        here.keep(Record::CurbGone(place, curb.curb, oldest.clone()));
                        dropped.push(oldest);
                    }
                    curb.targets.push(target.clone());
                    news.push(target.clone());
                }
                here.keep(Record::Curb(curb.clone()));
            }
            for target in news {
                self.found.entry(target).or_default().insert(place);
            }
            self.lose(place, &dropped);
        }
    }

    /// A place is gone, or its order is over.
    pub fn end_at(&mut self, place: Place, here: &Here<'_>) {
        for curb in self.take(place, |_| true) {
            curb.targets.into_iter().for_each(|target| here.keep(Record::CurbGone(place, curb.curb, target)));
        }
    }

    fn add(&mut self, curb: CurbRecord) {
        for target in &curb.targets {
            self.found.entry(target.clone()).or_default().insert(curb.place);
        }
        let curbs = self.places.entry(curb.place).or_default();
        let at = curbs.partition_point(|old| old.time <= curb.time);
        curbs.insert(at, curb);
    }

    /// Takes those out of a place that `goes` says.
    fn take(&mut self, place: Place, goes: impl Fn(&CurbRecord) -> bool) -> Vec<CurbRecord> {
        let Some(curbs) = self.places.get_mut(&place) else { return Vec::new() };
        let gone: Vec<CurbRecord> = curbs.extract_if(.., |curb| goes(curb)).collect();
        if curbs.is_empty() {
            self.places.remove(&place);
        }
        let lost: Vec<Target> = gone.iter().flat_map(|curb| curb.targets.iter().cloned()).collect();
        self.lose(place, &lost);
        gone
    }

    /// These are found there no more, unless another curb has them.
    fn lose(&mut self, place: Place, targets: &[Target]) {
        for target in targets {
            if self.at(place).iter().any(|curb| curb.targets.contains(target)) {
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
        for (place, curbs) in &self.places {
            assert!(!curbs.is_empty());
            for target in curbs.iter().flat_map(|curb| &curb.targets) {
                found.entry(target.clone()).or_default().insert(*place);
            }
        }
        assert_eq!(self.found, found);
    }
}

/// Whether a curb is about the person who has these targets and this nick.
/// Several people come from one address, so that alone does not tell.
fn same(curb: &CurbRecord, targets: &[Target], nick: &str) -> bool {
    let is_own = |target: &&Target| !matches!(target, Target::Address(_));
    curb.targets == targets
        || curb.nick.to_lowercase() == nick.to_lowercase()
        || curb.targets.iter().filter(is_own).any(|target| targets.contains(target))
}

fn lasts_longer(one: &CurbRecord, other: &CurbRecord) -> bool {
    one.until.unwrap_or(Millis::MAX) > other.until.unwrap_or(Millis::MAX)
}

/// Whether it is not over yet.
fn in_force(curb: &CurbRecord, now: Millis) -> bool {
    curb.until.is_none_or(|until| until > now)
}

/// The curbs that are in force.
pub(super) fn ban_list(curbs: &[CurbRecord], now: Millis) -> impl Iterator<Item = BanInfo> {
    let info = |curb: &CurbRecord| BanInfo {
        curb: curb.curb,
        nick: curb.nick.clone(),
        until: curb.until,
        by: curb.by.clone(),
        text: curb.text.clone(),
        time: curb.time,
    };
    curbs.iter().filter(move |curb| in_force(curb, now)).map(info)
}
