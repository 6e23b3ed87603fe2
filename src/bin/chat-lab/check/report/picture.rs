//! The picture of a broken rule, as SVG: time goes down, and there is a line for the server and one for each client. Knows no rule.
//!
//! It is written by hand, so that a class needs no tool to make it and no network to see it. What a server sends may
//! be anything, so every text is escaped.

use std::fmt::Write;

use crate::check::report::text::{harmless, heard, wrapped};
use crate::check::report::xml::escaped;
use crate::check::script::{Deed, Note};
use crate::check::verdict::{Judged, Verdict};

/// Pixels between two lines.
const LANE: usize = 210;
/// Where the line of the server is.
const SERVER: usize = 110;
/// Pixels between two deeds.
const STEP: usize = 26;
/// Where the first deed is.
const TOP: usize = 118;
/// Letters beside an arrow; the whole text comes up under the mouse.
const LETTERS: usize = 23;
/// Letters of a line below the picture.
const LINE: usize = 100;
/// Of more deeds, the first ones and the last ones are drawn.
const FIRST: usize = 30;
const LAST: usize = 90;

const STYLE: &str = "\
svg{--paper:#fff;--ink:#1c1e21;--quiet:#6b7280;--line:#c5cad3;--good:#1f6feb;--bad:#c4271b;background:var(--paper)}\
@media(prefers-color-scheme:dark){svg{--paper:#16181c;--ink:#e6e8eb;--quiet:#9aa3af;--line:#4a515c;--good:#6ea8fe;--bad:#ff7b72}}\
.paper{fill:var(--paper)}text{font:13px ui-monospace,monospace;fill:var(--ink);white-space:pre}\
.title{font-weight:bold;font-size:16px}.quiet{fill:var(--quiet)}.bad{fill:var(--bad)}\
.label{paint-order:stroke;stroke:var(--paper);stroke-width:4px}\
.lane{stroke:var(--line);stroke-width:2}.deaf{stroke:var(--bad);stroke-width:6;stroke-dasharray:3 4}\
.arrow{stroke:var(--good);stroke-width:1.6;fill:none}.head{fill:var(--good)}.end{stroke:var(--bad);stroke-width:2.5;fill:none}";

/// The picture; nothing, if the rule is not broken.
pub fn draw(judged: &Judged, what: &str, seed: &str) -> Option<String> {
    let Verdict::Broken(evidence) = &judged.verdict else { return None };
    let notes = shown(&judged.notes);
    let mut roles: Vec<&str> = Vec::new();
    for note in notes.iter().flatten().filter(|note| !note.role.is_empty() && note.deed != Deed::Stop) {
        if !roles.contains(&note.role.as_str()) {
            roles.push(&note.role);
        }
    }
    let mut proof = vec![evidence.told.clone()];
    if let Some(heard_by) = &evidence.heard {
        proof.extend(heard(heard_by).into_iter().map(|(label, line)| format!("{label:<7}{line}")));
    }
    proof.extend(evidence.threads.iter().flat_map(|thread| wrapped(thread, LINE)));
    let bottom = TOP + notes.len() * STEP;
    let height = bottom + 40 + proof.len() * 20;
    let longest = proof.iter().chain([&what.to_owned()]).map(|line| line.chars().count()).max().unwrap_or(0);
    let width = (SERVER + (roles.len() + 1) * LANE - 60).max(longest * 8 + 60).max(640);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\"><title>{}</title><style>{STYLE}</style><rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        escaped(&format!("{}: {}", judged.rule, evidence.told)),
    );
    line_of_text(&mut out, 30, "title", judged.rule);
    line_of_text(&mut out, 52, "", what);
    line_of_text(
        &mut out,
        72,
        "quiet",
        &format!("broken, seed {seed}; time goes down, in ms; the mouse shows whole texts"),
    );
    lanes(&mut out, &notes, &roles, bottom);
    for (index, note) in notes.iter().enumerate() {
        let y = TOP + index * STEP;
        match note {
            Some(note) => deed(&mut out, note, y, &roles),
            None => line_of_text(&mut out, y + 4, "quiet", &format!("… {} more", judged.notes.len() - FIRST - LAST)),
        }
    }
    for (index, line) in proof.iter().enumerate() {
        line_of_text(&mut out, bottom + 30 + index * 20, if index == 0 { "bad" } else { "" }, line);
    }
    out.push_str("</svg>\n");
    Some(out)
}

/// The deeds to draw; a gap is nothing.
fn shown(notes: &[Note]) -> Vec<Option<&Note>> {
    if notes.len() <= FIRST + LAST {
        return notes.iter().map(Some).collect();
    }
    let last = &notes[notes.len() - LAST..];
    notes[..FIRST].iter().map(Some).chain([None]).chain(last.iter().map(Some)).collect()
}

fn line_of_text(out: &mut String, y: usize, class: &str, text: &str) {
    let _ = writeln!(out, "<text x=\"20\" y=\"{y}\" class=\"{class}\">{}</text>", escaped(&harmless(text)));
}

fn place(roles: &[&str], role: &str) -> usize {
    SERVER + roles.iter().position(|other| *other == role).map_or(0, |place| (place + 1) * LANE)
}

