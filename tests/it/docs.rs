//! The handbook and the code say the same: what can go over the wire is on the page, and nothing else is. Knows no sockets.

mod checking;
mod page;
mod refusals;
mod samples;
mod types;

use roomful::command::{self, TABLE};
use roomful::error::Code;
use roomful::event::PROTOCOL;
use roomful::limits;
use roomful::model::CloseReason;
use roomful::names::{Flaw, NameError, NameKind};
use roomful::wire::json;
use roomful::wording::capital;
use serde_json::Value;
use sha2::{Digest, Sha256};

use page::{
    LIMITS_PAGE, Names, PROTOCOL_PAGE, bare, blocks, examples, fields_in, kind_of, names, part, parts, rows, section,
    titles,
};
use refusals::refusals;
use samples::{answer_fields, event_fields, fields_of, objects};

const NAME_ERRORS: &str = include_str!("../../src/names/error.rs");

#[test]
fn the_page_is_about_this_version() {
    assert!(PROTOCOL_PAGE.starts_with(&format!("# The protocol, version {PROTOCOL}\n")));
}

#[test]
fn every_command_is_on_the_page_with_its_fields_and_an_example() {
    let parts = parts(section("Commands"));
    assert_eq!(titles(&parts), names(TABLE.iter().map(|spec| spec.name)));
    for spec in TABLE {
        let part = part(&parts, spec.name);
        let told = rows(part).into_iter().map(|row| match row[1] {
            "must" => format!("{}!", bare(row[0])),
            "may" => bare(row[0]).to_owned(),
            other => panic!("{}: {other:?} is neither must nor may", spec.name),
        });
        let (told, made) = (told.collect::<Names>(), names(json::fields(spec.verb).iter()));
        assert_eq!(told, made, "fields of {}: left on the page, right in the code", spec.name);
        let shown = examples(part).iter().any(|(mark, line)| *mark == '>' && kind_of(line) == spec.name);
        assert!(shown, "no example of {}", spec.name);
    }
}

#[test]
fn a_command_is_refused_without_the_fields_that_must_be_there() {
    for spec in TABLE {
        let must = json::fields(spec.verb).iter().any(|field| field.ends_with('!'));
        assert_eq!(json::decode(json::request(spec.name, &[]).as_bytes()).is_err(), must, "{}", spec.name);
    }
}

#[test]
fn every_answer_is_on_the_page_with_its_fields() {
    let section = section("Answers");
    let (answers, objects_told) = section.split_once("\n| object |").expect("two tables");
    let told: Vec<_> = rows(answers).into_iter().map(|row| (bare(row[0]).to_owned(), fields_in(row[1]))).collect();
    let made = answer_fields();
    assert_eq!(names(told.iter().map(|(name, _)| name)), names(made.iter().map(|(name, _)| name)));
    for (name, fields) in &made {
        assert_eq!(told.iter().find(|row| row.0 == *name).map(|row| &row.1), Some(fields), "ok for {name}");
    }
    let told = rows(objects_told);
    assert_eq!(names(told.iter().map(|row| row[0])), names(objects().iter().map(|(name, ..)| name)));
    for (name, lean, full) in objects() {
        let fields = told.iter().find(|cells| cells[0] == name).map(|cells| fields_in(cells[1]));
        assert_eq!(fields, Some(fields_of(&lean, &full)), "the object {name}");
    }
}

#[test]
fn every_event_is_on_the_page_with_its_fields_and_an_example() {
    let parts = parts(section("Events"));
    let made = event_fields();
    assert_eq!(titles(&parts), made.iter().map(|m| m.0.clone()).collect());
    for (name, fields) in &made {
        let part = part(&parts, name);
        let told = rows(part).into_iter().map(|row| match row[1] {
            "always" => bare(row[0]).to_owned(),
            "some" => format!("{}?", bare(row[0])),
            other => panic!("{name}: {other:?} is neither always nor some"),
        });
        assert_eq!(told.collect::<Names>(), *fields, "fields of the event {name}");
        let shown = examples(part).iter().any(|(mark, line)| *mark == '<' && kind_of(line) == *name);
        assert!(shown, "no example of {name}");
    }
}

/// On failure: the row that is wrong is printed as it must begin and end.
#[test]
fn every_error_code_is_on_the_page_with_its_value_and_its_sentence() {
    let rows = rows(section("Errors"));
    let of_names = name_codes();
    // The whole list of names' codes is in one function; a new one there must be in the samples here.
    let written = NAME_ERRORS.split('"').filter(|word| word.starts_with("nick-") || word.starts_with("room-"));
    let written = names(written.filter(|word| *word != "room-reserved"));
    assert_eq!(names(of_names.iter()), names(written.iter().filter(|word| !word.contains(' '))));
    let codes = names(Code::ALL.iter().map(Code::as_str));
    assert!(names(of_names.iter()).is_subset(&codes), "a name's code is in no row of the table");
    assert_eq!(names(rows.iter().map(|row| bare(row[0]))), codes);
    assert_eq!(names(refusals().iter().map(|refusal| refusal.code().to_string())), codes);
    assert_eq!((rows.len(), refusals().len()), (codes.len(), codes.len()), "a code comes twice");
    for refusal in refusals() {
        let row = rows.iter().find(|row| refusal.code() == bare(row[0])).expect("it was found before");
        assert!(!row[1].is_empty(), "{refusal:?}");
        assert_eq!(row[3], refusal.to_string(), "{refusal:?}");
        assert_eq!(row[2] == "–", refusal.value().is_empty(), "the value of {refusal:?}: {:?}", refusal.value());
    }
}

