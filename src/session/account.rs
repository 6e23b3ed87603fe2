//! A session takes a name: a guest's, or an account's by its password. Hashes and reads on its own thread, outside every lock; who is who is the chat's to know.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};

use super::Session;
use super::guesses::AttemptKey;
use super::hub::{self, Database, News};
use super::later::{Later, Name};
use super::queries::{own_places, secret};
use crate::answer::Done;
use crate::chat::{DeletedAccount, LoggedIn, LoginKind, LoginRequest, Proven, TokenOwner};
use crate::command::{AccountCommand, Secret};
use crate::error::ChatError;
use crate::event::{Event, PROTOCOL};
use crate::model::Tag;
use crate::model::{AccountId, origin};
use crate::names::{Nick, RoomName};
use crate::record::ResumeRow;

/// What was said and counted before a name was taken.
#[derive(Debug, Default)]
pub(super) struct Login {
    /// Whether the peer has said `hello`.
    pub greeted: bool,
    /// What a `hello` without a name said for later.
    resume: Option<Box<str>>,
    rooms: Option<Vec<RoomName>>,
    pub lines: usize,
    pub bytes: usize,
}

impl Session {
    /// What a peer says first: a name, or that it will say one.
    fn hello(&mut self, tag: Option<Tag>, version: u64, name: Name, password: Option<Secret>) -> Result<(), ChatError> {
        if self.named {
            return Err(ChatError::NamedAlready(self.hub.chat.nick_of(self.handle.id, hub::now())?));
        }
        if version != u64::from(PROTOCOL) {
            return Err(ChatError::Version(version));
        }
        self.login.greeted = true;
        if let Some(nick) = &name.nick {
            let account = password.map(|password| self.prove(nick, &password, false)).transpose()?;
            self.enter_later(tag, LoginKind::Hello, Name { account, ..name });
            return Ok(());
        }
        (self.login.resume, self.login.rooms) = (name.resume, name.rooms);
        self.answer(tag, Done::Hello { nick: None, resume: None, registered: false });
        Ok(())
    }

    /// Takes the first name, or another one.
    fn nick(&mut self, tag: Option<Tag>, nick: Option<Nick>, rooms: Option<Vec<RoomName>>) -> Result<(), ChatError> {
        if self.named {
            return self.hub.chat.rename(self.handle.id, tag, nick, hub::now(), &mut self.effects);
        }
        let kind = if self.login.greeted { LoginKind::Nick } else { LoginKind::Hello };
        let rooms = rooms.or_else(|| self.login.rooms.clone());
        let name = Name { nick, account: None, asked: hub::now(), resume: self.login.resume.clone(), rooms };
        self.enter_later(tag, kind, name);
        Ok(())
    }

    /// Takes the name of an account as the first one.
    fn come_as(&mut self, tag: Option<Tag>, nick: Option<Nick>, password: Option<Secret>) -> Result<(), ChatError> {
        let asked = hub::now();
        let nick = nick.ok_or(ChatError::Missing { field: "account", usage: "login NAME" })?;
        // What has no accounts asks for no password.
        self.database()?;
        let account = Some(self.prove(&nick, &needed(password)?, false)?);
        let name = Name { nick: Some(nick), account, asked, resume: None, rooms: self.login.rooms.clone() };
        self.enter_later(tag, LoginKind::Login, name);
        Ok(())
    }

    /// Finds out whether the password is that of the account of this name;
    /// `inside` if this session is logged in to it.
    fn prove(&mut self, nick: &Nick, password: &Secret, inside: bool) -> Result<AccountId, ChatError> {
        // Nobody waits for us meanwhile.
        self.flush();
        let database = self.settled_database()?;
        let asker = self.asker(nick, inside);
        let known = secret(&database, nick)?;
        let hash = known.as_ref().map(|(_, hash)| &**hash);
        let fits = self.handle.pausing(|| database.passwords.fits(&asker, password, hash))?;
        let (id, _) = known.filter(|_| fits).ok_or(ChatError::LoginFailed)?;
        Ok(id)
    }

    /// Hashes a new password for somebody of this name.
    fn hashed(&mut self, nick: &Nick, password: &Secret, inside: bool) -> Result<Arc<str>, ChatError> {
        // Nobody waits for us meanwhile.
        self.flush();
        let (database, asker) = (self.database()?, self.asker(nick, inside));
        self.handle.pausing(|| database.passwords.hash(password, &asker))
    }

    fn asker(&self, nick: &Nick, inside: bool) -> AttemptKey {
        AttemptKey::new(nick, self.handle.peer().ip(), inside)
    }

