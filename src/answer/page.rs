//! How many rows of a list fit into one answer. Knows none of them.

use std::iter::Peekable;

use super::weight::Row;

/// Takes a page off the front of `rows`: at most `most`, and as many as fit in
/// `bytes`, but one at least. What is left in `rows` is for the next page.
pub fn page<T: Row>(rows: &mut Peekable<impl Iterator<Item = T>>, most: usize, bytes: usize) -> Vec<T> {
    let (mut page, mut weight) = (Vec::with_capacity(rows.size_hint().0.min(most)), 0);
    while let Some(row) = rows.next_if(|row| page.is_empty() || (page.len() < most && weight + row.weight() <= bytes)) {
        weight += row.weight();
        page.push(row);
    }
    page
}

/// What [`cut`] has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// Rows below the lower end.
    pub below: bool,
    /// Rows above the upper end.
    pub above: bool,
}

/// Cuts rows at both ends to about `bytes`; the first `lower` of them are counted
/// downwards from there, and the others upwards. At least one row is left.
pub fn cut<T: Row>(rows: &mut Vec<T>, lower: usize, bytes: usize) -> Cut {
    let (down, up) = rows.split_at(lower);
    let (least_down, least_up) = (usize::from(up.is_empty()), 1);
    // What is on both sides of something gets half of the space on each.
    let (below, weight) = fitting(down.iter().rev(), if up.is_empty() { bytes } else { bytes / 2 }, least_down);
    let (above, _) = fitting(up.iter(), bytes.saturating_sub(weight), least_up);
    let cut = Cut { below: below < down.len(), above: above < up.len() };
    rows.truncate(lower + above);
    drop(rows.drain(..lower - below));
    cut
}

/// How many rows fit into `bytes`, but `least` at least, if there are so many; and what they weigh.
fn fitting<'a, T: Row + 'a>(rows: impl Iterator<Item = &'a T>, bytes: usize, least: usize) -> (usize, usize) {
    let (mut count, mut weight) = (0, 0);
    for row in rows {
        let with = weight + row.weight();
        if with > bytes && count >= least {
            break;
        }
        (count, weight) = (count + 1, with);
    }
    (count, weight)
}
