//! Earlier messages: `CHATHISTORY` asks for them, `REDACT` deletes one. Knows no answers.

use super::asked::Asked;
use super::rooms::reason;
use super::state::State;
use crate::command::{Bound, ChatCommand, Page, Place, Query, Within, somebody};
use crate::model::Millis;
use crate::names::RoomName;
use crate::wire::irc::{Line, msgid};

/// The most messages of one page.
pub(super) const PAGE: usize = 100;

/// What is wrong with a `CHATHISTORY`: the code of the refusal and its sentence.
type Fault = (&'static str, &'static str);

const MISSING: Fault = ("NEED_MORE_PARAMS", "CHATHISTORY takes a subcommand, a target, where to begin, and a limit");
const WRONG: Fault = (
    "INVALID_PARAMS",
    "A place in the history is timestamp=YYYY-MM-DDThh:mm:ss.sssZ or msgid=ID, and a limit is 1 or more",
);
const UNKNOWN: Fault = ("MESSAGE_ERROR", "There is no message with this id");
const NOWHERE: Fault = ("INVALID_TARGET", "There is no such room or person");

/// The subcommands about one target.
const PAGES: [&str; 5] = ["LATEST", "BEFORE", "AFTER", "AROUND", "BETWEEN"];

/// `CHATHISTORY subcommand target place [place] limit`
pub(super) fn chathistory(state: &mut State, line: &Line<'_>) {
    let Some(typed) = line.given(0) else { return refuse(state, &[], MISSING) };
    let word = typed.to_ascii_uppercase();
    if word == "TARGETS" {
        return targets(state, line);
    }
    let Some(command) = PAGES.into_iter().find(|command| *command == word) else {
        return refuse(state, &[typed], ("UNKNOWN_COMMAND", "CHATHISTORY has no such subcommand"));
    };
    let Some(target) = line.given(1) else { return refuse(state, &[command], MISSING) };
    let asked = page(command, line).and_then(|(page, limit)| Ok((place(target).ok_or(NOWHERE)?, page, limit)));
    match asked {
        Ok((place, page, limit)) => state.ask(
            Asked::History { command, target: target.into() },
            Query::History { place: Some(place), page, limit: Some(limit) },
        ),
        Err(fault) => refuse(state, &[command, target], fault),
    }
}

/// `CHATHISTORY TARGETS time time limit`
fn targets(state: &mut State, line: &Line<'_>) {
    let asked = || {
        let (Some(one), Some(other), Some(most)) = (line.given(1), line.given(2), line.given(3)) else {
            return Err(MISSING);
        };
        let time = |word: &str| word.strip_prefix("timestamp=").and_then(time).ok_or(WRONG);
        let (from, to, most) = (time(one)?, time(other)?, limit(most)?);
        let asked = Asked::Targets { from: from.min(to), until: from.max(to), limit: most };
        Ok((asked, Within { from, to, limit: Some(most) }))
    };
    match asked() {
        Ok((asked, within)) => state.ask(asked, Query::Chats { past: None, within: Some(within) }),
        Err(fault) => refuse(state, &["TARGETS"], fault),
    }
}

/// Which messages of its target a subcommand asks for, and how many.
fn page(command: &str, line: &Line<'_>) -> Result<(Page, usize), Fault> {
    let (Some(one), Some(next)) = (line.given(2), line.given(3)) else { return Err(MISSING) };
    let page = match command {
        "LATEST" if one == "*" => Page::Last,
        "LATEST" => Page::Latest(bound(one)?),
        "BEFORE" => Page::Before(bound(one)?),
        "AFTER" => Page::After(bound(one)?),
        "AROUND" => Page::Around(bound(one)?),
        _ => {
            let most = line.given(4).ok_or(MISSING)?;
            return Ok((Page::Between(bound(one)?, bound(next)?), limit(most)?));
        }
    };
    Ok((page, limit(next)?))
}

fn bound(word: &str) -> Result<Bound, Fault> {
    if let Some(id) = word.strip_prefix("msgid=") {
        let (place, seq, time) = msgid::parse(id).ok_or(UNKNOWN)?;
        return Ok(Bound::Message(place, seq, time));
    }
    word.strip_prefix("timestamp=").and_then(time).map(Bound::Time).ok_or(WRONG)
}

fn time(word: &str) -> Option<Millis> {
    word.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

fn limit(word: &str) -> Result<usize, Fault> {
    word.parse().ok().filter(|limit| *limit > 0).map(|limit: usize| limit.min(PAGE)).ok_or(WRONG)
}

fn place(target: &str) -> Option<Place> {
    match target.starts_with('#') {
        true => RoomName::parse(target).ok().map(Place::Room),
        false => somebody(target).ok().map(Place::With),
    }
}

fn refuse(state: &mut State, context: &[&str], (code, sentence): Fault) {
    let words: Vec<&str> = ["CHATHISTORY", code].iter().chain(context).chain([&sentence]).copied().collect();
    state.reply("FAIL", &words);
}

/// `REDACT target msgid [:why]`
pub(super) fn redact(state: &mut State, line: &Line<'_>) {
    let (Some(target), Some(id)) = (line.given(0), line.given(1)) else { return state.missing("REDACT") };
    let Some(place) = place(target) else {
        return state.reply("FAIL", &["REDACT", "INVALID_TARGET", target, NOWHERE.1]);
    };
    // An id that is none is that of no message: whether the target is known is told first.
    let (_, seq, time) = msgid::parse(id).unwrap_or_default();
    let text = reason(state, line.given(2));
    let command = ChatCommand::Delete { place: Some(place), seq: Some(seq), said: Some(time), text };
    state.ask(Asked::Redact { target: target.into(), msgid: id.into() }, command);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_history_is_a_time_or_an_id() {
        assert_eq!(bound("timestamp=2026-11-26T10:00:00.500Z"), Ok(Bound::Time(1_795_687_200_500)));
        let id = msgid::of(crate::model::PlaceId(7), 33, 5);
        assert_eq!(bound(&["msgid=", &id].concat()), Ok(Bound::Message(crate::model::PlaceId(7), 33, 5)));
        assert_eq!(bound("msgid=7"), Err(UNKNOWN));
        for wrong in ["*", "timestamp=yesterday", "2026-11-26T10:00:00.500Z", "timestamp=2026-11-26"] {
            assert_eq!(bound(wrong), Err(WRONG), "{wrong}");
        }
        assert_eq!((limit("5"), limit("500"), limit("0"), limit("-1")), (Ok(5), Ok(PAGE), Err(WRONG), Err(WRONG)));
    }
}
