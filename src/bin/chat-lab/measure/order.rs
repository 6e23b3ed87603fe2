//! Checks that all members saw the messages in one order. Knows only the order in which each member heard them.

use std::collections::HashMap;

use crate::marker::Mark;

/// So many messages of each speaker are stored in full order; the order of all others is stored as a hash.
const KEPT: u32 = 20_000;

/// What each member heard, in its order.
///
/// Members who do not speak hear all messages, so equal hashes mean equal orders.
/// Speakers may lack their own messages; their lists, and that of one silent member, are
/// stored, and there is one order exactly if all these lists can be merged into one.
#[derive(Clone, Debug)]
pub struct Order {
    speakers: usize,
    lists: Vec<Vec<u32>>,
    hashes: Vec<u64>,
}

impl Order {
    /// For members of whom the first `speakers` speak.
    pub fn new(members: usize, speakers: usize) -> Self {
        let kept = members.min(speakers + 1);
        Self { speakers, lists: vec![Vec::new(); kept], hashes: vec![0; members] }
    }

    /// Member `who` heard `mark`.
    #[inline]
    pub fn heard(&mut self, who: usize, mark: Mark) {
        let word = u32::from(mark.speaker) << 24 | mark.number & 0xff_ffff;
        // With an odd factor the hash depends on every earlier message, and on its place.
        self.hashes[who] = self.hashes[who].wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(word) + 1);
        if who < self.lists.len() && mark.number < KEPT {
            self.lists[who].push(word);
        }
    }

    /// Whether all members can have seen one and the same order. Says no as well when a
    /// message is lost or doubled, so ask only when none is.
    pub fn is_one(&self) -> bool {
        let silent = self.hashes.get(self.speakers..).unwrap_or_default();
        silent.windows(2).all(|two| two[0] == two[1]) && merge(&self.lists)
    }
}

/// Takes messages that head every list they are still in, until none is left or none heads all.
fn merge(lists: &[Vec<u32>]) -> bool {
    let mut awaited: HashMap<u32, usize> = HashMap::new();
    lists.iter().flatten().for_each(|&word| *awaited.entry(word).or_default() += 1);
    let mut places = vec![0; lists.len()];
    let mut moved: Vec<usize> = (0..lists.len()).collect();
    while let Some(list) = moved.pop() {
        let Some(&word) = lists[list].get(places[list]) else {
            continue;
        };
        let left = awaited.get_mut(&word).expect("every word was counted");
        *left -= 1;
        if *left == 0 {
            for (other, place) in places.iter_mut().enumerate() {
                if lists[other].get(*place) == Some(&word) {
                    *place += 1;
                    moved.push(other);
                }
            }
        }
    }
    lists.iter().zip(places).all(|(list, place)| place == list.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `heard[who]` is what member `who` heard: letters are speakers, in order of their messages.
    fn is_one(speakers: usize, heard: &[&str]) -> bool {
        let mut order = Order::new(heard.len(), speakers);
        for (who, words) in heard.iter().enumerate() {
            let mut numbers = [0; 26];
            for letter in words.bytes() {
                let speaker = letter - b'a';
                let number = numbers[usize::from(speaker)];
                numbers[usize::from(speaker)] += 1;
                order.heard(who, Mark { speaker, number, sent: 0 });
            }
        }
        order.is_one()
    }

    #[test]
    fn one_order_is_recognised_with_and_without_own_messages() {
        assert!(is_one(2, &["abab", "abab", "abab", "abab"]));
        assert!(is_one(2, &["bb", "aa", "abab", "abab"]));
        assert!(is_one(3, &["bcb", "acac", "abab"]));
        assert!(is_one(1, &["", "aaa", "aaa"]));
    }

    #[test]
    fn silent_members_who_differ_are_found() {
        assert!(!is_one(2, &["bb", "aa", "abab", "abba"]));
        assert!(!is_one(2, &["abab", "abab", "abab", "abba"]));
    }

    #[test]
    fn speakers_who_contradict_each_other_are_found() {
        // a hears b before c, b hears c before a, c hears a before b.
        assert!(!is_one(3, &["bc", "ca", "ab"]));
        assert!(!is_one(2, &["ab", "ba"]));
    }
}
