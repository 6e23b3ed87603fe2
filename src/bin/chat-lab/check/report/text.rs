//! The report as a person reads it on a terminal. Knows the verdicts and the words, and no other form.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::check::report::{Report, Sum};
use crate::check::rules::STAGES;
use crate::check::script::{Deed, Note, quoted};
use crate::check::verdict::{Evidence, Heard, Judged, Verdict};
use crate::check::words::Words;

const KEPT: Style = AnsiColor::Green.on_default();
const BROKEN: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();
/// Columns of the labels of a broken rule's evidence.
const LABEL: usize = 12;
/// Columns before the evidence.
const INDENT: &str = "          ";
/// So many of the last deeds of the clients are shown.
const DEEDS: usize = 4;

/// The line above a stage.
pub fn stage(name: &str) -> String {
    let place = STAGES.iter().position(|(stage, ..)| *stage == name);
    let lesson = place.map_or("", |place| STAGES[place].1);
    let title = format!("{} {name}", place.map_or(0, |place| place + 1));
    format!("\n{title:<64} {QUIET}docs/lessons/{lesson}.md{QUIET:#}\n")
}

/// One rule.
pub fn rule(judged: &Judged, words: &Words) -> String {
    let (style, verdict, note) = match &judged.verdict {
        Verdict::Kept => (KEPT, "kept", String::new()),
        Verdict::Broken(_) => (BROKEN, "BROKEN", String::new()),
        Verdict::NotRun(why) => (QUIET, "not run", why.clone()),
        Verdict::NotAsked(why) => (QUIET, "not asked", why.clone()),
        Verdict::Unsure(why) => (BROKEN, "unsure", why.clone()),
    };
    let what = if note.is_empty() { words.what.clone() } else { note };
    let mut out = format!("  {style}{verdict:<9}{style:#} {:<24} {what}", judged.rule);
    if let Some((broken, times, seed)) = &judged.times {
        let _ = write!(out, "  broken {broken} of {times}, shown: seed {seed}");
    }
    let took = judged.took.as_millis();
    if took > 0 {
        let _ = write!(out, "  {QUIET}{took} ms{QUIET:#}");
    }
    out.push('\n');
    if let Verdict::Broken(evidence) = &judged.verdict {
        out.push_str(&self::evidence(judged, evidence, words));
    }
    out
}

fn evidence(judged: &Judged, evidence: &Evidence, words: &Words) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "{INDENT}{label:<LABEL$}{text}");
    };
    line("", &evidence.told);
    for (role, deeds) in deeds(&judged.notes) {
        line(&role, &deeds);
    }
    if let Some(heard) = &evidence.heard {
        for (label, text) in self::heard(heard) {
            line(&label, &text);
        }
    }
    if !evidence.threads.is_empty() {
        line("threads", &evidence.threads.join(" · "));
    }
    for said in &evidence.said {
        line("server said", said);
    }
    line("why", &words.why);
    line("hint", &words.hint);
    line("more", &format!("chat-lab check --explain {}", judged.rule));
    out
}

/// The last things that the clients did, without what they heard.
fn deeds(notes: &[Note]) -> Vec<(String, String)> {
    let told = notes.iter().filter_map(|note| {
        let deed = match &note.deed {
            Deed::Sends(bytes) => format!("sends   {bytes}"),
            Deed::Closes => "closes the connection".to_owned(),
            Deed::Ends => "ends sending".to_owned(),
            Deed::Resets => "breaks the connection off".to_owned(),
            Deed::StopsReading => "stops reading".to_owned(),
            Deed::ReadsAgain => "reads again".to_owned(),
            Deed::IsRead => "        … which the server has read".to_owned(),
            Deed::Stop => "the server is told to stop".to_owned(),
            Deed::Connects | Deed::Hears(_) | Deed::IsClosed(_) => return None,
        };
        Some((note.role.clone(), deed))
    });
    let mut told: Vec<_> = told.collect();
    told.split_off(told.len().saturating_sub(DEEDS))
}

/// What came and what should have come, with a mark under the first wrong byte.
fn heard(heard: &Heard) -> Vec<(String, String)> {
    let came = heard.came.as_deref().map(|came| quoted(&came[..came.len().min(120)]));
    let mut lines = vec![(heard.role.clone(), format!("hears   {}", came.as_deref().unwrap_or("nothing")))];
    if let Some(should) = &heard.should {
        lines.push((String::new(), format!("should  {}", quoted(&should[..should.len().min(120)]))));
    } else {
        lines.push((String::new(), "should  hear nothing".to_owned()));
    }
    if let (Some(bytes), Some(_)) = (&heard.came, &heard.should) {
        let before = quoted(&bytes[..heard.at.min(bytes.len()).min(120)]);
        // The last quote is where the wrong byte stands.
        let column = "hears   ".len() + before.width() - 1;
        lines.push((String::new(), format!("{:column$}^ byte {}", "", heard.at)));
    }
    lines
}

/// The last line.
pub fn sum(sum: &Sum) -> String {
    let mut parts = vec![format!("{} kept", sum.kept), format!("{} broken", sum.broken)];
    let others = [(sum.not_run, "not run"), (sum.unsure, "unsure"), (sum.not_asked, "not asked")];
    parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    format!("{}: {} of {}\n", parts.join(", "), points(sum.score), points(sum.most))
}

/// Points, with one digit if they are not whole.
pub fn points(points: f64) -> String {
    let rounded = (points * 10.0).round() / 10.0;
    format!("{rounded}")
}

/// The first lines.
pub fn head(report: &Report, port: &str) -> String {
    format!("{}, {port}, profile {}, seed {}\n", report.title, report.profile.name, report.seed)
}
