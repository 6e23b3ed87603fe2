//! Which bytes of a file a request wants: `Range` and `If-Range` (RFC 9110, 13 and 14). Knows no file.

use crate::wire::http::Head;

/// What is wanted of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// These bytes; at least one.
    Part {
        /// The first.
        first: u64,
        /// How many.
        length: u64,
    },
    /// Bytes that it does not have.
    Nothing,
}

/// What `head` wants of a file of `size` bytes with this `etag`. What has no meaning, and
/// more ranges than one, are ignored: then the whole is right.
pub(super) fn wanted(head: &Head, etag: &str, size: u64) -> Wanted {
    let Ok(Some(range)) = head.one("range") else { return Wanted::Whole };
    match head.one("if-range") {
        Ok(None) => {}
        Ok(Some(known)) if known == etag => {}
        _ => return Wanted::Whole,
    }
    part(range, size).unwrap_or(Wanted::Whole)
}

fn part(range: &str, size: u64) -> Option<Wanted> {
    let (unit, range) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let (first, last) = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(count)) => (size.saturating_sub(count), size),
        (Some(first), None) => (first, size),
        (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(size)),
        _ => return None,
    };
    let length = last.saturating_sub(first);
    Some(if length == 0 { Wanted::Nothing } else { Wanted::Part { first, length } })
}

/// A number, or none where nothing stands; nothing at all if it is neither. One that is too
/// large is as large as can be.
fn number(digits: &str) -> Option<Option<u64>> {
    if digits.is_empty() {
        return Some(None);
    }
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| Some(digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_taken_and_what_has_no_meaning_is_ignored() {
        let of = |first, length| Some(Wanted::Part { first, length });
        for (range, wanted) in [
            ("bytes=0-1", of(0, 2)),
            ("bytes=0-0", of(0, 1)),
            ("bytes=9-9", of(9, 1)),
            ("bytes=5-", of(5, 5)),
            ("bytes=0-", of(0, 10)),
            ("bytes=-3", of(7, 3)),
            ("bytes=-99", of(0, 10)),
            ("bytes=8-99", of(8, 2)),
            ("BYTES=1-2", of(1, 2)),
            ("bytes=0-18446744073709551615", of(0, 10)),
            ("bytes=10-", Some(Wanted::Nothing)),
            ("bytes=10-11", Some(Wanted::Nothing)),
            ("bytes=99999999999999999999-", Some(Wanted::Nothing)),
            ("bytes=-0", Some(Wanted::Nothing)),
            ("bytes=2-1", None),
            ("bytes=-", None),
            ("bytes=", None),
            ("bytes", None),
            ("bytes=0-1,3-4", None),
            ("bytes=+1-2", None),
            ("bytes=a-b", None),
            ("lines=0-1", None),
            ("", None),
        ] {
            assert_eq!(part(range, 10), wanted, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Some(Wanted::Nothing));
        assert_eq!(part("bytes=-1", 0), Some(Wanted::Nothing));
    }
}
