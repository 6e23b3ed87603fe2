//! A short soak, with a fixed seed: two people who talk beside hostile clients. Knows neither the clients nor the people; the lab does.

use std::process::{Command, Output};

use crate::client_support::one_at_a_time;

fn soak(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
    lab.arg("soak").args(["--program", env!("CARGO_BIN_EXE_chat-server")]).args(arguments);
    // It bounds all its waits itself, and stops the server it has started.
    let guard = one_at_a_time();
    let child = lab.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(guard);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// `docs/protocol.md`, *What is guaranteed*, 1 to 4 and 7; how long a line takes is not judged here.
#[test]
fn hostile_clients_take_no_line_from_two_people_who_talk_and_leave_no_thread_behind() {
    let (code, out, err) = soak(&["--seconds", "4", "--seed", "20", "--clients", "8", "--p99-ms", "60000"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(err, "soak: --seconds 4 --clients 8 --seed 20\n");
    assert!(out.contains("| in the room ") && out.contains("| in private "), "{out}");
}

#[test]
fn a_soak_names_the_promise_that_did_not_hold_and_the_seed() {
    let (code, _, err) = soak(&["--seconds", "1", "--seed", "3", "--clients", "1", "--p99-ms", "0"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("broken with --seed 3:\n  in the room one line in a hundred took over 0 ms: "), "{err}");
}
