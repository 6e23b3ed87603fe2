//! Files: sent, fetched, and by whom. Knows only their bytes; what is special about HTTP is in `file_http`. (protocol.md, *Files*)

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use roomful::answer::Done;
use roomful::event::Event;
use serde_json::{Value, json};

use crate::order::OnDrop;
use crate::support::{Courier, Peer, TestServer, eventually, message_of, sha256};

/// Bytes that look like nothing, and another time the same.
pub fn bytes(size: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..size).map(next).collect()
}

fn hash(upload: u64, bytes: &[u8]) -> Value {
    json!({"upload": upload, "sha256": sha256(bytes)})
}

/// Lab A11: what arrives is what was sent, byte for byte, whatever its size.
#[test]
fn a11_a_file_arrives_as_it_was_sent_and_is_there_after_a_restart() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    let mut sent = Vec::new();
    let piece = 32_768;
    for size in [0, 1, piece - 1, piece, piece + 1, 5 * piece + 17, 1 << 20] {
        let mut content = bytes(size);
        if let Some(head) = content.get_mut(..4) {
            head.copy_from_slice(b"\xff\xd8\xff\xe0");
        }
        let (upload, url) = ann.offers("#a", "photo.jpg", size);
        assert_eq!(ann.puts(&url, &content).status, 201);
        bob.sync();
        let (file, seq) = ann.finishes(upload, &content, "look");
        let heard = bob.wait(|event| matches!(event, Event::Message(_)));
        let message = message_of(&heard).unwrap();
        let info = message.file.as_ref().expect("the message has the file");
        assert_eq!((info.file, message.seq, &*message.text, &*info.name), (file, seq, "look", "photo.jpg"));
        assert_eq!((info.size, &*info.sha256), (size as u64, &*sha256(&content)));
        if size > 4 {
            assert_eq!(&*info.mime, "image/jpeg");
        }
        let (got, received) = bob.gets(file);
        assert_eq!((&got, sha256(&received)), (&**info, sha256(&content)), "{size} bytes");
        sent.push((file, content));
    }
    drop((ann, bob));
    let server = server.restarted();
    let mut bob = server.once_more("bob");
    bob.join("#a");
    for (file, content) in sent {
        assert_eq!(bob.gets(file).1, content);
    }
    assert_eq!(bob.file_names("#a").len(), 7);
}

/// Guarantee 7: ten MiB up and down, and the others hear every line in its order.
#[test]
fn ten_mebibytes_go_up_and_down_while_others_talk() {
    let server = TestServer::with_database();
    let content = bytes(10 << 20);
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#talk");
    let mut cat = server.login_in("cat", "#talk");
    [&mut bob, &mut cat].into_iter().for_each(|peer| drop(peer.sync()));
    let over = AtomicBool::new(false);
    let talks = |peer: &mut Peer| {
        let mut heard = Vec::new();
        let mut said = 0_u64;
        while !over.load(Ordering::Relaxed) {
            said += 1;
            peer.say("#talk", &said.to_string());
            heard.extend(peer.so_far());
        }
        heard
    };
    let (mut one, mut other) = thread::scope(|scope| {
        let end = OnDrop(&over);
        let one = scope.spawn(|| talks(&mut bob));
        let other = scope.spawn(|| talks(&mut cat));
        let (file, _) = ann.sends_file("#a", "large.bin", &content);
        let (_, received) = ann.gets(file);
        assert_eq!(sha256(&received), sha256(&content));
        drop(end);
        (one.join().unwrap(), other.join().unwrap())
    });
    one.extend(bob.sync());
    other.extend(cat.sync());
    // The one that ended first may have heard less before the last `sync`; by now both have all.
    one.extend(bob.sync());
    let seqs = |events: &[Event]| events.iter().filter_map(message_of).map(|m| m.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&one), seqs(&other));
    assert_eq!(seqs(&one), Vec::from_iter(1..=seqs(&one).len() as u64));
}

