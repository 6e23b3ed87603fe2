//! Passwords: hashed outside of every lock, so many at once, and whoever guesses is slowed down. Knows no chat and no database.
//!
//! A password is prepared as RFC 8265, 4 (OpaqueString) says, so that it is
//! the same from every keyboard, and hashed with argon2id (RFC 9106): 19 MiB,
//! two passes, which takes some 30 ms on purpose.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use parking_lot::{Condvar, Mutex};
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::Profile;

use crate::command::Secret;
use crate::error::ChatError;
use crate::limits::Limits;
use crate::names::Nick;

/// How long a password may be, in bytes.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=1_024;

/// So many names and addresses are remembered before those are forgotten whose window has passed.
const SWEEP_AT: usize = 4_096;

/// What all sessions share to hash passwords, and to count the wrong ones.
#[derive(Debug)]
pub struct Keyring {
    busy: Mutex<usize>,
    free: Condvar,
    most: usize,
    wrong: Mutex<HashMap<Guesser, Guesses>>,
    tried: Condvar,
    tries: usize,
    window: Duration,
    /// Checked where there is no account, so that it takes as long.
    nobody: String,
}

/// Under what a wrong password is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Guesser {
    Name(Box<str>),
    Address(IpAddr),
}

/// The tries that count as wrong, and how many of them are still being looked at.
#[derive(Debug, Default)]
struct Guesses {
    times: VecDeque<Instant>,
    open: usize,
}

/// One try at a password. It counts as wrong until it was right.
#[derive(Debug)]
#[must_use]
pub struct Try<'a> {
    keyring: &'a Keyring,
    under: Vec<Guesser>,
    at: Instant,
}

impl Keyring {
    /// A keyring that keeps `limits`.
    pub fn new(limits: &Limits) -> Keyring {
        let keyring = Keyring {
            busy: Mutex::new(0),
            free: Condvar::new(),
            most: limits.hashers,
            wrong: Mutex::default(),
            tried: Condvar::new(),
            tries: limits.login_tries,
            window: limits.login_window,
            nobody: String::new(),
        };
        let nobody = keyring.hash_bytes(b"nobody has this password").map_or(String::new(), |hash| hash.to_string());
        Keyring { nobody, ..keyring }
    }

    /// The PHC string of a password. Waits until a hasher is free, then takes its time.
    ///
    /// # Errors
    /// [`ChatError::PasswordBad`] for fewer than 8 or more than 1,024 bytes, or
    /// characters that no keyboard types; [`ChatError::NotTaken`] without the system's randomness.
    pub fn hash(&self, password: &Secret) -> Result<Arc<str>, ChatError> {
        self.hash_bytes(prepare(password)?.as_bytes())
    }

    fn hash_bytes(&self, password: &[u8]) -> Result<Arc<str>, ChatError> {
        let hash = self.as_hasher(|| Argon2::default().hash_password(password).map(|hash| Arc::from(hash.to_string())));
        hash.map_err(|error| ChatError::NotTaken(error.to_string()))
    }

    /// Whether `password` is the one of `hash`. Without a hash it is not, and finding that out takes as long.
    pub fn fits(&self, password: &Secret, hash: Option<&str>) -> bool {
        let password = prepare(password).unwrap_or_default();
        let known = PasswordHash::new(hash.unwrap_or(&self.nobody));
        let fits = self.as_hasher(|| {
            known.is_ok_and(|known| Argon2::default().verify_password(password.as_bytes(), &known).is_ok())
        });
        fits && hash.is_some() && !password.is_empty()
    }

    /// Lets somebody try a password for `name`. It is counted at once, so that
    /// many tries at the same time are counted, too; where they would be too
    /// many, this waits until it is known which of them were right.
    ///
    /// # Errors
    /// [`ChatError::LoginTooOften`] after `login-tries` wrong ones for that name or from that address.
    pub fn try_for(&self, name: &Nick, address: IpAddr) -> Result<Try<'_>, ChatError> {
        let (address, now) = (address.to_canonical(), Instant::now());
        let mut under = vec![Guesser::Name(name.key().into())];
        // On one's own machine the address is everybody's: one who guesses would keep all out.
        if !address.is_loopback() {
            under.push(Guesser::Address(address));
        }
        let mut wrong = self.wrong.lock();
        if wrong.len() > SWEEP_AT {
            wrong.retain(|_, known| {
                known.open > 0 || known.times.back().is_some_and(|time| now.duration_since(*time) < self.window)
            });
        }
        loop {
            let mut full = false;
            for guesser in &under {
                let Some(Guesses { times, open }) = wrong.get_mut(guesser) else { continue };
                while times.front().is_some_and(|time| now.duration_since(*time) >= self.window) {
                    times.pop_front();
                }
                if times.len().saturating_sub(*open) >= self.tries {
                    let oldest = times.front().map_or(Duration::ZERO, |time| now.duration_since(*time));
                    return Err(ChatError::LoginTooOften(self.window.saturating_sub(oldest).as_secs() + 1));
                }
                full |= times.len() >= self.tries;
            }
            if !full {
                break;
            }
            self.tried.wait(&mut wrong);
        }
        for guesser in &under {
            let known = wrong.entry(guesser.clone()).or_default();
            known.times.push_back(now);
            known.open += 1;
        }
        Ok(Try { keyring: self, under, at: now })
    }

    /// Waits until a hasher is free, and is one.
    fn as_hasher<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut busy = self.busy.lock();
        while *busy >= self.most {
            self.free.wait(&mut busy);
        }
        *busy += 1;
        drop(busy); // no lock during the work
        /// Gives the place back, also after a panic.
        struct Place<'a>(&'a Keyring);
        impl Drop for Place<'_> {
            fn drop(&mut self) {
                *self.0.busy.lock() -= 1;
                self.0.free.notify_one();
            }
        }
        let _place = Place(self);
        work()
    }
}

