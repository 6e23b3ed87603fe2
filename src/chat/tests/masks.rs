//! Promises about masks: what each one means, whom it fits, who lifts it; and who is here, and who left. (protocol.md, *Masks*)

use super::restrictions::{HERE, enter, op};
use super::*;
use crate::answer::{BanInfo, PersonInfo};
use crate::model::{AccountId, Restriction, Target};

/// What a mask means to the chat: each target in words.
fn meant(rig: &Rig, mask: &str) -> Vec<String> {
    let targets = rig.chat.change(|state| state.masked(&mask.into()).targets);
    let words = |target: &Target| match target {
        Target::Account(AccountId(id)) => format!("account {id}"),
        Target::Resume(_) => "stay".to_owned(),
        Target::Address(address) => format!("address {address}"),
        Target::Nick(key) => format!("nick {key}"),
        Target::Mask(mask) => format!("mask {mask}"),
    };
    targets.iter().map(words).collect()
}

impl Peer<'_> {
    fn host(&self) -> String {
        self.rig.chat.change(|state| state.registry.person_in(self.session).expect("here").face.host().to_owned())
    }

    /// The last answer to a line.
    fn answers(&self, line: &str) -> Done {
        hush(&[self]);
        self.does(line);
        let letters = self.takes();
        let done = letters.iter().rev().find_map(|(letter, _)| match letter.event() {
            Event::Ok { done, .. } => Some(done.clone()),
            _ => None,
        });
        done.expect("an answer")
    }

    fn bans(&self) -> Vec<BanInfo> {
        match self.answers("/bans #a") {
            Done::Bans { bans, .. } => bans,
            other => panic!("{other:?}"),
        }
    }

    fn who(&self, line: &str) -> Vec<PersonInfo> {
        match self.answers(line) {
            Done::Who { people, .. } => people,
            other => panic!("{other:?}"),
        }
    }
}

fn names(people: &[PersonInfo]) -> Vec<&str> {
    people.iter().map(|person| &*person.who).collect()
}

/// Each row of the table of masks.
#[test]
fn a_mask_means_the_account_the_address_or_the_person_and_else_all_whom_it_fits() {
    let rig = Rig::stored(Limits::default());
    let anna = enter(&rig, "anna", "203.0.113.9", None).unwrap();
    anna.registers();
    let boris = enter(&rig, "Boris", HERE, None).unwrap();
    let vera = rig.enter("vera", "#lobby"); // on this machine
    let (account, guest, local) = (anna.host(), boris.host(), vera.host());
    let one = |what: &str| vec![what.to_owned()];
    let (of_account, of_guest) = (["account 1", "stay", "address 203.0.113.9"], ["stay", "address 192.0.2.1"]);
    for (mask, means) in [
        ("anna".to_owned(), of_account.map(str::to_owned).to_vec()),
        ("ANNA!*@*".to_owned(), of_account.map(str::to_owned).to_vec()),
        ("boris!*@*".to_owned(), of_guest.map(str::to_owned).to_vec()),
        ("Gleb!*@*".to_owned(), one("mask gleb!*@*")),
        ("gleb".to_owned(), one("mask gleb!*@*")),
        (format!("*!*@{account}"), of_account.map(str::to_owned).to_vec()),
        (format!("*!*@{guest}"), of_guest.map(str::to_owned).to_vec()),
        (format!("*!~u@{guest}"), of_guest.map(str::to_owned).to_vec()),
        (format!("*!*u@{}", guest.to_uppercase()), of_guest.map(str::to_owned).to_vec()),
        (format!("*!*@{local}"), vec!["stay".to_owned(), "nick vera".to_owned()]),
        (format!("b*!*@{guest}"), one(&format!("mask b*!*@{guest}"))),
        ("*!*@abcdefgh".to_owned(), one("mask *!*@abcdefgh")),
        ("*!*@192.0.2.77".to_owned(), one("address 192.0.2.77")),
        ("*!*@2001:db8:1:2::7".to_owned(), one("address 2001:db8:1:2::")),
        ("*!x@192.0.2.77".to_owned(), one("mask *!x@192.0.2.77")),
        ("a:Anna".to_owned(), of_account.map(str::to_owned).to_vec()),
        ("a:gleb".to_owned(), one("mask a:gleb")),
        ("a:g*".to_owned(), one("mask a:g*")),
        ("Spam*".to_owned(), one("mask spam*!*@*")),
        ("ЁЖ?!*".to_owned(), one("mask ёж?!*@*")),
        ("*bot@*".to_owned(), one("mask *!*bot@*")),
    ] {
        assert_eq!(meant(&rig, &mask), means, "{mask}");
    }
    boris.ends(CloseReason::Quit);
    assert_eq!(meant(&rig, &format!("*!*@{guest}")), of_guest, "who left is meant still");
    let two = [enter(&rig, "rob", HERE, None).unwrap(), enter(&rig, "rod", HERE, None).unwrap()];
    assert_eq!(meant(&rig, &format!("*!*@{guest}")), ["address 192.0.2.1"], "all from that address");
    hush(&[&two[0], &two[1]]);
}

