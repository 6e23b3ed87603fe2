//! Folds joins and leaves into one line. Knows no screen and no rooms but their names.
//!
//! The rule: a run begins with a join or a leave and grows, as one live line,
//! until anything else is printed, or it is about another room, or holds
//! [`MOST`] people; then its line stays as it is. A person who came and went
//! within a run, or went and came back, is named once.

use super::style::Brush;

/// People in one run; one more begins the next.
const MOST: usize = 40;

/// People named in a run for each thing that they did; the others are counted.
const NAMED: usize = 8;

/// What one person did within a run.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Did {
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

    pub fn came(&mut self, room: Option<&str>, nick: &str) {
        self.note(room, nick, Did::Came);
    }

    pub fn went(&mut self, room: Option<&str>, nick: &str, why: &str) {
        self.note(room, nick, Did::Went(why.to_owned()));
    }

    fn note(&mut self, room: Option<&str>, nick: &str, did: Did) {
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

    /// The run as one line; `elsewhere` says whether its room must be named.
    pub fn line(&self, brush: Brush, elsewhere: impl Fn(&str) -> bool) -> String {
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
                parts.push(format!("{} {done}", list(&names, brush)));
            }
        };
        part("joined", &|did| *did == Did::Came);
        for why in whys {
            part(&format!("left ({why})"), &|did| matches!(did, Did::Went(w) if w == why));
        }
        part("came and went", &|did| *did == Did::CameAndWent);
        part("went and came back", &|did| *did == Did::WentAndCame);
        let place = self.room.as_deref().filter(|room| elsewhere(room)).map(|room| format!(" {room}:"));
        format!("{}{} {}", brush.dim("*"), brush.dim(place.unwrap_or_default()), parts.join("; "))
    }
}

/// `a, b and c`; of many, some and how many others.
pub(super) fn list(names: &[&str], brush: Brush) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|nick| brush.nick(nick)).collect();
    let others = names.len() - shown.len();
    match (shown.as_slice(), others) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([most @ .., last], 0) => format!("{} and {last}", most.join(", ")),
        (some, n) => format!("{} and {n} others", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(run: &Run) -> String {
        run.line(Brush::new(false), |_| false)
    }

    #[test]
    fn a_run_of_joins_and_leaves_is_one_line() {
        let mut run = Run::default();
        for nick in ["anna", "boris", "vera"] {
            run.came(Some("#a"), nick);
        }
        run.went(None, "gleb", "quit");
        run.went(None, "dora", "quit");
        run.went(None, "egor", "connection lost");
        assert_eq!(line(&run), "* anna, boris and vera joined; gleb and dora left (quit); egor left (connection lost)");
    }

    #[test]
    fn who_came_and_went_is_named_once() {
        let mut run = Run::default();
        run.came(Some("#a"), "anna");
        run.went(None, "anna", "quit");
        run.went(None, "boris", "connection lost");
        run.came(Some("#a"), "boris");
        assert_eq!(line(&run), "* anna came and went; boris went and came back");
    }

    #[test]
    fn a_run_is_about_one_room_and_so_many_people() {
        let mut run = Run::default();
        for i in 0..MOST {
            assert!(run.takes(Some("#a"), "x"));
            run.came(Some("#a"), &format!("n{i}"));
        }
        assert!(!run.takes(Some("#a"), "x") && run.takes(Some("#a"), "n3") && !run.takes(Some("#b"), "n3"));
        assert_eq!(line(&run), "* n0, n1, n2, n3, n4, n5, n6, n7 and 32 others joined");
    }
}
