//! The way to the server is lost: killed, stopped, offline, a tab asleep. Nothing typed is lost, and nothing is said twice.

use std::time::Instant;

use super::site::{Person, Site, twice};

/// The texts of the lobby, as a program finds them.
fn lobby(site: &Site) -> Vec<String> {
    site.peer("reader", "#lobby").texts("#lobby")
}

/// Waits until no own line waits any more.
fn all_said(ann: &Person) {
    ann.until("inside() && waits().length === 0 && failed().length === 0");
}

#[test]
fn lines_that_wait_while_the_server_is_killed_are_said_once_and_in_order() {
    twice(|host| {
        let mut site = Site::stored(host);
        let mut ann = site.person("anna");
        ann.expects_no_server();
        ann.says("before");
        ann.reads("before");
        site.kill();
        ann.until("sees('No connection', byId('bars'))");
        let lines: Vec<String> = (1..=5).map(|number| format!("line {number}")).collect();
        lines.iter().for_each(|line| ann.says(line));
        ann.until("waits().length === 5");
        site.start_again();
        ann.comes_back();
        all_said(&ann);
        let all: Vec<String> = [vec!["before".to_owned()], lines].concat();
        assert_eq!((ann.lines(), lobby(&site)), (all.clone(), all));
    });
}

/// A server without a database forgets what was said.
#[test]
fn a_line_that_was_lost_with_the_server_is_gone_in_the_page_too() {
    twice(|host| {
        let mut site = Site::new(host);
        let mut ann = site.person("anna");
        ann.expects_no_server();
        ann.says("before");
        ann.reads("before");
        site.kill();
        ann.until("sees('No connection', byId('bars'))");
        site.start_again();
        ann.comes_back();
        ann.says("after");
        ann.reads("after");
        assert_eq!(ann.lines(), ["after"]);
    });
}

/// As a phone finds its connection after an hour in a pocket: open, and nobody there.
#[test]
fn a_page_that_wakes_up_believes_no_old_connection() {
    twice(|host| {
        let site = Site::new(host);
        let mut ann = site.person("anna");
        ann.expects_no_server();
        site.program.signal("STOP");
        ann.hide(true);
        let (before, began) = (ann.log.len(), Instant::now());
        ann.hide(false);
        ann.log.wait(before, "a new connection", |method, _| (method == "Network.webSocketCreated").then_some(()));
        let took = began.elapsed();
        site.program.signal("CONT");
        assert!(took.as_millis() < 4_500, "{took:?}");
        ann.says("awake");
        ann.reads("awake");
    });
}

#[test]
fn lines_written_offline_are_said_once_also_after_a_reload() {
    twice(|host| {
        let site = Site::stored(host);
        let mut ann = site.person("anna");
        ann.expects_no_server();
        ann.says("before");
        ann.reads("before");
        ann.offline(true);
        ann.until("sees('No connection', byId('bars'))");
        ["one", "two", "three"].iter().for_each(|line| ann.says(line));
        ann.types_line("a draft");
        ann.until("waits().length === 3");
        ann.offline(false);
        ann.reload();
        all_said(&ann);
        ann.until("box().value === 'a draft'");
        let all = ["before", "one", "two", "three"];
        assert_eq!((ann.lines(), lobby(&site)), (all.map(str::to_owned).to_vec(), all.map(str::to_owned).to_vec()));
    });
}

#[test]
fn a_reload_is_not_seen_by_the_others_and_lands_where_one_was() {
    twice(|host| {
        let site = Site::new(host);
        let mut boris = site.peer("boris", "#лыжи");
        let ann = site.person_in("anna", "#лыжи");
        ann.says("here");
        ann.reads("here");
        ann.types_line("half a li");
        boris.sync();
        ann.reload();
        ann.until("inside() && sees('#лыжи', byId('head')) && box().value === 'half a li'");
        ann.says("ne");
        ann.reads("half a line");
        let heard = boris.hears();
        assert!(!heard.iter().any(|line| line.contains("quit") || line.contains("join")), "{heard:?}");
    });
}

#[test]
fn a_page_that_was_left_and_comes_back_from_the_cache_or_from_a_frozen_tab_goes_on() {
    twice(|host| {
        let site = Site::new(host);
        let mut ann = site.person("anna");
        let mut boris = site.peer("boris", "#lobby");
        ann.freeze(true);
        boris.say("#lobby", "while it was frozen");
        ann.freeze(false);
        ann.hide(false);
        ann.reads("while it was frozen");
        let address = ann.host.clone();
        ann.open("about:blank");
        boris.say("#lobby", "while it was left");
        ann.travel(-1);
        ann.host = address;
        ann.expects("about:blank");
        // The browser says so itself of a connection that was open.
        ann.expects("Page entered Back-Forward Cache");
        ann.reads("while it was left");
        ann.says("back");
        ann.reads("back");
    });
}

#[test]
fn a_server_that_stops_says_so_and_a_server_that_is_back_is_found() {
    twice(|host| {
        let mut site = Site::stored(host);
        let mut ann = site.person("anna");
        ann.expects_no_server();
        site.program.signal("TERM");
        ann.until("sees('The server has stopped', byId('bars'))");
        ann.says("while it was down");
        site.start_again();
        ann.comes_back();
        all_said(&ann);
        assert_eq!(lobby(&site), ["while it was down"]);
        ann.until("!sees('stopped', byId('bars'))");
    });
}
