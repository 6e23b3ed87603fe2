//! Answers about people: whois, who, whowas and their kind. Knows no rooms beside their names.

use super::encoder::IrcEncoder;
use super::rooms_told::seconds;
use crate::answer::WhoisInfo;
use crate::wire::irc::packed;

impl IrcEncoder {
    pub(super) fn whois(&self, info: &WhoisInfo, out: &mut Vec<u8>) {
        let nick = &*info.nick;
        let about = info.about.as_ref().unwrap_or(&info.nick);
        self.numeric("311", out).middle(nick).middle(&info.user).middle(&info.host).middle("*").trailing(about);
        let space = self.space("319", &[nick]);
        for line in packed(info.rooms.iter(), space, usize::MAX) {
            self.numeric("319", out).middle(nick).trailing(&line);
        }
        self.numeric("312", out).middle(nick).middle(&self.names.server).trailing(&self.names.network);
        if info.op {
            self.numeric("313", out).middle(nick).trailing("is an op of this server");
        }
        if info.registered {
            self.numeric("330", out).middle(nick).middle(nick).trailing("is logged in as");
        }
        if let Some(address) = &info.address {
            self.numeric("338", out).middle(nick).middle(address).trailing("actually comes from");
        }
        if let Some(away) = &info.away {
            self.numeric("301", out).middle(nick).trailing(away);
        }
        let line = self.numeric("317", out).middle(nick).number(info.idle).number(seconds(info.since));
        line.trailing("seconds idle, here since");
        self.end_of_whois(nick, out);
    }

    pub(super) fn end_of_whois(&self, nick: &str, out: &mut Vec<u8>) {
        self.numeric("318", out).middle(nick).trailing("End of WHOIS");
    }

    pub(super) fn end_of_who(&self, mask: &str, out: &mut Vec<u8>) {
        self.numeric("315", out).middle(mask).trailing("End of WHO");
    }

    pub(super) fn end_of_whowas(&self, nick: &str, out: &mut Vec<u8>) {
        self.numeric("369", out).middle(nick).trailing("End of WHOWAS");
    }
}
