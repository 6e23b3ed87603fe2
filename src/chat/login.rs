//! How a session gets a name or an account: what it may ask the chat for. How the chat does it is in `arrival`, `identity` and `ending`.

use std::sync::Arc;

use super::effects::Effects;
use super::outbox::Outbox;
use super::{Chat, SessionId};
use crate::actor::Actor;
use crate::answer::Done;
use crate::command::Wants;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Address, Identity, PlaceId};
use crate::model::{Millis, Seq, Tag};
use crate::names::{Nick, RoomName};
use crate::record::{Record, ResumeRow};
use crate::wire::Letter;

/// A session that wants a name.
#[derive(Debug)]
pub struct LoginRequest<'a> {
    /// Which session.
    pub session: SessionId,
    /// Its outbox.
    pub outbox: &'a Arc<Outbox>,
    /// Whether it wants to hear its own messages, too.
    pub echo: bool,
    /// The events that it asks for.
    pub wants: Wants,
    /// Its front, for `whois`.
    pub front: &'static str,
    /// What the front says of its user, as others see it.
    pub user: Box<str>,
    /// Words about the person, if the account has none.
    pub about: Option<Arc<str>>,
    /// Its address.
    pub address: Address,
    /// The name that it wants; if none, it gets the name offered for `seed`.
    pub nick: Option<Nick>,
    /// The account whose password the session knew.
    pub account: Option<AccountId>,
    /// When the password was asked for.
    pub asked: Millis,
    /// The places of that account, or of the account of the token, and how far each is read.
    pub memberships: Vec<(PlaceId, Seq)>,
    /// Chooses the name that is offered.
    pub seed: u64,
    /// The token of an earlier session of the same person.
    pub resume: Option<Box<str>>,
    /// Whether that session goes on, and this is one more session of its account.
    pub beside: bool,
    /// What the database knows of that token, if the chat does not know it.
    pub recalled: Option<ResumeRow>,
    /// SHA-256 of that token.
    pub resume_hash: [u8; 32],
    /// A fresh token, and its SHA-256.
    pub token: (Arc<str>, [u8; 32]),
    /// The rooms to join. If none: the rooms of this person and of the account, or the lobby.
    pub rooms: Option<Vec<RoomName>>,
    /// Whether it is not taken into the lobby if there are no such rooms.
    pub own: bool,
    /// The command with which it asks.
    pub greeting: LoginKind,
    /// The tag of the command.
    pub tag: Option<Tag>,
}

/// An account whose password a session knew.
#[derive(Debug)]
pub struct Proven {
    /// The account.
    pub account: AccountId,
    /// Its places, and how far each is read.
    pub memberships: Vec<(PlaceId, Seq)>,
    /// When the password was asked for.
    pub asked: Millis,
}

/// The command with which a session takes its first name. The answer has the name of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginKind {
    /// `hello`, with a name.
    Hello,
    /// The first `nick`.
    Nick,
    /// `login`, before any name.
    Login,
}

/// A session that has its name, and has yet to enter its rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// Its person.
    pub nick: Actor,
    /// The rooms to enter, with [`Chat::go_in`], one after another.
    pub rooms: Vec<RoomName>,
    /// The account it is logged in to.
    pub account: Option<AccountId>,
}

/// The owner of a resume token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOwner {
    /// The chat does not know the token.
    Unknown,
    /// A guest.
    Guest,
    /// An account.
    Account(AccountId),
}

impl Chat {
    /// Gives a session a name; the answer is in its outbox. From here on the
    /// session is in the chat, but it has not entered any new room yet.
    ///
    /// # Errors
    /// A nick that is taken, or looks like one that is, or belongs to an account; a ban.
    pub fn enter(&self, entry: &LoginRequest<'_>, now: Millis, effects: &mut Effects) -> Result<LoggedIn, ChatError> {
        self.by_server(now, effects, |change| change.enter(entry))
    }

    /// Whether a session may make an account of its name. Called before its password is hashed.
    ///
    /// # Errors
    /// The reason against it.
    pub fn may_register(&self, session: SessionId, now: Millis) -> Result<(), ChatError> {
        self.looking(session, now, |change| change.may_register())
    }

