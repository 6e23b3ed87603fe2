//! Whether a server is trusted: one table, as one function. Knows no certificate, no file and no connection.

use super::distrust::Distrust;
use super::host::Host;
use super::known_hosts::Known;
use super::policy::{Security, Strangers};
use crate::net::fingerprint::Fingerprint;

/// What is certain of a server before it is heard.
#[derive(Debug)]
pub(super) struct Standing {
    pub host: Host,
    /// The key that the user has named. Nothing else counts then.
    pub given: Option<Fingerprint>,
    /// The keys that are known.
    pub known: Vec<Known>,
    pub strangers: Strangers,
}

/// What a server shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub key: Fingerprint,
    /// Whether an authority vouches for it and for the name.
    pub vouched: bool,
}

impl Standing {
    /// Judges a server by its key.
    pub fn judge(&self, Shown { key, vouched }: Shown) -> Result<Security, Distrust> {
        let host = self.host.to_string();
        if let Some(given) = self.given {
            return if given == key { Ok(Security::Given) } else { Err(Distrust::NotGiven { host, given, key }) };
        }
        if let Some(known) = self.known.iter().find(|known| known.key == key) {
            return Ok(Security::Known { since: known.since.clone() });
        }
        // An authority vouches for the name, whatever key it has now: some servers get a new key with each certificate.
        if vouched {
            return Ok(Security::Vouched);
        }
        if let Some(Known { key: known, since }) = self.known.last().cloned() {
            return Err(Distrust::Changed { host, known, since, key });
        }
        match self.strangers {
            Strangers::Take => Ok(Security::New { unstored: None }),
            Strangers::TakeOnly(only) if only == key => Ok(Security::New { unstored: None }),
            Strangers::TakeOnly(_) | Strangers::Refuse => Err(Distrust::Unknown { host, key }),
        }
    }

    /// Judges a server that speaks no TLS. `always`: the user wants nothing else.
    pub fn judge_plain(&self, always: bool) -> Result<(), Distrust> {
        let host = self.host.to_string();
        match self.known.last().cloned() {
            Some(Known { key, since }) => Err(Distrust::Downgraded { host, known: key, since }),
            None if always || self.given.is_some() => Err(Distrust::Plain { host }),
            None => Ok(()),
        }
    }
}

/// Each row of the table in `docs/trust.md` is a test here, with both columns in it.
#[cfg(test)]
mod tests {
    use super::*;

    /// On a terminal a person is asked about the key that was refused; `yes` is the answer.
    fn columns(yes: Fingerprint) -> [Strangers; 3] {
        [Strangers::Refuse, Strangers::Take, Strangers::TakeOnly(yes)]
    }

    fn key(of: &str) -> Fingerprint {
        Fingerprint::of_key(of.as_bytes())
    }

    fn standing(given: Option<&str>, known: &[&str], strangers: Strangers) -> Standing {
        let known = known.iter().map(|of| Known { key: key(of), since: "2026-11-19".to_owned() }).collect();
        Standing { host: Host::of("lab:1"), given: given.map(key), known, strangers }
    }

    fn shown(of: &str, vouched: bool) -> Shown {
        Shown { key: key(of), vouched }
    }

    #[test]
    fn a_key_that_was_given_must_match_and_nothing_else_counts() {
        for strangers in columns(key("b")) {
            for known in [&[][..], &["a"], &["b"]] {
                let standing = standing(Some("a"), known, strangers);
                for vouched in [false, true] {
                    assert_eq!(standing.judge(shown("a", vouched)), Ok(Security::Given));
                    let refused = standing.judge(shown("b", vouched));
                    assert!(matches!(refused, Err(Distrust::NotGiven { .. })), "{refused:?}");
                }
                assert!(standing.judge_plain(false).is_err());
            }
        }
    }

    #[test]
    fn a_known_key_is_taken_silently() {
        for strangers in columns(key("c")) {
            for (of, vouched) in [("a", false), ("a", true), ("b", false)] {
                let known = Security::Known { since: "2026-11-19".to_owned() };
                assert_eq!(standing(None, &["a", "b"], strangers).judge(shown(of, vouched)), Ok(known));
            }
        }
    }

    #[test]
    fn an_unknown_key_with_a_valid_certificate_is_taken_silently() {
        for strangers in columns(key("b")) {
            assert_eq!(standing(None, &[], strangers).judge(shown("a", true)), Ok(Security::Vouched));
        }
    }

    #[test]
    fn an_unknown_key_is_refused_unless_the_user_takes_it() {
        let judge = |strangers| standing(None, &[], strangers).judge(shown("a", false));
        let refused = Err(Distrust::Unknown { host: "lab:1".to_owned(), key: key("a") });
        assert_eq!(judge(Strangers::Refuse), refused);
        assert_eq!(judge(Strangers::Take), Ok(Security::New { unstored: None }));
        assert_eq!(judge(Strangers::TakeOnly(key("a"))), Ok(Security::New { unstored: None }));
        assert_eq!(judge(Strangers::TakeOnly(key("b"))), refused, "another machine answers after the question");
    }

    #[test]
    fn a_changed_key_is_refused_in_every_case_but_that_of_a_valid_certificate() {
        for strangers in columns(key("b")) {
            let standing = standing(None, &["a"], strangers);
            let refused = standing.judge(shown("b", false));
            assert!(matches!(refused, Err(Distrust::Changed { .. })), "{refused:?}");
            assert_eq!(standing.judge(shown("b", true)), Ok(Security::Vouched));
        }
    }

    #[test]
    fn a_server_whose_key_is_known_is_never_talked_to_in_the_clear() {
        for strangers in columns(key("a")) {
            for always in [false, true] {
                let refused = standing(None, &["a"], strangers).judge_plain(always);
                assert!(matches!(refused, Err(Distrust::Downgraded { .. })), "{refused:?}");
            }
            assert_eq!(standing(None, &[], strangers).judge_plain(false), Ok(()));
            let refused = standing(None, &[], strangers).judge_plain(true);
            assert!(matches!(refused, Err(Distrust::Plain { .. })), "{refused:?}");
        }
    }
}
