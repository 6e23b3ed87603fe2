//! Promises that nothing is left in memory of people who left.

use super::*;

impl Rig {
    fn guests_with_a_role(&self, name: &str) -> usize {
        let is_guest = |identity: &&Identity| matches!(identity, Identity::Guest(_));
        self.chat.change(|state| state.room(name).roles.keys().filter(is_guest).count())
    }

    fn conversations(&self) -> usize {
        self.chat.change(|state| state.conversations.len())
    }

    /// All records so far are in the database.
    fn stores_all(&self) {
        let write_queue = self.chat.write_queue.as_ref().expect("a chat with a database");
        let mut batch = Vec::new();
        write_queue.take(&mut batch, usize::MAX, usize::MAX, std::time::Duration::ZERO);
        write_queue.stored(&batch);
    }

    /// Two people, and a line from the first to the second.
    fn a_talk(&self, one: &str, other: &str) -> (Peer<'_>, Peer<'_>) {
        let (one, to) = (self.enter(one, ""), self.enter(other, ""));
        let msg = || parse(&format!("/msg {other} hi")).expect("a good line");
        let (step, _) = self.step(|effects| one.gives(None, msg(), effects));
        let Err(Halt::Load(Load::Conversation { between, reading })) = step else { panic!("{step:?}") };
        self.chat.load_conversation(between, reading, None);
        one.obeys(None, msg()).expect("nothing speaks against it");
        (one, to)
    }
}

#[test]
fn of_guests_who_were_invited_nothing_is_left_when_they_leave() {
    let rig = Rig::new();
    let ann = rig.enter("ann", "#a");
    for name in ["bob", "cat", "dan"] {
        let guest = rig.enter(name, "");
        ann.does(&format!("/invite {name}"));
        guest.ends(CloseReason::Lost);
    }
    assert_eq!(rig.guests_with_a_role("#a"), 1, "ann's");
}

#[test]
fn a_person_who_is_invited_again_and_again_is_invited_once() {
    let rig = Rig::new();
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#b"));
    for _ in 0..3 {
        ann.does("/invite bob");
        ann.does("/ban bob");
        ann.does("/unban bob");
    }
    let invited = rig.chat.change(|state| {
        let person = state.registry.session(bob.session).expect("bob is here").person;
        state.registry.person(person).expect("bob is here").invited.len()
    });
    assert_eq!(invited, 1);
}

#[test]
fn a_conversation_of_two_people_who_left_before_it_was_stored_is_forgotten_when_it_is() {
    let rig = Rig::stored(Limits::default());
    let (ann, bob) = rig.a_talk("ann", "bob");
    ann.ends(CloseReason::Lost);
    bob.ends(CloseReason::Lost);
    assert_eq!(rig.conversations(), 1, "the database does not know it yet");
    let (cat, dan) = rig.a_talk("cat", "dan");
    rig.stores_all();
    cat.ends(CloseReason::Quit);
    dan.ends(CloseReason::Quit);
    assert_eq!(rig.conversations(), 0);
}

#[test]
fn messages_of_a_room_that_was_left_before_they_were_stored_are_forgotten_when_they_are() {
    let rig = Rig::stored(Limits::default());
    let ann = rig.enter("ann", "#a");
    ann.does("/topic tea");
    ann.says("#a", "hi");
    ann.ends(CloseReason::Lost);
    let bob = rig.enter("bob", "#b");
    bob.does("/topic tea");
    bob.says("#b", "hi");
    rig.stores_all();
    bob.ends(CloseReason::Quit);
    let loaded = |name: &str| rig.chat.change(|state| state.room(name).recent.loaded);
    assert_eq!((loaded("#a"), loaded("#b")), (false, false));
}

#[test]
fn of_an_account_that_is_deleted_no_change_of_password_is_remembered() {
    let rig = Rig::stored(Limits::default());
    let ann = rig.enter("ann", "");
    ann.registers();
    let now = rig.now.get();
    let changed = |state: &mut State| state.registry.accounts.changed();
    rig.step(|effects| rig.chat.change_password(ann.session, None, "$".into(), now, effects)).0.expect("an account");
    assert_eq!(rig.chat.change(changed), 1);
    rig.step(|effects| rig.chat.delete_account(ann.session, None, false, now, effects)).0.expect("an account");
    assert_eq!(rig.chat.change(changed), 0);
}