/// protocol.md, `offer`: refused before any byte is sent.
#[test]
fn a_file_over_a_limit_is_refused_before_any_byte() {
    let server = TestServer::with_database_and(|limits| {
        (limits.file_bytes, limits.files_per_person, limits.files_bytes) = (1_000, 1_500, 2_000);
    });
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    let offer = |size: u64| json!({"room": "#a", "name": "x", "size": size});
    for size in [1_001, 1_010, u64::MAX] {
        let refusal = ann.refusal("offer", offer(size));
        assert_eq!((&*refusal.code, &*refusal.value), ("file-too-large", &*size.to_string()));
    }
    ann.sends_file("#a", "one", &bytes(1_000));
    let full = ann.refusal("offer", offer(501));
    assert_eq!((&*full.code, &*full.value), ("files-full", "1500"));
    let (coming, _) = ann.offers("#a", "two", 500);
    assert_eq!(ann.code("offer", offer(1)), "files-full", "what is on the way counts");
    ann.does("cancel", json!({"upload": coming}));
    bob.sends_file("#a", "three", &bytes(900));
    assert_eq!(bob.refusal("offer", offer(101)).value, "2000", "the server is full");
    ann.does("delete", json!({"room": "#a", "seq": 1}));
    bob.sends_file("#a", "four", &bytes(600));
    assert_eq!(bob.file_names("#a"), ["four", "three"]);
    let server = TestServer::with_database_and(|limits| limits.file_bytes = 0);
    assert_eq!(server.account_in("ann", "#a").code("offer", offer(0)), "file-too-large", "there are no files");
}

/// protocol.md, `uploads`: two at once in one session.
#[test]
fn one_session_sends_two_files_at_once() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    let (one, one_url) = ann.offers("#a", "one", 2);
    let (two, two_url) = ann.offers("#a", "two", 2);
    let refusal = ann.refusal("offer", json!({"room": "#a", "name": "three", "size": 2}));
    assert_eq!((&*refusal.code, &*refusal.value), ("uploads-busy", "2"));
    let mut couriers = [&one_url, &two_url].map(|url| {
        let mut courier = Courier::new(server.addr());
        courier.begins("PUT", url, &[("Content-Length", "2")]);
        courier
    });
    for byte in [b"1", b"2"] {
        couriers.iter_mut().for_each(|courier| courier.sends(byte).unwrap());
    }
    assert_eq!(couriers.each_mut().map(|courier| courier.reply(true).unwrap().status), [201, 201]);
    ann.finishes(one, b"12", "");
    let three = ann.offers("#a", "three", 1).0;
    ann.finishes(two, b"12", "");
    ann.does("cancel", json!({"upload": three}));
    assert_eq!(ann.file_names("#a"), ["two", "one"]);
}

/// protocol.md, `finish`, `cancel`: what does not fit is refused, and the bytes can still be sent.
#[test]
fn a_wrong_order_is_refused_and_the_right_one_taken_after_it() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    ann.sync();
    let (upload, url) = ann.offers("#a", "x", 10);
    let wrong = [
        ("finish", hash(upload, b"")),
        ("finish", json!({"upload": upload})),
        ("finish", hash(99, b"")),
        ("cancel", json!({"upload": 99})),
    ];
    for (kind, fields) in wrong {
        assert_eq!(ann.code(kind, fields.clone()), "bad-upload", "{kind} {fields}");
    }
    assert_eq!(bob.code("finish", hash(upload, b"x")), "bad-upload", "it is another session's");
    assert_eq!(bob.code("cancel", json!({"upload": upload})), "bad-upload");
    assert_eq!(ann.code("chunk", json!({"upload": upload, "offset": 0, "data": "eA=="})), "unknown-command");
    assert_eq!(ann.puts(&url, b"01234").status, 413, "half of it");
    assert_eq!(ann.code("finish", hash(upload, b"01234")), "bad-upload");
    assert_eq!(ann.puts(&url, b"0123456789").status, 201);
    let upper = json!({"upload": upload, "sha256": sha256(b"0123456789").to_uppercase()});
    ann.does("finish", upper);
    assert_eq!(ann.code("finish", hash(upload, b"0123456789")), "bad-upload", "it is no upload any more");
    let (upload, url) = ann.offers("#a", "y", 1);
    assert_eq!(ann.puts(&url, b"y").status, 201);
    assert_eq!(ann.code("finish", hash(upload, b"z")), "bad-upload");
    assert_eq!(ann.code("finish", hash(upload, b"y")), "bad-upload", "it is dropped");
    assert_eq!(ann.puts(&url, b"y").status, 404);
    let (upload, url) = ann.offers("#a", "z", 1);
    assert_eq!(ann.puts(&url, b"z").status, 201);
    assert!(matches!(ann.does("finish", json!({"upload": upload})), Done::Finish { .. }), "the hash may be left out");
    assert_eq!(ann.file_names("#a"), ["z", "x"]);
    assert_eq!(bob.hears().len(), 2, "two messages");
}

