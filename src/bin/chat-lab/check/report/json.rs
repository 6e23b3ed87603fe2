//! The report as JSON, with everything that is known. The shape is ours: docs/checking.md.

use serde::Serialize;

use crate::check::report::{Report, hundredths, text};
use crate::check::script::{Bytes, Deed, Note, quoted};
use crate::check::verdict::{Evidence, Verdict};

#[derive(Serialize)]
struct Page<'a> {
    schema: &'a str,
    program: &'a str,
    profile: &'a str,
    seed: &'a str,
    score: f64,
    max_score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    rule: &'a str,
    verdict: &'a str,
    what: String,
    score: Option<f64>,
    max_score: Option<f64>,
    took_ms: f64,
    /// Why it was not run, not asked or unsure.
    reason: Option<&'a str>,
    evidence: Option<Proof<'a>>,
    times: Option<Times<'a>>,
    script: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Times<'a> {
    broken: u32,
    of: u32,
    seed: &'a str,
}

/// Bytes are texts in quotes, with escapes, so that none is lost.
#[derive(Serialize)]
struct Proof<'a> {
    told: &'a str,
    hears: Option<&'a str>,
    came: Option<String>,
    should: Option<String>,
    first_wrong: Option<usize>,
    by_time: bool,
    threads: &'a [String],
    said: &'a [String],
    why: String,
    hint: String,
}

#[derive(Serialize)]
struct Line<'a> {
    at_us: u64,
    client: &'a str,
    deed: &'a str,
    text: Option<String>,
}

/// The name of a verdict.
pub fn name(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Kept => "kept",
        Verdict::Broken(_) => "broken",
        Verdict::NotRun(_) => "not run",
        Verdict::NotAsked(_) => "not asked",
        Verdict::Unsure(_) => "unsure",
    }
}

/// The report.
pub fn write(report: &Report) -> String {
    let sum = report.sum();
    let rules = report.rows().map(|row| {
        let (reason, evidence) = match &row.judged.verdict {
            Verdict::Kept => (None, None),
            Verdict::Broken(evidence) => (None, Some(proof(evidence, &row.words.why, &row.words.hint))),
            Verdict::NotRun(why) | Verdict::NotAsked(why) | Verdict::Unsure(why) => (Some(why.as_str()), None),
        };
        Rule {
            rule: row.judged.rule,
            verdict: name(&row.judged.verdict),
            what: row.words.what,
            score: row.points.map(|(worth, earned)| if earned { hundredths(worth) } else { 0.0 }),
            max_score: row.points.map(|(worth, _)| hundredths(worth)),
            took_ms: row.judged.took.as_micros() as f64 / 1000.0,
            reason,
            evidence,
            times: row.judged.times.as_ref().map(|(broken, of, seed)| Times { broken: *broken, of: *of, seed }),
            // A kept rule needs no proof.
            script: if reason.is_none() && row.judged.verdict.is_broken() {
                row.judged.notes.iter().map(line).collect()
            } else {
                Vec::new()
            },
        }
    });
    let page = Page {
        schema: "roomful/check/v1",
        program: &report.title,
        profile: &report.profile.name,
        seed: report.seed,
        score: hundredths(sum.score),
        max_score: hundredths(sum.most),
        error: report.error.as_ref().map(ToString::to_string),
        rules: rules.collect(),
    };
    text::pretty(&page)
}

fn proof<'a>(evidence: &'a Evidence, why: &str, hint: &str) -> Proof<'a> {
    let heard = evidence.heard.as_ref();
    Proof {
        told: &evidence.told,
        hears: heard.map(|heard| heard.role.as_str()),
        came: heard.and_then(|heard| heard.came.as_ref()).map(Bytes::to_string),
        should: heard.and_then(|heard| heard.should.as_deref()).map(quoted),
        first_wrong: heard.filter(|heard| heard.came.is_some() && heard.should.is_some()).map(|heard| heard.at),
        by_time: evidence.by_time,
        threads: &evidence.threads,
        said: &evidence.said,
        why: why.to_owned(),
        hint: hint.to_owned(),
    }
}

fn line(note: &Note) -> Line<'_> {
    let (deed, text) = match &note.deed {
        Deed::Connects => ("connects", None),
        Deed::Sends(bytes) => ("sends", Some(bytes.to_string())),
        Deed::IsRead => ("is read", None),
        Deed::Hears(bytes) => ("hears", Some(bytes.to_string())),
        Deed::Closes => ("closes", None),
        Deed::Ends => ("ends sending", None),
        Deed::Resets => ("resets", None),
        Deed::StopsReading => ("stops reading", None),
        Deed::ReadsAgain => ("reads again", None),
        Deed::IsClosed(how) => ("is closed", Some(how.clone())),
        Deed::Stop => ("stop", None),
    };
    Line { at_us: note.at, client: &note.role, deed, text }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::check::report::sample;

    #[test]
    fn the_json_has_each_rule_with_its_verdict_and_a_broken_one_with_its_proof() {
        let page: Value = serde_json::from_str(&sample::with(write)).unwrap();
        let rules = page["rules"].as_array().unwrap();
        let verdicts: Vec<&str> = rules.iter().map(|rule| rule["verdict"].as_str().unwrap()).collect();
        assert_eq!(verdicts, ["kept", "kept", "broken", "not run", "unsure", "not asked"]);
        assert_eq!(page["score"].as_f64().unwrap(), 3.33);
        let broken = &rules[2];
        assert_eq!((broken["score"].as_f64(), broken["evidence"]["first_wrong"].as_u64()), (Some(0.0), Some(0)));
        assert!(broken["evidence"]["came"].as_str().unwrap().ends_with("\\xd1\""));
        assert_eq!(broken["script"][3]["deed"], "hears");
        assert!(rules[4]["score"].is_null() && rules[5]["max_score"].is_null());
    }
}
