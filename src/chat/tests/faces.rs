//! Promises about what others see of a person beside the nick: host, account, words about oneself.

use super::*;
use crate::model::AccountId;

/// The host that others see of a person.
fn host(peer: &Peer<'_>) -> String {
    let host = |state: &mut State| Some(state.registry.person_in(peer.session)?.face.host().to_owned());
    peer.rig.chat.change(host).expect("the session is here")
}

fn from<'a>(rig: &'a Rig, nick: &str, address: &str) -> Peer<'a> {
    let wish = JoinRequest { nick, from: Some(address), rooms: Some("#a"), ..JoinRequest::default() };
    let peer = rig.try_enter(wish).unwrap();
    hush(&[&peer]);
    peer
}

#[test]
fn a_host_stands_for_what_a_ban_of_the_person_would_mean() {
    let rig = Rig::stored(Limits::default());
    let (ann, bob) = (from(&rig, "ann", "192.0.2.7"), from(&rig, "bob", "192.0.2.7"));
    let (cat, dan) = (from(&rig, "cat", "127.0.0.1"), from(&rig, "dan", "127.0.0.1"));
    assert_eq!(host(&ann), host(&bob), "guests of one address");
    assert_ne!(host(&cat), host(&dan), "guests on this machine");
    let as_guest = host(&ann);
    ann.registers();
    assert_ne!(host(&ann), as_guest);
}

#[test]
fn a_login_is_told_before_the_new_nick_and_each_event_has_the_face_of_its_moment() {
    let rig = Rig::stored(Limits::default());
    let (ann, bob) = (rig.enter("ann", ""), rig.enter("bob", "#a"));
    ann.registers();
    let account = host(&ann);
    ann.ends(CloseReason::Quit);
    let guest = rig.enter("guest", "#a");
    let before = host(&guest);
    hush(&[&bob]);
    guest.logs_in(1);
    let told = bob.takes();
    let [(face, _), (nick, _)] = &told[..] else { panic!("{:?}", told) };
    match face.event() {
        Event::Face { who, old, .. } => {
            assert_eq!(old.prefix(), format!("guest!~u@{before}"));
            assert_eq!(who.prefix(), format!("ann!~u@{account}"));
            assert!(who.is_registered() && !old.is_registered() && !face.event().is_in_json());
        }
        other => panic!("{other:?}"),
    }
    match nick.event() {
        Event::Nick { by, new, .. } => assert_eq!((by.prefix(), &**new), (&*format!("guest!~u@{account}"), "ann")),
        other => panic!("{other:?}"),
    }
    assert!(guest.hears().iter().all(|line| line.starts_with("ok: ")), "the answer tells the session itself");
}

#[test]
fn words_about_oneself_are_told_to_those_who_share_a_room_once_and_to_all_by_whois() {
    let rig = Rig::new();
    let (ann, bob, cat) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a #b"), rig.enter("cat", ""));
    hush(&[&ann, &bob]);
    ann.does("/about one of two");
    ann.does("/about one of two");
    assert_eq!(ann.hears(), ["ok: about one of two", "ok: about one of two"]);
    let told = bob.takes();
    let [(told, _)] = &told[..] else { panic!("once: {:?}", told) };
    assert!(matches!(told.event(), Event::Face { text: Some(text), .. } if &**text == "one of two"));
    assert!(told.event().is_in_json());
    assert!(cat.hears().is_empty());
    ann.does("/nick vera");
    ann.does("/about");
    assert_eq!(ann.hears(), ["ok: nick vera", "ok: about one of two"]);
    hush(&[&bob]);
    ann.does("/about -");
    assert!(bob.takes().iter().all(|(told, _)| matches!(told.event(), Event::Face { text: None, .. })));
}

#[test]
fn the_words_of_a_person_who_may_not_speak_are_not_told() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    ann.does("/mute bob");
    hush(&[&ann, &bob]);
    bob.does("/about buy here");
    assert!(ann.hears().is_empty());
    assert_eq!(bob.hears(), ["ok: about buy here"]);
}

#[test]
fn a_guest_who_comes_back_from_another_address_has_another_host_and_the_others_are_told() {
    let rig = Rig::new();
    let (ann, bob) = (from(&rig, "ann", "192.0.2.7"), rig.enter("bob", "#a"));
    let (token, before) = (ann.token(), host(&ann));
    hush(&[&bob]);
    let wish = JoinRequest { resume: Some(&token), from: Some("198.51.100.4"), ..JoinRequest::default() };
    let back = rig.try_enter(wish).unwrap();
    let after = host(&back);
    assert_ne!(before, after);
    assert_eq!(bob.hears(), [format!("ann!~u@{before} is ann!~u@{after}")]);
}

#[test]
fn the_rights_of_oper_belong_to_one_session_until_it_lays_them_down() {
    let rig = Rig::stored(Limits::default());
    let (ann, bob) = (rig.enter("ann", ""), rig.enter("bob", "#a"));
    ann.registers();
    let cat = rig.enter("cat", "#a");
    let oper =
        |peer: &Peer<'_>| rig.step(|effects| rig.chat.oper(peer.session, None, AccountId(1), rig.now.get(), effects)).0;
    assert_eq!(oper(&cat), Err(ChatError::NoSuchOp));
    rig.step(|effects| rig.chat.set_server_op(&nick("ann"), true, rig.now.get(), effects)).0.unwrap();
    assert!(matches!(cat.refused("/kick bob"), ChatError::NeedsRole(..)));
    oper(&cat).unwrap();
    cat.does("/announce the rain is over");
    cat.does("/kick bob");
    hush(&[&bob]);
    cat.does("/whois cat");
    let is_op = |peer: &Peer<'_>| {
        let told = peer.takes();
        let op =
            |event: &Event| if let Event::Ok { done: Done::Whois(info), .. } = event { Some(info.op) } else { None };
        told.iter().find_map(|(letter, _)| op(letter.event())).expect("an answer to whois")
    };
    assert!(is_op(&cat));
    rig.step(|effects| rig.chat.deoper(cat.session, None, rig.now.get(), effects)).0.unwrap();
    assert!(matches!(cat.refused("/announce no more"), ChatError::NeedsRole(..)));
    cat.does("/whois cat");
    assert!(!is_op(&cat));
}
