//! Hashes and checks passwords: outside of every lock, a few at once and by turns, in memory that is reused. Knows no chat and no database.
//!
//! A password is prepared by RFC 8265, 4 (OpaqueString), so that it is the same
//! from every keyboard, and hashed with argon2id (RFC 9106): 19 MiB, two passes,
//! which takes some 30 ms on purpose.
//!
//! Those 19 MiB are lent to a thread and returned. The allocator would hold freed
//! memory for the thread that hashed, and there is a thread for every session.

use std::net::IpAddr;
use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use parking_lot::Mutex;
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::Profile;

use super::guesses::{AttemptKey, Guesses};
use crate::command::Secret;
use crate::error::ChatError;
use crate::limits::InForce;
use crate::names::Nick;
use crate::turns::{NoTurn, Turn, Turns};

/// How long a password may be, in bytes.
const LONGEST: usize = 1_024;

/// Hashes passwords for all sessions, and counts the wrong ones.
#[derive(Debug)]
pub struct Passwords {
    hashers: usize,
    limits: InForce,
    turns: Turns<Lane>,
    /// Memory that no hasher uses now. It is allocated when it is first needed.
    idle: Mutex<Vec<Memory>>,
    guesses: Guesses,
}

type Memory = Vec<Block>;

/// The lane in which a session waits for a hasher.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Lane {
    /// Sessions that try the same name from the same origin.
    Account(AttemptKey),
    /// All sessions that try names that no account has.
    Unknown,
    /// Sessions from one origin that register.
    New(IpAddr),
}

impl Passwords {
    /// With the bounds of `limits`.
    pub fn new(limits: &InForce) -> Passwords {
        let hashers = limits.now().hashers;
        Passwords {
            hashers,
            limits: limits.clone(),
            turns: Turns::new(hashers, limits),
            idle: Mutex::default(),
            guesses: Guesses::new(limits),
        }
    }

    /// The PHC string of a new password. Waits for a turn, then hashes, which takes long.
    ///
    /// # Errors
    /// [`ChatError::PasswordBad`] for fewer bytes than `password-min` or more than 1,024, or
    /// characters that no keyboard types; [`ChatError::Busy`] if there is no
    /// turn; [`ChatError::NotTaken`] without the system's randomness or memory.
    pub fn hash(&self, password: &Secret, asker: &AttemptKey) -> Result<Arc<str>, ChatError> {
        let password = prepare(password, self.limits.now().password_min)?;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| ChatError::NotTaken(error.to_string()))?;
        // A session that is logged in does not wait behind those that register.
        let lane = if asker.inside { Lane::Account(asker.clone()) } else { Lane::New(asker.origin) };
        let _turn = self.turn(lane)?;
        let new = Stored { argon2: Argon2::default(), salt: salt.to_vec(), output: Params::DEFAULT_OUTPUT_LEN };
        let output = self.compute(&new, password.as_bytes())?;
        phc(&salt, output).ok_or_else(|| ChatError::NotTaken("the password could not be hashed".to_owned()))
    }

    /// Whether `password` is the one of `hash`. If there is no hash, it is not, but
    /// the answer takes as long. A wrong password is counted.
    ///
    /// # Errors
    /// [`ChatError::LoginTooOften`] after too many wrong ones, [`ChatError::Busy`]
    /// if there is no turn, [`ChatError::NotTaken`] if the hash is none of ours.
    pub fn fits(&self, asker: &AttemptKey, password: &Secret, hash: Option<&str>) -> Result<bool, ChatError> {
        let is_account = hash.is_some();
        // A session that is refused now must not take a turn from others.
        self.guesses.may_try(asker, is_account)?;
        let (known, expected) = match hash {
            Some(hash) => Stored::parse(hash).ok_or_else(|| {
                tracing::error!(?asker, "the hash of a password in the database is none of ours; restore a backup");
                ChatError::NotTaken("the stored password is damaged; tell the operator".to_owned())
            })?,
            None => Stored::of_no_account(),
        };
        let password = prepare(password, 1).unwrap_or_default();
        let _turn = self.turn(if is_account { Lane::Account(asker.clone()) } else { Lane::Unknown })?;
        let attempt = self.guesses.begin(asker, is_account)?;
        let output = self.compute(&known, password.as_bytes())?;
        let fits = Some(output) == expected && is_account && !password.is_empty();
        if fits {
            attempt.was_right();
        }
        Ok(fits)
    }

    /// Remembers the origin of a login without a password: with a resume token, or by registering.
    pub fn let_in(&self, asker: &AttemptKey) {
        self.guesses.let_in(asker);
    }

    /// Forgets what is remembered of an account that was deleted.
    pub fn forget(&self, name: &Nick) {
        self.guesses.forget(name);
    }

    /// Ends all waits, now and later: the server is stopping.
    pub fn stop(&self) {
        self.turns.stop();
    }

    /// Waits for a hasher.
    fn turn(&self, lane: Lane) -> Result<Turn<'_, Lane>, ChatError> {
        // More tries for one name would only wait for one another: see `Guesses::begin`.
        let most = if matches!(lane, Lane::Account(_)) {
            self.limits.now().login_tries.min(self.hashers)
        } else {
            self.hashers
        };
        self.turns.wait(lane, most).map_err(|none| match none {
            NoTurn::Busy(time) => ChatError::Busy(time.as_secs()),
            NoTurn::Stopped => ChatError::Closing,
        })
    }

    /// Hashes in memory that is lent. The caller has a turn, so there is no more memory than hashers.
    fn compute(&self, stored: &Stored, password: &[u8]) -> Result<Output, ChatError> {
        let mut memory = self.idle.lock().pop().unwrap_or_default();
        let output = stored.compute(password, &mut memory);
        self.idle.lock().push(memory);
        output.map_err(ChatError::NotTaken)
    }
}

