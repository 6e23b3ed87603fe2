//! The two servers of a demo: the broken one and the fixed one, how each is started, and what the rule says of it. Knows no client.

use anyhow::{Context, Result, anyhow, bail};

use super::script::Script;
use crate::check::judge::{self, Exam, Server as Subject};
use crate::check::profile::{Of, Profile};
use crate::check::program::{Plan, command};
use crate::check::rules;
use crate::check::verdict::{Judged, Verdict};
use crate::serve::Server;

/// This program, even if its file was replaced.
const OURSELVES: &str = "/proc/self/exe";
/// What the servers in Python need.
const PYTHON: &str = "python3";

/// The servers in Python, by their files.
const FILES: [(&str, &str); 2] = [
    ("threads.py", include_str!("../../../../examples/python/threads.py")),
    ("epoll.py", include_str!("../../../../examples/python/epoll.py")),
];

/// One of the two.
#[derive(Clone, Debug)]
pub struct Side {
    /// Whether it is the fixed one.
    pub is_fixed: bool,
    /// Its name for the person.
    pub name: String,
    /// Its text.
    pub source: String,
    /// How it is started.
    pub words: Vec<String>,
}

impl Side {
    /// The broken one and the fixed one.
    ///
    /// # Errors
    /// A sentence, if something is missing.
    pub fn both(script: &Script) -> Result<[Side; 2]> {
        if let Some(why) = missing(script) {
            bail!("{why}");
        }
        if let Some((_, source)) = FILES.iter().find(|(file, _)| *file == script.broken) {
            let side = |is_fixed, name: String, source: String| {
                // The text of the program is an argument, so no file is needed.
                let words = [PYTHON, "-c", &source, "{port}"].map(str::to_owned).to_vec();
                Side { is_fixed, name, source, words }
            };
            let mut fixed = (*source).to_owned();
            for fix in &script.fix {
                if fixed.matches(&fix.was).count() != 1 {
                    bail!("{} has this not exactly once: {}", script.broken, fix.was);
                }
                fixed = fixed.replace(&fix.was, &fix.is);
            }
            let count = script.fix.len();
            let name = format!("{} with {count} line{} changed", script.broken, if count == 1 { "" } else { "s" });
            return Ok([side(false, script.broken.clone(), (*source).to_owned()), side(true, name, fixed)]);
        }
        let broken = Server::named(&script.broken).with_context(|| format!("no server {}", script.broken))?;
        let fixed = broken.made_of().with_context(|| format!("{} is made of no stair", broken.name))?;
        let side = |is_fixed, server: Server| {
            let words = [OURSELVES, "serve", server.name, "{port}"].map(str::to_owned).to_vec();
            Side { is_fixed, name: server.name.to_owned(), source: server.source.to_owned(), words }
        };
        Ok([side(false, broken), side(true, fixed)])
    }

    /// `broken` or `fixed`.
    pub fn word(&self) -> &'static str {
        if self.is_fixed { "fixed" } else { "broken" }
    }

    /// How it is started and stopped.
    pub fn plan(&self) -> Plan {
        let stop_by = if self.words[0] == PYTHON { "SIGTERM" } else { "stop" };
        Plan { words: self.words.clone(), port: None, stop_by: stop_by.to_owned(), patience: 1.0 }
    }

    /// Runs the rule of the demo on it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn judge(&self, script: &Script, seed: &str) -> Result<Judged> {
        let mut profile = Profile::load(&script.profile).map_err(|why| anyhow!(why))?;
        if script.lines {
            profile.end.of = Of::Line;
        }
        let rule =
            rules::all().find(|rule| rule.name == script.rule).with_context(|| format!("no rule {}", script.rule))?;
        let server = Subject::Program { plan: self.plan(), keep: false };
        let exam = Exam { profile, server, patience: 1.0, seed: seed.to_owned(), times: 1 };
        let judged = judge::judge(&exam, &[rule], |_| {})?;
        judged.into_iter().next().context("one rule has one verdict")
    }

    /// Whether the verdict is the one that the demo is about.
    pub fn is_as_said(&self, judged: &Judged) -> bool {
        match judged.verdict {
            Verdict::Broken(_) => !self.is_fixed,
            Verdict::Kept => self.is_fixed,
            _ => false,
        }
    }
}

/// Why a demo cannot be played here; nothing, if it can.
pub fn missing(script: &Script) -> Option<String> {
    let needs_python = script.broken.ends_with(".py") && command::trouble(PYTHON).is_some();
    needs_python.then(|| format!("{} needs python3, which is not installed here", script.name))
}

/// What a verdict is in words.
pub fn verdict(judged: &Judged) -> (&'static str, String) {
    match &judged.verdict {
        Verdict::Kept => ("kept", String::new()),
        // What a report shows below the sentence is not shown here.
        Verdict::Broken(evidence) => ("BROKEN", evidence.told.trim_end_matches(':').to_owned()),
        Verdict::NotRun(why) => ("not run", why.clone()),
        Verdict::NotAsked(why) => ("not asked", why.clone()),
        Verdict::Unsure(why) => ("unsure", why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demo_has_two_servers_that_differ() {
        for script in Script::all() {
            if missing(&script).is_none() {
                let [broken, fixed] = Side::both(&script).unwrap();
                assert_ne!(broken.source, fixed.source, "{}", script.name);
                let rows = super::super::diff::diff(&broken.source, &fixed.source);
                assert!(rows.len() <= 50, "{}: {}", script.name, rows.len());
            }
        }
    }
}
