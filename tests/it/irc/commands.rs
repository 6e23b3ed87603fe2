//! What the commands of IRC are answered, beside peers of other fronts, and how they are refused. Knows only lines.

use serde_json::json;

use crate::support::{PASSWORD, TestServer, brief};

/// Lines of every command, whole and broken.
const LINES: &[&str] = &[
    "PING x",
    "PING",
    "JOIN #a",
    "JOIN #a,#b,bad,#c key",
    "JOIN",
    "PRIVMSG #a :hi",
    "PRIVMSG #a,#b,anna :hi",
    "PRIVMSG nobody,#nowhere,a@b :hi",
    "PRIVMSG #a,#b,#c,#d,#e :too many",
    "PRIVMSG",
    "PRIVMSG #a",
    "PRIVMSG #a :\u{1}ACTION waves\u{1}",
    "PRIVMSG #a :\u{1}VERSION\u{1}",
    "NOTICE #a :beep",
    "NOTICE #nowhere :beep",
    "NOTICE #a :\u{1}VERSION x\u{1}",
    "NOTICE",
    "TAGMSG #a",
    "TOPIC #a",
    "TOPIC #a :snow",
    "TOPIC #nowhere",
    "NAMES #a",
    "NAMES",
    "LIST",
    "LIST >1,#a*",
    "INVITE nobody #a",
    "INVITE",
    "KICK #a nobody,else :why",
    "KICK #a",
    "AWAY :tea",
    "AWAY",
    "MODE #a",
    "MODE #a +mt-m",
    "MODE #a b",
    "MODE #a +b *!*@nowhere",
    "MODE #a -b *!*@nowhere",
    "MODE #a +kl word 9",
    "MODE #a -kl x",
    "MODE #a +l none",
    "MODE #a +o",
    "MODE #a +xov nobody nobody",
    "MODE anna +i",
    "MODE anna",
    "MODE nobody",
    "MODE anna +Z",
    "MODE",
    "WHO #a",
    "WHO * o",
    "WHO anna %tcuhnfar,42",
    "WHOIS anna",
    "WHOIS nobody",
    "WHOIS",
    "WHOWAS nobody",
    "ISON anna boris",
    "ISON",
    "USERHOST anna",
    "SETNAME :about me",
    "OPER nobody word",
    "KILL nobody :why",
    "MOTD",
    "MOTD other.server",
    "LUSERS",
    "VERSION",
    "TIME",
    "INFO",
    "ADMIN",
    "HELP",
    "HELP JOIN",
    "HELP nothing",
    "STATS u",
    "STATS x",
    "USER a 0 * :b",
    "PASS x",
    "CAP LS",
    "CAP LIST",
    "CAP REQ :no-such",
    "CAP END",
    "AUTHENTICATE EXTERNAL",
    "REGISTER other * password",
    "REGISTER",
    "CHATHISTORY LATEST #a * 5",
    "CHATHISTORY LATEST #nowhere * 5",
    "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 9",
    "CHATHISTORY BETWEEN #a timestamp=2020-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 9",
    "CHATHISTORY AROUND #a msgid=1 5",
    "CHATHISTORY FOO",
    "CHATHISTORY",
    "REDACT #a 1.2.3 :why",
    "REDACT",
    "NICK anna",
    "NICK an:na",
    "NICK",
    "PONG x",
    "WALLOPS :x",
    "ROOMFUL help join",
    "ROOMFUL /settings",
    "ROOMFUL nonsense",
    "PRIVMSG NickServ :HELP",
    "PRIVMSG irc.roomful :help",
    "NS IDENTIFY wrong",
    "PART #b,#c,#nowhere :bye",
    "PART",
    "ERROR :x",
];

/// Properties 5 and 9: no line is left without an answer, and none is taken for that of another.
#[test]
fn each_labelled_line_has_one_answer_with_its_label_in_the_order_of_the_lines() {
    let server = TestServer::with_database();
    let mut anna = server.irc_login("anna");
    anna.asks("CAP REQ :batch labeled-response echo-message message-tags server-time draft/chathistory");
    // Each line stands behind each of some others: every seventh, and so on.
    let count = LINES.len();
    let lines: Vec<&str> =
        [1, 7, 13].iter().flat_map(|step| (0..count).map(move |at| LINES[at * step % count])).collect();
    for (number, line) in lines.iter().enumerate() {
        anna.says(&format!("@label=L{number} {line}"));
    }
    let told = anna.sync();
    let labels: Vec<&str> = told
        .iter()
        .filter_map(|line| {
            let tags = line.strip_prefix('@')?.split(' ').next()?;
            tags.split(';').find_map(|tag| tag.strip_prefix("label="))
        })
        .collect();
    for (at, label) in labels.iter().enumerate() {
        assert_eq!(*label, format!("L{at}"), "{:?} after {:?}\n{told:#?}", lines[at], lines[at.saturating_sub(1)]);
    }
    assert_eq!(labels.len(), lines.len());
}

