//! What is done about somebody in a room, or on the whole server: kick, ban, mute, invite, op. Runs under the chat lock.

use std::sync::Arc;

use super::curbed::{Suspect, ban_list};
use super::registry::Person;
use super::touched::Touched;
use super::{Ask, Here, PersonId, SessionId, State};
use crate::command::{Deed, Whom};
use crate::error::ChatError;
use crate::event::{Done, Event, Millis, Ordered, page};
use crate::names::{Nick, RoomName};
use crate::record::{Curb, CurbRecord, Record, Role, Target, Who, origin};
use crate::wire::Letter;

/// What somebody wants done about somebody.
#[derive(Debug)]
pub(super) struct Order {
    pub deed: Deed,
    pub everywhere: bool,
    pub whom: Whom,
    pub seconds: Option<u64>,
    pub text: Option<Arc<str>>,
}

/// Whom an order is about, as far as they are known.
pub(super) struct Subject {
    /// By what they are found; the first is what they were called in the order.
    pub targets: Vec<Target>,
    pub who: Option<Who>,
    person: Option<PersonId>,
    pub shown: Arc<str>,
}

impl State {
    /// The asking person, as bans see them.
    pub(super) fn suspect(&self, ask: &Ask<'_>) -> Result<Suspect, ChatError> {
        self.suspect_of(ask.session).ok_or(ChatError::NameFirst)
    }

    /// Whoever has a session, as bans see them.
    pub(super) fn suspect_of(&self, session: SessionId) -> Option<Suspect> {
        let session = self.registry.session(session)?;
        let person = self.registry.person(session.person)?;
        Some(Suspect::new(person.who, session.stay, person.nick.clone(), session.address))
    }

    /// Refuses whoever is banned from the whole server.
    pub(super) fn check_server_ban(&self, here: &Here<'_>, suspect: &Suspect) -> Result<(), ChatError> {
        if self.registry.accounts.is_op(suspect.who) {
            return Ok(());
        }
        match self.curbs.on(None, Curb::Ban, suspect, here.now) {
            Some(curb) => Err(ChatError::Banned(None, curb.until, curb.text.clone())),
            None => Ok(()),
        }
    }

    /// Refuses a name that is banned from the server, or from a room in which
    /// its taker is: there they would be banned from then on, and yet inside.
    pub(super) fn check_banned_name(&self, here: &Here<'_>, session: SessionId, nick: &Nick) -> Result<(), ChatError> {
        let Some(before) = self.suspect_of(session) else { return Ok(()) };
        let suspect = Suspect { nick: nick.clone(), ..before };
        self.check_server_ban(here, &suspect)?;
        let person = self.registry.session(session).and_then(|session| self.registry.person(session.person));
        for room in person.iter().flat_map(|person| &person.rooms).filter_map(|name| self.rooms.get(name.key())) {
            if let Some(curb) = self.curbs.on(Some(room.place), Curb::Ban, &suspect, here.now)
                && self.role_in(suspect.who, room) < Some(Role::Op)
            {
                return Err(ChatError::Banned(Some(room.name.clone()), curb.until, curb.text.clone()));
            }
        }
        Ok(())
    }

    /// What was for a name is for the person who had it, and has another now.
    pub(super) fn name_follows(&mut self, before: &Suspect, here: &Here<'_>) {
        self.curbs.follow(before, |target| matches!(target, Target::Nick(_)), &[Target::Stay(before.stay)], here);
    }

    /// Who came in as a guest does not stay where they are banned as who they are now.
    pub(super) fn leave_where_banned(&mut self, ask: &Ask<'_>, touched: &mut Touched) {
        let rooms = self.registry.person(ask.person).map_or(Vec::new(), |person| person.rooms.clone());
        for name in rooms.iter().filter(|name| self.is_banned(ask, name)).cloned().collect::<Vec<_>>() {
            // No op among them: those are banned from nowhere.
            let Some(nick) = self.put_out(ask, ask.person, &name, touched) else { continue };
            if let Some(room) = self.rooms.get(name.key()) {
                let leave = Event::Leave { room: Arc::clone(&room.shown), nick, text: None, time: ask.now };
                room.fan_out(&Arc::new(Letter::new(leave)), |_| false, touched);
            }
            self.forget_room(&name, ask);
        }
    }

