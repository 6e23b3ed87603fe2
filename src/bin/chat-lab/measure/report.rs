//! Tables of what was measured, for people; knows the names of all figures, but not how they came about.

use std::fmt::Write;

use anyhow::{Context, Result};

use crate::measure::figures::{Row, Runs, Spread};

/// A column: its figure, its heading, its digits after the point.
pub type Column = (&'static str, &'static str, usize);

const FANOUT: &[Column] = &[
    ("cpu_us", "CPU µs/delivery", 2),
    ("rate", "deliveries/s", 0),
    ("p50_ms", "p50 ms", 2),
    ("p99_ms", "p99 ms", 2),
    ("lost", "lost", 0),
    ("doubled", "doubled", 0),
    ("reordered", "reordered", 0),
    ("one_order", "one order", 0),
    ("rss_mib", "RSS MiB", 1),
    ("threads", "threads", 0),
];
const STORE: &[Column] = &[
    ("cpu_us", "CPU µs/delivery", 2),
    ("rate", "deliveries/s", 0),
    ("p50_ms", "p50 ms", 2),
    ("p99_ms", "p99 ms", 2),
    ("ok_p50_ms", "ok p50 ms", 2),
    ("ok_p99_ms", "ok p99 ms", 2),
    ("ok_rate", "oks/s", 0),
    ("later_us", "CPU µs/message later", 1),
    ("lost", "lost", 0),
    ("rss_mib", "RSS MiB", 1),
];
const ARCHIVE: &[Column] = &[
    ("p50_ms", "p50 ms", 1),
    ("p99_ms", "p99 ms", 1),
    ("times", "times", 0),
    ("messages", "messages", 0),
    ("rss_mib", "RSS MiB after", 1),
];
const STEADY: &[Column] = &[
    ("p99_ms", "p99 ms", 2),
    ("p50_ms", "p50 ms", 2),
    ("ok_p50_ms", "ok p50 ms", 2),
    ("ok_p99_ms", "ok p99 ms", 2),
    ("said_rate", "lines/s", 0),
    ("cpu_us", "CPU µs/delivery", 2),
    ("cpu_percent", "CPU %", 0),
    ("later_us", "CPU µs/message later", 1),
    ("lost", "lost", 0),
    ("late_ms", "lab late, p99 ms", 2),
    ("rss_mib", "RSS MiB", 1),
];
const FILES: &[Column] = &[
    ("up_rate", "MB/s up", 0),
    ("down_rate", "MB/s down", 0),
    ("p50_ms", "p50 ms", 2),
    ("p99_ms", "p99 ms", 2),
    ("ok_p99_ms", "ok p99 ms", 2),
    ("cpu_percent", "CPU %", 0),
    ("lost", "lost", 0),
    ("files", "times", 0),
    ("rss_mib", "RSS MiB", 1),
];
const DEAF: &[Column] = &[
    ("p99_without_ms", "p99 ms without", 2),
    ("p99_ms", "p99 ms with", 2),
    ("p99_ratio", "ratio", 2),
    ("closed", "deaf one closed", 0),
    ("lost", "lost", 0),
    ("rss_mib", "RSS MiB", 1),
];
const CHURN: &[Column] = &[
    ("cpu_us", "CPU µs/cycle", 0),
    ("cpu_us_2", "second round", 0),
    ("cycles", "cycles", 0),
    ("rate", "cycles/s", 0),
    ("lost", "lost", 0),
    ("threads_more", "threads left", 0),
    ("fds_more", "descriptors left", 0),
    ("rss_kib_more", "KiB more", 0),
    ("rss_kib_more_2", "second round", 0),
];
const IDLE: &[Column] = &[
    ("join_rate", "joins/s", 0),
    ("leave_rate", "leaves/s", 0),
    ("join_cpu_us", "CPU µs/join", 0),
    ("kib_each", "KiB/client", 1),
    ("threads_each", "threads/client", 2),
    ("fds", "descriptors", 0),
    ("threads", "threads", 0),
    ("idle_ms_s", "idle CPU ms/s", 1),
];
const SOAK: &[Column] = &[
    ("p50_ms", "p50 ms", 2),
    ("p99_ms", "p99 ms", 2),
    ("max_ms", "longest ms", 2),
    ("said", "said", 0),
    ("lost", "lost", 0),
    ("doubled", "doubled", 0),
    ("reordered", "reordered", 0),
    ("not_kept", "not kept", 0),
    ("in_history", "in the history", 0),
];
const SOAK_SERVER: &[Column] = &[
    ("rss_before", "RSS MiB before", 1),
    ("rss_warm", "warm", 1),
    ("rss_end", "at the end", 1),
    ("rss_after", "after", 1),
    ("threads_before", "threads before", 0),
    ("threads_most", "most", 0),
    ("threads_after", "after", 0),
    ("settled_s", "s to settle", 1),
    ("stop_ms", "ms to stop", 0),
    ("lives", "connections", 0),
    ("ended", "ended by the server", 0),
    ("sent_mib", "MiB sent", 1),
    ("heard_mib", "MiB heard", 1),
];
/// Each scenario with its title and its columns.
pub const TABLES: [(&str, &str, &[Column]); 10] = [
    ("fanout", "Fan-out", FANOUT),
    ("store", "With a database", STORE),
    ("steady", "Below saturation", STEADY),
    ("files", "A large file meanwhile", FILES),
    ("archive", "With much in the database", ARCHIVE),
    ("deaf", "One deaf member", DEAF),
    ("churn", "Churn", CHURN),
    ("idle", "Idle clients", IDLE),
    ("soak", "Two people beside hostile clients", SOAK),
    ("soak-server", "The server meanwhile", SOAK_SERVER),
];

