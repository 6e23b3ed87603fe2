//! What is done about somebody in a room, or on the whole server: kick, ban, mute, invite, op. Runs under the chat lock.

use std::sync::Arc;

use super::effects::Effects;
use super::registry::Person;
use super::restrictions::{BanSubject, ban_list};
use super::{Ask, Here, PersonId, SessionId, State};
use crate::answer::{Done, Moderated, page};
use crate::command::{ModAction, Whom};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::Millis;
use crate::model::{Identity, Restriction, Role, Target, origin};
use crate::names::{Nick, RoomName};
use crate::record::{Record, RestrictionRecord};
use crate::wire::Letter;

/// What somebody wants done about somebody.
#[derive(Debug)]
pub(super) struct ModRequest {
    pub action: ModAction,
    pub everywhere: bool,
    pub whom: Whom,
    pub seconds: Option<u64>,
    pub text: Option<Arc<str>>,
}

/// Whom an order is about, as far as they are known.
pub(super) struct ModTarget {
    /// By what they are found; the first is what they were called in the order.
    pub targets: Vec<Target>,
    pub identity: Option<Identity>,
    person: Option<PersonId>,
    pub shown: Arc<str>,
}

impl State {
    /// The asking person, as bans see them.
    pub(super) fn suspect(&self, ask: &Ask<'_>) -> Result<BanSubject, ChatError> {
        self.suspect_of(ask.session).ok_or(ChatError::NameFirst)
    }

    /// Whoever has a session, as bans see them.
    pub(super) fn suspect_of(&self, session: SessionId) -> Option<BanSubject> {
        let session = self.registry.session(session)?;
        let person = self.registry.person(session.person)?;
        Some(BanSubject::new(person.identity, session.resume_id, person.nick.clone(), session.address))
    }

    /// Refuses whoever is banned from the whole server.
    pub(super) fn check_server_ban(&self, here: &Here<'_>, suspect: &BanSubject) -> Result<(), ChatError> {
        if self.registry.accounts.is_op(suspect.identity) {
            return Ok(());
        }
        match self.restrictions.on(None, Restriction::Ban, suspect, here.now) {
            Some(restriction) => Err(ChatError::Banned(None, restriction.until, restriction.text.clone())),
            None => Ok(()),
        }
    }

    /// Refuses a name that is banned from the server, or from a room in which
    /// its taker is: there they would be banned from then on, and yet inside.
    pub(super) fn check_banned_name(&self, here: &Here<'_>, session: SessionId, nick: &Nick) -> Result<(), ChatError> {
        let Some(before) = self.suspect_of(session) else { return Ok(()) };
        let suspect = BanSubject { nick: nick.clone(), ..before };
        self.check_server_ban(here, &suspect)?;
        let person = self.registry.session(session).and_then(|session| self.registry.person(session.person));
        for room in person.iter().flat_map(|person| &person.rooms).filter_map(|name| self.rooms.get(name.key())) {
            if let Some(restriction) = self.restrictions.on(Some(room.place), Restriction::Ban, &suspect, here.now)
                && self.role_in(suspect.identity, room) < Some(Role::Op)
            {
                return Err(ChatError::Banned(Some(room.name.clone()), restriction.until, restriction.text.clone()));
            }
        }
        Ok(())
    }

    /// What was for a name is for the person who had it, and has another now.
    pub(super) fn name_follows(&mut self, before: &BanSubject, here: &Here<'_>) {
        self.restrictions.follow(
            before,
            |target| matches!(target, Target::Nick(_)),
            &[Target::Resume(before.resume_id)],
            here,
        );
    }

    /// Who came in as a guest does not stay where they are banned as who they are now.
    pub(super) fn leave_where_banned(&mut self, ask: &Ask<'_>, effects: &mut Effects) {
        let rooms = self.registry.person(ask.person).map_or(Vec::new(), |person| person.rooms.clone());
        for name in rooms.iter().filter(|name| self.is_banned(ask, name)).cloned().collect::<Vec<_>>() {
            // No op among them: those are banned from nowhere.
            let Some(nick) = self.put_out(ask, ask.person, &name, effects) else { continue };
            if let Some(room) = self.rooms.get(name.key()) {
                let leave = Event::Leave { room: Arc::clone(&room.shown), nick, text: None, time: ask.now };
                room.fan_out(&Arc::new(Letter::new(leave)), |_| false, effects);
            }
            self.forget_room(&name, ask);
        }
    }

