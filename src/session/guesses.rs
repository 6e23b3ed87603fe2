//! Wrong passwords of late: under what they are counted, and which sessions must wait because of them. Knows no password and no chat.
//!
//! Others' guesses must not keep an owner out. So a wrong password counts first
//! for the name together with where it came from. For the name alone it counts,
//! too, with a larger number; but at an origin where the owner was let in before, that does
//! not matter, nor does what was guessed there for other names. A session that
//! is logged in has a count of its own, which nobody outside can fill.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::error::ChatError;
use crate::limits::Limits;
use crate::model::origin;
use crate::names::Nick;

/// So many names, origins, or pairs of them have a count at once. Beyond it
/// the one that was guessed at longest ago is forgotten.
const MOST_COUNTED: usize = 8_192;

/// Of so many names it is remembered from where they were let in, and of each
/// so many origins: those that were used last.
const MOST_NAMES: usize = 16_384;
const MOST_ORIGINS: usize = 8;

/// For which name, and from where, a password is tried.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    /// The key of the name it is for.
    name: Box<str>,
    /// Where the try comes from.
    origin: IpAddr,
    /// Whether the session is logged in to that account.
    inside: bool,
}

impl AttemptKey {
    /// A person at `address` who tries a password for `name`; `inside` if logged in as that.
    pub fn new(name: &Nick, address: IpAddr, inside: bool) -> AttemptKey {
        AttemptKey { name: name.key().into(), origin: origin(address), inside }
    }

    /// Where the try comes from.
    pub fn origin(&self) -> IpAddr {
        self.origin
    }

    /// Whether the session is logged in to that account.
    pub fn is_inside(&self) -> bool {
        self.inside
    }
}

/// Under what a wrong password is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Count {
    /// For one name, from one origin.
    Pair(AttemptKey),
    /// The same for a name that no account has. Apart, so that names that are
    /// made up cannot push out those of accounts.
    Nobody(AttemptKey),
    Name(Box<str>),
    Origin(IpAddr),
}

/// The wrong passwords, and from where names were let in.
#[derive(Debug)]
pub struct Guesses {
    tries: usize,
    tries_name: usize,
    window: Duration,
    known: Mutex<Known>,
    tried: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    pairs: Table,
    nobody: Table,
    names: Table,
    origins: Table,
    /// From where each name was let in, the last one first, and when that was.
    let_in: HashMap<Box<str>, (Instant, VecDeque<IpAddr>)>,
}

type Table = HashMap<Count, Times>;

/// The tries that count as wrong, and how many of them are still being looked at.
#[derive(Debug, Default)]
struct Times {
    at: VecDeque<Instant>,
    open: usize,
}

/// One try. It counts as wrong unless [`LoginAttempt::was_right`].
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
    pub fn new(limits: &Limits) -> Guesses {
        let (tries, tries_name, window) = (limits.login_tries, limits.login_tries_name, limits.login_window);
        Guesses { tries, tries_name, window, known: Mutex::default(), tried: Condvar::new() }
    }

    /// Whether the asker may try a password, as far as is known now.
    ///
    /// # Errors
    /// [`ChatError::LoginTooOften`] after too many wrong ones.
    pub fn may_try(&self, asker: &AttemptKey, is_account: bool) -> Result<(), ChatError> {
        self.check(&mut self.known.lock(), asker, is_account).map(drop)
    }

    /// Counts a try before it is known whether it is right, so that many at
    /// the same time are counted, too. If they would be too many, this waits
    /// until it is known which of them were right: only as long as those are hashed.
    ///
    /// # Errors
    /// As for [`Guesses::may_try`].
    pub fn begin(&self, asker: &AttemptKey, is_account: bool) -> Result<LoginAttempt<'_>, ChatError> {
        let mut known = self.known.lock();
        while self.check(&mut known, asker, is_account)? {
            self.tried.wait(&mut known);
        }
        let (at, under) = (Instant::now(), all_counts(asker, is_account));
        for count in &under {
            let (most, window) = (self.most(count), self.window);
            let table = known.table(count);
            if table.len() >= MOST_COUNTED && !table.contains_key(count) {
                make_room(table, at, window);
            }
            let times = table.entry(count.clone()).or_default();
            times.at.push_back(at);
            times.open += 1;
            // More than that is never asked for.
            if times.at.len() > most + times.open {
                times.at.pop_front();
            }
        }
        Ok(LoginAttempt { guesses: self, asker: asker.clone(), under, at, is_right: false })
    }

    /// Whether it depends on tries that are still being looked at; an error if the tries are too many anyway.
    fn check(&self, known: &mut Known, asker: &AttemptKey, is_account: bool) -> Result<bool, ChatError> {
        let now = Instant::now();
        let mut depends = false;
        for count in self.that_hold(known, asker, is_account) {
            let (most, window) = (self.most(&count), self.window);
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

    /// Remembers that the owner of this name was let in from there, with a resume token or anew.
    pub fn let_in(&self, asker: &AttemptKey) {
        self.known.lock().let_in(asker);
    }

    /// The account is deleted: the next owner of its name may come from other addresses.
    pub fn forget(&self, name: &Nick) {
        self.known.lock().let_in.remove(name.key());
    }

    /// The counts that may keep this asker out.
    fn that_hold(&self, known: &Known, asker: &AttemptKey, is_account: bool) -> Vec<Count> {
        let is_known = known.let_in.get(&asker.name).is_some_and(|(_, origins)| origins.contains(&asker.origin));
        let mut counts = all_counts(asker, is_account);
        if is_known {
            counts.truncate(1);
        }
        counts
    }

    fn most(&self, count: &Count) -> usize {
        match count {
            Count::Name(_) => self.tries_name.max(self.tries),
            Count::Pair(_) | Count::Nobody(_) | Count::Origin(_) => self.tries,
        }
    }
}

/// All counts of a wrong try; the first one holds for everybody.
fn all_counts(asker: &AttemptKey, is_account: bool) -> Vec<Count> {
    let own = if is_account { Count::Pair(asker.clone()) } else { Count::Nobody(asker.clone()) };
    let mut counts = vec![own];
    if asker.inside {
        return counts;
    }
    if is_account {
        counts.push(Count::Name(asker.name.clone()));
    }
    // All sessions of this machine share the loopback address: one that guesses would lock out all.
    if !asker.origin.is_loopback() {
        counts.push(Count::Origin(asker.origin));
    }
    counts
}

/// Forgets what is over; if nothing is, what was guessed at longest ago.
fn make_room(table: &mut Table, now: Instant, window: Duration) {
    table.retain(|_, times| times.open > 0 || times.at.back().is_some_and(|time| now.duration_since(*time) < window));
    let is_over = |times: &Times| times.open == 0;
    if table.len() >= MOST_COUNTED
        && let Some(oldest) = table
            .iter()
            .filter(|(_, times)| is_over(times))
            .min_by_key(|(_, times)| times.at.back())
            .map(|(c, _)| c.clone())
    {
        table.remove(&oldest);
    }
}

impl LoginAttempt<'_> {
    /// The password was right: the try does not count, and from there the owner comes.
    pub fn was_right(mut self) {
        self.is_right = true;
    }
}

