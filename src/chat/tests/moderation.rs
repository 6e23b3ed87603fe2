//! Bans that end, and a clock that is wrong for a minute. Knows no rooms.

use super::*;
use crate::command::{ModAction, Whom};
use crate::model::{Restriction, Target};
use crate::record::RestrictionRecord;

const MONTH: Millis = 30 * 86_400_000;

/// A ban from the whole server that ends a second after the start.
fn ban(name: &str) -> RestrictionRecord {
    let target = Target::Nick(nick(name).key().into());
    let (until, nick, by) = (Some(START + 1_000), name.into(), "anna".into());
    RestrictionRecord {
        mask: None,
        place: None,
        restriction: Restriction::Ban,
        targets: vec![target],
        nick,
        until,
        by,
        text: None,
        time: START,
    }
}

fn banned(chat: &Chat, now: Millis) -> Vec<String> {
    chat.server_bans(now).iter().map(|ban| ban.nick.to_string()).collect()
}

#[test]
fn a_ban_is_not_forgotten_because_the_clock_was_ahead_for_a_minute() {
    let kept = Snapshot { restrictions: vec![ban("eve")], ..Snapshot::default() };
    let wrong = START + MONTH;
    let chat = Chat::new(&InForce::default(), room("#lobby"), wrong, kept, None);
    assert_eq!(banned(&chat, wrong), [""; 0]);
    chat.ban_everywhere(ModAction::Ban, Whom::Nick(nick("mallory")), None, None, wrong).unwrap();
    assert_eq!(banned(&chat, START), ["eve", "mallory"]);
    assert_eq!(banned(&chat, START + 1_000), ["mallory"], "it is over at its time");
}

#[test]
fn bans_that_are_over_leave_their_room_to_others() {
    let limits = Limits { bans: 2, ..Limits::default() }.into();
    let kept = Snapshot { restrictions: vec![ban("eve"), ban("trudy")], ..Snapshot::default() };
    let chat = Chat::new(&limits, room("#lobby"), START, kept, None);
    let order = |now| chat.ban_everywhere(ModAction::Ban, Whom::Nick(nick("mallory")), None, None, now);
    assert_eq!(order(START + 999).unwrap_err().code(), "too-many-bans");
    assert_eq!(banned(&chat, START), ["eve", "trudy"]);
    order(START + 1_000).unwrap();
    assert_eq!(banned(&chat, START), ["mallory"]);
}