    /// Whom an order is about: somebody here, an account, or an address.
    pub(super) fn subject(&self, whom: &Whom) -> Result<ModTarget, ChatError> {
        let nick = match whom {
            Whom::Address(address) => {
                let shown = Arc::from(address.to_string());
                return Ok(ModTarget {
                    targets: vec![Target::Address(origin(*address))],
                    identity: None,
                    person: None,
                    shown,
                });
            }
            Whom::Nick(nick) => nick,
        };
        let person = self.registry.called(nick).and_then(|id| Some((id, self.registry.person(id)?)));
        if let Some((id, person)) = person {
            let targets = self.targets_of(person);
            return Ok(ModTarget {
                targets,
                identity: Some(person.identity),
                person: Some(id),
                shown: Arc::clone(&person.shown),
            });
        }
        let shown = Arc::from(nick.shown());
        match self.registry.accounts.named(nick) {
            Some(account) => {
                let (targets, identity) = (vec![Target::Account(account.id)], Some(Identity::Account(account.id)));
                let shown = Arc::from(account.nick.shown());
                Ok(ModTarget { targets, identity, person: None, shown })
            }
            None => Ok(ModTarget {
                targets: vec![Target::Nick(Arc::from(nick.key()))],
                identity: None,
                person: None,
                shown,
            }),
        }
    }

    /// By what somebody here is found again: the account, each session's stay
    /// and address; a guest on one's own machine also by the name, for there
    /// the address would be everybody's.
    fn targets_of(&self, person: &Person) -> Vec<Target> {
        let mut targets: Vec<Target> = person.account().map(Target::Account).into_iter().collect();
        let mut here = false;
        for session in person.sessions.iter().filter_map(|id| self.registry.session(*id)) {
            here |= session.address.to_canonical().is_loopback();
            let suspect = BanSubject::new(person.identity, session.resume_id, person.nick.clone(), session.address);
            let more: Vec<Target> = suspect.lasting().into_iter().filter(|target| !targets.contains(target)).collect();
            targets.extend(more);
        }
        if here && person.account().is_none() {
            targets.push(Target::Nick(Arc::from(person.nick.key())));
        }
        targets
    }

    /// Does something about somebody.
    #[inline(never)]
    pub(super) fn order(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        order: ModRequest,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        if order.everywhere {
            self.as_server_op(ask)?;
            let by = self.registry.person(ask.person).map_or_else(|| Arc::from(""), |person| Arc::clone(&person.shown));
            let ordered = self.order_everywhere(&ask.here, order.action, &order, by)?;
            ask.answer_kept(done_of(order.action, ordered), Record::Barrier, effects);
            return Ok(());
        }
        let (name, role) = match order.action {
            ModAction::Invite => self.inviting(ask, name)?,
            ModAction::Op | ModAction::Deop => self.making_ops(ask, name)?,
            ModAction::Kick | ModAction::Ban | ModAction::Unban | ModAction::Mute | ModAction::Unmute => {
                self.room_as(ask, name, Role::Op)?
            }
        };
        let subject = self.subject(&order.whom)?;
        let here = subject.person.is_some_and(|id| self.rooms.get(name.key()).is_some_and(|r| r.members.contains(&id)));
        let theirs = self.rooms.get(name.key()).and_then(|room| self.role_in(subject.identity?, room));
        if theirs > Some(role) && !matches!(order.action, ModAction::Invite | ModAction::Op) {
            return Err(ChatError::NeedsRole(Role::Owner, Some(name)));
        }
        let missing = || ChatError::NoSuchNick(subject.shown.to_string());
        match order.action {
            ModAction::Kick | ModAction::Ban | ModAction::Mute if subject.person == Some(ask.person) => {
                let value = format!("{:?}", subject.shown);
                return Err(ChatError::BadField { field: "nick", value, wants: "somebody else" });
            }
            ModAction::Kick if !here => return Err(missing()),
            ModAction::Invite | ModAction::Op | ModAction::Deop if subject.identity.is_none() => return Err(missing()),
            _ => {}
        }
        if let (ModAction::Deop, Some(identity)) = (order.action, subject.identity) {
            self.check_last_op(ask, &name, identity)?;
        }
        let until = order.seconds.map(|seconds| ask.now.saturating_add_unsigned(seconds.saturating_mul(1000)));
        let lasts = role >= Role::Op;
        let ordered = self.carry_out(ask, &name, &subject, &order, (until, lasts), effects)?;
        ask.answer_kept(done_of(order.action, ordered), Record::Barrier, effects);
        Ok(())
    }

