//! Promises about people: names, coming and leaving, away, and `whois`.

use super::*;

fn called(rig: &Rig, name: &str) -> Vec<SessionId> {
    rig.chat.sessions_of(&nick(name))
}

#[test]
fn a_rename_is_one_step_told_once_and_frees_the_old_name() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a #b"));
    hush(&[&ann]);
    ann.does("/nick vera");
    assert_eq!(ann.hears(), ["ok: nick vera"]);
    assert_eq!(bob.hears(), ["ann is vera"]);
    assert_eq!((called(&rig, "vera"), called(&rig, "ann")), (vec![ann.session], vec![]));
    assert!(matches!(bob.refused("/nick Vera"), ChatError::NickInUse(..)));
    bob.does("/nick ann");
    assert_eq!(called(&rig, "ann"), [bob.session]);
    bob.hears();
    ann.says("#a", "hi");
    assert_eq!(bob.hears(), ["#a 1 vera: hi"]);
}

#[test]
fn a_name_that_looks_like_another_is_refused_with_one_that_is_free() {
    let rig = Rig::new();
    rig.enter("сас", ""); // Cyrillic
    let bob = rig.enter("bob", "#a");
    let refusal = bob.refused("/nick cac");
    assert!(matches!(refusal, ChatError::NickConfusable(..)));
    let offer = refusal.offer().expect("a name instead").shown().to_owned();
    bob.does(&format!("/nick {offer}"));
    assert_eq!(called(&rig, &offer), [bob.session]);
    let newcomer = rig.try_enter(JoinRequest { nick: "cac", ..JoinRequest::default() });
    assert!(matches!(newcomer.map(drop), Err(ChatError::NickConfusable(..))));
}

#[test]
fn a_person_may_change_the_case_of_its_own_name() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    hush(&[&ann]);
    ann.does("/nick ANN");
    ann.does("/nick ANN");
    assert_eq!(bob.hears(), ["ann is ANN"]);
    assert_eq!(ann.hears(), ["ok: nick ANN", "ok: nick ANN"]);
}

#[test]
fn a_session_that_wants_no_name_gets_one_that_is_free() {
    let rig = Rig::new();
    let offer = rig.chat.offer(1);
    rig.enter("bob", "");
    let peer = rig.try_enter(JoinRequest { rooms: Some(""), ..JoinRequest::default() }).unwrap();
    assert_eq!(peer.hears(), [format!("ok: hello {}", rig_offer(2))]);
    assert_ne!(offer, rig.chat.offer(2));

    fn rig_offer(seed: u64) -> Nick {
        Rig::new().chat.offer(seed)
    }
}

#[test]
fn a_taken_name_is_refused_at_the_door_and_leaves_no_trace() {
    let rig = Rig::new();
    rig.enter("ann", "#a");
    let before = rig.trace();
    let refusal = rig.try_enter(JoinRequest { nick: "Ann", ..JoinRequest::default() }).map(drop).unwrap_err();
    assert_eq!(refusal.offer().map(Nick::shown), Some("Ann2"));
    assert_eq!(rig.trace(), before);
}

#[test]
fn a_session_that_names_no_room_comes_into_the_lobby() {
    let rig = Rig::new();
    let ann = rig.try_enter(JoinRequest { nick: "ann", ..JoinRequest::default() }).unwrap();
    let heard = ["ok: hello ann", "in #lobby, last 0, 1 members", "members of #lobby ann", "history of #lobby []"];
    assert_eq!(ann.hears(), heard);
}

#[test]
fn a_room_that_cannot_be_joined_does_not_cost_the_name() {
    let rig = Rig::with(Limits { rooms_per_person: 1, ..Limits::default() });
    let ann = rig.try_enter(JoinRequest { nick: "ann", rooms: Some("#a #b"), ..JoinRequest::default() }).unwrap();
    assert_eq!(ann.hears().last().unwrap(), "error: too-many-rooms 1");
    assert_eq!(called(&rig, "ann"), [ann.session]);
}

#[test]
fn a_name_is_free_again_when_its_owner_went() {
    let rig = Rig::new();
    let ann = rig.enter("ann", "#a");
    assert_eq!(ann.ends(CloseReason::Lost).as_deref(), Some("ann"));
    rig.enter("ann", "#a");
    assert_eq!(rig.chat.leave(SessionId(99), CloseReason::Lost.into(), START, &mut Effects::default()), None);
}

#[test]
fn away_and_back_are_told_when_they_change_once_to_each_neighbour() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a #b"));
    hush(&[&ann]);
    ann.does("/away tea");
    ann.does("/away tea");
    ann.does("/away");
    ann.does("/back");
    ann.does("/back");
    assert_eq!(bob.hears(), ["ann is away: tea", "ann is away: away", "ann is"]);
    let answers = ["ok: away: tea", "ok: away: tea", "ok: away: away", "ok: back", "ok: back"];
    assert_eq!(ann.hears(), answers);
}

#[test]
fn whois_tells_rooms_time_idleness_fronts_and_away() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", ""));
    rig.later(60);
    ann.does("/away tea");
    rig.later(7);
    ann.does("/ping"); // is no sign of a person
    bob.does("/whois ANN");
    assert_eq!(bob.hears(), [r##"ok: whois ann in ["#a", "#b"], here since 1000000, idle 7, by ["json"], away: tea"##]);
    assert!(matches!(bob.refused("/whois eve"), ChatError::NoSuchNick(name) if name == "eve"));
}

#[test]
fn the_operator_sees_all_people_and_is_heard_by_every_session_with_a_name() {
    let rig = Rig::new();
    let (bob, ann) = (rig.enter("bob", ""), rig.enter("ann", "#a"));
    let rows: Vec<_> = rig.chat.presence().iter().map(|row| (row.session, row.nick.to_string())).collect();
    assert_eq!(rows, [(bob.session, "bob".into()), (ann.session, "ann".into())]);
    let (_, effects) = rig.step(|effects| rig.chat.broadcast("soup is ready".into(), effects));
    assert_eq!(effects.news.len(), 1);
    for peer in [&ann, &bob] {
        assert_eq!(peer.hears(), ["notice: soup is ready"]);
    }
}

#[test]
fn the_console_is_told_what_it_wants_to_hear() {
    let rig = Rig::new();
    let ann = rig.enter("ann", "#a");
    for (watch, most) in [(Watch::Nothing, 0), (Watch::Events, 1), (Watch::Messages, 2)] {
        let mut effects = Effects::new(watch);
        for line in [format!("/topic {most}"), "hi".into()] {
            ann.gives(None, parse(&line).unwrap(), &mut effects).unwrap();
        }
        assert_eq!(effects.news.len(), most, "{watch:?}");
    }
}
