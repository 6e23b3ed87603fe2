//! What a screen reader says, and what the keyboard alone can do. Knows the live regions.

use serde_json::{Value, json};

use super::site::{Person, Site, twice};

/// Notes what is put into the live regions, and when.
fn listen(ann: &Person) {
    ann.value(
        "(globalThis.heard = [], ['said', 'status', 'alert'].forEach((id) => new MutationObserver((changes) => {
            for (const change of changes) for (const node of change.addedNodes) heard.push([id, node.textContent, performance.now()]);
        }).observe(byId(id), { childList: true, subtree: true })), 1)",
    );
}

fn heard(ann: &Person, region: &str) -> Vec<String> {
    let texts: Value = ann.value(&format!("heard.filter(([id]) => id === {}).map(([, text]) => text)", json!(region)));
    serde_json::from_value(texts).expect("texts")
}

#[test]
fn new_lines_are_read_aloud_at_most_two_a_second_and_history_never() {
    twice(|host| {
        let site = Site::new(host);
        let mut boris = site.peer("boris", "#lobby");
        for number in 0..30 {
            boris.say("#lobby", &format!("old {number}"));
        }
        let ann = site.gate();
        listen(&ann);
        ann.fill_name("anna");
        ann.press("Enter");
        ann.until("inside()");
        ann.says("my own");
        ann.reads("my own");
        boris.say("#lobby", "one");
        boris.say("#lobby", "two");
        ann.until("heard.some(([id, text]) => text === 'boris: two')");
        assert_eq!(heard(&ann, "said"), ["boris: one", "boris: two"]);
        for number in 0..20 {
            boris.say("#lobby", &format!("many {number}"));
        }
        ann.until("heard.some(([id, text]) => /new lines in #lobby/.test(text))");
        let times: Vec<f64> =
            serde_json::from_value(ann.value("heard.filter(([id]) => id === 'said').map(([, , time]) => time)"))
                .expect("times");
        assert!(times.windows(2).all(|two| two[1] - two[0] > 450.0), "{times:?}");
        assert!(!heard(&ann, "said").iter().any(|text| text.contains("old") || text.contains("my own")));
        // The list itself must be silent, or all of it is read.
        assert_eq!(ann.value("byId('list').closest('[aria-live], [role=log], [role=status]')"), json!(null));
    });
}

#[test]
fn a_private_line_from_a_new_person_is_told_without_its_text() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        listen(&ann);
        let mut boris = site.peer("boris", "#lobby");
        boris.does("msg", json!({"to": "anna", "text": "a secret word"}));
        ann.until("heard.some(([id, text]) => text === 'Private line from boris')");
        assert!(!ann.value("heard").to_string().contains("secret"));
    });
}

#[test]
fn each_row_reads_as_name_time_and_text_and_each_button_has_a_name() {
    twice(|host| {
        let site = Site::new(host);
        let mut boris = site.peer("boris", "#lobby");
        let ann = site.person("anna");
        boris.say("#lobby", "hello there");
        ann.reads("hello there");
        // The circle with the first letter is not read.
        let spoken = "[...row('hello there').childNodes].filter((one) => !one.ariaHidden).map((one) => one.textContent).join('')";
        ann.until(&format!("/^boris, \\d\\d:\\d\\d, hello there/.test({spoken})"));
        let nameless = ann
            .value("[...all('button'), ...all('link')].filter((one) => !one.computedName.trim()).map((one) => one.id)");
        assert_eq!(nameless, json!([]));
        for landmark in ["navigation", "main", "complementary"] {
            ann.until(&format!("one({})", json!(landmark)));
        }
        assert_eq!(
            ann.value("all('heading').filter((one) => one.localName === 'h1').map((one) => one.computedName)"),
            json!(["#lobby"])
        );
    });
}

#[test]
fn everything_is_done_without_a_mouse_and_tab_is_never_a_trap() {
    twice(|host| {
        let site = Site::stored(host);
        let mut boris = site.peer("boris", "#lobby");
        boris.say("#lobby", "the first");
        let ann = site.gate();
        // Selected already: typing replaces the name that was offered.
        ann.types("anna");
        ann.press("Enter");
        ann.until("inside()");
        ann.types("hello");
        ann.press("Enter");
        ann.reads("hello");
        // Forward through everything, and round again.
        let mut seen = Vec::new();
        for _ in 0..60 {
            ann.press("Tab");
            seen.push(ann.value("focused()").as_str().unwrap_or_default().to_owned());
        }
        let box_name = "textbox Message #lobby".to_owned();
        assert!(seen.iter().filter(|name| **name == box_name).count() >= 1, "{seen:#?}");
        for wanted in ["button Send", "region Messages", "button Search", "button Send a file"] {
            assert!(seen.iter().any(|name| name == wanted), "{wanted} in {seen:#?}");
        }
        // F6 goes through the four parts.
        ann.click_on("box()");
        for _ in 0..4 {
            ann.press("F6");
        }
        ann.has_focus("textbox", "Message #lobby");
        // Up from the box into the lines, and the menu of one.
        ann.press("Shift+F6");
        ann.has_focus("region", "Messages");
        ann.press("ArrowUp");
        ann.press("Enter");
        ann.until("one('menuitem', 'Copy the text')");
        ann.press("Escape");
        ann.until("!one('menuitem', 'Copy the text')");
        // A letter goes into the box.
        ann.press("Escape");
        ann.value("(byId('scroller').focus(), 1)");
        ann.types("x");
        ann.until("document.activeElement === box() && box().value === 'x'");
        // Ctrl+K with a Russian layout has another letter on the same key.
        ann.press("Control+л");
        ann.until("document.querySelector('dialog:modal')");
        ann.press("Escape");
        ann.until("!document.querySelector('dialog:modal')");
        assert_eq!(ann.value("box().value"), json!("x"), "Esc deletes nothing");
    });
}

#[test]
fn suggestions_are_chosen_with_the_keyboard_and_tab_leaves_the_box_without_them() {
    twice(|host| {
        let site = Site::new(host);
        let _boris = site.peer("Борис", "#lobby");
        let ann = site.person("anna");
        ann.types_line("@Бо");
        ann.until("one('option', /Борис/) && box().getAttribute('aria-activedescendant')");
        ann.press("Tab");
        ann.until("box().value.startsWith('@Борис') || box().value.startsWith('Борис')");
        ann.until("byId('hints').hidden");
        ann.press("Tab");
        ann.until("document.activeElement !== box()");
    });
}