#[test]
fn every_close_reason_is_on_the_page_with_its_words() {
    let told: Vec<_> =
        rows(section("Close reasons")).iter().map(|row| (bare(row[0]).to_owned(), row[1].to_owned())).collect();
    let reasons = CloseReason::ALL.iter().map(|reason| (reason.code().to_owned(), reason.words().to_owned()));
    assert_eq!(told, reasons.collect::<Vec<_>>());
}

/// On failure: the table as it must stand in `docs/limits.md` is printed.
#[test]
fn every_limit_is_on_its_page_as_it_is_in_the_code() {
    let row = |row: &limits::Limit| {
        let least = if row.least == 0 { "off, or 1".to_owned() } else { row.least.to_string() };
        let (name, unit, default) = (row.name, row.unit, row.default);
        let (most, live) = (row.most, row.live);
        format!("| `{name}` | {default} | {unit} | {least} to {most} | {live} | {} |\n", row.consequence.trim())
    };
    let table: String = limits::TABLE.iter().map(row).collect();
    let table = format!(
        "| limit | default | unit | range | live | what it bounds, and what happens |\n|---|---|---|---|---|---|\n{table}"
    );
    let told: String = LIMITS_PAGE.split_inclusive('\n').filter(|line| line.starts_with('|')).collect();
    assert!(told == table, "docs/limits.md needs this table:\n\n{table}");
}

#[test]
fn the_limits_that_a_client_meets_are_named_with_their_defaults() {
    for row in rows(section("Limits")) {
        let limit = limits::TABLE.iter().find(|limit| limit.name == bare(row[0]));
        let told = limit.map(|limit| format!("{} {}", limit.default, limit.unit));
        assert_eq!(told.as_deref(), Some(row[1]), "{}", row[0]);
        if let Some(codes) = row[2].strip_prefix("`error` ") {
            let named = codes.split('`').filter(|word| word.contains('-')).collect::<Vec<_>>();
            assert!(!named.is_empty() && named.iter().all(|code| Code::ALL.contains(&Code::from(*code))), "{}", row[2]);
        }
    }
}

#[test]
fn every_example_is_what_the_code_reads_and_writes() {
    let all = examples(PROTOCOL_PAGE);
    assert!(all.len() > 50, "only {} examples were found", all.len());
    for (i, (mark, line)) in all.iter().enumerate() {
        match mark {
            '>' => check_request(line, &all[i + 1..]),
            '<' => check_event(line),
            mark => panic!("an example starts with {mark:?}: {line}"),
        }
    }
}

/// The sentence of a refusal in an example is that of its code, with the values of the example.
#[test]
fn every_refusal_in_an_example_has_the_sentence_of_its_code() {
    let told = examples(PROTOCOL_PAGE).into_iter().filter(|(_, line)| kind_of(line) == "error");
    for (_, line) in told {
        let told: Value = serde_json::from_str(line).expect(line);
        let code = told["code"].as_str().expect("a code");
        let refusal = refusals().into_iter().find(|refusal| refusal.code() == code).expect(line);
        // What a field takes is another sentence for each field.
        if code != "bad-field" {
            let value = told["value"].as_str().expect("a value");
            let sentence = match refusal.value() {
                sample if sample.is_empty() => refusal.to_string(),
                sample => refusal.to_string().replace(&*sample, value),
            };
            assert_eq!(told["text"], sentence, "{line}");
        }
    }
}

/// Every command of an example is answered in the same block, in the order of the commands.
#[test]
fn every_command_in_an_example_has_its_answer() {
    for block in blocks(PROTOCOL_PAGE) {
        let told: Vec<Value> = block.iter().map(|(_, line)| serde_json::from_str(line).expect(line)).collect();
        let asked = block.iter().zip(&told).filter(|((mark, _), line)| *mark == '>' && line["type"] != "pong");
        let mut answers = block.iter().zip(&told).filter(|((mark, _), line)| {
            // An answer alone, without its command, may be an example too.
            *mark == '<' && (line["type"] == "ok" || line["type"] == "error") && block[0].0 == '>'
        });
        for (_, command) in asked {
            let (_, answer) = answers.next().unwrap_or_else(|| panic!("no answer to {command}"));
            assert_eq!(answer["tag"], command["tag"], "{command} and {answer}");
            let kind = match command["type"].as_str().expect("a type") {
                "me" | "notice" | "roll" => "say",
                "reply" => "msg",
                "typed" => means(command),
                kind => kind,
            };
            assert!(answer["type"] == "error" || answer["for"] == kind, "{command} and {answer}");
        }
        assert!(answers.next().is_none(), "an answer too many: {block:?}");
    }
}

