//! At the gate: names that are free, taken, of an account; passwords that are wrong. Knows what page and server must say.

use serde_json::json;

use super::site::{Person, Site, twice};
use crate::support::PASSWORD;

/// The gate refuses with this sentence, and these buttons.
fn refuses(person: &Person, sentence: &str, buttons: &[&str]) {
    person.until(&format!("sees({}, byId('gate-why'))", json!(sentence)));
    assert_eq!(
        person.value("all('button', undefined, byId('gate-why')).map((one) => one.computedName)"),
        json!(buttons)
    );
    // The field says what is wrong with it, also to a screen reader.
    person.until("byId('gate-name').getAttribute('aria-invalid') === 'true'");
    person.until(&format!(
        "byId(byId('gate-name').getAttribute('aria-describedby')).textContent.includes({})",
        json!(sentence)
    ));
}

#[test]
fn the_gate_offers_a_free_name_and_enter_comes_in_with_the_focus_in_the_box() {
    twice(|host| {
        let mut site = Site::new(host);
        let ann = site.gate();
        ann.has_focus("textbox", "Your name");
        assert_eq!(ann.value("getSelection().toString()"), ann.value("byId('gate-name').value"));
        assert_eq!(ann.value("byId('gate-room').value"), json!("#lobby"));
        // An open page is nobody yet.
        let who = site.program.asks("who");
        assert!(who[1..].iter().all(|row| row.contains("without a name yet")), "{who:?}");
        let name = ann.value("byId('gate-name').value");
        ann.press("Enter");
        ann.until("inside()");
        ann.has_focus("textbox", "Message #lobby");
        let who = site.program.asks("who").join("\n");
        assert!(who.contains(name.as_str().unwrap()), "{who}");
    });
}

#[test]
fn the_fragment_of_the_address_is_the_room() {
    twice(|host| {
        let site = Site::new(host);
        let mut ann = site.gate();
        ann.open("about:blank");
        ann.open(&format!("{}#лыжи", site.url()));
        ann.until("byId('gate-room').value === '#лыжи'");
        ann.press("Enter");
        ann.until("inside()");
        ann.has_focus("textbox", "Message #лыжи");
    });
}

/// A name that cannot be had is refused by the server's sentence, with a free one on a button.
#[test]
fn a_name_that_is_taken_or_looks_like_one_or_mixes_scripts_is_refused_with_a_button_that_helps() {
    twice(|host| {
        let site = Site::stored(host);
        let (_boris, _cacao) = (site.peer("boris", "#lobby"), site.peer("cacao", "#lobby"));
        let _vera = site.account("Вера");
        let table: [(&str, &str, &[&str]); 4] = [
            ("Boris", "taken by somebody who is here", &["Take Boris2"]),
            // All letters are Cyrillic.
            ("сасао", "looks like that of somebody who is here", &["Take сасао2"]),
            ("Вера", "belongs to an account", &["Take Вера2", "It is mine"]),
            ("annaя", "mixes Latin and Cyrillic letters", &["Take anna"]),
        ];
        for (nick, sentence, buttons) in table {
            let ann = site.gate();
            ann.fill_name(nick);
            ann.press("Enter");
            ann.until("byId('gate-why').children.length > 0");
            refuses(&ann, sentence, buttons);
            ann.has_focus("button", buttons[0]);
            ann.press("Escape");
            ann.has_focus("textbox", "Your name");
            ann.click("button", buttons[0]);
            ann.until("inside()");
        }
    });
}

#[test]
fn a_wrong_password_is_said_at_its_field_then_too_often_then_the_right_one_comes_in() {
    twice(|host| {
        let site = Site::with(host, &["--login-window", "5"], Some(tempfile::tempdir().unwrap()));
        drop(site.account("Вера"));
        let vera = site.gate();
        vera.fill_name("Вера");
        vera.click("button", "I have an account");
        vera.fill("textbox", "Password", "not the right one");
        for sentence in ["wrong name or password", "wrong name or password", "wrong name or password", "too many"] {
            // Three of the sentences are the same, so the old one is marked.
            vera.value("byId('gate-sentence')?.setAttribute('data-old', '')");
            vera.press("Enter");
            vera.until(&format!(
                "sees({}, byId('gate-why')) && !('old' in byId('gate-sentence').dataset)",
                json!(sentence)
            ));
            vera.has_focus("textbox", "Password");
            assert_eq!(
                vera.value("byId('gate-password').selectionEnd"),
                vera.value("byId('gate-password').value.length")
            );
        }
        vera.until("byId('gate-enter').getAttribute('aria-disabled') === 'true'");
        vera.until("byId('gate-enter').getAttribute('aria-disabled') !== 'true'");
        vera.fill("textbox", "Password", PASSWORD);
        vera.press("Enter");
        vera.until("inside()");
        let stored =
            vera.value("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])");
        for secret in [PASSWORD, "not the right one"] {
            assert!(!stored.as_str().unwrap().contains(secret), "{stored}");
        }
        assert_eq!(vera.value("byId('gate-password').value"), json!(""));
    });
}

#[test]
fn without_scripts_the_page_says_the_other_ways_in() {
    twice(|host| {
        let site = Site::new(host);
        let browser = super::tab::Browser::new();
        let mut tab = browser.tab();
        tab.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
        tab.open(&site.url());
        let shown: Vec<_> = tab.accessible().into_iter().map(|(_, name)| name).collect();
        assert!(shown.iter().any(|name| name.contains("needs JavaScript")), "{shown:?}");
        assert!(shown.iter().any(|name| name.contains("chat-client")), "{shown:?}");
    });
}