#[test]
fn people_of_all_fronts_hear_one_another() {
    let server = TestServer::start();
    let mut boris = server.login_in("boris", "#a");
    let mut anna = server.irc_login("anna");
    let mut vera = server.nc_login("vera");
    vera.asks("/join #a");
    anna.gets("JOIN #A", &[":anna!* JOIN #a", "* 353 anna = #a :*", "* 366 anna #a :*"]);
    anna.gets("PRIVMSG #a :\u{3}04,12hi\u{2} all", &[]);
    anna.gets("PRIVMSG #a :\u{1}ACTION waves\u{1}", &[]);
    anna.gets("PRIVMSG boris :for you", &[]);
    anna.gets("NOTICE boris :beep", &[]);
    boris.say("#a", "good morning");
    let told = boris.hears();
    assert!(told.contains(&"#a anna: hi all".to_owned()), "{told:?}");
    assert!(told.iter().any(|line| line.contains("for you")), "{told:?}");
    anna.expect(":boris!~json@* PRIVMSG #a :good morning");
    let told = vera.hears();
    assert!(
        told.iter().any(|line| line.ends_with("anna: hi all")) && told.iter().any(|line| line.contains("anna waves")),
        "{told:?}"
    );
    anna.says("QUIT :so long");
    anna.rest();
    boris.wait(|event| brief(event).contains("anna"));
}

#[test]
fn a_line_that_would_be_too_long_for_the_others_is_not_said() {
    let server = TestServer::start();
    let mut boris = server.irc_login("boris");
    let mut anna = server.irc_login("anna");
    boris.asks("JOIN #a");
    anna.asks("JOIN #a");
    boris.sync();
    let whole = anna.asks("WHOIS anna")[0].clone();
    let words: Vec<&str> = whole.split(' ').collect();
    let frame = format!(":anna!{}@{} PRIVMSG #a :\r\n", words[4], words[5]).len();
    let fits = "x".repeat(512 - frame);
    anna.gets(&format!("PRIVMSG #a :{fits}"), &[]);
    let heard = boris.line();
    assert!(heard.ends_with(&fits) && heard.len() == 510, "{heard}");
    anna.gets(&format!("PRIVMSG #a :{fits}x"), &[":irc.roomful 417 anna :*"]);
    anna.gets(&format!("NOTICE #a :{fits}"), &[]);
    anna.gets(&format!("NOTICE #a :{fits}xx"), &[]);
    let heard = boris.line();
    assert!(heard.contains(" NOTICE #a :"), "{heard}");
    assert_eq!(boris.sync(), [""; 0]);
}

#[test]
fn a_list_is_told_whole_however_many_pages_it_has() {
    let server = TestServer::with(|limits| limits.rooms = 1_000);
    let mut anna = server.irc_login("anna");
    let rooms: Vec<String> = (0..50).map(|number| format!("#room{number:03}{}", "x".repeat(50))).collect();
    rooms.chunks(5).for_each(|rooms| drop(anna.asks(&format!("JOIN {}", rooms.join(",")))));
    let told = anna.asks("LIST");
    let listed: Vec<&String> = told.iter().filter(|line| line.contains(" 322 ")).collect();
    assert_eq!(listed.len(), 50, "{told:#?}");
    assert_eq!(told.iter().filter(|line| line.contains(" 323 ")).count(), 1);
    assert!(told.last().unwrap().contains(" 323 "));
    anna.gets("LIST >1", &["* 321 *", "* 323 *"]);
    let found = anna.asks("LIST #room00*");
    assert_eq!(found.iter().filter(|line| line.contains(" 322 ")).count(), 10, "{found:#?}");
}

/// A password reaches the server, whatever its client believes to talk to, and nobody else.
#[test]
fn services_are_the_server() {
    let server = TestServer::with_database();
    drop(server.account("anna"));
    let mut anna = server.irc_login("guest");
    anna.asks("CAP REQ :echo-message");
    let told = anna.asks(&format!("PRIVMSG NickServ :IDENTIFY anna wrong-{}", "x"));
    assert!(told.iter().all(|line| line.contains(" NOTICE guest :")), "{told:?}");
    let mut other = server.irc_login("boris");
    let told = other.asks("PRIVMSG nickserv :REGISTER nine-blue-skis");
    assert!(
        told.iter().any(|line| line.contains("boris")) && !told.iter().any(|line| line.contains("nine-blue")),
        "{told:?}"
    );
    let mut json = server.peer();
    let done = json.code("hello", json!({"version": 1, "nick": "boris", "password": PASSWORD}));
    assert_eq!(done, "login-failed");
}
