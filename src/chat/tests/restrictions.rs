//! Promises about bans and mutes of people on other machines, because there the address counts. (protocol.md, *Roles*)

use super::*;
use crate::command::{ModAction, Whom};
use crate::model::{AccountId, Restriction};

pub(super) const HERE: &str = "192.0.2.1";

pub(super) fn enter<'a>(rig: &'a Rig, nick: &str, from: &str, resume: Option<&str>) -> Result<Peer<'a>, ChatError> {
    let peer =
        rig.try_enter(JoinRequest { nick, rooms: Some(""), from: Some(from), resume, ..JoinRequest::default() })?;
    hush(&[&peer]);
    Ok(peer)
}

impl Peer<'_> {
    pub(super) fn registers(&self) {
        let Rig { chat, now, .. } = self.rig;
        let made = self.rig.step(|effects| chat.register(self.session, None, "$".into(), now.get(), effects)).0;
        made.expect("the name is free");
    }

    pub(super) fn logs_in(&self, account: u32) {
        let Rig { chat, now, .. } = self.rig;
        let login = Proven { account: AccountId(account), memberships: Vec::new(), asked: now.get() };
        self.rig.step(|effects| chat.login(self.session, None, login, now.get(), effects)).0.expect("it may");
    }

    fn logs_out(&self) {
        let Rig { chat, now, .. } = self.rig;
        self.rig.step(|effects| chat.logout(self.session, None, now.get(), effects)).0.expect("it is logged in");
    }

    /// Whether it may come into `#a`, and speak there.
    pub(super) fn may(&self) -> (bool, bool) {
        let join = self.obeys(None, parse("/join #a").expect("a good line"));
        match join {
            Err(refusal) => {
                assert!(matches!(refusal, ChatError::Banned(..)), "{refusal:?}");
                (false, false)
            }
            Ok(_) => (true, self.says_tagged(None, "#a", "hi").is_ok()),
        }
    }
}

/// A room `#a` with its op, who came from another address.
pub(super) fn op(rig: &Rig) -> Peer<'_> {
    let op = enter(rig, "op-ann", "198.51.100.1", None).expect("a free name");
    op.does("/join #a");
    op
}

#[test]
fn a_guest_who_is_banned_registers_and_is_banned_as_the_account() {
    let rig = Rig::stored(Limits::default());
    let op = op(&rig);
    let bob = enter(&rig, "bob", HERE, None).unwrap();
    op.does("/ban bob");
    assert_eq!(bob.may(), (false, false));
    bob.registers();
    assert_eq!(bob.may(), (false, false));
    // Another guest from that address registers: the guest is banned, and so is the new account.
    let cat = enter(&rig, "cat", HERE, None).unwrap();
    cat.registers();
    assert_eq!(cat.may(), (false, false));
    op.does("/unban bob");
    assert_eq!((bob.may(), cat.may()), ((true, true), (true, true)), "one ban, and all of it is lifted");
}

#[test]
fn an_account_answers_for_itself_and_not_for_its_address() {
    let rig = Rig::stored(Limits::default());
    let op = op(&rig);
    let cat = enter(&rig, "cat", "203.0.113.9", None).unwrap();
    cat.registers();
    cat.ends(CloseReason::Quit);
    let bob = enter(&rig, "bob", HERE, None).unwrap();
    op.does("/ban bob");
    let guest = enter(&rig, "guest", HERE, None).unwrap();
    assert_eq!(guest.may(), (false, false), "a guest from the same address");
    guest.logs_in(1);
    assert_eq!(guest.may(), (true, true), "an account from there");
    bob.ends(CloseReason::Quit);
}

#[test]
fn a_banned_account_that_logs_out_is_banned_by_stay_and_address() {
    let rig = Rig::stored(Limits::default());
    let op = op(&rig);
    let bob = enter(&rig, "bob", HERE, None).unwrap();
    bob.registers();
    bob.ends(CloseReason::Quit);
    op.does("/ban bob"); // who is away
    let bob = enter(&rig, "bobby", "192.0.2.77", None).unwrap();
    bob.logs_in(1);
    bob.logs_out();
    assert_eq!(bob.may(), (false, false));
    let token = bob.token();
    bob.ends(CloseReason::Lost);
    assert_eq!(enter(&rig, "rob", "192.0.2.77", None).unwrap().may(), (false, false), "the address");
    let back = enter(&rig, "robby", "203.0.113.5", Some(&token)).unwrap();
    assert_eq!(back.may(), (false, false), "the token, from elsewhere");
    assert_eq!(enter(&rig, "dan", "203.0.113.5", None).unwrap().may(), (true, true), "not everybody from there");
}

#[test]
fn the_next_address_of_an_ipv6_network_is_the_same_guest_and_the_next_network_is_not() {
    let rig = Rig::stored(Limits::default());
    let op = op(&rig);
    let bob = enter(&rig, "bob", "2001:db8:0:1::1", None).unwrap();
    op.does("/ban bob");
    bob.ends(CloseReason::Quit);
    assert_eq!(enter(&rig, "rob", "2001:db8:0:1:ffff:ffff:ffff:ffff", None).unwrap().may(), (false, false));
    assert_eq!(enter(&rig, "dan", "2001:db8:0:2::1", None).unwrap().may(), (true, true));
    op.does("/unban bob");
    op.does("/ban 2001:db8:0:1::7");
    assert_eq!(enter(&rig, "eve", "2001:db8:0:1::9", None).unwrap().may(), (false, false));
    op.does("/unban 2001:db8:0:1::8");
    assert_eq!(enter(&rig, "fay", "2001:db8:0:1::9", None).unwrap().may(), (true, true));
}