    /// Makes an account of the name of a session; `hash` is the PHC string of its password.
    ///
    /// # Errors
    /// The name cannot become an account now.
    pub fn register(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        hash: Arc<str>,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.on_behalf((session, tag), now, effects, |change| change.register(hash))
    }

    /// Makes a session a session of an account, whose password was right.
    ///
    /// # Errors
    /// The session is logged in already, or the account is banned or deleted.
    pub fn login(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        proven: Proven,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<LoggedIn, ChatError> {
        self.on_behalf((session, tag), now, effects, |change| change.login(proven))
    }

    /// Makes a session a guest's session again.
    ///
    /// # Errors
    /// It is a guest's session already.
    pub fn logout(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<LoggedIn, ChatError> {
        self.on_behalf((session, tag), now, effects, |change| {
            let entered = change.logout("logged out")?;
            change.answer(Done::Logout { nick: entered.nick.clone() });
            Ok(entered)
        })
    }

    /// Deletes the account of a session; and all messages of the account, if `messages`.
    ///
    /// # Errors
    /// The session has no account.
    pub fn delete_account(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        messages: bool,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<LoggedIn, ChatError> {
        self.on_behalf((session, tag), now, effects, |change| change.delete_account(messages))
    }

    /// Gives the account of a session another password, by its PHC string.
    ///
    /// # Errors
    /// The session has no account.
    pub fn change_password(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        hash: Arc<str>,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.on_behalf((session, tag), now, effects, |change| change.change_password(hash))
    }

    /// Makes a session an op of the server, by the password of this account, which was right.
    ///
    /// # Errors
    /// The account is no op of the server.
    pub fn oper(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        account: AccountId,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.on_behalf((session, tag), now, effects, |change| change.oper(account))
    }

    /// Takes that from a session.
    ///
    /// # Errors
    /// The session is about to end.
    pub fn deoper(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.on_behalf((session, tag), now, effects, |change| {
            change.deoper();
            Ok(())
        })
    }

    /// The identity of a session's person.
    pub fn identity_of(&self, session: SessionId) -> Option<Identity> {
        self.change(|state| Some(state.registry.person_in(session)?.identity))
    }

    /// The account to which a session is logged in, and its name.
    ///
    /// # Errors
    /// The session is a guest's, or the server has no database.
    pub fn account_of(&self, session: SessionId, now: Millis) -> Result<(AccountId, Nick), ChatError> {
        self.looking(session, now, |change| Ok((change.own_account()?, change.person()?.nick.clone())))
    }

    /// The name of a session.
    ///
    /// # Errors
    /// The session has no name.
    pub fn nick_of(&self, session: SessionId, now: Millis) -> Result<Nick, ChatError> {
        self.looking(session, now, |change| Ok(change.person()?.nick.clone()))
    }

    /// Sets the code for `claim`, unless the server has an op. Returns whether it was set.
    pub fn set_claim(&self, code: &str) -> bool {
        self.change(|state| {
            let wanted = self.write_queue.is_some() && !state.registry.accounts.has_op();
            state.claim = wanted.then(|| code.into());
            wanted
        })
    }

    /// Makes an account an op of the server, or takes that away, and tells the account. Only the operator does this.
    ///
    /// # Errors
    /// No account has that name.
    pub fn set_server_op(&self, nick: &Nick, op: bool, now: Millis, effects: &mut Effects) -> Result<(), ChatError> {
        self.by_server(now, effects, |change| {
            let account = change.state.registry.accounts.named(nick).map(|account| account.id);
            let id = account.ok_or_else(|| ChatError::NoSuchNick(nick.shown().to_owned()))?;
            change.state.registry.accounts.set_op(id, op);
            change.cx.store(Record::ServerOp(id, op));
            let text = match op {
                true => "you are an op of the server now, and may do everything everywhere; the operator made you one",
                false => "you are no op of the server any more; the operator took that from you",
            };
            let notice = Arc::new(Letter::new(Event::Notice { text: Arc::from(text) }));
            if let Some(person) = change.state.registry.online(Identity::Account(id)) {
                change.tell_person(person, &notice, |_| false);
            }
            Ok(())
        })
    }
}