    fn enter_later(&mut self, tag: Option<Tag>, kind: LoginKind, name: Name) {
        self.later = Some(Box::new(Later::Enter(tag, kind, name)));
    }

    /// Takes a name, as it was found to be this session's.
    #[inline(never)]
    pub(super) fn enter(&mut self, tag: Option<Tag>, greeting: LoginKind, name: Name) -> Result<(), ChatError> {
        let (front, echo) = (self.manners.name, self.manners.echo);
        let resume_hash = name.resume.as_deref().map_or([0; 32], hash);
        let (recalled, known) = self.recall(name.resume.as_deref(), &resume_hash)?;
        let account = name.account.or(known);
        let memberships = match (account, &self.hub.database) {
            (Some(account), Some(database)) => own_places(database, account)?,
            _ => Vec::new(),
        };
        let token = token();
        let token_hash = hash(&token);
        let entry = LoginRequest {
            session: self.handle.id,
            outbox: &self.handle.outbox,
            echo,
            front,
            address: self.handle.peer().ip().to_canonical(),
            nick: name.nick,
            account: name.account,
            asked: name.asked,
            memberships,
            seed: self.handle.seed(),
            resume: name.resume,
            recalled,
            resume_hash,
            token: (token, token_hash),
            rooms: name.rooms,
            greeting,
            tag,
        };
        let comes_back = entry.resume.is_some();
        let entered = self.hub.chat.enter(&entry, hub::now(), &mut self.effects)?;
        if comes_back && entered.account.is_none() {
            self.recall_conversations();
        }
        self.named = true;
        self.handle.named.store(true, Ordering::Relaxed);
        self.hub.tell(|| News::Line(format!("+ {}  {front} {}", entered.nick, self.handle.peer())));
        self.entered(entered)
    }

    /// What a guest said in private before the connection was lost is theirs
    /// again. Where it cannot be read now, it is when somebody names the other.
    fn recall_conversations(&self) {
        let (Some(database), Some(guest)) = (&self.hub.database, self.hub.chat.identity_of(self.handle.id)) else {
            return;
        };
        let reading = self.hub.chat.reading(guest);
        for other in database.store.conversations(guest).unwrap_or_default() {
            let found = database.store.conversation(guest, other).ok().flatten();
            self.hub.chat.load_conversation((guest, other), reading, found);
        }
    }

    /// What the database knows of a token that the chat does not know; and the account of one that is known.
    #[inline(never)]
    fn recall(
        &mut self,
        resume: Option<&str>,
        resume_hash: &[u8; 32],
    ) -> Result<(Option<ResumeRow>, Option<AccountId>), ChatError> {
        let (Some(resume), Some(_)) = (resume.filter(|resume| !resume.is_empty()), &self.hub.database) else {
            return Ok((None, None));
        };
        match self.hub.chat.token_owner(resume, hub::now()) {
            TokenOwner::Guest => Ok((None, None)),
            TokenOwner::Account(id) => Ok((None, Some(id))),
            TokenOwner::Unknown => {
                let database = self.settled_database()?;
                let resume = database.store.resume(resume_hash, self.hub.limits.tags);
                let resume = resume.map_err(|error| super::queries::unread(&error))?;
                let account = resume.as_ref().and_then(|found| found.resume.account);
                Ok((resume, account))
            }
        }
    }

    /// A session that has its name, or another one: what is unread is told,
    /// and its rooms are yet to be gone into.
    #[inline(never)]
    fn entered(&mut self, entered: LoggedIn) -> Result<(), ChatError> {
        self.later = Some(Box::new(Later::Rooms(entered.rooms)));
        if let Some(account) = entered.account {
            let database = self.settled_database()?;
            self.remember_origin(&database);
            // The answer is given: what cannot be read now is told when it is asked for.
            if let Ok((chats, more)) = self.chats(&database, account, None) {
                self.effects.answer(&self.handle.outbox, Event::Chats { chats, more });
            }
        }
        Ok(())
    }

    /// An account is for ever, and many are soon made.
    fn may_register_again(&self) -> Result<(), ChatError> {
        let address = origin(self.handle.peer().ip());
        let early = self.hub.registrations.as_ref().and_then(|registrations| registrations.check(address).err());
        early.map_or(Ok(()), |early| Err(ChatError::RegisterTooOften(early.as_secs() + 1)))
    }

