//! What no page of ours ever does: write to the console, fail, break its own policy, speak to others. Knows no chat.

use serde_json::Value;

use super::tab::Tab;

impl Tab {
    /// A part of console lines that come because of what the test does, such as ending the server.
    pub fn expects(&mut self, words: &str) {
        self.expected.push(words.to_owned());
    }

    /// Everything the page has done so far that it must not.
    pub fn faults(&self) -> Vec<String> {
        // A page that shows a dialog answers nothing. Mostly there is none.
        let _ = self.try_call("Page.handleJavaScriptDialog", serde_json::json!({"accept": true}));
        // What was done before is told before the answer.
        let _ = self.try_call("Runtime.evaluate", serde_json::json!({"expression": "1"}));
        let faults = self.log.all(|method, params| self.fault(method, params));
        faults.into_iter().filter(|fault| !self.expected.iter().any(|words| fault.contains(words))).collect()
    }

    /// What is wrong with one event, if anything is.
    pub fn fault(&self, method: &str, params: &Value) -> Option<String> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match method {
            "Runtime.consoleAPICalled" => Some(format!("console: {}", params["args"])),
            "Runtime.exceptionThrown" => {
                let details = &params["exceptionDetails"];
                Some(format!("exception: {} {}", word(&details["text"]), word(&details["exception"]["description"])))
            }
            "Log.entryAdded" => {
                let entry = &params["entry"];
                Some(format!("console: {} {}", word(&entry["text"]), word(&entry["url"])))
            }
            // Violations of the policy are among them. So are hints on style, which the console does not show.
            "Audits.issueAdded" => {
                let code = word(&params["issue"]["code"]);
                code.contains("SecurityPolicy").then(|| format!("policy: {}", params["issue"]["details"]))
            }
            "Network.requestWillBeSent" => self.elsewhere(&word(&params["request"]["url"])),
            "Network.webSocketCreated" => self.elsewhere(&word(&params["url"])),
            "Page.javascriptDialogOpening" => Some(format!("a dialog of the browser: {}", word(&params["message"]))),
            _ => None,
        }
    }

    fn elsewhere(&self, url: &str) -> Option<String> {
        let host = url.split('/').nth(2).unwrap_or_default();
        let local = ["data:", "blob:", "about:"].iter().any(|scheme| url.starts_with(scheme));
        (!local && host != self.host).then(|| format!("a request to another host: {url}"))
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let faults = self.faults();
            self.end();
            assert!(faults.is_empty(), "the page did what it must not: {faults:#?}");
        } else {
            let faults = self.faults();
            eprintln!("the tab at the end:\n{}\n{faults:#?}", self.seen());
            self.end();
        }
    }
}