    /// Everybody in an open room may invite, though the word of an op alone lasts; in another one only its ops.
    fn inviting(&mut self, ask: &Ask<'_>, name: Option<RoomName>) -> Result<(RoomName, Role), ChatError> {
        let name = self.own_or_any_room(ask, name)?;
        let open = self.rooms.get(name.key()).is_some_and(|room| !room.is_private());
        match self.room_as(ask, Some(name.clone()), Role::Op) {
            // It is told to those who are invited, and ends there.
            Err(_) if open => Ok((name, Role::Member)),
            other => other,
        }
    }

    /// In a registered room its owner makes ops; in another one the ops themselves do.
    fn making_ops(&mut self, ask: &Ask<'_>, name: Option<RoomName>) -> Result<(RoomName, Role), ChatError> {
        let (name, role) = self.room_as(ask, name, Role::Op)?;
        let registered = self.rooms.get(name.key()).is_some_and(|room| room.registered);
        if registered && role < Role::Owner {
            Err(ChatError::NeedsRole(Role::Owner, Some(name)))
        } else {
            Ok((name, role))
        }
    }

    /// What was checked is done, and those in the room are told.
    fn carry_out(
        &mut self,
        ask: &Ask<'_>,
        name: &RoomName,
        subject: &ModTarget,
        order: &ModRequest,
        (until, lasts): (Option<Millis>, bool),
        effects: &mut Effects,
    ) -> Result<Moderated, ChatError> {
        let by =
            self.registry.person(ask.person).map(|person| Arc::clone(&person.shown)).ok_or(ChatError::NameFirst)?;
        let room = self.rooms.get_mut(name.key()).ok_or_else(|| ChatError::NoSuchRoom(name.clone()))?;
        let (shown, nick, time, text) =
            (Arc::clone(&room.shown), Arc::clone(&subject.shown), ask.now, order.text.clone());
        let ordered = Moderated { room: Some(Arc::clone(&shown)), nick: Arc::clone(&nick), until };
        let (restriction, lifted) = match order.action {
            ModAction::Ban | ModAction::Unban => (Restriction::Ban, order.action == ModAction::Unban),
            ModAction::Mute | ModAction::Unmute => (Restriction::Mute, order.action == ModAction::Unmute),
            ModAction::Kick => {
                self.kick(ask, name, subject, &by, text, effects);
                return Ok(ordered);
            }
            ModAction::Invite => {
                if let Some(identity) = subject.identity.filter(|identity| lasts && !room.roles.contains_key(identity))
                {
                    room.keep(ask);
                    room.give_role(ask, identity, Some(Role::Member));
                    self.registry.accounts.holds(identity, room.place, Some(Role::Member));
                    self.note_invited(subject, name);
                }
                let invite = Arc::new(Letter::new(Event::Invite { room: shown, by, time }));
                for (_, outbox) in subject.person.into_iter().flat_map(|id| self.registry.outboxes(id)) {
                    effects.tell(outbox, &invite);
                }
                return Ok(ordered);
            }
            ModAction::Op | ModAction::Deop => {
                let role = (order.action == ModAction::Op).then_some(Role::Op);
                let Some(identity) = subject.identity else { return Ok(ordered) };
                // An owner is more than an op already, and who is invited only is none.
                if role.is_none() != (room.roles.get(&identity) < Some(&Role::Op)) {
                    room.keep(ask);
                    room.give_role(ask, identity, role);
                    self.registry.accounts.holds(identity, room.place, role);
                    self.note_invited(subject, name);
                    let event = Event::Role { room: shown, nick, role, by, time };
                    self.tell_room(ask, name, event, effects);
                }
                return Ok(ordered);
            }
        };
        let place = room.place;
        if lifted {
            if !self.restrictions.lift(Some(place), restriction, &subject.targets, &subject.shown, ask) {
                return Err(ChatError::NoSuchBan(subject.shown.to_string()));
            }
        } else {
            let targets = subject.targets.clone();
            let (nick, by, text) = (Arc::clone(&nick), Arc::clone(&by), text.clone());
            room.keep(ask);
            self.restrictions.put(
                RestrictionRecord { place: Some(place), restriction, targets, nick, until, by, text, time },
                ask,
            )?;
        }
        let event = Event::Restriction {
            room: shown,
            restriction,
            lifted,
            nick,
            by: Arc::clone(&by),
            until,
            text: text.clone(),
            time,
        };
        self.tell_room(ask, name, event, effects);
        if (restriction, lifted) == (Restriction::Ban, false) {
            self.kick(ask, name, subject, &by, text, effects);
            self.take_home(ask, name, subject);
        }
        Ok(ordered)
    }

