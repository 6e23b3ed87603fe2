//! A server that is hostile: texts in fields in which ours would refuse them. Knows each field in which the page shows a text.

use serde_json::{Value, json};

use super::between::Between;
use super::site::{Person, Site};
use super::vectors::{LONE, escaped, fetched, only_text, sees_all, vectors};

/// What a text does is the same at every address.
const HOST: &str = "127.0.0.1";

/// Says an event in which half a pair of UTF-16 may be.
fn tells(between: &Between, event: &Value) {
    between.tells(&escaped(event));
}

/// Nothing ran, came or went since the page was opened; and no window was opened.
fn is_calm(ann: &Person, what: &str) {
    assert_eq!(only_text(ann), json!([]), "{what}");
    assert_eq!(fetched(ann), Vec::<String>::new(), "{what}");
    assert_eq!(ann.browser.open().len(), 1, "{what}: a window was opened");
    let moved = ann.value(
        "[document.documentElement.scrollWidth > innerWidth && 'sideways', document.documentElement.scrollHeight > innerHeight && 'down',
            box().getBoundingClientRect().bottom > innerHeight && 'the box', byId('head').getBoundingClientRect().top !== 0 && 'the head'].filter(Boolean)",
    );
    assert_eq!(moved, json!([]), "{what}");
}

/// Each event that comes by itself, with this text in every field that is one. The text has its number behind it, by which it is found.
fn events(seq: u64, number: usize, vector: &str) -> (Vec<Value>, Vec<String>) {
    let time = 1_700_000_000_000_u64;
    let mut wanted = Vec::new();
    let mut own = |field: &str| {
        wanted.push(format!("{vector} {field}{number}"));
        wanted.last().cloned().unwrap()
    };
    let room = "#lobby";
    let file = json!({"file": 1, "name": own("name"), "mime": format!("image/{vector}"), "size": 5, "sha256": "00", "width": 40, "height": 30});
    let other = json!({"file": 2, "name": own("named"), "mime": vector, "size": 5, "sha256": vector});
    let bare = if vector.contains('`') { "no code".to_owned() } else { vector.to_owned() };
    let events = vec![
        json!({"type": "message", "room": room, "seq": seq, "from": own("from"), "text": bare, "time": time}),
        json!({"type": "message", "room": room, "seq": seq + 1, "from": own("actor"), "text": vector, "time": time, "me": true}),
        json!({"type": "message", "room": room, "seq": seq + 2, "from": "boris", "text": "", "time": time, "file": file}),
        json!({"type": "message", "room": room, "seq": seq + 3, "from": "boris", "text": "", "time": time, "file": other}),
        json!({"type": "message", "room": room, "seq": seq + 4, "from": "boris", "text": "deleted soon", "time": time}),
        json!({"type": "deleted", "room": room, "seq": seq + 4, "by": own("deleted"), "text": own("because"), "time": time}),
        json!({"type": "private", "from": own("private"), "to": "anna", "seq": seq, "text": vector, "time": time}),
        json!({"type": "join", "room": room, "nick": own("join"), "time": time}),
        json!({"type": "join", "room": room, "nick": "victor", "time": time}),
        json!({"type": "topic", "room": room, "topic": own("topic"), "by": own("topic-by"), "time": time}),
        json!({"type": "leave", "room": room, "nick": own("left"), "text": own("farewell"), "time": time}),
        json!({"type": "kick", "room": room, "nick": own("kicked"), "by": own("kick-by"), "text": own("reason"), "time": time}),
        json!({"type": "quit", "nick": "victor", "reason": own("quit"), "text": own("last"), "time": time}),
        json!({"type": "restriction", "room": room, "restriction": "mute", "nick": vector, "mask": own("mute"), "by": own("mute-by"), "text": own("why"), "time": time}),
        json!({"type": "role", "room": room, "nick": own("role"), "role": vector, "by": own("role-by"), "time": time}),
        json!({"type": "voice", "room": room, "nick": own("voice"), "voice": true, "by": own("voice-by"), "time": time}),
        json!({"type": "about", "nick": vector, "text": vector}),
        json!({"type": "settings", "room": room, "key": vector, "by": own("settings-by"), "time": time}),
        json!({"type": "members", "room": room, "members": [{"nick": "anna"}, {"nick": own("member"), "role": own("rank"), "away": own("away")}]}),
        json!({"type": "nick", "old": "anna", "new": "anna", "time": time}),
        json!({"type": "invite", "room": own("#invited"), "by": own("inviter"), "time": time}),
        json!({"type": "joined", "room": format!("#{}", own("joined")), "made": 1, "run": 1, "seq": 0, "total": 1, "topic": vector}),
        json!({"type": "notice", "text": own("notice")}),
        json!({"type": "error", "code": vector, "value": vector, "text": own("error"), "offer": vector}),
        json!({"type": "typing", "room": room, "nick": own("typing")}),
        json!({"type": vector, "room": room, "text": vector}),
        json!({"type": "message", "room": room, "seq": seq + 5, "from": "boris", "text": format!("end {number}."), "time": time}),
    ];
    (events, wanted)
}

