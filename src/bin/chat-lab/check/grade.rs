//! `chat-lab grade`: all submissions of a folder, one after another, into a CSV file of marks. Knows no rule.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::check::args::ExamArgs;
use crate::check::judge::LISTENS;
use crate::check::profile::Profile;
use crate::check::program::command;
use crate::check::report::{Report, json, text};
use crate::check::rules::{self, Rule};
use crate::check::verdict::Verdict;
use crate::check::words::Table;
use crate::check::{INTERRUPTED, UNSURE, USAGE, examine, fail, interrupt};

/// The arguments of `chat-lab grade`.
#[derive(Args)]
#[command(after_help = crate::check::EXIT_CODES)]
pub struct GradeArgs {
    /// The folder; each folder in it is a submission.
    folder: PathBuf,
    /// How one is started; `{dir}` is its folder, `{port}` and $PORT the port that it must take.
    #[arg(long, value_name = "COMMAND")]
    command: String,
    /// The marks, a line for each submission; - is the standard output.
    #[arg(long, value_name = "FILE")]
    csv: String,
    /// A folder for a report of each submission, as text and as JSON.
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
    #[command(flatten)]
    exam: ExamArgs,
}

/// The first line of the file.
const HEAD: &str = "name,points,most,kept,broken,not run,unsure,first broken rule,error\n";

/// What is the same for all submissions.
struct Class<'a> {
    args: &'a GradeArgs,
    profile: Profile,
    rules: Vec<&'static Rule>,
    table: Table,
    /// Of the command.
    words: Vec<String>,
    /// One for all, so that all are asked the same.
    seed: String,
}

