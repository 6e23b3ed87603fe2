//! What is done about a person in a room: kick, ban, mute, invite, op. Runs under the chat lock.

use std::sync::Arc;

use super::registry::Person;
use super::restrictions::BanSubject;
use super::{Change, PersonId, SessionId, State};
use crate::answer::{Done, Moderated};
use crate::command::{ModAction, Moderation, Whom};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{Identity, Millis, PlaceId, Restriction, Role, Target, origin};
use crate::names::RoomName;
use crate::record::{Record, RestrictionRecord};
use crate::wire::Letter;

impl Moderation {
    /// When it is over, if it is for a time.
    pub(super) fn until(&self, now: Millis) -> Option<Millis> {
        self.seconds.map(|seconds| now.saturating_add_unsigned(seconds.saturating_mul(1000)))
    }

    /// The restriction it puts on a person, by whom and when.
    pub(super) fn record(
        &self,
        place: Option<PlaceId>,
        restriction: Restriction,
        target: &ModTarget,
        (by, time): (Arc<str>, Millis),
    ) -> RestrictionRecord {
        let (targets, nick) = (target.targets.clone(), Arc::clone(&target.shown));
        RestrictionRecord {
            place,
            restriction,
            targets,
            nick,
            until: self.until(time),
            by,
            text: self.text.clone(),
            time,
        }
    }
}

/// The person a request is about, as far as they are known.
#[derive(Debug)]
pub(super) struct ModTarget {
    /// By what they are found; the first is what they were called in the request.
    pub targets: Vec<Target>,
    pub identity: Option<Identity>,
    person: Option<PersonId>,
    pub shown: Arc<str>,
}

impl State {
    /// The person a request is about: one who is here, an account, or an address.
    pub(super) fn target_of(&self, whom: &Whom) -> ModTarget {
        let nick = match whom {
            Whom::Address(address) => {
                let (targets, shown) = (vec![Target::Address(origin(*address))], Arc::from(address.to_string()));
                return ModTarget { targets, identity: None, person: None, shown };
            }
            Whom::Nick(nick) => nick,
        };
        if let Some((id, person)) = self.registry.called(nick).and_then(|id| Some((id, self.registry.person(id)?))) {
            let (targets, shown) = (self.targets_of(person), Arc::clone(&person.shown));
            return ModTarget { targets, identity: Some(person.identity), person: Some(id), shown };
        }
        let account = self.registry.accounts.named(nick);
        let target = account.map_or_else(|| Target::Nick(Arc::from(nick.key())), |account| Target::Account(account.id));
        let shown = account.map_or(nick, |account| &account.nick).shown();
        ModTarget {
            targets: vec![target],
            identity: account.map(|account| Identity::Account(account.id)),
            person: None,
            shown: Arc::from(shown),
        }
    }

    /// By what a person who is here is found again: the account, the resume
    /// number and address of each session; a guest on the server's own machine
    /// also by the name, because there the address would be everybody's.
    fn targets_of(&self, person: &Person) -> Vec<Target> {
        let mut targets: Vec<Target> = person.account().map(Target::Account).into_iter().collect();
        let mut is_local = false;
        for session in person.sessions.iter().filter_map(|id| self.registry.session(*id)) {
            is_local |= session.address.to_canonical().is_loopback();
            let subject = BanSubject::new(person.identity, session.resume_id, person.nick.clone(), session.address);
            let more: Vec<Target> = subject.lasting().into_iter().filter(|target| !targets.contains(target)).collect();
            targets.extend(more);
        }
        if is_local && person.account().is_none() {
            targets.push(Target::Nick(Arc::from(person.nick.key())));
        }
        targets
    }

    /// The members of a room that are meant: a person, or all guests from an address but its ops.
    fn members_meant(&self, place: PlaceId, target: &ModTarget) -> Vec<PersonId> {
        let Some(room) = self.rooms.get(place) else { return Vec::new() };
        if let Some(id) = target.person {
            return room.members.contains(&id).then_some(id).into_iter().collect();
        }
        let is_found = |id: &SessionId| self.subject_of(*id).is_some_and(|subject| subject.is_any(&target.targets));
        let sessions = |id: &PersonId| self.registry.person(*id).map_or(&[][..], |person| &person.sessions);
        let is_meant = |id: &&PersonId| sessions(id).iter().any(is_found) && !self.keeps_order(**id, place);
        room.members.iter().filter(is_meant).copied().collect()
    }
}