#[test]
fn whatever_text_a_server_puts_in_an_event_is_seen_as_it_is_and_does_nothing() {
    let mut site = Site::new(HOST);
    let between = site.put_between();
    let ann = site.person("anna");
    let mut seq = 1000;
    for (number, vector) in vectors().iter().enumerate() {
        let (events, wanted) = events(seq, number, vector);
        events.iter().for_each(|event| tells(&between, event));
        seq += 10;
        ann.reads(&format!("end {number}."));
        sees_all(&ann, &wanted, vector);
        is_calm(&ann, vector);
        // Another person types in the next round, and not three.
        tells(
            &between,
            &json!({"type": "message", "room": "#lobby", "seq": seq - 1, "from": format!("{vector} typing{number}"), "text": "typed", "time": 1}),
        );
    }
}

/// All texts of the table in one answer, as rows of a list or behind one another.
fn answer(ok: &mut Value) {
    let all = vectors();
    let rows = |make: &dyn Fn(&String) -> Value| Value::from(all.iter().map(make).collect::<Vec<_>>());
    let Some(kind) = ok["for"].as_str() else { return };
    match kind {
        "whois" => {
            let all = all.join(" ");
            *ok = json!({
                "type": "ok", "tag": ok["tag"], "for": "whois", "nick": "boris", "rooms": rows(&|text| json!(text)),
                "since": 1, "idle": 1, "fronts": [all], "address": all, "away": all,
            });
        }
        "rooms" => ok["rooms"] = rows(&|text| json!({"room": format!("#{text}"), "members": 1, "topic": text})),
        "members" => ok["members"] = rows(&|text| json!({"nick": text, "role": text, "away": text})),
        "who" => ok["people"] = rows(&|text| json!({"nick": text, "role": text, "about": text, "away": text})),
        "about" => ok["text"] = json!(all.join(" ")),
        "search" => {
            ok["messages"] = rows(&|text| json!({"room": text, "seq": 1, "from": text, "text": text, "time": 1}));
            ok["next"] = json!(all.join(" "));
        }
        "files" => {
            ok["files"] = rows(
                &|text| json!({"file": 1, "name": text, "mime": text, "size": 1, "sha256": text, "seq": 1, "from": text, "time": 1}),
            );
        }
        "bans" => {
            ok["bans"] = rows(
                &|text| json!({"restriction": text, "nick": text, "mask": text, "by": text, "text": text, "time": 1}),
            );
        }
        "help" => ok["commands"] = rows(&|text| json!({"usage": text, "text": text})),
        _ => {}
    }
}

