//! Files over HTTP: tickets and what ends them, ranges and fields, uploads that break or lie. Knows HTTP only as far as that. (protocol.md, *Files*)

use serde_json::{Value, json};

use crate::files::bytes;
use crate::support::{Courier, Peer, Reply, TestServer, Wire, eventually, fetch};

/// A GET without further fields.
fn get(server: &TestServer, url: &str) -> Reply {
    fetch(server.addr(), "GET", url, &[])
}

fn status(server: &TestServer, url: &str) -> u16 {
    get(server, url).status
}

/// The code of the event in a refusal.
fn code(reply: &Reply) -> String {
    let told: Value = serde_json::from_str(&reply.text()).expect("an event");
    assert_eq!(told["type"], "error", "{told}");
    told["code"].as_str().expect("a code").to_owned()
}

/// A file of ann's in a room, and where bob fetches it.
fn shared(server: &TestServer) -> (Peer, Peer, u64, String) {
    let (mut ann, mut bob) = (server.account_in("ann", "#a"), server.account_in("bob", "#a"));
    let (file, _) = ann.sends_file("#a", "map.png", &bytes(1_000));
    let url = bob.finds_file(file).1;
    (ann, bob, file, url)
}

#[test]
fn a_ticket_is_the_same_each_time_and_another_for_each_session() {
    let server = TestServer::with_database();
    let (mut ann, mut bob, file, url) = shared(&server);
    assert_eq!(bob.finds_file(file).1, url);
    assert_ne!(ann.finds_file(file).1, url);
    assert_eq!(get(&server, &url).body, bytes(1_000));
    // It holds as long as its session, and for nobody's else.
    let mut again = server.once_more("bob");
    let other = again.finds_file(file).1;
    bob.quit();
    assert_eq!((status(&server, &url), status(&server, &other)), (404, 200));
    again.wire.reset();
    eventually("the session ends", || status(&server, &other) == 404);
    ann.quit();
}

#[test]
fn a_url_with_any_byte_changed_leads_nowhere() {
    let server = TestServer::with_database();
    let (_ann, _bob, _, url) = shared(&server);
    let mut courier = Courier::new(server.addr());
    let mut count = 0;
    for at in 1..url.len() {
        let mut changed = url.clone().into_bytes();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        if count == 90 {
            (courier, count) = (Courier::new(server.addr()), 0);
        }
        count += 1;
        courier.begins("GET", &String::from_utf8(changed).unwrap(), &[]);
        assert_eq!(courier.reply(true).unwrap().status, 404, "byte {at} of {url}");
    }
    for changed in [format!("{url}x"), format!("{url}?x"), url[..url.len() - 1].to_owned(), url.to_uppercase()] {
        assert_eq!(status(&server, &changed), 404, "{changed}");
    }
}

/// protocol.md, *Files*: a right that ended takes the ticket with it, at once.
#[test]
fn a_ticket_ends_with_a_leave_a_kick_a_ban_and_a_deletion() {
    let server = TestServer::with_database();
    let (mut ann, mut bob, file, url) = shared(&server);
    bob.leave("#a");
    assert_eq!(status(&server, &url), 404);
    bob.join("#a");
    assert_eq!(status(&server, &url), 200, "the same session may read it again");
    for (order, back) in [("kick", None), ("ban", Some("unban"))] {
        ann.does(order, json!({"room": "#a", "nick": "bob"}));
        assert_eq!(status(&server, &url), 404, "{order}");
        if let Some(back) = back {
            ann.does(back, json!({"room": "#a", "nick": "bob"}));
        }
        bob.join("#a");
        assert_eq!(status(&server, &url), 200);
    }
    let seq = ann.history(json!({"room": "#a"})).messages.iter().find(|m| m.file.is_some()).unwrap().seq;
    ann.does("delete", json!({"room": "#a", "seq": seq}));
    assert_eq!(status(&server, &url), 404);
    assert_eq!(bob.code("get", json!({"file": file})), "no-such-file");
}

