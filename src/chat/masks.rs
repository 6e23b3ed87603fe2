//! What a typed mask means: an account, an address, a person who is here, or a pattern. Runs under the chat lock, and changes nothing.
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

use std::net::IpAddr;
use std::sync::Arc;

use wildmatch::WildMatch;

use super::State;
use super::moderation::ModTarget;
use super::restrictions::BanSubject;
use crate::model::{Target, origin};
use crate::names::{Nick, fold_mask};

/// What stands before the name of an account.
const ACCOUNT: &str = "a:";

/// What a mask says, without a look at who is here.
#[derive(Debug, PartialEq, Eq)]
enum Meaning<'a> {
    Account(&'a str),
    Name(&'a str),
    Host(&'a str),
    Address(IpAddr),
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
fn meaning(whole: &str) -> Meaning<'_> {
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
pub(super) struct Pattern(WildMatch);

impl Pattern {
    pub fn new(mask: &str) -> Pattern {
        Pattern(WildMatch::new(mask))
    }

    /// Whether it fits this person.
    pub fn fits(&self, subject: &BanSubject) -> bool {
        let account = subject.identity.account().map(|_| format!("{ACCOUNT}{}", subject.nick.key()));
        self.0.matches(&subject.face()) || account.is_some_and(|account| self.0.matches(&account))
    }
}

impl State {
    /// The target of a mask: see the table above.
    pub(super) fn masked(&self, typed: &Arc<str>) -> ModTarget {
        let whole = whole(typed);
        let found = match meaning(&whole) {
            Meaning::Account(name) => {
                let account = Nick::parse(name).ok().and_then(|name| self.registry.accounts.named(&name));
                account.map(|account| ModTarget::account(account.id, account.nick.shown()))
            }
            Meaning::Name(name) => Nick::parse(name).ok().and_then(|name| self.named_target(&name)),
            Meaning::Host(host) => self.behind(host),
            Meaning::Address(address) => Some(ModTarget::of(vec![Target::Address(origin(address))], typed)),
            Meaning::Others => None,
        };
        let found = found.unwrap_or_else(|| ModTarget::of(vec![Target::Mask(whole.into())], typed));
        ModTarget { mask: Some(Arc::clone(typed)), ..found }
    }

    /// What a host stands for, if somebody here has it, or somebody who left.
    fn behind(&self, _host: &str) -> Option<ModTarget> {
        None
    }
}