    /// Whom an order is about: somebody here, an account, or an address.
    pub(super) fn subject(&self, whom: &Whom) -> Result<Subject, ChatError> {
        let nick = match whom {
            Whom::Address(address) => {
                let shown = Arc::from(address.to_string());
                return Ok(Subject {
                    targets: vec![Target::Address(origin(*address))],
                    who: None,
                    person: None,
                    shown,
                });
            }
            Whom::Nick(nick) => nick,
        };
        let person = self.registry.called(nick).and_then(|id| Some((id, self.registry.person(id)?)));
        if let Some((id, person)) = person {
            let targets = self.targets_of(person);
            return Ok(Subject { targets, who: Some(person.who), person: Some(id), shown: Arc::clone(&person.shown) });
        }
        let shown = Arc::from(nick.shown());
        match self.registry.accounts.named(nick) {
            Some(account) => {
                let (targets, who) = (vec![Target::Account(account.id)], Some(Who::Account(account.id)));
                let shown = Arc::from(account.nick.shown());
                Ok(Subject { targets, who, person: None, shown })
            }
            None => Ok(Subject { targets: vec![Target::Nick(Arc::from(nick.key()))], who: None, person: None, shown }),
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
            let suspect = Suspect::new(person.who, session.stay, person.nick.clone(), session.address);
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
        order: Order,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        if order.everywhere {
            self.as_server_op(ask)?;
            let by = self.registry.person(ask.person).map_or_else(|| Arc::from(""), |person| Arc::clone(&person.shown));
            let ordered = self.order_everywhere(&ask.here, order.deed, &order, by)?;
            ask.answer_kept(done_of(order.deed, ordered), Record::Mark, touched);
            return Ok(());
        }
        let (name, role) = match order.deed {
            Deed::Invite => self.inviting(ask, name)?,
            Deed::Op | Deed::Deop => self.making_ops(ask, name)?,
            Deed::Kick | Deed::Ban | Deed::Unban | Deed::Mute | Deed::Unmute => self.room_as(ask, name, Role::Op)?,
        };
        let subject = self.subject(&order.whom)?;
        let here = subject.person.is_some_and(|id| self.rooms.get(name.key()).is_some_and(|r| r.members.contains(&id)));
        let theirs = self.rooms.get(name.key()).and_then(|room| self.role_in(subject.who?, room));
        if theirs > Some(role) && !matches!(order.deed, Deed::Invite | Deed::Op) {
            return Err(ChatError::NeedsRole(Role::Owner, Some(name)));
        }
        let missing = || ChatError::NoSuchNick(subject.shown.to_string());
        match order.deed {
            Deed::Kick | Deed::Ban | Deed::Mute if subject.person == Some(ask.person) => {
                let value = format!("{:?}", subject.shown);
                return Err(ChatError::BadField { field: "nick", value, wants: "somebody else" });
            }
            Deed::Kick if !here => return Err(missing()),
            Deed::Invite | Deed::Op | Deed::Deop if subject.who.is_none() => return Err(missing()),
            _ => {}
        }
        if let (Deed::Deop, Some(who)) = (order.deed, subject.who) {
            self.check_last_op(ask, &name, who)?;
        }
        let until = order.seconds.map(|seconds| ask.now.saturating_add_unsigned(seconds.saturating_mul(1000)));
        let lasts = role >= Role::Op;
        let ordered = self.carry_out(ask, &name, &subject, &order, (until, lasts), touched)?;
        ask.answer_kept(done_of(order.deed, ordered), Record::Mark, touched);
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
        subject: &Subject,
        order: &Order,
        (until, lasts): (Option<Millis>, bool),
        touched: &mut Touched,
    ) -> Result<Ordered, ChatError> {
        let by =
            self.registry.person(ask.person).map(|person| Arc::clone(&person.shown)).ok_or(ChatError::NameFirst)?;
        let room = self.rooms.get_mut(name.key()).ok_or_else(|| ChatError::NoSuchRoom(name.clone()))?;
        let (shown, nick, time, text) =
            (Arc::clone(&room.shown), Arc::clone(&subject.shown), ask.now, order.text.clone());
        let ordered = Ordered { room: Some(Arc::clone(&shown)), nick: Arc::clone(&nick), until };
        let (curb, lifted) = match order.deed {
            Deed::Ban | Deed::Unban => (Curb::Ban, order.deed == Deed::Unban),
            Deed::Mute | Deed::Unmute => (Curb::Mute, order.deed == Deed::Unmute),
            Deed::Kick => {
                self.kick(ask, name, subject, &by, text, touched);
                return Ok(ordered);
            }
            Deed::Invite => {
                if let Some(who) = subject.who.filter(|who| lasts && !room.roles.contains_key(who)) {
                    room.keep(ask);
                    room.give_role(ask, who, Some(Role::Member));
                    self.registry.accounts.holds(who, room.place, Some(Role::Member));
                    self.note_invited(subject, name);
                }
                let invite = Arc::new(Letter::new(Event::Invite { room: shown, by, time }));
                for (_, outbox) in subject.person.into_iter().flat_map(|id| self.registry.outboxes(id)) {
                    touched.tell(outbox, &invite, false);
                }
                return Ok(ordered);
            }
            Deed::Op | Deed::Deop => {
                let role = (order.deed == Deed::Op).then_some(Role::Op);
                let Some(who) = subject.who else { return Ok(ordered) };
                // An owner is more than an op already, and who is invited only is none.
                if role.is_none() != (room.roles.get(&who) < Some(&Role::Op)) {
                    room.keep(ask);
                    room.give_role(ask, who, role);
                    self.registry.accounts.holds(who, room.place, role);
                    self.note_invited(subject, name);
                    let event = Event::Role { room: shown, nick, role, by, time };
                    self.tell_room(ask, name, event, touched);
                }
                return Ok(ordered);
            }
        };
        let place = room.place;
        if lifted {
            if !self.curbs.lift(Some(place), curb, &subject.targets, &subject.shown, ask) {
                return Err(ChatError::NoSuchBan(subject.shown.to_string()));
            }
        } else {
            let targets = subject.targets.clone();
            let (nick, by, text) = (Arc::clone(&nick), Arc::clone(&by), text.clone());
            room.keep(ask);
            self.curbs.put(CurbRecord { place: Some(place), curb, targets, nick, until, by, text, time }, ask)?;
        }
        let event =
            Event::Curb { room: shown, curb, lifted, nick, by: Arc::clone(&by), until, text: text.clone(), time };
        self.tell_room(ask, name, event, touched);
        if (curb, lifted) == (Curb::Ban, false) {
            self.kick(ask, name, subject, &by, text, touched);
            self.take_home(ask, name, subject);
        }
        Ok(ordered)
    }

    /// Notes in which room a guest has a role, who may not be there: it is taken from them when they go.
    fn note_invited(&mut self, subject: &Subject, name: &RoomName) {
        let guest = subject.person.filter(|_| matches!(subject.who, Some(Who::Guest(_))));
        if let Some(guest) = guest.and_then(|id| self.registry.person_mut(id)) {
            guest.invited.insert(name.clone());
        }
    }

    /// Puts whoever is meant out of a room.
    fn kick(
        &mut self,
        ask: &Ask<'_>,
        name: &RoomName,
        subject: &Subject,
        by: &Arc<str>,
        text: Option<Arc<str>>,
        touched: &mut Touched,
    ) {
        for id in self.meant(subject, name) {
            let Some(person) = self.registry.person(id) else { continue };
            let (nick, who, kept_order) = (Arc::clone(&person.shown), person.who, self.keeps_order(id, name));
            let Some(shown) = self.rooms.get(name.key()).map(|room| Arc::clone(&room.shown)) else { return };
            let kick = Event::Kick {
                room: shown,
                nick: Arc::clone(&nick),
                by: Arc::clone(by),
                text: text.clone(),
                time: ask.now,
            };
            self.tell_room(ask, name, kick, touched);
            self.put_out(ask, id, name, touched);
            // Who is put out is not invited any more.
            if let Some(room) = self.rooms.get_mut(name.key())
                && room.roles.get(&who) == Some(&Role::Member)
            {
                room.give_role(ask, who, None);
                self.registry.accounts.holds(who, room.place, None);
            }
            if kept_order {
                self.hand_on(name, &nick, ask, touched);
            }
        }
        self.forget_room(name, ask);
    }

    /// A room is not the home of who is banned from it while away, nor are they invited: it is told to them no more.
    fn take_home(&mut self, ask: &Ask<'_>, name: &RoomName, subject: &Subject) {
        let (Some(who), Some(room)) = (subject.who, self.rooms.get_mut(name.key())) else { return };
        if room.roles.get(&who) == Some(&Role::Member) {
            room.give_role(ask, who, None);
            self.registry.accounts.holds(who, room.place, None);
        }
        let place = room.place;
        if let Some(person) = subject.person.and_then(|id| self.registry.person_mut(id)) {
            person.own.remove(&place);
        }
        if let Who::Account(account) = who {
            ask.keep(Record::SeatGone(account, place));
        }
    }

    /// The members of a room whom an order means: a person, or all guests from an address but its ops.
    fn meant(&self, subject: &Subject, name: &RoomName) -> Vec<PersonId> {
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
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        let (room, curbs) = if everywhere {
            self.as_server_op(ask)?;
            (None, self.curbs.at(None))
        } else {
            let (name, _) = self.room_as(ask, name, Role::Op)?;
            let room = self.rooms.get(name.key()).ok_or(ChatError::NoSuchRoom(name))?;
            (Some(Arc::clone(&room.shown)), self.curbs.at(Some(room.place)))
        };
        let in_force = ban_list(curbs, ask.now);
        let mut rows = in_force.skip(usize::try_from(skip).unwrap_or(usize::MAX)).peekable();
        let bans = page(&mut rows, ask.limits.members_page, ask.limits.answer_bytes);
        let more = rows.peek().is_some();
        ask.answer(Done::Bans { room, bans, skip, more }, touched);
        Ok(())
    }
}

/// The answer to a deed about somebody.
fn done_of(deed: Deed, ordered: Ordered) -> Done {
    match deed {
        Deed::Invite => Done::Invite(ordered),
        Deed::Kick => Done::Kick(ordered),
        Deed::Ban => Done::Ban(ordered),
        Deed::Unban => Done::Unban(ordered),
        Deed::Mute => Done::Mute(ordered),
        Deed::Unmute => Done::Unmute(ordered),
        Deed::Op => Done::Op(ordered),
        Deed::Deop => Done::Deop(ordered),
    }
}