/// A peer that reads slowly may take hours: it gets no more than what is in the buffers of the kernel.
#[test]
fn a_file_that_is_on_its_way_stops_where_the_right_to_it_ends() {
    let server = TestServer::with_database();
    let (mut ann, mut bob) = (server.account_in("ann", "#a"), server.account_in("bob", "#a"));
    const LINES: usize = 40_000;
    let line = format!("{}\n", "x".repeat(99));
    let (file, _) = ann.sends_file("#a", "long.txt", line.repeat(LINES).as_bytes());
    let url = bob.finds_file(file).1;
    let mut slow = Wire::connect_narrow(server.addr(), 4_096);
    slow.send(format!("GET {url} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    assert!(slow.line().starts_with("HTTP/1.1 200 OK"));
    ann.does("kick", json!({"room": "#a", "nick": "bob"}));
    let came = slow.rest().len();
    assert!(came < LINES / 2, "{came} lines");
}

#[test]
fn a_ticket_ends_when_the_operator_puts_its_session_out() {
    let server = TestServer::with_database();
    let (_ann, bob, _, url) = shared(&server);
    let hub = server.hub();
    let handle = hub.handles().into_iter().find(|handle| hub.named(handle).contains("bob")).unwrap();
    hub.close(&handle, roomful::model::CloseReason::Kicked, "out");
    // The peer has not hung up yet, and its session has not ended.
    assert_eq!(status(&server, &url), 404);
    drop(bob);
}

/// protocol.md, *Files*: no file of a private place is for anybody else, also not by guessing.
#[test]
fn a_file_of_a_private_place_is_not_stored_by_browsers() {
    let server = TestServer::with_database();
    let (mut ann, mut bob, file, url) = shared(&server);
    let cache = |reply: &Reply| reply.field("cache-control").unwrap().to_owned();
    assert_eq!(cache(&get(&server, &url)), "private, no-cache");
    ann.does("settings", json!({"room": "#a", "key": "birch"}));
    assert_eq!(cache(&get(&server, &url)), "private, no-store");
    let private = ann.sends_file("@bob", "x", b"for bob").0;
    let reply = get(&server, &bob.finds_file(private).1);
    assert_eq!((cache(&reply), &reply.body[..]), ("private, no-store".to_owned(), &b"for bob"[..]));
    let _ = file;
}

#[test]
fn a_part_of_a_file_is_fetched_by_its_range() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let content = bytes(100_000);
    let (file, _) = ann.sends_file("#a", "large.bin", &content);
    let (info, url) = ann.finds_file(file);
    let etag = format!("\"{}\"", info.sha256);
    let range = |range: &str| fetch(server.addr(), "GET", &url, &[("Range", range)]);
    for (wanted, first, last) in [
        ("bytes=0-1", 0, 1),
        ("bytes=0-0", 0, 0),
        ("bytes=32767-32768", 32_767, 32_768),
        ("bytes=40000-", 40_000, 99_999),
        ("bytes=-5", 99_995, 99_999),
        ("bytes=99999-200000", 99_999, 99_999),
    ] {
        let reply = range(wanted);
        let span = format!("bytes {first}-{last}/100000");
        assert_eq!((reply.status, reply.field("content-range")), (206, Some(&*span)), "{wanted}");
        assert_eq!(reply.body, content[first..=last], "{wanted}");
    }
    for (wanted, expected) in [("bytes=100000-", 416), ("bytes=-0", 416), ("bytes=0-1,5-6", 200), ("bytes=x", 200)] {
        let reply = range(wanted);
        assert_eq!(reply.status, expected, "{wanted}");
        assert_eq!(reply.field("content-range"), (expected == 416).then_some("bytes */100000"), "{wanted}");
    }
    let with =
        |name: &str, value: &str| fetch(server.addr(), "GET", &url, &[("Range", "bytes=1-2"), (name, value)]).status;
    assert_eq!((with("If-Range", &etag), with("If-Range", "\"other\"")), (206, 200));
    assert_eq!((with("If-Range", &format!("W/{etag}")), with("If-None-Match", &etag)), (200, 304));
    let head = fetch(server.addr(), "HEAD", &url, &[("Range", "bytes=1-2")]);
    assert_eq!((head.status, head.field("content-length")), (200, Some("100000")));
    let known = fetch(server.addr(), "GET", &url, &[("If-None-Match", &format!("\"x\", W/{etag}"))]);
    assert_eq!((known.status, known.body.len(), known.field("etag")), (304, 0, Some(&*etag)));
    let empty = ann.sends_file("#a", "empty", b"").0;
    let url = ann.finds_file(empty).1;
    assert_eq!((status(&server, &url), fetch(server.addr(), "GET", &url, &[("Range", "bytes=0-")]).status), (200, 416));
}

/// page of HTTP, *Headers*: nothing that a guest sends runs in a browser as ours.
#[test]
fn whatever_a_file_is_it_comes_in_a_sandbox_and_with_a_name_that_stays_in_its_field() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xc3\x50\0\0\xc3\x50<script>alert(1)</script>";
    for (name, content, kind, shown) in [
        ("a.jpg\"\r\nX: y", &b"\xff\xd8\xff\xe0 <html><script>alert(1)</script>"[..], "image/jpeg", "inline"),
        ("x.html", png, "image/png", "inline"),
        ("gif.js", b"GIF89a=1;alert(1)//", "image/gif", "inline"),
        ("x.html", b"<!doctype html><script>alert(1)</script>", "application/octet-stream", "attachment"),
        (
            "x.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "application/octet-stream",
            "attachment",
        ),
        ("x.png", b"only text", "application/octet-stream", "attachment"),
        ("..\\..\\x", b"%PDF-1.7\n", "application/octet-stream", "attachment"),
        ("лыжи \u{202e}gpj.mp3", b"ID3\x04\0\0\0\0\0\0", "audio/mpeg", "inline"),
    ] {
        let file = ann.sends_file("#a", name, content).0;
        let (_, url) = ann.finds_file(file);
        let reply = get(&server, &url);
        assert_eq!((reply.status, &reply.body[..]), (200, content), "{name:?}");
        assert_eq!(reply.field("content-type"), Some(kind), "{name:?}");
        assert_eq!(reply.field("content-security-policy"), Some("default-src 'none'; sandbox"));
        assert_eq!((reply.field("x-content-type-options"), reply.field("x")), (Some("nosniff"), None), "{name:?}");
        let disposition = reply.field("content-disposition").unwrap();
        assert!(disposition.starts_with(&format!("{shown}; filename=\"")), "{disposition}");
        assert!(disposition.is_ascii() && disposition.matches('"').count() == 2, "{disposition}");
    }
    let (info, _) = ann.finds_file(2);
    assert_eq!((info.width, info.height), (Some(50_000), Some(50_000)), "told before anybody decodes it");
}

