//! What a client is told of each event and each answer, by its capabilities. Knows no socket.

use super::*;
use crate::actor::ActorParts;
use crate::answer::{FactsInfo, History, MemberInfo};
use crate::error::ChatError;
use crate::front::Fronts;
use crate::front::irc::asked::Reply;
use crate::model::{Message, PlaceId, Role};
use crate::names::{Nick, RoomName};
use crate::wire::Letter;

fn person(nick: &str) -> Actor {
    let about = Some(Arc::from("x"));
    Actor::new(ActorParts { nick: nick.into(), user: "~u", host: "h1", registered: false, about })
}

fn anna() -> Actor {
    person("anna")
}

/// An encoder whose client has not been welcomed.
fn unnamed(caps: Caps) -> IrcEncoder {
    let (fronts, limits, irc) = (Arc::new(Fronts::default()), Arc::new(Limits::default()), IrcNames::default());
    let opening = Opening::bare(&fronts, &limits, &irc);
    let mut irc = IrcEncoder::new(&opening, &Arc::default());
    note(&mut irc, Note::Caps(caps));
    irc
}

/// One whose client is anna.
fn anna_with(caps: Caps) -> IrcEncoder {
    let mut irc = unnamed(caps);
    asked(&mut irc, Asked::Welcome);
    ok(&mut irc, Done::Hello { nick: Some(anna()), resume: None, registered: false });
    irc
}

fn lines(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap().replace("\r\n", "|")
}

fn note(irc: &mut IrcEncoder, note: Note) -> String {
    let mut out = Vec::new();
    irc.mark(note.mark(), &mut out);
    lines(out)
}

fn asked(irc: &mut IrcEncoder, asked: Asked) {
    assert_eq!(note(irc, Note::Asked(asked)), "");
}

/// What an event is told as; `own` if a command of this session made it.
fn tell(irc: &mut IrcEncoder, event: Event, own: bool) -> String {
    let letter = Arc::new(Letter::new(event));
    let item = Delivery { own, ..Delivery::of(&letter) };
    let shared = irc.shared(&item).map(<[u8]>::to_vec);
    lines(shared.unwrap_or_else(|| {
        let mut out = Vec::new();
        irc.encode(&item, &mut out);
        out
    }))
}

fn ok(irc: &mut IrcEncoder, done: Done) -> String {
    tell(irc, Event::Ok { tag: None, done }, true)
}

fn refused(irc: &mut IrcEncoder, refusal: &ChatError) -> String {
    tell(irc, refusal.told(None), true)
}

fn said(from: &str, seq: u64) -> Arc<Message> {
    let (room, text) = ("#a".into(), "hi".into());
    Arc::new(Message { room, seq, from: person(from), text, time: 0, place: PlaceId(2), ..Message::default() })
}

fn private(from: &str, to: &str) -> Event {
    let (text, kind, place) = ("hi".into(), crate::model::Kind::Text, PlaceId(3));
    Event::Private { from: person(from), to: to.into(), seq: 1, text, time: 0, kind, file: None, place }
}

/// Opens `#a` at the client.
fn open(irc: &mut IrcEncoder) -> String {
    let room: Arc<str> = "#a".into();
    let joined = Event::Joined {
        room: Arc::clone(&room),
        made: 5_000,
        run: 0,
        seq: 0,
        total: 1,
        topic: None,
        topic_by: None,
        topic_time: None,
    };
    let member = |nick, role, voice| MemberInfo { nick: person(nick), role, voice, away: None };
    let members = vec![member("anna", Some(Role::Op), true), member("boris", None, true)];
    tell(irc, joined, true) + &tell(irc, Event::Members { room, members, hidden: false, more: false }, true)
}

fn labels() -> Caps {
    Caps::LABELED_RESPONSE | Caps::BATCH | Caps::ECHO_MESSAGE
}