#[test]
fn whatever_text_a_server_puts_in_an_answer_is_seen_as_it_is_and_does_nothing() {
    let mut site = Site::stored(HOST);
    let between = site.put_between();
    let ann = site.person_in("anna", "#lab");
    let _boris = site.peer("boris", "#lab");
    let all: Vec<String> = vectors().into_iter().filter(|vector| !vector.contains(LONE)).collect();
    // Half a pair goes over the wire as an escape, and comes out of a program only as that.
    between.changes(answer);
    for line in ["/whois boris", "/rooms", "/members", "/who", "/about", "/search x", "/files", "/bans", "/help"] {
        ann.says(line);
        ann.until("document.querySelector('dialog:modal')");
        ann.until(&format!(
            "text(document.querySelector('dialog:modal')).includes({})",
            json!("<svg/onload=alert(1)>")
        ));
        sees_all(&ann, &all, line);
        is_calm(&ann, line);
        ann.press("Escape");
        ann.until("!document.querySelector('dialog:modal')");
    }
    let long = all.join(" ");
    for code in ["nick-taken", &long] {
        let code = code.to_owned();
        let text = long.clone();
        between.changes(move |event| {
                if event["for"] == "say" {
                    *event = json!({"type": "error", "tag": event["tag"], "code": code, "value": text, "text": text, "offer": text});
                }
            });
        ann.says("refused");
        ann.until("failed().includes('refused')");
        sees_all(&ann, &all, "a line that was refused");
        is_calm(&ann, "a line that was refused");
        ann.click("button", "Delete");
        ann.until("failed().length === 0");
    }
    between.ends((4005, json!({"type": "closing", "reason": "kicked", "text": long})));
    ann.until("one('button', 'Come in again')");
    sees_all(&ann, &all, "the last words");
    is_calm(&ann, "the last words");
}

#[test]
fn whatever_a_server_says_of_itself_is_seen_as_it_is_and_does_nothing() {
    let mut site = Site::stored(HOST);
    let between = site.put_between();
    let all: Vec<String> = vectors().into_iter().filter(|vector| !vector.contains(LONE)).collect();
    // A field of one line shows no line breaks.
    let flat: Vec<String> = all.iter().map(|text| text.replace(['\r', '\n'], "")).collect();
    let long = flat.join(" ");
    let rooms: Vec<Value> = all.iter().map(|text| json!({"room": text, "members": 1, "topic": text})).collect();
    between.welcomes(&json!({
        "server": long, "version": 1, "page": long, "offer": long, "lobby": "#lobby", "text": 2000, "file_bytes": 1,
        "kept": true, "addresses": all, "rooms": rooms,
    }));
    let refusal = json!({"type": "error", "code": "nick-taken", "value": long, "text": long, "offer": long});
    let name = long.clone();
    between.changes(move |event| {
        if event["type"] == "hello" {
            event["server"] = json!(name);
            event["offer"] = json!(name);
        }
        if event["for"] == "hello" && event["nick"] != "anna" {
            let tag = event["tag"].clone();
            *event = refusal.clone();
            event["tag"] = tag;
        }
    });
    let mut ann = site.gate();
    // It has no address by these numbers.
    ann.expects("qr.svg");
    sees_all(&ann, &flat, "the name that is offered");
    ann.fill_name("boris");
    ann.click("button", "Come in");
    ann.until("byId('gate-why').textContent.includes('<svg/onload')");
    sees_all(&ann, &flat, "the refusal");
    assert_eq!(only_text(&ann), json!([]));
    ann.reload();
    ann.until("byId('gate-name').value");
    ann.fill_name("anna");
    ann.click("button", "Come in");
    ann.until("inside()");
    // The invitation has the addresses.
    ann.until("one('combobox', /.*/, byId('list'))");
    let lines: Vec<String> = all.iter().filter(|text| !text.contains(['\r', '\n'])).cloned().collect();
    sees_all(&ann, &lines, "the addresses");
    ann.click_on("byId('me')");
    ann.click("menuitem", "Settings of the page");
    ann.until("sees('<svg/onload', document.querySelector('dialog:modal'))");
    is_calm(&ann, "what the server says of itself");
}
