//! Encryption as the operator sets it: whether, with which certificate, and until when. Knows files and dates, and no connection.

pub mod made;
mod pair;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::limits::Limits;
use crate::net::Acceptor;
use crate::net::addresses::is_private;
pub use pair::{Certificate, Pair, TlsError};

/// How long before its end the operator is reminded of a certificate, once a day.
const REMIND: Duration = Duration::from_secs(14 * DAY);
const DAY: u64 = 86_400;

/// Whether connections are encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// `allow`, but `off` on a server for this machine only
    #[default]
    Auto,
    /// Nothing is encrypted
    Off,
    /// A client that asks for it is encrypted
    Allow,
    /// A client that does not ask for it is told how to, and closed; loopback is exempt
    Require,
}

/// What the operator sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether connections are encrypted.
    pub mode: Mode,
    /// The file of the certificate, with those that vouch for it behind it.
    pub certificate: PathBuf,
    /// The file of its key.
    pub key: PathBuf,
    /// Whether the operator named the files. If not, they are made if they are not there.
    pub is_given: bool,
}

impl Settings {
    /// The mode in force on a server that listens on loopback only, or not.
    fn mode_for(&self, is_private: bool) -> Mode {
        match self.mode {
            Mode::Auto if is_private && !self.is_given => Mode::Off,
            Mode::Auto => Mode::Allow,
            mode => mode,
        }
    }
}

/// The encryption of a running server.
#[derive(Debug)]
pub struct Security {
    requires: bool,
    acceptor: Arc<Acceptor>,
    certificate: Mutex<Arc<Certificate>>,
    /// The day on which the operator was reminded last, counted from 1970.
    reminded: AtomicU64,
}

impl Security {
    /// For a server that listens on `listening`; `None` if nothing is to be encrypted. Makes
    /// a certificate if the operator named none, and none was made before.
    ///
    /// # Errors
    /// The certificate or its key cannot be used, or cannot be made.
    pub fn start(
        settings: &Settings,
        listening: &[std::net::SocketAddr],
        limits: &Limits,
    ) -> Result<Option<Arc<Security>>, TlsError> {
        let mode = settings.mode_for(is_private(listening));
        if mode == Mode::Off {
            return Ok(None);
        }
        if !settings.is_given && !settings.certificate.exists() && !settings.key.exists() {
            made::make(settings, &[], made::DAYS)?;
        }
        let Pair { config, certificate } = Pair::read(settings, SystemTime::now())?;
        Ok(Some(Arc::new(Security {
            requires: mode == Mode::Require,
            acceptor: Arc::new(Acceptor::new(config, limits.handshakes)),
            certificate: Mutex::new(Arc::new(certificate)),
            reminded: AtomicU64::new(0),
        })))
    }

    /// From now on newcomers get this certificate, which was read and checked before;
    /// connections that are open have the one of their beginning. Returns whether it is another.
    pub fn take(&self, pair: Pair) -> bool {
        self.acceptor.replace(pair.config);
        let new = Arc::new(pair.certificate);
        let old = std::mem::replace(&mut *self.certificate.lock(), Arc::clone(&new));
        self.reminded.store(0, Ordering::Relaxed);
        old != new
    }

    /// What begins TLS on a connection.
    pub fn acceptor(&self) -> &Arc<Acceptor> {
        &self.acceptor
    }

    /// The certificate that newcomers get.
    pub fn certificate(&self) -> Arc<Certificate> {
        Arc::clone(&self.certificate.lock())
    }

    /// Whether this peer must be encrypted.
    pub fn is_required_of(&self, peer: IpAddr) -> bool {
        self.requires && !peer.to_canonical().is_loopback()
    }

    /// Whether others than this machine must be encrypted.
    pub fn requires(&self) -> bool {
        self.requires
    }

    /// The sentence that reminds the operator of a certificate that ends soon: once a day.
    pub fn remind(&self, now: SystemTime) -> Option<String> {
        let today = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY;
        if self.reminded.swap(today, Ordering::Relaxed) == today {
            return None;
        }
        let certificate = self.certificate();
        let left = certificate.until.duration_since(now).unwrap_or_default();
        (left < REMIND).then(|| {
            format!("the certificate {} {}", if left.is_zero() { "ended on" } else { "ends on" }, certificate.advice())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &tempfile::TempDir, mode: Mode) -> Settings {
        let [certificate, key] = ["a.crt", "a.key"].map(|name| folder.path().join(name));
        Settings { mode, certificate, key, is_given: false }
    }

    fn start(settings: &Settings, listening: &str) -> Option<Arc<Security>> {
        Security::start(settings, &[listening.parse().unwrap()], &Limits::default()).unwrap()
    }

    #[test]
    fn what_is_not_set_depends_on_whether_others_can_come_in() {
        let folder = tempfile::tempdir().unwrap();
        let (here, everywhere) = ("127.0.0.1:1", "0.0.0.0:1");
        for mode in [Mode::Auto, Mode::Off] {
            assert!(start(&settings(&folder, mode), here).is_none());
        }
        assert!(start(&settings(&folder, Mode::Off), everywhere).is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made that is not used");
        let allows = start(&settings(&folder, Mode::Auto), everywhere).unwrap();
        assert!(!allows.is_required_of([192, 0, 2, 7].into()));
        let given = Settings { is_given: true, ..settings(&folder, Mode::Auto) };
        assert!(start(&given, here).is_some(), "an operator who names a certificate wants it used");
        let requires = start(&settings(&folder, Mode::Require), here).unwrap();
        assert!(requires.is_required_of([192, 0, 2, 7].into()));
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(!requires.is_required_of(loopback.parse().unwrap()), "{loopback}");
        }
    }

    #[test]
    fn the_operator_is_reminded_once_a_day_in_the_last_two_weeks() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(&folder, Mode::Allow);
        let security = start(&settings, "127.0.0.1:1").unwrap();
        let end = security.certificate().until;
        let days = |count: u64| Duration::from_secs(count * DAY);
        assert_eq!(security.remind(end - days(15)), None);
        let told = security.remind(end - days(13)).unwrap();
        assert!(told.starts_with("the certificate ends on ") && told.contains("--renew"), "{told}");
        assert_eq!(security.remind(end - days(13) + Duration::from_secs(60)), None);
        assert!(security.remind(end - days(12)).is_some());
        assert!(security.remind(end + days(1)).unwrap().starts_with("the certificate ended on "));
        made::renew(&settings, &[], 800).unwrap();
        assert!(security.take(Pair::read(&settings, SystemTime::now()).unwrap()), "it is another");
        assert!(!security.take(Pair::read(&settings, SystemTime::now()).unwrap()));
        assert_eq!(security.remind(end - days(12)), None);
    }
}
