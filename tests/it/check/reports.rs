//! What a teacher's scripts rely on: exit codes, the files of the services, and the marks of a class.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::{SMALL, begin, lab, small};

#[test]
fn the_exit_code_says_what_the_grading_came_to() {
    let Some((folder, command)) = small() else { return };
    let folder = folder.path();
    let broken = format!("{command} no-author");
    fs::write(folder.join("bad.toml"), "name = \"x\"\nabuot = \"y\"\n").unwrap();
    let orders: [(i32, &[&str]); 10] = [
        (0, &["--command", &command, "--rule", "start"]),
        (1, &["--command", &broken, "--rule", "together/heard"]),
        (2, &[]),
        (2, &["--command", &command, "--rule", "together/herd"]),
        (2, &["--command", &command, "--report", "xml=x"]),
        (2, &["--command", &command, "--report", "json=/no/such/folder/x"]),
        (65, &["--command", &command, "--profile", "bad.toml"]),
        (1, &["--command", "python3 -c exit(3)"]),
        (69, &["--command", "./no-such-server"]),
        (69, &["127.0.0.1:1"]),
    ];
    for (code, order) in orders {
        let arguments = [&["check"], order].concat();
        let done = lab(folder, &arguments);
        assert_eq!(done.0, Some(code), "{order:?}: {done:?}");
        assert_eq!(done.2.is_empty(), code < 2, "a reason is told, and only then: {done:?}");
        assert!(!done.1.contains('\u{1b}') && !done.2.contains('\u{1b}'), "no colours without a terminal");
    }
}

#[test]
fn a_service_gets_its_file_and_exit_code_0_for_a_broken_server_and_for_one_that_does_not_start() {
    let Some((folder, command)) = small() else { return };
    let folder = folder.path();
    let broken = format!("{command} no-author");
    for command in [broken.as_str(), "python3 -c exit(3)"] {
        let arguments = ["check", "--command", command, "--rule", "together/heard", "--report", "gradescope=g.json"];
        assert_eq!(lab(folder, &arguments).0, Some(0));
        let results: Value = serde_json::from_str(&fs::read_to_string(folder.join("g.json")).unwrap()).unwrap();
        assert_eq!(results["score"], 0.0, "{results}");
        assert_eq!(results["tests"][0]["status"], "failed", "{results}");
    }
}

#[test]
fn a_report_on_the_standard_output_stands_there_alone_and_the_pictures_are_files() {
    let Some((folder, command)) = small() else { return };
    let folder = folder.path();
    let command = format!("{command} no-author");
    let order = ["check", "--command", &command, "--rule", "together/heard", "--report", "json=-", "--picture", "p"];
    let (code, out, err) =
        lab(folder, &[&order[..], &["--report", "junit=r.xml", "--report", "markdown=r.md"]].concat());
    let page: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &page["rules"][0]["verdict"]), (Some(1), &Value::from("broken")));
    assert!(err.contains("BROKEN    together/heard") && err.contains("picture: p/together-heard.svg"), "{err}");
    assert!(fs::read_to_string(folder.join("p/together-heard.svg")).unwrap().starts_with("<svg "));
    assert!(fs::read_to_string(folder.join("r.xml")).unwrap().contains("<failure "));
    assert!(fs::read_to_string(folder.join("r.md")).unwrap().contains("**broken**"));
}

#[test]
fn what_is_told_without_grading_is_told() {
    let folder = Path::new("/");
    for (order, word) in [
        (&["--list"][..], "start/listens"),
        (&["--profiles"], "raw (lab-d)"),
        (&["--show-profile", "lab-d"], "name = \"raw\""),
        (&["--explain", "start/second"], "see it     chat-lab serve one-at-a-time 7000"),
    ] {
        let (code, out, err) = lab(folder, &[&["check"], order].concat());
        assert!(code == Some(0) && out.contains(word) && err.is_empty(), "{order:?}: {out}{err}");
    }
    let (code, _, err) = lab(folder, &["check", "--explain", "start/secnod"]);
    assert!(code == Some(2) && err.contains("did you mean start/second?"), "{err}");
}

fn class(folder: &Path) {
    for (name, server) in [("anna", SMALL), ("boris", "import sys; sys.exit('oh')"), ("=vera", SMALL)] {
        fs::create_dir_all(folder.join("class").join(name)).unwrap();
        fs::write(folder.join("class").join(name).join("server.py"), server).unwrap();
    }
}

#[test]
fn a_class_is_graded_into_a_line_each_and_one_that_does_not_start_stops_nobody() {
    let Some((folder, _)) = small() else { return };
    let folder = folder.path();
    class(folder);
    let order = ["grade", "class", "--command", "python3 {dir}/server.py {port}", "--rule", "start/listens"];
    let (code, out, err) = lab(folder, &[&order[..], &["--csv", "-", "--reports", "r"]].concat());
    assert_eq!(code, Some(0), "{out}{err}");
    let expected = "name,points,most,kept,broken,not run,unsure,first broken rule,error\n\
                    \"'=vera\",1.7,1.7,1,0,0,0,,\n\
                    anna,1.7,1.7,1,0,0,0,,\n\
                    boris,0,1.7,0,1,0,0,start/listens,\"the program has ended before it took a connection, with exit code 1: oh\"\n";
    assert_eq!(out, expected);
    assert!(fs::read_to_string(folder.join("r/anna.txt")).unwrap().contains("kept      start/listens"));
    assert!(fs::read_to_string(folder.join("r/boris.txt")).unwrap().contains("server said oh\n"));
    let (code, _, err) = lab(folder, &["grade", "r", "--command", "python3 {dir}/s.py", "--csv", "-"]);
    assert!(code == Some(2) && err.contains("each must be a folder of its own"), "{err}");
    let (code, _, err) = lab(folder, &["grade", "class", "--command", "python3 s.py", "--csv", "-"]);
    assert!(code == Some(2) && err.contains("put {dir} into it"), "{err}");
}

#[test]
fn ctrl_c_ends_the_program_that_is_graded_too() {
    let Some((folder, command)) = small() else { return };
    let folder = folder.path();
    // The second rule would wait for a minute.
    let command = format!("{command} one-at-a-time");
    let mut child = begin(folder, &["check", "--command", &command, "--patience", "60", "--rule", "start"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("kept      start/listens") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended");
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let status = child.wait().unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!((status.code(), rest.contains("BROKEN")), (Some(130), false), "{rest}");
    let pid: i32 = fs::read_to_string(folder.join("pid")).unwrap().parse().unwrap();
    assert!(kill(Pid::from_raw(pid), None).is_err(), "the program still runs");
}

#[test]
fn a_class_that_is_interrupted_has_the_marks_of_those_that_were_graded() {
    let Some((folder, _)) = small() else { return };
    let folder = folder.path();
    class(folder);
    let order = ["grade", "class", "--command", "python3 {dir}/server.py {port}", "--rule", "start/listens"];
    let mut child = begin(folder, &[&order[..], &["--csv", "marks.csv", "--times", "20"]].concat());
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    let marks = fs::read_to_string(folder.join("marks.csv")).unwrap();
    let lines = marks.lines().count() - 1;
    assert!(rest.contains(&format!("stopped: {lines} of 3 are graded")), "{line}{rest}{marks}");
}
