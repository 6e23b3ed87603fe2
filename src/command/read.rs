//! How the fields of commands are read and written by serde, cleaned and checked as those that people type. Knows no dialect.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::strings::{Read, from_string, read, refuse, wanting};
use super::{Bound, Change, Page, Place, RoomFilter, Secret, Wants, Within};
use crate::error::ChatError;
use crate::model::{Millis, Seq};
use crate::names::{Nick, RoomName};

from_string!(Nick: Nick::parse, RoomName: RoomName::parse);

/// As it came: what is cleaned would be another secret. What is none is not repeated.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        let secret = deserializer.deserialize_str(Read(|text: &str| Ok::<_, ChatError>(Secret(text.into()))));
        wanting(secret, "what came", "a string")
    }
}

/// A secret that a program must send with its command.
pub(super) fn needed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Secret::deserialize(deserializer).map(Some)
}

/// Text that must be there, but may be empty.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    read(deserializer, |text| Ok::<_, ChatError>(super::text(text)))
}

/// The words of a message, which may have line breaks.
pub(super) fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    read(deserializer, |text| Ok::<_, ChatError>(super::said(text)))
}

/// The same, not there if they are empty.
pub(super) fn some_said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<str>>, D::Error> {
    said(deserializer).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// Text that may be empty, and is set then.
pub(super) fn any_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<str>>, D::Error> {
    text(deserializer).map(Some)
}

/// Text that is not there if it is empty.
pub(super) fn some_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<str>>, D::Error> {
    text(deserializer).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// A name that nobody can have is nobody's.
pub(super) fn somebody<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Nick, D::Error> {
    read(deserializer, super::somebody)
}

pub(super) fn rooms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<RoomName>>, D::Error> {
    wanting(Vec::deserialize(deserializer), "", "a list of strings").map(Some)
}

pub(super) fn nicks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Nick>, D::Error> {
    wanting(Vec::deserialize(deserializer), "", "a list of strings")
}

/// A name or a mask.
pub(super) fn some_mask<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<str>>, D::Error> {
    read(deserializer, super::mask).map(Some)
}

/// Names of events.
impl<'de> Deserialize<'de> for Wants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Wants, D::Error> {
        let names: Vec<String> = wanting(Vec::deserialize(deserializer), "", "a list of strings")?;
        Ok(names.into_iter().collect())
    }
}

/// To ask for none would be to ask for nothing.
pub(super) fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    super::some_limit(usize::deserialize(deserializer).map(Some)?).map_err(refuse)
}

/// The key to be set in a room; the empty one opens the room.
fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<str>>, D::Error> {
    read(deserializer, |raw| if raw.is_empty() { Ok(Arc::from("")) } else { super::key(raw) }).map(Some)
}

/// Masks of names.
pub(super) fn masks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Arc<str>>, D::Error> {
    let masks = wanting(Vec::deserialize(deserializer), "", "a list of strings")?;
    RoomFilter::masks(masks).map_err(refuse)
}

/// What is wanted of a room stands beside the name after which the page begins.
pub(super) mod rooms_page {
    use super::*;

    #[derive(Default, Deserialize, Serialize)]
    #[serde(default)]
    struct Fields {
        past: Option<RoomName>,
        #[serde(deserialize_with = "masks")]
        only: Vec<Arc<str>>,
        #[serde(deserialize_with = "masks")]
        not: Vec<Arc<str>>,
        over: Option<usize>,
        under: Option<usize>,
        made_since: Option<Millis>,
        made_until: Option<Millis>,
        topic_since: Option<Millis>,
        topic_until: Option<Millis>,
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Option<RoomName>, RoomFilter), D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let Fields { past, only, not, over, under, made_since, made_until, topic_since, topic_until } = fields;
        Ok((past, RoomFilter { only, not, over, under, made_since, made_until, topic_since, topic_until }))
    }

    pub fn serialize<S: Serializer>(
        past: &Option<RoomName>,
        filter: &RoomFilter,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let RoomFilter { only, not, over, under, made_since, made_until, topic_since, topic_until } = filter.clone();
        let past = past.clone();
        Fields { past, only, not, over, under, made_since, made_until, topic_since, topic_until }.serialize(serializer)
    }
}

/// Times between which the last messages of places were said.
pub(super) mod chats {
    use super::*;

    #[derive(Default, Deserialize, Serialize)]
    #[serde(default)]
    struct Fields {
        past: Option<Place>,
        since: Option<Millis>,
        until: Option<Millis>,
        newest: bool,
        #[serde(deserialize_with = "limit")]
        limit: Option<usize>,
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<(Option<Place>, Option<Within>), D::Error> {
        let Fields { past, since, until, newest, limit } = Fields::deserialize(deserializer)?;
        if since.is_none() && until.is_none() && !newest && limit.is_none() {
            return Ok((past, None));
        }
        let low = since.map_or(Millis::MIN, |since| since.saturating_sub(1));
        let high = until.unwrap_or(Millis::MAX);
        let (from, to) = if newest { (high, low) } else { (low, high) };
        Ok((past, Some(Within { from, to, limit })))
    }

