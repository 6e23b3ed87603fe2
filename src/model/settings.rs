//! What can be set in a room, and which of it has changed. Knows no room.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an op can set in a room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Only invited people come in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invite_only: bool,
    /// The word that a person must know to come in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// Only ops speak, and members that have a voice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub announcements: bool,
    /// Only ops set the topic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub topic_by_ops: bool,
    /// No list shows the room to people who are not in it. They may come in if they know its name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// People who are not in the room may write there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outsiders: bool,
    /// How many members the room may have before it is full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl Settings {
    /// Whether not every person may come in, and so not every person may read it.
    pub fn is_private(&self) -> bool {
        self.invite_only || self.key.is_some()
    }

    /// Whether every person may know that there is such a room.
    pub fn is_public(&self) -> bool {
        !self.hidden && !self.is_private()
    }

    /// What is not as it was in `before`.
    pub fn changed_since(&self, before: &Settings) -> Changed {
        let differs = |setting: &Setting| match setting {
            Setting::InviteOnly => self.invite_only != before.invite_only,
            Setting::Key => self.key != before.key,
            Setting::Announcements => self.announcements != before.announcements,
            Setting::TopicByOps => self.topic_by_ops != before.topic_by_ops,
            Setting::Hidden => self.hidden != before.hidden,
            Setting::Outsiders => self.outsiders != before.outsiders,
            Setting::Limit => self.limit != before.limit,
            Setting::Registered => false,
        };
        Setting::ALL.into_iter().filter(differs).collect()
    }
}

/// The name of one thing that is set in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is described in Settings
pub enum Setting {
    InviteOnly,
    Key,
    Announcements,
    TopicByOps,
    Hidden,
    Outsiders,
    Limit,
    /// Whether an account has registered the room: no op sets this.
    Registered,
}

impl Setting {
    /// All of them, in the order in which sentences have them.
    pub const ALL: [Setting; 8] = [
        Setting::InviteOnly,
        Setting::Key,
        Setting::Limit,
        Setting::Announcements,
        Setting::TopicByOps,
        Setting::Outsiders,
        Setting::Hidden,
        Setting::Registered,
    ];

    /// The name of the JSON field that tells it.
    pub fn field(self) -> &'static str {
        match self {
            Setting::InviteOnly => "invite_only",
            Setting::Key => "key",
            Setting::Announcements => "announcements",
            Setting::TopicByOps => "topic_by_ops",
            Setting::Hidden => "hidden",
            Setting::Outsiders => "outsiders",
            Setting::Limit => "limit",
            Setting::Registered => "registered",
        }
    }
}

/// A set of settings: those that a change was about. In JSON it is a list of the names of fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed(u8);

impl Changed {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Whether `setting` is among them.
    pub fn has(self, setting: Setting) -> bool {
        self.0 & (1 << setting as u8) != 0
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = Setting> {
        Setting::ALL.into_iter().filter(move |setting| self.has(*setting))
    }
}

impl FromIterator<Setting> for Changed {
    fn from_iter<I: IntoIterator<Item = Setting>>(settings: I) -> Changed {
        Changed(settings.into_iter().fold(0, |bits, setting| bits | 1 << setting as u8))
    }
}

impl Serialize for Changed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Setting::field))
    }
}

/// A name that is not known is of a later version, and says nothing here.
impl<'de> Deserialize<'de> for Changed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Changed, D::Error> {
        let names: Vec<String> = Vec::deserialize(deserializer)?;
        let is_named = |setting: &Setting| names.iter().any(|name| name == setting.field());
        Ok(Setting::ALL.into_iter().filter(is_named).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_a_bit_of_its_own_and_is_told_by_the_name_of_its_field() {
        let all: Changed = Setting::ALL.into_iter().collect();
        assert_eq!(all.iter().count(), Setting::ALL.len());
        let set = Settings {
            invite_only: true,
            key: Some("a".into()),
            announcements: true,
            topic_by_ops: true,
            hidden: true,
            outsiders: true,
            limit: Some(2),
        };
        let changed = set.changed_since(&Settings::default());
        assert!(Setting::ALL.into_iter().all(|setting| changed.has(setting) == (setting != Setting::Registered)));
        let json = serde_json::to_value(&set).unwrap();
        assert!(changed.iter().all(|setting| json.get(setting.field()).is_some()));
        let mut names = serde_json::to_value(changed).unwrap();
        names.as_array_mut().unwrap().push("colour".into());
        assert_eq!(serde_json::from_value::<Changed>(names).unwrap(), changed);
    }
}