/// What a PHC string says, without the result.
struct Stored {
    argon2: Argon2<'static>,
    salt: Vec<u8>,
    /// How many bytes the result has.
    output: usize,
}

impl Stored {
    /// Reads a PHC string of ours, or one that costs no more: a damaged file must
    /// not occupy a hasher for ever, nor ask for more memory than there is.
    fn parse(hash: &str) -> Option<(Stored, Option<Output>)> {
        let known = PasswordHash::new(hash).ok()?;
        let params = Params::try_from(&known).ok()?;
        let ours = Params::DEFAULT;
        if params.m_cost() > ours.m_cost() || params.t_cost() > ours.t_cost() || params.p_cost() > ours.p_cost() {
            return None;
        }
        let algorithm = Algorithm::try_from(known.algorithm.as_str()).ok()?;
        let version = known.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        let (salt, output) = (known.salt?.to_vec(), known.hash?);
        let stored = Stored { argon2: Argon2::new(algorithm, version, params), salt, output: output.len() };
        Some((stored, Some(output)))
    }

    /// Hashes a password, in memory that is made large enough for it.
    fn compute(&self, password: &[u8], memory: &mut Memory) -> Result<Output, String> {
        let blocks = Params::DEFAULT.block_count().max(memory.len());
        memory.try_reserve_exact(blocks - memory.len()).map_err(|error| error.to_string())?;
        memory.resize(blocks, Block::new());
        let mut output = [0; Output::MAX_LENGTH];
        let output = &mut output[..self.output.min(Output::MAX_LENGTH)];
        let done = self.argon2.hash_password_into_with_memory(password, &self.salt, output, memory);
        done.map_err(|error| error.to_string())?;
        Output::new(output).map_err(|error| error.to_string())
    }

    /// What to compute if there is no account, so that the answer takes as long.
    fn of_no_account() -> (Stored, Option<Output>) {
        (Stored { argon2: Argon2::default(), salt: vec![0; 16], output: Params::DEFAULT_OUTPUT_LEN }, None)
    }
}

/// The PHC string of a result.
fn phc(salt: &[u8], output: Output) -> Option<Arc<str>> {
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::default().into()),
        params: ParamsString::try_from(&Params::DEFAULT).ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(output),
    };
    Some(Arc::from(hash.to_string()))
}

/// Checks whether a password of at least `least` bytes is allowed, before anything is hashed.
///
/// # Errors
/// [`ChatError::PasswordBad`].
pub fn check(password: &Secret, least: usize) -> Result<(), ChatError> {
    prepare(password, least).map(drop)
}

