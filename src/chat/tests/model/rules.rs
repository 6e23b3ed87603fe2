//! The rules of the chat once more, as short as they can be told. Knows no chat.

use super::*;

#[derive(Default)]
struct Place {
    /// The op first.
    members: Vec<usize>,
    seq: u64,
    voices: Vec<usize>,
    /// Whether only ops and voices speak.
    quiet: bool,
    /// How many members there may be; 0 is as many as like.
    limit: usize,
}

impl Place {
    fn is_op(&self, session: usize) -> bool {
        self.members.first() == Some(&session)
    }

    fn hears(&self, session: usize) -> bool {
        !self.quiet || self.is_op(session) || self.voices.contains(&session)
    }

    fn is_full(&self) -> bool {
        self.limit > 0 && self.members.len() >= self.limit
    }

    /// Those who hear what a member does.
    fn audience(&self, session: usize) -> Vec<usize> {
        self.members.iter().copied().filter(|member| *member != session || !skips_own(session)).collect()
    }
}

/// The name of each session, its rooms, and how many messages were said in each room.
#[derive(Default)]
pub(super) struct Model {
    pub(super) names: [Option<usize>; SESSIONS],
    rooms: BTreeMap<usize, Place>,
    /// In which rooms each session is, in the order in which it came.
    joined: [Vec<usize>; SESSIONS],
    /// The sessions whose page is closed, in the order in which that happened.
    closed: Vec<usize>,
    /// What each session hears in this step.
    pub(super) heard: [Vec<String>; SESSIONS],
}

