//! axe-core over the page: eight states, dark and light, three sizes; no violation of WCAG 2.2 A and AA. Knows how to bring the page into each state.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::site::{Person, Site};
use super::tab::Tab;

/// A name, and how to get there.
type State = (&'static str, fn(&mut Site, &mut Person));

const STATES: [State; 8] = [
    ("the gate", |_, _| {}),
    ("a refusal at the gate", |_, ann| {
        ann.fill_name("boris");
        ann.click("button", "I have an account");
        ann.fill("textbox", "Password", "a wrong password");
        ann.press("Enter");
        ann.until("byId('gate-why').children.length > 0");
    }),
    ("an empty room", |_, ann| come_in(ann, "#empty")),
    ("lines of all kinds", |site, ann| {
        come_in(ann, "#lobby");
        let mut boris = site.peer("Борис", "#lobby");
        boris.does("topic", json!({"room": "#lobby", "topic": "skis on Saturday"}));
        boris.does("msg", json!({"to": "anna", "text": "psst"}));
        for text in ["hello anna", "https://example.org/ and `code`", "שלום"] {
            boris.say("#lobby", text);
        }
        boris.does("me", json!({"text": "waves"}));
        ann.says("mine");
        ann.reads("mine");
        boris.does("delete", json!({"room": "#lobby"}));
        ann.until("sees('deleted')");
    }),
    ("a dialog", |_, ann| {
        come_in(ann, "#lobby");
        ann.press("Control+Shift+f");
        ann.until("document.querySelector('dialog:modal')");
    }),
    ("a menu, and a person", |site, ann| {
        let _boris = site.peer("boris", "#lobby");
        come_in(ann, "#lobby");
        ann.says("/whois anna");
        ann.until("document.querySelector('dialog:modal')");
    }),
    ("a line that was refused", |_, ann| {
        come_in(ann, "#lobby");
        ann.says("/jion x");
        ann.until("failed().length === 1");
    }),
    ("no connection, lines that wait", |site, ann| {
        come_in(ann, "#lobby");
        ann.expects_no_server();
        site.kill();
        ann.until("sees('No connection', byId('bars'))");
        ann.says("waits");
        ann.until("waits().length === 1");
    }),
];

fn come_in(ann: &Person, room: &str) {
    ann.fill_name("anna");
    ann.fill("combobox", "Room", room);
    ann.press("Enter");
    ann.until("inside()");
}

fn source() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/page/node_modules/axe-core/axe.min.js");
    fs::read_to_string(path).expect("axe-core, which `npm ci --prefix tests/page` brings")
}

/// The violations: rule, and the elements.
fn violations(ann: &Tab, axe: &str) -> Value {
    ann.call("Runtime.evaluate", json!({"expression": format!("globalThis.axe ?? (() => {{ {axe} }})(); 1")}));
    ann.value(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })
            .then(({ violations }) => violations.map(({ id, nodes }) =>
                [id, ...nodes.map((node) => `${node.target} ${node.any.concat(node.all, node.none).map((one) => one.message).join('; ')}`)]))",
    )
}

#[test]
fn no_state_of_the_page_violates_wcag_2_2_a_or_aa_in_any_theme_and_size() {
    let axe = source();
    let mut found = Vec::new();
    for (name, go) in STATES {
        let mut site = Site::stored("127.0.0.1");
        let mut ann = site.gate_with(|tab| drop(tab.call("Page.setBypassCSP", json!({"enabled": true}))));
        go(&mut site, &mut ann);
        for theme in ["dark", "light"] {
            // Without motion, nothing is looked at while it fades in.
            ann.prefers(&[("prefers-color-scheme", theme), ("prefers-reduced-motion", "reduce")]);
            for (width, height) in [(1280, 800), (360, 720), (1920, 1080)] {
                ann.size(width, height);
                let beamer = width == 1920
                    && ann.value("byId('gate').hidden && !document.querySelector('dialog:modal')") == json!(true);
                if beamer {
                    ann.press("F9");
                }
                let violations = violations(&ann, &axe);
                if violations != json!([]) {
                    found.push(format!("{name}, {theme}, {width}: {violations:#}"));
                }
                if beamer {
                    ann.press("F9");
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_violates_it_is_found() {
    let port =
        super::shop::serve("<!doctype html><title>x</title><p style='color: #ccc'>pale</p><button></button>", "");
    let mut tab = super::tab::Browser::new().tab();
    tab.open(&format!("http://127.0.0.1:{port}/"));
    let found = violations(&tab, &source()).to_string();
    for rule in ["color-contrast", "button-name", "html-has-lang"] {
        assert!(found.contains(rule), "{rule}: {found}");
    }
}