/// The form of a password that is hashed.
fn prepare(password: &Secret, least: usize) -> Result<String, ChatError> {
    // A password that is far too long costs no work.
    if password.0.len() > LONGEST {
        return Err(ChatError::PasswordBad(least));
    }
    let prepared = OpaqueString::new().enforce(&*password.0).map_err(|_| ChatError::PasswordBad(least))?;
    let is_long_enough = (least..=LONGEST).contains(&prepared.len());
    if is_long_enough { Ok(prepared.into_owned()) } else { Err(ChatError::PasswordBad(least)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn passwords() -> Passwords {
        Passwords::new(&Limits { login_tries: 99, ..Limits::default() }.into())
    }

    fn secret(text: &str) -> Secret {
        Secret(text.into())
    }

    fn anna() -> AttemptKey {
        AttemptKey::new(&Nick::parse("anna").unwrap(), std::net::Ipv4Addr::LOCALHOST.into(), false)
    }

    #[test]
    fn a_password_fits_its_hash_however_it_is_typed_and_no_other_does() {
        let passwords = passwords();
        let hash = passwords.hash(&secret("п\u{438}\u{306}вот 12"), &anna()).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let fits = |password: &str, hash| passwords.fits(&anna(), &secret(password), hash).unwrap();
        assert!(fits("п\u{439}вот 12", Some(&*hash)), "composed or not");
        assert!(!fits("п\u{439}вот 13", Some(&*hash)));
        assert!(!fits("", Some(&*hash)));
        assert!(!fits("nobody has this password", None));
    }

    /// RFC 9106: hashes made by other programs, and by this one before, with the password `password`.
    #[test]
    fn a_hash_that_another_program_made_is_checked_as_it_says() {
        let passwords = passwords();
        let made = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert_eq!(passwords.fits(&anna(), &secret("password"), Some(made)), Ok(true));
        assert_eq!(passwords.fits(&anna(), &secret("passwort"), Some(made)), Ok(false));
    }

    #[test]
    fn a_stored_hash_that_would_cost_more_than_ours_is_refused_and_one_that_costs_the_same_is_not() {
        let passwords = passwords();
        let stored =
            |params: &str| format!("$argon2id$v=19${params}$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
        for (params, taken) in [
            ("m=19456,t=2,p=1", true),
            ("m=19457,t=2,p=1", false),
            ("m=19456,t=3,p=1", false),
            ("m=19456,t=2,p=2", false),
            ("m=4194304,t=4294967295,p=1", false),
            ("m=nine", false),
        ] {
            let fits = passwords.fits(&anna(), &secret("password"), Some(&stored(params)));
            match fits {
                Ok(fits) => assert!(taken && !fits, "{params}"),
                Err(refusal) => assert!(!taken && refusal.code() == "not-taken", "{params}: {refusal}"),
            }
        }
        assert_eq!(passwords.turns.load(), (0, 0));
    }

    #[test]
    fn a_password_has_8_to_1024_bytes() {
        let passwords = passwords();
        for (length, taken) in [(0, false), (7, false), (8, true), (1024, true), (1025, false)] {
            assert_eq!(passwords.hash(&secret(&"x".repeat(length)), &anna()).is_ok(), taken, "{length}");
        }
        assert_eq!(passwords.hash(&secret("with a\u{7} bell"), &anna()), Err(ChatError::PasswordBad(8)));
    }

    #[test]
    fn there_is_no_more_memory_than_hashers_and_it_is_used_again() {
        let passwords = Passwords::new(&Limits { hashers: 2, ..Limits::default() }.into());
        std::thread::scope(|scope| {
            for i in 0..6 {
                let passwords = &passwords;
                scope.spawn(move || passwords.hash(&secret(&format!("nine blue skies {i}")), &anna()).unwrap());
            }
        });
        let idle = passwords.idle.lock();
        assert!((1..=2).contains(&idle.len()), "{}", idle.len());
        assert!(idle.iter().all(|memory| memory.capacity() == Params::DEFAULT.block_count()));
    }

    #[test]
    fn no_more_tries_for_one_name_are_at_once_than_may_be_wrong_and_those_for_another_go_on() {
        let passwords = Passwords::new(&Limits { hashers: 2, login_tries: 1, ..Limits::default() }.into());
        let first = passwords.turn(Lane::Account(anna())).unwrap();
        let other = AttemptKey::new(&Nick::parse("boris").unwrap(), anna().origin, false);
        drop(passwords.turn(Lane::Account(other)).unwrap());
        std::thread::scope(|scope| {
            let second = scope.spawn(|| passwords.turn(Lane::Account(anna())).map(drop));
            while passwords.turns.load() != (1, 1) {
                std::thread::yield_now();
            }
            drop(first);
            assert_eq!(second.join().unwrap(), Ok(()));
        });
    }

    #[test]
    fn if_there_is_no_turn_in_time_the_refusal_says_that_the_server_is_busy() {
        let time = std::time::Duration::from_secs(0);
        let passwords = Passwords::new(&Limits { hashers: 1, turn_patience: time, ..Limits::default() }.into());
        let held = passwords.turn(Lane::Unknown).unwrap();
        assert_eq!(passwords.hash(&secret("nine blue skies"), &anna()), Err(ChatError::Busy(0)));
        drop(held);
        passwords.stop();
        assert_eq!(passwords.hash(&secret("nine blue skies"), &anna()), Err(ChatError::Closing));
    }
}
