//! Accounts: register, log in, log out, and what a password protects. Knows nothing of several sessions. (protocol.md, *Accounts and sessions*)

use roomful::answer::Done;
use roomful::event::Event;
use serde_json::json;

use crate::support::{PASSWORD, TestServer, brief, eventually};

/// Lab B12: with an empty folder, an account and a room are made from the program, and are there after a restart.
#[test]
fn b12_an_account_and_a_room_are_made_on_a_fresh_database() {
    let server = TestServer::with_database();
    let mut ann = server.account("Ann");
    ann.join("#new");
    ann.say("#new", "first");
    drop(ann);
    let server = server.restarted();
    let mut ann = server.peer();
    let done = ann.ask("hello", json!({"version": 1, "nick": "ann", "password": PASSWORD})).unwrap();
    assert!(matches!(&done, Done::Hello { nick: Some(nick), registered: true, .. } if &**nick == "Ann"), "{done:?}");
    assert_eq!(ann.chats_told(), ["#new 1/1"]);
    let shown = ann.shown();
    assert_eq!((shown.seq, shown.members), (1, vec!["Ann".to_owned()]));
    assert_eq!(ann.texts("#new"), ["first"]);
}

/// Lab B3: whether the name or the password is wrong is not told, and nothing of the chat is.
#[test]
fn b3_a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let server = TestServer::with_database_and(|limits| limits.login_tries = 9);
    server.account_in("ann", "#a").say("#a", "secret");
    let mut peer = server.peer();
    let wrong = peer.refusal("hello", json!({"version": 1, "nick": "ann", "password": "nine blue skies"}));
    let unknown = peer.refusal("hello", json!({"version": 1, "nick": "nobody", "password": "nine blue skies"}));
    assert_eq!((&*wrong.code, &*wrong.value), ("login-failed", ""));
    assert_eq!((wrong.code, wrong.value, wrong.text), (unknown.code, unknown.value, unknown.text));
    let told: Vec<String> = peer.so_far().iter().map(brief).collect();
    assert!(told.len() == 1 && told[0].starts_with("Hello"), "only the server's greeting: {told:?}");
    assert_eq!(peer.code("login", json!({"account": "ann", "password": ""})), "login-failed");
    assert_eq!(peer.code("members", json!({"room": "#a"})), "name-first");
    let done = peer.ask("login", json!({"account": "ANN", "password": PASSWORD})).unwrap();
    assert!(matches!(&done, Done::Login { nick, resume: Some(_) } if &**nick == "ann"), "{done:?}");
    assert_eq!(peer.chats_told(), ["#a 1/1"]);
    assert_eq!(peer.shown().seq, 1);
}

/// Lab B3: a guesser is held up, with the right password too, until the window has passed.
#[test]
fn b3_after_three_wrong_passwords_none_is_looked_at_for_a_while() {
    let server = TestServer::with_database_and(|limits| limits.login_window = std::time::Duration::from_secs(2));
    server.account("ann").quit();
    // A guest, because a session without a name has few lines.
    let mut peer = server.login("guest");
    for _ in 0..3 {
        assert_eq!(peer.code("login", json!({"account": "ann", "password": "a wrong one"})), "login-failed");
    }
    let late = peer.refusal("login", json!({"account": "ann", "password": PASSWORD}));
    assert_eq!(late.code, "login-too-often");
    assert!((1..=2).contains(&late.value.parse::<u64>().unwrap()), "{late:?}");
    // On one's own machine everybody has the same address: others may still log in.
    assert_eq!(peer.code("login", json!({"account": "bob", "password": PASSWORD})), "login-failed");
    eventually("the window passes", || peer.ask("login", json!({"account": "ann", "password": PASSWORD})).is_ok());
}

/// Lab B4: a reader of the file gets no password, and no token to come back with.
#[test]
fn b4_the_files_have_argon2id_strings_and_no_password_or_token() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    ann.ask("password", json!({"old": PASSWORD, "new": "ten red sledges"})).unwrap();
    ann.join("#a");
    ann.say("#a", "to be found");
    let read_all = || {
        let folder = server.data().parent().unwrap().to_owned();
        let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.collect::<Vec<_>>().concat()
    };
    let bytes = read_all();
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has(&bytes, "to be found"), "what is kept is in there, or this proves nothing");
    assert!(has(&bytes, "$argon2id$v=19$m=19456,t=2,p=1$"));
    for secret in [PASSWORD, "ten red sledges", &ann.resume] {
        assert!(!has(&bytes, secret), "{secret:?} is in the file");
    }
}

