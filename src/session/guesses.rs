//! Counts recent wrong passwords, and says which sessions must wait because of them. Knows no password and no chat.
//!
//! Guesses by other people must not lock the owner of an account out. So a wrong
//! password counts for the name together with the origin of the session. It also
//! counts for the name alone, up to a larger number, and for the origin alone.
//! But those two counts do not hold at an origin from which the owner has logged
//! in before. A session that is logged in has a count of its own, which no other
//! session can fill.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::error::ChatError;
use crate::limits::{InForce, Limits};
use crate::model::origin;
use crate::names::Nick;

/// So many names, origins, or pairs of them have a count at once. If there are
/// more, the one with the oldest guess is forgotten.
const MOST_COUNTED: usize = 8_192;

/// The origins of logins are remembered for so many names, and so many origins
/// for each name: those that were used last.
const MOST_NAMES: usize = 16_384;
const MOST_ORIGINS: usize = 8;

/// The name that a password is tried for, and the origin of the session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    /// The key of the name.
    name: Box<str>,
    /// The origin of the session.
    pub(super) origin: IpAddr,
    /// Whether the session is logged in to that account.
    pub(super) inside: bool,
}

impl AttemptKey {
    /// A session from `address` that tries a password for `name`; `inside` if it is logged in to that account.
    pub fn new(name: &Nick, address: IpAddr, inside: bool) -> AttemptKey {
        AttemptKey { name: name.key().into(), origin: origin(address), inside }
    }
}

/// What a wrong password is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Count {
    /// For one name, from one origin.
    Pair(AttemptKey),
    /// The same for a name that no account has. These have a table of their own,
    /// so that invented names cannot push out names of accounts.
    Unknown(AttemptKey),
    Name(Box<str>),
    Origin(IpAddr),
}

/// The recent wrong passwords, and the origins of logins.
#[derive(Debug)]
pub struct Guesses {
    limits: InForce,
    known: Mutex<Known>,
    tried: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    pairs: Table,
    unknown: Table,
    names: Table,
    origins: Table,
    /// For each name, the time of the last login and the origins of logins, the last one first.
    let_in: HashMap<Box<str>, (Instant, VecDeque<IpAddr>)>,
}

type Table = HashMap<Count, Times>;

/// The tries that count as wrong, and how many of them are still being checked.
#[derive(Debug, Default)]
struct Times {
    at: VecDeque<Instant>,
    open: usize,
}

/// One try. It counts as wrong unless [`LoginAttempt::was_right`] is called.
#[derive(Debug)]
#[must_use]
pub struct LoginAttempt<'a> {
    guesses: &'a Guesses,
    asker: AttemptKey,
    under: Vec<Count>,
    at: Instant,
    is_right: bool,
}

impl Guesses {
    /// With the numbers of `limits`.
    pub fn new(limits: &InForce) -> Guesses {
        Guesses { limits: limits.clone(), known: Mutex::default(), tried: Condvar::new() }
    }

    /// Whether the session may try a password, as far as is known now.
    ///
    /// # Errors
    /// [`ChatError::LoginTooOften`] after too many wrong ones.
    pub fn may_try(&self, asker: &AttemptKey, is_account: bool) -> Result<(), ChatError> {
        self.check(&mut self.known.lock(), asker, is_account).map(drop)
    }

    /// Counts a try before it is known whether it is right, so that tries at the
    /// same time are counted too. If they could be too many, this waits until it
    /// is known which of them were right: only as long as those are hashed.
    ///
    /// # Errors
    /// As for [`Guesses::may_try`].
    pub fn begin(&self, asker: &AttemptKey, is_account: bool) -> Result<LoginAttempt<'_>, ChatError> {
        let mut known = self.known.lock();
        while self.check(&mut known, asker, is_account)? {
            self.tried.wait(&mut known);
        }
        let (at, under) = (Instant::now(), all_counts(asker, is_account));
        let limits = self.limits.now();
        for count in &under {
            let (most, window) = (most(&limits, count), limits.login_window);
            let table = known.table(count);
            if table.len() >= MOST_COUNTED && !table.contains_key(count) {
                make_room(table, at, window);
            }
            let times = table.entry(count.clone()).or_default();
            times.at.push_back(at);
            times.open += 1;
            // `check` never looks at more than these.
            if times.at.len() > most + times.open {
                times.at.pop_front();
            }
        }
        Ok(LoginAttempt { guesses: self, asker: asker.clone(), under, at, is_right: false })
    }

    /// Whether the answer depends on tries that are still being checked; an error if there are too many without them.
    fn check(&self, known: &mut Known, asker: &AttemptKey, is_account: bool) -> Result<bool, ChatError> {
        let now = Instant::now();
        let limits = self.limits.now();
        let mut depends = false;
        for count in self.that_hold(known, asker, is_account) {
            let (most, window) = (most(&limits, &count), limits.login_window);
            let Some(times) = known.table(&count).get_mut(&count) else { continue };
            while times.at.front().is_some_and(|time| now.duration_since(*time) >= window) {
                times.at.pop_front();
            }
            if let Some(over) = times.at.len().saturating_sub(times.open).checked_sub(most) {
                let oldest = times.at.get(over).map_or(Duration::ZERO, |time| now.duration_since(*time));
                return Err(ChatError::LoginTooOften(window.saturating_sub(oldest).as_secs() + 1));
            }
            depends |= times.at.len() >= most;
        }
        Ok(depends)
    }

    /// Remembers that the owner of this name logged in from this origin, by password or by resume token.
    pub fn let_in(&self, asker: &AttemptKey) {
        self.known.lock().let_in(asker);
    }

    /// Forgets the origins of an account that is deleted: the next owner of its name may use other addresses.
    pub fn forget(&self, name: &Nick) {
        self.known.lock().let_in.remove(name.key());
    }

    /// The counts that hold for this session.
    fn that_hold(&self, known: &Known, asker: &AttemptKey, is_account: bool) -> Vec<Count> {
        let is_known = known.let_in.get(&asker.name).is_some_and(|(_, origins)| origins.contains(&asker.origin));
        let mut counts = all_counts(asker, is_account);
        if is_known {
            counts.truncate(1);
        }
        counts
    }
}

