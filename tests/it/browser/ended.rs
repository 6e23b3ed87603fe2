//! Ends of a connection that a quiet server does not make: too slow, full, another version. Knows what must be seen, said and done.

use serde_json::{Value, json};

use super::between::End;
use super::site::{Person, Site, twice};

fn closing(code: u16, reason: &str, text: &str) -> End {
    (code, json!({"type": "closing", "reason": reason, "text": text}))
}

/// How often the page was loaded since.
fn loads(person: &Person, since: usize) -> usize {
    let all = person.log.all(|method, _| (method == "Page.loadEventFired").then_some(()));
    all.len() - since
}

#[test]
fn a_page_that_was_too_slow_comes_back_and_says_that_it_has_everything() {
    twice(|host| {
        let mut site = Site::stored(host);
        let between = site.put_between();
        let ann = site.person("anna");
        ann.says("before");
        ann.reads("before");
        let mut boris = site.peer("boris", "#lobby");
        between.ends(closing(4004, "slow-consumer", "Too much waited for this page."));
        boris.say("#lobby", "meanwhile");
        ann.until("sees('Too much came at once', byId('bars'))");
        ann.until("byId('status').textContent === 'Too much came at once; you have it all now.'");
        ann.reads("meanwhile");
        assert_eq!(ann.lines(), ["before", "meanwhile"]);
        ann.until("!sees('Too much', byId('bars'))");
    });
}

#[test]
fn a_page_that_finds_the_server_full_waits_longer_and_says_why() {
    twice(|host| {
        let mut site = Site::stored(host);
        let between = site.put_between();
        let ann = site.person("anna");
        between.refuses(2, &closing(1013, "full", "The server is full. Try again in a minute."));
        between.ends(closing(1001, "server-stopped", "restart"));
        ann.until("sees('The server has stopped', byId('bars'))");
        ann.says("it waits");
        ann.click("button", "Try now");
        ann.until("sees('The server is full. Try again in a minute.', byId('bars'))");
        // By itself it comes after 15 to 45 s, in a bar that counts them.
        let wait = ann.until("Number(/again in (\\d+) s/.exec(text(byId('bars')))?.[1])");
        assert!((14..=45).contains(&wait.as_u64().unwrap()), "{wait}");
        ann.until("waits().includes('it waits')");
        ann.click("button", "Try now");
        ann.until("sees('The server is full', byId('bars')) && one('button', 'Try now')");
        ann.click("button", "Try now");
        ann.reads("it waits");
    });
}

#[test]
fn a_page_that_does_not_fit_the_server_is_loaded_once_and_then_only_by_hand() {
    twice(|host| {
        for way in ["version", "1002", "1003", "1007"] {
            let mut site = Site::stored(host);
            let between = site.put_between();
            let ann = site.person("anna");
            ann.types_line("a draft");
            ann.until("box().value === 'a draft'");
            let before = loads(&ann, 0);
            let sentence = "This server speaks version 2 only.";
            if way == "version" {
                between.changes(move |event| {
                    if event["for"] == "hello" {
                        *event = json!({
                            "type": "error", "tag": event["tag"], "code": "version-unsupported", "value": "1",
                            "text": sentence,
                        });
                    }
                });
                between.ends((1001, Value::Null));
                ann.click("button", "Try now");
            } else {
                let end = (way.parse().unwrap(), Value::Null);
                between.refuses(2, &end);
                between.ends(end);
            }
            ann.until("sees('This page does not fit the server.', byId('bars')) && one('button', 'Load it')");
            assert_eq!(loads(&ann, before), 1, "{way}");
            ann.until("byId('alert').textContent !== ''");
            assert_eq!(ann.value("box().value"), json!("a draft"), "{way}");
        }
    });
}