/// Lab B2: the tables of the database, which the server alone opens.
#[test]
fn b2_users_rooms_and_messages_have_their_tables() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.say("#a", "x");
    drop(ann);
    let data = server.data();
    let server = server.restarted(); // all of it is in the one file then
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = rusqlite::Connection::open_with_flags(data, flags).unwrap();
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM account WHERE key = 'ann'"), 1);
    assert_eq!(count("SELECT count(*) FROM room WHERE name IN ('#a', 'a')"), 1);
    assert_eq!(count("SELECT count(*) FROM message WHERE text = 'x'"), 1);
    assert_eq!(count("SELECT count(*) FROM membership JOIN account ON account.id = membership.account"), 1);
    drop(server);
}

/// protocol.md, guarantee 8: a registered name is its owner's, here or not, and so is what looks like it.
#[test]
fn a_registered_name_is_refused_to_guests_and_so_is_what_looks_like_it() {
    let server = TestServer::with_database();
    let mut opa = server.account("opa");
    let mut guest = server.peer();
    for here in [true, false] {
        let taken = guest.refusal("hello", json!({"version": 1, "nick": "OPA"}));
        assert_eq!(taken.code, "nick-registered", "{here}");
        assert_eq!(taken.offer.as_deref(), Some("OPA2"), "{here}");
        let alike = guest.refusal("hello", json!({"version": 1, "nick": "ора"})); // Cyrillic
        assert!(["nick-registered", "nick-confusable"].contains(&&*alike.code), "{alike:?}");
        if here {
            opa.ask("quit", json!({})).unwrap();
            opa.rest();
            server.wait_for_sessions(1);
        }
    }
    guest.hello(json!({"nick": "bob", "rooms": []})).unwrap();
    assert_eq!(guest.code("nick", json!({"nick": "opa"})), "nick-registered");
    let server = server.restarted();
    assert_eq!(server.peer().hello(json!({"nick": "opa"})).unwrap_err().code, "nick-registered");
}

/// protocol.md, `hello`: a guest's token does not bring back a name that belongs to an account by now.
#[test]
fn a_token_does_not_bring_back_a_name_that_another_has_registered() {
    let server = TestServer::with_database();
    let guest = server.login("ann");
    let token = guest.resume.clone();
    guest.wire.reset();
    server.wait_for_sessions(0);
    server.account("ann").quit();
    let (_peer, nick) = server.come_back(&token);
    assert_ne!(nick, "ann");
}

/// protocol.md, `login`: a guest becomes the account; the others hear of another name, and its rooms open.
#[test]
fn a_guest_who_logs_in_gets_the_name_and_the_rooms_of_the_account() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#home");
    ann.does("topic", json!({"topic": "so it stays"}));
    ann.quit();
    let mut bob = server.login_in("bob", "#a");
    let mut guest = server.login_in("cat", "#a");
    bob.sync();
    assert_eq!(guest.code("login", json!({"password": PASSWORD})), "login-failed", "cat is nobody's");
    let done = guest.ask("login", json!({"account": "ann", "password": PASSWORD})).unwrap();
    assert!(matches!(&done, Done::Login { nick, resume: None } if &**nick == "ann"), "{done:?}");
    guest.chats_told();
    assert_eq!(guest.shown().members, ["ann"], "of the rooms in which it was not");
    assert_eq!(bob.hears(), ["cat = ann"]);
    assert_eq!(guest.chats(), ["#a 0/0", "#home 0/0"], "that in which it was is its own by now");
    let again = guest.refusal("login", json!({"account": "ann", "password": PASSWORD}));
    assert_eq!((&*again.code, &*again.value), ("logged-in", "ann"));
    assert_eq!(guest.code("register", json!({"password": PASSWORD})), "logged-in");
    assert_eq!(guest.code("nick", json!({"nick": "eve"})), "logged-in");
    guest.say("#a", "it is me");
    assert_eq!(bob.hears(), ["#a ann: it is me"]);
}

