//! The report as Markdown, for `$GITHUB_STEP_SUMMARY`: a table of the rules, and the evidence of the broken ones.

use std::fmt::Write;

use crate::check::report::json::name;
use crate::check::report::{Report, text};
use crate::check::verdict::Verdict;

/// The report.
pub fn write(report: &Report) -> String {
    let sum = report.sum();
    let title = escaped(&text::harmless(&report.title));
    let mut out = format!("## {} of {} points: {title}\n\n", text::points(sum.score), text::points(sum.most));
    if let Some(error) = &report.error {
        let error = text::harmless_lines(&error.to_string());
        let fence = fence(&error);
        let _ = writeln!(out, "{fence}text\n{error}\n{fence}\n");
    }
    let _ =
        writeln!(out, "{} Profile `{}`, seed `{}`.\n", text::sum(&sum).trim_end(), report.profile.name, report.seed);
    out.push_str("| rule | verdict | points | |\n|---|---|---:|---|\n");
    let mut evidence = String::new();
    for row in report.rows() {
        let points = row.points.map_or(String::new(), |(worth, earned)| {
            format!("{} of {}", text::points(if earned { worth } else { 0.0 }), text::points(worth))
        });
        let told = match &row.judged.verdict {
            Verdict::Kept | Verdict::Broken(_) => row.words.what.clone(),
            _ => row.told(),
        };
        let verdict = match name(&row.judged.verdict) {
            "broken" => "**broken**",
            other => other,
        };
        let _ = writeln!(out, "| `{}` | {verdict} | {points} | {} |", row.judged.rule, escaped(&told));
        if row.judged.verdict.is_broken() {
            let told = row.told();
            let fence = fence(&told);
            let rule = row.judged.rule;
            let _ =
                write!(evidence, "\n<details><summary>{rule}</summary>\n\n{fence}text\n{told}{fence}\n\n</details>\n");
        }
    }
    out + &evidence
}

/// In Markdown each sign of ASCII can be escaped; a line end would end a row of the table.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => out.push(' '),
            letter if letter.is_ascii_punctuation() && !",.:;()/".contains(letter) => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out
}

/// More signs than stand in a row anywhere in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::report::sample;

    #[test]
    fn whatever_a_server_says_stays_in_its_row_or_in_its_fence() {
        let page = sample::with(write);
        assert!(sample::is_harmless(&page), "{page}");
        // In a row the bars are five, but for those that are escaped.
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), 6);
        assert!(rows.iter().all(|row| row.replace("\\|", "").matches('|').count() == 5), "{rows:#?}");
        let (before, evidence) = page.split_once("<details>").unwrap();
        assert!(!before.contains("<script") || before.contains("\\<script"), "{before}");
        let inside = evidence.split("````").nth(1).unwrap();
        assert!(inside.contains("```") && inside.contains("<script>"), "the fence has a sign more: {evidence}");
        assert_eq!(evidence.matches("````").count(), 2);
    }
}