/// protocol.md, *Files*: an upload belongs to its session, and nothing of it is left.
#[test]
fn an_upload_ends_with_its_session_and_leaves_nothing() {
    let server = TestServer::with_database_and(|limits| limits.files_bytes = 100_000);
    let mut ann = server.account_in("ann", "#a");
    let (_, url) = ann.offers("#a", "half", 90_000);
    let mut courier = Courier::new(server.addr());
    courier.begins("PUT", &url, &[("Content-Length", "90000")]);
    courier.sends(&bytes(50_000)).unwrap();
    let (_, whole) = ann.offers("#a", "whole", 5_000);
    assert_eq!(ann.puts(&whole, &bytes(5_000)).status, 201);
    let mut bob = server.account_in("bob", "#a");
    let offer = json!({"room": "#a", "name": "x", "size": 90_000});
    assert_eq!(bob.code("offer", offer.clone()), "files-full");
    ann.wire.reset();
    eventually("the half of it is gone", || bob.ask("offer", offer.clone()).is_ok());
    assert!(courier.is_ended(), "the connection that brought it is cut");
    assert_eq!([&url, &whole].map(|url| bob.puts(url, &[]).status), [404, 404]);
    assert_eq!(bob.file_names("#a"), [""; 0]);
    let data = server.data();
    drop(bob);
    let server = server.restarted();
    let file = rusqlite::Connection::open(data).unwrap();
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM file") + count("SELECT count(*) FROM piece"), 0);
    drop(server);
}

/// protocol.md, `offer`: the name is cleaned; what the file is, is told by its content.
#[test]
fn a_name_has_no_folders_and_does_not_tell_what_a_file_is() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    for name in ["../../etc/passwd", "..\\..\\boot.ini", "/", "..", ".", "", "a\u{0}b\nc", "\u{202e}gpj.exe", "C:\\x"] {
        let file = ann.sends_file("#a", name, b"text").0;
        let (info, _) = ann.gets(file);
        let cleaned = &*info.name;
        assert!(!cleaned.contains(['/', '\\']) && !cleaned.chars().any(char::is_control), "{name:?}: {cleaned:?}");
        assert!(!["", ".", ".."].contains(&cleaned) && !cleaned.contains('\u{202e}'), "{name:?}: {cleaned:?}");
        assert_eq!(&*info.mime, "text/plain", "{name:?}");
    }
    let long = ann.sends_file("#a", &"ж".repeat(500), b"").0;
    assert!(ann.gets(long).0.name.len() <= 255);
    let jpg = ann.sends_file("#a", "photo.jpg", "только текст".as_bytes()).0;
    assert_eq!(&*ann.gets(jpg).0.mime, "text/plain");
}

/// protocol.md, `get`, `files`: for members of the room in which it was sent, and for nobody else.
#[test]
fn a_file_is_for_those_in_the_room_or_in_the_conversation() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account("bob");
    let mut eve = server.account("eve");
    let in_room = ann.sends_file("#a", "room", b"room").0;
    let private = ann.sends_file("@bob", "private", b"private").0;
    let heard = bob.wait(|event| matches!(event, Event::Private { .. }));
    assert!(matches!(&heard, Event::Private { file: Some(file), .. } if file.file == private), "{heard:?}");
    assert_eq!(bob.gets(private).1, b"private");
    assert_eq!(bob.file_names("@ann"), ["private"]);
    assert_eq!(ann.file_names("@bob"), ["private"]);
    assert_eq!(eve.code("files", json!({"room": "#a"})), "not-in-room");
    assert_eq!(eve.code("files", json!({"room": "@ann"})), "no-conversation");
    assert_eq!(eve.code("offer", json!({"room": "#a", "name": "x", "size": 1})), "not-in-room");
    for file in [in_room, private, 999, 0, u64::MAX] {
        let refusal = eve.refusal("get", json!({"file": file}));
        assert_eq!((&*refusal.code, &*refusal.value), ("no-such-file", &*file.to_string()));
    }
    let (_, coming) = ann.offers("#a", "not yet", 4);
    assert_eq!(ann.puts(&coming, b"half").status, 201);
    for file in [private + 1, private + 2] {
        assert_eq!(ann.code("get", json!({"file": file})), "no-such-file", "what is not finished is nobody's");
    }
    assert_eq!(bob.code("get", json!({"file": in_room})), "no-such-file");
    bob.join("#a");
    assert_eq!(bob.gets(in_room).1, b"room");
    bob.leave("#a");
    assert_eq!(bob.code("get", json!({"file": in_room})), "no-such-file");
    drop((ann, bob, eve));
    let server = server.restarted();
    assert_eq!(server.once_more("bob").gets(private).1, b"private", "without having read the conversation");
    assert_eq!(server.once_more("eve").code("get", json!({"file": private})), "no-such-file");
}