impl Change<'_> {
    /// Does something about a person, in a room or on the whole server.
    pub(super) fn moderate(&mut self, request: &Moderation) -> Result<(), ChatError> {
        let action = request.action;
        if request.everywhere {
            self.as_server_op()?;
            let by = Arc::clone(&self.caller.shown);
            let made = self.moderate_everywhere(request, by)?;
            self.answer_kept(done_of(action, made), Record::Barrier);
            return Ok(());
        }
        let (place, role) = self.place_to_moderate(request.room.as_ref(), action)?;
        let target = self.state.target_of(&request.whom);
        self.check_target(place, role, &target, action)?;
        let room = Some(Arc::clone(&self.state.rooms.at(place)?.shown));
        match action {
            ModAction::Kick => self.kick(place, &target, request.text.as_ref()),
            ModAction::Ban => self.ban(place, &target, request)?,
            ModAction::Mute => self.restrict(place, Restriction::Mute, &target, request)?,
            ModAction::Unban => self.lift(place, Restriction::Ban, &target, request)?,
            ModAction::Unmute => self.lift(place, Restriction::Mute, &target, request)?,
            ModAction::Invite => self.invite(place, &target, role >= Role::Op)?,
            ModAction::Op => self.set_op(place, &target, Some(Role::Op))?,
            ModAction::Deop => self.set_op(place, &target, None)?,
        }
        let made = Moderated { room, nick: target.shown, until: request.until(self.cx.now) };
        self.answer_kept(done_of(action, made), Record::Barrier);
        Ok(())
    }

    /// The room, in which the caller must have the role that the action takes.
    fn place_to_moderate(&self, name: Option<&RoomName>, action: ModAction) -> Result<(PlaceId, Role), ChatError> {
        let as_op = self.room_as(name, Role::Op).map(|(room, role)| (room.place, role));
        match action {
            // Every member of an open room may invite, though only the word of an op lasts.
            ModAction::Invite => {
                let room = self.own_or_any_room(name)?;
                if room.is_private() { as_op } else { Ok(as_op.unwrap_or((room.place, Role::Member))) }
            }
            // In a registered room its owner makes ops; in another one the ops themselves do.
            ModAction::Op | ModAction::Deop => {
                let (place, role) = as_op?;
                let room = self.state.rooms.at(place)?;
                match room.registered && role < Role::Owner {
                    true => Err(ChatError::NeedsRole(Role::Owner, Some(room.name.clone()))),
                    false => Ok((place, role)),
                }
            }
            ModAction::Kick | ModAction::Ban | ModAction::Unban | ModAction::Mute | ModAction::Unmute => as_op,
        }
    }

    /// Refuses an action that is not for this person: nothing has changed yet.
    fn check_target(&self, place: PlaceId, role: Role, target: &ModTarget, action: ModAction) -> Result<(), ChatError> {
        let room = self.state.rooms.at(place)?;
        let theirs = target.identity.and_then(|identity| self.state.role_in(identity, room));
        if theirs > Some(role) && !matches!(action, ModAction::Invite | ModAction::Op) {
            return Err(ChatError::NeedsRole(Role::Owner, Some(room.name.clone())));
        }
        let missing = || ChatError::NoSuchNick(target.shown.to_string());
        let is_member = target.person.is_some_and(|id| room.members.contains(&id));
        match (action, target.identity) {
            (ModAction::Kick | ModAction::Ban | ModAction::Mute, _) if target.person == Some(self.caller.person) => {
                let value = format!("{:?}", target.shown);
                Err(ChatError::BadField { field: "nick", value, wants: "somebody else" })
            }
            (ModAction::Kick, _) if !is_member => Err(missing()),
            (ModAction::Deop, Some(identity)) => self.check_last_op(room, identity),
            (ModAction::Invite | ModAction::Op | ModAction::Deop, None) => Err(missing()),
            _ => Ok(()),
        }
    }

    /// Puts the members that are meant out of a room.
    fn kick(&mut self, place: PlaceId, target: &ModTarget, text: Option<&Arc<str>>) {
        for id in self.state.members_meant(place, target) {
            let (Some(person), Some(room)) = (self.state.registry.person(id), self.state.rooms.get(place)) else {
                continue;
            };
            let (nick, identity) = (Arc::clone(&person.shown), person.identity);
            let kept_order = self.state.keeps_order(id, place);
            let kick = Event::Kick {
                room: Arc::clone(&room.shown),
                nick: Arc::clone(&nick),
                by: Arc::clone(&self.caller.shown),
                text: text.cloned(),
                time: self.cx.now,
            };
            self.tell_room(place, kick);
            self.put_out(id, place);
            self.uninvite(place, identity);
            if kept_order {
                self.hand_on(place, &nick);
            }
        }
        self.forget_room(place);
    }

    /// Keeps a person out of a room. One who is away loses the membership: the room is not told to them any more.
    fn ban(&mut self, place: PlaceId, target: &ModTarget, request: &Moderation) -> Result<(), ChatError> {
        self.restrict(place, Restriction::Ban, target, request)?;
        self.kick(place, target, request.text.as_ref());
        let Some(identity) = target.identity.filter(|_| self.state.rooms.get(place).is_some()) else { return Ok(()) };
        self.uninvite(place, identity);
        if let Some(person) = target.person.and_then(|id| self.state.registry.person_mut(id)) {
            person.memberships.remove(&place);
        }
        if let Identity::Account(account) = identity {
            self.cx.keep(Record::MembershipEnded(account, place));
        }
        Ok(())
    }

    /// A person who is put out is not invited any more.
    fn uninvite(&mut self, place: PlaceId, identity: Identity) {
        if let Some(room) = self.state.rooms.get_mut(place)
            && room.roles.get(&identity) == Some(&Role::Member)
        {
            room.give_role(&self.cx, identity, None);
            self.state.registry.accounts.holds(identity, place, None);
        }
    }

    /// Puts a ban or a mute on a person.
    fn restrict(
        &mut self,
        place: PlaceId,
        restriction: Restriction,
        target: &ModTarget,
        request: &Moderation,
    ) -> Result<(), ChatError> {
        self.state.rooms.at_mut(place)?.keep(&self.cx);
        let by = Arc::clone(&self.caller.shown);
        let record = request.record(Some(place), restriction, target, (by, self.cx.now));
        self.state.restrictions.put(record, &self.cx)?;
        self.tell_restriction(place, restriction, false, (target, request))
    }

    /// Lifts a ban or a mute.
    fn lift(
        &mut self,
        place: PlaceId,
        restriction: Restriction,
        target: &ModTarget,
        request: &Moderation,
    ) -> Result<(), ChatError> {
        if !self.state.restrictions.lift(Some(place), restriction, &target.targets, &target.shown, &self.cx) {
            return Err(ChatError::NoSuchBan(target.shown.to_string()));
        }
        self.tell_restriction(place, restriction, true, (target, request))
    }

    fn tell_restriction(
        &mut self,
        place: PlaceId,
        restriction: Restriction,
        lifted: bool,
        (target, request): (&ModTarget, &Moderation),
    ) -> Result<(), ChatError> {
        let event = Event::Restriction {
            room: Arc::clone(&self.state.rooms.at(place)?.shown),
            restriction,
            lifted,
            nick: Arc::clone(&target.shown),
            by: Arc::clone(&self.caller.shown),
            until: request.until(self.cx.now),
            text: request.text.clone(),
            time: self.cx.now,
        };
        self.tell_room(place, event);
        Ok(())
    }

    /// Asks a person into a room; if the invitation lasts, they may come in at any time.
    fn invite(&mut self, place: PlaceId, target: &ModTarget, lasts: bool) -> Result<(), ChatError> {
        let room = self.state.rooms.at(place)?;
        let (by, time) = (Arc::clone(&self.caller.shown), self.cx.now);
        let invite = Arc::new(Letter::new(Event::Invite { room: Arc::clone(&room.shown), by, time }));
        let new = target.identity.filter(|identity| lasts && !room.roles.contains_key(identity));
        if let Some(identity) = new {
            self.set_role(place, identity, target, Some(Role::Member))?;
        }
        if let Some(id) = target.person {
            self.tell_person(id, &invite, |_| false);
        }
        Ok(())
    }

    /// Makes a person an op of a room, or not any more.
    fn set_op(&mut self, place: PlaceId, target: &ModTarget, role: Option<Role>) -> Result<(), ChatError> {
        let room = self.state.rooms.at(place)?;
        let Some(identity) = target.identity else { return Ok(()) };
        // An owner is more than an op already, and who is invited only is none.
        if role.is_none() == (room.roles.get(&identity) < Some(&Role::Op)) {
            return Ok(());
        }
        let (room, nick) = (Arc::clone(&room.shown), Arc::clone(&target.shown));
        self.set_role(place, identity, target, role)?;
        let by = Arc::clone(&self.caller.shown);
        self.tell_room(place, Event::Role { room, nick, role, by, time: self.cx.now });
        Ok(())
    }

    /// Gives a role to a person, who may not be in the room: a guest loses it when they leave the server.
    fn set_role(
        &mut self,
        place: PlaceId,
        identity: Identity,
        target: &ModTarget,
        role: Option<Role>,
    ) -> Result<(), ChatError> {
        let room = self.state.rooms.at_mut(place)?;
        room.keep(&self.cx);
        room.give_role(&self.cx, identity, role);
        self.state.registry.accounts.holds(identity, place, role);
        let person = target.person.and_then(|id| self.state.registry.person_mut(id));
        if let Some(guest) = person.filter(|person| person.account().is_none()) {
            guest.invited.insert(place);
        }
        Ok(())
    }
}

/// The answer to a request.
fn done_of(action: ModAction, made: Moderated) -> Done {
    match action {
        ModAction::Invite => Done::Invite(made),
        ModAction::Kick => Done::Kick(made),
        ModAction::Ban => Done::Ban(made),
        ModAction::Unban => Done::Unban(made),
        ModAction::Mute => Done::Mute(made),
        ModAction::Unmute => Done::Unmute(made),
        ModAction::Op => Done::Op(made),
        ModAction::Deop => Done::Deop(made),
    }
}