#[test]
fn of_two_from_one_address_the_other_stays_banned_by_the_stay() {
    let rig = Rig::stored(Limits::default());
    let op = op(&rig);
    let (bob, cat) = (enter(&rig, "bob", HERE, None).unwrap(), enter(&rig, "cat", HERE, None).unwrap());
    op.does("/mute bob");
    op.does("/mute cat");
    op.does("/unmute bob");
    assert_eq!((bob.may(), cat.may()), ((true, true), (true, false)));
    let count = rig.chat.change(|state| state.restrictions.at(Some(state.room("#a").place)).len());
    assert_eq!(count, 1);
}

#[test]
fn a_ban_holds_for_so_many_and_the_first_is_never_forgotten() {
    let rig = Rig::stored(Limits { ban_targets: 8, ..Limits::default() });
    let op = op(&rig);
    let bob = enter(&rig, "bob", HERE, None).unwrap();
    op.does("/mute bob");
    for turn in 0..20 {
        bob.registers();
        bob.logs_out();
        let most = rig.chat.change(|state| state.restrictions.at(Some(state.room("#a").place))[0].targets.len());
        assert_eq!(most, 8.min(3 + turn), "{turn}");
        assert_eq!(bob.may(), (true, false));
    }
}

#[test]
fn a_new_ban_holds_for_whom_the_old_one_held_and_for_as_long_as_it_says() {
    let rig = Rig::stored(Limits::default());
    let op = op(&rig);
    let bob = enter(&rig, "bob", HERE, None).unwrap();
    op.does("/ban bob 1h");
    bob.ends(CloseReason::Quit);
    op.does("/ban BOB 2h");
    assert_eq!(enter(&rig, "rob", HERE, None).unwrap().may(), (false, false));
    rig.later(2 * 3_600);
    assert_eq!(enter(&rig, "dan", HERE, None).unwrap().may(), (true, true));
}

#[test]
fn a_ban_from_the_server_holds_for_the_address_and_the_token() {
    let rig = Rig::stored(Limits::default());
    let bob = enter(&rig, "bob", HERE, None).unwrap();
    let token = bob.token();
    bob.ends(CloseReason::Lost);
    let bob = enter(&rig, "rob", "192.0.2.2", Some(&token)).unwrap();
    let now = rig.now.get();
    let ban = |whom: &str| Whom::parse(whom).expect("a name");
    rig.chat.ban_everywhere(ModAction::Ban, ban("rob"), None, None, now).unwrap();
    assert_eq!(rig.chat.banned_sessions(now), [bob.session]);
    bob.ends(CloseReason::Lost);
    for (from, resume) in [("192.0.2.2", None), (HERE, Some(&*token))] {
        assert!(matches!(enter(&rig, "new", from, resume).map(drop), Err(ChatError::Banned(None, ..))), "{from}");
    }
    enter(&rig, "other", HERE, None).unwrap();
    rig.chat.ban_everywhere(ModAction::Unban, ban("rob"), None, None, now).unwrap();
    enter(&rig, "new", "192.0.2.2", Some(&token)).unwrap();
    assert!(rig.chat.change(|state| {
        state.restrictions.at(None).iter().all(|restriction| restriction.restriction != Restriction::Ban)
    }));
}

#[test]
fn of_many_bans_each_is_in_force_for_its_own() {
    let rig = Rig::stored(Limits::default());
    let op = op(&rig);
    let bob = enter(&rig, "bob", HERE, None).unwrap();
    for number in 0..20 {
        op.does(&format!("/ban 203.0.113.{number}"));
    }
    assert_eq!(bob.may(), (true, true));
    op.does("/ban bob");
    assert_eq!(bob.may(), (false, false));
    assert_eq!(enter(&rig, "eve", "203.0.113.7", None).unwrap().may(), (false, false));
}

/// protocol.md, `password`: also a login that was on its way, and a token that was read before.
#[test]
fn a_password_that_was_proven_before_it_changed_lets_no_session_in_after_it() {
    let rig = Rig::stored(Limits::default());
    let ann = enter(&rig, "ann", HERE, None).unwrap();
    ann.registers();
    let bob = enter(&rig, "bob", HERE, None).unwrap();
    let asked = rig.now.get();
    rig.later(1);
    let (chat, now) = (&rig.chat, rig.now.get());
    rig.step(|effects| chat.change_password(ann.session, None, "$2".into(), now, effects)).0.unwrap();
    let login = |asked| {
        let proven = Proven { account: AccountId(1), memberships: Vec::new(), asked };
        rig.step(|effects| chat.login(bob.session, None, proven, now, effects))
            .0
            .map(|entered| entered.nick.to_string())
    };
    assert_eq!(login(asked), Err(ChatError::LoginFailed));
    assert_eq!(login(now), Ok("ann".to_owned()));
}
