//! `--report KIND=FILE`: which report goes where, and whether it can be written, which is told before anything runs.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::str::FromStr;

use crate::check::profile::meant;
use crate::check::report::{Report, classroom50, gradescope, json, junit, markdown};

/// The kinds of reports, by the names that they have on the command line.
pub const KINDS: [(&str, Kind); 5] = [
    ("json", Kind::Json),
    ("gradescope", Kind::Gradescope),
    ("classroom50", Kind::Classroom50),
    ("junit", Kind::Junit),
    ("markdown", Kind::Markdown),
];

/// A kind of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours, with everything.
    Json,
    /// `results.json` of Gradescope.
    Gradescope,
    /// `result.json` of Classroom 50.
    Classroom50,
    /// JUnit's XML, as CI systems read it.
    Junit,
    /// A page for `$GITHUB_STEP_SUMMARY`.
    Markdown,
}

impl Kind {
    /// Whether the service that reads it wants exit code 0 for every outcome of the grading.
    pub fn is_for_a_service(self) -> bool {
        matches!(self, Kind::Gradescope | Kind::Classroom50)
    }
}

/// What `--report` says.
#[derive(Clone, Debug)]
pub struct Wanted {
    kind: Kind,
    file: String,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Wanted, String> {
        let (name, file) = text.split_once('=').ok_or("it must be KIND=FILE, such as junit=report.xml")?;
        let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == name) else {
            let names = KINDS.map(|(name, _)| name);
            let (near, names) = (meant(name, names.into_iter()), names.join(", "));
            return Err(format!("there is no report {name:?}{near} (there are {names})"));
        };
        if file.is_empty() {
            return Err(format!("{name}= needs a file, or - for the standard output"));
        }
        Ok(Wanted { kind: *kind, file: file.to_owned() })
    }
}

/// A report that will be written.
#[derive(Debug)]
pub struct Target {
    kind: Kind,
    name: String,
    /// Nothing: the standard output.
    file: Option<File>,
    /// What the service tells about this submission.
    submission: Option<classroom50::Submission>,
}

impl Target {
    /// Opens the files; one that is there already is changed only when the report is written.
    ///
    /// # Errors
    /// A sentence about the first one that cannot be written.
    pub fn open_all(wanted: &[Wanted]) -> Result<Vec<Target>, String> {
        if wanted.iter().filter(|wanted| wanted.file == "-").count() > 1 {
            return Err("only one report can go to the standard output".to_owned());
        }
        wanted.iter().map(Target::open).collect()
    }

    fn open(wanted: &Wanted) -> Result<Target, String> {
        let name = wanted.file.clone();
        let open = || OpenOptions::new().write(true).create(true).truncate(false).open(&name);
        let file = (name != "-").then(open).transpose().map_err(|error| format!("cannot write {name}: {error}"))?;
        let submission = match wanted.kind {
            Kind::Classroom50 => Some(classroom50::Submission::of_environment(|key| std::env::var(key).ok())?),
            _ => None,
        };
        Ok(Target { kind: wanted.kind, name, file, submission })
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it goes to the standard output.
    pub fn is_stdout(&self) -> bool {
        self.file.is_none()
    }

    /// Writes the report.
    ///
    /// # Errors
    /// A sentence that says which file cannot be written.
    pub fn write(&mut self, report: &Report) -> Result<(), String> {
        let text = match (self.kind, &self.submission) {
            (Kind::Classroom50, Some(submission)) => classroom50::write(report, submission),
            (Kind::Gradescope, _) => gradescope::write(report),
            (Kind::Junit, _) => junit::write(report),
            (Kind::Markdown, _) => markdown::write(report),
            (Kind::Json | Kind::Classroom50, _) => json::write(report),
        };
        let done = match &mut self.file {
            None => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }
            Some(file) => {
                // A pipe or a device has no length, and needs none.
                let _ = file.set_len(0);
                file.write_all(text.as_bytes())
            }
        };
        done.map_err(|error| format!("cannot write {}: {error}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_kind_a_missing_file_and_one_that_cannot_be_written_are_told() {
        let told = |text: &str| text.parse::<Wanted>().unwrap_err();
        assert!(told("gradscope=x").contains("did you mean gradescope?"));
        assert!(told("junit").contains("KIND=FILE"));
        assert!(told("junit=").contains("needs a file"));
        let error = Target::open_all(&["json=/no/such/folder/x".parse().unwrap()]).unwrap_err();
        assert!(error.starts_with("cannot write /no/such/folder/x: "), "{error}");
        let twice = ["json=-".parse().unwrap(), "junit=-".parse().unwrap()];
        assert!(Target::open_all(&twice).unwrap_err().contains("only one"));
    }

    #[test]
    fn a_longer_report_that_was_there_leaves_nothing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "x".repeat(1 << 20)).unwrap();
        let wanted = format!("junit={}", file.path().display()).parse().unwrap();
        crate::check::report::sample::with(|report| {
            Target::open_all(&[wanted]).unwrap()[0].write(report).unwrap();
            assert_eq!(std::fs::read_to_string(file.path()).unwrap(), junit::write(report));
        });
    }
}
