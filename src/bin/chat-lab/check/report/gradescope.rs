//! The report as `results.json` of Gradescope: <https://gradescope-autograders.readthedocs.io/en/latest/specs/>.
//!
//! A rule that is unsure stands there without points: its points are with the other rules of its stage.

use serde::Serialize;

use crate::check::report::{Report, hundredths, text};
use crate::check::verdict::Verdict;

#[derive(Serialize)]
struct Results {
    /// Takes the place of the sum of the tests, which are rounded.
    score: f64,
    execution_time: u64,
    output: String,
    output_format: &'static str,
    test_output_format: &'static str,
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Test {
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    output: String,
}

/// The report.
pub fn write(report: &Report) -> String {
    let tests = report.rows().filter(|row| !matches!(row.judged.verdict, Verdict::NotAsked(_))).map(|row| Test {
        score: row.points.map(|(worth, earned)| if earned { hundredths(worth) } else { 0.0 }),
        max_score: row.points.map(|(worth, _)| hundredths(worth)),
        status: row.points.map(|(_, earned)| if earned { "passed" } else { "failed" }),
        name: format!("{}: {}", row.judged.rule, row.words.what),
        output: match &row.judged.verdict {
            Verdict::Unsure(_) => format!("unsure: {}", row.told()),
            Verdict::NotRun(_) => format!("not run: {}", row.told()),
            _ => row.told(),
        },
    });
    let sum = report.sum();
    let error =
        report.error.as_ref().map_or(String::new(), |error| format!("{}\n", text::harmless_lines(&error.to_string())));
    text::pretty(&Results {
        score: hundredths(sum.score),
        execution_time: report.took().as_secs(),
        output: format!("{error}{}Seed {}, profile {}.", text::sum(&sum), report.seed, report.profile.name),
        output_format: "text",
        test_output_format: "text",
        tests: tests.collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::check::report::sample;

    /// What the page of Gradescope says of each field.
    fn is_as_published(results: &Value) -> Result<(), String> {
        const FORMATS: [&str; 5] = ["text", "html", "simple_format", "md", "ansi"];
        let known = ["score", "execution_time", "output", "output_format", "test_output_format", "tests"];
        let results = results.as_object().ok_or("an object")?;
        if let Some(other) = results.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("{other} is not a field of the page, or is not used here"));
        }
        results["score"].as_f64().filter(|score| *score >= 0.0).ok_or("score is a number")?;
        results["execution_time"].as_u64().ok_or("execution_time is seconds")?;
        for key in ["output_format", "test_output_format"] {
            results[key].as_str().filter(|format| FORMATS.contains(format)).ok_or(key)?;
        }
        for test in results["tests"].as_array().ok_or("tests is a list")? {
            test["name"].as_str().filter(|name| !name.is_empty()).ok_or("name")?;
            match (test["score"].as_f64(), test["max_score"].as_f64(), test["status"].as_str()) {
                (Some(score), Some(most), Some("passed")) if score == most => {}
                (Some(0.0), Some(_), Some("failed")) | (None, None, None) => {}
                other => return Err(format!("{other:?}")),
            }
        }
        Ok(())
    }

    #[test]
    fn the_results_are_as_gradescope_publishes_them() {
        let text = sample::with(write);
        let results: Value = serde_json::from_str(&text).unwrap();
        is_as_published(&results).unwrap();
        let tests = results["tests"].as_array().unwrap();
        assert_eq!(tests.len(), 5, "a rule that is not asked is left out");
        assert!(tests[4]["output"].as_str().unwrap().starts_with("unsure: ") && tests[4]["score"].is_null());
        assert!(tests.iter().all(|test| test["output"].as_str().is_none_or(sample::is_harmless)));
    }
}