#[test]
fn a_welcome_tells_the_name_that_the_client_has() {
    let mut irc = unnamed(Caps::NONE);
    asked(&mut irc, Asked::Welcome);
    let busy = ChatError::NickInUse(Nick::parse("bob").unwrap(), Nick::parse("bob2").unwrap());
    assert!(refused(&mut irc, &busy).starts_with(":irc.roomful 433 * bob :"));
    asked(&mut irc, Asked::Welcome);
    let told = ok(&mut irc, Done::Hello { nick: Some(anna()), resume: None, registered: false });
    assert!(told.starts_with(":irc.roomful 001 anna :") && told.contains(", anna!~u@h1|"), "{told}");
    let numbers: Vec<&str> = told.split('|').filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(numbers, ["001", "002", "003", "004", "005", "005", "005"]);
    let told = ok(&mut irc, Done::Facts(FactsInfo::default()));
    let numbers: Vec<&str> = told.split('|').filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(numbers, ["251", "252", "254", "255", "265", "266", "422", "MODE"]);
}

#[test]
fn an_event_is_told_by_what_the_client_can_read() {
    let away = |text: Option<&str>| Event::Away { nick: person("boris"), text: text.map(Arc::from) };
    let typing = || Event::Typing { room: "#a".into(), nick: person("boris") };
    let join = |away: Option<&str>| Event::Join {
        room: "#a".into(),
        nick: person("boris"),
        time: 0,
        away: away.map(Arc::from),
    };
    let deleted = || Event::Deleted {
        room: "#a".into(),
        seq: 1,
        said: 0,
        by: person("boris"),
        text: None,
        time: 0,
        place: PlaceId(2),
    };
    let face = |host| Event::Face {
        who: person("boris").with(|parts| (parts.host, parts.registered) = (host, true)),
        old: person("boris"),
        text: None,
    };
    let rows: Vec<(Caps, Event, &str)> = vec![
        (Caps::NONE, Event::Message(said("boris", 1)), ":boris!~u@h1 PRIVMSG #a :hi|"),
        (
            Caps::MESSAGE_TAGS | Caps::SERVER_TIME,
            Event::Message(said("boris", 1)),
            "@time=1970-01-01T00:00:00.000Z;msgid=2.1.0 :boris!~u@h1 PRIVMSG #a :hi|",
        ),
        (Caps::NONE, private("boris", "anna"), ":boris!~u@h1 PRIVMSG anna :hi|"),
        (Caps::NONE, away(Some("x")), ""),
        (Caps::AWAY_NOTIFY, away(Some("x")), ":boris!~u@h1 AWAY :x|"),
        (Caps::AWAY_NOTIFY, away(None), ":boris!~u@h1 AWAY|"),
        (Caps::NONE, typing(), ""),
        (Caps::MESSAGE_TAGS, typing(), "@+typing=active :boris!~u@h1 TAGMSG #a|"),
        (Caps::NONE, join(Some("x")), ":boris!~u@h1 JOIN #a|"),
        (Caps::AWAY_NOTIFY, join(Some("x")), ":boris!~u@h1 JOIN #a|:boris!~u@h1 AWAY :x|"),
        (Caps::EXTENDED_JOIN, join(None), ":boris!~u@h1 JOIN #a * :x|"),
        (Caps::REDACTION, deleted(), ":boris!~u@h1 REDACT #a 2.1.0|"),
        (Caps::NONE, deleted(), ":irc.roomful NOTICE #a :boris deleted a message of 00:00|"),
        (Caps::NONE, face("h2"), ""),
        (Caps::ACCOUNT_NOTIFY, face("h2"), ":boris!~u@h1 ACCOUNT boris|"),
        (Caps::CHGHOST, face("h2"), ":boris!~u@h1 CHGHOST ~u h2|"),
        (Caps::CHGHOST, face("h1"), ""),
        (Caps::NONE, Event::Ping { token: "t".into() }, ":irc.roomful PING :t|"),
        (Caps::NONE, Event::Notice { text: "news".into() }, ":irc.roomful NOTICE anna :news|"),
        (Caps::NONE, Event::Read { room: "#a".into(), seq: 1 }, ""),
    ];
    for (caps, event, told) in rows {
        let shown = format!("{caps:?} {event:?}");
        assert_eq!(tell(&mut anna_with(caps), event, false), told, "{shown}");
    }
}

