//! Lines with a slash, links, texts that would be a script elsewhere. Knows what the server answers, and that a text stays a text.

use serde_json::json;

use super::site::{Site, twice};
use super::vectors::{LONE, only_text, vectors};

#[test]
fn typed_commands_are_answered_by_the_server_with_its_own_sentences() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person_in("anna", "#lab");
        let mut boris = site.peer("boris", "#lab");
        ann.says("/jion lobby");
        ann.until("failed().includes('/jion lobby')");
        ann.sees("did you mean /join?");
        ann.click("button", "Delete");
        ann.until("failed().length === 0");
        ann.says("/whois boris");
        ann.until("document.querySelector('dialog[open]') && sees('boris', document.querySelector('dialog[open]'))");
        ann.press("Escape");
        ann.says("/ban boris 10m");
        boris.wait(|event| matches!(event, roomful::event::Event::Left { .. }));
        ann.until("sees('banned boris')");
        ann.says("//x");
        ann.reads("/x");
        ann.says("{quit}");
        ann.until("!byId('gate').hidden && byId('chat').hidden || said().includes('{quit}')");
    });
}

#[test]
fn a_text_in_any_field_is_seen_as_the_same_characters_and_does_nothing() {
    twice(|host| {
        let site = Site::new(host);
        let mut boris = site.peer("boris", "#lobby");
        boris.join("#lab");
        let ann = site.person_in("anna", "#lab");
        let mut vera = site.peer("vera", "#lab");
        let _ = vera.sync();
        for vector in vectors().iter().filter(|vector| vector.len() < 200 && !vector.contains(LONE)) {
            boris.say("#lab", vector);
            boris.does("me", json!({"room": "#lab", "text": vector}));
            boris.does("msg", json!({"to": "anna", "text": vector}));
            boris.does("topic", json!({"room": "#lab", "topic": vector}));
            boris.does("away", json!({"text": vector}));
            boris.does("back", json!({}));
            boris.does("kick", json!({"room": "#lab", "nick": "vera", "text": vector}));
            vera.join("#lab");
            vera.does("leave", json!({"room": "#lab", "text": vector}));
            vera.join("#lab");
            let _ = boris.does("settings", json!({"room": "#lab", "key": vector.chars().take(20).collect::<String>()}));
            boris.does("settings", json!({"room": "#lab", "key": ""}));
        }
        let said: Vec<String> = boris.texts("#lab").into_iter().collect();
        let last = said.last().unwrap().clone();
        ann.until(&format!("said().at(-1)?.includes({})", json!(last)));
        assert_eq!(only_text(&ann), json!([]));
        // What was said is what is seen, but for the marks around code.
        let seen = ann.lines();
        for text in said.iter().filter(|text| !text.contains('`') && !text.contains('\n')) {
            let same =
                |seen: &String| seen.split_whitespace().eq(text.split_whitespace()) || seen.ends_with(text.as_str());
            assert!(seen.iter().any(same), "{text:?} in {seen:#?}");
        }
        ann.press("Alt+ArrowDown");
        ann.until("sees('boris', byId('head'))");
        assert_eq!(only_text(&ann), json!([]));
        assert_eq!(ann.browser.open().len(), 1, "a window was opened");
    });
}

#[test]
fn names_that_objects_have_are_names_like_others() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        let mut here = Vec::new();
        for name in ["constructor", "toString", "valueOf", "hasOwnProperty"] {
            let mut peer = site.peer(name, "#lobby");
            peer.join(&format!("#{name}"));
            peer.say("#lobby", name);
            ann.reads(name);
            ann.says(&format!("/join {name}"));
            ann.until(&format!("sees({}, byId('head')) && inside()", json!(format!("#{name}"))));
            ann.says("/join lobby");
            ann.until("sees('#lobby', byId('head')) && inside()");
            here.push(peer);
        }
        ann.until("all('button', /constructor/, byId('people')).length === 1");
    });
}

#[test]
fn a_fragment_that_is_no_room_is_only_a_text_in_the_field() {
    twice(|host| {
        let site = Site::new(host);
        for vector in ["<img src=x onerror=alert(1)>", "javascript:alert(1)", "%00", "%E0%A4", "__proto__"] {
            let mut tab = super::tab::Browser::new().tab();
            tab.open(&format!("{}#{vector}", site.url()));
            tab.until("byId('gate-name').value");
            assert_eq!(tab.value("document.querySelectorAll('img').length"), json!(0));
        }
    });
}
