//! The sentences about the rules, from one table in TOML: promise, reason, hint and page, in three languages. Knows no verdict.

use std::collections::HashMap;

use clap::ValueEnum;
use serde::Deserialize;

/// The languages of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English, which has everything.
    #[default]
    En,
    /// Russian.
    Ru,
    /// Italian.
    It,
}

/// What is said of one rule.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The promise.
    pub what: String,
    /// Why servers break it.
    pub why: String,
    /// What to change.
    pub hint: String,
    /// The page of `--explain`; English only.
    #[serde(default)]
    pub explain: String,
    /// A broken server that shows it.
    pub example: Option<String>,
    /// The page in docs/lessons.
    #[serde(default)]
    pub lesson: String,
}

/// The table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    en: HashMap<String, Words>,
    ru: HashMap<String, Words>,
    it: HashMap<String, Words>,
}

impl Table {
    /// The one that comes with the program.
    pub fn load() -> Table {
        toml::from_str(include_str!("words.toml")).unwrap_or_else(|error| panic!("words.toml: {error}"))
    }

    /// What is said of a rule; what a language does not have is English.
    pub fn of(&self, rule: &str, language: Language) -> Words {
        let english = self.en.get(rule).cloned().unwrap_or_default();
        let other = match language {
            Language::En => None,
            Language::Ru => self.ru.get(rule),
            Language::It => self.it.get(rule),
        };
        match other {
            Some(other) => {
                Words { what: other.what.clone(), why: other.why.clone(), hint: other.hint.clone(), ..english }
            }
            None => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::check::rules;

    #[test]
    fn each_rule_has_its_words_in_each_language() {
        let table = Table::load();
        let rules: BTreeSet<&str> = rules::all().map(|rule| rule.name).collect();
        for (language, words) in [("en", &table.en), ("ru", &table.ru), ("it", &table.it)] {
            let told: BTreeSet<&str> = words.keys().map(String::as_str).collect();
            assert!(rules.is_subset(&told), "{language}: {:?}", rules.difference(&told));
        }
        for rule in rules {
            let words = table.of(rule, Language::En);
            assert!(!words.explain.is_empty() && !words.lesson.is_empty(), "{rule}");
        }
    }
}
