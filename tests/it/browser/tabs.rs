//! Several tabs of one browser: a duplicate, two of an account, two of a guest. Knows what must be seen.

use serde_json::json;

use super::site::{Site, twice};
use crate::support::PASSWORD;

#[test]
fn a_second_tab_of_a_guest_offers_to_go_on_here_and_the_first_says_where_the_chat_is() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        let second = site.gate_in(ann.browser.clone());
        second.sees("You are anna in another tab.");
        second.click("button", "Go on here");
        second.until("inside()");
        ann.until("sees('This chat goes on in another tab.', byId('bars'))");
        second.says("from here");
        second.reads("from here");
        assert_eq!(ann.value("said()"), json!([]));
    });
}

#[test]
fn a_second_tab_of_a_guest_may_take_another_name() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        let second = site.gate_in(ann.browser.clone());
        second.sees("You are anna in another tab.");
        second.click("button", "Another name");
        second.types("anna_too");
        second.press("Enter");
        second.until("inside()");
        second.says("hello");
        ann.reads("hello");
    });
}

/// A browser copies what a tab stores when it duplicates the tab.
#[test]
fn a_duplicated_tab_does_not_take_the_session_away() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        let stored = ann.value("({ ...sessionStorage })");
        let mut copy = ann.browser.tab();
        let script =
            format!("for (const [key, value] of Object.entries({stored})) sessionStorage.setItem(key, value);");
        copy.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": script}));
        copy.open(&site.url());
        copy.sees("You are anna in another tab.");
        ann.says("still here");
        ann.reads("still here");
    });
}

#[test]
fn two_tabs_of_an_account_are_one_person_and_share_what_was_read() {
    twice(|host| {
        let site = Site::stored(host);
        drop(site.account("vera"));
        let come_in = |person: &super::site::Person| {
            person.fill_name("vera");
            person.click("button", "I have an account");
            person.fill("textbox", "Password", PASSWORD);
            person.press("Enter");
            person.until("inside()");
        };
        let first = site.gate();
        come_in(&first);
        // The tabs find one another: one more session, without the password.
        let second = site.tab_in(first.browser.clone());
        second.until("inside()");
        let mut boris = site.peer("boris", "#lobby");
        let members = boris.join("#lobby").members;
        assert_eq!(members.iter().filter(|nick| *nick == "vera").count(), 1, "{members:?}");
        first.says("from the first");
        second.reads("from the first");
        second.says("from the second");
        first.reads("from the second");
        boris.does("msg", json!({"to": "vera", "text": "vera?"}));
        first.until("document.title.startsWith('(1)')");
        second.until("document.title.startsWith('(1)')");
        first.press("Alt+ArrowDown");
        first.until("sees('vera?', byId('list'))");
        second.until("!document.title.startsWith('(')");
    });
}
