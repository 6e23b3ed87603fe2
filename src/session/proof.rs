//! A session proves a password: before it takes a name, to log in, or to be an op of the server. Hashes and reads on its own thread, outside every lock. Does not know what the proof is for.

use std::sync::Arc;

use super::Session;
use super::guesses::AttemptKey;
use super::hub::{self, News};
use crate::answer::Done;
use crate::command::Secret;
use crate::error::ChatError;
use crate::model::{AccountId, Tag};
use crate::names::Nick;

impl Session {
    /// Proves a password before the name; the next name is then that account's.
    pub(super) fn authenticate(
        &mut self,
        tag: Option<Tag>,
        account: &Nick,
        password: &Secret,
    ) -> Result<(), ChatError> {
        if self.named {
            return Err(ChatError::NamedAlready(self.hub.chat.nick_of(self.handle.id, hub::now())?));
        }
        let asked = hub::now();
        self.login.proven = None;
        self.login.proven = Some((self.prove(account, password, false)?, asked));
        self.answer(tag, Done::Authenticate { nick: Arc::from(account.shown()) });
        Ok(())
    }

    /// Makes this session an op of the server, by the password of an account that is one.
    pub(super) fn oper(&mut self, tag: Option<Tag>, account: &Nick, password: Option<Secret>) -> Result<(), ChatError> {
        self.database()?;
        let account = self.prove(account, &needed(password)?, false)?;
        self.hub.chat.oper(self.handle.id, tag, account, hub::now(), &mut self.effects)?;
        self.hub.tell(|| News::Line(format!("* {} is an op of the server", self.hub.named(&self.handle))));
        Ok(())
    }

    /// Checks whether the password is that of the account with this name; `inside` if
    /// this session is logged in to that account.
    pub(super) fn prove(&mut self, nick: &Nick, password: &Secret, inside: bool) -> Result<AccountId, ChatError> {
        // Other sessions need not wait for this: they get the earlier events now.
        self.flush();
        let database = self.settled_database()?;
        let asker = self.asker(nick, inside);
        let known = database.store.secret(nick.key())?;
        let hash = known.as_ref().map(|(_, hash)| &**hash);
        let fits = self.handle.pausing(|| database.passwords.fits(&asker, password, hash))?;
        let (id, _) = known.filter(|_| fits).ok_or(ChatError::LoginFailed)?;
        Ok(id)
    }

    /// Hashes a new password for an account with this name.
    pub(super) fn hashed(&mut self, nick: &Nick, password: &Secret, inside: bool) -> Result<Arc<str>, ChatError> {
        // Other sessions need not wait for this: they get the earlier events now.
        self.flush();
        let (database, asker) = (self.database()?, self.asker(nick, inside));
        self.handle.pausing(|| database.passwords.hash(password, &asker))
    }

    pub(super) fn asker(&self, nick: &Nick, inside: bool) -> AttemptKey {
        AttemptKey::new(nick, self.handle.peer().ip(), inside)
    }
}

/// The password, if there is one; if not, the refusal makes the front ask for it.
pub(super) fn needed(password: Option<Secret>) -> Result<Secret, ChatError> {
    password.ok_or(ChatError::Missing { field: "password", usage: "" })
}
