//! What `chat-lab check` tells without grading: the rules, one rule's page, and the profiles. Runs nothing.

use std::fmt::Write;

use crate::check::profile::Profile;
use crate::check::report::text::{points, wrapped};
use crate::check::rules::{self, STAGES};
use crate::check::words::{Language, Table};

/// Columns of a page.
const WIDTH: usize = 80;

/// The stages and their rules, with their promises, as this profile has them.
pub fn rules(profile: &Profile, words: &Table, language: Language) -> String {
    let mut out = format!("profile {}\n", profile.name);
    for (number, (stage, lesson, usual)) in (1..).zip(STAGES) {
        let worth = profile.points.get(stage).copied().unwrap_or(usual);
        let _ = writeln!(out, "\n{number} {stage}, {} points, docs/lessons/{lesson}.md", points(worth));
        for rule in rules::all().filter(|rule| rule.stage() == stage) {
            let what = match crate::check::judge::not_asked(profile, rule) {
                Some(why) => format!("not asked: {why}"),
                None => words.of(rule.name, language).what,
            };
            // A name and a promise that do not fit beside each other stand below each other.
            let lines = wrapped(&what, WIDTH - 26);
            let _ = writeln!(out, "  {:<23} {}", rule.name, lines[0]);
            lines[1..].iter().for_each(|line| {
                let _ = writeln!(out, "{:26}{line}", "");
            });
        }
    }
    out.push_str("\nmore: chat-lab check --explain RULE\n");
    out
}

/// The page of a rule; nothing, if there is none of this name.
pub fn page(rule: &str, words: &Table, language: Language) -> Option<String> {
    let rule = rules::all().find(|other| other.name == rule)?;
    let words = words.of(rule.name, language);
    let mut out = wrapped(&format!("{}: {}", rule.name, words.what), WIDTH).join("\n") + "\n";
    let mut part = |label: &str, text: &str| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        out.push('\n');
        for (index, line) in wrapped(&text, WIDTH - 6).into_iter().enumerate() {
            let _ = writeln!(out, "{:<6}{line}", if index == 0 { label } else { "" });
        }
    };
    part("why", &words.why);
    part("hint", &words.hint);
    let text = words.explain.split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = writeln!(out, "\n{}", wrapped(&text, WIDTH).join("\n"));
    out.push('\n');
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "{label:<11}{text}");
    };
    let needs = wrapped(&rule.after.join(", "), WIDTH - 11);
    for (index, needs) in needs.iter().filter(|needs| !needs.is_empty()).enumerate() {
        line(if index == 0 { "needs" } else { "" }, needs);
    }
    if let Some(example) = &words.example {
        line("see it", &format!("chat-lab serve {example} 7000"));
        line("", &format!("chat-lab check --rule {} --stop-by stop \\", rule.name));
        line("", &format!("    --command 'chat-lab serve {example} {{port}}'"));
    }
    line("lesson", &format!("docs/lessons/{}.md", words.lesson));
    Some(out)
}

/// All profiles, a line each.
pub fn profiles() -> String {
    let mut out = String::new();
    for profile in Profile::built_in() {
        let name = profile.alias.iter().fold(profile.name.clone(), |name, alias| format!("{name} ({alias})"));
        let lines = wrapped(&profile.about, WIDTH - 22);
        let _ = writeln!(out, "{name:<21} {}", lines[0]);
        lines[1..].iter().for_each(|line| {
            let _ = writeln!(out, "{:22}{line}", "");
        });
    }
    out.push_str("\none of your own: chat-lab check --show-profile plain > mine.toml\n");
    out
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn each_rule_has_a_page_of_80_columns_in_each_language() {
        let words = Table::load();
        for rule in rules::all() {
            for language in [Language::En, Language::Ru, Language::It] {
                let page = page(rule.name, &words, language).unwrap();
                let wide: Vec<&str> = page.lines().filter(|line| line.width() > WIDTH).collect();
                assert!(wide.is_empty(), "{}: {wide:#?}", rule.name);
                assert!(page.contains("docs/lessons/"), "{page}");
            }
        }
        assert!(page("start/nothing", &words, Language::En).is_none());
    }

    #[test]
    fn the_list_has_each_rule_and_says_which_are_not_asked() {
        let words = Table::load();
        let list = rules(&Profile::load("raw").unwrap(), &words, Language::En);
        assert!(rules::all().all(|rule| list.contains(rule.name)), "{list}");
        let author = list.lines().find(|line| line.contains("together/author")).unwrap();
        assert!(author.contains("not asked: the client writes the name"), "{author}");
        assert!(list.lines().all(|line| line.width() <= WIDTH), "{list}");
        assert!(profiles().lines().all(|line| line.width() <= WIDTH));
    }
}
