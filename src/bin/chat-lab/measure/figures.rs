//! What one run found, and the median of several; knows no server and no scenario.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The figures of one run, one JSON object a line in files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which scenario.
    pub scenario: String,
    /// Which of its settings, e.g. `100 members, 1 speaker, 64 in flight`.
    pub cell: String,
    /// Which server.
    pub target: String,
    /// Values by name; see [`mod@crate::measure::report`] for what each is. One not measured is not there.
    pub figures: BTreeMap<String, f64>,
    /// The first thing that went wrong, in the server's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What is worth quoting, such as the farewell of a client that was thrown out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl Row {
    /// No figures yet.
    pub fn new(scenario: &str, cell: String, target: &str) -> Self {
        Self {
            scenario: scenario.to_owned(),
            cell,
            target: target.to_owned(),
            figures: BTreeMap::new(),
            trouble: None,
            remark: None,
        }
    }

    /// Sets a figure, unless it was not measured.
    pub fn set(&mut self, name: &str, value: impl Into<Option<f64>>) {
        if let Some(value) = value.into() {
            self.figures.insert(name.to_owned(), value);
        }
    }
}

/// Middle, smallest and largest of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Of an even number, the mean of the two in the middle.
    pub median: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Self { median: (low + high) / 2.0, min, max })
    }
}

/// All runs of one cell on one server.
#[derive(Clone, Debug)]
pub struct Runs<'a> {
    /// One or more, alike in scenario, cell and target.
    pub rows: Vec<&'a Row>,
}

impl<'a> Runs<'a> {
    /// Gathers rows that belong together, in order of first appearance.
    pub fn gather(rows: &'a [Row]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for row in rows {
            match all.iter_mut().find(|runs| runs.is_of(row)) {
                Some(runs) => runs.rows.push(row),
                None => all.push(Self { rows: vec![row] }),
            }
        }
        all
    }

    /// The first of them.
    pub fn first(&self) -> &'a Row {
        self.rows[0]
    }

    /// The spread of one figure over the runs that have it.
    pub fn spread(&self, figure: &str) -> Option<Spread> {
        Spread::of(self.rows.iter().filter_map(|row| row.figures.get(figure).copied()).collect())
    }

    fn is_of(&self, row: &Row) -> bool {
        let first = self.first();
        first.scenario == row.scenario && first.cell == row.cell && first.target == row.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middles() {
        let median = |values: &[f64]| Spread::of(values.to_vec()).map(|spread| spread.median);
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
        let spread = Spread::of(vec![9.0, 1.0, 2.0]).expect("not empty");
        assert_eq!((spread.min, spread.max), (1.0, 9.0));
    }

    #[test]
    fn interleaved_runs_are_gathered_by_cell_and_target() {
        let row = |cell: &str, target: &str, value: f64| {
            let mut row = Row::new("fanout", cell.to_owned(), target);
            row.set("cpu", value);
            row.set("rss", None);
            row
        };
        let rows = [row("10", "a", 1.0), row("10", "b", 5.0), row("100", "a", 7.0), row("10", "a", 3.0)];
        let runs = Runs::gather(&rows);
        let medians: Vec<_> = runs.iter().map(|runs| runs.spread("cpu").expect("set").median).collect();
        assert_eq!(medians, [2.0, 5.0, 7.0]);
        assert_eq!(runs[0].spread("rss"), None);
    }
}
