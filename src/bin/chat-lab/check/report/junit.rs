//! The report as JUnit's XML, in the common form that CI systems read: <https://github.com/testmoapp/junitxml>.
//!
//! A broken rule is a failure. A rule that was not run is an error, because it must not look like a pass. What is
//! unsure or not asked is skipped.

use std::fmt::Write;

use crate::check::report::xml::escaped;
use crate::check::report::{Report, Row};
use crate::check::rules::STAGES;
use crate::check::verdict::Verdict;

#[derive(Default)]
struct Count {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    seconds: f64,
}

impl Count {
    fn of<'a>(rows: impl IntoIterator<Item = &'a Row<'a>>) -> Count {
        let mut count = Count::default();
        for row in rows {
            count.tests += 1;
            count.seconds += row.judged.took.as_secs_f64();
            match row.judged.verdict {
                Verdict::Kept => {}
                Verdict::Broken(_) => count.failures += 1,
                Verdict::NotRun(_) => count.errors += 1,
                Verdict::Unsure(_) | Verdict::NotAsked(_) => count.skipped += 1,
            }
        }
        count
    }

    fn attributes(&self) -> String {
        let Count { tests, failures, errors, skipped, seconds } = self;
        format!(r#"tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{seconds:.3}""#)
    }
}

/// The report.
pub fn write(report: &Report) -> String {
    let rows: Vec<Row> = report.rows().collect();
    let name = escaped(&format!("chat-lab check, profile {}, seed {}", report.profile.name, report.seed));
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{name}\" ");
    let _ = writeln!(out, "{}>", Count::of(&rows).attributes());
    for (stage, ..) in STAGES {
        let own: Vec<&Row> = rows.iter().filter(|row| row.stage() == stage).collect();
        if own.is_empty() {
            continue;
        }
        let _ = writeln!(out, "  <testsuite name=\"{stage}\" {}>", Count::of(own.iter().copied()).attributes());
        own.iter().for_each(|row| out.push_str(&case(row, stage)));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(row: &Row, stage: &str) -> String {
    let name = escaped(&format!("{}: {}", row.judged.rule, row.words.what));
    let time = row.judged.took.as_secs_f64();
    let head = format!("    <testcase classname=\"{stage}\" name=\"{name}\" time=\"{time:.3}\"");
    let told = escaped(&row.told());
    let inside = match &row.judged.verdict {
        Verdict::Kept => return format!("{head}/>\n"),
        Verdict::Broken(evidence) => {
            format!("<failure message=\"{}\" type=\"broken\">{told}</failure>", escaped(&evidence.told))
        }
        Verdict::NotRun(_) => format!("<error message=\"not run: {told}\" type=\"not run\"/>"),
        Verdict::NotAsked(_) => format!("<skipped message=\"not asked: {told}\"/>"),
        Verdict::Unsure(_) => format!("<skipped message=\"unsure: {told}\"/>"),
    };
    format!("{head}>\n      {inside}\n    </testcase>\n")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::check::report::sample;

    /// The names of the elements, in order; an error, if one is not closed or a bare `<`, `&` or quote stands in a text.
    pub fn elements(xml: &str) -> Result<Vec<String>, String> {
        let mut open: Vec<String> = Vec::new();
        let mut all = Vec::new();
        for (index, piece) in xml.split('<').enumerate() {
            let Some((tag, text)) = piece.split_once('>') else {
                if index == 0 && piece.is_empty() { continue } else { return Err(format!("no end of {piece:?}")) }
            };
            if text.contains('>') || tag.matches('"').count() % 2 == 1 {
                return Err(format!("not escaped: {piece:?}"));
            }
            for entity in piece.split('&').skip(1) {
                let name = entity.split_once(';').map_or("", |(name, _)| name);
                if !["amp", "lt", "gt", "quot", "apos", "#10", "#9"].contains(&name) {
                    return Err(format!("not escaped: {piece:?}"));
                }
            }
            match (tag.strip_prefix('/'), tag.ends_with('/') || tag.starts_with('?')) {
                (Some(name), _) if open.pop().as_deref() == Some(name) => {}
                (Some(name), _) => return Err(format!("{name} was not open")),
                (None, ended) => {
                    let name = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
                    all.push(name.clone());
                    if !ended {
                        open.push(name);
                    }
                }
            }
        }
        if open.is_empty() { Ok(all) } else { Err(format!("still open: {open:?}")) }
    }

    #[test]
    fn the_xml_is_well_formed_whatever_a_server_says_and_has_the_common_elements() {
        let xml = sample::with(write);
        assert!(sample::is_harmless(&xml), "{xml}");
        let told = elements(&xml).unwrap();
        let of = |name: &str| told.iter().filter(|other| *other == name).count();
        assert_eq!((of("testsuites"), of("testsuite"), of("testcase")), (1, 2, 6));
        assert_eq!((of("failure"), of("error"), of("skipped")), (1, 1, 2));
        assert!(
            xml.contains(r#"<testsuite name="together" tests="4" failures="1" errors="1" skipped="2" time="0.052">"#)
        );
        assert!(xml.contains("&lt;/failure&gt;]]&gt; &amp;"), "{xml}");
    }
}
