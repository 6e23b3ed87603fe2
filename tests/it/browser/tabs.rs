//! Several tabs of one browser: a duplicate, two of an account, two of a guest. Knows what must be seen.

use serde_json::json;

use super::site::{Person, Site, twice};
use crate::client_support::Screen;
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

/// A person who comes in with a password.
fn with_account(site: &Site) -> Person {
    let person = site.gate();
    person.fill_name("vera");
    person.click("button", "I have an account");
    person.fill("textbox", "Password", PASSWORD);
    person.press("Enter");
    person.until("inside()");
    person
}

#[test]
fn what_is_unread_is_the_same_in_two_tabs_and_goes_when_it_is_read_in_one_or_at_a_terminal() {
    twice(|host| {
        let site = Site::stored(host);
        let mut vera = site.account("vera");
        vera.join("#лыжи");
        let mut boris = site.peer("boris", "#lobby");
        boris.join("#лыжи");
        let first = with_account(&site);
        let second = site.tab_in(first.browser.clone());
        second.until("inside()");
        drop(vera);
        for tab in [&first, &second] {
            tab.until("one('button', /лыжи/, byId('side-lists'))");
            tab.says("/join lobby");
            tab.until("sees('#lobby', byId('head'))");
        }
        let unread = |count: u32| {
            for tab in [&first, &second] {
                let title = if count == 0 { "#lobby".to_owned() } else { format!("({count}) #lobby") };
                tab.until(&format!("document.title === {}", json!(title)));
                tab.until(&format!(
                    "Number(document.querySelector('#side-lists .badge')?.textContent ?? 0) === {count}"
                ));
            }
        };
        for number in 0..3 {
            boris.say("#лыжи", &format!("vera, line {number}"));
        }
        unread(3);
        // A person at a terminal has read what was said before their own line.
        let mut terminal = Screen::start(&["--server", &site.addr(), "--nick", "vera"]);
        terminal.prompts("\"vera\" belongs to an account. Password (Enter for another name):");
        terminal.types(&format!("{PASSWORD}\r"));
        terminal.shows("boris: vera, line 2");
        unread(3);
        terminal.types("/join лыжи\r");
        terminal.shows("#лыжи vera");
        terminal.types("I see\r");
        unread(0);
        terminal.types("/quit\r");
        terminal.ends();
        for number in 3..5 {
            boris.say("#лыжи", &format!("vera, line {number}"));
        }
        unread(2);
        first.press("Alt+ArrowDown");
        first.until("sees('#лыжи', byId('head')) && sees('new', document.querySelector('#list .fence'))");
        let after = first.value("words(document.querySelector('#list .fence').nextElementSibling)");
        assert_eq!(after, json!("vera, line 3"));
        second.until("document.title === '#lobby' && !document.querySelector('#side-lists .badge')");
    });
}

#[test]
fn two_tabs_of_an_account_are_one_person_and_share_what_was_read() {
    twice(|host| {
        let site = Site::stored(host);
        drop(site.account("vera"));
        let first = with_account(&site);
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
