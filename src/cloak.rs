//! The host that other people see: a keyed hash of what a ban would mean, so that a ban of the host is that ban. Knows no people.
//!
//! A cloak has no dot. Clients make a mask from a host with dots by leaving out the first part, and that mask would be for all people.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::{AccountId, Address, Identity, ResumeId, origin};

/// How many of the 32 letters a cloak has: 100 bits, which nobody finds by trying.
const LENGTH: usize = 20;

/// What a cloak stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Behind {
    /// An account.
    Account(AccountId),
    /// All guests from this address, which is an [`origin`].
    Address(Address),
    /// One guest on the server's own machine, because all guests there share the address.
    Resume(ResumeId),
}

impl Behind {
    /// What stands behind the cloak of a person who comes from this address.
    pub fn of(identity: Identity, address: Address) -> Behind {
        match identity {
            Identity::Account(id) => Behind::Account(id),
            Identity::Guest(id) if origin(address).is_loopback() => Behind::Resume(id),
            Identity::Guest(_) => Behind::Address(origin(address)),
        }
    }
}

/// Makes cloaks with one key. With another key every cloak is another one, and bans of masks end.
#[derive(Clone)]
pub struct Cloak(Hmac<Sha256>);

impl Cloak {
    /// With this key.
    pub fn new(key: &[u8]) -> Cloak {
        Cloak(<Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    /// The host of this account, address or guest: 20 letters and digits.
    pub fn host(&self, behind: Behind) -> Box<str> {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let of = match behind {
            Behind::Account(id) => format!("account {}", id.0),
            Behind::Address(address) => format!("address {address}"),
            Behind::Resume(id) => format!("resume {}", id.0),
        };
        let code = self.0.clone().chain_update(of).finalize().into_bytes();
        code.iter().take(LENGTH).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect::<String>().into()
    }

    /// The host of a person of whom only the identity is stored.
    pub fn stored(&self, identity: Identity) -> Box<str> {
        self.host(match identity {
            Identity::Account(id) => Behind::Account(id),
            Identity::Guest(id) => Behind::Resume(id),
        })
    }
}

/// The key is a secret.
impl fmt::Debug for Cloak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cloak")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloak_has_twenty_letters_without_a_dot_and_depends_on_the_key() {
        let all =
            [Behind::Account(AccountId(1)), Behind::Resume(ResumeId(1)), Behind::Address("192.0.2.7".parse().unwrap())];
        let mut seen: Vec<Box<str>> = [Cloak::new(b"one"), Cloak::new(b"two")]
            .iter()
            .flat_map(|cloak| all.map(|behind| cloak.host(behind)))
            .collect();
        assert!(seen.iter().all(|host| host.len() == LENGTH && host.bytes().all(|byte| byte.is_ascii_alphanumeric())));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn guests_of_one_network_have_one_cloak_and_guests_on_this_machine_have_their_own() {
        let of = |id, address: &str| Behind::of(Identity::Guest(ResumeId(id)), address.parse().unwrap());
        assert_eq!(of(1, "2001:db8:1:2::3"), of(2, "2001:db8:1:2::4"));
        assert_ne!(of(1, "127.0.0.1"), of(2, "127.0.0.1"));
        assert_eq!(of(1, "127.0.0.1"), of(1, "::1"));
    }
}