/// How many wrong tries there may be.
fn most(limits: &Limits, count: &Count) -> usize {
    match count {
        Count::Name(_) => limits.login_tries_name.max(limits.login_tries),
        Count::Pair(_) | Count::Unknown(_) | Count::Origin(_) => limits.login_tries,
    }
}

/// All counts of a wrong try; the first one holds for every session.
fn all_counts(asker: &AttemptKey, is_account: bool) -> Vec<Count> {
    let own = if is_account { Count::Pair(asker.clone()) } else { Count::Unknown(asker.clone()) };
    let mut counts = vec![own];
    if asker.inside {
        return counts;
    }
    if is_account {
        counts.push(Count::Name(asker.name.clone()));
    }
    // All sessions on this machine share the loopback address, so one that guesses would lock out all.
    if !asker.origin.is_loopback() {
        counts.push(Count::Origin(asker.origin));
    }
    counts
}

/// Removes counts whose window has passed; if there are none, the count with the oldest guess.
fn make_room(table: &mut Table, now: Instant, window: Duration) {
    table.retain(|_, times| times.open > 0 || times.at.back().is_some_and(|time| now.duration_since(*time) < window));
    if table.len() >= MOST_COUNTED {
        let checked = table.iter().filter(|(_, times)| times.open == 0);
        let oldest = checked.min_by_key(|(_, times)| times.at.back()).map(|(count, _)| count.clone());
        oldest.and_then(|oldest| table.remove(&oldest));
    }
}

impl LoginAttempt<'_> {
    /// The password was right: the try does not count, and its origin is remembered as one of the owner's.
    pub fn was_right(mut self) {
        self.is_right = true;
    }
}

impl Drop for LoginAttempt<'_> {
    /// The try is checked: sessions that wait for its result go on.
    fn drop(&mut self) {
        let mut known = self.guesses.known.lock();
        for count in &self.under {
            let table = known.table(count);
            let Some(times) = table.get_mut(count) else { continue };
            times.open = times.open.saturating_sub(1);
            if self.is_right
                && let Some(place) = times.at.iter().position(|time| *time == self.at)
            {
                times.at.remove(place);
            }
            if times.open == 0 && times.at.is_empty() {
                table.remove(count);
            }
        }
        if self.is_right {
            known.let_in(&self.asker);
        }
        drop(known);
        self.guesses.tried.notify_all();
    }
}

impl Known {
    fn table(&mut self, count: &Count) -> &mut Table {
        match count {
            Count::Pair(_) => &mut self.pairs,
            Count::Unknown(_) => &mut self.unknown,
            Count::Name(_) => &mut self.names,
            Count::Origin(_) => &mut self.origins,
        }
    }

