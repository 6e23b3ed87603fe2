//! Threads counted by name, in a process of their own: here the other tests' threads would count, too.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::{LinePeer, TestServer, Wire, eventually};

/// One thread a client, a second while it lags, none afterwards.
#[test]
fn no_thread_or_descriptor_is_left_and_a_clean_leave_costs_no_cpu() {
    let own = std::env::current_exe().expect("this test's own binary");
    let inside = ["--exact", "threads::in_a_process_of_its_own", "--ignored", "--test-threads=1", "--nocapture"];
    let output = Command::new(own).args(inside).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

/// How many threads of this process have a name that begins so.
fn threads(prefix: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with(prefix)).count()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("Linux").count()
}

/// CPU time of this process, in the kernel's ticks of 10 ms.
fn cpu() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit_once(')').expect("the name is in brackets").1;
    after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
}

#[test]
#[ignore = "is run by the test above, in a process of its own"]
fn in_a_process_of_its_own() {
    const CLIENTS: usize = 50;
    const OURS: [&str; 5] = ["accept", "watchdog", "session-", "writer-", "flusher"];
    let before = descriptors();
    let mut server = TestServer::with(|limits| {
        (limits.send_buffer, limits.greet_after) = (4_096, Duration::from_secs(1));
    });
    let only = |counts: [usize; 5]| eventually(&format!("{OURS:?} {counts:?}"), || OURS.map(threads) == counts);
    only([1, 1, 0, 0, 0]);

    let mut peers: Vec<_> = (0..CLIENTS).map(|i| server.login_in(&format!("guest{i}"), "#a")).collect();
    for peer in &mut peers {
        peer.say("#a", "hello");
        peer.sync();
    }
    // One thread a client; with so small a buffer some have lagged for a moment, and caught up since.
    only([1, 1, CLIENTS, 0, 0]);
    // A client's two ends are one descriptor each, and both are in this process.
    assert!(descriptors() <= before + 2 * CLIENTS + 4, "{before} and then {}", descriptors());

    // Half of them lose their connection, the others say goodbye.
    for (i, peer) in peers.into_iter().enumerate() {
        if i % 2 == 0 { drop(peer.quit()) } else { peer.wire.reset() }
    }
    only([1, 1, 0, 0, 0]);

    // Lab D12: after clean leaves a core was busy for ever. This greeting comes after a second of silence.
    let spent = cpu();
    let mut nc = server.nc();
    nc.line();
    let spent = cpu() - spent;
    assert!(spent < 20, "{spent} of 100 ticks while nothing happened");
    drop(nc);

    let mut ann = server.login_in("ann", "#lobby");
    let mut deaf = LinePeer::new(Wire::connect_narrow(server.addr(), 4_096));
    deaf.login("deaf");
    for _ in 0..20 {
        ann.ask("say", json!({"text": "x".repeat(4_000)})).unwrap();
    }
    eventually("a writer for the laggard", || threads("writer-") == 1);
    server.stop("to count");
    only([0; 5]); // a joined thread may be seen for a moment more
    drop((ann, deaf));
    assert_eq!(descriptors(), before);
}