    /// Notes in which room a guest has a role, who may not be there: it is taken from them when they go.
    fn note_invited(&mut self, subject: &ModTarget, name: &RoomName) {
        let guest = subject.person.filter(|_| matches!(subject.identity, Some(Identity::Guest(_))));
        if let Some(guest) = guest.and_then(|id| self.registry.person_mut(id)) {
            guest.invited.insert(name.clone());
        }
    }

    /// Puts whoever is meant out of a room.
    fn kick(
        &mut self,
        ask: &Ask<'_>,
        name: &RoomName,
        subject: &ModTarget,
        by: &Arc<str>,
        text: Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        for id in self.meant(subject, name) {
            let Some(person) = self.registry.person(id) else { continue };
            let (nick, identity, kept_order) = (Arc::clone(&person.shown), person.identity, self.keeps_order(id, name));
            let Some(shown) = self.rooms.get(name.key()).map(|room| Arc::clone(&room.shown)) else { return };
            let kick = Event::Kick {
                room: shown,
                nick: Arc::clone(&nick),
                by: Arc::clone(by),
                text: text.clone(),
                time: ask.now,
            };
            self.tell_room(ask, name, kick, effects);
            self.put_out(ask, id, name, effects);
            // Who is put out is not invited any more.
            if let Some(room) = self.rooms.get_mut(name.key())
                && room.roles.get(&identity) == Some(&Role::Member)
            {
                room.give_role(ask, identity, None);
                self.registry.accounts.holds(identity, room.place, None);
            }
            if kept_order {
                self.hand_on(name, &nick, ask, effects);
            }
        }
        self.forget_room(name, ask);
    }

    /// A room is not the home of who is banned from it while away, nor are they invited: it is told to them no more.
    fn take_home(&mut self, ask: &Ask<'_>, name: &RoomName, subject: &ModTarget) {
        let (Some(identity), Some(room)) = (subject.identity, self.rooms.get_mut(name.key())) else { return };
        if room.roles.get(&identity) == Some(&Role::Member) {
            room.give_role(ask, identity, None);
            self.registry.accounts.holds(identity, room.place, None);
        }
        let place = room.place;
        if let Some(person) = subject.person.and_then(|id| self.registry.person_mut(id)) {
            person.memberships.remove(&place);
        }
        if let Identity::Account(account) = identity {
            ask.keep(Record::MembershipEnded(account, place));
        }
    }

    /// The members of a room whom an order means: a person, or all guests from an address but its ops.
    fn meant(&self, subject: &ModTarget, name: &RoomName) -> Vec<PersonId> {
        let Some(room) = self.rooms.get(name.key()) else { return Vec::new() };
        let is_found = |session: &SessionId| self.suspect_of(*session).is_some_and(|s| s.is_any(&subject.targets));
        match subject.person {
            Some(id) => room.members.contains(&id).then_some(id).into_iter().collect(),
            None => {
                let sessions = |id: &PersonId| self.registry.person(*id).map_or(&[][..], |person| &person.sessions);
                let meant = |id: &&PersonId| sessions(id).iter().any(is_found) && !self.keeps_order(**id, name);
                room.members.iter().filter(meant).copied().collect()
            }
        }
    }

    pub(super) fn bans(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        everywhere: bool,
        skip: u64,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        let (room, restrictions) = if everywhere {
            self.as_server_op(ask)?;
            (None, self.restrictions.at(None))
        } else {
            let (name, _) = self.room_as(ask, name, Role::Op)?;
            let room = self.rooms.get(name.key()).ok_or(ChatError::NoSuchRoom(name))?;
            (Some(Arc::clone(&room.shown)), self.restrictions.at(Some(room.place)))
        };
        let in_force = ban_list(restrictions, ask.now);
        let mut rows = in_force.skip(usize::try_from(skip).unwrap_or(usize::MAX)).peekable();
        let bans = page(&mut rows, ask.limits.members_page, ask.limits.answer_bytes);
        let more = rows.peek().is_some();
        ask.answer(Done::Bans { room, bans, skip, more }, effects);
        Ok(())
    }
}

/// The answer to a deed about somebody.
fn done_of(action: ModAction, ordered: Moderated) -> Done {
    match action {
        ModAction::Invite => Done::Invite(ordered),
        ModAction::Kick => Done::Kick(ordered),
        ModAction::Ban => Done::Ban(ordered),
        ModAction::Unban => Done::Unban(ordered),
        ModAction::Mute => Done::Mute(ordered),
        ModAction::Unmute => Done::Unmute(ordered),
        ModAction::Op => Done::Op(ordered),
        ModAction::Deop => Done::Deop(ordered),
    }
}