/// protocol.md, `logout`: a guest with a free name, in the lobby, and nowhere else.
#[test]
fn a_person_who_logs_out_is_a_guest_in_the_lobby() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    assert_eq!(bob.code("logout", json!({})), "login-first");
    let mut ann = server.account_in("ann", "#a");
    bob.sync();
    let Done::Logout { nick } = ann.ask("logout", json!({})).unwrap() else { panic!() };
    assert_eq!(&*nick, "ann2");
    assert_eq!(ann.shown().members, ["ann2"]);
    assert_eq!(bob.hears(), ["- ann quit (logged out)"]);
    assert_eq!(ann.code("say", json!({"room": "#a", "text": "x"})), "not-in-room");
    assert_eq!(ann.code("chats", json!({})), "login-first");
    ann.ask("login", json!({"account": "ann", "password": PASSWORD})).unwrap();
    assert_eq!(ann.chats_told(), ["#a 0/0", "#lobby 0/0"]);
}

/// protocol.md, `password`: the old one opens nothing any more, nor do tokens of sessions that are lost.
#[test]
fn a_changed_password_shuts_out_people_who_knew_the_old_one() {
    let server = TestServer::with_database_and(|limits| limits.login_tries = 9);
    let mut ann = server.account("ann");
    let lost = server.once_more("ann");
    let token = lost.resume.clone();
    lost.wire.reset();
    server.wait_for_sessions(1);
    let change = |old: &str, new: &str| json!({"old": old, "new": new});
    assert_eq!(ann.code("password", change("nine blue skies", "ten red sledges")), "login-failed");
    assert_eq!(ann.code("password", change(PASSWORD, "short")), "password-bad");
    assert_eq!(ann.ask("password", change(PASSWORD, "ten red sledges")).unwrap(), Done::Password);
    let own_token = ann.resume.clone();
    drop(ann);
    let mut server = server;
    for _ in 0..2 {
        let login = |password: &str| json!({"nick": "ann", "password": password, "rooms": []});
        assert_eq!(server.peer().hello(login(PASSWORD)).unwrap_err().code, "login-failed");
        assert_eq!(server.peer().hello(login("ten red sledges")).unwrap(), "ann");
        assert_ne!(server.come_back(&token).1, "ann", "the token of a lost session");
        server = server.restarted();
    }
    assert_eq!(server.come_back(&own_token).1, "ann", "the token of the session that changed it");
}

/// protocol.md, `delete-account`: the name is free, and what was said is left, or deleted with it.
#[test]
fn a_deleted_account_leaves_its_name_and_as_wanted_its_messages() {
    for messages in [false, true] {
        let server = TestServer::with_database();
        let mut bob = server.account_in("bob", "#a");
        let mut ann = server.account_in("ann", "#a");
        ann.say("#a", "hello wax");
        bob.say("#a", "hello bob");
        ann.does("msg", json!({"to": "bob", "text": "private wax"}));
        bob.sync();
        assert_eq!(ann.code("delete-account", json!({"password": "nine blue skies"})), "login-failed");
        let wanted = json!({"password": PASSWORD, "messages": messages});
        let Done::DeleteAccount { nick } = ann.does("delete-account", wanted) else { panic!() };
        assert_eq!(&*nick, "ann2");
        ann.shown();
        let heard = bob.hears();
        let deleted = if messages { vec!["#a 1 deleted by ann"] } else { vec![] };
        assert_eq!(heard, [vec!["- ann quit (the account was deleted)"], deleted].concat());
        let left = if messages { "" } else { "hello wax" };
        assert_eq!(bob.texts("#a"), [left, "hello bob"]);
        let found = if messages { vec![] } else { vec!["#a hello wax"] };
        assert_eq!(bob.finds(json!({"room": "#a", "text": "wax"})), found);
        drop((ann, bob));
        let server = server.restarted();
        let mut bob = server.once_more("bob");
        bob.join("#a");
        assert_eq!(bob.texts("#a"), [left, "hello bob"]);
        assert_eq!(server.account("ann").chats(), [""; 0], "a new account of an old name inherits nothing");
    }
}