/// What a person types with a slash is a command; or the next line is its refusal.
#[test]
fn every_typed_command_in_an_example_is_one_or_is_refused_as_told() {
    let lines: Vec<&str> = section("The line dialect").lines().collect();
    let typed = lines.iter().enumerate().filter_map(|(i, line)| Some((i, line.strip_prefix("> ")?)));
    let typed: Vec<_> = typed.filter(|(_, line)| line.starts_with('/')).collect();
    assert!(typed.len() > 10, "only {} typed commands were found", typed.len());
    for (i, line) in typed {
        if let Err(refusal) = command::parse(line) {
            assert_eq!(lines[i + 1], format!("< ! {}.", capital(&refusal.to_string())), "{line}");
        }
    }
}

/// The bytes of the file that is sent in an example have the size, the hash and the picture's size told there.
#[test]
fn the_file_in_the_examples_is_what_it_is_said_to_be() {
    let block = blocks(PROTOCOL_PAGE).into_iter().find(|block| kind_of(block[0].1) == "offer" && block.len() > 2);
    let lines = block.expect("an upload").into_iter().filter(|(mark, _)| *mark == '>');
    let sent: Vec<Value> = lines.map(|(_, line)| serde_json::from_str(line).expect(line)).collect();
    // The smallest PNG there is: one grey point.
    let bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\xdac\xf8\x0f\0\x01\x01\x01\0\x1c\xb0\x8c\x99\0\0\0\0IEND\xaeB`\x82";
    let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sent[0]["size"], bytes.len());
    let mut told_of = 0;
    for (_, line) in examples(PROTOCOL_PAGE) {
        let told: Value = serde_json::from_str(line).expect(line);
        let file = if told["for"] == "get" { &told } else { &told["file"] };
        if file["name"] == sent[0]["name"] {
            assert_eq!((&file["sha256"], &file["size"]), (&Value::from(sha256.as_str()), &sent[0]["size"]), "{line}");
            assert_eq!((&file["width"], &file["height"]), (&Value::from(1), &Value::from(1)), "{line}");
            told_of += 1;
        }
    }
    assert!(
        told_of > 2
            && PROTOCOL_PAGE.contains(&format!("{{\"mime\":\"image/png\",\"sha256\":\"{sha256}\",\"size\":67,"))
    );
}

/// The answer of the command that a typed line is.
fn means(typed: &Value) -> &'static str {
    match json::decode(typed.to_string().as_bytes()) {
        Ok((_, command::Command::Typed(typed))) => match typed.meant().map(|command| command.spec().name) {
            Ok("me" | "notice" | "roll") => "say",
            Ok("reply") => "msg",
            Ok(name) => name,
            Err(_) => "error",
        },
        other => panic!("{other:?}"),
    }
}

/// A request is taken, with no field that its command does not have; or the next answer is its refusal.
fn check_request(line: &str, after: &[(char, &str)]) {
    let (_, decoded) = match json::decode(line.as_bytes()) {
        Ok((tag, command)) => (tag, Ok(command)),
        Err((tag, refusal)) => (tag, Err(refusal)),
    };
    let object: Value = serde_json::from_str(line).expect(line);
    if let Err(refusal) = decoded {
        let (_, next) = after.iter().find(|(mark, _)| *mark == '<').expect("an answer to a refused example");
        let told: Value = serde_json::from_str(next).expect(next);
        assert_eq!(told["code"], refusal.code().as_str(), "{line}");
        return;
    }
    let verb = TABLE.iter().find(|spec| spec.name == object["type"]).expect(line).verb;
    let own = names(json::fields(verb).iter().map(|field| field.trim_end_matches('!')).chain(["type", "tag"]));
    let used = names(object.as_object().expect(line).keys());
    assert!(used.is_subset(&own), "{line}");
}

/// An event reads as one, and writes itself back with the same value.
fn check_event(line: &str) {
    let event = json::decode_event(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
    let mut written = Vec::new();
    json::encode(&event, &mut written);
    let [was, is]: [Value; 2] =
        [line.as_bytes(), &written].map(|bytes| serde_json::from_slice(bytes).expect("a JSON object"));
    assert_eq!(is, was);
}

/// Every code of a refused name.
fn name_codes() -> Vec<&'static str> {
    let value = || "x".to_owned();
    let code = |kind, flaw| NameError { kind, text: value(), flaw }.code();
    let of_both = [NameKind::Nick, NameKind::Room].into_iter().flat_map(|kind| {
        [
            Flaw::Empty,
            Flaw::TooLong { characters: 1, columns: 1 },
            Flaw::BadStart('x'),
            Flaw::BadCharacter { character: 'x', position: 1 },
            Flaw::MixedScripts { first: value(), second: value() },
            Flaw::Direction,
        ]
        .map(|flaw| code(kind, flaw))
    });
    of_both.chain([code(NameKind::Nick, Flaw::Reserved)]).collect()
}