#[test]
fn a_client_sees_its_own_words_if_it_asked_for_them_and_those_of_its_other_sessions_as_its_own() {
    let room = ":anna!~u@h1 PRIVMSG #a :hi|";
    let to_boris = ":anna!~u@h1 PRIVMSG boris :hi|";
    let notice = ":irc.roomful NOTICE anna :-> boris: hi|";
    // What this session said itself; and what another one of the same person said.
    for (caps, own, others_room, own_private, others_private) in [
        (Caps::NONE, "", room, "", notice),
        (Caps::ECHO_MESSAGE, room, room, to_boris, to_boris),
        (Caps::SELF_MESSAGE, "", room, "", to_boris),
    ] {
        let mut irc = anna_with(caps);
        assert_eq!(tell(&mut irc, Event::Message(said("anna", 1)), true), own);
        assert_eq!(tell(&mut irc, Event::Message(said("anna", 2)), false), others_room);
        assert_eq!(tell(&mut irc, private("anna", "boris"), true), own_private);
        assert_eq!(tell(&mut irc, private("anna", "boris"), false), others_private);
        // To oneself it is delivered, and echoed beside that.
        let once = ":anna!~u@h1 PRIVMSG anna :hi|";
        let told = tell(&mut irc, private("anna", "anna"), true);
        assert_eq!(told.matches(once).count(), if caps == Caps::ECHO_MESSAGE { 2 } else { 1 });
    }
}

#[test]
fn a_room_is_opened_once_and_closed_once() {
    let mut irc = anna_with(Caps::NONE);
    let names = ":irc.roomful 353 anna = #a :@anna +boris|:irc.roomful 366 anna #a :End of the names|";
    assert_eq!(open(&mut irc), [":anna!~u@h1 JOIN #a|", names].concat());
    assert_eq!(open(&mut irc), "", "it is open already");
    let kick =
        |nick: &str| Event::Kick { room: "#a".into(), nick: nick.into(), by: person("boris"), text: None, time: 0 };
    let left = || Event::Left { room: "#a".into(), text: Some("bye".into()) };
    assert_eq!(tell(&mut irc, kick("vera"), false), ":boris!~u@h1 KICK #a vera :boris|");
    assert_eq!(tell(&mut irc, kick("anna"), false), ":boris!~u@h1 KICK #a anna :boris|");
    assert_eq!(tell(&mut irc, left(), false), "", "the kick has told it");
    assert_ne!(open(&mut irc), "");
    assert_eq!(tell(&mut irc, left(), true), ":anna!~u@h1 PART #a :bye|");
    let mut irc = anna_with(Caps::MULTI_PREFIX | Caps::USERHOST_IN_NAMES);
    assert!(open(&mut irc).contains(" :@+anna!~u@h1 +boris!~u@h1|"));
}

#[test]
fn an_own_name_changes_where_it_is_told() {
    let mut irc = anna_with(Caps::NONE);
    asked(&mut irc, Asked::Nick);
    let vera = person("vera");
    assert_eq!(ok(&mut irc, Done::Nick { nick: vera.clone(), resume: None }), ":anna!~u@h1 NICK vera|");
    let renamed = Event::Nick { old: "vera".into(), new: "gleb".into(), by: vera, time: 0 };
    assert_eq!(tell(&mut irc, renamed, false), ":vera!~u@h1 NICK gleb|");
    assert_eq!(tell(&mut irc, Event::Notice { text: "x".into() }, false), ":irc.roomful NOTICE gleb :x|");
}

