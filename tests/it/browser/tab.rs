//! One tab of a browser, as the person before it has it: looks, keys, the mouse. Knows no chat but what its expressions find.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use serde_json::{Value, json};

use super::chromium::{Log, PATIENCE, chromium};
use super::keys;

/// What tests may use in expressions.
const FINDERS: &str = concat!(include_str!("finders.js"), include_str!("chat.js"));

/// Looks again with each frame and each change, and in a hidden tab, which has no frames, by the clock.
const UNTIL: &str = "new Promise((found) => {
    let watching;
    const look = () => {
        let seen;
        try { seen = is(); } catch (error) { if (!(error instanceof TypeError)) throw error; }
        if (seen) { watching?.disconnect(); found(seen); return true; }
        return false;
    };
    if (look()) return;
    watching = new MutationObserver(look);
    watching.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const again = () => look() || (document.hidden ? setTimeout(again, 100) : requestAnimationFrame(again));
    again();
})";

/// One person's browser: what it stores, nobody else sees. It lasts as long as this or a tab of it.
#[derive(Clone)]
pub struct Browser {
    context: Arc<Context>,
}

struct Context(String);

impl Browser {
    pub fn new() -> Browser {
        let made = chromium().call(None, "Target.createBrowserContext", json!({})).expect("a browser");
        Browser { context: Arc::new(Context(made["browserContextId"].as_str().expect("its id").to_owned())) }
    }

    /// A new tab, in a window of its own: so it is visible, whatever other tabs do.
    pub fn tab(&self) -> Tab {
        let tab = Tab::new(self);
        tab.call("Emulation.setFocusEmulationEnabled", json!({"enabled": true}));
        tab.size(1280, 800);
        tab
    }

