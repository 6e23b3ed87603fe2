//! What ops do to a person in a room: kick, ban, mute, invite, op. Runs under the chat lock.

use std::sync::Arc;

use super::Change;
use super::targets::ModTarget;
use crate::answer::{Done, Moderated};
use crate::command::{ModAction, Moderation, Whom};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{Identity, Millis, PlaceId, Restriction, Role};
use crate::names::RoomName;
use crate::record::{Record, RestrictionRecord};
use crate::wire::Letter;

impl Moderation {
    /// When the ban or mute ends, if it has an end.
    pub(super) fn until(&self, now: Millis) -> Option<Millis> {
        self.seconds.map(|seconds| now.saturating_add_unsigned(seconds.saturating_mul(1000)))
    }

    /// Whether the request ends a ban or a mute.
    fn lifts(&self) -> bool {
        matches!(self.action, ModAction::Unban | ModAction::Unmute)
    }
}

/// Who was put out of a room.
#[derive(Debug, Default, Clone, Copy)]
struct PutOut {
    people: usize,
    /// Whether others who are meant are still in the room.
    more: bool,
}

impl Change<'_> {
    /// Carries out a request about a person, in a room or on the whole server.
    pub(super) fn moderate(&mut self, request: &Moderation) -> Result<(), ChatError> {
        if let Some(mute) = muting(request) {
            return self.moderate(&mute);
        }
        let action = request.action;
        if request.everywhere {
            self.as_server_op()?;
            if request.action == ModAction::Kick {
                self.check_not_self(&self.state.target_of(&request.whom))?;
            }
            let by = Arc::clone(self.caller.face.nick());
            let made = self.moderate_everywhere(request, by)?;
            self.answer_when_stored(done_of(action, made), Record::Barrier);
            return Ok(());
        }
        let (place, role) = self.place_to_moderate(request.room.as_ref(), action)?;
        let target = self.state.target_in(Some(place), request);
        self.check_target(place, role, &target, action)?;
        let room = Some(Arc::clone(&self.state.rooms.at(place)?.shown));
        let mut out = PutOut::default();
        match action {
            ModAction::Kick => out = self.kick(place, &target, request.text.as_ref()),
            ModAction::Ban => out = self.ban(place, &target, request)?,
            ModAction::Unban => self.restrict(place, Restriction::Ban, &target, request)?,
            ModAction::Mute => {
                self.restrict(place, Restriction::Mute, &target, request)?;
                // The later order holds.
                self.set_voice(place, &target, false)?;
            }
            ModAction::Unmute => self.restrict(place, Restriction::Mute, &target, request)?,
            ModAction::Invite => self.invite(place, &target, role >= Role::Op)?,
            ModAction::Op => self.set_op(place, &target, Some(Role::Op))?,
            ModAction::Deop => self.set_op(place, &target, None)?,
            ModAction::Voice => self.set_voice(place, &target, true)?,
            ModAction::Devoice => self.set_voice(place, &target, false)?,
        }
        let (until, is_one) = (request.until(self.cx.now), target.identity.is_some());
        let people = Some(out.people).filter(|_| action == ModAction::Ban && !is_one);
        let made = Moderated { room, nick: target.shown, mask: target.mask, until, people, more: out.more };
        self.answer_when_stored(done_of(action, made), Record::Barrier);
        Ok(())
    }

    /// The room, and the caller's role in it, which must be enough for the action.
    fn place_to_moderate(&self, name: Option<&RoomName>, action: ModAction) -> Result<(PlaceId, Role), ChatError> {
        let as_op = self.room_as(name, Role::Op).map(|(room, role)| (room.place, role));
        match action {
            // Every member of an open room may invite, but only the invitation of an op lasts.
            ModAction::Invite => {
                let room = self.own_or_any_room(name)?;
                if room.is_private() { as_op } else { Ok(as_op.unwrap_or((room.place, Role::Member))) }
            }
            // In a registered room only the owner makes ops; in other rooms every op does.
            ModAction::Op | ModAction::Deop => {
                let (place, role) = as_op?;
                let room = self.state.rooms.at(place)?;
                match room.registered && role < Role::Owner {
                    true => Err(ChatError::NeedsRole(Role::Owner, Some(room.name.clone()))),
                    false => Ok((place, role)),
                }
            }
            ModAction::Kick
            | ModAction::Ban
            | ModAction::Unban
            | ModAction::Mute
            | ModAction::Unmute
            | ModAction::Voice
            | ModAction::Devoice => as_op,
        }
    }

    /// Refuses an action that this person cannot be the target of. Nothing has changed yet.
    fn check_target(&self, place: PlaceId, role: Role, target: &ModTarget, action: ModAction) -> Result<(), ChatError> {
        let room = self.state.rooms.at(place)?;
        let theirs = target.identity.and_then(|identity| self.state.role_in(identity, room));
        if theirs > Some(role) && !matches!(action, ModAction::Invite | ModAction::Op | ModAction::Voice) {
            return Err(ChatError::NeedsRole(Role::Owner, Some(room.name.clone())));
        }
        let missing = || ChatError::NoSuchNick(target.shown.to_string());
        let elsewhere = || ChatError::NotThere(target.shown.to_string(), room.name.clone());
        let is_member = target.person.is_some_and(|id| room.members.contains(&id));
        if matches!(action, ModAction::Kick | ModAction::Ban | ModAction::Mute) {
            self.check_not_self(target)?;
        }
        if matches!(action, ModAction::Ban | ModAction::Mute) {
            self.check_width(target)?;
        }
        match (action, target.identity) {
            (action, None) if action.names_a_person() => Err(missing()),
            (ModAction::Kick, _) if !is_member => Err(elsewhere()),
            // A guest loses role and voice when leaving the room, so cannot have them outside.
            (ModAction::Op | ModAction::Voice, Some(Identity::Guest(_))) if !is_member => Err(elsewhere()),
            (ModAction::Invite, _) if is_member => {
                Err(ChatError::AlreadyThere(target.shown.to_string(), room.name.clone()))
            }
            (ModAction::Deop, Some(identity)) => self.check_last_op(room, identity),
            _ => Ok(()),
        }
    }

    fn check_not_self(&self, target: &ModTarget) -> Result<(), ChatError> {
        if target.person != Some(self.caller.person) {
            return Ok(());
        }
        Err(ChatError::BadField { field: "nick", value: format!("{:?}", target.shown), wants: "somebody else" })
    }

    /// Refuses a mask that fits its author.
    fn check_width(&self, target: &ModTarget) -> Result<(), ChatError> {
        let own = self.person()?.form();
        match target.is_for_all() || target.pattern().is_some_and(|pattern| pattern.fits(&own)) {
            true => Err(ChatError::MaskTooWide(target.shown.to_string())),
            false => Ok(()),
        }
    }

    /// Removes the members that a target names from a room: at most `put-out` of them, because each is
    /// told to all, and other threads wait meanwhile.
    fn kick(&mut self, place: PlaceId, target: &ModTarget, text: Option<&Arc<str>>) -> PutOut {
        let mut meant = self.state.members_meant(place, target);
        let more = meant.len() > self.cx.limits.put_out;
        meant.truncate(self.cx.limits.put_out);
        let people = meant.len();
        for id in meant {
            let (Some(person), Some(room)) = (self.state.registry.person(id), self.state.rooms.get(place)) else {
                continue;
            };
            let (face, identity) = (person.face.clone(), person.identity);
            let was_op = self.state.is_op_of(room, id);
            let (room, by, time) = (Arc::clone(&room.shown), self.caller.face.clone(), self.cx.now);
            self.tell_room(place, Event::Kick { room, nick: Arc::clone(face.nick()), by, text: text.cloned(), time });
            self.put_out(id, place, None);
            self.uninvite(place, identity);
            if was_op {
                self.hand_on(place, &face);
            }
        }
        self.forget_room(place);
        PutOut { people, more }
    }

    /// Bans a person from a room. The person loses the membership, also if not online.
    fn ban(&mut self, place: PlaceId, target: &ModTarget, request: &Moderation) -> Result<PutOut, ChatError> {
        self.restrict(place, Restriction::Ban, target, request)?;
        let out = self.kick(place, target, request.text.as_ref());
        let Some(identity) = target.identity.filter(|_| self.state.rooms.get(place).is_some()) else { return Ok(out) };
        self.uninvite(place, identity);
        if let Some(person) = target.person.and_then(|id| self.state.registry.person_mut(id)) {
            person.memberships.remove(&place);
        }
        if let Identity::Account(account) = identity {
            self.cx.store(Record::MembershipEnded(account, place));
        }
        Ok(out)
    }

    /// Takes back the invitation of a person who was removed.
    fn uninvite(&mut self, place: PlaceId, identity: Identity) {
        if let Some(room) = self.state.rooms.get(place)
            && room.roles.get(&identity) == Some(&Role::Member)
        {
            self.give_role(place, identity, None);
        }
    }

    /// Puts a ban or a mute on a person, or lifts it, and tells the room.
    fn restrict(
        &mut self,
        place: PlaceId,
        restriction: Restriction,
        target: &ModTarget,
        request: &Moderation,
    ) -> Result<(), ChatError> {
        let lifted = request.lifts();
        let room = self.state.rooms.at_mut(place)?;
        if !lifted {
            room.store_once(&self.cx);
        }
        let (room, by) = (Arc::clone(&room.shown), self.caller.face.clone());
        self.set_restriction(Some(place), restriction, target, (request, by.nick()))?;
        let (nick, until, text) = (Arc::clone(&target.shown), request.until(self.cx.now), request.text.clone());
        let (mask, time) = (target.mask.clone(), self.cx.now);
        self.tell_room(place, Event::Restriction { room, restriction, lifted, nick, mask, by, until, text, time });
        Ok(())
    }

    /// Invites a person into a room. If the invitation lasts, the person may come in at any time.
    fn invite(&mut self, place: PlaceId, target: &ModTarget, lasts: bool) -> Result<(), ChatError> {
        let room = self.state.rooms.at(place)?;
        let (by, time) = (self.caller.face.clone(), self.cx.now);
        let told = |nick| Event::Invite { room: Arc::clone(&room.shown), nick, by: by.clone(), time };
        let (invite, notice) =
            (Arc::new(Letter::new(told(None))), Arc::new(Letter::new(told(Some(Arc::clone(&target.shown))))));
        let state = &*self.state;
        let is_told = |session| {
            let session = state
                .registry
                .session(session)
                .filter(|known| known.wants.invites && known.person != self.caller.person);
            session.is_some_and(|known| state.is_op_of(room, known.person))
        };
        room.fan_out(&notice, |session| !is_told(session), self.effects);
        let new = target.identity.filter(|identity| lasts && !room.roles.contains_key(identity));
        if let Some(identity) = new {
            self.set_role(place, identity, target, Some(Role::Member))?;
        }
        if let Some(id) = target.person {
            self.tell_person(id, &invite, |_| false);
        }
        Ok(())
    }

    /// Makes a person an op of a room, or takes that away.
    fn set_op(&mut self, place: PlaceId, target: &ModTarget, role: Option<Role>) -> Result<(), ChatError> {
        let room = self.state.rooms.at(place)?;
        let Some(identity) = target.identity else { return Ok(()) };
        // An owner is more than an op already, and an invited person is no op.
        if role.is_none() == (room.roles.get(&identity) < Some(&Role::Op)) {
            return Ok(());
        }
        let was = room.roles.get(&identity).copied();
        let (room, nick) = (Arc::clone(&room.shown), Arc::clone(&target.shown));
        self.set_role(place, identity, target, role)?;
        let by = self.caller.face.clone();
        self.tell_room(place, Event::Role { room, nick, role, was, by, time: self.cx.now });
        Ok(())
    }

    /// Gives a person a voice in a room, or takes it away.
    fn set_voice(&mut self, place: PlaceId, target: &ModTarget, voice: bool) -> Result<(), ChatError> {
        let room = self.state.rooms.at_mut(place)?;
        let identity = target.identity.filter(|identity| room.voices.contains(identity) != voice);
        let Some(identity) = identity else { return Ok(()) };
        room.store_once(&self.cx);
        room.give_voice(&self.cx, identity, voice);
        self.state.registry.accounts.holds(identity, place, room.knows(identity));
        let (room, nick, by) = (Arc::clone(&room.shown), Arc::clone(&target.shown), self.caller.face.clone());
        self.tell_room(place, Event::Voice { room, nick, voice, by, time: self.cx.now });
        Ok(())
    }

    /// Gives a role to a person, also outside the room. A guest loses the role when leaving the server.
    fn set_role(
        &mut self,
        place: PlaceId,
        identity: Identity,
        target: &ModTarget,
        role: Option<Role>,
    ) -> Result<(), ChatError> {
        self.state.rooms.at_mut(place)?.store_once(&self.cx);
        self.give_role(place, identity, role);
        let person = target.person.and_then(|id| self.state.registry.person_mut(id));
        if let Some(guest) = person.filter(|person| person.account().is_none()) {
            guest.invited.insert(place);
        }
        Ok(())
    }
}

