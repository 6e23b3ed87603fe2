//! One headless Chromium for all tests, spoken to over its DevTools pipe. Knows no page.
//!
//! The pipe carries JSON objects, each with a NUL behind it. It needs no port and no
//! crate, and Chromium ends when it closes: so none is left when the tests end, in
//! whatever way they end.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long Chromium may take for anything. It shares two cores with what is tested.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The name under which the server is not a secure context, as it is in a classroom. It never leaves this machine.
pub const CLASSROOM: &str = "roomful.test";

/// The shell gives Chromium the pipe as descriptors 3 and 4, and clears up after it, when its helpers have ended too.
const START: &str = r#""$@" --user-data-dir="$0" about:blank 3<&0 4>&1 </dev/null >&2
until rm -rf "$0"; do sleep 0.1; done"#;

/// The one Chromium of this process.
pub fn chromium() -> &'static Chromium {
    static CHROMIUM: LazyLock<Chromium> = LazyLock::new(Chromium::start);
    &CHROMIUM
}

/// A running Chromium.
pub struct Chromium {
    commands: Mutex<ChildStdin>,
    last: AtomicU64,
    shared: Arc<Shared>,
}

/// What the reading thread hands out.
#[derive(Default)]
struct Shared {
    answers: Mutex<HashMap<u64, Sender<Value>>>,
    logs: Mutex<HashMap<String, Arc<Log>>>,
}

/// The events of one tab, in their order.
#[derive(Default)]
pub struct Log {
    events: Mutex<Vec<(String, Value)>>,
    news: Condvar,
}

impl Chromium {
    fn start() -> Chromium {
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let folder = tempfile::Builder::new().prefix("chromium-").tempdir().expect("a folder").keep();
        let mut shell = Command::new("sh");
        shell.args(["-c", START]).arg(&folder).arg(&program).args(flags());
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = shell.spawn().expect("a shell");
        let commands = Mutex::new(child.stdin.take().expect("a pipe"));
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let shared = Arc::new(Shared::default());
        let reader = Arc::clone(&shared);
        thread::spawn(move || {
            for object in answers.split(0).map_while(Result::ok) {
                match serde_json::from_slice(&object) {
                    Ok(object) => reader.take(object),
                    // Half a pair of UTF-16 is none: the test that asked for it fails, and the others go on.
                    Err(error) => eprintln!("what Chromium says is no JSON: {error}"),
                }
            }
            // Without its senders, each call fails at once instead of after its patience.
            lock(&reader.answers).clear();
            let _ = child.wait();
        });
        let chromium = Chromium { commands, last: AtomicU64::new(0), shared };
        if let Err(error) = chromium.call(None, "Browser.getVersion", json!({})) {
            panic!("{program} does not start ({error}); scripts/test.sh installs it, and CHROMIUM names another one");
        }
        chromium
    }

    /// Asks for one thing; its answer, or why there is none. Without a session it is about the whole browser.
    pub fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value, String> {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut command = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        let (sender, receiver) = channel();
        lock(&self.shared.answers).insert(id, sender);
        let bytes = [command.to_string().as_bytes(), b"\0"].concat();
        lock(&self.commands).write_all(&bytes).map_err(|error| format!("{method}: {error}"))?;
        let mut answer = receiver.recv_timeout(PATIENCE).map_err(|error| format!("{method}: {error}"))?;
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {}", error["message"].as_str().unwrap_or_default())),
            None => Ok(answer["result"].take()),
        }
    }

    /// Begins to collect the events of a tab.
    pub fn log(&self, session: &str) -> Arc<Log> {
        Arc::clone(lock(&self.shared.logs).entry(session.to_owned()).or_default())
    }
}

fn flags() -> Vec<String> {
    let hosts = format!("MAP {CLASSROOM} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost");
    let mut flags = vec![
        "--headless=new".to_owned(),
        "--remote-debugging-pipe".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-extensions".to_owned(),
        "--no-first-run".to_owned(),
        "--no-default-browser-check".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--mute-audio".to_owned(),
        "--lang=en-GB".to_owned(),
        // Roles and names of elements as Chromium computes them for a screen reader.
        "--enable-blink-features=ComputedAccessibilityInfo".to_owned(),
        // Else windows that lie under others draw nothing.
        "--disable-backgrounding-occluded-windows".to_owned(),
        format!("--host-resolver-rules={hosts}"),
        // A server makes its certificate itself.
        "--ignore-certificate-errors".to_owned(),
    ];
    if rustix::process::geteuid().is_root() {
        flags.push("--no-sandbox".to_owned());
    }
    flags
}

impl Shared {
    fn take(&self, mut object: Value) {
        if let Some(id) = object["id"].as_u64() {
            // A call that was given up has no sender any more.
            if let Some(sender) = lock(&self.answers).remove(&id) {
                let _ = sender.send(object);
            }
            return;
        }
        let Some(session) = object["sessionId"].as_str() else { return };
        let log = Arc::clone(lock(&self.logs).entry(session.to_owned()).or_default());
        let method = object["method"].as_str().unwrap_or_default().to_owned();
        lock(&log.events).push((method, object["params"].take()));
        log.news.notify_all();
    }
}

impl Log {
    /// How many events there were so far.
    pub fn len(&self) -> usize {
        lock(&self.events).len()
    }

    /// Waits for an event after the first `from` ones of which `wanted` makes something.
    pub fn wait<T>(&self, from: usize, what: &str, wanted: impl Fn(&str, &Value) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut events = lock(&self.events);
        let mut next = from;
        loop {
            if let Some(found) = events[next..].iter().find_map(|(method, params)| wanted(method, params)) {
                return found;
            }
            next = events.len();
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not within {PATIENCE:?}: {what}");
            events = self.news.wait_timeout(events, left).unwrap_or_else(|broken| broken.into_inner()).0;
        }
    }

    /// What `wanted` makes of the events so far.
    pub fn all<T>(&self, wanted: impl Fn(&str, &Value) -> Option<T>) -> Vec<T> {
        lock(&self.events).iter().filter_map(|(method, params)| wanted(method, params)).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that fails while it holds the lock is no reason for the others to fail.
    mutex.lock().unwrap_or_else(|broken| broken.into_inner())
}
