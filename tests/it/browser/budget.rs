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
