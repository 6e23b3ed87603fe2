//! One row of the table of limits: what a limit counts, its range, from when on a change of it counts, and the refusal of a wrong number. Knows no limit by name.

use std::fmt;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things: sessions, rooms, lines.
    Count,
    /// Bytes as they go over the wire or lie in memory.
    Bytes,
    /// Unicode scalar values.
    Characters,
    /// Whole seconds.
    Seconds,
    /// Whole milliseconds.
    Millis,
    /// Whole days.
    Days,
    /// How many a second.
    PerSecond,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Count => "in number",
            Unit::Bytes => "bytes",
            Unit::Characters => "characters",
            Unit::Seconds => "seconds",
            Unit::Millis => "ms",
            Unit::Days => "days",
            Unit::PerSecond => "a second",
        })
    }
}

/// From when on a changed limit counts, if the settings are read again while the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live {
    /// From the next time that it is looked at, for all.
    AtOnce,
    /// For connections that begin later. A session was told its numbers in `hello`,
    /// or has queues and decoders of that size.
    NewConnections,
    /// For the next run of the server: what it bounds is made, or counted, at the start.
    Restart,
}

impl fmt::Display for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Live::AtOnce => "at once",
            Live::NewConnections => "new connections",
            Live::Restart => "restart",
        })
    }
}

/// One row of the table of limits.
#[derive(Debug, PartialEq, Eq)]
pub struct Limit {
    /// Name as it is written in flags and files, in kebab case.
    pub name: &'static str,
    /// What the number counts.
    pub unit: Unit,
    /// The smallest number that is allowed. If it is 0, then 0 or `off` removes the limit.
    pub least: u64,
    /// The largest number that is allowed.
    pub most: u64,
    /// The number in force if the operator does not set it.
    pub default: u64,
    /// From when on a change counts that is made while the server runs.
    pub live: Live,
    /// What it bounds, and what happens when it is reached.
    pub consequence: &'static str,
}

/// A setting that could not be taken.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitError {
    /// No limit has this name.
    Unknown(String),
    /// The value is no number, or one outside the limit's range.
    Range {
        /// The limit.
        limit: &'static Limit,
        /// What was given.
        value: String,
    },
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LimitError::Unknown(name) => write!(f, "there is no limit called {name:?}"),
            LimitError::Range { limit, value } => {
                let Limit { name, least, most, unit, .. } = limit;
                let off = if *least == 0 { "off, or " } else { "" };
                write!(f, "{name} must be {off}{least} to {most} {unit}, not {value:?}")
            }
        }
    }
}

impl std::error::Error for LimitError {}
