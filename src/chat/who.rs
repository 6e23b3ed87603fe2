//! Who is here, and who left: the answers to `who` and `whowas`, page by page. Runs under the chat lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::directory::after;
use super::masks::{self, Pattern};
use super::registry::Person;
use super::room::Room;
use super::{Change, PersonId, State};
use crate::answer::{Done, PersonInfo};
use crate::error::ChatError;
use crate::model::{Millis, Role};
use crate::names::{Nick, RoomName};

impl State {
    /// A row about a person; with `room`, also what the person is there.
    fn person_info(&self, person: &Person, room: Option<&Room>, now: Millis) -> PersonInfo {
        let role = room.and_then(|room| room.roles.get(&person.identity)).copied();
        PersonInfo {
            who: person.face.clone(),
            away: person.away.clone(),
            op: self.is_server_op(person),
            room: room.map(|room| Arc::clone(&room.shown)),
            role: role.filter(|role| *role > Role::Member),
            voice: room.is_some_and(|room| room.voices.contains(&person.identity)),
            idle: u64::try_from(now - person.active).unwrap_or(0) / 1000,
            since: person.since,
        }
    }
}

impl Change<'_> {
    /// Tells of the people in a room, of those with these names, or of those whom a mask fits.
    pub(super) fn who(
        &mut self,
        room: Option<&RoomName>,
        mask: Option<&str>,
        nicks: &[Nick],
        past: Option<&Nick>,
    ) -> Result<(), ChatError> {
        let (people, more) = match (room, mask) {
            (None, None) if !nicks.is_empty() => self.people_called(nicks, past),
            (None, Some(name)) if !name.contains(['*', '?', '!', '@', ':']) => {
                self.people_called(Nick::parse(name).ok().as_slice(), past)
            }
            (None, Some(mask)) => self.people_fitting(mask, past)?,
            (room, mask) => self.people_in(room, mask, past)?,
        };
        self.answer(Done::Who { people, more });
        Ok(())
    }

    /// The people with exactly these names, in this order.
    fn people_called(&self, nicks: &[Nick], past: Option<&Nick>) -> (Vec<PersonInfo>, bool) {
        let (state, now) = (&*self.state, self.cx.now);
        let left_out = past.and_then(|past| nicks.iter().position(|nick| nick == past)).map_or(0, |at| at + 1);
        let people = nicks[left_out..].iter().filter_map(|nick| state.registry.person(state.registry.called(nick)?));
        self.cx.page(people.map(|person| state.person_info(person, None, now)))
    }

    /// The people in a room that the caller may see, in the order of their names.
    fn people_in(
        &self,
        name: Option<&RoomName>,
        mask: Option<&str>,
        past: Option<&Nick>,
    ) -> Result<(Vec<PersonInfo>, bool), ChatError> {
        let (state, now) = (&*self.state, self.cx.now);
        let room = match name {
            Some(name) => self.room_to_see(name)?,
            None => self.own_room(None)?,
        };
        let fits = fitting(mask);
        let people = room.names.range::<str, _>(after(past.map(Nick::key))).map(|(_, id)| *id);
        let people = people.filter_map(|id| state.registry.person(id)).filter(|person| fits(person));
        Ok(self.cx.page(people.map(|person| state.person_info(person, Some(room), now))))
    }

    /// The people whom a mask fits, in the order of their names: of those who share a room with the
    /// caller; for an op of the server, of all.
    fn people_fitting(&self, mask: &str, past: Option<&Nick>) -> Result<(Vec<PersonInfo>, bool), ChatError> {
        let (state, now) = (&*self.state, self.cx.now);
        let fits = fitting(Some(mask));
        let fits = |id: &PersonId| state.registry.person(*id).is_some_and(&fits);
        let mut found: BTreeMap<&str, PersonId> = BTreeMap::new();
        if self.as_server_op().is_ok() {
            let people = state.registry.people().filter(|(id, _)| fits(id));
            found.extend(people.map(|(id, person)| (person.nick.key(), id)));
        } else {
            for room in state.rooms.among(&self.person()?.rooms) {
                let names = room.names.range::<str, _>(after(past.map(Nick::key)));
                found.extend(names.map(|(key, id)| (&**key, *id)).filter(|(_, id)| fits(id)));
            }
        }
        let people = found.range::<str, _>(after(past.map(Nick::key))).map(|(_, id)| *id);
        let people = people.filter_map(|id| state.registry.person(id));
        Ok(self.cx.page(people.map(|person| state.person_info(person, None, now))))
    }

    /// Tells of the people who left under this name, who left last first.
    pub(super) fn whowas(&mut self, nick: &Nick, limit: Option<usize>) {
        let gone = self.state.gone.called(nick).take(limit.unwrap_or(usize::MAX)).cloned();
        let (people, _) = self.cx.page(gone);
        self.answer(Done::Whowas { nick: Arc::from(nick.shown()), people });
    }
}

/// Tells of a person whether a mask fits.
fn fitting(mask: Option<&str>) -> impl Fn(&Person) -> bool {
    let pattern = mask.map(|mask| Pattern::new(&masks::whole(mask)));
    move |person| pattern.as_ref().is_none_or(|pattern| pattern.fits(&person.form()))
}
