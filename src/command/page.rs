//! Which earlier messages are asked for, and which numbers these have. Knows no message, and not where they are stored.

use crate::model::{Millis, PlaceId, Seq};

/// Where a page begins or ends. What is named here is not on the page, only in the middle of [`Page::Around`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A message, by its number.
    Seq(Seq),
    /// A time.
    Time(Millis),
    /// A message, by its place, its number and its time. If there is no such message, the page is refused.
    Message(PlaceId, Seq, Millis),
}

/// Which earlier messages are asked for. They come in their order, whichever way they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The last ones.
    Last,
    /// The last ones before this.
    Before(Bound),
    /// The first ones after this.
    After(Bound),
    /// The last ones of all that are after this.
    Latest(Bound),
    /// Those between the two, counted from the first of the two, whichever is earlier.
    Between(Bound, Bound),
    /// This and what is on both sides of it; of a time, the first message that is not before it.
    Around(Bound),
}

/// Which places are asked for by the time of their last message: those between two
/// times, neither of them included, counted from the first of the two, whichever is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// Where counting begins.
    pub from: Millis,
    /// The other end.
    pub to: Millis,
    /// At most so many.
    pub limit: Option<usize>,
}

impl Page {
    /// The first ones at or after this time.
    pub fn since(time: Millis) -> Page {
        Page::After(Bound::Time(time.saturating_sub(1)))
    }

    /// What it names.
    pub fn bounds(self) -> impl Iterator<Item = Bound> {
        let both = match self {
            Page::Last => [None, None],
            Page::Before(one) | Page::After(one) | Page::Latest(one) | Page::Around(one) => [Some(one), None],
            Page::Between(one, other) => [Some(one), Some(other)],
        };
        both.into_iter().flatten()
    }
}

/// The times of the messages of a place. If the clock was set back, times do not
/// increase with the numbers; then a time only finds the number from which on the page counts.
pub trait Timeline {
    /// Why a time cannot be looked up.
    type Error;

    /// The number of the first message at this time or later.
    ///
    /// # Errors
    /// The times cannot be read.
    fn first_since(&self, time: Millis) -> Result<Option<Seq>, Self::Error>;

    /// The number of the last message before this time; 0 if there is none.
    ///
    /// # Errors
    /// As above.
    fn last_before(&self, time: Millis) -> Result<Seq, Self::Error>;
}

/// A page as numbers: at most `down` of the messages from `from` to `middle`, the
/// last ones; and at most `up` of those after `middle`, to `to`, the first ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The least number that may be on the page.
    pub from: Seq,
    /// The highest number that may be on the page.
    pub to: Seq,
    /// The last number of the lower part.
    pub middle: Seq,
    /// How many messages the lower part has at most.
    pub down: usize,
    /// How many messages the upper part has at most. If there is a lower part, what that lacks is added.
    pub up: usize,
}

impl Stretch {
    /// The numbers of `page`, which has at most `most` messages.
    ///
    /// # Errors
    /// Those of `times`.
    pub fn of<T: Timeline>(page: Page, most: usize, times: &T) -> Result<Stretch, T::Error> {
        let up_from = |from: Seq, to| Stretch { from, to, middle: from.saturating_sub(1), down: 0, up: most };
        let down_from = |from, to| Stretch { from, to, middle: to, down: most, up: 0 };
        let after = |bound| after(bound, times);
        let before = |bound| before(bound, times);
        Ok(match page {
            Page::Last => down_from(0, Seq::MAX),
            Page::Before(bound) => down_from(0, before(bound)?),
            Page::After(bound) => up_from(after(bound)?, Seq::MAX),
            Page::Latest(bound) => down_from(after(bound)?, Seq::MAX),
            Page::Between(one, other) => {
                let up = (after(one)?, before(other)?);
                if is_up(one, other).unwrap_or(up.0 <= up.1) {
                    up_from(up.0, up.1)
                } else {
                    down_from(after(other)?, before(one)?)
                }
            }
            Page::Around(bound) => {
                let middle = match bound {
                    Bound::Seq(seq) | Bound::Message(_, seq, _) => seq,
                    Bound::Time(time) => times.first_since(time)?.unwrap_or(Seq::MAX),
                };
                let (middle, down) = (middle.saturating_sub(1), most / 2);
                Stretch { from: 0, to: Seq::MAX, middle, down, up: most - down }
            }
        })
    }

    /// How many messages the upper part has at most, if the lower one has `lower`.
    pub fn above(&self, lower: usize) -> usize {
        if self.up == 0 { 0 } else { self.down - lower + self.up }
    }
}

/// Whether the first of two bounds is the earlier one, if that can be told from the two alone.
fn is_up(one: Bound, other: Bound) -> Option<bool> {
    match (one, other) {
        (Bound::Seq(one) | Bound::Message(_, one, _), Bound::Seq(other) | Bound::Message(_, other, _)) => {
            Some(one <= other)
        }
        (Bound::Time(one) | Bound::Message(_, _, one), Bound::Time(other) | Bound::Message(_, _, other)) => {
            Some(one <= other)
        }
        (Bound::Seq(_), Bound::Time(_)) | (Bound::Time(_), Bound::Seq(_)) => None,
    }
}

/// The least number that is after a bound.
fn after<T: Timeline>(bound: Bound, times: &T) -> Result<Seq, T::Error> {
    match bound {
        Bound::Seq(seq) | Bound::Message(_, seq, _) => Ok(seq.saturating_add(1)),
        Bound::Time(Millis::MAX) => Ok(Seq::MAX),
        Bound::Time(time) => Ok(times.first_since(time + 1)?.unwrap_or(Seq::MAX)),
    }
}

/// The highest number that is before a bound.
fn before<T: Timeline>(bound: Bound, times: &T) -> Result<Seq, T::Error> {
    match bound {
        Bound::Seq(seq) | Bound::Message(_, seq, _) => Ok(seq.saturating_sub(1)),
        Bound::Time(time) => times.last_before(time),
    }
}