impl<C> Change<'_, C> {
    /// Puts a ban or a mute on a person, or lifts it: in a room, or on the whole server.
    pub(super) fn set_restriction(
        &mut self,
        place: Option<PlaceId>,
        restriction: Restriction,
        target: &ModTarget,
        (request, by): (&Moderation, &Arc<str>),
    ) -> Result<(), ChatError> {
        let (nick, cx) = (Arc::clone(&target.shown), &self.cx);
        if request.lifts() {
            return match self.state.restrictions.lift(place, restriction, &target.targets, &nick, cx) {
                true => Ok(()),
                false => Err(ChatError::NoSuchBan(nick.to_string())),
            };
        }
        let (targets, by, text) = (target.targets.clone(), Arc::clone(by), request.text.clone());
        let (mask, until, time) = (target.mask.clone(), request.until(cx.now), cx.now);
        let record = RestrictionRecord { place, restriction, targets, nick, mask, until, by, text, time };
        self.state.restrictions.put(record, cx)
    }

    /// Gives a person a role in a room, or takes it away.
    pub(super) fn give_role(&mut self, place: PlaceId, identity: Identity, role: Option<Role>) {
        if let Some(room) = self.state.rooms.get_mut(place) {
            room.give_role(&self.cx, identity, role);
            self.state.registry.accounts.holds(identity, place, room.knows(identity));
        }
    }
}

/// A ban of `m:MASK` is a mute of the mask.
pub(super) fn muting(request: &Moderation) -> Option<Moderation> {
    let action = match request.action {
        ModAction::Ban => ModAction::Mute,
        ModAction::Unban => ModAction::Unmute,
        _ => return None,
    };
    let Whom::Mask(mask) = &request.whom else { return None };
    let whom = Whom::Mask(mask.strip_prefix(['m', 'M'])?.strip_prefix(':').filter(|mask| !mask.is_empty())?.into());
    Some(Moderation { action, whom, ..request.clone() })
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
        ModAction::Voice => Done::Voice(made),
        ModAction::Devoice => Done::Devoice(made),
    }
}
