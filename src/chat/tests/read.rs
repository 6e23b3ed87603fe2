//! Promises about what was read for a person outside the lock: other people do not undo it.

use super::*;
use crate::model::PlaceId;
use crate::model::Settings;
use crate::record::{ConversationRow, RoomRecord, RoomSnapshot, StoredMessage};

impl Peer<'_> {
    /// Gives a command, as a session does that reads what is needed.
    fn asks(&self, line: &str) -> Result<Next, Halt> {
        let command = parse(line).expect("a good line");
        self.rig.step(|effects| self.gives(None, command, effects)).0
    }
}

/// Gives the chat what was read for it.
fn gives(rig: &Rig, step: Result<Next, Halt>, conversation: Option<ConversationRow>, lines: Vec<StoredMessage>) {
    match step {
        Err(Halt::Load(Load::Conversation { between, reading })) => {
            rig.chat.load_conversation(between, reading, conversation);
        }
        Err(Halt::Load(Load::Recent { place, seq, deletions, .. })) => {
            rig.chat.load_recent(place, (seq, deletions), lines);
        }
        other => panic!("nothing to read for {other:?}"),
    }
}

#[test]
fn what_others_forget_does_not_undo_what_was_read_of_a_conversation() {
    let rig = Rig::stored(Limits::default());
    let (ann, _bob) = (rig.enter("ann", ""), rig.enter("bob", ""));
    let wanted = ann.asks("/msg bob hi");
    for (one, other) in [("eve", "dan"), ("vera", "max")] {
        let (one, other) = (rig.enter(one, ""), rig.enter(other, ""));
        let line = format!("/history @{}", if other.session.0 == 4 { "dan" } else { "max" });
        gives(&rig, one.asks(&line), None, Vec::new());
        one.ends(CloseReason::Quit);
        other.ends(CloseReason::Quit);
    }
    gives(&rig, wanted, None, Vec::new());
    assert_eq!(ann.asks("/msg bob hi"), Ok(Next::Done));
}

#[test]
fn what_is_deleted_elsewhere_does_not_undo_what_was_read_of_a_room() {
    let found = RoomRecord {
        place: PlaceId(7),
        name: room("#old"),
        made: 1,
        topic: None,
        settings: Settings::default(),
        registered: true,
    };
    let kept = Snapshot {
        rooms: vec![RoomSnapshot { room: found, seq: 1, said: 1, roles: Vec::new(), voices: Vec::new() }],
        last: Numbers { place: 7, ..Numbers::default() },
        ..Snapshot::default()
    };
    let rig = Rig::stored(Limits::default());
    let chat = Chat::new(&rig.chat.limits, room("#lobby"), START, kept, rig.chat.write_queue.clone());
    let rig = Rig { chat, ..rig };
    let (ann, eve) = (rig.enter("ann", ""), rig.enter("eve", "#lobby"));
    eve.says("#lobby", "nonsense");
    let wanted = ann.asks("/join #old");
    eve.does("/delete");
    gives(&rig, wanted, None, Vec::new());
    assert_eq!(ann.asks("/join #old"), Ok(Next::Done));
}
