//! The matrix: each server breaks exactly the rules that stand beside it here, and keeps all others. Knows no rule but by name.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::{env, iter, thread};

use super::{Said, all_rules, check, each, read};

/// A server, the profile under which it is asked, and all rules that it breaks.
type Row = (&'static str, &'static str, &'static [&'static str]);

/// Servers that `chat-lab serve` runs: the broken ones, and the last two stairs.
const SERVED: [Row; 16] = [
    ("endless-queue", "plain", &["slow/bounded"]),
    ("exit-word", "plain", &["leave/word"]),
    ("innocent", "plain", &["leave/reset", "leave/reset-under-fire"]),
    ("lock-io", "plain", &["slow/others", "slow/newcomer", "slow/speaker"]),
    ("lost-wake-up", "plain", &["together/prompt"]),
    ("no-end", "plain", &["leave/no-spin", "leave/no-leak"]),
    ("no-join", "plain", &["stop/told", "stop/exits"]),
    ("one-at-a-time", "echo", &["start/second"]),
    ("one-order-each", "plain", &["order/one"]),
    (
        "recv-is-message",
        "plain",
        &["framing/glued", "framing/split", "framing/letter", "framing/bytes", "framing/unfinished"],
    ),
    ("silent-drop", "plain", &["slow/honest"]),
    ("torn-lines", "plain", &["order/whole"]),
    ("two-annas", "plain", &["names/race"]),
    ("two-locks", "plain", &["load/rooms-names"]),
    ("stair-09-stop", "plain", &[]),
    ("stair-10-pen", "plain", &[]),
];

/// Servers in another language.
const PYTHON: [Row; 4] = [
    ("right.py", "plain", &[]),
    ("frames.py", "frames", &[]),
    (
        "threads.py",
        "raw",
        &[
            "leave/no-spin",
            "leave/no-leak",
            "leave/reset",
            "leave/reset-under-fire",
            "slow/others",
            "slow/newcomer",
            "slow/speaker",
            "stop/restart",
        ],
    ),
    (
        "epoll.py",
        "address",
        &["leave/close", "leave/no-spin", "leave/no-leak", "leave/word", "slow/honest", "order/none-lost"],
    ),
];

/// A race that no delay makes certain: these rules are broken in some runs and kept in others.
const BY_CHANCE: [(&str, &[&str]); 2] = [
    ("epoll.py", &["together/once", "leave/reset-under-fire"]),
    // The news that vera was closed comes inside one of anna's long lines.
    ("torn-lines", &["slow/others"]),
];

/// Our own server speaks two protocols, and keeps all rules in both.
const ROOMFUL: [&str; 2] = ["roomful-line", "roomful-json"];

/// A server of which the checker is not sure is asked so often, because the machine is less busy the next time.
const ASKED: usize = 3;
/// Rounds of the weekly run, and busy threads for each core.
const ROUNDS: usize = 20;
const BUSY: usize = 2;

/// What is asked of one server.
struct Asked {
    name: &'static str,
    breaks: BTreeSet<&'static str>,
    args: Vec<String>,
}

impl Asked {
    fn of((name, profile, breaks): Row, args: &[&str]) -> Asked {
        let args = ["--profile", profile].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
        Asked { name, breaks: breaks.iter().copied().collect(), args }
    }

