//! Whether the server can do its work: it asks the chat, what waits to be stored, and the disk. Knows no front; never waits without a bound.

use std::time::Duration;

use super::hub::Hub;

/// How long the chat may be held by a thread. No change takes a thousandth of that.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is wrong, a sentence each; nothing if the server is well.
pub fn troubles(hub: &Hub) -> Vec<String> {
    let mut troubles = Vec::new();
    if hub.stopping() {
        troubles.push("the server is stopping".to_owned());
    }
    if !hub.chat.is_free_within(PATIENCE) {
        troubles.push("the chat does not answer: a thread holds it".to_owned());
    }
    let Some(database) = &hub.database else { return troubles };
    let limits = hub.limits.now();
    let write_queue = &database.write_queue;
    if let Some(why) = write_queue.troubled() {
        troubles.push(format!("the database cannot be written: {why}"));
    } else if let Some(age) = write_queue.oldest().filter(|age| *age > limits.keep_patience) {
        troubles.push(format!("what was said {} s ago is not in the database yet", age.as_secs()));
    }
    if let Some(room) = database.store.free_bytes().filter(|room| *room < limits.disk_room as u64) {
        troubles.push(format!("the disk of the database has {room} bytes left: make room (disk-room)"));
    }
    troubles
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::chat::Chat;
    use crate::chat::effects::Watch;
    use crate::limits::InForce;
    use crate::names::RoomName;
    use crate::net::crew::Crew;
    use crate::record::Snapshot;
    use crate::session::news::Newsroom;

    #[test]
    fn a_held_chat_is_told_in_bounded_time_and_a_free_one_is_well() {
        let limits = InForce::default();
        let lobby = RoomName::parse("#lobby").unwrap();
        let chat = Chat::new(&limits, lobby, 0, Snapshot::default(), None);
        let crew = Crew::new(8, limits.now().stack_bytes);
        let hub = Hub::new(chat, &limits, None, Newsroom::open(Watch::Nothing, 16).0, crew);
        assert!(troubles(&hub).is_empty());
        let began = Instant::now();
        assert_eq!(hub.chat.hold(|| troubles(&hub)), ["the chat does not answer: a thread holds it"]);
        assert!(began.elapsed() < PATIENCE * 5);
        hub.set_stopping();
        assert_eq!(troubles(&hub), ["the server is stopping"]);
    }
}
