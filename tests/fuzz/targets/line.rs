//! Any line of IRC: it is taken apart without a panic, and what is made of its parts is one line that says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomful::wire::irc::{LINE_BYTES, Line, Out, TAG_BYTES};

fuzz_target!(|text: &str| {
    let Ok(line) = Line::parse(text) else { return };
    let mut bytes = Vec::new();
    let value = line.tag("label");
    let out = Out::new(&mut bytes).tag_if("label", value.as_deref()).prefix("anna!u@h").command(&line.command);
    match line.params.split_last() {
        Some((last, words)) => words.iter().fold(out, |out, word| out.middle(word)).trailing(last),
        None => out.end(),
    }
    let made = String::from_utf8(bytes).expect("a line is UTF-8");
    let body = made.strip_suffix("\r\n").expect("a line has an ending");
    assert!(!body.contains(['\r', '\n', '\0']), "{body:?}");
    let tags = if body.starts_with('@') { body.find(' ').expect("a space") + 1 } else { 0 };
    assert!(tags <= TAG_BYTES && made.len() - tags <= LINE_BYTES, "{} bytes", made.len());
    let again = Line::parse(body).expect("a line");
    assert!(again.params.len() <= line.params.len());
});
