//! What is said of a client that heard something wrong, or nothing: the faults of a rule. Knows no socket.

use std::time::Duration;

use crate::check::client::Client;
use crate::check::link::Ended;
use crate::check::pattern::Expected;
use crate::check::script::Deed;
use crate::check::verdict::{Fault, Heard};

impl Client {
    /// Something else came.
    pub fn wrong(&self, told: String, came: &[u8], expected: &Expected) -> Fault {
        let heard = Heard {
            role: self.role.clone(),
            came: Some(came.to_vec()),
            should: Some(expected.shown()),
            at: expected.first_wrong(came),
        };
        Fault::broken(told).heard(heard)
    }

    /// Something came that nobody should hear.
    pub fn unasked(&self, told: &str, came: &[u8]) -> Fault {
        Fault::broken(told).heard(Heard { role: self.role.clone(), came: Some(came.to_vec()), should: None, at: 0 })
    }

    /// Something did not come, though what was said later did.
    pub fn missed(&self, expected: &Expected) -> Fault {
        let heard = Heard { role: self.role.clone(), came: None, should: Some(expected.shown()), at: 0 };
        Fault::broken(format!("{} never hears it, and hears what was said later", self.role)).heard(heard)
    }

    /// Nothing came in time, or not all of it.
    pub fn nothing(&self, expected: &Expected) -> Fault {
        let rest = self.ear().beginning();
        let came = (!rest.is_empty()).then_some(rest);
        // In a stream without ends each byte may be right, and what is missing comes after the last one.
        let is_seen = self.profile.end.is_seen();
        let at = came.as_ref().map_or(0, |came| if is_seen { expected.first_wrong(came) } else { came.len() });
        let heard = Heard { role: self.role.clone(), came, should: Some(expected.shown()), at };
        Fault::late(format!("{} does not hear it within {}", self.role, seconds(self.patience))).heard(heard)
    }

    /// The connection ended.
    pub fn closed(&self, ended: &Ended, expected: Option<&Expected>) -> Fault {
        let how = match ended {
            Ended::Closed => "the server closed the connection".to_owned(),
            Ended::Broken(error) => format!("the connection broke: {error}"),
        };
        self.script.add(&self.role, Deed::IsClosed(how.clone()));
        let rest = self.ear().beginning();
        let heard = expected.map(|expected| Heard {
            role: self.role.clone(),
            came: (!rest.is_empty()).then_some(rest),
            should: Some(expected.shown()),
            at: 0,
        });
        let fault = Fault::broken(format!("{}: {how}", self.role));
        heard.map_or(fault.clone(), |heard| fault.heard(heard))
    }
}

/// A time as a person says it.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
