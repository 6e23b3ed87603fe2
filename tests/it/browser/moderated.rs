//! What an op, the operator or another session does to a person: muted, put out, banned, replaced, no room. Knows what must be seen.

use serde_json::json;

use super::site::{Site, twice};
use super::tab::Browser;
use crate::support::Peer;

/// An op of a room in which `anna` is, too.
fn op(site: &Site) -> Peer {
    site.peer("op", "#lab")
}

#[test]
fn a_muted_person_sees_the_sentence_keeps_the_draft_and_cannot_send() {
    twice(|host| {
        let site = Site::new(host);
        let mut op = op(&site);
        let ann = site.person_in("anna", "#lab");
        ann.types_line("a draft");
        op.does("mute", json!({"room": "#lab", "nick": "anna", "seconds": 600, "text": "too loud"}));
        ann.until("sees('You may not speak here until', byId('strip'))");
        ann.until("byId('send').getAttribute('aria-disabled') === 'true'");
        ann.press("Enter");
        assert_eq!(ann.value("[box().value, said()]"), json!(["a draft", []]));
        op.does("unmute", json!({"room": "#lab", "nick": "anna"}));
        ann.until("byId('strip').hidden && byId('send').getAttribute('aria-disabled') !== 'true'");
        ann.click_on("box()");
        ann.press("Enter");
        ann.reads("a draft");
    });
}

#[test]
fn a_person_who_is_put_out_reads_why_and_may_join_again() {
    twice(|host| {
        let site = Site::new(host);
        let mut op = op(&site);
        let ann = site.person_in("anna", "#lab");
        ann.says("hello");
        ann.reads("hello");
        ann.types_line("a draft");
        op.does("kick", json!({"room": "#lab", "nick": "anna", "text": "no selling here"}));
        ann.until("sees('op put you out: no selling here', byId('strip'))");
        ann.until("sees('no selling here', byId('alert')) || byId('strip').getAttribute('role') === 'alert'");
        ann.has_focus("button", "Join again");
        assert_eq!(ann.value("[box().value, said()]"), json!(["a draft", ["hello"]]));
        ann.press("Enter");
        ann.until("byId('strip').hidden");
        assert_eq!(ann.value("box().value"), json!("a draft"));
    });
}

#[test]
fn a_banned_person_reads_the_sentence_and_is_offered_no_way_back() {
    twice(|host| {
        let site = Site::new(host);
        let mut op = op(&site);
        let ann = site.person_in("anna", "#lab");
        op.does("ban", json!({"room": "#lab", "nick": "anna", "seconds": 600, "text": "spam"}));
        ann.until("sees('banned', byId('strip'))");
        ann.until("one('button', 'Close', byId('strip'))");
        assert_eq!(ann.value("all('button', 'Join again').length"), json!(0));
    });
}

#[test]
fn a_person_whom_the_operator_kicks_does_not_come_back_by_itself() {
    twice(|host| {
        let mut site = Site::new(host);
        let ann = site.person("anna");
        site.program.types("kick anna");
        ann.until("one('button', 'Come in again')");
        assert!(!site.program.asks("who").iter().any(|row| row.contains("anna")));
        ann.click("button", "Come in again");
        ann.until("inside() || !byId('gate').hidden");
    });
}

#[test]
fn a_session_that_goes_on_elsewhere_says_so_and_never_fights() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        let token = ann.value("Object.values({ ...sessionStorage }).join(' ').match(/[0-9a-f]{32}/)?.[0]");
        let mut other = site.peer_nameless();
        other.hello(json!({"nick": "anna", "resume": token, "rooms": []})).unwrap();
        ann.until("sees('This chat goes on in another tab.', byId('bars'))");
        assert!(other.sync().is_empty());
        ann.click_on("document.querySelector('#bars button')");
        ann.until("inside() && !sees('another tab', byId('bars'))");
    });
}

#[test]
fn a_server_that_is_full_says_so_at_the_gate() {
    twice(|host| {
        let site = Site::with(host, &["--sessions", "1"], None);
        let _one = site.peer("boris", "#lobby");
        let mut tab = Browser::new().tab();
        tab.open(&site.url());
        tab.until("byId('gate-name').value");
        tab.press("Enter");
        tab.until("sees('full', byId('gate-why'))");
    });
}

#[test]
fn a_room_with_a_key_asks_for_it_and_one_for_invited_people_says_so() {
    twice(|host| {
        let site = Site::new(host);
        let mut op = op(&site);
        op.does("settings", json!({"room": "#lab", "key": "воск"}));
        let ann = site.person("anna");
        ann.click("button", "Join a room");
        ann.until("document.querySelector('dialog:modal')");
        ann.types("lab");
        ann.press("Enter");
        ann.until("one('textbox', 'Key of the room')");
        ann.fill("textbox", "Key of the room", "воск");
        ann.press("Enter");
        ann.until("sees('#lab', byId('head')) && inside() && byId('strip').hidden");
        op.does("settings", json!({"room": "#lab", "key": "", "invite_only": true}));
        let vera = site.person("vera");
        vera.says("/join lab");
        vera.sees("invite");
        op.does("invite", json!({"room": "#lab", "nick": "vera"}));
        vera.click("button", "Join");
        vera.until("sees('#lab', byId('head')) && inside()");
    });
}

#[test]
fn voices_settings_masks_notices_and_reasons_are_set_and_seen_in_the_room() {
    let site = Site::new("127.0.0.1");
    let ann = site.person_in("anna", "#lab");
    let mut boris = site.peer("boris", "#lab");
    boris.does("about", json!({"text": "skis, chess, tea"}));
    ann.click("button", "boris");
    ann.until("sees('skis, chess, tea', document.querySelector('dialog:modal'))");
    ann.click("button", "Give a voice");
    ann.until("one('button', /boris.*voice/, byId('people'))");
    ann.sees("anna gave a voice to boris");
    ann.click("button", "More about this place");
    ann.click("menuitem", "Settings of the room…");
    ann.click("checkbox", "Only ops set the topic");
    ann.fill("spinbutton", "Members at most (empty: any number)", "20");
    ann.press("Enter");
    ann.sees("anna changed the room: 20 members at most and only ops set the topic");
    assert!(boris.ask("topic", json!({"room": "#lab", "topic": "tea"})).is_err());
    ann.click_on("byId('me')");
    ann.click("menuitem", "About me…");
    ann.fill("textbox", "Words about you (others see them)", "chess");
    ann.press("Enter");
    ann.until("!document.querySelector('dialog:modal')");
    ann.says("/who");
    ann.until("sees('op, chess', document.querySelector('dialog:modal')) && sees('voice, skis', document.querySelector('dialog:modal'))");
    ann.press("Escape");
    ann.says("/topic skis");
    ann.until("byId('topic').title.startsWith('skis (set by anna, ')");
    ann.says("/ban spam*");
    ann.sees("anna banned spam*");
    boris.does("notice", json!({"room": "#lab", "text": "anna: the backup is done"}));
    ann.until("row('the backup').matches('.notice:not(.mention)') && sees('notice', row('the backup'))");
    ann.click_on("byId('scroller')");
    ann.value("(byId('scroller').focus(), 1)");
    ann.press("ArrowUp");
    ann.press("Enter");
    ann.click("menuitem", "Delete for all");
    ann.fill("textbox", "Why (the others see it)", "the wrong room");
    ann.press("Enter");
    ann.sees("deleted by anna: the wrong room");
}
