//! A build beside the one before it, cell by cell: how many times as dear it is, and in which cells it is worse. Knows only rows.

use std::fmt::Write;

use crate::measure::figures::{Row, Runs, Spread};
use crate::measure::report::{Column, TABLES, aligned, note, shown};

/// What the name of a server ends with if it is the build before.
const BEFORE: &str = " before";
/// More times as dear as this is worse.
const WORSE: f64 = 1.05;
/// What is compared in each scenario. Of a rate less is worse, of all others more.
const JUDGED: [(&str, &[&str]); 6] = [
    ("fanout", &["cpu_us", "rate", "p99_ms"]),
    ("store", &["cpu_us", "rate", "p99_ms", "ok_p99_ms", "later_us"]),
    ("steady", &["p99_ms", "p50_ms", "ok_p99_ms", "cpu_us"]),
    ("deaf", &["p99_ms", "p99_without_ms"]),
    ("churn", &["cpu_us", "cpu_us_2", "rate"]),
    ("idle", &["kib_each", "join_cpu_us", "join_rate"]),
];
/// What must never be more than nothing.
const FAITH: [&str; 3] = ["lost", "doubled", "reordered"];

/// A table for each scenario and figure, then what is worse, and all trouble.
pub fn markdown(rows: &[Row]) -> String {
    let gathered = Runs::gather(rows);
    let (mut page, mut worse) = (String::new(), Vec::new());
    for (scenario, title, columns) in TABLES {
        let figures = JUDGED.iter().find(|(judged, _)| *judged == scenario).map_or(&[][..], |(_, figures)| *figures);
        let runs: Vec<&Runs> = gathered.iter().filter(|runs| runs.first().scenario == scenario).collect();
        for figure in figures {
            let column = columns.iter().find(|column| column.0 == *figure);
            if let Some(column) = column.filter(|_| !runs.is_empty()) {
                let table = compared(&runs, column, title, &mut worse);
                let _ = writeln!(page, "### {title}: {}\n\n{table}", column.1);
            }
        }
        for (figure, runs) in FAITH.iter().flat_map(|figure| runs.iter().map(move |runs| (figure, runs))) {
            if let Some(spread) = runs.spread(figure).filter(|spread| spread.max > 0.0) {
                worse.push(format!("{title}, {}, {}: {figure} {}", runs.first().cell, runs.first().target, spread.max));
            }
        }
    }
    page += "*times* is how many times as dear as before; above 1 is worse, also of a rate.\n\n";
    match worse.is_empty() {
        true => page += "No cell is worse by more than 5 %.\n",
        false => page += "Worse by more than 5 %:\n\n",
    }
    worse.iter().for_each(|line| page += &format!("- {line}\n"));
    rows.iter().for_each(|row| note(row, "trouble", row.trouble.as_deref(), &mut page));
    page
}

/// One line a cell; for each server what it is now, what it was before, and the ratio.
fn compared(runs: &[&Runs<'_>], column: &Column, title: &str, worse: &mut Vec<String>) -> String {
    let find = |cell: &str, target: &str| {
        runs.iter().find(|runs| runs.first().cell == cell && runs.first().target == target)?.spread(column.0)
    };
    let mut targets: Vec<&str> = runs.iter().map(|runs| runs.first().target.trim_end_matches(BEFORE)).collect();
    let mut cells: Vec<&str> = runs.iter().map(|runs| runs.first().cell.as_str()).collect();
    distinct(&mut targets);
    distinct(&mut cells);
    let mut lines = vec![vec!["cell".to_owned()]];
    for target in &targets {
        lines[0].extend([(*target).to_owned(), format!("{target}{BEFORE}"), "times".to_owned()]);
    }
    for cell in cells {
        let mut line = vec![cell.to_owned()];
        for target in &targets {
            let (now, before) = (find(cell, target), find(cell, &format!("{target}{BEFORE}")));
            let times = now.zip(before).map(|(now, before)| times(column.0, now, before));
            let words = |spread: Option<Spread>| {
                spread.map_or("-".to_owned(), |spread| shown(&spread, column.2, spread.min < spread.max))
            };
            line.extend([words(now), words(before), times.map_or("-".to_owned(), |times| format!("{times:.2}"))]);
            let Some(((now, before), times)) = now.zip(before).zip(times).filter(|(_, times)| *times > WORSE) else {
                continue;
            };
            let overlap = now.min <= before.max && before.min <= now.max;
            let overlap = if overlap { "; their ranges overlap" } else { "" };
            worse.push(format!("{title}, {cell}, {target}: {} {times:.2} times{overlap}", column.1));
        }
        lines.push(line);
    }
    aligned(&lines, 1)
}

fn times(figure: &str, now: Spread, before: Spread) -> f64 {
    match figure.ends_with("rate") {
        true => before.median / now.median,
        false => now.median / before.median,
    }
}

fn distinct(names: &mut Vec<&str>) {
    let mut seen = Vec::new();
    names.retain(|name| {
        !seen.contains(name) && {
            seen.push(*name);
            true
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: &str, cpu: f64, rate: f64) -> Row {
        let mut row = Row::new("fanout", "10 members".to_owned(), target);
        row.set("cpu_us", cpu);
        row.set("rate", rate);
        row
    }

    #[test]
    fn a_dearer_cell_and_a_lower_rate_are_worse() {
        let page = markdown(&[
            row("line", 1.10, 90.0),
            row("line before", 1.00, 100.0),
            row("json", 1.04, 200.0),
            row("json before", 1.00, 100.0),
        ]);
        let worse: Vec<&str> = page.lines().filter(|line| line.starts_with("- ")).collect();
        let cells = ["CPU µs/delivery 1.10 times", "deliveries/s 1.11 times"];
        assert_eq!(worse, cells.map(|cell| format!("- Fan-out, 10 members, line: {cell}")));
    }

    #[test]
    fn one_wild_run_of_three_is_not_worse_and_a_lost_line_is() {
        let now = [row("line", 1.0, 1.0), row("line", 9.0, 1.0), row("line", 1.0, 1.0)];
        let mut rows = vec![row("line before", 1.0, 1.0)];
        rows.extend(now);
        assert!(markdown(&rows).ends_with("No cell is worse by more than 5 %.\n"));
        rows[1].set("lost", 2.0);
        assert!(markdown(&rows).ends_with("- Fan-out, 10 members, line: lost 2\n"));
    }

    #[test]
    fn a_cell_that_one_build_has_not_done_is_shown_without_a_ratio() {
        let page = markdown(&[row("line", 1.0, 1.0)]);
        let line = page.lines().find(|line| line.starts_with("| 10 members")).expect("the cell");
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells, ["10 members", "1.00", "-", "-"]);
    }
}