    /// Others' guesses do not keep the owner out of where this session came from.
    fn remember_origin(&self, database: &Database) {
        if let Ok((_, nick)) = self.hub.chat.account_of(self.handle.id, hub::now()) {
            database.passwords.let_in(&self.asker(&nick, true));
        }
    }

    /// Takes what a deleted account said out of the memory of all rooms, some at a time.
    fn delete_said(&mut self, said: &DeletedAccount) {
        let mut past = None;
        loop {
            past = self.hub.chat.delete_said(said, past.as_deref(), hub::now(), &mut self.effects);
            if past.is_none() {
                return;
            }
        }
    }

    /// Makes an account of the guest's name.
    fn register(&mut self, tag: Option<Tag>, password: Option<Secret>) -> Result<(), ChatError> {
        let id = self.handle.id;
        let database = self.database()?;
        self.hub.chat.may_register(id, hub::now())?;
        let password = needed(password)?;
        self.may_register_again()?;
        let nick = self.hub.chat.nick_of(id, hub::now())?;
        let hash = self.hashed(&nick, &password, false)?;
        self.hub.chat.register(id, tag, hash, hub::now(), &mut self.effects)?;
        self.remember_origin(&database);
        Ok(())
    }

    /// A session that has a name takes on an account, and its name.
    fn log_in(&mut self, tag: Option<Tag>, account: Option<Nick>, password: Option<Secret>) -> Result<(), ChatError> {
        let id = self.handle.id;
        self.database()?;
        if let Ok((_, nick)) = self.hub.chat.account_of(id, hub::now()) {
            return Err(ChatError::LoggedIn(nick));
        }
        let nick = match account {
            Some(nick) => nick,
            None => self.hub.chat.nick_of(id, hub::now())?,
        };
        let asked = hub::now();
        let account = self.prove(&nick, &needed(password)?, false)?;
        let memberships = own_places(&*self.database()?, account)?;
        let proven = Proven { account, memberships, asked };
        let entered = self.hub.chat.login(id, tag, proven, hub::now(), &mut self.effects)?;
        self.hub.tell(|| News::Line(format!("* {} logged in, {}", entered.nick, self.handle.peer())));
        self.entered(entered)
    }

    /// The commands about a session's name and account.
    #[inline(never)]
    pub(super) fn account(&mut self, tag: Option<Tag>, command: AccountCommand) -> Result<(), ChatError> {
        let id = self.handle.id;
        match command {
            AccountCommand::Hello { version, nick, password, resume, rooms } => self.hello(
                tag,
                version,
                Name { nick, account: None, asked: hub::now(), resume: resume.map(|token| token.0), rooms },
                password,
            ),
            AccountCommand::Nick { nick, rooms } => self.nick(tag, nick, rooms),
            AccountCommand::Login { account, password } if !self.named => self.come_as(tag, account, password),
            AccountCommand::Register { password } => self.register(tag, password),
            AccountCommand::Login { account, password } => self.log_in(tag, account, password),
            AccountCommand::Logout => {
                let entered = self.hub.chat.logout(id, tag, hub::now(), &mut self.effects)?;
                self.entered(entered)
            }
            AccountCommand::Password { old, new } => {
                let (_, nick) = self.hub.chat.account_of(id, hub::now())?;
                let new = needed(new)?;
                self.prove(&nick, &needed(old)?, true)?;
                let hash = self.hashed(&nick, &new, true)?;
                self.hub.chat.change_password(id, tag, hash, hub::now(), &mut self.effects)
            }
            AccountCommand::DeleteAccount { password, messages } => {
                let (account, nick) = self.hub.chat.account_of(id, hub::now())?;
                self.prove(&nick, &needed(password)?, true)?;
                let entered = self.hub.chat.delete_account(id, tag, messages, hub::now(), &mut self.effects)?;
                self.database()?.passwords.forget(&nick);
                if messages {
                    self.delete_said(&DeletedAccount { account, nick: Arc::from(nick.shown()) });
                }
                // The answer comes before what happens because of it.
                self.wait_for_answers();
                self.entered(entered)
            }
        }
    }
}

/// A password that must be there: a front that has none has asked for it.
fn needed(password: Option<Secret>) -> Result<Secret, ChatError> {
    password.ok_or(ChatError::Missing { field: "password", usage: "" })
}

/// What is kept of a token: whoever reads the database cannot come back with it.
fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A token nobody can guess.
fn token() -> Arc<str> {
    let mut bytes = [0; 16];
    // Without the system's randomness a token would be no secret: then it is
    // empty, and brings nobody back.
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::warn!(%error, "no randomness for a resume token");
        return Arc::from("");
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}
