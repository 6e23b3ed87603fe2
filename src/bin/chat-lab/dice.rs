//! Numbers that look random and are the same in every run; knows nothing of what they decide.

use std::time::{SystemTime, UNIX_EPOCH};

/// A row of such numbers.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The row that begins here.
    pub fn of(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A sequence of its own for each list of numbers, also if the lists are nearly the same.
    pub fn of_all(seeds: &[u64]) -> Dice {
        Dice(seeds.iter().fold(0, |mixed, seed| mix(mixed ^ seed)))
    }

    /// Another sequence each time.
    pub fn fresh() -> Dice {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Dice::of_all(&[now.as_secs(), u64::from(now.subsec_nanos()), u64::from(std::process::id())])
    }

    /// The next one, from 0 to below 1.
    pub fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number from 0 to below `most`.
    pub fn below(&mut self, most: u64) -> u64 {
        (self.roll() * most as f64) as u64
    }

    /// Whether one throw in `sides` says so.
    pub fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}

/// SplitMix64: neighbours become strangers.
fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seeds_give_the_same_row_and_neighbours_another() {
        let row = |seeds: &[u64]| {
            let mut dice = Dice::of_all(seeds);
            (0..20).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(row(&[1, 2, 3]), row(&[1, 2, 3]));
        let alike = row(&[1, 2, 3]).iter().zip(row(&[1, 2, 4])).filter(|(a, b)| **a == *b).count();
        assert!(alike < 5, "{alike}");
    }
}
