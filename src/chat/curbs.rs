//! What is done about somebody in a room, or on the whole server: kick, ban, mute, invite, op. Runs under the chat lock.

use std::sync::Arc;

use super::registry::Person;
use super::room::Room;
use super::touched::Touched;
use super::{Ask, Here, PersonId, State};
use crate::command::{Deed, Whom};
use crate::error::ChatError;
use crate::event::{BanInfo, Done, Event, Millis, Ordered, page};
use crate::names::{Nick, RoomName};
use crate::record::{AccountId, Address, Curb, CurbRecord, Record, Role, Target, Who};
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
    pub target: Target,
    pub who: Option<Who>,
    person: Option<PersonId>,
    pub shown: Arc<str>,
}

/// Somebody, as bans see them.
#[derive(Clone, Copy)]
pub(super) struct Suspect<'a> {
    pub who: Who,
    pub nick: &'a Nick,
    pub address: Address,
}

impl Suspect<'_> {
    /// The curb of this kind among `curbs` that is in force for them.
    pub fn curbed<'c>(&self, curbs: &'c [CurbRecord], kind: Curb, now: Millis) -> Option<&'c CurbRecord> {
        let meant = |target: &Target| match target {
            Target::Account(id) => self.who == Who::Account(*id),
            // An account answers for itself, wherever it comes from.
            Target::Address(address) => {
                matches!(self.who, Who::Guest(_)) && address.to_canonical() == self.address.to_canonical()
            }
            Target::Nick(key) => matches!(self.who, Who::Guest(_)) && **key == *self.nick.key(),
        };
        curbs.iter().filter(|curb| in_force(curb, now)).find(|curb| curb.curb == kind && meant(&curb.target))
    }
}

impl Room {
    /// Puts a curb in the place of an earlier one for the same.
    fn curb(&mut self, curb: CurbRecord, here: &Here<'_>) -> Result<(), ChatError> {
        put(&mut self.curbs, curb.clone(), here)?;
        self.keep(here);
        here.keep(Record::Curb(curb));
        Ok(())
    }
}

/// Puts a curb in the place of an earlier one for the same, and forgets those that are over.
pub(super) fn put(curbs: &mut Vec<CurbRecord>, curb: CurbRecord, here: &Here<'_>) -> Result<(), ChatError> {
    curbs.retain(|old| in_force(old, here.now));
    curbs.retain(|old| old.curb != curb.curb || old.target != curb.target);
    if curbs.len() >= here.limits.bans {
        return Err(ChatError::TooManyBans(here.limits.bans));
    }
    curbs.push(curb);
    Ok(())
}

impl State {
    pub(super) fn suspect<'a>(&'a self, ask: &Ask<'_>) -> Result<Suspect<'a>, ChatError> {
        let person = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?;
        Ok(Suspect { who: person.who, nick: &person.nick, address: ask.address })
    }

    /// Refuses whoever is banned from the whole server.
    pub(super) fn check_server_ban(
        &self,
        here: &Here<'_>,
        who: Who,
        nick: &Nick,
        address: Address,
    ) -> Result<(), ChatError> {
        if self.registry.accounts.is_op(who) {
            return Ok(());
        }
        match (Suspect { who, nick, address }).curbed(&self.curbs, Curb::Ban, here.now) {
            Some(curb) => Err(ChatError::Banned(None, curb.until, curb.text.clone())),
            None => Ok(()),
        }
    }

    /// Who was banned or muted as a guest is so as the account they are about to become.
    pub(super) fn take_curbs_along(&mut self, ask: &Ask<'_>, account: AccountId) {
        let Ok(Suspect { who, nick, address }) = self.suspect(ask) else { return };
        let (nick, rooms) = (nick.clone(), self.registry.person(ask.person).map_or(Vec::new(), |p| p.rooms.clone()));
        for name in rooms {
            let Some(room) = self.rooms.get_mut(name.key()) else { continue };
            for kind in [Curb::Ban, Curb::Mute] {
                let suspect = Suspect { who, nick: &nick, address };
                let Some(curb) = suspect.curbed(&room.curbs, kind, ask.now).cloned() else { continue };
                // If there are too many, the guest's stays, which is for the same name.
                let _ = room.curb(CurbRecord { target: Target::Account(account), ..curb }, ask);
            }
        }
    }

    /// Whom an order is about: somebody here, an account, or an address.
    pub(super) fn subject(&self, whom: &Whom) -> Result<Subject, ChatError> {
        let nick = match whom {
            Whom::Address(address) => {
                let shown = Arc::from(address.to_string());
                return Ok(Subject { target: Target::Address(*address), who: None, person: None, shown });
            }
            Whom::Nick(nick) => nick,
        };
        let person = self.registry.called(nick).and_then(|id| Some((id, self.registry.person(id)?)));
        if let Some((id, person)) = person {
            let target = match person.who {
                Who::Account(account) => Target::Account(account),
                Who::Guest(_) => self.guest_target(person),
            };
            return Ok(Subject { target, who: Some(person.who), person: Some(id), shown: Arc::clone(&person.shown) });
        }
        let shown = Arc::from(nick.shown());
        match self.registry.accounts.named(nick) {
            Some(account) => {
                let (target, who) = (Target::Account(account.id), Some(Who::Account(account.id)));
                let shown = Arc::from(account.nick.shown());
                Ok(Subject { target, who, person: None, shown })
            }
            None => Ok(Subject { target: Target::Nick(Arc::from(nick.key())), who: None, person: None, shown }),
        }
    }