impl Model {
    fn name(&self, session: usize) -> &'static str {
        self.names[session].map_or("nobody", |name| NICKS[name].0)
    }

    fn is_free(&self, name: usize, session: usize) -> bool {
        let taken = |other: usize| self.names[other].is_some_and(|other| NICKS[other].1 == NICKS[name].1);
        (0..SESSIONS).all(|other| other == session || !taken(other))
    }

    fn is_in(&self, session: usize, room: usize) -> bool {
        self.rooms.get(&room).is_some_and(|place| place.members.contains(&session))
    }

    fn neighbours(&self, session: usize) -> Vec<usize> {
        let shares = |other: usize| (0..ROOMS.len()).any(|room| self.is_in(session, room) && self.is_in(other, room));
        (0..SESSIONS).filter(|other| *other != session && shares(*other)).collect()
    }

    fn tell(&mut self, to: &[usize], line: &str) {
        to.iter().for_each(|session| self.heard[*session].push(line.to_owned()));
    }

    /// Whether a session may come into a room, or is there already.
    fn may_join(&self, session: usize, room: usize) -> bool {
        self.is_in(session, room) || self.rooms.get(&room).is_none_or(|place| !place.is_full())
    }

    fn join(&mut self, session: usize, room: usize) {
        let Place { members, seq, .. } = self.rooms.entry(room).or_default();
        let others = members.clone();
        if !members.contains(&session) {
            members.push(session);
            self.joined[session].push(room);
        }
        let (total, seq, first) = (members.len(), *seq, seq.saturating_sub(2));
        let mut names: Vec<_> = members.clone().into_iter().map(|member| self.name(member)).collect();
        names.sort_by_key(|name| name.to_lowercase());
        if !others.contains(&session) {
            self.tell(&others, &format!("{} joins {}", self.name(session), ROOMS[room]));
        }
        let recent: Vec<_> = (first + 1..=seq).collect();
        let more = if first > 0 { ", more" } else { "" };
        let heard = [
            format!("in {}, last {seq}, {total} members", ROOMS[room]),
            format!("members of {} {}", ROOMS[room], names.join(", ")),
            format!("history of {} {recent:?}{more}", ROOMS[room]),
        ];
        self.heard[session].extend(heard);
    }

    /// Takes a session out of a room. The first member is the op. After it comes the member that
    /// has been in the room longest; members whose page is not closed come before the others.
    /// Returns the new op, if it is another one.
    fn take_out(&mut self, session: usize, room: usize) -> Option<usize> {
        let mut next = None;
        if let Some(Place { members, voices, .. }) = self.rooms.get_mut(&room) {
            voices.retain(|voice| *voice != session);
            let was_op = members.first() == Some(&session);
            members.retain(|member| *member != session);
            if was_op {
                let open = members.iter().position(|member| !self.closed.contains(member)).unwrap_or(0);
                next = members.get(open).copied();
                members.get_mut(..=open).into_iter().for_each(|members| members.rotate_right(1));
            }
        }
        self.joined[session].retain(|joined| *joined != room);
        self.rooms.retain(|_, place| !place.members.is_empty());
        next
    }

    /// Tells a room its new op after `session` left.
    fn hand_on(&mut self, session: usize, room: usize, next: Option<usize>) {
        let Some(next) = next else { return };
        let line = format!("{} makes {} Some(Op) of {}", self.name(session), self.name(next), ROOMS[room]);
        let others = self.rooms.get(&room).map_or(Vec::new(), |place| place.members.clone());
        self.tell(&others, &line);
    }

    /// Does a step, and says whether the chat must allow it.
    pub(super) fn does(&mut self, step: &Step) -> bool {
        match *step {
            Step::Enter(session, name, ref rooms) => {
                if !self.is_free(name, session) {
                    return false;
                }
                self.names[session] = Some(name);
                self.tell(&[session], &format!("ok: hello {}", NICKS[name].0));
                for room in rooms {
                    match self.may_join(session, *room) {
                        true => self.join(session, *room),
                        false => self.tell(&[session], &format!("error: room-full {}", ROOMS[*room])),
                    }
                }
            }
            Step::Join(session, room) => {
                if !self.may_join(session, room) {
                    return false;
                }
                self.tell(&[session], &format!("ok: join {}", ROOMS[room]));
                self.join(session, room);
            }
            Step::Leave(session, room) => return self.leaves(session, room),
            Step::Rename(session, name) => return self.renames(session, name),
            Step::Say(session, room) => {
                if !self.is_in(session, room) {
                    return false;
                }
                let Some(place) = self.rooms.get_mut(&room).filter(|place| place.hears(session)) else { return false };
                place.seq += 1;
                let (seq, hearing) = (place.seq, place.audience(session));
                self.tell(&hearing, &format!("{} {seq} {}: hi", ROOMS[room], self.name(session)));
                self.tell(&[session], &format!("ok: {} {seq}", ROOMS[room]));
            }
            Step::Voice(session, other, room, voice) => return self.voice(session, other, room, voice),
            Step::Set(session, room, quiet, limit) => return self.sets(session, room, (quiet, limit)),
            Step::Drop(session, reason) => self.drop(session, REASONS[reason]),
            Step::Close(session) => self.closed.push(session),
            Step::Return(session) => self.comes_back(session),
            Step::Expire => {
                if self.closed.is_empty() {
                    return false;
                }
                let session = self.closed.remove(0);
                self.drop(session, CloseReason::Closed);
            }
        }
        true
    }

    fn leaves(&mut self, session: usize, room: usize) -> bool {
        if !self.is_in(session, room) {
            return false;
        }
        let heard = self.joined[session].iter().all(|room| self.rooms[room].hears(session));
        let next = self.take_out(session, room);
        self.tell(&[session], &format!("ok: leave {}", ROOMS[room]));
        self.tell(&[session], &format!("out of {}", ROOMS[room]));
        let others = self.rooms.get(&room).map_or(Vec::new(), |place| place.members.clone());
        let words = if heard { ": bye" } else { "" };
        self.tell(&others, &format!("{} leaves {}{words}", self.name(session), ROOMS[room]));
        self.hand_on(session, room, next);
        true
    }

    fn renames(&mut self, session: usize, name: usize) -> bool {
        if !self.is_free(name, session) {
            return false;
        }
        let (old, new) = (self.name(session), NICKS[name].0);
        if old != new {
            self.tell(&self.neighbours(session), &format!("{old} is {new}"));
        }
        self.names[session] = Some(name);
        self.tell(&[session], &format!("ok: nick {new}"));
        true
    }

    fn sets(&mut self, session: usize, room: usize, (quiet, limit): (bool, usize)) -> bool {
        let Some(place) = self.rooms.get_mut(&room).filter(|place| place.is_op(session)) else { return false };
        let changed = (place.quiet, place.limit) != (quiet, limit);
        (place.quiet, place.limit) = (quiet, limit);
        let hearing = if changed { place.audience(session) } else { Vec::new() };
        self.tell(&hearing, &format!("{} sets {} {:?}", self.name(session), ROOMS[room], settings(quiet, limit)));
        self.tell(&[session], &format!("ok: settings {}", ROOMS[room]));
        true
    }

    fn voice(&mut self, session: usize, other: usize, room: usize, voice: bool) -> bool {
        let (by, nick) = (self.name(session), self.name(other));
        let Some(place) = self.rooms.get_mut(&room).filter(|place| place.is_op(session)) else { return false };
        if voice && !place.members.contains(&other) {
            return false;
        }
        if place.voices.contains(&other) != voice {
            place.voices.retain(|voice| *voice != other);
            place.voices.extend(Some(other).filter(|_| voice));
            let hearing = place.audience(session);
            let does = if voice { "gives" } else { "takes" };
            self.tell(&hearing, &format!("{by} {does} {nick} a voice in {}", ROOMS[room]));
        }
        self.tell(&[session], &format!("ok: {}voice {nick} in {}", if voice { "" } else { "de" }, ROOMS[room]));
        true
    }

    /// In each room but as its op, the session is the newest now.
    fn comes_back(&mut self, session: usize) {
        self.closed.retain(|closed| *closed != session);
        self.tell(&[session], &format!("ok: hello {}", self.name(session)));
        for Place { members, .. } in self.rooms.values_mut() {
            if let Some(at) = members.iter().position(|member| *member == session).filter(|at| *at > 0) {
                members[at..].rotate_left(1);
            }
        }
    }

    fn drop(&mut self, session: usize, reason: CloseReason) {
        let line = format!("{} quits: {}", self.name(session), reason.code());
        self.tell(&self.neighbours(session), &line);
        for room in self.joined[session].clone() {
            let next = self.take_out(session, room);
            self.hand_on(session, room, next);
        }
        self.names[session] = None;
    }

    pub(super) fn rooms(&self) -> Vec<String> {
        let count = |(room, place): (&usize, &Place)| format!("{} {}", ROOMS[*room], place.members.len());
        self.rooms.iter().map(count).chain(["#lobby 0".into()]).collect()
    }
}