    pub fn serialize<S: Serializer>(
        past: &Option<Place>,
        within: &Option<Within>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut fields = Fields { past: past.clone(), ..Fields::default() };
        if let Some(Within { from, to, limit }) = *within {
            let (low, high) = (from.min(to), from.max(to));
            fields.newest = from > to;
            fields.since = Some(low).filter(|low| *low > Millis::MIN).map(|low| low.saturating_add(1));
            fields.until = Some(high).filter(|high| *high < Millis::MAX);
            fields.limit = limit;
        }
        fields.serialize(serializer)
    }
}

/// A page of the history is where it begins and where it ends, or what it is around.
pub(super) mod history {
    use super::*;

    #[derive(Default, Deserialize, Serialize)]
    #[serde(default)]
    struct Fields {
        #[serde(rename = "room")]
        place: Option<Place>,
        before: Option<Seq>,
        after: Option<Seq>,
        until: Option<Millis>,
        since: Option<Millis>,
        around: Option<Seq>,
        around_time: Option<Millis>,
        newest: bool,
        #[serde(deserialize_with = "limit")]
        limit: Option<usize>,
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<(Option<Place>, Page, Option<usize>), D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let seq_or = |seq: Option<Seq>, time: Option<Millis>| seq.map(Bound::Seq).or(time.map(Bound::Time));
        let around = seq_or(fields.around, fields.around_time);
        let low = seq_or(fields.after, fields.since.map(|time| time.saturating_sub(1)));
        let high = seq_or(fields.before, fields.until);
        let page = match (around, low, high, fields.newest) {
            (Some(middle), ..) => Page::Around(middle),
            (None, None, None, _) => Page::Last,
            (None, None, Some(high), _) => Page::Before(high),
            (None, Some(low), None, false) => Page::After(low),
            (None, Some(low), None, true) => Page::Latest(low),
            (None, Some(low), Some(high), false) => Page::Between(low, high),
            (None, Some(low), Some(high), true) => Page::Between(high, low),
        };
        Ok((fields.place, page, fields.limit))
    }

    pub fn serialize<S: Serializer>(
        place: &Option<Place>,
        page: &Page,
        limit: &Option<usize>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut fields = Fields { place: place.clone(), limit: *limit, ..Fields::default() };
        let low = |fields: &mut Fields, bound: Bound| match bound {
            Bound::Seq(seq) | Bound::Message(_, seq, _) => fields.after = Some(seq),
            Bound::Time(time) => fields.since = Some(time.saturating_add(1)),
        };
        let high = |fields: &mut Fields, bound: Bound| match bound {
            Bound::Seq(seq) | Bound::Message(_, seq, _) => fields.before = Some(seq),
            Bound::Time(time) => fields.until = Some(time),
        };
        match *page {
            Page::Last => {}
            Page::Before(bound) => high(&mut fields, bound),
            Page::After(bound) => low(&mut fields, bound),
            Page::Latest(bound) => {
                low(&mut fields, bound);
                fields.newest = true;
            }
            Page::Between(one, other) => {
                low(&mut fields, one);
                high(&mut fields, other);
            }
            Page::Around(Bound::Seq(seq) | Bound::Message(_, seq, _)) => fields.around = Some(seq),
            Page::Around(Bound::Time(time)) => fields.around_time = Some(time),
        }
        fields.serialize(serializer)
    }
}

/// What is to be changed in a room stands beside the room.
pub(super) mod settings {
    use super::*;

    #[derive(Deserialize, Serialize)]
    struct Fields {
        room: Option<RoomName>,
        invite_only: Option<bool>,
        #[serde(default, deserialize_with = "key")]
        key: Option<Arc<str>>,
        announcements: Option<bool>,
        topic_by_ops: Option<bool>,
        hidden: Option<bool>,
        outsiders: Option<bool>,
        limit: Option<usize>,
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Option<RoomName>, Change), D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let Fields { room, invite_only, key, announcements, topic_by_ops, hidden, outsiders, limit } = fields;
        Ok((room, Change { invite_only, key, announcements, topic_by_ops, hidden, outsiders, limit }))
    }

    pub fn serialize<S: Serializer>(
        room: &Option<RoomName>,
        change: &Change,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let (room, change) = (room.clone(), change.clone());
        let Change { invite_only, key, announcements, topic_by_ops, hidden, outsiders, limit } = change;
        let fields = Fields { room, invite_only, key, announcements, topic_by_ops, hidden, outsiders, limit };
        fields.serialize(serializer)
    }
}
