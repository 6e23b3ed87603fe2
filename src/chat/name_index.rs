//! An index of names: by the key of a name, and by its look, because no two names may look the same. Does not know what is named.

use std::collections::HashMap;
use std::sync::Arc;

use crate::names::{Nick, RoomName};

/// A name, as an index sees it.
pub(super) trait Name {
    /// Equal names have equal keys.
    fn key(&self) -> &str;
    /// Names that look alike have the same look.
    fn look(&self) -> &str;
}

impl Name for Nick {
    fn key(&self) -> &str {
        Nick::key(self)
    }

    fn look(&self) -> &str {
        self.skeleton()
    }
}

impl Name for RoomName {
    fn key(&self) -> &str {
        RoomName::key(self)
    }

    fn look(&self) -> &str {
        self.skeleton()
    }
}

/// The index. Both maps change together, here and nowhere else.
#[derive(Debug)]
pub(super) struct NameIndex<Id> {
    keys: HashMap<Arc<str>, Id>,
    looks: HashMap<Arc<str>, Id>,
}

impl<Id> Default for NameIndex<Id> {
    fn default() -> NameIndex<Id> {
        NameIndex { keys: HashMap::new(), looks: HashMap::new() }
    }
}

impl<Id: Copy> NameIndex<Id> {
    /// The name belongs to `id` from now on.
    pub fn claim(&mut self, name: &impl Name, id: Id) {
        self.keys.insert(Arc::from(name.key()), id);
        self.looks.insert(Arc::from(name.look()), id);
    }

    /// The name is free from now on.
    pub fn free(&mut self, name: &impl Name) {
        self.keys.remove(name.key());
        self.looks.remove(name.look());
    }

    /// `id` has the name `new` instead of `old`.
    pub fn rename(&mut self, old: &impl Name, new: &impl Name, id: Id) {
        self.free(old);
        self.claim(new, id);
    }

    /// The owner of exactly this name.
    pub fn named(&self, name: &impl Name) -> Option<Id> {
        self.keys.get(name.key()).copied()
    }

    /// The owner of a name that looks like this one.
    pub fn like(&self, name: &impl Name) -> Option<Id> {
        self.looks.get(name.look()).copied()
    }

    /// The owner of this name, or of one that looks like it.
    pub fn owner(&self, name: &impl Name) -> Option<Id> {
        self.named(name).or_else(|| self.like(name))
    }

    /// How many names have an owner; panics if the two maps disagree: for tests.
    #[cfg(test)]
    pub fn check(&self) -> usize {
        assert_eq!(self.keys.len(), self.looks.len());
        self.keys.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_key_and_by_its_look_until_it_is_free() {
        let nick = |name: &str| Nick::parse(name).unwrap();
        let (latin, cyrillic) = (nick("cac"), nick("сас"));
        let mut names = NameIndex::default();
        names.claim(&latin, 1);
        assert_eq!((names.named(&nick("CAC")), names.named(&cyrillic)), (Some(1), None));
        assert_eq!((names.like(&cyrillic), names.owner(&cyrillic)), (Some(1), Some(1)));
        names.rename(&latin, &cyrillic, 1);
        assert_eq!((names.named(&latin), names.named(&cyrillic), names.check()), (None, Some(1), 1));
        names.free(&cyrillic);
        assert_eq!((names.owner(&latin), names.check()), (None, 0));
    }
}
