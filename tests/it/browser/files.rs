//! Files: chosen, dropped, pasted, cancelled, broken off; and who may fetch them. Knows HTTP by its first line only.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::json;
use tempfile::{TempDir, tempdir};

use super::chromium::PATIENCE;
use super::site::{Person, Site, twice};
use super::tab::Browser;

/// A picture of 40 by 30 points, as the browser itself makes it.
pub fn picture() -> Vec<u8> {
    let drawn = Browser::new().tab().value(
        "(() => {
            const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 30 });
            canvas.getContext('2d').fillRect(5, 5, 20, 10);
            return canvas.toDataURL('image/jpeg').split(',')[1];
        })()",
    );
    BASE64.decode(drawn.as_str().unwrap()).unwrap()
}

pub fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Sends what is on the card.
pub fn sends(person: &Person) {
    person.click_on("one('button', 'Send', byId('uploads'))");
}

/// Waits for so many pictures that are drawn.
pub fn sees_pictures(person: &Person, count: usize) {
    person.until(&format!(
        "[...document.querySelectorAll('#list img')].filter((one) => one.naturalWidth === 40 && one.naturalHeight === 30).length === {count}"
    ));
}

/// The status of a page at this path, for a program that knows nothing but the path.
pub fn status(site: &Site, path: &str) -> u16 {
    let mut wire = site.wire();
    wire.send(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"));
    wire.line().split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

#[test]
fn a_picture_by_button_drop_or_paste_arrives_byte_for_byte_and_is_shown() {
    twice(|host| {
        let (site, folder, picture) = (Site::stored(host), tempdir().unwrap(), picture());
        let path = file(&folder, "cat.jpg", &picture);
        let (ann, boris) = (site.person("anna"), site.person("boris"));
        ann.chooses_files("byId('pick')", &[&path]);
        sends(&ann);
        sees_pictures(&boris, 1);
        ann.drops(&path, "byId('scroller')");
        sends(&ann);
        sees_pictures(&boris, 2);
        ann.value(&format!(
            "(() => {{
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array({})], 'image.jpg', {{ type: 'image/jpeg' }}));
                box().dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: data, bubbles: true, cancelable: true }}));
            }})()",
            json!(picture)
        ));
        sends(&ann);
        sees_pictures(&boris, 3);
        let arrived = boris.value(
            "Promise.all([...document.querySelectorAll('#list img')].map((one) =>
                fetch(one.src).then((answer) => answer.arrayBuffer()).then((bytes) => [...new Uint8Array(bytes)])))",
        );
        assert_eq!(arrived, json!([picture, picture, picture]));
        sees_pictures(&ann, 3);
        ann.until("!document.querySelector('#uploads .card')");
    });
}

#[test]
fn a_text_that_is_called_a_picture_is_a_card_and_a_file_that_is_too_large_is_refused_before_a_byte() {
    twice(|host| {
        let (site, folder) = (Site::stored(host), tempdir().unwrap());
        let (ann, boris) = (site.person("anna"), site.person("boris"));
        ann.chooses_files("byId('pick')", &[&file(&folder, "notes.jpg", b"only a text")]);
        sends(&ann);
        boris.until("sees('notes.jpg', document.querySelector('#list .card'))");
        boris.until("one('button', /^Save/, byId('list'))");
        let before = ann.log.len();
        ann.chooses_files("byId('pick')", &[&file(&folder, "all.zip", &vec![0; 11 << 20])]);
        ann.until("sees('all.zip is too large', byId('strip'))");
        let sent = ann.log.all(|method, params| {
            (method == "Network.requestWillBeSent" && params["request"]["method"] == "PUT").then_some(())
        });
        assert!(ann.log.len() >= before && sent.len() == 1, "{sent:?}");
        assert_eq!(boris.value("document.querySelectorAll('#list img').length"), json!(0));
    });
}

#[test]
fn an_upload_can_be_cancelled_half_way_and_nobody_hears_of_it() {
    twice(|host| {
        let (site, folder) = (Site::stored(host), tempdir().unwrap());
        let mut boris = site.peer("boris", "#lobby");
        let ann = site.person("anna");
        boris.sync();
        ann.slower_network(400_000);
        ann.chooses_files("byId('pick')", &[&file(&folder, "song.bin", &vec![7; 3_000_000])]);
        sends(&ann);
        ann.until("document.querySelector('#uploads progress')?.value >= 50");
        ann.click("button", "Do not send");
        ann.until("!document.querySelector('#uploads .card')");
        ann.slower_network(-1);
        ann.says("after it");
        ann.reads("after it");
        assert_eq!(boris.texts("#lobby"), ["after it"]);
    });
}