impl Try<'_> {
    /// The password was right: this try does not count.
    pub fn was_right(self) {
        let mut wrong = self.keyring.wrong.lock();
        for guesser in &self.under {
            let Some(known) = wrong.get_mut(guesser) else { continue };
            if let Some(place) = known.times.iter().position(|time| *time == self.at) {
                known.times.remove(place);
            }
        }
    }
}

impl Drop for Try<'_> {
    /// It is known now whether it was right.
    fn drop(&mut self) {
        let mut wrong = self.keyring.wrong.lock();
        for guesser in &self.under {
            let Some(known) = wrong.get_mut(guesser) else { continue };
            known.open -= 1;
            if known.open == 0 && known.times.is_empty() {
                wrong.remove(guesser);
            }
        }
        drop(wrong);
        self.keyring.tried.notify_all();
    }
}

/// Whether a password may be one: said before anything is hashed.
///
/// # Errors
/// [`ChatError::PasswordBad`].
pub fn check(password: &Secret) -> Result<(), ChatError> {
    prepare(password).map(drop)
}

/// A password in the form in which it is hashed.
fn prepare(password: &Secret) -> Result<String, ChatError> {
    // Long before the limit nothing is looked at any more.
    if password.0.len() > *LENGTH.end() {
        return Err(ChatError::PasswordBad);
    }
    let prepared = OpaqueString::new().enforce(&*password.0).map_err(|_| ChatError::PasswordBad)?;
    if LENGTH.contains(&prepared.len()) { Ok(prepared.into_owned()) } else { Err(ChatError::PasswordBad) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> Keyring {
        Keyring::new(&Limits::default())
    }

    fn secret(text: &str) -> Secret {
        Secret(text.into())
    }

    fn nick(name: &str) -> Nick {
        Nick::parse(name).unwrap()
    }

    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn a_password_fits_its_hash_however_it_is_typed_and_no_other_does() {
        let keyring = keyring();
        let hash = keyring.hash(&secret("п\u{438}\u{306}вот 12")).unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(keyring.fits(&secret("п\u{439}вот 12"), Some(&hash)), "composed or not");
        assert!(!keyring.fits(&secret("п\u{439}вот 13"), Some(&hash)));
        assert!(!keyring.fits(&secret(""), Some(&hash)));
        assert!(!keyring.fits(&secret("nobody has this password"), None));
    }

    #[test]
    fn a_password_has_8_to_1024_bytes() {
        let keyring = keyring();
        for (length, taken) in [(0, false), (7, false), (8, true), (1024, true), (1025, false)] {
            assert_eq!(keyring.hash(&secret(&"x".repeat(length))).is_ok(), taken, "{length}");
        }
        assert_eq!(keyring.hash(&secret("with a\u{7} bell")), Err(ChatError::PasswordBad));
    }

    #[test]
    fn after_three_wrong_ones_a_name_and_an_address_must_wait_and_right_ones_do_not_count() {
        let keyring = keyring();
        for _ in 0..10 {
            keyring.try_for(&nick("anna"), THERE).unwrap().was_right();
        }
        for _ in 0..3 {
            let _wrong = keyring.try_for(&nick("anna"), THERE).unwrap();
        }
        assert!(matches!(keyring.try_for(&nick("anna"), THERE), Err(ChatError::LoginTooOften(1..=61))));
        let elsewhere = "192.0.2.2".parse().unwrap();
        assert!(keyring.try_for(&nick("Anna"), elsewhere).is_err(), "the name counts from everywhere");
        assert!(keyring.try_for(&nick("boris"), THERE).is_err(), "the address counts for every name");
        assert!(keyring.try_for(&nick("boris"), elsewhere).is_ok());
        let here = std::net::Ipv4Addr::LOCALHOST.into();
        for name in ["vera", "dora", "olga", "nina"] {
            assert!(keyring.try_for(&nick(name), here).is_ok(), "loopback is everybody's");
        }
    }

    #[test]
    fn no_more_passwords_are_hashed_at_once_than_the_limit_says() {
        let keyring = Keyring::new(&Limits { hashers: 1, ..Limits::default() });
        let (entered, inside) = crossbeam_channel::bounded(2);
        let (let_go, gate) = crossbeam_channel::bounded::<()>(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let (keyring, entered, gate) = (&keyring, entered.clone(), gate.clone());
                scope.spawn(move || keyring.as_hasher(|| (entered.send(()).unwrap(), gate.recv().unwrap())));
            }
            inside.recv().unwrap();
            assert_eq!(*keyring.busy.lock(), 1);
            assert!(inside.try_recv().is_err(), "the second one waits");
            let_go.send(()).unwrap();
            inside.recv().unwrap();
            let_go.send(()).unwrap();
        });
        assert_eq!(*keyring.busy.lock(), 0);
    }
}
