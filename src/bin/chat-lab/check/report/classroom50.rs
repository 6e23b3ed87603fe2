//! The report as `result.json` of Classroom 50, schema `classroom50/result/v1`: <https://github.com/foundation50/classroom50/wiki/Advanced-Autograding>.
//!
//! Its points are whole numbers. So the points of the rules are rounded by their running sum: the whole is right,
//! and no rule is off by a point. A rule that is unsure or not asked is left out.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::check::report::{Report, text};

/// What the runner of Classroom 50 tells an autograder about the submission, in its environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Submission {
    schema: &'static str,
    classroom: String,
    assignment: String,
    assignment_type: &'static str,
    owner: String,
    submission: String,
    commit: String,
    release: String,
    review: String,
}

impl Submission {
    /// The one that the environment tells.
    ///
    /// # Errors
    /// A sentence that names the variables that are missing.
    pub fn of_environment(read: impl Fn(&str) -> Option<String>) -> Result<Submission, String> {
        const KEYS: [&str; 6] = ["CLASSROOM", "ASSIGNMENT", "USERNAME", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL"];
        let get = |key: &str| read(key).filter(|value| !value.is_empty());
        let missing: Vec<&str> = KEYS.into_iter().filter(|key| get(key).is_none()).collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(format!(
                "a report for Classroom 50 needs what its runner sets: there is no {missing} in the environment"
            ));
        }
        let [classroom, assignment, owner, submission, commit, release] = KEYS.map(|key| get(key).unwrap_or_default());
        if !submission.starts_with("submit/") {
            return Err(format!(
                "SUBMISSION_TAG is {submission:?}: Classroom 50 takes only tags that begin with submit/"
            ));
        }
        Ok(Submission {
            schema: "classroom50/result/v1",
            classroom,
            assignment,
            // The runner puts in its own, and the owner.
            assignment_type: "individual",
            owner,
            submission,
            review: get("REVIEW_URL").unwrap_or_else(|| commit.clone()),
            commit,
            release,
        })
    }
}

#[derive(Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    submission: &'a Submission,
    datetime: String,
    score: u64,
    #[serde(rename = "max-score")]
    most: u64,
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Test {
    #[serde(rename = "test-name")]
    name: String,
    passed: bool,
    score: u64,
    #[serde(rename = "max-score")]
    most: u64,
}

/// The report.
pub fn write(report: &Report, submission: &Submission) -> String {
    let mut before = 0.0_f64;
    let mut tests = Vec::new();
    for row in report.rows() {
        let Some((worth, passed)) = row.points else { continue };
        let most = ((before + worth).round() - before.round()) as u64;
        before += worth;
        let name = format!("{}: {}", row.judged.rule, row.words.what);
        tests.push(Test { name, passed, score: if passed { most } else { 0 }, most });
    }
    text::pretty(&Page {
        submission,
        datetime: now(),
        score: tests.iter().map(|test| test.score).sum(),
        most: tests.iter().map(|test| test.most).sum(),
        tests,
    })
}

/// The time as RFC 3339 has it.
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    jiff::Timestamp::from_second(seconds as i64).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::check::report::sample;

    fn submission() -> Submission {
        let told = |key: &str| match key {
            "SUBMISSION_TAG" => Some("submit/2026-01-01T00-00-00Z-abc1234".to_owned()),
            "REVIEW_URL" => None,
            other => Some(other.to_lowercase()),
        };
        Submission::of_environment(told).unwrap()
    }

    /// What `validate_result` of its runner asks, in our words.
    fn is_valid(result: &Value) -> Result<(), &'static str> {
        let is = |key: &str, value: &str| result[key] == value;
        (is("schema", "classroom50/result/v1") && is("classroom", "classroom")).then_some(()).ok_or("identity")?;
        (is("assignment", "assignment") && is("owner", "username")).then_some(()).ok_or("identity")?;
        is("assignment_type", "individual").then_some(()).ok_or("assignment_type")?;
        for key in ["commit", "release", "review", "datetime"] {
            result[key].as_str().filter(|text| !text.is_empty()).ok_or("an empty text")?;
        }
        result["submission"].as_str().filter(|tag| tag.starts_with("submit/")).ok_or("submission")?;
        let points = |of: &Value| match (of["score"].as_u64(), of["max-score"].as_u64()) {
            (Some(score), Some(most)) if score <= most => Ok(()),
            _ => Err("points are whole numbers, and not more than there are"),
        };
        points(result)?;
        for test in result["tests"].as_array().ok_or("tests")? {
            test["test-name"].as_str().filter(|name| !name.is_empty()).ok_or("test-name")?;
            test["passed"].as_bool().ok_or("passed")?;
            points(test)?;
        }
        Ok(())
    }

    #[test]
    fn the_result_is_one_that_classroom_50_takes() {
        let result: Value = serde_json::from_str(&sample::with(|report| write(report, &submission()))).unwrap();
        is_valid(&result).unwrap();
        let tests = result["tests"].as_array().unwrap();
        assert_eq!(tests.len(), 4, "unsure and not asked are left out");
        let most: u64 = tests.iter().map(|test| test["max-score"].as_u64().unwrap()).sum();
        assert_eq!(most, sample::with(|report| report.sum().most.round()) as u64);
    }

    #[test]
    fn what_the_runner_did_not_set_is_named() {
        let error = Submission::of_environment(|key| (key != "CLASSROOM").then(|| "submit/1".to_owned())).unwrap_err();
        assert!(error.contains("no CLASSROOM in"), "{error}");
        assert!(Submission::of_environment(|_| Some("v1".to_owned())).unwrap_err().contains("submit/"));
    }
}