/// Grades all submissions.
///
/// # Errors
/// When the marks cannot be written.
pub fn run(args: &GradeArgs) -> Result<ExitCode> {
    let (profile, rules) = match args.exam.profile().and_then(|profile| Ok((profile, args.exam.rules()?))) {
        Ok(found) => found,
        Err((why, code)) => return fail(&why, code),
    };
    let Ready { words, folders, mut csv } = match ready(args) {
        Ok(ready) => ready,
        Err(why) => return fail(&why, USAGE),
    };
    interrupt::settle(true)?;
    let class = Class { args, profile, rules, table: Table::load(), words, seed: args.exam.seed() };
    csv.write_all(HEAD.as_bytes()).context("cannot write the marks")?;
    let mut unsure = false;
    for (done, folder) in folders.iter().enumerate() {
        if interrupt::is_asked() {
            tell(&format!("stopped: {done} of {} are graded", folders.len()));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        let row = class.grade(folder)?;
        unsure |= row.unsure;
        csv.write_all(row.line.as_bytes()).and_then(|()| csv.flush()).context("cannot write the marks")?;
        tell(&row.told);
    }
    Ok(if unsure { ExitCode::from(UNSURE) } else { ExitCode::SUCCESS })
}

/// What is looked at before anything runs.
struct Ready {
    /// Of the command.
    words: Vec<String>,
    /// The submissions.
    folders: Vec<PathBuf>,
    /// The file for the marks.
    csv: Box<dyn Write>,
}

fn ready(args: &GradeArgs) -> Result<Ready, String> {
    if !args.command.contains("{dir}") {
        let example = "--command 'python3 {dir}/server.py {port}'";
        return Err(format!("the command must say where a submission is: put {{dir}} into it, as in {example}"));
    }
    let words = command::split(&args.command)?;
    let folders = submissions(&args.folder)?;
    if let Some(reports) = &args.reports {
        fs::create_dir_all(reports).map_err(|error| format!("cannot make {}: {error}", reports.display()))?;
    }
    let csv: Box<dyn Write> = match args.csv.as_str() {
        "-" => Box::new(io::stdout().lock()),
        file => Box::new(File::create(file).map_err(|error| format!("cannot write {file}: {error}"))?),
    };
    Ok(Ready { words, folders, csv })
}

/// The folders in this folder, in order of their names, without hidden ones.
fn submissions(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let name = folder.display();
    let folder = folder.canonicalize().map_err(|error| format!("cannot read {name}: {error}"))?;
    let all = fs::read_dir(folder).map_err(|error| format!("cannot read {name}: {error}"))?;
    let is_hidden = |path: &Path| name_of(path).starts_with('.');
    let mut all: Vec<PathBuf> = all.filter_map(|entry| Some(entry.ok()?.path())).collect();
    all.retain(|path| path.is_dir() && !is_hidden(path));
    all.sort();
    if all.is_empty() {
        return Err(format!(
            "there is no submission in {name}: each must be a folder of its own, such as {name}/anna/server.py"
        ));
    }
    Ok(all)
}

fn name_of(folder: &Path) -> String {
    folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// One submission, graded.
struct Row {
    /// In the file.
    line: String,
    /// On the screen.
    told: String,
    unsure: bool,
}

impl Class<'_> {
    fn grade(&self, folder: &Path) -> Result<Row> {
        let dir = folder.to_string_lossy();
        let words = self.words.iter().map(|word| word.replace("{dir}", &dir)).collect();
        let server = self.args.exam.program(&self.profile, words);
        let exam = self.args.exam.exam(self.profile.clone(), server, self.seed.clone());
        let (judged, error) = examine(&exam, &self.rules, |_| {});
        let report = Report {
            title: name_of(folder),
            profile: &self.profile,
            seed: &exam.seed,
            judged: &judged,
            words: &self.table,
            language: self.args.exam.language,
            error,
        };
        if let Some(reports) = &self.args.reports {
            let write = |ending: &str, text: &str| {
                let path = reports.join(format!("{}.{ending}", name_of(folder)));
                fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
            };
            write("txt", &page(&report, &ExamArgs::how(&exam.server)))?;
            write("json", &json::write(&report))?;
        }
        Ok(row(&report))
    }
}

fn row(report: &Report) -> Row {
    let sum = report.sum();
    let first = report.judged.iter().find(|judged| judged.verdict.is_broken()).map_or("", |judged| judged.rule);
    let error = why_nothing(report).unwrap_or_default();
    let counts = [sum.kept, sum.broken, sum.not_run, sum.unsure].map(|count| count.to_string());
    let mut fields = vec![cell(&report.title), text::points(sum.score), text::points(sum.most)];
    fields.extend(counts);
    fields.extend([first.to_owned(), cell(&error)]);
    let told = if error.is_empty() { text::sum(&sum).trim_end().to_owned() } else { text::harmless(&error) };
    Row {
        line: fields.join(",") + "\n",
        told: format!("{}: {told}", text::harmless(&report.title)),
        unsure: sum.unsure > 0,
    }
}

/// Why the server could not be graded, if it could not, and the last thing that it printed.
fn why_nothing(report: &Report) -> Option<String> {
    if let Some(error) = &report.error {
        return Some(error.brief());
    }
    let silent = report.judged.iter().find(|judged| judged.rule == LISTENS)?;
    let Verdict::Broken(evidence) = &silent.verdict else { return None };
    let last = evidence.said.last().map_or(String::new(), |last| format!(": {last}"));
    Some(format!("{}{last}", evidence.told))
}

/// The whole report as text, without colours.
fn page(report: &Report, how: &str) -> String {
    let mut out = text::head(report, how);
    if let Some(error) = &report.error {
        out.push_str(&format!("\n{}\n", text::harmless_lines(&error.to_string())));
    }
    let mut stage = "";
    for judged in report.judged {
        let own = rules::stage_of(judged.rule);
        if own != stage {
            out.push_str(&text::stage(own));
            stage = own;
        }
        out.push_str(&text::rule(judged, &report.words.of(judged.rule, report.language)));
    }
    out.push_str(&format!("\n{}", text::sum(&report.sum())));
    anstream::adapter::strip_str(&out).to_string()
}

/// A text in a cell. A spreadsheet takes one that begins with such a sign as a formula, and runs it.
fn cell(text: &str) -> String {
    let mut text = text::harmless(text);
    if text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', ';', '\'']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_its_line() {
        assert_eq!(cell("anna"), "anna");
        assert_eq!(cell("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"");
        for sign in ["=", "+", "-", "@", " =", "\t=", "＝"] {
            let cell = cell(&format!("{sign}1"));
            assert!(!cell.trim_start_matches('"').trim_start().starts_with(['=', '+', '-', '@', '＝']), "{cell}");
        }
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\\x0a\"");
    }

    #[test]
    fn a_folder_without_submissions_says_what_is_expected() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("server.py"), "").unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        let error = submissions(folder.path()).unwrap_err();
        assert!(error.contains("each must be a folder of its own"), "{error}");
        for name in ["boris", "anna"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let names: Vec<String> = submissions(folder.path()).unwrap().iter().map(|path| name_of(path)).collect();
        assert_eq!(names, ["anna", "boris"]);
    }
}