#[test]
fn an_upload_that_breaks_off_is_sent_again_by_itself_when_the_server_is_back() {
    twice(|host| {
        let (mut site, folder) = (Site::stored(host), tempdir().unwrap());
        let mut ann = site.person("anna");
        ann.expects_no_server();
        ann.slower_network(1_000_000);
        ann.chooses_files("byId('pick')", &[&file(&folder, "song.bin", &vec![7; 3_000_000])]);
        sends(&ann);
        ann.until("document.querySelector('#uploads progress')?.value >= 30");
        site.kill();
        ann.until("sees('No connection', byId('bars'))");
        ann.slower_network(-1);
        site.start_again();
        ann.comes_back();
        ann.until("sees('song.bin', byId('list')) && !document.querySelector('#uploads .card')");
    });
}

/// The link in a page is worth one file, for one session, while that session may see it.
#[test]
fn a_link_to_a_file_dies_with_the_right_to_see_it() {
    twice(|host| {
        let (site, folder, picture) = (Site::stored(host), tempdir().unwrap(), picture());
        let path = file(&folder, "cat.jpg", &picture);
        let mut op = site.peer("op", "#lab");
        let ann = site.person_in("anna", "#lab");
        ann.chooses_files("byId('pick')", &[&path]);
        sends(&ann);
        sees_pictures(&ann, 1);
        for (number, way) in ["kick", "ban", "quit", "close", "delete"].into_iter().enumerate() {
            let nick = format!("guest{number}");
            let guest = site.person_in(&nick, "#lab");
            sees_pictures(&guest, 1);
            let link = guest.value("new URL(document.querySelector('#list img').src).pathname");
            let link = link.as_str().unwrap();
            assert_eq!(status(&site, link), 200, "{way}");
            if number == 0 {
                no_other_link_is_good(&site, link);
            }
            match way {
                "kick" => drop(op.does("kick", json!({"room": "#lab", "nick": nick}))),
                "ban" => drop(op.does("ban", json!({"room": "#lab", "nick": nick}))),
                "quit" => guest.says("/quit"),
                "close" => guest.end(),
                _ => drop(op.does("delete", json!({"room": "#lab", "seq": 1}))),
            }
            let end = Instant::now() + PATIENCE;
            while status(&site, link) != 404 {
                assert!(Instant::now() < end, "{way}: the link is still good");
            }
        }
    });
}

/// With any of its signs changed, it is no link.
fn no_other_link_is_good(site: &Site, link: &str) {
    let begin = "/f/".len();
    let end = link.rfind('/').unwrap();
    for at in begin..end {
        let mut other = link.as_bytes().to_vec();
        other[at] = if other[at] == b'a' { b'b' } else { b'a' };
        let other = String::from_utf8(other).unwrap();
        assert_ne!(status(site, &other), 200, "{other}");
    }
}

#[test]
fn a_sound_is_played_from_the_middle() {
    twice(|host| {
        let (site, folder) = (Site::stored(host), tempdir().unwrap());
        let (ann, boris) = (site.person("anna"), site.person("boris"));
        ann.chooses_files("byId('pick')", &[&file(&folder, "tone.wav", &wav(60))]);
        sends(&ann);
        boris.until("document.querySelector('#list audio')?.src");
        boris.value(
            "new Promise((done, fail) => {
                const sound = document.querySelector('#list audio');
                sound.addEventListener('seeked', () => done(1));
                sound.addEventListener('error', () => fail(new Error(sound.error.message)));
                sound.addEventListener('loadedmetadata', () => { sound.currentTime = 50; });
                sound.preload = 'auto';
                sound.load();
            })",
        );
        let statuses = boris.log.all(|method, params| {
            let response = &params["response"];
            (method == "Network.responseReceived" && response["mimeType"].as_str()?.starts_with("audio/"))
                .then(|| response["status"].as_u64())
        });
        assert!(statuses.contains(&Some(206)), "{statuses:?}");
    });
}

/// So many seconds of silence at 16 kHz, in mono.
fn wav(seconds: u32) -> Vec<u8> {
    let length = seconds * 32_000;
    let word = |number: u32| number.to_le_bytes();
    let mut bytes = [&b"RIFF"[..], &word(36 + length), b"WAVEfmt ", &word(16), &[1, 0, 1, 0]].concat();
    bytes.extend([&word(16_000)[..], &word(32_000), &[2, 0, 16, 0], b"data", &word(length)].concat());
    bytes.resize(44 + length as usize, 0);
    bytes
}