impl Drop for LoginAttempt<'_> {
    /// It is known now whether it was right.
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
            Count::Nobody(_) => &mut self.nobody,
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
        Guesses::new(&Limits::default())
    }

    fn asker(name: &str, address: &str) -> AttemptKey {
        AttemptKey::new(&Nick::parse(name).unwrap(), address.parse().unwrap(), false)
    }

    fn inside(name: &str, address: &str) -> AttemptKey {
        AttemptKey { inside: true, ..asker(name, address) }
    }

    /// So many wrong ones; how many of them were looked at.
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
    fn others_guesses_do_not_keep_the_owner_out_of_where_the_owner_was_let_in() {
        let guesses = guesses();
        right(&guesses, &asker("anna", THERE)).unwrap();
        // Somebody guesses other names there, and many guess hers elsewhere.
        assert_eq!(wrong(&guesses, &asker("boris", THERE), 9), 3);
        let guessed: usize = (1..=99).map(|i| wrong(&guesses, &asker("anna", &format!("198.51.100.{i}")), 3)).sum();
        assert_eq!(guessed, Limits::default().login_tries_name, "all together");
        assert!(right(&guesses, &asker("anna", "203.0.113.9")).is_err(), "she was never there");
        right(&guesses, &asker("anna", THERE)).unwrap();
        assert_eq!(wrong(&guesses, &asker("anna", THERE), 9), 3, "but she guesses no more than others");
    }

    #[test]
    fn a_session_inside_is_not_kept_out_by_guesses_outside_and_does_not_guess_for_ever() {
        let guesses = guesses();
        assert_eq!(wrong(&guesses, &asker("anna", HERE), 9), 3);
        assert!(right(&guesses, &asker("anna", HERE)).is_err());
        right(&guesses, &inside("anna", HERE)).unwrap();
        assert_eq!(wrong(&guesses, &inside("anna", HERE), 9), 3);
        assert!(right(&guesses, &inside("anna", HERE)).is_err());
    }

    #[test]
    fn many_right_ones_at_once_all_count_as_right_where_one_wrong_one_would_be_too_many() {
        let guesses = Guesses::new(&Limits { login_tries: 1, ..Limits::default() });
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
    fn what_is_remembered_is_bounded_and_made_up_names_push_out_none_that_are_somebodys() {
        let guesses = guesses();
        assert_eq!(wrong(&guesses, &asker("anna", HERE), 3), 3);
        for i in 0..=MOST_COUNTED {
            let made_up = AttemptKey { name: format!("n{i}").into(), ..asker("n", HERE) };
            let _wrong = guesses.begin(&made_up, false).unwrap();
        }
        assert_eq!(guesses.known.lock().nobody.len(), MOST_COUNTED);
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
