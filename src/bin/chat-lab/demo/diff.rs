//! What differs between two short texts, line by line. Knows no file.

/// Equal lines around a change that are shown.
const AROUND: usize = 1;

/// The lines to be taken away, with `-`, and those to be put in, with `+`; a few equal ones around them with a blank.
pub fn diff(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (code(old), code(new));
    let marked = marked(&old, &new);
    let changed: Vec<usize> = (0..marked.len()).filter(|at| marked[*at].0 != ' ').collect();
    let is_near = |at: usize| changed.iter().any(|change| change.abs_diff(at) <= AROUND);
    let mut rows = Vec::new();
    let mut last = None;
    for (at, (mark, line)) in marked.iter().enumerate().filter(|(at, _)| is_near(*at)) {
        if last.is_some_and(|last| last + 1 < at) {
            rows.push("…".to_owned());
        }
        rows.push(format!("{mark} {line}").trim_end().to_owned());
        last = Some(at);
    }
    rows
}

/// The lines without those at the top that only tell what the file is.
fn code(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("//!")).collect()
}

/// All lines with their marks, by the longest common subsequence.
fn marked<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // The length of the longest common subsequence of what begins at each pair of lines.
    let mut longest = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for at in (0..old.len()).rev() {
        for other in (0..new.len()).rev() {
            longest[at][other] = if old[at] == new[other] {
                longest[at + 1][other + 1] + 1
            } else {
                longest[at + 1][other].max(longest[at][other + 1])
            };
        }
    }
    let (mut at, mut other) = (0, 0);
    let mut marked = Vec::new();
    while at < old.len() || other < new.len() {
        if at < old.len() && other < new.len() && old[at] == new[other] {
            marked.push((' ', old[at]));
            (at, other) = (at + 1, other + 1);
        } else if at < old.len() && (other == new.len() || longest[at + 1][other] >= longest[at][other + 1]) {
            marked.push(('-', old[at]));
            at += 1;
        } else {
            marked.push(('+', new[other]));
            other += 1;
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_shown_with_one_equal_line_around_them() {
        let old = "//! old\na\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "//! new\na\nb\nC\nd\ne\nf\ng\n";
        assert_eq!(diff(old, new), ["  b", "- c", "+ C", "  d", "…", "  g", "- h"]);
        assert!(diff(old, old).is_empty());
    }
}
