//! The page beside other things: the clipboard, notifications, a newer page on the server. Knows what must be seen.

use std::fs;
use std::time::Instant;

use serde_json::json;

use super::chromium::PATIENCE;
use super::shop::serve;
use super::site::{Site, twice};
use super::tab::Browser;

/// A browser that has not been asked yet whether it shows notifications, and counts how often it is.
const ASKED: &str = "globalThis.asked = 0;
    if (globalThis.Notification) {
        Object.defineProperty(Notification, 'permission', { get: () => 'default' });
        Notification.requestPermission = () => { asked += 1; return Promise.resolve('denied'); };
    }";

#[test]
fn notifications_are_asked_for_after_a_click_only_and_never_in_a_classroom() {
    twice(|host| {
        let site = Site::new(host);
        let ann =
            site.gate_with(|tab| drop(tab.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": ASKED}))));
        ann.fill_name("anna");
        ann.press("Enter");
        ann.until("inside()");
        let mut boris = site.peer("boris", "#lobby");
        ann.hide(true);
        boris.say("#lobby", "anna, are you there?");
        ann.until("document.title.startsWith('(1)')");
        ann.hide(false);
        ann.reads("anna, are you there?");
        if host == "127.0.0.1" {
            ann.until("one('button', /otifications/, byId('bars'))");
            assert_eq!(ann.value("asked"), json!(0));
            ann.click_on("one('button', /Show|Yes/, byId('bars')) ?? one('button', /otifications/, byId('bars'))");
            ann.until("asked === 1");
        } else {
            ann.says("nothing is offered");
            ann.reads("nothing is offered");
            assert_eq!(ann.value("[asked, sees('otification', byId('bars'))]"), json!([0, false]));
        }
    });
}

#[test]
fn a_line_is_copied_with_and_without_a_secure_context() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        ann.says("to be copied");
        ann.reads("to be copied");
        ann.press("Shift+F6");
        ann.press("ArrowUp");
        ann.press("Enter");
        ann.click("menuitem", "Copy the text");
        // The clipboard is one for the whole browser, and a secure page may read it.
        let mut reader = ann.browser.tab();
        reader.open(&format!("http://127.0.0.1:{}/", serve("<!doctype html><title>a page</title>", "")));
        reader.allows("clipboardReadWrite");
        let end = Instant::now() + PATIENCE;
        while reader.value("navigator.clipboard.readText()") != json!("to be copied") {
            assert!(Instant::now() < end, "it is not on the clipboard");
        }
    });
}

#[test]
fn an_old_page_on_a_new_server_says_so_and_its_draft_survives_loading_it() {
    twice(|host| {
        // The page in a folder is another one than that in the program.
        let other = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/page")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, other.path().join(path.file_name().unwrap())).unwrap();
        }
        let folder = Some(tempfile::tempdir().unwrap());
        let mut site = Site::with(host, &["--page", other.path().to_str().unwrap()], folder);
        let mut ann = site.person("anna");
        ann.expects_no_server();
        ann.says("a line");
        ann.reads("a line");
        ann.types_line("a draft");
        site.kill();
        ann.until("sees('No connection', byId('bars'))");
        site.arguments.truncate(site.arguments.len() - 2);
        site.start_again();
        ann.comes_back();
        ann.until("sees('A new version is here', byId('bars'))");
        ann.click("button", "Load it");
        ann.until("!document.querySelector('script[src*=\"/dev/\"]')");
        ann.until("inside() && box().value === 'a draft'");
    });
}

/// A page that nobody looks at, in which nothing is written, need not ask.
#[test]
fn a_hidden_page_with_an_empty_box_takes_the_new_version_by_itself() {
    twice(|host| {
        let mut site = Site::stored(host);
        let between = site.put_between();
        let ann = site.person("anna");
        ann.says("a line");
        ann.reads("a line");
        between.changes(|event| {
            if event["type"] == "hello" {
                event["page"] = json!("0123456789abcdef");
            }
        });
        ann.types_line("half a line");
        between.ends((1001, json!({"type": "closing", "reason": "server-stopped", "text": "restart"})));
        ann.until("sees('The server has stopped', byId('bars'))");
        ann.comes_back();
        ann.until("sees('A new version is here', byId('bars')) && inside()");
        ann.hide(true);
        ann.hide(false);
        ann.until("box().value === 'half a line' && sees('A new version is here', byId('bars'))");
        ann.click_on("box()");
        ann.clear();
        let before = ann.log.len();
        ann.hide(true);
        ann.log.wait(before, "the page anew", |method, _| (method == "Page.loadEventFired").then_some(()));
        ann.hide(false);
        // Once: the server says the same again, and the page does not go round.
        ann.until("inside() && said().includes('a line') && sees('A new version is here', byId('bars'))");
    });
}

#[test]
fn a_search_finds_a_line_and_goes_to_it() {
    twice(|host| {
        let site = Site::stored(host);
        let mut boris = site.peer("boris", "#lobby");
        for number in 0..300 {
            let text = if number == 20 { "the needle is here".to_owned() } else { format!("hay {number}") };
            boris.send("say", json!({"room": "#lobby", "text": text}));
        }
        boris.hears();
        let ann = site.person("anna");
        ann.press("Control+Shift+f");
        ann.until("document.querySelector('dialog:modal')");
        ann.types("need*");
        ann.press("Enter");
        ann.click_on("one('button', /the needle is here/)");
        ann.until("!document.querySelector('dialog:modal')");
        ann.until("document.activeElement === row('the needle is here')");
        let seen = "(() => { const [at, all] = [row('the needle is here'), byId('scroller')].map((one) => one.getBoundingClientRect()); return at.top >= all.top && at.bottom <= all.bottom; })()";
        ann.until(seen);
        ann.until("said().includes('hay 19') && said().includes('hay 21')");
        // A line that comes does not take the reader away from it.
        boris.say("#lobby", "at the end");
        ann.until("!byId('pill').hidden && sees('1', byId('pill'))");
        ann.until(seen);
        ann.press("Escape");
        ann.until("said().at(-1) === 'at the end'");
    });
}

/// A page that is open in forty tabs of a class must cost them nothing.
#[test]
fn a_hidden_page_that_nobody_writes_to_does_nothing() {
    twice(|host| {
        let site = Site::new(host);
        let ann = Browser::new();
        let ann = site.person_of(ann, "anna");
        ann.hide(true);
        let before = ann.value("performance.now()").as_f64().unwrap();
        let timers = ann.value(
            "new Promise((done) => {
                const [timeout, interval] = [setTimeout, setInterval];
                let calls = 0;
                globalThis.setTimeout = (...all) => { calls += 1; return timeout(...all); };
                globalThis.setInterval = (...all) => { calls += 1; return interval(...all); };
                timeout(() => { [globalThis.setTimeout, globalThis.setInterval] = [timeout, interval]; done(calls); }, 3000);
            })",
        );
        let took = ann.value("performance.now()").as_f64().unwrap() - before;
        assert_eq!(timers, json!(0), "in {took} ms");
    });
}