/// protocol.md, `delete`: the file is deleted with its message.
#[test]
fn a_deleted_message_takes_its_file_away() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let (file, seq) = ann.sends_file("#a", "map.png", b"\x89PNG\r\n\x1a\n and the rest");
    let (private, _) = ann.sends_file("@ann", "to myself", b"x");
    ann.does("delete", json!({"room": "#a", "seq": seq}));
    ann.does("delete", json!({"room": "@ann"}));
    for gone in [file, private] {
        assert_eq!(ann.code("get", json!({"file": gone})), "no-such-file");
    }
    assert_eq!(ann.file_names("#a"), [""; 0]);
    let history = ann.history(json!({"room": "#a"}));
    assert!(history.messages[0].deleted && history.messages[0].file.is_none());
}

/// protocol.md, *Tags and answers*: `finish` takes part in it, over a reconnect.
#[test]
fn a_finish_that_was_not_answered_is_sent_again() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let token = ann.resume.clone();
    let (upload, url) = ann.offers("#a", "x", 1);
    assert_eq!(ann.puts(&url, b"x").status, 201);
    let mut finish = hash(upload, b"x");
    finish["tag"] = json!("mine");
    ann.send("finish", finish.clone());
    let first = ann.answer("mine").unwrap();
    ann.send("finish", finish.clone());
    let Done::Finish { room, seq, time, file, again: false } = first else { panic!("{first:?}") };
    let again = Done::Finish { room, seq, time, file, again: true };
    assert_eq!(ann.answer("mine").unwrap(), again, "in the same session");
    ann.wire.reset();
    server.wait_for_sessions(0);
    let (mut ann, _) = server.come_back(&token);
    ann.join("#a");
    ann.send("finish", finish);
    assert_eq!(ann.answer("mine").unwrap(), again);
    assert_eq!(ann.file_names("#a"), ["x"]);
}

/// Lab B13: a picture is sent and arrives, and a message says that it is one.
#[test]
fn b13_a_picture_is_a_message_with_its_kind_and_size() {
    let server = TestServer::with_database();
    let (mut ann, mut bob) = (server.account_in("ann", "#a"), server.login_in("bob", "#a"));
    let picture = [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR".as_slice(), &[7; 5_000]].concat();
    let (file, seq) = ann.sends_file("#a", "holiday", &picture);
    let history = bob.history(json!({"room": "#a"}));
    let info = history.messages[0].file.clone().expect("the file");
    assert_eq!((history.messages[0].seq, info.file, info.size), (seq, file, picture.len() as u64));
    assert_eq!((&*info.name, &*info.mime), ("holiday", "image/png"));
    assert_eq!(bob.gets(file).1, picture);
}

/// Lab B14: an audio message is known as one, however it is called.
#[test]
fn b14_an_audio_file_is_known_by_how_it_begins() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    for (begins, mime) in [
        (b"ID3\x04\x00\x00\x00\x00".as_slice(), "audio/mpeg"),
        (b"OggS\x00\x02\x00\x00".as_slice(), "audio/ogg"),
        (b"fLaC\x00\x00\x00\x22".as_slice(), "audio/x-flac"),
    ] {
        let sound = [begins, &[1; 2_000]].concat();
        let (file, _) = ann.sends_file("#a", "message.txt", &sound);
        let (info, bytes) = ann.gets(file);
        assert_eq!((&*info.mime, bytes), (mime, sound));
    }
}
