//! Room for files: it is taken at the offer, over all sessions, and guests share their address's. (limits.md, `files-bytes`)

use serde_json::json;

use crate::support::{Peer, TestServer};

fn offers(peer: &mut Peer, size: usize) -> Result<u64, String> {
    let done = peer.ask("offer", json!({"room": "#a", "name": "a.bin", "size": size}));
    let upload = |done| match done {
        roomful::answer::Done::Offer { upload, .. } => upload,
        other => panic!("{other:?}"),
    };
    done.map(upload).map_err(|refusal| refusal.code)
}

/// limits.md, `files-bytes`: what 30 sessions offer at once is not more than there is room for.
#[test]
fn what_many_sessions_offer_at_once_is_no_more_than_there_is_room_for() {
    let server = TestServer::with_database_and(|limits| limits.files_bytes = 2_000_000);
    let mut peers: Vec<Peer> = (0..30).map(|i| server.account_in(&format!("ann{i}"), "#a")).collect();
    let taken: Vec<bool> = peers.iter_mut().map(|peer| offers(peer, 500_000).is_ok()).collect();
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 4);
    // One that is given up, or whose session ends, leaves its room to another.
    assert_eq!(offers(&mut peers[20], 500_000), Err("files-full".to_owned()));
    peers[0].does("cancel", json!({"upload": 1}));
    assert!(offers(&mut peers[20], 500_000).is_ok());
    peers.remove(1).quit();
    server.wait_for_sessions(29);
    assert!(offers(&mut peers[20], 500_000).is_ok());
}

/// limits.md, `files-per-person`: all sessions of an account together, also when a file is said and another is offered at once.
#[test]
fn the_sessions_of_an_account_share_its_room() {
    let server = TestServer::with_database_and(|limits| limits.files_per_person = 100_000);
    let mut first = server.account_in("ann", "#a");
    let mut others: Vec<Peer> = (0..3).map(|_| server.once_more("ann")).collect();
    first.sends_file("#a", "a.bin", &[7; 60_000]);
    for peer in &mut others {
        assert_eq!(offers(peer, 50_000), Err("files-full".to_owned()));
    }
    assert!(offers(&mut others[0], 40_000).is_ok());
    assert_eq!(offers(&mut others[1], 1), Err("files-full".to_owned()));
}

/// limits.md, `files-per-person`: what was sent and deleted takes no room any more.
#[test]
fn what_is_deleted_at_once_makes_room_at_once() {
    let server = TestServer::with_database_and(|limits| limits.files_per_person = 100_000);
    let mut ann = server.account_in("ann", "#a");
    for _ in 0..5 {
        let (_, seq) = ann.sends_file("#a", "a.bin", &[7; 60_000]);
        ann.does("delete", json!({"room": "#a", "seq": seq}));
    }
}

/// The same: a guest who reconnects is another one, and has no new room; an account has its own.
#[test]
fn guests_share_the_room_of_their_address_also_after_a_restart() {
    let server = TestServer::with_database_and(|limits| limits.files_per_person = 100_000);
    let mut guest = server.login_in("guest", "#a");
    guest.sends_file("#a", "a.bin", &[7; 60_000]);
    guest.quit();
    let server = server.restarted();
    let mut guest = server.login_in("another", "#a");
    assert_eq!(offers(&mut guest, 50_000), Err("files-full".to_owned()));
    assert!(offers(&mut guest, 40_000).is_ok());
    assert!(offers(&mut server.account_in("ann", "#a"), 90_000).is_ok());
}
