//! The line being typed, the lines typed before, and words offered by Tab. Knows no keys and no screen.

use std::collections::VecDeque;

use unicode_segmentation::UnicodeSegmentation;

/// How many lines the arrow keys find again; the oldest is forgotten first.
const REMEMBERED: usize = 500;

/// The longest draft, in bytes. More than that cannot be typed.
pub(super) const LONGEST: usize = 1 << 20;

/// A way of the cursor through the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Left,
    Right,
    WordLeft,
    WordRight,
    Start,
    End,
}

/// The text that is typed, with its cursor.
#[derive(Debug, Default)]
pub(super) struct Draft {
    text: String,
    at: usize,
    erased: String,
}

impl Draft {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of the cursor, in bytes.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn take(&mut self) -> String {
        self.at = 0;
        std::mem::take(&mut self.text)
    }

    pub fn set(&mut self, text: String) {
        self.at = text.len();
        self.text = text;
    }

    pub fn insert(&mut self, letter: char) {
        if self.text.len() + letter.len_utf8() <= LONGEST {
            self.text.insert(self.at, letter);
            self.at += letter.len_utf8();
        }
    }

    /// Replaces the text between `start` and the cursor by `word`.
    pub fn replace(&mut self, start: usize, word: &str) {
        self.text.replace_range(start..self.at, word);
        self.at = start + word.len();
    }

    /// Removes the text up to where `step` leads. `put_back` brings it again, unless it is one letter.
    pub fn erase(&mut self, step: Step) {
        let to = self.target(step);
        let erased: String = self.text.drain(self.at.min(to)..self.at.max(to)).collect();
        self.at = self.at.min(to);
        if !matches!(step, Step::Left | Step::Right) && !erased.is_empty() {
            self.erased = erased;
        }
    }

    pub fn put_back(&mut self) {
        if self.text.len() + self.erased.len() <= LONGEST {
            self.text.insert_str(self.at, &self.erased);
            self.at += self.erased.len();
        }
    }

    /// Changes the letters on both sides of the cursor.
    pub fn swap(&mut self) {
        if self.at == self.text.len() {
            self.go(Step::Left);
        }
        let (from, to) = (self.target(Step::Left), self.target(Step::Right));
        let pair = format!("{}{}", &self.text[self.at..to], &self.text[from..self.at]);
        self.text.replace_range(from..to, &pair);
        self.at = to;
    }

    pub fn go(&mut self, step: Step) {
        self.at = self.target(step);
    }

    /// Where `step` leads from the cursor.
    fn target(&self, step: Step) -> usize {
        let (before, after) = self.text.split_at(self.at);
        match step {
            Step::Left => self.at - before.graphemes(true).next_back().map_or(0, str::len),
            Step::Right => self.at + after.graphemes(true).next().map_or(0, str::len),
            Step::WordLeft => {
                let mut letters = before.trim_end().char_indices().rev();
                letters.find(|(_, letter)| letter.is_whitespace()).map_or(0, |(at, letter)| at + letter.len_utf8())
            }
            Step::WordRight => {
                let word = after.trim_start();
                self.text.len() - word.find(char::is_whitespace).map_or(0, |end| word.len() - end)
            }
            Step::Start => 0,
            Step::End => self.text.len(),
        }
    }
}

/// The lines typed before, and which of them is shown.
#[derive(Debug, Default)]
pub(super) struct Own {
    lines: VecDeque<String>,
    shown: Option<usize>,
    /// The draft, as it was before an older line was shown.
    typed: String,
    /// The words that are searched for.
    words: Option<String>,
}

impl Own {
    pub fn remember(&mut self, line: &str) {
        if self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() == REMEMBERED {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }

    /// No older line is shown any more: the text is a draft now.
    pub fn rest(&mut self) {
        self.shown = None;
        self.words = None;
    }

    /// The line before the one shown. `typed` is the present text.
    pub fn older(&mut self, typed: &str) -> Option<String> {
        self.words = None;
        let at = self.begin(typed).checked_sub(1)?;
        self.show(at)
    }

    /// The line after the one shown; after the last one, the draft.
    pub fn newer(&mut self) -> Option<String> {
        self.words = None;
        let at = self.shown? + 1;
        self.show(at).or_else(|| self.back())
    }

    /// The next older line with the words that were typed, or newer.
    pub fn find(&mut self, typed: &str, newer: bool) -> Option<String> {
        let at = self.begin(typed);
        let words = self.words.get_or_insert_with(|| typed.to_lowercase()).clone();
        let fits = |at: &usize| self.lines[*at].to_lowercase().contains(&words);
        let found = if newer { (at + 1..self.lines.len()).find(fits) } else { (0..at).rev().find(fits) };
        found.and_then(|at| self.show(at))
    }

    /// The draft, as it was before an older line was shown.
    pub fn back(&mut self) -> Option<String> {
        self.words = None;
        self.shown.take().map(|_| std::mem::take(&mut self.typed))
    }

    fn begin(&mut self, typed: &str) -> usize {
        if self.shown.is_none() {
            typed.clone_into(&mut self.typed);
        }
        *self.shown.get_or_insert(self.lines.len())
    }

    fn show(&mut self, at: usize) -> Option<String> {
        let line = self.lines.get(at)?.clone();
        self.shown = Some(at);
        Some(line)
    }
}

/// Words that Tab offers for the text before the cursor, one after another.
#[derive(Debug, Default)]
pub(super) struct Offer(Option<Cycle>);

#[derive(Debug)]
struct Cycle {
    start: usize,
    words: Vec<String>,
    /// The first is the typed text itself.
    shown: usize,
}

impl Offer {
    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }

    pub fn rest(&mut self) {
        self.0 = None;
    }

    /// Offers `fitting` words in place of the text from `start` in `draft`, and puts the first there.
    pub fn begin(&mut self, draft: &mut Draft, start: usize, fitting: Vec<String>) {
        if let [one] = &*fitting {
            draft.replace(start, one);
            return;
        }
        if fitting.is_empty() || start > draft.at() {
            return;
        }
        let typed = draft.text()[start..draft.at()].to_owned();
        let words = std::iter::once(typed).chain(fitting).collect();
        self.0 = Some(Cycle { start, words, shown: 0 });
        self.next(draft, false);
    }

    /// Puts the next word there, or the one before. After the last comes the first.
    pub fn next(&mut self, draft: &mut Draft, back: bool) {
        if let Some(cycle) = &mut self.0 {
            let count = cycle.words.len() - 1;
            // The typed text is left out: `cancel` puts it back.
            cycle.shown = match (cycle.shown, back) {
                (0, false) => 1,
                (0 | 1, true) => count,
                (shown, true) => shown - 1,
                (shown, false) => shown % count + 1,
            };
            draft.replace(cycle.start, &cycle.words[cycle.shown]);
        }
    }

    /// Puts back the typed text. Returns whether a word was offered.
    pub fn cancel(&mut self, draft: &mut Draft) -> bool {
        let cycle = self.0.take();
        if let Some(cycle) = &cycle {
            draft.replace(cycle.start, &cycle.words[0]);
        }
        cycle.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str) -> Draft {
        let mut draft = Draft::default();
        text.chars().for_each(|letter| draft.insert(letter));
        draft
    }

    #[test]
    fn a_draft_is_edited_by_what_people_take_for_letters_and_words() {
        let mut typed = draft("привет 👨‍👩‍👧 мир");
        typed.erase(Step::WordLeft);
        assert_eq!(typed.text(), "привет 👨‍👩‍👧 ");
        typed.go(Step::Left);
        typed.erase(Step::Left);
        assert_eq!(typed.text(), "привет  ");
        typed.go(Step::WordLeft);
        assert_eq!(typed.at(), 0);
        typed.put_back();
        assert_eq!(typed.text(), "мирпривет  ");
        typed.go(Step::WordRight);
        typed.erase(Step::End);
        assert_eq!((typed.text(), typed.at()), ("мирпривет", "мирпривет".len()));
        typed.swap();
        assert_eq!(typed.text(), "мирпривте");
        typed.go(Step::Start);
        typed.erase(Step::Right);
        typed.erase(Step::WordRight);
        assert_eq!(typed.take(), "");
    }

    #[test]
    fn an_empty_draft_takes_every_key() {
        let mut empty = Draft::default();
        for step in [Step::Left, Step::Right, Step::WordLeft, Step::WordRight, Step::Start, Step::End] {
            empty.erase(step);
            empty.go(step);
        }
        empty.put_back();
        empty.swap();
        assert_eq!((empty.text(), empty.at()), ("", 0));
        let mut one = draft("x");
        one.swap();
        assert_eq!(one.text(), "x");
    }

    #[test]
    fn a_draft_has_a_longest() {
        let mut full = Draft::default();
        full.set("x".repeat(LONGEST - 1));
        full.insert('y');
        full.insert('z');
        assert_eq!(full.text().len(), LONGEST);
        assert!(full.text().ends_with('y'));
    }

    #[test]
    fn own_lines_are_found_and_the_draft_comes_back() {
        let mut own = Own::default();
        ["one apple", "two", "two", "three apples"].iter().for_each(|line| own.remember(line));
        assert_eq!(own.older("draft").as_deref(), Some("three apples"));
        assert_eq!(own.older("three apples").as_deref(), Some("two"));
        assert_eq!(own.older("two").as_deref(), Some("one apple"));
        assert_eq!(own.older("one apple"), None);
        assert_eq!(own.newer().as_deref(), Some("two"));
        assert_eq!((own.newer().is_some(), own.newer().as_deref(), own.newer()), (true, Some("draft"), None));
        assert_eq!(own.find("APPLE", false).as_deref(), Some("three apples"));
        assert_eq!(own.find("three apples", false).as_deref(), Some("one apple"));
        assert_eq!(own.find("one apple", false), None);
        assert_eq!(own.find("one apple", true).as_deref(), Some("three apples"));
        assert_eq!(own.back().as_deref(), Some("APPLE"));
        (0..REMEMBERED).for_each(|i| own.remember(&i.to_string()));
        assert_eq!((own.lines.len(), own.find("apple", false)), (REMEMBERED, None));
    }

    #[test]
    fn offered_words_come_one_after_another_and_go_back() {
        let mut typed = draft("x an");
        let mut offer = Offer::default();
        offer.begin(&mut typed, 2, vec!["anna ".into(), "andrej ".into()]);
        assert_eq!(typed.text(), "x anna ");
        offer.next(&mut typed, false);
        assert_eq!(typed.text(), "x andrej ");
        offer.next(&mut typed, false);
        offer.next(&mut typed, true);
        assert_eq!(typed.text(), "x andrej ");
        assert!(offer.cancel(&mut typed) && !offer.cancel(&mut typed));
        assert_eq!(typed.text(), "x an");
        offer.begin(&mut typed, 2, vec!["anna ".into()]);
        assert_eq!((typed.text(), offer.is_open()), ("x anna ", false));
    }
}