#[test]
fn an_answer_belongs_to_the_question_that_was_asked_first() {
    let mut irc = anna_with(Caps::NONE);
    asked(&mut irc, Asked::Part { room: "#B".into() });
    asked(&mut irc, Asked::Ping);
    let room = RoomName::parse("#b").unwrap();
    let told = refused(&mut irc, &ChatError::NotInRoom(room));
    assert!(told.starts_with(":irc.roomful 442 anna #B :"), "{told}");
    assert_eq!(ok(&mut irc, Done::Ping { token: "t".into() }), ":irc.roomful PONG irc.roomful :t|");
}

#[test]
fn a_label_is_on_what_its_line_led_to_and_on_nothing_else() {
    let mut irc = anna_with(labels());
    let begin = |irc: &mut IrcEncoder, several| note(irc, Note::Begin { label: "7".into(), several });
    // An earlier line is answered late, when this one is open.
    asked(&mut irc, Asked::Say { target: "boris".into() });
    begin(&mut irc, false);
    asked(&mut irc, Asked::Say { target: "#a".into() });
    assert_eq!(tell(&mut irc, Event::Message(said("boris", 1)), false), ":boris!~u@h1 PRIVMSG #a :hi|");
    let echo = tell(&mut irc, Event::Message(said("anna", 2)), true);
    assert_eq!(echo, "@label=7 :anna!~u@h1 PRIVMSG #a :hi|");
    let away = Done::Msg { to: "boris".into(), seq: 1, time: 0, away: Some("x".into()), again: false };
    assert_eq!(ok(&mut irc, away), ":irc.roomful 301 anna boris :x|");
    assert_eq!(ok(&mut irc, Done::Say { room: "#a".into(), seq: 2, time: 0, again: false }), "");
    assert_eq!(note(&mut irc, Note::End), "");
    // What one writes to oneself comes twice: as the echo, and as it comes to everybody.
    begin(&mut irc, false);
    let line = ":anna!~u@h1 PRIVMSG anna :hi|";
    assert_eq!(tell(&mut irc, private("anna", "anna"), true), ["@label=7 ", line, line].concat());
    assert_eq!(note(&mut irc, Note::End), "");
    // Several lines, of which another person's is none.
    begin(&mut irc, true);
    asked(&mut irc, Asked::Join { room: "#a".into() });
    let opened = open(&mut irc);
    assert!(opened.starts_with("@label=7 :irc.roomful BATCH +1 labeled-response|@batch=1 :anna"), "{opened}");
    assert_eq!(tell(&mut irc, Event::Message(said("boris", 3)), false), ":boris!~u@h1 PRIVMSG #a :hi|");
    assert_eq!(note(&mut irc, Note::End), ":irc.roomful BATCH -1|");
    // Nothing answers.
    begin(&mut irc, false);
    assert_eq!(note(&mut irc, Note::End), "@label=7 :irc.roomful ACK|");
    // A line of the decoder answers.
    begin(&mut irc, false);
    let reply = Reply::Line { word: "421", params: vec!["X".into(), "no such command".into()] };
    assert_eq!(note(&mut irc, Note::Reply(reply)), "@label=7 :irc.roomful 421 anna X :no such command|");
    assert_eq!(note(&mut irc, Note::End), "");
    // Without the capability for batches a label is ignored.
    let mut irc = anna_with(Caps::LABELED_RESPONSE);
    begin(&mut irc, false);
    assert_eq!(note(&mut irc, Note::End), "");
}