#[test]
fn an_upload_that_broke_is_sent_again_and_two_at_once_are_refused() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let content = bytes(100_000);
    let (upload, url) = ann.offers("#a", "x", content.len());
    let length = ("Content-Length", "100000");
    let mut first = Courier::new(server.addr());
    first.begins("PUT", &url, &[length]);
    first.sends(&[7; 70_000]).unwrap();
    eventually("the first has begun", || {
        // Of another size, so that it is never taken.
        let busy = fetch(server.addr(), "PUT", &url, &[("Content-Length", "1")]);
        assert_eq!(code(&busy), "bad-upload");
        busy.status == 409
    });
    drop(first);
    eventually("it is free again", || ann.puts(&url, &content).status == 201);
    let complete = ann.puts(&url, &content);
    assert_eq!((complete.status, &*code(&complete)), (410, "bad-upload"));
    let (file, _) = ann.finishes(upload, &content, "");
    assert_eq!(ann.gets(file).1, content, "nothing of the first is in it");
    assert_eq!(ann.puts(&url, &content).status, 404);
}

#[test]
fn cancel_and_the_end_of_the_session_cut_the_upload_at_half() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let stored = rusqlite::Connection::open(server.data()).unwrap();
    let pieces = || stored.query_row("SELECT count(*) FROM piece", [], |row| row.get::<_, i64>(0)).unwrap();
    let half = |ann: &mut Peer| {
        let (upload, url) = ann.offers("#a", "x", 1 << 20);
        let mut courier = Courier::new(server.addr());
        courier.begins("PUT", &url, &[("Content-Length", "1048576")]);
        courier.sends(&bytes(1 << 19)).unwrap();
        eventually("bytes have come", || pieces() > 0);
        (upload, url, courier)
    };
    let (upload, url, mut courier) = half(&mut ann);
    ann.does("cancel", json!({"upload": upload}));
    assert!(courier.is_ended());
    assert_eq!(ann.puts(&url, b"x").status, 404);
    eventually("no piece is left", || pieces() == 0);
    let (_, _, mut courier) = half(&mut ann);
    ann.quit();
    assert!(courier.is_ended());
    let database = server.hub().database.clone().unwrap();
    eventually("nothing is left", || database.shelf.reserved() == 0);
    eventually("no piece is left", || pieces() == 0);
}