    fn let_in(&mut self, asker: &AttemptKey) {
        if self.let_in.len() >= MOST_NAMES
            && !self.let_in.contains_key(&asker.name)
            && let Some(oldest) = self.let_in.iter().min_by_key(|(_, (at, _))| *at).map(|(name, _)| name.clone())
        {
            self.let_in.remove(&oldest);
        }
        let (at, origins) = self.let_in.entry(asker.name.clone()).or_insert_with(|| (Instant::now(), VecDeque::new()));
        *at = Instant::now();
        origins.retain(|origin| *origin != asker.origin);
        origins.push_front(asker.origin);
        origins.truncate(MOST_ORIGINS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guesses() -> Guesses {
        Guesses::new(&Limits::default().into())
    }

    fn asker(name: &str, address: &str) -> AttemptKey {
        AttemptKey::new(&Nick::parse(name).unwrap(), address.parse().unwrap(), false)
    }

    fn inside(name: &str, address: &str) -> AttemptKey {
        AttemptKey { inside: true, ..asker(name, address) }
    }

    /// Tries this many wrong passwords; returns how many of them were checked.
    fn wrong(guesses: &Guesses, asker: &AttemptKey, tries: usize) -> usize {
        (0..tries).filter(|_| guesses.begin(asker, true).is_ok()).count()
    }

    fn right(guesses: &Guesses, asker: &AttemptKey) -> Result<(), ChatError> {
        guesses.begin(asker, true).map(LoginAttempt::was_right)
    }

    const THERE: &str = "192.0.2.1";
    const HERE: &str = "127.0.0.1";

    #[test]
    fn after_three_wrong_ones_a_name_must_wait_there_and_right_ones_do_not_count() {
        let guesses = guesses();
        for _ in 0..10 {
            right(&guesses, &asker("anna", THERE)).unwrap();
        }
        assert_eq!(wrong(&guesses, &asker("Anna", THERE), 9), 3);
        assert!(matches!(right(&guesses, &asker("anna", THERE)), Err(ChatError::LoginTooOften(1..=61))));
    }

    #[test]
    fn one_address_guesses_three_times_whatever_the_names_and_loopback_is_exempt() {
        let guesses = guesses();
        let names = ["anna", "boris", "vera", "dora", "olga"];
        assert_eq!(names.iter().map(|name| wrong(&guesses, &asker(name, THERE), 1)).sum::<usize>(), 3);
        assert_eq!(names.iter().map(|name| wrong(&guesses, &asker(name, HERE), 1)).sum::<usize>(), 5);
        let [one, other] = ["2001:db8::1", "2001:db8::ffff"].map(|address| asker("nina", address));
        assert_eq!((wrong(&guesses, &one, 3), wrong(&guesses, &other, 3)), (3, 0), "an IPv6 network is one");
    }

    #[test]
    fn guesses_by_others_do_not_lock_the_owner_out_at_an_origin_of_an_earlier_login() {
        let guesses = guesses();
        right(&guesses, &asker("anna", THERE)).unwrap();
        // Another person guesses other names from there, and many people guess her password from other origins.
        assert_eq!(wrong(&guesses, &asker("boris", THERE), 9), 3);
        let guessed: usize = (1..=99).map(|i| wrong(&guesses, &asker("anna", &format!("198.51.100.{i}")), 3)).sum();
        assert_eq!(guessed, Limits::default().login_tries_name, "all together");
        assert!(right(&guesses, &asker("anna", "203.0.113.9")).is_err(), "she was never there");
        right(&guesses, &asker("anna", THERE)).unwrap();
        assert_eq!(wrong(&guesses, &asker("anna", THERE), 9), 3, "but she guesses no more than others");
    }

    #[test]
    fn a_session_that_is_logged_in_is_not_locked_out_by_others_and_does_not_guess_for_ever() {
        let guesses = guesses();
        assert_eq!(wrong(&guesses, &asker("anna", HERE), 9), 3);
        assert!(right(&guesses, &asker("anna", HERE)).is_err());
        right(&guesses, &inside("anna", HERE)).unwrap();
        assert_eq!(wrong(&guesses, &inside("anna", HERE), 9), 3);
        assert!(right(&guesses, &inside("anna", HERE)).is_err());
    }

    #[test]
    fn many_right_ones_at_once_all_count_as_right_if_one_wrong_one_would_be_too_many() {
        let guesses = Guesses::new(&Limits { login_tries: 1, ..Limits::default() }.into());
        std::thread::scope(|scope| {
            let first = guesses.begin(&asker("anna", THERE), true).unwrap();
            let second = scope.spawn(|| right(&guesses, &asker("boris", THERE)));
            guesses.may_try(&asker("vera", THERE), true).unwrap();
            first.was_right();
            assert_eq!(second.join().unwrap(), Ok(()));
        });
        assert!(guesses.known.lock().origins.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_made_up_names_push_out_no_account() {
        let guesses = guesses();
        assert_eq!(wrong(&guesses, &asker("anna", HERE), 3), 3);
        for i in 0..=MOST_COUNTED {
            let made_up = AttemptKey { name: format!("n{i}").into(), ..asker("n", HERE) };
            let _wrong = guesses.begin(&made_up, false).unwrap();
        }
        assert_eq!(guesses.known.lock().unknown.len(), MOST_COUNTED);
        assert_eq!(wrong(&guesses, &asker("anna", HERE), 1), 0);
    }

    #[test]
    fn so_many_origins_of_a_name_are_remembered_as_the_bound_says() {
        let guesses = guesses();
        for i in 0..=MOST_ORIGINS {
            guesses.let_in(&asker("anna", &format!("192.0.2.{i}")));
        }
        let is_known = |guesses: &Guesses, i: usize| {
            let asker = asker("anna", &format!("192.0.2.{i}"));
            guesses.that_hold(&guesses.known.lock(), &asker, true).len() == 1
        };
        assert_eq!([0, 1, MOST_ORIGINS].map(|i| is_known(&guesses, i)), [false, true, true]);
        guesses.forget(&Nick::parse("anna").unwrap());
        assert!(!is_known(&guesses, 1));
    }
}
