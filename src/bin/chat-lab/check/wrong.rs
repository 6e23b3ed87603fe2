//! What is said of a client that heard something wrong, or nothing: the faults of a rule. Knows no socket.

use crate::check::book::Book;
use crate::check::client::Client;
use crate::check::link::Ended;
use crate::check::pattern::Expected;
use crate::check::script::{Bytes, Deed};
use crate::check::verdict::{Fault, Heard, seconds};

impl Client {
    /// Something else came.
    pub fn wrong(&self, told: String, came: &[u8], expected: &Expected) -> Fault {
        let heard = Heard {
            role: self.role.clone(),
            came: Some(Bytes::proof(came)),
            should: Some(expected.shown()),
            at: expected.first_wrong(came),
        };
        Fault::broken(told).heard(heard)
    }

    /// Something came that nobody should hear.
    pub fn unasked(&self, told: &str, came: &[u8]) -> Fault {
        Fault::broken(told).heard(Heard {
            role: self.role.clone(),
            came: Some(Bytes::proof(came)),
            should: None,
            at: 0,
        })
    }

    /// Something did not come, though what was said later did.
    pub fn missed(&self, expected: &Expected) -> Fault {
        let heard = Heard { role: self.role.clone(), came: None, should: Some(expected.shown()), at: 0 };
        Fault::broken(format!("{} never hears it, and hears what was said later", self.role)).heard(heard)
    }

    /// Nothing came in time, or not all of it.
    pub fn nothing(&self, expected: &Expected) -> Fault {
        let came = self.unheard();
        // In a stream without ends each byte may be right, and what is missing comes after the last one.
        let is_seen = self.profile.end.is_seen();
        let at =
            came.as_ref().map_or(0, |came| if is_seen { expected.first_wrong(&came.shown) } else { came.shown.len() });
        let heard = Heard { role: self.role.clone(), came, should: Some(expected.shown()), at };
        Fault::late(format!("{} does not hear it within {}", self.role, seconds(self.patience))).heard(heard)
    }

    /// The connection ended.
    pub fn closed(&self, ended: &Ended, expected: Option<&Expected>) -> Fault {
        self.script.add(&self.role, Deed::IsClosed(ended.to_string()));
        let fault = Fault::broken(format!("{}: {ended}", self.role));
        let Some(expected) = expected else { return fault };
        let (role, came) = (self.role.clone(), self.unheard());
        fault.heard(Heard { role, came, should: Some(expected.shown()), at: 0 })
    }

    /// More came than any rule lets come, and not what was waited for.
    pub fn flooded(&self, book: &Book, expected: &Expected) -> Fault {
        let heard = Heard {
            role: self.role.clone(),
            came: book.messages().last().map(|last| Bytes::proof(last)),
            should: Some(expected.shown()),
            at: 0,
        };
        Fault::broken(format!("{} hears messages without end, and not what was said", self.role)).heard(heard)
    }

    /// What came and was not asked for, if anything did.
    fn unheard(&self) -> Option<Bytes> {
        Some(self.ear().beginning()).filter(|bytes| bytes.length > 0)
    }
}
