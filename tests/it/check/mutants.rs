//! One mutant for each rule: the last but one stair with a small change, which breaks that rule and no other. A rule without a mutant fails a test, and so does a mutant without a rule.

use std::collections::BTreeSet;
use std::env;

use tempfile::TempDir;

use super::{all_rules, check, compile, read};

/// The right server of which all mutants are made.
const STAIR: &str = "examples/stairs/09_stop.rs";
/// A change of more lines would be another server.
const LINES: usize = 3;

/// A change that breaks one rule.
struct Mutant {
    rule: &'static str,
    /// What stands in the stair, once, and what stands there instead.
    changes: &'static [(&'static str, &'static str)],
}

const MUTANTS: &[Mutant] = &[
    // The program ends before it takes a connection.
    Mutant {
        rule: "start/listens",
        changes: &[("let room = &Room::default();", "return Ok(());\n    let room = &Room::default();")],
    },
    // The accepting thread serves the client itself.
    Mutant {
        rule: "start/second",
        changes: &[("threads.spawn(move || serve(room, &outbox));", "serve(room, &outbox);")],
    },
    // More than forty clients are closed at once.
    Mutant {
        rule: "start/fifty",
        changes: &[(
            "let outbox = Arc::new(Outbox::new(socket));",
            "if room.connections.lock().expect(LOCK).outboxes.len() >= 40 { continue; }\n            let outbox = Arc::new(Outbox::new(socket));",
        )],
    },
    // Vera hears no texts.
    Mutant {
        rule: "together/heard",
        changes: &[(
            "filter(|(name, _)| *name != but)",
            "filter(|(name, _)| *name != but && (line.starts_with('*') || *name != \"vera\"))",
        )],
    },
    // The speaker is told, too.
    Mutant {
        rule: "together/own",
        changes: &[("&format!(\"{}: {text}\", self.name), &self.name", "&format!(\"{}: {text}\", self.name), \"\"")],
    },
    // Gleb hears everything twice.
    Mutant {
        rule: "together/once",
        changes: &[(
            "for (_, outbox) in people.iter().filter(|(name, _)| *name != but) {",
            "for (name, outbox) in people.iter().filter(|(name, _)| *name != but) {\n        if name == \"gleb\" { outbox.put(line) }",
        )],
    },
    // A text that looks as if it had an author is believed.
    Mutant {
        rule: "together/author",
        changes: &[(
            "&format!(\"{}: {text}\", self.name), &self.name",
            "&if text.contains(\": \") { text.to_owned() } else { format!(\"{}: {text}\", self.name) }, &self.name",
        )],
    },
    // Letters of more than two bytes are lost.
    Mutant {
        rule: "together/utf8",
        changes: &[(
            "    fn say(&self, text: &str) {",
            "    fn say(&self, text: &str) {\n        let text: String = text.chars().filter(|letter| letter.len_utf8() < 3).collect();",
        )],
    },
    // A newcomer hears the last short lines.
    Mutant {
        rule: "together/late",
        changes: &[
            ("type People = ", "static OLD: Mutex<Vec<String>> = Mutex::new(Vec::new());\ntype People = "),
            (
                "    fn say(&self, text: &str) {",
                "    fn say(&self, text: &str) { if text.len() < 40 { OLD.lock().expect(LOCK).push(format!(\"{}: {text}\", self.name)) }",
            ),
            (
                "        tell(&people, &format!(\"* {name} joined\"), &name);",
                "        tell(&people, &format!(\"* {name} joined\"), &name); if name == \"gleb\" { OLD.lock().expect(LOCK).iter().for_each(|old| outbox.put(old)) }",
            ),
        ],
    },
    // One of anna's lines wakes no writer, so it comes with the next one.
    Mutant {
        rule: "together/prompt",
        changes: &[
            (
                "        let mut queue = self.queue.lock().expect(LOCK);\n        if queue.closed {",
                "        static SAID: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);\n        let mut queue = self.queue.lock().expect(LOCK);\n        if queue.closed {",
            ),
            (
                "            let _ = self.socket.shutdown(Shutdown::Both);\n        }\n",
                "            let _ = self.socket.shutdown(Shutdown::Both);\n        }\n        if line.starts_with(\"anna: \") && SAID.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 150 { return }\n",
            ),
        ],
    },
    // Of three lines that come together at first, two are lost.
    Mutant {
        rule: "framing/glued",
        changes: &[(
            "    while let Some(line) = next_line(&mut input)? {\n",
            "    let mut first = true;\n    while let Some(line) = next_line(&mut input)? {\n        if mem::take(&mut first) && input.buffer().iter().filter(|byte| **byte == b'\\n').count() == 2 { input.consume(input.buffer().len()) }\n",
        )],
    },
    // A line that another client's line interrupts is lost.
    Mutant {
        rule: "framing/split",
        changes: &[
            (
                "    input.take(most as u64)",
                "    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst}; static SAID: AtomicUsize = AtomicUsize::new(0);\n    let (whole, before) = (input.fill_buf()?.contains(&b'\\n'), SAID.load(SeqCst));\n    input.take(most as u64)",
            ),
            (
                "    if bytes.pop_if(|last| *last == b'\\n').is_none() {",
                "    if SAID.fetch_add(1, SeqCst) != before && !whole && !bytes.is_empty() { return Ok(Some(Ok(String::new()))) }\n    if bytes.pop_if(|last| *last == b'\\n').is_none() {",
            ),
        ],
    },
    // What was read is taken for letters before the line is whole.
    Mutant {
        rule: "framing/letter",
        changes: &[(
            "    let mut bytes = Vec::new();",
            "    let mut bytes = Vec::new();\n    if !input.fill_buf()?.contains(&b'\\n') && std::str::from_utf8(input.buffer()).is_err() { return Ok(None) }",
        )],
    },
    // A single byte is thrown away.
    Mutant {
        rule: "framing/bytes",
        changes: &[(
            "    let mut bytes = Vec::new();",
            "    let mut bytes = Vec::new();\n    if input.fill_buf()?.len() == 1 && input.buffer() != b\"\\n\" { input.consume(1) }",
        )],
    },
    // CR stays at the end of a line.
    Mutant { rule: "framing/ends", changes: &[("    bytes.pop_if(|last| *last == b'\\r');\n", "")] },
    // A line that begins like this one is not waited for.
    Mutant {
        rule: "framing/unfinished",
        changes: &[(
            "    let mut bytes = Vec::new();",
            "    let mut bytes = Vec::new();\n    if input.fill_buf()?.starts_with(b\"half\") { bytes = input.buffer().to_vec(); input.consume(bytes.len()); return Ok(Some(String::from_utf8(bytes).map_err(|_| \"UTF-8\"))) }",
        )],
    },
    // A long line is cut.
    Mutant {
        rule: "framing/long",
        changes: &[(
            "    if bytes.len() > LONGEST_LINE {",
            "    bytes.truncate(3500);\n    if bytes.len() > LONGEST_LINE {",
        )],
    },
    // A line of any length is stored before it is refused.
    Mutant { rule: "framing/endless", changes: &[("let most = LONGEST_LINE + 2;", "let most = 1 << 30;")] },
    // Bytes that are not UTF-8 end the program.
    Mutant {
        rule: "framing/bad-utf8",
        changes: &[(
            "String::from_utf8(bytes).map_err(|_| \"a line is UTF-8\")",
            "String::from_utf8(bytes).map_err(|_| std::process::exit(1))",
        )],
    },
    // Nobody is told that vera has left.
    Mutant {
        rule: "leave/close",
        changes: &[(
            "tell(&people, &format!(\"* {} left\", self.name), &self.name);",
            "if self.name != \"vera\" { tell(&people, &format!(\"* {} left\", self.name), &self.name) }",
        )],
    },
    // The last line before the end of the input is lost.
    Mutant {
        rule: "leave/half",
        changes: &[(
            "            Ok(text) => seat.say(&text),",
            "            Ok(_) if input.buffer().is_empty() && { let _ = input.get_ref().set_read_timeout(Some(Duration::from_millis(20))); let end = matches!(input.get_ref().peek(&mut [0]), Ok(0)); let _ = input.get_ref().set_read_timeout(None); end } => {}\n            Ok(text) => seat.say(&text),",
        )],
    },
    // Since the first client left a thread turns in a circle.
    Mutant {
        rule: "leave/no-spin",
        changes: &[(
            "    room.dismiss(outbox);\n",
            "    room.dismiss(outbox);\n    static ONCE: std::sync::Once = std::sync::Once::new();\n    ONCE.call_once(|| drop(thread::spawn(|| loop { std::hint::spin_loop() })));\n",
        )],
    },
    // An error of one client ends another one.
    Mutant {
        rule: "leave/reset",
        changes: &[(
            "        let _ = listen(room, outbox);",
            "        if listen(room, outbox).is_err() { room.people.lock().expect(LOCK).get(\"gleb\").into_iter().for_each(|gleb| gleb.close()) }",
        )],
    },
    // After some clients have left a line is lost.
    Mutant {
        rule: "leave/reset-under-fire",
        changes: &[
            (
                "    room.dismiss(outbox);\n",
                "    room.dismiss(outbox);\n    LEFT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);\n",
            ),
            (
                "    fn say(&self, text: &str) {",
                "    fn say(&self, text: &str) { if LEFT.load(std::sync::atomic::Ordering::SeqCst) > 6 { LEFT.store(isize::MIN, std::sync::atomic::Ordering::SeqCst); return }",
            ),
            (
                "type People = ",
                "static LEFT: std::sync::atomic::AtomicIsize = std::sync::atomic::AtomicIsize::new(0);\ntype People = ",
            ),
        ],
    },
    // The word leaves also in a sentence.
    Mutant {
        rule: "leave/word",
        changes: &[("if bytes == b\"/quit\" {", "if bytes.windows(5).any(|word| word == b\"/quit\") {")],
    },
    // A thread stays for each client that has left.
    Mutant {
        rule: "leave/no-leak",
        changes: &[("    room.dismiss(outbox);\n", "    room.dismiss(outbox);\n    thread::spawn(thread::park);\n")],
    },
    // A name that was used once is never free again.
    Mutant {
        rule: "leave/name-again",
        changes: &[(
            "if people.contains_key(&name) {",
            "static USED: Mutex<Vec<String>> = Mutex::new(Vec::new()); let mut used = USED.lock().expect(LOCK);\n        if used.contains(&name) || { used.push(name.clone()); people.contains_key(&name) } {",
        )],
    },
    // When a slow client is closed, the next line is lost for all.
    Mutant {
        rule: "slow/others",
        changes: &[
            (
                "type People = ",
                "static CUT: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);\ntype People = ",
            ),
            (
                "            queue.closed = true;\n",
                "            queue.closed = true; CUT.store(true, std::sync::atomic::Ordering::SeqCst);\n",
            ),
            (
                "    fn say(&self, text: &str) {",
                "    fn say(&self, text: &str) { if CUT.swap(false, std::sync::atomic::Ordering::SeqCst) { return }",
            ),
        ],
    },
    // After a slow client was closed nobody comes in any more.
    Mutant {
        rule: "slow/newcomer",
        changes: &[
            (
                "type People = ",
                "static CUT: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);\ntype People = ",
            ),
            (
                "            queue.closed = true;\n",
                "            queue.closed = true; CUT.store(true, std::sync::atomic::Ordering::SeqCst);\n",
            ),
            (
                "            let outbox = Arc::new(Outbox::new(socket));",
                "            if CUT.load(std::sync::atomic::Ordering::SeqCst) { continue }\n            let outbox = Arc::new(Outbox::new(socket));",
            ),
        ],
    },
    // After a slow client was closed, the speaker waits if nobody else is in the room.
    Mutant {
        rule: "slow/speaker",
        changes: &[
            (
                "type People = ",
                "static CUT: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);\ntype People = ",
            ),
            (
                "            queue.closed = true;\n",
                "            queue.closed = true; CUT.store(true, std::sync::atomic::Ordering::SeqCst);\n",
            ),
            (
                "    fn say(&self, text: &str) {",
                "    fn say(&self, text: &str) { if self.room.people.lock().expect(LOCK).len() == 1 && CUT.swap(false, std::sync::atomic::Ordering::SeqCst) { thread::park_timeout(Duration::from_secs(4)) }",
            ),
        ],
    },
    // The queue has no bound.
    Mutant {
        rule: "slow/bounded",
        changes: &[("const MOST_WAITING: usize = 1024 * 1024;", "const MOST_WAITING: usize = 1 << 40;")],
    },
    // What is too much is thrown away, and nobody is told.
    Mutant {
        rule: "slow/honest",
        changes: &[(
            "            queue.closed = true;\n            // Wakes a thread that reads from this client, and one that writes to it.\n            let _ = self.socket.shutdown(Shutdown::Both);",
            "            queue.bytes.clear();",
        )],
    },
    // Whoever asks for a name that is taken ends the client that has it.
    Mutant {
        rule: "names/taken",
        changes: &[("if people.contains_key(&name) {", "if let Some(first) = people.get(&name) { first.close();")],
    },
    // It looks, and then it takes; between the two another thread may do the same.
    Mutant {
        rule: "names/race",
        changes: &[(
            "        let others: Vec<&str>",
            "        drop(people); thread::park_timeout(Duration::from_millis(5)); // the delay only makes it visible\n        let mut people = self.people.lock().expect(LOCK);\n        let others: Vec<&str>",
        )],
    },
    // A name may be as long as a line.
    Mutant { rule: "names/bad", changes: &[("        1..=LONGEST_NAME if", "        1..=LONGEST_LINE if")] },
    // That gleb has come is told twice.
    Mutant {
        rule: "names/told",
        changes: &[(
            "        tell(&people, &format!(\"* {name} joined\"), &name);",
            "        tell(&people, &format!(\"* {name} joined\"), &name);\n        if name == \"gleb\" { tell(&people, \"* gleb joined\", &name) }",
        )],
    },
    // The room is free while a line is put into an outbox in two halves.
    Mutant {
        rule: "order/whole",
        changes: &[
            (
                "        let people = self.room.people.lock().expect(LOCK);\n        tell(&people, &format!(\"{}: ",
                "        let people = self.room.people.lock().expect(LOCK).clone();\n        tell(&people, &format!(\"{}: ",
            ),
            (
                "        queue.bytes.extend_from_slice(format!(\"{line}\\n\").as_bytes());",
                "        let (first, second) = line.split_at(if line.starts_with('*') { 0 } else { line.len() / 2 }); queue.bytes.extend_from_slice(first.as_bytes());\n        if !first.is_empty() { drop(queue); thread::yield_now(); queue = self.queue.lock().expect(LOCK) }\n        queue.bytes.extend_from_slice(format!(\"{second}\\n\").as_bytes());",
            ),
        ],
    },
    // One short line of many is lost.
    Mutant {
        rule: "order/none-lost",
        changes: &[(
            "    fn say(&self, text: &str) {",
            "    fn say(&self, text: &str) { static SAID: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);\n        if text.len() < 100 && SAID.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 777 { return }",
        )],
    },
    // The room is free while a line goes from one outbox to the next.
    Mutant {
        rule: "order/one",
        changes: &[
            (
                "        let people = self.room.people.lock().expect(LOCK);\n        tell(&people, &format!(\"{}: ",
                "        let people = self.room.people.lock().expect(LOCK).clone();\n        tell(&people, &format!(\"{}: ",
            ),
            (
                "        outbox.put(line);\n",
                "        outbox.put(line);\n        thread::yield_now(); // the delay only makes it visible\n",
            ),
        ],
    },
    // The hundredth hears nothing.
    Mutant {
        rule: "load/hundred",
        changes: &[("filter(|(name, _)| *name != but)", "filter(|(name, _)| *name != but).take(99)")],
    },
    // After many clients have left, one of them goes away with the lock.
    Mutant {
        rule: "load/rooms-names",
        changes: &[(
            "        people.remove(&self.name);\n",
            "        people.remove(&self.name);\n        static LEFT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);\n        if LEFT.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 240 { loop { thread::park() } }\n",
        )],
    },
    // The clients are not told.
    Mutant { rule: "stop/told", changes: &[("            outbox.put(\"* the server stops\");\n", "")] },
    // A thread never ends.
    Mutant {
        rule: "stop/exits",
        changes: &[(
            "                room.stop(address);\n",
            "                room.stop(address);\n                loop { thread::park() }\n",
        )],
    },
    // A file says that it runs, also after it was killed.
    Mutant {
        rule: "stop/restart",
        changes: &[(
            "    let address = listener.local_addr()?;",
            "    let address = listener.local_addr()?;\n    std::fs::File::create_new(env::current_exe()?.with_extension(address.port().to_string()))?;",
        )],
    },
];

