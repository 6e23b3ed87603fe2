//! Folds joins and leaves into one line. Knows no screen and no rooms but their names.
//!
//! The rule: a run begins with a join or a leave and grows, as one live line,
//! until anything else is printed, or it is about another room, or holds
//! [`MOST`] people; then its line stays as it is. A person who came and went
//! within a run, or went and came back, is named once.

use super::view::{View, list};
use crate::wording::Painter;

/// People in one run; one more begins the next.
const MOST: usize = 40;

/// What one person did within a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Did {
    Came,
    /// With the reason in words.
    Went(String),
    CameAndWent,
    WentAndCame,
}

/// A run of joins and leaves.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// None until something is known to be about one room.
    room: Option<String>,
    people: Vec<(String, Did)>,
}

impl Run {
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Whether a join or leave of `nick` in `room` belongs to this run; a quit is about no room.
    pub fn takes(&self, room: Option<&str>, nick: &str) -> bool {
        let same_room = self.room.is_none() || room.is_none() || self.room.as_deref() == room;
        same_room && (self.people.len() < MOST || self.people.iter().any(|(known, _)| known == nick))
    }

    /// Adds what one person did; a quit is about no room.
    pub fn add(&mut self, room: Option<&str>, nick: &str, did: Did) {
        if self.room.is_none() {
            self.room = room.map(str::to_owned);
        }
        match self.people.iter_mut().find(|(known, _)| known == nick) {
            Some((_, before)) => {
                *before = match (&before, did) {
                    (Did::Came | Did::CameAndWent, Did::Went(_)) => Did::CameAndWent,
                    (Did::Went(_) | Did::WentAndCame, Did::Came) => Did::WentAndCame,
                    (Did::CameAndWent, Did::Came) => Did::Came,
                    (_, did) => did,
                }
            }
            None => self.people.push((nick.to_owned(), did)),
        }
    }

    /// The run as one line. It names its room if `view` is of another one.
    pub fn line(&self, view: &View) -> String {
        let mut whys: Vec<&str> = Vec::new();
        for (_, did) in &self.people {
            if let Did::Went(why) = did
                && !whys.contains(&why.as_str())
            {
                whys.push(why);
            }
        }
        let mut parts: Vec<String> = Vec::new();
        let mut part = |done: &str, which: &dyn Fn(&Did) -> bool| {
            let names: Vec<&str> =
                self.people.iter().filter(|(_, did)| which(did)).map(|(nick, _)| nick.as_str()).collect();
            if !names.is_empty() {
                parts.push(format!("{} {done}", list(&names, view.brush)));
            }
        };
        part("joined", &|did| *did == Did::Came);
        for why in whys {
            part(&format!("left ({why})"), &|did| matches!(did, Did::Went(w) if w == why));
        }
        part("came and went", &|did| *did == Did::CameAndWent);
        part("went and came back", &|did| *did == Did::WentAndCame);
        let place = self.room.as_deref().filter(|room| view.is_elsewhere(room)).map(|room| format!(" {room}:"));
        let brush = view.brush;
        format!("{}{} {}", brush.dim("*"), brush.dim(place.unwrap_or_default()), parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ui::style::Brush;

    fn line(run: &Run) -> String {
        run.line(&View { brush: Brush::new(false), nick: "x".into(), room: Some("#a".into()) })
    }

    #[test]
    fn a_run_of_joins_and_leaves_is_one_line() {
        let mut run = Run::default();
        for nick in ["anna", "boris", "vera"] {
            run.add(Some("#a"), nick, Did::Came);
        }
        run.add(None, "gleb", Did::Went("quit".into()));
        run.add(None, "dora", Did::Went("quit".into()));
        run.add(None, "egor", Did::Went("connection lost".into()));
        assert_eq!(line(&run), "* anna, boris and vera joined; gleb and dora left (quit); egor left (connection lost)");
    }

    #[test]
    fn a_person_with_two_changes_is_named_once() {
        let mut run = Run::default();
        run.add(Some("#a"), "anna", Did::Came);
        run.add(None, "anna", Did::Went("quit".into()));
        run.add(None, "boris", Did::Went("connection lost".into()));
        run.add(Some("#a"), "boris", Did::Came);
        assert_eq!(line(&run), "* anna came and went; boris went and came back");
    }

    #[test]
    fn a_run_is_about_one_room_and_so_many_people() {
        let mut run = Run::default();
        for i in 0..MOST {
            assert!(run.takes(Some("#a"), "x"));
            run.add(Some("#a"), &format!("n{i}"), Did::Came);
        }
        assert!(!run.takes(Some("#a"), "x") && run.takes(Some("#a"), "n3") && !run.takes(Some("#b"), "n3"));
        assert_eq!(line(&run), "* n0, n1, n2, n3, n4, n5, n6, n7 and 32 others joined");
    }

    /// The page folds them in another language; `node --test` reads the same file.
    #[test]
    fn a_run_is_the_line_that_the_page_makes_of_it() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/page/vectors.json")).unwrap();
        for case in vectors["folds"].as_array().unwrap() {
            let mut run = Run::default();
            for step in case["steps"].as_array().unwrap() {
                let (nick, why) = (step[0].as_str().unwrap(), step[1].as_str());
                run.add(Some("#a"), nick, why.map_or(Did::Came, |why| Did::Went(why.to_owned())));
            }
            assert_eq!(line(&run), format!("* {}", case["line"].as_str().unwrap()));
        }
    }
}
