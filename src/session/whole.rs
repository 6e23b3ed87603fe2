//! Lists of which a protocol has no pages: the session itself asks for each next page, and waits while its peer does not take the answers. Knows no front.

use super::Session;
use crate::answer::Done;
use crate::command::{ChatCommand, Command, Price};
use crate::event::Event;
use crate::names::{Nick, RoomName};

/// A list that the session has asked for, page by page.
pub(super) struct Pages(Option<Box<Command>>);

impl Session {
    /// Remembers `command` if its answer may have pages, and the peer cannot ask for them.
    #[inline(never)]
    pub(super) fn pages_of(&mut self, command: &Command) -> Pages {
        let is_list = self.manners.whole_lists && matches!(command.spec().price, Price::List);
        self.effects.page = None;
        Pages(is_list.then(|| Box::new(command.clone())))
    }

    /// Asks for the pages that are left.
    #[inline(never)]
    pub(super) fn tell_the_rest(&mut self, pages: Pages) {
        let Pages(Some(mut command)) = pages else { return };
        while let Some(page) = self.effects.page.take()
            && let Event::Ok { done, .. } = page.event()
            && let Some(next) = following(*command, done)
        {
            drop(page);
            self.wait_for_space();
            if self.handle.outbox.closed().is_some() || self.hub.stopping() {
                return;
            }
            *command = next.clone();
            if let Err(refusal) = self.obey_named(None, next) {
                return self.refuse(None, refusal);
            }
        }
    }
}

/// The command that asks for the page behind this answer; none if it is the last one.
fn following(mut command: Command, done: &Done) -> Option<Command> {
    let Command::Chat(list) = &mut command else { return None };
    match (list, done) {
        (ChatCommand::Rooms { past, .. }, Done::Rooms { next: Some(next), more: true, .. }) => {
            *past = Some(RoomName::parse(next).ok()?);
        }
        (ChatCommand::Members { past, .. }, Done::Members { members, more: true, .. }) => {
            *past = Some(Nick::parse(&members.last()?.nick).ok()?);
        }
        (ChatCommand::Who { past, .. }, Done::Who { people, more: true }) => {
            *past = Some(Nick::parse(&people.last()?.who).ok()?);
        }
        (ChatCommand::Bans { skip, .. }, Done::Bans { bans, more: true, .. }) => *skip += bans.len() as u64,
        _ => return None,
    }
    Some(command)
}
