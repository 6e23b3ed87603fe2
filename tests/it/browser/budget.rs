//! How fast: what a person waits for. The aims are told, and a test fails only if it takes many times as long. Knows no chat.
//!
//! A machine that runs tests does other things too, so the best of several tries counts.
//! To see the times: `cargo test --test page budget -- --nocapture --test-threads 1`.

use serde_json::json;

use super::site::Site;
use super::tab::Browser;

/// How much slower than its aim something may be before a test fails.
const SLACK: f64 = 15.0;

/// Tells how long something took, and fails if that is far from the aim.
fn judge(what: &str, took: f64, aim: f64) {
    eprintln!("{what}: {took:.0} ms, and the aim is {aim} ms");
    assert!(took < aim * SLACK, "{what}: {took:.0} ms, and the aim is {aim} ms");
}

/// The best of so many tries.
fn best(tries: usize, mut measure: impl FnMut() -> f64) -> f64 {
    (0..tries).map(|_| measure()).fold(f64::INFINITY, f64::min)
}

#[test]
fn the_gate_is_painted_before_a_person_waits_also_on_a_slow_machine() {
    let site = Site::new("127.0.0.1");
    for (slower, most) in [(1, 200.0), (4, 600.0)] {
        let took = best(5, || {
            let mut tab = Browser::new().tab();
            tab.slower(slower);
            tab.open(&site.url());
            tab.until("byId('gate-name').value");
            let painted = tab.until("performance.getEntriesByName('first-contentful-paint')[0]?.startTime");
            painted.as_f64().unwrap()
        });
        judge(&format!("the gate, on a machine {slower} times slower"), took, most);
    }
}

#[test]
fn from_enter_at_the_gate_to_the_lines_of_the_room_takes_no_time_to_speak_of() {
    let site = Site::new("127.0.0.1");
    let mut boris = site.peer("boris", "#lobby");
    (0..50).for_each(|number| assert!(boris.say("#lobby", &format!("line {number}")) > 0));
    let took = best(5, || {
        let ann = site.gate();
        ann.value("(addEventListener('keydown', () => { globalThis.began = performance.now(); }, true), 1)");
        ann.press("Enter");
        ann.until("inside() && said().length >= 20 && (performance.mark('there'), 1)");
        ann.value("performance.getEntriesByName('there')[0].startTime - began").as_f64().unwrap()
    });
    judge("Enter to history", took, 150.0);
}

#[test]
fn sixty_lines_a_second_lose_no_key_and_each_is_seen_at_once() {
    let site = Site::new("127.0.0.1");
    for (slower, most) in [(1, 50.0), (4, 200.0)] {
        let ann = site.person(&format!("anna{slower}"));
        ann.slower(slower);
        ann.click_on("box()");
        ann.value(
            "(globalThis.delays = [], box().addEventListener('keydown', (key) => requestAnimationFrame(() => {
                const channel = new MessageChannel();
                channel.port1.onmessage = () => delays.push(performance.now() - key.timeStamp);
                channel.port2.postMessage(0);
            })), 1)",
        );
        let text = "the quick brown fox jumps over the lazy dog ".repeat(4);
        let mut boris = site.peer(&format!("boris{slower}"), "#lobby");
        let typing = std::thread::scope(|scope| {
            let typing = scope.spawn(|| ann.types(&text));
            let mut count = 0;
            // One line a frame of the page, as fast as it shows them.
            while !typing.is_finished() {
                count += 1;
                boris.send("say", json!({"room": "#lobby", "text": format!("line {count} of many")}));
                boris.sync();
                let _ = ann.try_call(
                    "Runtime.evaluate",
                    json!({
                        "expression": "new Promise((done) => requestAnimationFrame(done))", "awaitPromise": true,
                    }),
                );
            }
            count
        });
        ann.until(&format!("box().value === {}", json!(text)));
        ann.until(&format!("delays.length >= {}", text.len()));
        let late = ann.value("delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.95)]").as_f64().unwrap();
        let keys = text.len();
        judge(&format!("95 of 100 of {keys} keys beside {typing} lines, {slower} times slower"), late, most);
    }
}

/// A room with more lines than a browser can hold.
#[test]
fn ten_thousand_lines_are_read_to_the_first_and_back_in_little_memory() {
    const LINES: u64 = 10_000;
    let site = Site::stored("127.0.0.1");
    let mut boris = site.peer("boris", "#lobby");
    for number in 1..=LINES {
        boris.send("say", json!({"room": "#lobby", "text": format!("line {number}")}));
    }
    boris.sync();
    let ann = site.person("anna");
    ann.reads(&format!("line {LINES}"));
    // As fast as frames come: to one end, until its line is there.
    for (to, last) in
        [("0", "said()[0] === 'line 1'"), ("byId('scroller').scrollHeight", "said().at(-1) === 'line 10000'")]
    {
        let [mut lines, mut nodes, mut frame] = [0.0_f64; 3];
        for steps in 0.. {
            let seen = ann.value(&format!(
                "new Promise((done) => {{
                    let [lines, nodes, frame, count, before] = [0, 0, 0, 0, performance.now()];
                    const step = (now) => {{
                        frame = Math.max(frame, now - before);
                        before = now;
                        lines = Math.max(lines, byId('list').children.length);
                        nodes = Math.max(nodes, document.querySelectorAll('*').length);
                        const there = {last};
                        if (there || count++ > 200) return done([there, lines, nodes, count > 1 ? frame : 0]);
                        byId('scroller').scrollTop = {to};
                        requestAnimationFrame(step);
                    }};
                    requestAnimationFrame(step);
                }})"
            ));
            let number = |at: usize| seen[at].as_f64().unwrap();
            (lines, nodes, frame) = (lines.max(number(1)), nodes.max(number(2)), frame.max(number(3)));
            if seen[0] == json!(true) {
                break;
            }
            assert!(steps < 100, "{}", ann.seen());
        }
        eprintln!("to {to}: at most {lines} lines and {nodes} nodes, the longest frame {frame:.0} ms");
        // The days, the beginning and the line "new" are rows too.
        assert!(lines <= 410.0 && nodes <= 5000.0, "{lines} lines, {nodes} nodes");
        judge("the longest frame", frame, 100.0);
    }
    ann.call("HeapProfiler.enable", json!({}));
    ann.call("HeapProfiler.collectGarbage", json!({}));
    let usage = ann.call("Runtime.getHeapUsage", json!({}));
    // What scripts hold, and the elements.
    let parts = ["usedSize", "embedderHeapUsedSize", "backingStorageSize"];
    let heap = parts.iter().filter_map(|part| usage[part].as_f64()).sum::<f64>() / 1e6;
    eprintln!("{heap:.1} MB, and the aim is 30 MB");
    assert!(heap < 30.0, "{heap} MB");
}
