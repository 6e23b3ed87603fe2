//! Files that are two things at once, or called what they are not: the page shows what is a picture, and a browser runs none of them. Knows how such files are made.

use roomful::answer::Done;
use serde_json::{Value, json};

use super::site::{Site, twice};
use super::tab::{Browser, Tab};
use super::vectors::only_text;
use crate::support::{Peer, put};

const SCRIPT: &str = "<html><body><script>document.title = 'RAN'; alert(1)</script><img src=/x onerror=alert(1)>";

/// A part of a PNG. No browser asks for the sum of a part that it passes over.
fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = !0_u32;
    for byte in kind.iter().chain(data) {
        crc ^= u32::from(*byte);
        (0..8).for_each(|_| crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 });
    }
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], kind, data, &(!crc).to_be_bytes()].concat()
}

/// The head of a PNG of so many points a side, and a script in its comment.
fn png(side: u32) -> Vec<u8> {
    let size = side.to_be_bytes();
    let head = [&size[..], &size, &[8, 0, 0, 0, 0]].concat();
    let comment = [b"Comment\0", SCRIPT.as_bytes()].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &head), &chunk(b"tEXt", &comment), &chunk(b"IEND", b"")].concat()
}

/// A GIF whose bytes are a program in JavaScript, too.
fn gif() -> Vec<u8> {
    let dot = b"\x2f\x2a\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";
    [&b"GIF89a"[..], dot, b"*/=1;document.title='RAN';alert(1)//"].concat()
}

/// The beginning of a JPEG of one point, and a page in its comment.
fn jpeg() -> Vec<u8> {
    let length = u16::try_from(SCRIPT.len() + 2).unwrap().to_be_bytes();
    let size = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00";
    [
        &b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xfe"[..],
        &length,
        SCRIPT.as_bytes(),
        size,
        b"\xff\xd9",
    ]
    .concat()
}

/// Sends a file as a program does; where it is to be fetched.
fn sends(site: &Site, peer: &mut Peer, name: &str, bytes: &[u8]) -> String {
    let offer = peer.ask("offer", json!({"room": "#lab", "name": name, "size": bytes.len()}));
    let Ok(Done::Offer { upload, url, .. }) = offer else { panic!("{name}: {offer:?}") };
    assert_eq!(put(site.addr().parse().unwrap(), &url, bytes).status, 201, "{name}");
    let said = peer.ask("finish", json!({"upload": upload}));
    let Ok(Done::Finish { file, .. }) = said else { panic!("{name}: {said:?}") };
    match peer.ask("get", json!({"file": file})) {
        Ok(Done::Get { url, .. }) => url.to_string(),
        other => panic!("{name}: {other:?}"),
    }
}

/// What becomes of an address that is opened by itself: the name under which it would be saved, or nothing.
fn opened(site: &Site, path: &str) -> (Tab, Option<String>) {
    let mut tab = Browser::new().tab();
    let url = format!("{}{}", site.url(), path.trim_start_matches('/'));
    tab.host = url.split('/').nth(2).unwrap().to_owned();
    // The browser shows a picture in a page of its own, whose colours our policy forbids.
    ["Applying inline style", "style-src-attr"].iter().for_each(|words| tab.expects(words));
    let before = tab.log.len();
    let answer = tab.call("Page.navigate", json!({"url": url}));
    let saved = (answer.get("errorText") == Some(&json!("net::ERR_ABORTED"))).then(|| {
        tab.log.wait(before, "a download", |method, params| {
            (method == "Page.downloadWillBegin").then(|| params["suggestedFilename"].as_str().unwrap().to_owned())
        })
    });
    if saved.is_none() {
        tab.log.wait(before, "a page", |method, _| (method == "Page.loadEventFired").then_some(()));
    }
    (tab, saved)
}

#[test]
fn no_file_runs_in_the_page_nor_when_its_address_is_opened() {
    twice(|host| {
        let site = Site::stored(host);
        let mut boris = site.peer("boris", "#lab");
        let mut ann = site.person_in("anna", "#lab");
        let page = SCRIPT.as_bytes();
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>";
        let table: [(&str, Vec<u8>, bool); 10] = [
            ("two.png", png(1), true),
            ("two.gif", gif(), true),
            ("two.jpg", jpeg(), true),
            ("x.html", page.to_vec(), false),
            ("x.svg", svg.to_vec(), false),
            ("x.png", page.to_vec(), false),
            ("x.js", b"document.title = 'RAN'; alert(1)".to_vec(), false),
            ("huge.png", png(50_000), true),
            ("a.jpg\"\r\nX: y", page.to_vec(), false),
            ("..\\..\\x<svg onload=alert(1)>", page.to_vec(), false),
        ];
        for (name, bytes, is_shown) in &table {
            let path = sends(&site, &mut boris, name, bytes);
            let (tab, saved) = opened(&site, &path);
            assert_eq!(saved.is_none(), *is_shown, "{name}: {saved:?}");
            assert!(!saved.unwrap_or_default().contains(['\r', '\n', '/', '\\', '"', '<']), "{name}");
            assert_ne!(tab.value("document.title"), json!("RAN"), "{name}");
            // As a script it is refused by its type, also for our own page.
            let ran = ann.value(&format!("import({}).then(() => 'ran', () => 'refused')", json!(path)));
            assert_eq!(ran, json!("refused"), "{name}");
        }
        ann.expects("Failed to load module script");
        ann.until("sees('huge.png', byId('list')) && sees('50000 × 50000', byId('list'))");
        let names: Value = ann.value("[...document.querySelectorAll('#list .card bdi')].map((one) => one.textContent)");
        assert!(names.to_string().contains("x.html"), "{names}");
        assert_eq!(only_text(&ann), json!([]));
        assert_ne!(ann.value("document.title"), json!("RAN"));
        assert_eq!(ann.browser.open().len(), 1);
    });
}