/// What is compared server by server, cell by cell, before the full table of fan-out.
const COMPARED: [Column; 2] = [("cpu_us", "Server CPU, µs a delivery", 2), ("p99_ms", "p99 latency, ms", 2)];

/// All tables as Markdown, which reads well on a terminal too: medians, and the range if
/// there were several runs and it matters.
pub fn markdown(rows: &[Row]) -> String {
    let mut page = String::new();
    for (scenario, title, columns) in TABLES {
        let rows: Vec<Row> = rows.iter().filter(|row| row.scenario == scenario).cloned().collect();
        if rows.is_empty() {
            continue;
        }
        if matches!(scenario, "fanout" | "store" | "steady") && rows.iter().any(|row| row.target != rows[0].target) {
            for column in COMPARED {
                let _ = writeln!(page, "### {title}: {}\n\n{}", column.1, comparison(&rows, &column));
            }
        }
        let _ = writeln!(page, "### {title}\n\n{}", table(&rows, columns));
    }
    page
}

/// Puts `text` between the markers of this `section` of `page`, such as `<!-- bench:begin -->`.
///
/// # Errors
/// When the page has not both markers.
pub fn between_markers(page: &str, section: &str, text: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {section}:begin -->"), format!("<!-- {section}:end -->"));
    let (before, rest) = page.split_once(&begin).with_context(|| format!("no {begin} in the page"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("no {end} after {begin}"))?;
    Ok(format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim()))
}

fn table(rows: &[Row], columns: &[Column]) -> String {
    let mut lines = vec![vec!["cell".to_owned(), "server".to_owned()]];
    lines[0].extend(columns.iter().map(|(_, heading, _)| (*heading).to_owned()));
    let mut notes = String::new();
    let mut gathered = Runs::gather(rows);
    // A failed cell has no figures of its own, yet belongs next to the cell's other servers.
    let place = |cell: &str| rows.iter().position(|row| row.cell == cell);
    gathered.sort_by_key(|runs| place(&runs.first().cell));
    let mut cell = "";
    for runs in &gathered {
        let row = runs.first();
        let shown = if row.cell == cell { "" } else { &row.cell };
        cell = &row.cell;
        let mut line = vec![shown.to_owned(), row.target.clone()];
        line.extend(columns.iter().enumerate().map(|(at, column)| value(runs, column, at == 0)));
        lines.push(line);
        for row in &runs.rows {
            note(row, "trouble", row.trouble.as_deref(), &mut notes);
        }
        note(row, "the server's words", row.remark.as_deref(), &mut notes);
    }
    format!("{}{notes}", aligned(&lines, 2))
}

/// One line a cell, one column a server.
fn comparison(rows: &[Row], column: &Column) -> String {
    let gathered = Runs::gather(rows);
    let distinct = |of: fn(&Row) -> &String| {
        let mut seen: Vec<&String> = Vec::new();
        rows.iter().map(of).for_each(|name| {
            if !seen.contains(&name) {
                seen.push(name)
            }
        });
        seen
    };
    let targets = distinct(|row| &row.target);
    let mut lines = vec![vec!["cell".to_owned()]];
    lines[0].extend(targets.iter().map(|&target| target.clone()));
    for cell in distinct(|row| &row.cell) {
        let mut line = vec![cell.clone()];
        line.extend(targets.iter().map(|&target| {
            let runs = gathered.iter().find(|runs| runs.first().cell == *cell && runs.first().target == *target);
            runs.map_or("-".to_owned(), |runs| value(runs, column, true))
        }));
        lines.push(line);
    }
    aligned(&lines, 1)
}

fn value(runs: &Runs<'_>, &(figure, _, digits): &Column, with_range: bool) -> String {
    match spread_of(runs, figure) {
        None => "-".to_owned(),
        Some(spread) if matches!(figure, "one_order" | "closed") => {
            (if spread.min < 1.0 { "no" } else { "yes" }).to_owned()
        }
        // A single lost message in one run of many must not vanish in a median.
        Some(spread) if matches!(figure, "lost" | "doubled" | "reordered") => {
            format!("{:.0}", spread.max)
        }
        Some(spread) => shown(&spread, digits, with_range && runs.rows.len() > 1),
    }
}