    fn said(&self) -> Said {
        check(&self.args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// What is wrong with this answer. A rule may be unsure; it is never kept by a server that breaks it, nor the other
    /// way round. A rule that is not run needs one that is not kept.
    fn wrong(&self, said: &Said) -> Option<String> {
        let broken: BTreeSet<&str> = said.rules("BROKEN").into_iter().collect();
        let kept: BTreeSet<&str> = said.rules("kept").into_iter().collect();
        let by_chance = |rule: &str| BY_CHANCE.iter().any(|(name, rules)| *name == self.name && rules.contains(&rule));
        let unjust: Vec<_> = broken.difference(&self.breaks).filter(|rule| !by_chance(rule)).collect();
        let missed: Vec<_> = self.breaks.intersection(&kept).collect();
        let sure = said.rules("unsure").is_empty();
        let lacking: Vec<_> = self.breaks.difference(&broken).filter(|_| sure).collect();
        let idle = if self.breaks.is_empty() && sure { said.rules("not run") } else { Vec::new() };
        let is_right = unjust.is_empty() && missed.is_empty() && lacking.is_empty() && idle.is_empty();
        let name = self.name;
        (!is_right || kept.is_empty()).then(|| {
            format!(
                "{name} breaks {broken:?}\nunjustly: {unjust:?}; kept falsely: {missed:?}; not found: {lacking:?}; not \
                 run: {idle:?}\n{}",
                said.text
            )
        })
    }
}

/// All servers of the matrix that this machine can run.
fn servers() -> Vec<Asked> {
    let lab = env!("CARGO_BIN_EXE_chat-lab");
    let mut all: Vec<Asked> = Vec::new();
    for row in SERVED {
        let command = format!("{lab} serve {} {{port}}", row.0);
        all.push(Asked::of(row, &["--stop-by", "stop", "--command", &command]));
    }
    let python = Command::new("python3").arg("--version").stdout(Stdio::null()).status();
    if python.is_ok_and(|status| status.success()) {
        for row in PYTHON {
            let file = format!("{}/examples/python/{}", env!("CARGO_MANIFEST_DIR"), row.0);
            all.push(Asked::of(row, &["--command", &format!("python3 {file} {{port}}")]));
        }
    } else {
        eprintln!("there is no python3: its servers are not asked");
    }
    let server = env!("CARGO_BIN_EXE_chat-server");
    let flags = "--memory --no-console --rate off --arrivals off --replay off";
    for profile in ROOMFUL {
        let command = format!("{server} --listen 127.0.0.1:{{port}} {flags}");
        all.push(Asked::of((profile, profile, &[]), &["--command", &command]));
    }
    all
}

#[test]
fn each_server_breaks_exactly_its_rules() {
    let wrong = each(servers().iter(), |server| {
        // It may be unsure of what the server breaks, which takes the time of the others; not of anything else.
        let unsure = |said: &Said| {
            let all = said.rules("unsure").into_iter().filter(|rule| !server.breaks.contains(rule));
            all.map(str::to_owned).collect::<Vec<_>>()
        };
        let mut said = server.said();
        for _ in 1..ASKED {
            if unsure(&said).is_empty() {
                break;
            }
            said = server.said();
        }
        let unsure = unsure(&said);
        let unsure = (!unsure.is_empty()).then(|| format!("{}: unsure of {unsure:?}\n{}", server.name, said.text));
        server.wrong(&said).or(unsure)
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A stair and its profile, what it promises, and a profile with the rule that calls for the next stair.
type Stair = (&'static str, &'static str, &'static [&'static str], (&'static str, &'static str));

/// What a stair promises, as stages or rules; and the rule that calls for the next one, which it still breaks, in
/// the profile of the next one. A rule of a stage that the stair's own profile does not ask is not asked.
const STAIRS: [Stair; 8] = [
    ("stair-01-echo", "echo", &["start"], ("raw", "together/heard")),
    ("stair-02-everybody", "raw", &["start", "together"], ("plain", "together/author")),
    ("stair-03-lines", "plain", &["start", "together", "framing"], ("plain", "leave/reset")),
    ("stair-04-leaving", "plain", &["start", "together", "framing", "leave"], ("plain", "slow/others")),
    (
        "stair-05-outbox",
        "plain",
        &["start", "together", "framing", "leave", "slow/others", "slow/newcomer", "slow/speaker"],
        ("plain", "slow/bounded"),
    ),
    ("stair-06-slow", "plain", &["start", "together", "framing", "leave", "slow"], ("plain", "names/taken")),
    ("stair-07-names", "plain", &["start", "together", "framing", "leave", "slow", "names"], ("plain", "order/one")),
    (
        "stair-08-order",
        "plain",
        &["start", "together", "framing", "leave", "slow", "names", "order"],
        ("plain", "stop/told"),
    ),
];

#[test]
fn a_stair_keeps_what_it_promises_and_breaks_the_rule_that_calls_for_the_next_one() {
    each(STAIRS.into_iter(), |(name, profile, promised, (next_profile, next))| {
        let command = format!("{} serve {name} {{port}}", env!("CARGO_BIN_EXE_chat-lab"));
        let args = ["--profile", profile, "--command", &command, "--stop-by", "stop"];
        let promises: Vec<&str> = promised.iter().flat_map(|rule| ["--rule", rule]).collect();
        let said = check(&[&args[..], &promises].concat());
        let others = ["BROKEN", "not run"].map(|verdict| said.rules(verdict)).concat();
        assert!(others.is_empty() && !said.rules("kept").is_empty(), "{name} does not keep {others:?}\n{}", said.text);
        let said = check(&["--profile", next_profile, "--command", &command, "--stop-by", "stop", "--rule", next]);
        let found = [said.rules("BROKEN"), said.rules("unsure")].concat();
        assert!(found == [next], "{name} does not break {next}\n{}", said.text);
    });
}

/// The first lines of a broken server name its rules, and `chat-lab serve` prints them.
#[test]
fn the_first_lines_of_a_broken_server_name_the_rules_that_it_breaks() {
    let known = all_rules();
    for (name, _, breaks) in SERVED.iter().filter(|(name, ..)| !name.starts_with("stair-")) {
        let text = read(&format!("examples/broken/{}.rs", name.replace('-', "_")));
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let head = head.join(" ");
        let named: BTreeSet<&str> =
            head.split('`').skip(1).step_by(2).filter(|word| known.iter().any(|rule| rule == word)).collect();
        assert_eq!(named, breaks.iter().copied().collect(), "{name}");
    }
}

/// Beside busy threads, twice as many as there are cores. Run it with `WEEKLY=1 cargo test --test school -- matrix`;
/// `WEEKLY=3` is three rounds.
#[test]
fn on_a_busy_machine_no_verdict_is_wrong() {
    let Some(rounds) = env::var_os("WEEKLY") else { return };
    let rounds = rounds.to_str().and_then(|rounds| rounds.parse().ok()).filter(|rounds| *rounds > 1).unwrap_or(ROUNDS);
    let _busy = Busy::start();
    let mut all = Vec::new();
    for round in 1..=rounds {
        let said = each(servers().iter(), |server| {
            let said = server.said();
            (said.rules("unsure").len(), server.wrong(&said))
        });
        let (unsure, runs): (usize, usize) = (said.iter().map(|(unsure, _)| unsure).sum(), said.len());
        let wrong: Vec<String> = said.into_iter().filter_map(|(_, wrong)| wrong).collect();
        eprintln!("round {round}: {runs} servers, {} wrong, {unsure} rules unsure", wrong.len());
        wrong.iter().for_each(|wrong| eprintln!("{wrong}"));
        all.extend(wrong);
    }
    assert!(all.is_empty(), "{} of the verdicts are wrong", all.len());
}

/// Programs that keep the cores busy until this is dropped.
struct Busy(Vec<std::process::Child>);

impl Busy {
    fn start() -> Busy {
        let cores = thread::available_parallelism().map_or(2, |cores| cores.get());
        let busy = || Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("a shell runs");
        Busy(iter::repeat_with(busy).take(cores * BUSY).collect())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for busy in &mut self.0 {
            let _ = busy.kill();
            let _ = busy.wait();
        }
    }
}