/// The vertical lines: a client's from its first deed to its end, and in another way while it does not read.
fn lanes(out: &mut String, notes: &[Option<&Note>], roles: &[&str], bottom: usize) {
    let line = |out: &mut String, class: &str, x: usize, from: usize, to: usize| {
        let _ = writeln!(out, "<line class=\"{class}\" x1=\"{x}\" y1=\"{from}\" x2=\"{x}\" y2=\"{to}\"/>");
    };
    let name = |out: &mut String, x: usize, name: &str| {
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>", TOP - 22, escaped(name));
    };
    line(out, "lane", SERVER, TOP - 14, bottom);
    name(out, SERVER, "server");
    for role in roles {
        let x = place(roles, role);
        let mut own = (0..).zip(notes).filter_map(|(index, note)| Some((TOP + index * STEP, (*note)?)));
        let own: Vec<(usize, &Note)> = own.by_ref().filter(|(_, note)| note.role == *role).collect();
        let is_end = |deed: &Deed| matches!(deed, Deed::Closes | Deed::Resets | Deed::IsClosed(_));
        let end = own.iter().find(|(_, note)| is_end(&note.deed)).map_or(bottom, |(y, _)| *y);
        line(out, "lane", x, own.first().map_or(TOP, |(y, _)| *y), end);
        name(out, x, role);
        let mut deaf = None;
        for (y, note) in &own {
            match (&note.deed, deaf) {
                (Deed::StopsReading, None) => deaf = Some(*y),
                (Deed::ReadsAgain, Some(from)) => {
                    line(out, "deaf", x, from, *y);
                    deaf = None;
                }
                _ => {}
            }
        }
        if let Some(from) = deaf.filter(|from| *from < end) {
            line(out, "deaf", x, from, end);
        }
    }
}

/// One deed: the time, an arrow or a mark, and what was said.
fn deed(out: &mut String, note: &Note, y: usize, roles: &[&str]) {
    let x = place(roles, &note.role);
    let time = note.at as f64 / 1000.0;
    let _ = writeln!(out, "<text class=\"quiet\" x=\"74\" y=\"{}\" text-anchor=\"end\">{time:.1}</text>", y + 4);
    let (text, way) = match &note.deed {
        Deed::Connects => ("connects".to_owned(), Way::There),
        Deed::Sends(bytes) => (bytes.to_string(), Way::There),
        Deed::Ends => ("ends sending".to_owned(), Way::There),
        Deed::Closes => ("closes".to_owned(), Way::There),
        Deed::Resets => ("reset".to_owned(), Way::There),
        Deed::Hears(bytes) => (bytes.to_string(), Way::Back),
        Deed::IsClosed(how) => (how.clone(), Way::Back),
        Deed::IsRead => (format!("has read it ({})", note.role), Way::AtServer),
        Deed::StopsReading => ("stops reading".to_owned(), Way::Here),
        Deed::ReadsAgain => ("reads again".to_owned(), Way::Here),
        Deed::Stop => ("is told to stop".to_owned(), Way::AtServer),
    };
    let (from, to) = match way {
        Way::There => (x - 4, SERVER + 4),
        Way::Back => (SERVER + 4, x - 4),
        Way::Here | Way::AtServer => (0, 0),
    };
    if from != to {
        let tip = if from < to {
            format!("{to},{y} {0},{1} {0},{2}", to - 9, y - 5, y + 5)
        } else {
            format!("{to},{y} {0},{1} {0},{2}", to + 9, y - 5, y + 5)
        };
        let _ = writeln!(
            out,
            "<path class=\"arrow\" d=\"M{from} {y}H{to}\"/><path class=\"head\" d=\"M{}Z\"/>",
            tip.replacen(' ', "L", 1)
        );
    }
    match note.deed {
        Deed::Resets => {
            let _ = writeln!(out, "<path class=\"end\" d=\"M{} {}l12 12m0 -12l-12 12\"/>", x - 6, y - 6);
        }
        Deed::Closes | Deed::IsClosed(_) => {
            let _ = writeln!(out, "<circle class=\"end\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>");
        }
        _ => {}
    }
    let (at, anchor) = match way {
        Way::There | Way::Back => (x - 14, "end"),
        Way::Here => (x + 12, "start"),
        Way::AtServer => (SERVER + 10, "start"),
    };
    let _ = writeln!(
        out,
        "<text class=\"label\" x=\"{at}\" y=\"{}\" text-anchor=\"{anchor}\">{}<title>{}</title></text>",
        y - 6,
        escaped(&short(&harmless(&text))),
        escaped(&harmless(&text)),
    );
}

enum Way {
    /// From the client to the server.
    There,
    /// From the server to the client.
    Back,
    /// At the client.
    Here,
    /// At the server.
    AtServer,
}

fn short(text: &str) -> String {
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    text.chars().take(LETTERS - 1).chain(['…']).collect()
}

/// The name of the file of a rule's picture.
pub fn file_name(rule: &str) -> String {
    format!("{}.svg", rule.replace('/', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::report::junit::tests::elements;
    use crate::check::report::sample;

    #[test]
    fn the_picture_is_well_formed_whatever_a_server_says_and_has_each_deed() {
        let judged = sample::all().remove(2);
        let svg = draw(&judged, "what one client says, the others hear", "7Q2F").unwrap();
        assert!(sample::is_harmless(&svg), "{svg}");
        let told = elements(&svg).unwrap();
        let of = |name: &str| told.iter().filter(|other| *other == name).count();
        assert_eq!((of("svg"), of("style"), of("circle")), (1, 1, 1), "boris is closed");
        assert_eq!(of("line"), 4, "the server, anna, boris, and boris while it is deaf");
        assert!(svg.contains("has read it (anna)") && svg.contains(">reset<") && !svg.contains("<script"));
        assert!(draw(&sample::all()[0], "", "").is_none(), "a kept rule has no picture");
    }

    #[test]
    fn a_flood_is_drawn_by_its_beginning_and_its_end() {
        let mut judged = sample::all().remove(2);
        judged.notes = (0..600).map(|at| Note { at, role: "anna".to_owned(), deed: Deed::IsRead }).collect();
        let svg = draw(&judged, "", "7Q2F").unwrap();
        assert!(svg.contains("… 480 more") && svg.matches("has read it").count() == 2 * (FIRST + LAST));
    }
}
