//! What a client is told of this server in the lines of `005`. Knows no session.

use crate::limits::Limits;
use crate::names::{MAX_NICK, MAX_ROOM};

/// The longest user name, in bytes, without the `~` that says that nothing has proved it.
pub const USER: usize = 9;

/// Targets of one PRIVMSG, NOTICE or TAGMSG.
pub const TARGETS: usize = 4;

/// Changes of one MODE that a client may count on.
const MODES: usize = 4;

/// The commands that take lists, and how many names each takes; without a number, any number.
const LISTS: [(&str, Option<usize>); 9] = [
    ("JOIN", None),
    ("PART", None),
    ("KICK", None),
    ("PRIVMSG", Some(TARGETS)),
    ("NOTICE", Some(TARGETS)),
    ("TAGMSG", Some(TARGETS)),
    ("NAMES", Some(1)),
    ("WHOIS", Some(1)),
    ("WHOWAS", Some(1)),
];

/// The tokens, each a word. The names of the network become such a word, too.
pub fn isupport(limits: &Limits, network: &str) -> Vec<String> {
    let is = |name: &str, value: &str| [name, "=", value].concat();
    let number = |name: &str, value: usize| is(name, &value.to_string());
    let lists = LISTS.map(|(name, most)| [name, ":", &most.map_or(String::new(), |most| most.to_string())].concat());
    let word = |name: &str| name.to_owned();
    vec![
        is("NETWORK", &network.replace(' ', r"\x20")),
        is("CHANTYPES", "#"),
        is("PREFIX", "(qov)~@+"),
        is("CHANMODES", "b,k,l,imnst"),
        is("CASEMAPPING", "ascii"),
        is("UTF8MAPPING", "rfc8265"),
        word("UTF8ONLY"),
        number("NICKLEN", MAX_NICK),
        number("CHANNELLEN", "#".len() + MAX_ROOM),
        number("TOPICLEN", limits.topic),
        number("AWAYLEN", limits.away),
        number("KICKLEN", limits.reason),
        number("NAMELEN", limits.about),
        number("KEYLEN", limits.reason),
        number("USERLEN", "~".len() + USER),
        is("CHANLIMIT", &["#:", &limits.rooms_per_person.to_string()].concat()),
        is("MAXLIST", &["b:", &limits.bans.to_string()].concat()),
        number("MODES", MODES),
        is("TARGMAX", &lists.join(",")),
        is("EXTBAN", ",am"),
        is("ACCOUNTEXTBAN", "a"),
        is("ELIST", "CMNTU"),
        word("SAFELIST"),
        word("WHOX"),
        number("CHATHISTORY", limits.history_page),
        is("MSGREFTYPES", "msgid,timestamp"),
        is("CLIENTTAGDENY", "*,-typing"),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::wire::irc::{Line, Out};
    use proptest::prelude::*;

    /// What a client reads out of the lines.
    fn read(limits: &Limits, network: &str) -> HashMap<String, String> {
        let mut told = HashMap::new();
        for some in isupport(limits, network).chunks(13) {
            let mut bytes = Vec::new();
            let line = Out::new(&mut bytes).prefix("server").command("005").middle(&"ж".repeat(MAX_NICK));
            some.iter().fold(line, |line, token| line.middle(token)).trailing("are supported by this server");
            let line = String::from_utf8(bytes).unwrap();
            let line = Line::parse(line.trim_end()).unwrap();
            assert_eq!(line.params.len(), some.len() + 2, "a token is one word, and none is cut");
            assert_eq!(line.params.last(), Some(&"are supported by this server"));
            for token in &line.params[1..=some.len()] {
                let (name, value) = token.split_once('=').unwrap_or((token, ""));
                assert!(token.is_ascii() && told.insert(name.to_owned(), value.to_owned()).is_none(), "{token}");
            }
        }
        told
    }

    proptest! {
        #[test]
        fn what_the_tokens_say_is_what_the_limits_are(
            topic in 1usize..10_000, away in 1usize..10_000, reason in 1usize..10_000, about in 1usize..10_000,
            rooms_per_person in 1usize..10_000, bans in 1usize..100_000, history_page in 1usize..1_000,
        ) {
            let limits = Limits { topic, away, reason, about, rooms_per_person, bans, history_page, ..Limits::default() };
            let told = read(&limits, "Roomful of people");
            let number = |name: &str| told[name].rsplit(':').next().unwrap().parse::<usize>().unwrap();
            for (name, limit) in [
                ("TOPICLEN", topic), ("AWAYLEN", away), ("KICKLEN", reason), ("NAMELEN", about), ("KEYLEN", reason),
                ("CHANLIMIT", rooms_per_person), ("MAXLIST", bans), ("CHATHISTORY", history_page),
                ("NICKLEN", MAX_NICK), ("CHANNELLEN", MAX_ROOM + 1), ("USERLEN", USER + 1), ("MODES", MODES),
            ] {
                prop_assert_eq!(number(name), limit, "{}", name);
            }
            prop_assert!(told["CHANLIMIT"].starts_with("#:") && told["MAXLIST"].starts_with("b:"));
        }
    }

    #[test]
    fn a_list_says_for_each_command_how_many_names_it_takes() {
        let told = read(&Limits::default(), "Roomful");
        let lists: Vec<(&str, Option<usize>)> = told["TARGMAX"]
            .split(',')
            .map(|list| list.split_once(':').unwrap())
            .map(|(name, most)| (name, most.parse().ok()))
            .collect();
        assert_eq!(lists, LISTS);
        assert_eq!((&*told["NETWORK"], &*told["PREFIX"]), ("Roomful", "(qov)~@+"));
    }
}