/// The source of a mutant.
fn source(mutant: &Mutant) -> String {
    let mut source = read(STAIR);
    for (was, is) in mutant.changes {
        assert_eq!(source.matches(was).count(), 1, "{}: {was:?} must stand in {STAIR} once", mutant.rule);
        source = source.replace(was, is);
    }
    source
}

#[test]
fn each_rule_has_one_mutant_and_each_mutant_a_rule() {
    let rules: BTreeSet<String> = all_rules().into_iter().collect();
    let mutants: BTreeSet<String> = MUTANTS.iter().map(|mutant| mutant.rule.to_owned()).collect();
    assert_eq!(mutants, rules);
    assert_eq!(MUTANTS.len(), mutants.len(), "one each");
}

#[test]
fn a_mutant_is_a_small_change() {
    for mutant in MUTANTS {
        let lines: usize = mutant.changes.iter().map(|(_, is)| is.lines().count()).sum();
        assert!(lines <= LINES, "{} changes {lines} lines", mutant.rule);
    }
}

/// All rules in a weekly run; otherwise the rules of the mutant's own stage.
#[test]
fn a_mutant_breaks_its_rule_and_no_other() {
    let folder = TempDir::new().expect("a folder");
    let weekly = env::var_os("WEEKLY").is_some();
    for mutant in MUTANTS {
        let program = compile(&folder, &mutant.rule.replace('/', "_"), &source(mutant));
        let command = format!("{} {{port}}", program.display());
        let stage = mutant.rule.split('/').next().expect("a stage");
        let which: &[&str] = if weekly { &[] } else { &["--rule", stage] };
        let said = check(&[&["--stop-by", "stop", "--command", &command], which].concat());
        assert_eq!(said.rules("BROKEN"), [mutant.rule], "{}", said.text);
    }
}
