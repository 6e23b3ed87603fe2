//! Message ids: the place, the number and the time of a message as one short word. Knows no message.

use crate::model::{Millis, PlaceId, Seq};

const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// The id of a message. The time is in it because a server that was killed may give
/// a number a second time: then the two messages still have different ids.
///
/// At most 26 characters, as long as the year has five digits. It is no secret: an
/// id names a message, and gives no right to read it.
///
/// ```
/// use roomful::model::PlaceId;
/// use roomful::wire::irc::msgid;
///
/// let id = msgid::of(PlaceId(7), 33, 1_795_176_308_500);
/// assert_eq!(id, "7.11.1k7sdh7ok");
/// assert_eq!(msgid::parse(&id), Some((PlaceId(7), 33, 1_795_176_308_500)));
/// ```
pub fn of(place: PlaceId, seq: Seq, time: Millis) -> String {
    let mut id = String::with_capacity(26);
    digits(&mut id, place.0.into());
    id.push('.');
    digits(&mut id, seq);
    id.push('.');
    if time < 0 {
        id.push('-');
    }
    digits(&mut id, time.unsigned_abs());
    id
}

/// The place, the number and the time in an id; nothing unless [`of`] writes these
/// three as exactly this id.
pub fn parse(id: &str) -> Option<(PlaceId, Seq, Millis)> {
    let mut parts = id.splitn(3, '.');
    let mut part = || parts.next();
    let (place, seq, time) = (part()?, part()?, part()?);
    let time = match time.strip_prefix('-') {
        Some(digits) => 0_i64.checked_sub_unsigned(number(digits)?)?,
        None => number(time)?.try_into().ok()?,
    };
    let found = (PlaceId(number(place)?.try_into().ok()?), number(seq)?, time);
    (of(found.0, found.1, found.2) == id).then_some(found)
}

/// Writes a number without leading zeros.
fn digits(id: &mut String, number: u64) {
    let count = (64 - number.leading_zeros()).div_ceil(5).max(1);
    id.extend((0..count).rev().map(|at| char::from(DIGITS[(number >> (5 * at) & 31) as usize])));
}

fn number(digits: &str) -> Option<u64> {
    let value = |digit: u8| DIGITS.iter().position(|known| *known == digit);
    digits.bytes().try_fold(0_u64, |number, digit| number.checked_mul(32)?.checked_add(value(digit)? as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_reads_back_as_what_it_is_of(place: u32, seq: u64, time: i64) {
            prop_assert_eq!(parse(&of(PlaceId(place), seq, time)), Some((PlaceId(place), seq, time)));
        }

        #[test]
        fn an_id_of_a_message_that_there_can_be_is_short_and_plain(place: u32, seq: u32, time in 0_i64..1 << 50) {
            let id = of(PlaceId(place), seq.into(), time);
            prop_assert!(id.len() <= 26, "{}", id);
            prop_assert!(id.bytes().all(|byte| byte == b'.' || DIGITS.contains(&byte)), "{}", id);
        }

        #[test]
        fn two_ids_that_differ_are_of_two_messages(id in "[0-9a-v.-]{0,30}") {
            if let Some((place, seq, time)) = parse(&id) {
                prop_assert_eq!(of(place, seq, time), id);
            }
        }
    }

    #[test]
    fn what_no_message_has_is_no_id() {
        for id in [
            "",
            ".",
            "1",
            "1.2",
            "1.2.",
            "1.2.3.4",
            "01.2.3",
            "1.2.03",
            "1.2.-0",
            "1.2.3 ",
            "A.2.3",
            "1.w.3",
            "4000000.1.1",
        ] {
            assert_eq!(parse(id), None, "{id:?}");
        }
    }
}
