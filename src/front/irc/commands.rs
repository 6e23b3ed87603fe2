//! The commands of IRC that are carried out here, in one table that `HELP` reads, too. Knows no answers.

use super::state::State;
use super::{cap, modes, past, people, register, rooms, sasl, server, talk};
use crate::wire::irc::Line;

/// One command.
pub(super) struct Word {
    /// In capitals.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Whether it is carried out before the welcome, too.
    pub early: bool,
    /// Carries it out.
    pub run: fn(&mut State, &Line<'_>),
}

macro_rules! words {
    ($($name:literal $early:ident $run:path, $usage:literal, $help:literal;)+) => {
        /// All of them, in the order of their names.
        pub(super) const TABLE: &[Word] = &[$(Word {
            name: $name,
            usage: concat!($name, $usage),
            help: $help,
            early: words!(@$early),
            run: $run,
        }),+];
    };
    (@early) => { true };
    (@named) => { false };
}

words! {
    "ADMIN" named server::admin, " [SERVER]", "tells that nothing is told about the operator";
    "AUTHENTICATE" early sasl::authenticate, " PLAIN", "logs in, with a name and a password in base64";
    "AWAY" named people::away, " [:WORDS]", "says that you are away; without words, that you are back";
    "CAP" early cap::cap, " LS|LIST|REQ|END [CAPABILITIES]", "tells what this server has beyond plain IRC, and asks for it";
    "CHATHISTORY" named past::chathistory, " LATEST|BEFORE|AFTER|AROUND|BETWEEN|TARGETS …", "asks for earlier messages of a room or a person";
    "ERROR" early server::error, " :WORDS", "is heard, and nothing follows";
    "HELP" named server::help, " [COMMAND]", "lists the commands, or explains one";
    "INFO" named server::info, " [SERVER]", "tells what this server is";
    "INVITE" named rooms::invite, " NICK #ROOM", "lets somebody into a room";
    "ISON" named people::ison, " NICK…", "tells which of these people are here";
    "JOIN" named rooms::join, " #ROOM,… [KEY,…]", "goes into rooms, and makes those that there are not";
    "KICK" named rooms::kick, " #ROOM NICK,… [:WORDS]", "puts people out of a room";
    "KILL" named people::kill, " NICK [:WORDS]", "ends all sessions of a person; for ops of the server";
    "LIST" named rooms::list, " [MASK,…] [CONDITION,…]", "lists the rooms";
    "LUSERS" named server::lusers, "", "tells how many people and rooms there are";
    "MODE" named modes::mode, " #ROOM [CHANGES [ARGUMENT…]]", "tells or changes what is set in a room: iklmnst, b for bans, o and v for people";
    "MOTD" named server::motd, " [SERVER]", "shows the message of the day";
    "NAMES" named rooms::names, " #ROOM", "lists who is in a room";
    "NICK" early register::nick, " NAME", "takes a name";
    "NICKSERV" named talk::nickserv, " IDENTIFY|REGISTER|LOGOUT …", "logs in and out as services do elsewhere";
    "NOTICE" named talk::notice, " TARGET,… :TEXT", "says what no program answers";
    "NS" named talk::nickserv, " IDENTIFY|REGISTER|LOGOUT …", "is short for NICKSERV";
    "OPER" named people::oper, " ACCOUNT PASSWORD", "makes this session one of an op of the server";
    "PART" named rooms::part, " #ROOM,… [:WORDS]", "goes out of rooms";
    "PASS" early register::pass, " [ACCOUNT:]PASSWORD", "gives the password of an account, before the name is taken";
    "PING" early server::ping, " TOKEN", "asks for a sign of life";
    "PONG" early server::pong, " TOKEN", "gives one";
    "PRIVMSG" named talk::privmsg, " TARGET,… :TEXT", "says something in rooms or to people";
    "QUIT" early server::quit, " [:WORDS]", "goes";
    "REDACT" named past::redact, " TARGET MSGID [:WORDS]", "deletes a message";
    "REGISTER" early server::register, " NAME|* ADDRESS|* PASSWORD", "makes an account of your name; an address is not stored";
    "ROOMFUL" named talk::roomful, " COMMAND…", "carries out a command of this server that IRC has no word for; ROOMFUL help lists them";
    "SETNAME" named people::setname, " :WORDS", "sets your words about yourself";
    "STATS" named server::stats, " LETTER [SERVER]", "with u, tells how long the server has run";
    "TAGMSG" named talk::tagmsg, " TARGET,…", "tells that you are typing";
    "TIME" named server::time, " [SERVER]", "tells the time";
    "TOPIC" named rooms::topic, " #ROOM [:TOPIC]", "shows or sets a topic";
    "USER" early register::user, " USER 0 * :WORDS", "tells your user name and your words about yourself, before the name is taken";
    "USERHOST" named people::userhost, " NICK…", "tells the hosts of at most 5 people";
    "VERSION" named server::version, " [SERVER]", "tells the version, and what clients must know";
    "WHO" named people::who, " #ROOM|MASK [o] [%FIELDS,TOKEN]", "lists people";
    "WHOIS" named people::whois, " [SERVER] NICK", "tells of a person";
    "WHOWAS" named people::whowas, " NICK [COUNT]", "tells of people who left";
}

/// The command with this name, in capitals.
pub(super) fn find(name: &str) -> Option<&'static Word> {
    TABLE.iter().find(|word| word.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_each_name_leads_to_its_row() {
        assert!(TABLE.is_sorted_by(|a, b| a.name < b.name));
        for word in TABLE {
            assert_eq!(find(word.name).map(|found| found.usage), Some(word.usage));
        }
        assert!(find("WALLOPS").is_none());
    }
}
