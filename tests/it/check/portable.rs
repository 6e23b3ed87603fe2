//! What holds on every system: the checker tells a right server from broken ones, and says what it cannot see. Knows no rule but by name.

use super::{Said, check, each};

/// Asks a server that `chat-lab serve` runs some rules.
fn asked(name: &str, rules: &[&str]) -> Said {
    let command = format!("'{}' serve {name} {{port}}", env!("CARGO_BIN_EXE_chat-lab"));
    let rules = rules.iter().flat_map(|rule| ["--rule", rule]);
    check(&["--command", &command].into_iter().chain(rules).collect::<Vec<_>>())
}

/// Beside the broken server the rules that it breaks stand, and one that it keeps.
#[test]
fn a_broken_server_is_told_from_a_right_one_on_every_system() {
    const BROKEN: [(&str, &[&str], &str); 4] = [
        ("recv-is-message", &["framing/glued"], "together/heard"),
        ("exit-word", &["leave/word"], "framing/split"),
        ("two-annas", &["names/race"], "names/taken"),
        ("no-join", &["stop/told"], "start/second"),
    ];
    each(BROKEN.into_iter(), |(name, breaks, keeps)| {
        let all = [breaks, &[keeps]].concat();
        let said = asked(name, &all);
        assert_eq!((said.rules("BROKEN"), said.rules("kept")), (breaks.to_vec(), vec![keeps]), "{name}\n{}", said.text);
        let said = asked("stair-09-stop", &all);
        assert_eq!(said.rules("kept").len(), all.len(), "stair 9\n{}", said.text);
    });
}

#[test]
fn what_only_linux_tells_is_not_asked_elsewhere_and_costs_no_points() {
    let said = asked("stair-09-stop", &["leave/no-leak", "slow/bounded", "order/whole"]);
    let verdict = if cfg!(target_os = "linux") { "kept" } else { "not asked" };
    assert_eq!(said.rules(verdict), ["leave/no-leak", "order/whole", "slow/bounded"], "{}", said.text);
    assert!(cfg!(target_os = "linux") || said.text.contains("only Linux tells"), "{}", said.text);
}

#[test]
fn a_server_without_a_way_to_stop_is_not_asked_to_where_there_is_no_signal() {
    let said = check(&[
        "--stop-by",
        "SIGTERM",
        "--rule",
        "stop/exits",
        "--command",
        &format!("'{}' serve stair-09-stop {{port}}", env!("CARGO_BIN_EXE_chat-lab")),
    ]);
    let verdict = if cfg!(unix) { "kept" } else { "not asked" };
    assert_eq!(said.rules(verdict), ["stop/exits"], "{}", said.text);
}
