//! What a page of the school shows as the answer of the checker is what the checker answers. Knows no rule.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::check::read;

/// A line of `sh` on a page, and what it printed there.
struct Shown {
    page: String,
    command: String,
    answer: String,
}

/// Words that have another value in each run are masked. What the threads waited in at that moment is not compared.
#[test]
fn what_the_checker_prints_on_the_pages_is_what_it_prints() {
    let mut pages = vec!["README.md".to_owned()];
    let lessons = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lessons")).expect("the lessons");
    pages.extend(lessons.map(|entry| format!("docs/lessons/{}", entry.expect("a file").file_name().display())));
    let shown: Vec<Shown> = pages.iter().flat_map(|page| shown(page)).collect();
    assert!(shown.len() > 8, "only {} transcripts were found", shown.len());
    thread::scope(|threads| {
        let runs: Vec<_> = shown.iter().map(|shown| threads.spawn(|| shown.compare())).collect();
        let wrong: Vec<String> = runs.into_iter().filter_map(|run| run.join().expect("it ends")).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// The picture that calls for the last stair.
#[test]
fn ten_clients_cost_as_many_threads_as_the_lesson_says() {
    let page = read("docs/lessons/10-pen.md");
    for (stair, told, most) in [("stair-09-stop", "· 22 threads ·", 22), ("stair-10-pen", " make 12 threads", 12)] {
        assert!(page.contains(told), "{told:?} is not on the page");
        let mut lab = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
        // Its input stays open: a thread waits for the line that stops it.
        lab.args(["serve", stair, "0"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut server = lab.spawn().expect("it starts");
        let mut printed = BufReader::new(server.stderr.take().expect("its errors")).lines();
        let listens = printed.find_map(|line| Some(line.ok()?.strip_prefix("listening on ")?.to_owned()));
        let address = listens.expect("its address").split(';').next().expect("a part").to_owned();
        let clients = (0..10).map(|number| {
            let mut client = TcpStream::connect(&address).expect("a connection");
            writeln!(client, "client{number}").expect("it is sent");
            let mut answer = String::new();
            BufReader::new(&client).read_line(&mut answer).expect("an answer");
            assert!(answer.starts_with("* welcome, "), "{answer}");
            client
        });
        let clients: Vec<_> = clients.collect();
        let threads = fs::read_dir(format!("/proc/{}/task", server.id())).expect("its threads").count();
        drop(clients);
        server.kill().expect("it is ended");
        server.wait().expect("it has ended");
        assert_eq!(threads, most, "{stair}");
    }
}

/// The commands of the checker on this page that have a transcript below them.
fn shown(page: &str) -> Vec<Shown> {
    let text = read(page);
    let blocks = text.split("```sh\n").skip(1);
    let with_answer = blocks.filter_map(|block| {
        let (command, rest) = block.split_once("\n```\n\n```text\n")?;
        let is_check = !command.contains('\n') && command.contains("chat-lab") && command.contains(" check ");
        let answer = &rest[..rest.find("\n```").expect("its end")];
        is_check.then(|| Shown { page: page.to_owned(), command: command.to_owned(), answer: answer.to_owned() })
    });
    with_answer.collect()
}

impl Shown {
    /// Runs the command. If the answer is another one, it is told. A race gets more than one try, and if the machine
    /// is too busy to tell, the answer is no wrong one.
    fn compare(&self) -> Option<String> {
        if self.command.contains("python3") && Command::new("python3").arg("--version").output().is_err() {
            return None;
        }
        let mut command = self.command.replace("cargo run --bin chat-lab -- ", "chat-lab ");
        if let Some(seed) = self.answer.split(", seed ").nth(1).and_then(|rest| rest.split_whitespace().next()) {
            command.push_str(" --seed ");
            command.push_str(seed);
        }
        let mut printed = String::new();
        for _ in 0..4 {
            printed = run(&command);
            let is = words(&printed).concat();
            let mut from = 0;
            let is_there = words(&self.answer).into_iter().all(|part| {
                let found = (from..=is.len().saturating_sub(part.len())).find(|at| is[*at..].starts_with(&part));
                from = found.map_or(from, |at| at + part.len());
                found.is_some()
            });
            if is_there {
                return None;
            }
        }
        if printed.contains("\n  unsure") {
            return None;
        }
        Some(format!("{}: {command}\nprints\n{printed}\non the page stands\n{}\n", self.page, self.answer))
    }
}

/// As a shell does it that finds `chat-lab`.
fn run(command: &str) -> String {
    let lab = Path::new(env!("CARGO_BIN_EXE_chat-lab")).parent().expect("its folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    let done = shell.env("PATH", format!("{}:{path}", lab.display())).output().expect("the shell runs");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The words of a report, in parts: where `…` stands for whole lines, and where threads are told of, a part ends.
fn words(report: &str) -> Vec<Vec<String>> {
    let mut parts = vec![Vec::new()];
    let mut in_threads = false;
    for line in report.lines() {
        let label = line.get(10..22).unwrap_or_default();
        in_threads = label.starts_with("threads") || (in_threads && label.trim().is_empty());
        if in_threads || line.trim() == "…" {
            parts.push(Vec::new());
            continue;
        }
        // A time stands at the end of a line, and not there if it was too short.
        let took = line.strip_suffix(" ms").and_then(|line| line.rsplit_once(' '));
        let words = masked(took.map_or(line, |(before, _)| before));
        parts.last_mut().expect("there is one").extend(words.split_whitespace().map(str::to_owned));
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Without numbers, texts, and which of the clients it was.
fn masked(line: &str) -> String {
    let mut out = String::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            out.push_str("\"\"");
            continue;
        }
        let mut last = ' ';
        for letter in part.chars() {
            let letter = if letter.is_ascii_digit() { '#' } else { letter };
            if (letter, last) != ('#', '#') {
                out.push(letter);
            }
            last = letter;
        }
    }
    ["anna", "boris", "vera", "gleb", "listener#"].iter().fold(out, |out, name| out.replace(name, "CLIENT"))
}