    /// The addresses of all tabs that it has open.
    pub fn open(&self) -> Vec<String> {
        let targets = chromium().call(None, "Target.getTargets", json!({})).expect("a list");
        let own = targets["targetInfos"].as_array().expect("a list").iter();
        let own = own.filter(|target| target["browserContextId"] == self.context.0 && target["type"] == "page");
        own.map(|target| target["url"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // It may be that Chromium is not there any more.
        let _ = chromium().call(None, "Target.disposeBrowserContext", json!({"browserContextId": self.0}));
    }
}

/// A tab. When it is dropped, it must have been quiet: see `watch`.
pub struct Tab {
    target: String,
    session: String,
    context: Arc<Context>,
    pub log: Arc<Log>,
    /// Lines of the console that the test expects, by a part of each.
    pub expected: Vec<String>,
    /// The host whose pages it may show, and to which alone it may speak.
    pub host: String,
}

impl Tab {
    fn new(browser: &Browser) -> Tab {
        let window = json!({"url": "about:blank", "browserContextId": browser.context.0, "newWindow": true});
        let made = chromium().call(None, "Target.createTarget", window).expect("a tab");
        let target = made["targetId"].as_str().expect("its id").to_owned();
        let attach = json!({"targetId": target, "flatten": true});
        let attached = chromium().call(None, "Target.attachToTarget", attach).expect("a tab");
        let session = attached["sessionId"].as_str().expect("its session").to_owned();
        let log = chromium().log(&session);
        let tab = Tab {
            target,
            session,
            context: Arc::clone(&browser.context),
            log,
            expected: Vec::new(),
            host: String::new(),
        };
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        tab
    }

    pub fn try_call(&self, method: &str, params: Value) -> Result<Value, String> {
        chromium().call(Some(&self.session), method, params)
    }

    pub fn call(&self, method: &str, params: Value) -> Value {
        self.try_call(method, params).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Goes to a page, and waits until all of it is loaded.
    pub fn open(&mut self, url: &str) {
        self.host = url.split('/').nth(2).unwrap_or_default().to_owned();
        let before = self.log.len();
        let answer = self.call("Page.navigate", json!({"url": url}));
        assert_eq!(answer.get("errorText"), None, "{url}");
        if answer.get("loaderId").is_some() {
            self.loaded(before);
        }
    }

    pub fn reload(&self) {
        let before = self.log.len();
        self.call("Page.reload", json!({}));
        self.loaded(before);
    }

    /// Goes back or forward in the history of the tab.
    pub fn travel(&self, steps: i64) {
        let history = self.call("Page.getNavigationHistory", json!({}));
        let index = history["currentIndex"].as_i64().expect("a number") + steps;
        let entry = &history["entries"][usize::try_from(index).expect("there is one")]["id"];
        let before = self.log.len();
        self.call("Page.navigateToHistoryEntry", json!({"entryId": entry}));
        self.log.wait(before, "another page", |method, _| (method == "Page.frameNavigated").then_some(()));
    }

    fn loaded(&self, before: usize) {
        self.log.wait(before, "a loaded page", |method, _| (method == "Page.loadEventFired").then_some(()));
    }

    /// The value of an expression, in which `finders.js` may be used. A promise is awaited.
    pub fn value(&self, expression: &str) -> Value {
        self.evaluate(&format!("return ({expression});")).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until an expression is true; its value. A page that is loaded anew meanwhile is looked at again.
    pub fn until(&self, expression: &str) -> Value {
        let end = Instant::now() + PATIENCE;
        let body = format!("const is = () => ({expression}); return {UNTIL};");
        loop {
            match self.evaluate(&body) {
                Ok(value) => return value,
                Err(error) if end > Instant::now() && reloaded(&error) => {}
                Err(error) => panic!("{error}, before {expression}; the page:\n{}\n", self.seen()),
            }
        }
    }

    fn evaluate(&self, body: &str) -> Result<Value, String> {
        let expression = format!("(async () => {{ {FINDERS}\n{body} }})()");
        let params =
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let mut answer = self.try_call("Runtime.evaluate", params)?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(details["exception"]["description"].as_str().unwrap_or("an exception").to_owned()),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// What a person sees of the page now, and what has the focus.
    pub fn seen(&self) -> String {
        let seen = self.evaluate("return `${location.href}\n${text()}\nfocus: ${focused()}`");
        seen.map_or_else(|error| error, |seen| seen.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until these words can be read.
    pub fn sees(&self, words: &str) {
        self.until(&format!("sees({})", json!(words)));
    }

    /// Waits until an element can be found, and has the focus.
    pub fn has_focus(&self, role: &str, name: &str) {
        self.until(&format!("focused() === {}", json!(format!("{role} {name}"))));
    }

    /// Clicks the middle of an element with the mouse. It must lie there, and nothing over it.
    pub fn click(&self, role: &str, name: &str) {
        self.click_on(&format!("one({}, {})", json!(role), json!(name)));
    }

    /// The same, for an element that an expression finds. If the element moved away under the mouse, it is clicked again.
    pub fn click_on(&self, element: &str) {
        let place = format!(
            "(() => {{
                const element = {element};
                if (!element || element.disabled) return null;
                element.scrollIntoView({{ block: 'nearest' }});
                const at = element.getBoundingClientRect();
                const [x, y] = [at.x + at.width / 2, at.y + at.height / 2];
                const hit = document.elementFromPoint(x, y);
                const [before, now] = [globalThis.lastPlace, JSON.stringify([x, y])];
                globalThis.lastPlace = now;
                // It must lie still, or the click goes to what is there by then.
                if (before !== now || !(element.contains(hit) || element.control === hit)) return null;
                globalThis.missed = false;
                const hears = (event) => globalThis.missed = !event.composedPath().includes(hit);
                addEventListener('click', hears, {{ capture: true, once: true }});
                return [x, y];
            }})()"
        );
        loop {
            let place = self.until(&place);
            for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
                let button = if kind == "mouseMoved" { "none" } else { "left" };
                let event = json!({
                    "type": kind, "x": place[0], "y": place[1], "button": button, "buttons": buttons, "clickCount": 1,
                });
                self.call("Input.dispatchMouseEvent", event);
            }
            // A click may replace the page; then there is no answer.
            if self.evaluate("return globalThis.missed").ok() != Some(json!(true)) {
                return;
            }
        }
    }

    /// Presses a key, with the keys held down that are named before it: `Alt+Shift+ArrowUp`.
    pub fn press(&self, key: &str) {
        for event in keys::press(key) {
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types a text, key by key. A line break is Enter.
    pub fn types(&self, text: &str) {
        text.chars().flat_map(keys::character).for_each(|event| {
            self.call("Input.dispatchKeyEvent", event);
        });
    }

    /// What an input method shows before the word is chosen. `Input.insertText` chooses.
    pub fn composes(&self, text: &str) {
        let length = text.encode_utf16().count();
        self.call("Input.imeSetComposition", json!({"text": text, "selectionStart": length, "selectionEnd": length}));
    }

    /// Enter while a word is chosen: first as most browsers tell of it, then as Safari does, which ends the composition first.
    pub fn enters_a_word(&self) {
        for number in [13, 229] {
            self.call(
                "Input.dispatchKeyEvent",
                json!({
                    "type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": number,
                }),
            );
        }
    }

    pub fn chooses(&self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Clears a field that has the focus, as people do.
    pub fn clear(&self) {
        self.press("Control+a");
        self.press("Delete");
    }

    /// Clicks a field, and types into it instead of what it has.
    pub fn fill(&self, role: &str, name: &str, text: &str) {
        self.click(role, name);
        self.clear();
        self.types(text);
    }

    /// Chooses files for the `<input type=file>` that an expression finds.
    pub fn chooses_files(&self, input: &str, paths: &[&Path]) {
        let expression = format!("(() => {{ {FINDERS}\n return {input}; }})()");
        let object = self.call("Runtime.evaluate", json!({"expression": expression}));
        let paths: Vec<_> = paths.iter().map(|path| path.to_str().expect("UTF-8")).collect();
        let id = &object["result"]["objectId"];
        self.call("DOM.setFileInputFiles", json!({"files": paths, "objectId": id}));
    }

    pub fn offline(&self, offline: bool) {
        let conditions = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.call("Network.emulateNetworkConditions", conditions);
    }

    /// So many bytes a second go out; as many as there are, if it is -1.
    pub fn slower_network(&self, bytes: i64) {
        let conditions = json!({"offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes});
        self.call("Network.emulateNetworkConditions", conditions);
    }

    /// The person has allowed this to the page that is open.
    pub fn allows(&self, what: &str) {
        let origin = self.value("location.origin");
        let grant = json!({"permissions": [what], "origin": origin, "browserContextId": self.context.0});
        chromium().call(None, "Browser.grantPermissions", grant).expect("a permission that there is");
    }

    /// Drops a file on the element that an expression finds.
    pub fn drops(&self, path: &Path, element: &str) {
        let place = self.value(&format!(
            "(() => {{ const at = {element}.getBoundingClientRect(); return [at.x + 50, at.y + 50]; }})()"
        ));
        let data = json!({"items": [], "files": [path], "dragOperationsMask": 1});
        for kind in ["dragEnter", "dragOver", "drop"] {
            self.call("Input.dispatchDragEvent", json!({"type": kind, "x": place[0], "y": place[1], "data": data}));
        }
    }

    /// As on a machine that many times slower.
    pub fn slower(&self, times: u32) {
        self.call("Emulation.setCPUThrottlingRate", json!({"rate": times}));
    }

    pub fn size(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "screenWidth": width, "screenHeight": height,
            "deviceScaleFactor": 1, "mobile": width < 640,
        });
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.until(&format!("screen.width === {width}"));
    }

    /// What the person has set for all pages: `prefers-color-scheme`, `prefers-reduced-motion` and the like.
    pub fn prefers(&self, features: &[(&str, &str)]) {
        let features: Vec<_> = features.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Another window lies over the whole of it, or does no more.
    pub fn hide(&self, hidden: bool) {
        self.call("Emulation.setFocusEmulationEnabled", json!({"enabled": !hidden}));
        let window = self.call("Browser.getWindowForTarget", json!({"targetId": self.target}));
        let state = if hidden { "minimized" } else { "normal" };
        let bounds = json!({"windowId": window["windowId"], "bounds": {"windowState": state}});
        self.call("Browser.setWindowBounds", bounds);
        self.until(&format!("document.hidden === {hidden}"));
    }

    /// The system takes all time away from the page, as a phone does in a pocket, or gives it back.
    pub fn freeze(&self, frozen: bool) {
        let state = if frozen { "frozen" } else { "active" };
        self.call("Page.setWebLifecycleState", json!({"state": state}));
    }

    /// Role and name of all that a screen reader finds.
    pub fn accessible(&self) -> Vec<(String, String)> {
        let tree = self.call("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().expect("nodes").iter().filter(|node| node["ignored"] == false);
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        nodes.map(|node| (text(&node["role"]), text(&node["name"]))).collect()
    }

    pub fn screenshot(&self, path: &Path) {
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let bytes = base64::prelude::BASE64_STANDARD.decode(shot["data"].as_str().expect("base64")).expect("base64");
        std::fs::write(path, bytes).expect("a file");
    }

    /// Ends the tab, without a look at what it did.
    pub fn end(&self) {
        // It may have ended already.
        let _ = chromium().call(None, "Target.closeTarget", json!({"targetId": self.target}));
    }
}

/// Whether the page that was asked is not there any more.
fn reloaded(error: &str) -> bool {
    ["context was destroyed", "navigated or closed", "Cannot find default execution context", "Promise was collected"]
        .iter()
        .any(|words| error.contains(words))
}
