//! For how long, as people write it: `10m`, `5 minutes`, `1h 30m`. Knows no clock: a month has 30 days here, a year 365.

use jiff::Span;

use crate::error::ChatError;
use crate::names;

/// The longest time that can be asked for, in seconds: a hundred years. A
/// later end could not be shown as a date, and nobody means one.
pub const LONGEST: u64 = 3_155_760_000;

/// What a field of seconds takes.
const SECONDS: &str = "1 to 3155760000, which is a hundred years";

/// What a time takes.
const FORMS: &str = "30s, 10m, 2h, 7d, 4w or 1h30m, up to 100 years";

/// A time has at most so many words: `1 day 2 hours 3 minutes`, and some more.
const WORDS: usize = 8;

/// The time at the beginning of `text`, in seconds, and what follows it. Where
/// the first word does not begin as a time does, there is none.
///
/// # Errors
/// It begins as a time does and is none, such as a number without its unit: it
/// is not said what it would be, and to take it for a reason would be for good.
pub fn timed(text: &str) -> Result<(Option<u64>, &str), ChatError> {
    let whole = text;
    // As in speech: `for 5 minutes`. But `for 3 strikes` is a reason.
    let text = match text.split_once(char::is_whitespace) {
        Some((word, time)) if word.eq_ignore_ascii_case("for") => time.trim_start(),
        _ => text,
    };
    if !text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_numeric()) {
        return Ok((None, whole));
    }
    let ends = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at);
    let ends: Vec<usize> = ends.chain([text.len()]).take(WORDS).collect();
    // As many words as there are in it: `5 minutes` and not `5`.
    let found = ends.into_iter().rev().find_map(|end| Some((seconds(&text[..end])?, text[end..].trim_start())));
    match found {
        Some((seconds, rest)) if (1..=LONGEST).contains(&seconds) => Ok((Some(seconds), rest)),
        None if text.len() < whole.len() => Ok((None, whole)),
        _ => {
            let word = text.split_whitespace().next().unwrap_or(text);
            Err(ChatError::BadField { field: "TIME", value: format!("{:?}", names::clean(word)), wants: FORMS })
        }
    }
}

/// Refuses a number of seconds that no ban can last.
///
/// # Errors
/// It is 0, or more than a hundred years.
pub fn in_range(seconds: Option<u64>) -> Result<(), ChatError> {
    match seconds {
        Some(seconds) if !(1..=LONGEST).contains(&seconds) => {
            Err(ChatError::BadField { field: "seconds", value: seconds.to_string(), wants: SECONDS })
        }
        _ => Ok(()),
    }
}

/// Whole seconds of a time that is nothing else; negative ones are none.
fn seconds(text: &str) -> Option<u64> {
    const DAY: i128 = 86_400;
    let span: Span = text.to_lowercase().parse().ok()?;
    let days = i128::from(span.get_years()) * 365
        + i128::from(span.get_months()) * 30
        + i128::from(span.get_weeks()) * 7
        + i128::from(span.get_days());
    let nanoseconds = i128::from(span.get_milliseconds()) * 1_000_000
        + i128::from(span.get_microseconds()) * 1_000
        + i128::from(span.get_nanoseconds());
    let seconds = days * DAY
        + i128::from(span.get_hours()) * 3_600
        + i128::from(span.get_minutes()) * 60
        + i128::from(span.get_seconds())
        + nanoseconds / 1_000_000_000;
    u64::try_from(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_taken_as_people_write_it() {
        for (text, seconds, rest) in [
            ("30s", 30, ""),
            ("10m", 600, ""),
            ("10min spam", 600, "spam"),
            ("10 Min", 600, ""),
            ("for 5 minutes", 300, ""),
            ("For 10m spam", 600, "spam"),
            ("5 minutes of silence", 300, "of silence"),
            ("1h30m", 5_400, ""),
            ("1h 30m  spam", 5_400, "spam"),
            ("1.5h", 5_400, ""),
            ("2d", 172_800, ""),
            ("2 Days", 172_800, ""),
            ("1w 3 strikes", 604_800, "3 strikes"),
            ("1 month", 2_592_000, ""),
            ("100y", 3_153_600_000, ""),
            ("3155760000s", LONGEST, ""),
        ] {
            assert_eq!(timed(text), Ok((Some(seconds), rest)), "{text}");
        }
    }

    #[test]
    fn what_does_not_begin_as_a_time_is_a_reason() {
        for text in ["", "spam", "for 3 strikes", "m10", "-", "été"] {
            assert_eq!(timed(text), Ok((None, text)));
        }
    }

    #[test]
    fn what_begins_as_a_time_and_is_none_is_refused_with_the_forms() {
        for text in [
            "30",
            "for 101y",
            "3 strikes",
            "10x",
            "0m",
            "0.5s",
            "-5m",
            "3155760001s",
            "101y",
            "30500000w",
            "99999999999999999999m",
            "٣",
        ] {
            let refusal = timed(text).map(drop);
            assert!(matches!(refusal, Err(ChatError::BadField { field: "TIME", .. })), "{text}: {refusal:?}");
        }
    }

    #[test]
    fn seconds_are_taken_from_one_to_a_hundred_years() {
        for (seconds, taken) in [(0, false), (1, true), (LONGEST, true), (LONGEST + 1, false), (u64::MAX, false)] {
            assert_eq!(in_range(Some(seconds)).is_ok(), taken, "{seconds}");
        }
        assert_eq!(in_range(None), Ok(()));
    }
}