#[test]
fn a_mask_that_fits_its_author_or_everybody_is_refused() {
    let rig = Rig::new();
    let op = op(&rig); // op-ann
    for mask in ["*", "*!*@*", "?*", "op-*", "*!~u@*", "*!*@*?"] {
        for word in ["ban", "mute", "ban m:"] {
            let line = format!("/{word} {mask}").replace(": ", ":");
            assert!(matches!(op.refused(&line), ChatError::MaskTooWide(_)), "{line}");
        }
    }
    assert!(matches!(op.refused("/ban op-ann!*@*"), ChatError::BadField { field: "nick", .. }));
    let now = rig.now.get();
    let everybody = crate::command::Whom::parse("*!*@*").unwrap();
    let refused = rig.chat.ban_everywhere(crate::command::ModAction::Ban, everybody, None, None, now);
    assert!(matches!(refused, Err(ChatError::MaskTooWide(_))));
    assert!(parse(&format!("/ban {}*", "x".repeat(128))).is_err(), "too long");
}

#[test]
fn a_mask_holds_for_those_who_come_later_and_is_lifted_as_the_list_shows_it() {
    let rig = Rig::new();
    let op = op(&rig);
    op.does("/ban BAR!*@*");
    op.does("/ban m:spam*");
    let shown: Vec<_> = op.bans().iter().map(|ban| (ban.shown_mask().into_owned(), ban.restriction)).collect();
    assert_eq!(shown, [("BAR!*@*".to_owned(), Restriction::Ban), ("spam*".to_owned(), Restriction::Mute)]);
    let bar = enter(&rig, "Bar", HERE, None).unwrap();
    let spammer = enter(&rig, "Spammer", HERE, None).unwrap();
    assert_eq!((bar.may(), spammer.may()), ((false, false), (true, false)));
    let refused = bar.refused("/join #a");
    assert!(matches!(refused, ChatError::Banned(..)), "a refusal leaves no trace, also where masks are");
    op.does("/unban bar!*@*");
    assert_eq!(bar.may(), (true, true));
    assert!(matches!(op.refused("/unban spam*"), ChatError::NoSuchBan(_)));
    op.does("/unban m:SPAM*!*@*");
    assert_eq!(spammer.may(), (true, true));
    assert!(op.bans().is_empty());
}

#[test]
fn two_clients_with_masks_of_their_own_undo_the_bans_of_each_other() {
    let rig = Rig::new();
    let op = op(&rig);
    let boris = enter(&rig, "boris", HERE, None).unwrap();
    let host = boris.host();
    let masks = [format!("*!*@{host}"), format!("*!~u@{host}"), "boris!*@*".to_owned(), "boris".to_owned()];
    for by in &masks {
        for lift in &masks {
            op.does(&format!("/ban {by}"));
            assert_eq!((boris.may(), op.bans().len()), ((false, false), 1), "{by}");
            op.does(&format!("/unban {lift}"));
            assert_eq!(boris.may(), (true, true), "{by}, {lift}");
        }
    }
}

#[test]
fn a_mask_of_an_account_is_for_the_account_and_not_for_a_guest_of_that_name() {
    let rig = Rig::stored(Limits::default());
    let op = op(&rig);
    op.does("/ban a:gleb");
    let gleb = enter(&rig, "gleb", HERE, None).unwrap();
    assert_eq!(gleb.may(), (true, true), "a guest");
    gleb.registers();
    gleb.leaves("#a", "");
    assert_eq!(gleb.may(), (false, false), "the account of that name");
    op.does("/unban a:GLEB");
    assert_eq!(gleb.may(), (true, true));
    op.does("/ban a:gleb");
    gleb.ends(CloseReason::Quit);
    let back = enter(&rig, "gleb2", HERE, None).unwrap();
    back.logs_in(1);
    assert_eq!(back.may(), (false, false), "the account, once more");
}