/// protocol.md, `hello`, resume: the token of a session that was logged in logs in again, over a restart as well.
#[test]
fn a_token_of_a_logged_in_session_logs_in_again() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let token = ann.resume.clone();
    ann.say("#a", "x");
    ann.wire.reset();
    server.wait_for_sessions(0);
    let (mut ann, nick) = server.come_back(&token);
    assert_eq!(nick, "ann");
    assert_eq!(ann.chats(), ["#a 1/1"]);
    drop(ann);
    let server = server.restarted();
    let mut ann = server.peer();
    let done = ann.ask("hello", json!({"version": 1, "nick": "ann", "resume": token})).unwrap();
    assert!(matches!(done, Done::Hello { registered: true, .. }), "{done:?}");
    ann.chats_told();
    assert_eq!(ann.shown().seq, 1, "into the account's own rooms");
    ann.quit();
    server.wait_for_sessions(0);
    let code = server.peer().hello(json!({"nick": "ann", "resume": token})).unwrap_err().code;
    assert_eq!(code, "nick-registered", "after a goodbye it brings nobody back");
}

/// protocol.md, *What is stored*: a server without a database says so.
#[test]
fn without_a_database_there_are_no_accounts_files_and_searches() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    for (kind, fields) in [
        ("register", json!({"password": PASSWORD})),
        ("login", json!({"account": "ann", "password": PASSWORD})),
        ("password", json!({"old": PASSWORD, "new": PASSWORD})),
        ("delete-account", json!({"password": PASSWORD})),
        ("chats", json!({})),
        ("read", json!({})),
        ("register-room", json!({})),
        ("search", json!({"text": "x"})),
        ("files", json!({})),
        ("offer", json!({"name": "x", "size": 1})),
        ("get", json!({"file": 1})),
        ("history", json!({"room": "@bob"})),
        ("claim", json!({"code": "x"})),
    ] {
        assert_eq!(ann.code(kind, fields), "nothing-kept", "{kind}");
    }
    let mut peer = server.peer();
    let code = peer.hello(json!({"nick": "bob", "password": PASSWORD})).unwrap_err().code;
    assert_eq!(code, "nothing-kept");
}

/// protocol.md, *Values*: a password is taken byte for byte, and has its lengths.
#[test]
fn a_password_has_eight_to_a_thousand_and_twenty_four_bytes() {
    let server = TestServer::with_database();
    let mut ann = server.login("ann");
    for bad in ["1234567".to_owned(), "x".repeat(1_025), "with\ttab in it".to_owned()] {
        let refusal = ann.refusal("register", json!({"password": bad}));
        assert_eq!(refusal.code, "password-bad");
        assert!(!format!("{refusal:?}").contains(&bad), "{refusal:?}");
    }
    let wrong_kind = ann.refusal("register", json!({"password": 12_345_678}));
    assert_eq!(wrong_kind.code, "bad-field");
    assert!(!format!("{wrong_kind:?}").contains("12345678"), "{wrong_kind:?}");
    for (nick, good) in [("ann", "12345678".to_owned()), ("bob", "x".repeat(1_024)), ("cat", " пароль ".to_owned())]
    {
        let mut peer = if nick == "ann" { std::mem::replace(&mut ann, server.peer()) } else { server.login(nick) };
        peer.does("register", json!({"password": good}));
        peer.quit();
        assert_eq!(server.peer().hello(json!({"nick": nick, "password": good, "rooms": []})).unwrap(), nick);
    }
}

/// protocol.md, `claim`: once, and by an account.
#[test]
fn the_code_of_the_server_makes_one_account_its_op_once() {
    let server = TestServer::with_database();
    let code = server.claim();
    let mut guest = server.login("guest");
    assert_eq!(guest.code("claim", json!({"code": code})), "login-first");
    let (mut ann, mut bob) = (server.account("ann"), server.account("bob"));
    assert_eq!(bob.code("claim", json!({"code": "wrong"})), "claim-failed");
    assert_eq!(bob.code("announce", json!({"text": "x"})), "needs-role");
    assert_eq!(ann.does("claim", json!({"code": code})), Done::Claim);
    assert_eq!(bob.code("claim", json!({"code": code})), "claim-failed");
    ann.does("announce", json!({"text": "one op"}));
    assert_eq!(guest.hears(), ["notice: one op"]);
    drop((ann, bob, guest));
    let server = server.restarted();
    let mut ann = server.once_more("ann");
    let Done::Whois(info) = ann.does("whois", json!({"nick": "ann"})) else { panic!() };
    assert_eq!(info.address.as_deref(), Some("127.0.0.1"), "an op of the server after a restart, too");
    ann.does("announce", json!({"text": "still"}));
    let notice = |event: &Event| matches!(event, Event::Notice { .. });
    assert_eq!(brief(&ann.wait(notice)), "notice: still");
}
