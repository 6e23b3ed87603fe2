//! What an op sets in a room beside who comes in: a limit, voices, topics, outsiders. Knows no roles. (protocol.md, `settings`, `voice`)

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::Setting;
use serde_json::{Value, json};

use crate::support::{Peer, TestServer, message_of};

fn set(op: &mut Peer, room: &str, setting: &str, value: impl Into<Value>) {
    let mut fields = json!({"room": room});
    fields[setting] = value.into();
    op.does("settings", fields);
}

/// protocol.md, `settings`, `join`: a limit holds for those whom nothing else lets in, and puts nobody out.
#[test]
fn a_full_room_is_open_to_invited_people_and_to_its_own_only() {
    let server = TestServer::with_database();
    let (mut ann, mut own) = (server.account_in("ann", "#a"), server.account_in("own", "#a"));
    let _guest = server.login_in("guest", "#a");
    let mut bob = server.login("bob");
    own.quit();
    set(&mut ann, "#a", "limit", 1);
    let refusal = bob.refusal("join", json!({"room": "#a"}));
    assert_eq!((&*refusal.code, &*refusal.value), ("room-full", "#a"));
    assert!(refusal.text.contains("takes 1 member"), "{}", refusal.text);
    own = server.once_more("own");
    own.join("#a");
    ann.does("invite", json!({"room": "#a", "nick": "bob"}));
    bob.join("#a");
    assert_eq!(ann.code("invite", json!({"room": "#a", "nick": "bob"})), "already-there");
    assert_eq!(server.login("cat").code("join", json!({"room": "#a"})), "room-full");
    set(&mut ann, "#a", "limit", 0);
    server.login_in("dan", "#a");
}

/// protocol.md, *Roles*, `voice`: a later mute is more than a voice, and a later voice more than a mute.
#[test]
fn a_voice_speaks_where_not_all_may_until_its_guest_leaves() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    let voice = |nick: &str| json!({"room": "#a", "nick": nick});
    set(&mut ann, "#a", "announcements", true);
    assert_eq!(bob.code("say", json!({"room": "#a", "text": "x"})), "announcements-only");
    assert_eq!(bob.code("voice", voice("bob")), "needs-role");
    bob.sync();
    for _ in 0..2 {
        ann.does("voice", voice("bob"));
    }
    assert_eq!(bob.hears(), ["#a ann gives bob a voice"], "told once");
    bob.say("#a", "with a voice");
    bob.sync();
    let Done::Members { members, .. } = ann.does("members", json!({"room": "#a"})) else { panic!() };
    assert_eq!(members.iter().map(|member| member.voice).collect::<Vec<_>>(), [false, true]);
    ann.does("mute", voice("bob"));
    assert_eq!(bob.hears(), ["#a ann Mute bob", "#a ann takes bob a voice"]);
    assert_eq!(bob.code("say", json!({"room": "#a", "text": "x"})), "muted");
    ann.does("voice", voice("bob"));
    bob.say("#a", "again");
    bob.leave("#a");
    assert_eq!(ann.code("voice", voice("bob")), "not-there");
    assert_eq!(ann.code("op", voice("bob")), "not-there");
    assert_eq!(ann.code("kick", voice("bob")), "not-there");
    assert_eq!(ann.code("voice", voice("nobody")), "no-such-nick");
    bob.join("#a");
    assert_eq!(bob.code("say", json!({"room": "#a", "text": "x"})), "muted", "the mute goes on, the voice does not");
}

/// protocol.md, *What is stored*: the voice of an account, the new settings, and who set the topic.
#[test]
fn voices_settings_and_the_author_of_a_topic_are_there_after_a_restart() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    ann.does("register-room", json!({"room": "#a"}));
    let all = json!({"room": "#a", "announcements": true, "topic_by_ops": true, "hidden": true, "outsiders": true, "limit": 9});
    let Done::Settings { settings: set, .. } = ann.does("settings", all) else { panic!() };
    ann.does("voice", json!({"room": "#a", "nick": "bob"}));
    let told = bob.sync();
    let [Event::Settings { changed: registered, .. }, Event::Settings { changed, .. }, ..] = &told[1..] else {
        panic!("{told:?}")
    };
    assert_eq!(registered.iter().collect::<Vec<_>>(), [Setting::Registered]);
    let (kept, other) = ([Setting::InviteOnly, Setting::Key, Setting::Registered], changed.iter().count());
    assert!(kept.iter().all(|setting| !changed.has(*setting)) && other == 5, "{changed:?}");
    let topic = bob.refusal("topic", json!({"room": "#a", "topic": "skis"}));
    assert_eq!((&*topic.code, &*topic.value), ("needs-role", "#a"));
    let topic = ann.does("topic", json!({"room": "#a", "topic": "skis"}));
    let server = server.restarted();
    let mut bob = server.once_more("bob");
    let shown = bob.join("#a");
    assert_eq!(shown.topic.as_deref(), Some("skis"));
    assert_eq!(bob.does("topic", json!({"room": "#a"})), topic);
    let Done::Settings { settings, .. } = bob.does("settings", json!({"room": "#a"})) else { panic!() };
    assert_eq!(settings, set);
    bob.say("#a", "still with a voice");
}

/// protocol.md, `say`: a person who is not in the room is heard there if it is so set, and learns nothing of it.
#[test]
fn an_outsider_is_heard_where_outsiders_may_write_and_nowhere_else() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut out = server.account("out");
    let say = |text: &str| json!({"room": "#a", "text": text});
    assert_eq!(out.code("say", say("x")), "not-in-room");
    set(&mut ann, "#a", "outsiders", true);
    ann.sync();
    out.sync();
    let Done::Say { seq: 1, .. } = out.does("say", say("hello in there")) else { panic!() };
    let heard = out.hears();
    assert_eq!((heard.len(), ann.hears()), (1, vec!["#a out: hello in there".to_owned()]), "{heard:?}");
    ann.say("#a", "hello out there");
    assert_eq!(out.hears(), [""; 0]);
    assert_eq!(out.code("history", json!({"room": "#a"})), "not-in-room");
    assert_eq!(out.code("offer", json!({"room": "#a", "name": "x", "size": 1})), "not-in-room");
    assert_eq!(out.code("topic", json!({"room": "#a", "topic": "x"})), "not-in-room");
    assert_eq!(out.chats(), [""; 0], "to write there is not to be there");
    set(&mut ann, "#a", "invite_only", true);
    assert_eq!(out.code("say", say("x")), "no-such-room");
    set(&mut ann, "#a", "invite_only", false);
    set(&mut ann, "#a", "announcements", true);
    assert_eq!(out.code("say", say("x")), "announcements-only");
    set(&mut ann, "#a", "announcements", false);
    ann.does("ban", json!({"room": "#a", "nick": "out"}));
    assert_eq!(out.code("say", say("x")), "banned");
    ann.does("unban", json!({"room": "#a", "nick": "out"}));
    ann.does("register-room", json!({"room": "#a"}));
    ann.leave("#a");
    assert_eq!(out.code("say", say("x")), "outsider", "nobody would hear it");
    ann.join("#a");
    ann.sync();
    out.does("say", say("last"));
    assert!(ann.sync().iter().filter_map(message_of).any(|message| &*message.text == "last"));
}
