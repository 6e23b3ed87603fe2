//! What an answer weighs in an outbox. Knows no bytes.

use super::Done;
use super::rows::{FRAME, Row, length, sum};
use crate::model::Settings;

impl Done {
    /// About how many bytes this takes on the wire; never less than the text it carries.
    pub fn weight(&self) -> usize {
        FRAME
            + match self {
                Done::Ping { token: text } | Done::Away { text } | Done::Offer { url: text, .. } => FRAME + text.len(),
                Done::Topic { topic: text, .. }
                | Done::Msg { away: text, .. }
                | Done::About { text }
                | Done::Settings { settings: Settings { key: text, .. }, .. } => FRAME + length(text),
                Done::Whois(whois) => whois.weight(),
                Done::Members { members, .. } => sum(members),
                Done::History(history) => sum(&history.messages),
                Done::Search { messages, .. } => sum(messages),
                Done::Rooms { rooms, mask, .. } => sum(rooms) + length(mask),
                Done::Chats { chats, .. } => sum(chats),
                Done::Bans { bans, .. } => sum(bans),
                Done::Who { people, .. } => sum(people),
                Done::Whowas { people, .. } => sum(people),
                Done::Files { files, .. } => sum(files),
                Done::Get { info, url } => url.len() + info.name.len() + 4 * FRAME,
                Done::Help { commands } => commands.iter().map(|c| c.usage.len() + c.text.len() + 24).sum(),
                Done::Hello { .. }
                | Done::Nick { .. }
                | Done::Join { .. }
                | Done::Facts(_)
                | Done::Leave { .. }
                | Done::Say { .. }
                | Done::Back
                | Done::Delete { .. }
                | Done::Read { .. }
                | Done::Close { .. }
                | Done::Typing
                | Done::Register { .. }
                | Done::Login { .. }
                | Done::Authenticate { .. }
                | Done::Oper
                | Done::Deoper
                | Done::Logout { .. }
                | Done::Password
                | Done::DeleteAccount { .. }
                | Done::Claim
                | Done::RegisterRoom { .. }
                | Done::DropRoom { .. }
                | Done::Invite(_)
                | Done::Kick(_)
                | Done::Ban(_)
                | Done::Unban(_)
                | Done::Mute(_)
                | Done::Unmute(_)
                | Done::Op(_)
                | Done::Deop(_)
                | Done::Voice(_)
                | Done::Devoice(_)
                | Done::Announce
                | Done::Finish { .. }
                | Done::Cancel { .. }
                | Done::Quit => FRAME,
            }
    }
}
