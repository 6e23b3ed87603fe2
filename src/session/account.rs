//! A session takes a name: a guest's, or an account's by its password. Hashes and reads on its own thread, outside every lock. Does not know which names are taken: the chat does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};

use super::Session;
use super::hub::{self, Database, News};
use super::later::{Later, Name};
use super::proof::needed;
use super::queries::own_places;
use crate::answer::Done;
use crate::chat::{self, DeletedAccount, Halt, LoggedIn, LoginKind, LoginRequest, Proven, TokenOwner};
use crate::command::{AccountCommand, ChatCommand, Secret, Wants};
use crate::error::ChatError;
use crate::event::{Event, PROTOCOL};
use crate::model::{AccountId, origin};
use crate::model::{CloseReason, Millis, Tag};
use crate::names::{Nick, RoomName};
use crate::record::ResumeRow;
use crate::wire::hex;

/// The state of a session before it has a name.
#[derive(Debug, Default)]
pub(super) struct Login {
    /// Whether the peer has said `hello`.
    pub greeted: bool,
    /// The resume token and the rooms of a `hello` without a name, for later.
    resume: Option<Box<str>>,
    beside: bool,
    rooms: Option<Vec<RoomName>>,
    /// Whether it goes into its own rooms only, and not into the lobby.
    own: bool,
    user: Option<Box<str>>,
    about: Option<Arc<str>>,
    /// The account whose password was proved before the name, and when it was asked for.
    pub proven: Option<(AccountId, Millis)>,
    /// The events that the `hello` asked for.
    wants: Wants,
    /// Whether the session was counted as an arrival.
    arrived: bool,
    pub lines: usize,
    pub bytes: usize,
}

impl Session {
    /// The first command of a program, with a name or without.
    fn hello(&mut self, tag: Option<Tag>, version: u64, name: Name, password: Option<Secret>) -> Result<(), ChatError> {
        if self.named {
            return Err(ChatError::NamedAlready(self.hub.chat.nick_of(self.handle.id, hub::now())?));
        }
        if version != u64::from(PROTOCOL) {
            return Err(ChatError::Version(version));
        }
        chat::about(&name.about, &self.handle.limits)?;
        self.login.greeted = true;
        self.login.own = name.own;
        if let Some(nick) = &name.nick {
            let account = password.map(|password| self.prove(nick, &password, false)).transpose()?;
            self.enter_later(tag, LoginKind::Hello, Name { account, ..name });
            return Ok(());
        }
        let login = &mut self.login;
        (login.resume, login.beside, login.rooms) = (name.resume, name.beside, name.rooms);
        (login.user, login.about) = (name.user, name.about);
        self.answer(tag, Done::Hello { nick: None, resume: None, registered: false });
        Ok(())
    }

    /// Takes the first name, or another name.
    fn nick(&mut self, tag: Option<Tag>, nick: Option<Nick>, rooms: Option<Vec<RoomName>>) -> Result<(), ChatError> {
        if self.named {
            return self.hub.chat.rename(self.handle.id, tag, nick, hub::now(), &mut self.effects);
        }
        let kind = if self.login.greeted { LoginKind::Nick } else { LoginKind::Hello };
        let rooms = rooms.or_else(|| self.login.rooms.clone());
        let name = Name { nick, rooms, ..self.name_so_far() };
        self.enter_later(tag, kind, name);
        Ok(())
    }

    /// What an earlier `hello` said of a name.
    fn name_so_far(&self) -> Name {
        let Login { resume, beside, rooms, own, user, about, .. } = &self.login;
        Name {
            nick: None,
            account: None,
            asked: hub::now(),
            resume: resume.clone(),
            beside: *beside,
            rooms: rooms.clone(),
            own: *own,
            user: user.clone(),
            about: about.clone(),
        }
    }

    /// Takes the name of an account as the first one.
    fn come_as(&mut self, tag: Option<Tag>, nick: Option<Nick>, password: Option<Secret>) -> Result<(), ChatError> {
        let asked = hub::now();
        let nick = nick.ok_or(ChatError::Missing { field: "account", usage: "login NAME" })?;
        // Without a database there are no accounts, so no password is asked for.
        self.database()?;
        let account = Some(self.prove(&nick, &needed(password)?, false)?);
        let name = Name { nick: Some(nick), account, asked, resume: None, beside: false, ..self.name_so_far() };
        self.enter_later(tag, LoginKind::Login, name);
        Ok(())
    }

    fn enter_later(&mut self, tag: Option<Tag>, kind: LoginKind, name: Name) {
        self.later = Some(Box::new(Later::Enter(tag, kind, name)));
    }

