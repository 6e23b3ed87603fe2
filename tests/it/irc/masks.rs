//! Masks of bans as IRC clients write, read and lift them, beside the other fronts. Knows no other modes.

use serde_json::json;

use crate::support::TestServer;

/// protocol.md, *Masks*: before the person comes, by any case, and as the list of all members shows it.
#[test]
fn a_ban_and_a_mute_of_a_mask_are_made_listed_and_lifted_by_mode() {
    let server = TestServer::with_database();
    let (mut anna, mut boris, mut vera) =
        (server.irc_login("anna"), server.irc_login("boris"), server.irc_login("vera"));
    for peer in [&mut anna, &mut vera] {
        peer.asks("JOIN #a");
    }
    anna.sync();
    anna.gets("MODE #a +b GLEB!*@*", &[":anna!*@* MODE #a +b GLEB!*@*"]);
    anna.gets("MODE #a +b m:vera!*@*", &[":anna!*@* MODE #a +b m:vera!*@*"]);
    anna.gets("MODE #a +b m:spam*", &[":anna!*@* MODE #a +b m:spam*"]);
    vera.sync();
    let list = ["* 367 vera #a GLEB!*@* anna *", "* 367 vera #a m:vera!*@* anna *", "* 367 vera #a m:spam* anna *"];
    vera.gets("MODE #a +b", &[list[0], list[1], list[2], "* 368 vera #a *"]);
    vera.gets("PRIVMSG #a :x", &["* 404 vera #a *"]);
    boris.gets("NICK Gleb", &[":boris!*@* NICK *Gleb"]);
    boris.gets("JOIN #a", &["* 474 Gleb #a *"]);
    anna.gets("MODE #a -b gleb!*@*", &[":anna!*@* MODE #a -b gleb!*@*"]);
    anna.gets("MODE #a -b m:VERA!*@*", &[":anna!*@* MODE #a -b m:VERA!*@*"]);
    vera.sync();
    vera.gets("PRIVMSG #a :x", &[]);
    assert!(boris.asks("JOIN #a")[0].contains("JOIN"));
}

/// What irssi writes for `/ban NAME`, `*!*@host`, is that person's ban on all fronts, and lifted there.
#[test]
fn a_ban_of_the_host_is_the_ban_of_the_person_and_another_front_lifts_it() {
    let server = TestServer::with_database();
    let mut anna = server.irc_login("anna");
    anna.asks("JOIN #a");
    let (mut boris, mut vera) = (server.account_in("boris", "#a"), server.login_in("vera", "#a"));
    anna.sync();
    let who = anna.asks("WHO boris");
    let host = who[0].split(' ').nth(5).expect("a host").to_owned();
    anna.asks("MODE #a +o vera");
    let mask = format!("*!*@{host}");
    let told = [format!(":anna!*@* MODE #a +b {mask}"), ":anna!*@* KICK #a boris *".to_owned()];
    anna.gets(&format!("MODE #a +b {mask}"), &[&told[0], &told[1]]);
    assert_eq!(boris.code("join", json!({"room": "#a"})), "banned");
    vera.does("unban", json!({"room": "#a", "nick": "boris"}));
    boris.join("#a");
}
