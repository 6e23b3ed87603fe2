//! The books of a fan-out: which messages were said, which members heard them, in which order and how late. Knows no socket.

use std::collections::HashSet;

use crate::marker::Mark;
use crate::measure::histogram::Histogram;
use crate::measure::order::Order;

/// The members of a fan-out.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Members of the room, speakers included.
    pub members: usize,
    /// How many of them speak, from index 0; at most 255.
    pub speakers: usize,
    /// At most so many messages of one speaker are not yet heard by all members.
    pub in_flight: u32,
    /// Whether speakers hear themselves.
    pub echo: bool,
}

/// The books.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Each delivery's time from the send to our read.
    pub latency: Histogram,
    /// Deliveries so far, doubles not counted.
    pub delivered: u64,
    /// Deliveries of what the member had already, or never should get.
    pub doubled: u64,
    /// Deliveries after a later one of the same speaker.
    pub reordered: u64,
    /// Messages that a member still waits for.
    pub open: u64,
    shape: Shape,
    order: Order,
    sent: Vec<u32>,
    open_of: Vec<u32>,
    waiting: Vec<u32>,
    slots: usize,
    next: Vec<u32>,
    skipped: HashSet<(usize, u8, u32)>,
}

impl Ledger {
    /// Empty books.
    pub fn new(shape: Shape) -> Self {
        let slots = shape.in_flight.next_power_of_two() as usize * 2;
        Self {
            latency: Histogram::default(),
            delivered: 0,
            doubled: 0,
            reordered: 0,
            open: 0,
            shape,
            order: Order::new(shape.members, shape.speakers),
            sent: vec![0; shape.speakers],
            open_of: vec![0; shape.speakers],
            waiting: vec![0; shape.speakers * slots],
            slots,
            next: vec![0; shape.members * shape.speakers],
            skipped: HashSet::new(),
        }
    }

    /// The next message `speaker` may say at time `now`, if it may say one.
    pub fn say(&mut self, speaker: usize, now: u64) -> Option<Mark> {
        let number = self.sent[speaker];
        let slot = self.slot(speaker, number);
        if self.open_of[speaker] >= self.shape.in_flight || self.waiting[slot] > 0 {
            return None;
        }
        self.sent[speaker] += 1;
        if self.hearers() > 0 {
            self.waiting[slot] = self.hearers();
            self.open_of[speaker] += 1;
            self.open += 1;
        }
        Some(Mark { speaker: speaker as u8, number, sent: now })
    }

    /// Member `who` heard `mark` at time `now`.
    #[inline]
    pub fn heard(&mut self, who: usize, mark: Mark, now: u64) {
        let speaker = usize::from(mark.speaker);
        let expected = speaker < self.shape.speakers
            && who < self.shape.members
            && mark.number < self.sent[speaker]
            && (self.shape.echo || who != speaker);
        if !expected {
            self.doubled += 1;
            return;
        }
        let next = &mut self.next[who * self.shape.speakers + speaker];
        if mark.number == *next {
            *next += 1;
        } else if mark.number > *next {
            self.skipped.extend((*next..mark.number).map(|number| (who, mark.speaker, number)));
            *next = mark.number + 1;
        } else if self.skipped.remove(&(who, mark.speaker, mark.number)) {
            self.reordered += 1;
        } else {
            self.doubled += 1;
            return;
        }
        self.delivered += 1;
        self.latency.add(now.saturating_sub(mark.sent));
        self.order.heard(who, mark);
        let slot = self.slot(speaker, mark.number);
        self.waiting[slot] -= 1;
        if self.waiting[slot] == 0 {
            self.open_of[speaker] -= 1;
            self.open -= 1;
        }
    }

    /// Messages said so far.
    pub fn said(&self) -> u64 {
        self.sent.iter().copied().map(u64::from).sum()
    }

    /// Deliveries that never came; ask when all should be there.
    pub fn lost(&self) -> u64 {
        self.said() * u64::from(self.hearers()) - self.delivered
    }

    /// Whether all members saw one order; `None` when losses or doubles forbid the question.
    pub fn one_order(&self) -> Option<bool> {
        (self.lost() == 0 && self.doubled == 0).then(|| self.reordered == 0 && self.order.is_one())
    }

    fn hearers(&self) -> u32 {
        (self.shape.members - usize::from(!self.shape.echo)) as u32
    }

    fn slot(&self, speaker: usize, number: u32) -> usize {
        speaker * self.slots + (number as usize & (self.slots - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { members: 3, speakers: 1, in_flight: 2, echo: false };

    fn said(ledger: &mut Ledger, count: usize) -> Vec<Mark> {
        (0..count).map(|_| ledger.say(0, 10).expect("within the window")).collect()
    }

    #[test]
    fn a_message_is_open_until_its_last_hearer_has_it() {
        let mut ledger = Ledger::new(SHAPE);
        let marks = said(&mut ledger, 2);
        assert_eq!(ledger.say(0, 10), None);
        ledger.heard(1, marks[0], 20);
        assert_eq!((ledger.open, ledger.say(0, 10)), (2, None));
        ledger.heard(2, marks[0], 30);
        assert_eq!(ledger.open, 1);
        assert!(ledger.say(0, 10).is_some());
        assert_eq!((ledger.said(), ledger.delivered, ledger.lost()), (3, 2, 4));
    }

    #[test]
    fn a_late_message_is_reordered_and_not_lost() {
        let mut ledger = Ledger::new(SHAPE);
        let marks = said(&mut ledger, 2);
        for (who, at) in [(1, 1), (1, 0), (2, 0), (2, 1)] {
            ledger.heard(who, marks[at], 20);
        }
        assert_eq!((ledger.reordered, ledger.doubled, ledger.lost()), (1, 0, 0));
        assert_eq!(ledger.one_order(), Some(false));
    }

    #[test]
    fn a_second_copy_is_doubled_and_not_delivered() {
        let mut ledger = Ledger::new(SHAPE);
        let marks = said(&mut ledger, 1);
        for who in [1, 1, 2] {
            ledger.heard(who, marks[0], 20);
        }
        assert_eq!((ledger.doubled, ledger.delivered, ledger.open), (1, 2, 0));
        assert_eq!(ledger.one_order(), None);
    }

    #[test]
    fn ones_own_message_is_a_double_unless_echoed() {
        let mut silent = Ledger::new(SHAPE);
        let mark = said(&mut silent, 1)[0];
        silent.heard(0, mark, 20);
        assert_eq!((silent.doubled, silent.delivered), (1, 0));
        let mut echoing = Ledger::new(Shape { echo: true, ..SHAPE });
        let mark = said(&mut echoing, 1)[0];
        (0..3).for_each(|who| echoing.heard(who, mark, 20));
        assert_eq!((echoing.doubled, echoing.lost(), echoing.one_order()), (0, 0, Some(true)));
    }

    #[test]
    fn a_gap_that_stays_is_lost() {
        let mut ledger = Ledger::new(SHAPE);
        let marks = said(&mut ledger, 2);
        for (who, at) in [(1, 1), (2, 0), (2, 1)] {
            ledger.heard(who, marks[at], 20);
        }
        assert_eq!((ledger.lost(), ledger.reordered, ledger.open), (1, 0, 1));
        assert_eq!(ledger.one_order(), None);
    }
}