/// protocol.md, *Files*: the table of answers.
#[test]
fn an_upload_that_lies_is_refused_before_its_bytes() {
    let server = TestServer::with_database_and(|limits| limits.files_bytes = 1_000_000);
    let mut ann = server.account_in("ann", "#a");
    let (upload, url) = ann.offers("#a", "x", 10);
    for (fields, status) in [
        (vec![("Content-Length", "10000000000")], 413),
        (vec![("Content-Length", "9")], 413),
        (vec![("Content-Length", "0")], 413),
        (vec![], 411),
    ] {
        let reply = fetch(server.addr(), "PUT", &url, &fields);
        assert_eq!((reply.status, &*code(&reply)), (status, "bad-upload"), "{fields:?}");
    }
    for wrong in ["/u/", "/u/1.1.0", &format!("{url}0"), &format!("{url}?"), &url.to_uppercase().replace("/U/", "/u/")]
    {
        assert_eq!(fetch(server.addr(), "PUT", wrong, &[("Content-Length", "10")]).status, 404, "{wrong}");
    }
    assert_eq!(status(&server, &url), 405, "nothing is fetched there");
    assert_eq!(ann.puts(&url, b"0123456789").status, 201);
    ann.finishes(upload, b"0123456789", "");
    // 50 that claim to send, and do not, take no room and no thread for long.
    let (_, url) = ann.offers("#a", "y", 900_000);
    let mut waiting: Vec<Courier> = (0..50).map(|_| Courier::new(server.addr())).collect();
    let length = ("Content-Length", "900000");
    waiting.iter_mut().for_each(|courier| courier.begins("PUT", &url, &[length]));
    let statuses: Vec<u16> = {
        let refused = waiting.iter_mut().filter_map(|courier| courier.reply_if_any());
        refused.map(|reply| reply.status).collect()
    };
    assert_eq!(statuses, vec![409; 49]);
    assert_eq!(ann.code("offer", json!({"room": "#a", "name": "z", "size": 200_000})), "files-full");
    drop(waiting);
    let content = bytes(900_000);
    eventually("it can be sent now", || ann.puts(&url, &content).status == 201);
}

#[test]
fn a_body_that_comes_too_slowly_is_given_up() {
    let server = TestServer::with_database_and(|limits| limits.http_body_idle = std::time::Duration::from_secs(1));
    let mut ann = server.account_in("ann", "#a");
    let (_, url) = ann.offers("#a", "x", 100_000);
    let mut courier = Courier::new(server.addr());
    courier.begins("PUT", &url, &[("Content-Length", "100000")]);
    courier.sends(b"only this").unwrap();
    let reply = courier.reply(true).unwrap();
    assert_eq!((reply.status, &*code(&reply)), (408, "bad-upload"));
    assert!(courier.is_ended());
    assert_eq!(ann.puts(&url, &bytes(100_000)).status, 201, "it may be sent again");
}

/// `Expect: 100-continue`, as curl says it before a large body.
#[test]
fn a_client_that_asks_first_is_told_before_it_sends() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let (upload, url) = ann.offers("#a", "x", 3);
    let mut courier = Courier::new(server.addr());
    courier.begins("PUT", &url, &[("Content-Length", "3"), ("Expect", "100-continue")]);
    assert_eq!(courier.reply(false).unwrap().status, 100);
    courier.sends(b"abc").unwrap();
    assert_eq!(courier.reply(true).unwrap().status, 201);
    ann.finishes(upload, b"abc", "");
    let mut courier = Courier::new(server.addr());
    courier.begins("PUT", &url, &[("Content-Length", "3"), ("Expect", "100-continue")]);
    assert_eq!(courier.reply(true).unwrap().status, 404, "nothing need be sent");
}

/// protocol.md, *Files*: a person at `nc` has no command to fetch a file, and so gets its address in the line.
#[test]
fn a_person_at_nc_gets_an_address_that_is_theirs() {
    let server = TestServer::with_database();
    let (mut ann, mut bob) = (server.account_in("ann", "#a"), server.nc_login("bob"));
    bob.asks("/join #a");
    ann.sends_file("#a", "map of us.png", &bytes(1_000));
    let url = |lines: &[String], words: &str| {
        let line = lines.iter().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{lines:?}"));
        let url = line.split_once(&format!(" http://{}", server.addr()));
        url.unwrap_or_else(|| panic!("{line}")).1.to_owned()
    };
    let first = url(&bob.until("ann sent"), "ann sent");
    assert_eq!(get(&server, &first).body, bytes(1_000), "{first}");
    assert_eq!(url(&bob.asks("/files"), "file 1, from ann"), first);
    assert_eq!(url(&bob.asks("/history"), "ann sent"), first);
    ann.sends_file("@bob", "x", b"for bob");
    assert_eq!(get(&server, &url(&bob.until("to bob only"), "to bob only")).body, b"for bob");
    bob.asks("/leave #a");
    assert_eq!(status(&server, &first), 404);
}