    /// A guest is banned by where they come from. On one's own machine that
    /// would be everybody; there it is by the name.
    fn guest_target(&self, person: &Person) -> Target {
        let address = person.sessions.first().and_then(|id| self.registry.session(*id)).map(|session| session.address);
        match address.filter(|address| !address.to_canonical().is_loopback()) {
            Some(address) => Target::Address(address),
            None => Target::Nick(Arc::from(person.nick.key())),
        }
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
            Deed::Kick if !here => return Err(missing()),
            Deed::Invite | Deed::Op | Deed::Deop if subject.who.is_none() => return Err(missing()),
            _ => {}
        }
        let until = order.seconds.map(|seconds| ask.now.saturating_add_unsigned(seconds.saturating_mul(1000)));
        let ordered = self.carry_out(ask, &name, &subject, &order, until, touched)?;
        ask.answer_kept(done_of(order.deed, ordered), Record::Mark, touched);
        Ok(())
    }

    /// Everybody in an open room may invite; in another one only its ops.
    fn inviting(&mut self, ask: &Ask<'_>, name: Option<RoomName>) -> Result<(RoomName, Role), ChatError> {
        let room = self.own_room(ask, name)?;
        let (name, open) = (room.name.clone(), !room.is_private());
        if open { Ok((name, Role::Member)) } else { self.room_as(ask, Some(name), Role::Op) }
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
        until: Option<Millis>,
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
                if let Some(who) = subject.who.filter(|who| !room.roles.contains_key(who)) {
                    room.keep(ask);
                    room.give_role(ask, who, Some(Role::Member));
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
                    let event = Event::Role { room: shown, nick, role, by, time };
                    self.tell_room(ask, name, event, touched);
                }
                return Ok(ordered);
            }
        };
        let place = room.place;
        if lifted {
            // They may have another target now than when it began: the name counts, too.
            let same =
                |old: &CurbRecord| old.curb == curb && (old.target == subject.target || old.nick == subject.shown);
            let gone: Vec<CurbRecord> = room.curbs.extract_if(.., |old| same(old)).collect();
            let lifts = gone.iter().any(|old| in_force(old, ask.now));
            gone.into_iter().for_each(|old| ask.keep(Record::CurbGone(Some(place), curb, old.target)));
            if !lifts {
                return Err(ChatError::NoSuchBan(subject.shown.to_string()));
            }
        } else {
            let target = subject.target.clone();
            let (nick, by, text) = (Arc::clone(&nick), Arc::clone(&by), text.clone());
            room.curb(CurbRecord { place: Some(place), curb, target, nick, until, by, text, time }, ask)?;
        }
        let event =
            Event::Curb { room: shown, curb, lifted, nick, by: Arc::clone(&by), until, text: text.clone(), time };
        self.tell_room(ask, name, event, touched);
        if (curb, lifted) == (Curb::Ban, false) {
            self.kick(ask, name, subject, &by, text, touched);
        }
        Ok(ordered)
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
        for id in self.meant(&subject.target, subject.person, name) {
            let Some(nick) = self.registry.person(id).map(|person| Arc::clone(&person.shown)) else { continue };
            let Some(shown) = self.rooms.get(name.key()).map(|room| Arc::clone(&room.shown)) else { return };
            let kick = Event::Kick { room: shown, nick, by: Arc::clone(by), text: text.clone(), time: ask.now };
            self.tell_room(ask, name, kick, touched);
            self.put_out(ask, id, name, touched);
        }
        self.forget_room(name, ask);
    }

    /// The members of a room that a target means.
    fn meant(&self, target: &Target, person: Option<PersonId>, name: &RoomName) -> Vec<PersonId> {
        let Some(room) = self.rooms.get(name.key()) else { return Vec::new() };
        let from = |id: &PersonId, wanted: &Address| {
            let person = self.registry.person(*id);
            let sessions = person.filter(|person| person.account().is_none()).map(|person| &person.sessions);
            sessions.into_iter().flatten().filter_map(|id| self.registry.session(*id)).any(|s| s.address == *wanted)
        };
        let is_meant = |id: &PersonId| match target {
            Target::Address(address) if person.is_none() => from(id, address),
            _ => Some(*id) == person,
        };
        room.members.iter().filter(|id| is_meant(id)).copied().collect()
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
            (None, &self.curbs)
        } else {
            let (name, _) = self.room_as(ask, name, Role::Op)?;
            let room = self.rooms.get(name.key()).ok_or(ChatError::NoSuchRoom(name))?;
            (Some(Arc::clone(&room.shown)), &room.curbs)
        };
        let in_force = ban_list(curbs, ask.now);
        let mut rows = in_force.skip(usize::try_from(skip).unwrap_or(usize::MAX)).peekable();
        let bans = page(&mut rows, ask.limits.members_page, ask.limits.answer_bytes);
        let more = rows.peek().is_some();
        ask.answer(Done::Bans { room, bans, skip, more }, touched);
        Ok(())
    }
}

/// Whether it is not over yet.
pub(super) fn in_force(curb: &CurbRecord, now: Millis) -> bool {
    curb.until.is_none_or(|until| until > now)
}

/// The curbs that are in force.
pub(super) fn ban_list(curbs: &[CurbRecord], now: Millis) -> impl Iterator<Item = BanInfo> {
    let info = |curb: &CurbRecord| BanInfo {
        curb: curb.curb,
        nick: Arc::clone(&curb.nick),
        until: curb.until,
        by: Arc::clone(&curb.by),
        text: curb.text.clone(),
        time: curb.time,
    };
    curbs.iter().filter(move |curb| in_force(curb, now)).map(info)
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