/// The median, and the smallest and the largest behind it if they are asked for.
pub fn shown(spread: &Spread, digits: usize, with_range: bool) -> String {
    let Spread { median, min, max } = spread;
    match with_range {
        true => format!("{median:.digits$} ({min:.digits$}..{max:.digits$})"),
        false => format!("{median:.digits$}"),
    }
}

/// A figure, or a ratio of two, which is taken of their medians: single tails are too wild to be divided.
fn spread_of(runs: &Runs<'_>, figure: &str) -> Option<Spread> {
    if figure != "p99_ratio" {
        return runs.spread(figure);
    }
    let ratio = runs.spread("p99_ms")?.median / runs.spread("p99_without_ms")?.median;
    Some(Spread { median: ratio, min: ratio, max: ratio })
}

/// Puts what a server said under its table.
pub fn note(row: &Row, what: &str, words: Option<&str>, notes: &mut String) {
    let Some(words) = words else { return };
    let words: String = words.chars().take(200).map(|c| if c == '`' { '\'' } else { c }).collect();
    if notes.is_empty() {
        notes.push('\n');
    }
    let _ = writeln!(notes, "- {}, {}: {what}: `{words}`", row.target, row.cell);
}

/// A Markdown table whose first `left` columns are words and whose others are figures.
pub fn aligned(lines: &[Vec<String>], left: usize) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut table = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (at, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let _ = match at < left {
                true => write!(table, "| {cell:<width$} "),
                false => write!(table, "| {cell:>width$} "),
            };
        }
        table.push_str("|\n");
        if number == 0 {
            for (at, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + 1);
                table.push_str(&if at < left { format!("|{dashes}-") } else { format!("|{dashes}:") });
            }
            table.push_str("|\n");
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: &str, cpu: f64, lost: f64) -> Row {
        let mut row = Row::new("fanout", "10 members".to_owned(), target);
        row.set("cpu_us", cpu);
        row.set("lost", lost);
        row
    }

    fn cells(page: &str) -> Vec<Vec<&str>> {
        let lines = page.lines().filter(|line| line.starts_with("| "));
        lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
    }

    #[test]
    fn a_table_shows_medians_but_the_worst_loss() {
        let page = table(&[row("a", 1.0, 0.0), row("b", 9.0, 0.0), row("a", 3.0, 2.0), row("a", 2.5, 0.0)], FANOUT);
        let lines = cells(&page);
        assert_eq!(lines[1][..4], ["10 members", "a", "2.50 (1.00..3.00)", "-"]);
        assert_eq!((lines[0][6], lines[1][6], lines[2][6]), ("lost", "2", "0"));
        assert_eq!(lines[2][..3], ["", "b", "9.00"]);
    }

    #[test]
    fn a_comparison_has_a_column_for_each_server() {
        let mut other = row("b", 4.0, 0.0);
        other.cell = "100 members".to_owned();
        let page = comparison(&[row("a", 1.0, 0.0), row("b", 9.0, 0.0), other], &FANOUT[0]);
        assert_eq!(cells(&page), [["cell", "a", "b"], ["10 members", "1.00", "9.00"], ["100 members", "-", "4.00"]]);
    }

    #[test]
    fn the_ratio_is_that_of_the_medians() {
        let deaf = |with: f64, without: f64| {
            let mut row = Row::new("deaf", "10".to_owned(), "a");
            row.set("p99_ms", with);
            row.set("p99_without_ms", without);
            row
        };
        let page = table(&[deaf(6.0, 1.0), deaf(3.0, 2.0), deaf(2.0, 3.0)], DEAF);
        assert_eq!(cells(&page)[1][4], "1.50");
    }

    #[test]
    fn troubles_are_told_under_the_table() {
        let mut row = row("a", 1.0, 0.0);
        row.trouble = Some("ERROR :no `room`".to_owned());
        assert!(markdown(&[row]).contains("- a, 10 members: trouble: `ERROR :no 'room'`"));
    }

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let page = "<!-- b:begin -->\n<!-- b:end -->\n<!-- a:begin -->\nold\n<!-- a:end -->\nbelow\n";
        let once = between_markers(page, "a", "new\n").expect("both markers");
        assert_eq!(once, "<!-- b:begin -->\n<!-- b:end -->\n<!-- a:begin -->\n\nnew\n\n<!-- a:end -->\nbelow\n");
        assert_eq!(between_markers(&once, "a", "new").expect("both markers"), once);
        assert!(between_markers("no marker", "a", "new").is_err());
    }
}
