//! In the chat: one order for all, own lines, unread lines, pages of history. Knows what must be seen of them.

use serde_json::json;

use super::files::{file, picture, sees_pictures, sends};
use super::site::{Person, Site, twice};
use crate::client_support::Screen;

#[test]
fn two_pages_and_a_terminal_hear_one_another_in_one_order() {
    twice(|host| {
        let site = Site::new(host);
        let (ann, boris) = (site.person("anna"), site.person("Борис"));
        let mut terminal = Screen::start(&["--server", &site.addr(), "--nick", "gleb"]);
        terminal.prompts("#lobby gleb>");
        let mut log = site.peer("log", "#lobby");
        for number in 0..5 {
            ann.says(&format!("anna {number}"));
            boris.says(&format!("Борис {number}"));
            terminal.types(&format!("gleb {number}\r"));
        }
        for nick in ["anna", "Борис", "gleb"] {
            let last = format!("{nick} 4");
            ann.reads(&last);
            boris.reads(&last);
            terminal.shows(&last);
        }
        let heard = log.hears();
        let said: Vec<&str> = heard.iter().filter_map(|line| Some(line.split_once(": ")?.1)).collect();
        assert_eq!((ann.lines(), boris.lines()), (said.iter().map(|line| (*line).to_owned()).collect(), ann.lines()));
        assert_eq!(said.len(), 15);
    });
}

/// Over TLS a page is a secure context also in a classroom, and it hears those who are not encrypted.
#[test]
fn a_page_that_is_encrypted_talks_with_one_that_is_not() {
    twice(|host| {
        let mut site = Site::with(host, &["--tls", "allow"], Some(tempfile::tempdir().unwrap()));
        let boris = site.person("boris");
        site.opens("https");
        let anna = site.person("anna");
        assert_eq!(anna.value("[location.protocol, isSecureContext]"), json!(["https:", true]));
        anna.says("sealed");
        boris.reads("sealed");
        boris.says("in the clear");
        anna.reads("in the clear");
        let folder = tempfile::tempdir().unwrap();
        anna.chooses_files("byId('pick')", &[&file(&folder, "sealed.jpg", &picture())]);
        sends(&anna);
        sees_pictures(&anna, 1);
        sees_pictures(&boris, 1);
        let mut whois = site.peer("log", "#lobby");
        for (nick, front) in [("anna", "websocket+tls"), ("boris", "websocket")] {
            let done = whois.ask("whois", json!({"nick": nick})).unwrap();
            assert!(format!("{done:?}").contains(&format!("\"{front}\"")), "{done:?}");
        }
    });
}

#[test]
fn a_line_break_is_typed_with_shift_and_seen_and_an_empty_line_says_nothing() {
    twice(|host| {
        let site = Site::new(host);
        let (ann, boris) = (site.person("anna"), site.person("boris"));
        ann.press("Enter");
        ann.types_line("   ");
        ann.press("Enter");
        ann.clear();
        ann.types("for x in y:");
        ann.press("Shift+Enter");
        ann.types("    print(x)");
        ann.press("Enter");
        boris.until("said().at(-1) === 'for x in y:\\n    print(x)'");
        assert_eq!(boris.lines().len(), 1);
    });
}

/// A Japanese, Chinese or Korean word is chosen with Enter.
#[test]
fn enter_in_a_composition_sends_nothing_and_the_next_enter_sends_the_word() {
    twice(|host| {
        let site = Site::new(host);
        let (ann, boris) = (site.person("anna"), site.person("boris"));
        ann.click_on("box()");
        ann.composes("にほん");
        ann.enters_a_word();
        ann.chooses("日本");
        assert_eq!(ann.value("[box().value, said()]"), json!(["日本", []]));
        ann.press("Enter");
        boris.reads("日本");
        assert_eq!(boris.lines(), ["日本"]);
    });
}

#[test]
fn unread_lines_are_counted_at_their_place_and_a_fence_shows_if_they_begin() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        let mut boris = site.peer("boris", "#lobby");
        boris.join("#лыжи");
        ann.says("/join лыжи");
        ann.until("sees('#лыжи', byId('head')) && inside()");
        for number in 0..3 {
            boris.say("#lobby", &format!("anna, line {number}"));
        }
        ann.until("text(byId('side-lists')).includes('3')");
        ann.until("document.title.startsWith('(3)')");
        ann.press("Alt+ArrowUp");
        ann.until("sees('#lobby', byId('head')) && sees('new', document.querySelector('#list .fence'))");
        ann.until("!document.title.startsWith('(')");
    });
}

/// Scrolls to this place, marks the row under the eye, and sees how far it moves as long as it is there.
fn most_moved(ann: &Person, top: u32) -> f64 {
    let moved = ann.value(&format!(
        "new Promise((done) => {{
            const scroller = byId('scroller');
            scroller.scrollTop = {top};
            const eye = rows().find((row) => row.getBoundingClientRect().bottom > scroller.getBoundingClientRect().top);
            let [before, worst, frames] = [null, 0, 0];
            const look = () => {{
                if (!eye.isConnected) return done(worst);
                const own = eye.getBoundingClientRect().top;
                if (before !== null) worst = Math.max(worst, Math.abs(own - before));
                before = own;
                if (frames++ < 30) requestAnimationFrame(look); else done(worst);
            }};
            requestAnimationFrame(look);
        }})"
    ));
    moved.as_f64().unwrap()
}

#[test]
fn scrolling_up_a_thousand_lines_moves_no_row_under_the_eye() {
    twice(|host| {
        let site = Site::stored(host);
        let mut boris = site.peer("boris", "#lobby");
        for number in 1..=1000 {
            boris.send("say", json!({"room": "#lobby", "text": format!("line {number}")}));
        }
        boris.hears();
        let ann = site.person("anna");
        ann.reads("line 1000");
        let mut up = 0;
        while !ann.lines().contains(&"line 1".to_owned()) {
            // At the very top, and a little below it, while others talk.
            let top = if up % 3 == 2 { 200 } else { 0 };
            let moved = std::thread::scope(|scope| {
                let talk = scope.spawn(|| {
                    (0..5)
                        .for_each(|_| boris.send("say", json!({"room": "#lobby", "text": format!("meanwhile {up}")})));
                    boris.sync();
                });
                let moved = most_moved(&ann, top);
                talk.join().unwrap();
                moved
            });
            assert!(moved <= 1.0, "a row moved by {moved} px at page {up}");
            up += 1;
            assert!(up < 60, "1000 lines are 10 pages: {:?}", ann.lines().first());
        }
        assert!(ann.value("document.querySelectorAll('#list > li').length").as_u64().unwrap() <= 420);
        assert!(ann.value("document.querySelectorAll('*').length").as_u64().unwrap() <= 5000);
        ann.press("Escape");
        ann.until(&format!("said().at(-1) === 'meanwhile {}'", up - 1));
    });
}
