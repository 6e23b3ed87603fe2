//! What a typed mask means: an account, an address, a person who is here, or a pattern. Knows nobody.
//!
//! A ban of ours is for a person, an account or an address, and other chats write
//! bans as `nick!user@host`. So a mask is read for what its author means by it. Only
//! what means nobody in particular stays a pattern. The first row that fits counts:
//!
//! | typed | what it means |
//! |---|---|
//! | `a:NAME` | the account; if there is none, whoever registers that name |
//! | `NAME`, `NAME!*@*` | the person or account of that name; if there is none, whoever comes with that name |
//! | `*!*@HOST`, `*!USER@HOST`, `*!*USER@HOST` | the account or the address that HOST stands for |
//! | `*!*@ADDRESS` | the address |
//! | anything else | all whom it fits |

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use wildmatch::WildMatch;

use crate::actor::Actor;
use crate::model::{Address, Identity, Target};
use crate::names::{Nick, fold_mask};

/// What stands before the name of an account.
const ACCOUNT: &str = "a:";

/// What a mask says, without a look at who is here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    Account(&'a str),
    Name(&'a str),
    Host(&'a str),
    Address(Address),
    Others,
}

/// A mask in one form: folded, and with all three parts. Two masks are the same if this is.
pub(super) fn whole(typed: &str) -> String {
    let folded = fold_mask(typed);
    if folded.starts_with(ACCOUNT) {
        return folded;
    }
    match (folded.contains('!'), folded.contains('@')) {
        (true, true) => folded,
        (true, false) => folded + "@*",
        (false, true) => "*!".to_owned() + &folded,
        (false, false) => folded + "!*@*",
    }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Reads a mask as [`whole`] has made it.
pub(super) fn meaning(whole: &str) -> Meaning<'_> {
    if let Some(name) = whole.strip_prefix(ACCOUNT) {
        return if is_pattern(name) { Meaning::Others } else { Meaning::Account(name) };
    }
    let Some(((nick, user), host)) = whole.split_once('@').and_then(|(left, host)| Some((left.split_once('!')?, host)))
    else {
        return Meaning::Others;
    };
    match (nick, user, host) {
        (nick, "*", "*") if !is_pattern(nick) => Meaning::Name(nick),
        ("*", user, host) if !is_pattern(host) => match host.parse() {
            Ok(address) if user == "*" => Meaning::Address(address),
            Err(_) if !is_pattern(user.strip_prefix('*').unwrap_or(user)) => Meaning::Host(host),
            _ => Meaning::Others,
        },
        _ => Meaning::Others,
    }
}

/// Whether a mask fits everybody: it has nothing but wildcards.
pub(super) fn is_for_all(whole: &str) -> bool {
    whole.chars().all(|c| matches!(c, '*' | '?' | '!' | '@'))
}

/// A pattern of [`Target::Mask`], ready to be compared.
#[derive(Debug)]
pub(super) struct Pattern {
    glob: WildMatch,
    /// Whether it is for names of accounts.
    of_accounts: bool,
}

impl Pattern {
    /// The pattern of a mask as [`whole`] has made it.
    pub fn new(whole: &str) -> Pattern {
        let name = whole.strip_prefix(ACCOUNT);
        Pattern { glob: WildMatch::new(name.unwrap_or(whole)), of_accounts: name.is_some() }
    }

    /// Whether it fits a person of whom [`form`] says this.
    pub fn fits(&self, form: &str) -> bool {
        match (self.of_accounts, form.strip_prefix(ACCOUNT)) {
            (true, None) => false,
            (true, Some(face)) => self.glob.matches(face.split('!').next().unwrap_or_default()),
            (false, face) => self.glob.matches(face.unwrap_or(form)),
        }
    }
}

/// What masks are compared with: `nick!user@host`, folded; before that of an account stands its mark.
pub(super) fn form(nick: &Nick, face: &Actor, identity: Identity) -> String {
    let mark = if identity.account().is_some() { ACCOUNT } else { "" };
    format!("{mark}{}!{}@{}", nick.key(), face.user().to_ascii_lowercase(), face.host())
}

/// The masks of one place. To compare five hundred with a person who speaks would take longer
/// than to send the message; so it is remembered which of them fit that person.
#[derive(Default)]
pub(super) struct Masks {
    patterns: Vec<(Target, Pattern)>,
    /// Which masks fit, by [`form`]; emptied when a mask comes or goes, and when it is full.
    known: RefCell<HashMap<String, Arc<[Target]>>>,
}

impl Masks {
    /// How many people are remembered of each place.
    const KNOWN: usize = 1_024;

    pub fn add(&mut self, mask: &Arc<str>) {
        self.known.get_mut().clear();
        self.patterns.push((Target::Mask(Arc::clone(mask)), Pattern::new(mask)));
    }

    /// Returns whether there is any left.
    pub fn remove(&mut self, target: &Target) -> bool {
        self.known.get_mut().clear();
        self.patterns.retain(|(other, _)| other != target);
        !self.patterns.is_empty()
    }

    /// The masks that fit a person of whom [`form`] says this.
    pub fn fitting(&self, form: String) -> Arc<[Target]> {
        let mut known = self.known.borrow_mut();
        if let Some(fitting) = known.get(&form) {
            return Arc::clone(fitting);
        }
        if known.len() >= Masks::KNOWN {
            known.clear();
        }
        let fitting = self.patterns.iter().filter(|(_, pattern)| pattern.fits(&form));
        let fitting: Arc<[Target]> = fitting.map(|(target, _)| target.clone()).collect();
        known.insert(form, Arc::clone(&fitting));
        fitting
    }

    /// All of them: for tests.
    #[cfg(test)]
    pub fn all(&self) -> impl Iterator<Item = &Target> {
        self.patterns.iter().map(|(target, _)| target)
    }
}

/// What is remembered is no part of the state: a refusal may change it.
impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.patterns.iter().map(|(target, _)| target)).finish()
    }
}