#[test]
fn a_mask_puts_out_all_whom_it_fits_but_no_op_and_the_op_is_told_how_many() {
    let rig = Rig::with(Limits { put_out: 2, ..Limits::default() });
    let op = op(&rig);
    let bots: Vec<_> = (1..=4).map(|n| enter(&rig, &format!("bot{n}"), HERE, None).unwrap()).collect();
    bots.iter().for_each(|bot| assert_eq!(bot.may(), (true, true)));
    op.does("/op bot1");
    let told = |done| match done {
        Done::Ban(made) => (made.people, made.more, made.mask),
        other => panic!("{other:?}"),
    };
    let mask = || Some(Arc::from("bot*"));
    assert_eq!(told(op.answers("/ban bot*")), (Some(2), true, mask()));
    assert_eq!(told(op.answers("/ban bot*")), (Some(1), false, mask()));
    assert_eq!(
        bots.iter().map(Peer::may).collect::<Vec<_>>(),
        [(true, true), (false, false), (false, false), (false, false)]
    );
}

#[test]
fn nobody_takes_a_name_that_a_mask_keeps_out_of_an_own_room() {
    let rig = Rig::new();
    let op = op(&rig);
    let boris = enter(&rig, "boris", HERE, None).unwrap();
    boris.does("/join #a");
    op.does("/ban spam*");
    assert!(matches!(boris.refused("/nick spammer"), ChatError::Banned(Some(_), ..)));
    let now = rig.now.get();
    let whom = crate::command::Whom::parse("evil*").unwrap();
    rig.chat.ban_everywhere(crate::command::ModAction::Ban, whom, None, None, now).unwrap();
    assert!(matches!(enter(&rig, "evil1", HERE, None).map(drop), Err(ChatError::Banned(None, ..))));
}

#[test]
fn members_read_the_bans_of_their_room_and_never_the_address_of_a_guest() {
    let rig = Rig::new();
    let op = op(&rig);
    let boris = enter(&rig, "boris", HERE, None).unwrap();
    let vera = enter(&rig, "vera", "192.0.2.9", None).unwrap();
    vera.does("/join #a");
    op.does("/ban boris");
    op.does(&format!("/ban *!*@{}", boris.host()));
    assert!(!format!("{:?}", vera.bans()).contains(HERE));
    op.does("/ban 203.0.113.7");
    assert_eq!(vera.bans()[1].shown_mask(), "*!*@203.0.113.7", "as an op wrote it");
    assert!(matches!(boris.refused("/bans #a"), ChatError::NotInRoom(_)), "not a member");
}

#[test]
fn a_pattern_shows_those_in_own_rooms_a_name_everybody_and_a_room_its_members() {
    let rig = Rig::new();
    let anna = rig.enter("anna", "#a");
    let boris = rig.enter("boris", "#a #b");
    let vera = rig.enter("Vera", "#b");
    assert_eq!(names(&anna.who("/who *")), ["anna", "boris"]);
    assert_eq!(names(&anna.who("/who v*")), [""; 0], "no room in common");
    assert_eq!(names(&anna.who("/who vera")), ["Vera"]);
    assert_eq!(names(&anna.who("/who nobody")), [""; 0]);
    assert_eq!(names(&boris.who("/who *!~u@*")), ["anna", "boris", "Vera"]);
    assert_eq!(names(&boris.who("/who * anna")), ["boris", "Vera"], "after anna");
    let row = &vera.who("/who #a")[0];
    assert_eq!((row.room.as_deref(), row.role, row.op), (Some("#a"), Some(crate::model::Role::Op), false));
    boris.does("/settings invite-only on");
    assert!(matches!(anna.refused("/who #b"), ChatError::NoSuchRoom(_)), "a private room");
    hush(&[&anna, &boris, &vera]);
}

#[test]
fn of_those_who_left_so_many_are_remembered_and_the_last_comes_first() {
    let rig = Rig::with(Limits { gone: 2, ..Limits::default() });
    let anna = rig.enter("anna", "#a");
    for from in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        let boris = enter(&rig, "Boris", from, None).unwrap();
        rig.later(60);
        boris.ends(CloseReason::Quit);
    }
    rig.later(300);
    let Done::Whowas { nick, people } = anna.answers("/whowas boris") else { panic!() };
    let times: Vec<_> = people.iter().map(|gone| (gone.time - START) / 1000).collect();
    assert_eq!((&*nick, times), ("boris", vec![180, 120]));
    assert_ne!(people[0].host, people[1].host);
    let refused = anna.refused("/whois boris");
    assert_eq!(refused.code(), "no-such-nick");
    assert!(refused.to_string().contains("left 5 min ago"), "{refused}");
    let Done::Whowas { people, .. } = anna.answers("/whowas vera") else { panic!() };
    assert!(people.is_empty());
}