#[test]
fn earlier_messages_are_shown_to_clients_that_can_tell_them_from_new_ones() {
    let history = |count: u64| {
        let messages = (1..=count).map(|seq| said("boris", seq)).collect();
        Event::History(History { room: "#a".into(), messages, ..History::default() })
    };
    let told = |caps, count| {
        let mut irc = anna_with(caps);
        open(&mut irc);
        tell(&mut irc, history(count), true)
    };
    let fenced = Caps::SERVER_TIME;
    for caps in [Caps::NONE, Caps::BATCH | Caps::CHATHISTORY, Caps::SERVER_TIME | Caps::CHATHISTORY] {
        assert_eq!(told(caps, 3), "", "{caps:?}");
    }
    for (count, shown) in [(0, 0), (1, 1), (20, 20), (21, 20)] {
        let (batch, fence) = (told(Caps::BATCH, count), told(fenced, count));
        assert_eq!(batch.matches(" PRIVMSG ").count(), shown, "{count}");
        assert_eq!(fence.matches(" PRIVMSG ").count(), shown, "{count}");
        assert_eq!(batch.is_empty(), count == 0);
        assert_eq!(fence.contains(&format!(" NOTICE #a :-- last {shown} messages --|")), count > 0);
        assert_eq!(fence.ends_with(" NOTICE #a :-- now --|"), count > 0);
    }
    assert!(told(Caps::BATCH, 1).starts_with(":irc.roomful BATCH +1 chathistory #a|@batch=1 :boris!"));
}

#[test]
fn a_page_that_was_asked_for_is_a_batch_and_carries_its_label_itself() {
    let mut irc = anna_with(labels());
    note(&mut irc, Note::Begin { label: "7".into(), several: false });
    asked(&mut irc, Asked::History { command: "LATEST", target: "Boris".into() });
    let messages = vec![Arc::new(Message { room: "@boris".into(), ..Message::clone(&said("anna", 1)) })];
    let page = History { room: "@boris".into(), messages, ..History::default() };
    let told = ok(&mut irc, Done::History(page)) + &note(&mut irc, Note::End);
    let begin = "@label=7 :irc.roomful BATCH +1 chathistory Boris|";
    let line = "@batch=1 :anna!~u@h1 PRIVMSG boris :hi|";
    assert_eq!(told, [begin, line, ":irc.roomful BATCH -1|"].concat());
    // Nothing there is an empty batch.
    asked(&mut irc, Asked::History { command: "LATEST", target: "#a".into() });
    let none = ok(&mut irc, Done::History(History { room: "#a".into(), ..History::default() }));
    assert_eq!(none, ":irc.roomful BATCH +2 chathistory #a|:irc.roomful BATCH -2|");
}

#[test]
fn what_irc_has_no_line_for_is_told_in_words() {
    let mut irc = anna_with(Caps::NONE);
    asked(&mut irc, Asked::Words);
    assert_eq!(
        ok(&mut irc, Done::RegisterRoom { room: "#a".into() }),
        ":irc.roomful NOTICE anna :#a is yours now, and lasts.|"
    );
    asked(&mut irc, Asked::Words);
    assert!(refused(&mut irc, &ChatError::LoginFailed).starts_with(":irc.roomful NOTICE anna :Wrong name or password"));
}

#[test]
fn the_end_is_told_once() {
    let mut irc = anna_with(Caps::NONE);
    let closing = Event::Closing { reason: CloseReason::Quit, text: "bye".into() };
    assert_eq!(tell(&mut irc, closing, false), ":irc.roomful ERROR :Closing link: bye|");
    let mut out = Vec::new();
    irc.end(CloseReason::Quit, &mut out);
    assert_eq!(lines(out), "");
    let mut out = Vec::new();
    anna_with(Caps::NONE).end(CloseReason::SlowConsumer, &mut out);
    assert_eq!(lines(out), ":irc.roomful ERROR :Closing link: read too slowly|");
}

/// A client that is in a room and silent. The encoder of a line session has some hundred bytes, too.
#[test]
fn a_silent_client_costs_little_memory() {
    assert!(size_of::<IrcEncoder>() <= 448, "{}", size_of::<IrcEncoder>());
    let mut irc = anna_with(labels());
    asked(&mut irc, Asked::Ping);
    ok(&mut irc, Done::Ping { token: "t".into() });
    assert_eq!((irc.owed.capacity(), irc.label.is_some()), (0, false));
}
