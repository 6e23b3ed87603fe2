//! Texts that would do something if a page took them for more than text, and how to see that they do nothing. Knows no field.

use std::time::Instant;

use serde_json::{Value, json};

use super::chromium::PATIENCE;
use super::tab::Tab;

/// Stands for half of a pair of UTF-16, which only an escape in JSON can have.
pub const LONE: &str = "LONE-SURROGATE";

/// They run, load or move something elsewhere: one table for all fields.
const VECTORS: [&str; 38] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "javascript:alert(1)",
    "JaVaScRiPt&#58;alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "blob:http://127.0.0.1/x",
    "https://a@evil.test/",
    "http://evil.test\\@good.test",
    "http://xn--e1awd7f.test/ http://аррӏе.test/",
    "http://good.test/?q=\"onmouseover=alert(1)//",
    "http://good.test/'><script>alert(1)</script>",
    "{{7*7}} ${7} #{7}",
    "__proto__",
    "constructor toString hasOwnProperty",
    "a\u{202e}b\u{2066}c",
    "zero\u{200b}width",
    "a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}\u{30d}\u{30e}\u{30f}",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦",
    "a\u{0}b",
    "`<img src=x onerror=alert(1)>`",
    "```\n<script>alert(1)</script>\n```",
    "@anna<img src=x onerror=alert(1)>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "{{constructor.constructor('alert(1)')()}}",
    "a.jpg\"\r\nX: y",
    "..\\..\\x",
    "x.html",
    "x.svg",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "valueOf",
    "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content=0>",
    "<base href=//evil.test>",
];

/// The table, and what is too long to stand in it.
pub fn vectors() -> Vec<String> {
    let marks = format!("a{}", "\u{301}".repeat(300));
    let families = "👩\u{200d}".repeat(100);
    let own = [marks, families, format!("half a {LONE} pair"), "w".repeat(300)];
    VECTORS.iter().map(|vector| (*vector).to_owned()).chain(own).collect()
}

/// As a text of JSON, which is one of JavaScript too.
pub fn escaped(value: &Value) -> String {
    value.to_string().replace(LONE, "\\ud800")
}

/// What texts may be made of. Everything else in a row was there before the text came.
pub fn only_text(ann: &Tab) -> Value {
    ann.value(
        "[...document.querySelectorAll('script, iframe, object, embed, base, meta[http-equiv], [onerror], [onload], [onmouseover], [style*=url]')]
            .filter((one) => one.localName !== 'script' || !one.src.startsWith(location.origin + '/a/'))
            .map((one) => one.outerHTML)
            .concat([...document.querySelectorAll('#list .text *')]
                .filter((one) => !['A', 'MARK', 'CODE', 'PRE', 'BDI', 'SPAN', 'BR', 'TIME'].includes(one.tagName) && !one.closest('svg.icon')).map((one) => one.outerHTML))
            .concat([...document.querySelectorAll('a[href]')]
                .filter((one) => !/^https?:$/.test(one.protocol) || one.username || one.target !== '_blank' || !/noopener/.test(one.rel) || !/noreferrer/.test(one.rel))
                .map((one) => one.outerHTML))
            // Pictures are of files, or the code of an address.
            .concat([...document.querySelectorAll('img[src]')].map((one) => one.getAttribute('src')).filter((src) => !['/f/', '/qr.svg?', 'blob:'].some((begin) => src.startsWith(begin))))",
    )
}

/// What was fetched that no page of ours asks for, however it is written in a text.
pub fn fetched(ann: &Tab) -> Vec<String> {
    ann.log.all(|method, params| {
        let url = (method == "Network.requestWillBeSent").then(|| params["request"]["url"].as_str())??;
        let path = format!("/{}", url.splitn(4, '/').nth(3)?);
        let known = ["/a/", "/f/", "/qr.svg?", "/welcome.json"].iter().any(|begin| path.starts_with(begin));
        (!known && path != "/" && !url.starts_with("data:") && !url.starts_with("blob:")).then(|| url.to_owned())
    })
}

/// Waits until all of the texts can be seen, or read in a field.
pub fn sees_all(ann: &Tab, wanted: &[String], what: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let missing = unseen(ann, wanted);
        if missing == json!([]) {
            return;
        }
        assert!(Instant::now() < end, "{what}: {missing}");
    }
}

fn unseen(ann: &Tab, wanted: &[String]) -> Value {
    ann.value(&format!(
        "(() => {{
            const all = [document.title, document.body.textContent, ...[...document.querySelectorAll('input, textarea, option, img, audio')].flatMap((one) => [one.value, one.label, one.alt, one.ariaLabel])].join('\\n');
            return {}.filter((wanted) => !all.includes(wanted)).map((text) => text.toWellFormed());
        }})()",
        escaped(&json!(wanted))
    ))
}