    /// Takes a name, after the password was checked.
    #[inline(never)]
    pub(super) fn enter(&mut self, tag: Option<Tag>, greeting: LoginKind, mut name: Name) -> Result<(), ChatError> {
        if let (None, Some((account, asked))) = (name.account, self.login.proven) {
            (name.account, name.asked) = (Some(account), asked);
        }
        let (front, echo) = (self.manners.name, self.manners.echo);
        let resume_hash = name.resume.as_deref().map_or([0; 32], hash);
        let (recalled, known) = self.recall(name.resume.as_deref(), &resume_hash)?;
        if let Err(sentence) = self.arrive(name.resume.as_deref(), recalled.is_some()) {
            self.close(CloseReason::Full, sentence);
            return Ok(());
        }
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
            wants: self.login.wants,
            front,
            user: name.user.unwrap_or_else(|| user_of(front).into()),
            about: name.about,
            address: self.handle.peer().ip().to_canonical(),
            nick: name.nick,
            account: name.account,
            asked: name.asked,
            memberships,
            seed: self.handle.seed(),
            resume: name.resume,
            beside: name.beside,
            recalled,
            resume_hash,
            token: (token, token_hash),
            rooms: name.rooms,
            own: name.own,
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
        if self.manners.counts {
            let (chat, id) = (&self.hub.chat, self.handle.id);
            chat.obey(id, None, ChatCommand::Facts, hub::now(), &mut self.effects).map_err(Halt::into_refusal)?;
        }
        self.entered(entered)
    }

    /// Counts an arrival, unless the token is one that is known. A second name, after a refused one, is no second arrival.
    fn arrive(&mut self, resume: Option<&str>, is_stored: bool) -> Result<(), &'static str> {
        let is_known = |token: &str| self.hub.chat.token_owner(token, hub::now()) != TokenOwner::Unknown;
        if self.login.arrived || is_stored || resume.is_some_and(is_known) {
            return Ok(());
        }
        self.hub.door.arrive(self.handle.peer().ip())?;
        self.login.arrived = true;
        Ok(())
    }

    /// Loads the private conversations of a guest who resumed. One that cannot be read
    /// now is read when one of the two people names the other.
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

    /// The row of a token that only the database knows; or the account of a token that the chat knows.
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
                let resume = database.store.resume(resume_hash, self.hub.limits.now().tags)?;
                let account = resume.as_ref().and_then(|found| found.resume.account);
                Ok((resume, account))
            }
        }
    }

    /// After a login or logout: sends the unread counts, and notes the rooms to join
    /// next.
    #[inline(never)]
    fn entered(&mut self, entered: LoggedIn) -> Result<(), ChatError> {
        self.later = Some(Box::new(Later::Rooms(entered.rooms)));
        if let Some(account) = entered.account {
            let database = self.settled_database()?;
            self.remember_origin(&database);
            // The login is answered already. If this read fails, the client can ask for `chats`.
            if let Ok((chats, more)) = self.chats(&database, account, None) {
                self.effects.answer(&self.handle.outbox, Event::Chats { chats, more });
            }
        }
        Ok(())
    }

    /// The guest that remains goes into the lobby, unless the session goes into its own rooms only.
    fn logged_out(&mut self, mut entered: LoggedIn) -> Result<(), ChatError> {
        if self.login.own {
            entered.rooms.clear();
        }
        self.entered(entered)
    }

    /// Limits registrations from one address, because accounts are never removed by themselves.
    fn may_register_again(&self) -> Result<(), ChatError> {
        let address = origin(self.handle.peer().ip());
        let early = self.hub.registrations.check(address).err();
        early.map_or(Ok(()), |early| Err(ChatError::RegisterTooOften(early.as_secs() + 1)))
    }

    /// Remembers the origin of this session, so that guesses by others do not lock the owner out there.
    fn remember_origin(&self, database: &Database) {
        if let Ok((_, nick)) = self.hub.chat.account_of(self.handle.id, hub::now()) {
            database.passwords.let_in(&self.asker(&nick, true));
        }
    }

    /// Removes the messages of a deleted account from the memory of all rooms, some rooms at a time.
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

    /// A session that has a name logs in to an account, and takes its name.
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
            AccountCommand::Hello { version, nick, password, resume, beside, wants, own, user, about, rooms } => {
                self.login.wants = wants;
                let (resume, asked) = (resume.map(|token| token.0), hub::now());
                let name = Name { nick, account: None, asked, resume, beside, rooms, own, user, about };
                self.hello(tag, version, name, password)
            }
            AccountCommand::Authenticate { account, password } => self.authenticate(tag, &account, &password),
            AccountCommand::Oper { account, password } => self.oper(tag, &account, password),
            AccountCommand::Deoper => self.hub.chat.deoper(id, tag, hub::now(), &mut self.effects),
            AccountCommand::Nick { nick, rooms } => self.nick(tag, nick, rooms),
            AccountCommand::Login { account, password } if !self.named => self.come_as(tag, account, password),
            AccountCommand::Register { password } => self.register(tag, password),
            AccountCommand::Login { account, password } => self.log_in(tag, account, password),
            AccountCommand::Logout => {
                let entered = self.hub.chat.logout(id, tag, hub::now(), &mut self.effects)?;
                self.logged_out(entered)
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
                // The answer comes before its consequences.
                self.wait_for_answers();
                self.logged_out(entered)
            }
        }
    }
}

/// What others see as the user of a session that does not say it.
fn user_of(front: &'static str) -> &'static str {
    match front.split('+').next() {
        Some("json") => "~json",
        Some("line") => "~line",
        _ => "~web",
    }
}

/// The form of a token that is stored: a person that reads the database cannot resume with it.
fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A token that cannot be guessed.
fn token() -> Arc<str> {
    let mut bytes = [0; 16];
    // Without the system's randomness a token would be no secret: then it is empty,
    // and cannot be used to resume.
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::warn!(%error, "no randomness for a resume token");
        return Arc::from("");
    }
    hex(&bytes).into()
}
