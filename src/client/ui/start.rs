//! From the command line to the login: asks a person for what is missing, and again for what was refused. Knows no rooms and no messages.

use std::sync::Arc;
use std::time::Duration;

use super::question::ask;
use super::secrets::secret;
use super::trusting::is_right;
use super::{Common, DEFAULT_HOST, DEFAULT_PORT, Exit, SCRIPT_RETRY, Settings};
use crate::client::trust::{Distrust, Strangers, Trust, Way};
use crate::client::{self, Client, ClientError, Options};
use crate::command::Secret;
use crate::error::Code;
use crate::names;
use crate::terminal::{self, Input, Terminal};
use crate::wording::capital;

/// The server, and the name there.
pub(super) struct Wanted {
    host: String,
    port: String,
    trust: Trust,
    nick: Option<String>,
    password: Option<Secret>,
}

impl From<&Settings> for Wanted {
    fn from(settings: &Settings) -> Wanted {
        let mut wanted = Wanted {
            host: DEFAULT_HOST.to_owned(),
            port: settings.port.unwrap_or(DEFAULT_PORT).to_string(),
            trust: Trust::from(&settings.trust),
            nick: settings.nick.clone(),
            password: settings.password.clone(),
        };
        if let Some(server) = &settings.server {
            wanted.set_host(server);
        }
        wanted
    }
}

impl Wanted {
    /// Takes `host`, `host:port`, `[v6]:port` or a bare IPv6 address.
    pub fn set_host(&mut self, server: &str) {
        let server = server.trim();
        let (host, port) = match server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None if server.matches(':').count() == 1 => {
                server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port)))
            }
            None => (server, None),
        };
        host.clone_into(&mut self.host);
        if let Some(port) = port {
            port.clone_into(&mut self.port);
        }
    }

    pub fn addr(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    pub fn way(&self) -> Way {
        Way::new(&self.addr(), self.trust.clone())
    }
}

/// Logs in; or says how the program ends instead.
pub(super) fn enter(settings: &Settings, terminal: &mut Terminal, common: &Arc<Common>) -> Result<Client, Exit> {
    let mut wanted = Wanted::from(settings);
    if !terminal::is_person() {
        return connect(&wanted, settings, Some(SCRIPT_RETRY), common).map_err(|error| Exit::failed(&error));
    }
    let mut ask_where = settings.server.is_none() && settings.nick.is_none();
    loop {
        if ask_where {
            let host = ask(terminal, "Server", &wanted.host)?;
            wanted.set_host(&host);
            wanted.port = ask(terminal, "Port", &wanted.port)?;
        }
        match person(&mut wanted, settings, terminal, common) {
            Ok(client) => return Ok(client),
            Err(Trouble::Left(exit)) => return Err(exit),
            Err(Trouble::Failed(error)) => {
                let sentence = capital(&error.to_string());
                terminal.screen().note(&format!("! {sentence}. Enter tries again; or type another address."));
                ask_where = true;
            }
        }
    }
}

enum Trouble {
    /// The person left.
    Left(Exit),
    /// There is no such server.
    Failed(ClientError),
}

/// Connects for a person: asks for the name, until the server takes it.
fn person(
    wanted: &mut Wanted,
    settings: &Settings,
    terminal: &mut Terminal,
    common: &Arc<Common>,
) -> Result<Client, Trouble> {
    let mut offer = None;
    if wanted.nick.is_none() {
        offer = Some(greet(wanted, terminal, common)?);
    }
    loop {
        if let Some(offer) = offer.take() {
            wanted.nick = Some(ask(terminal, "Your name", &offer).map_err(Trouble::Left)?);
        }
        match trusted(wanted, terminal, |wanted| connect(wanted, settings, None, common)) {
            Ok(client) => return Ok(client),
            Err(Trouble::Failed(ClientError::Refused { code, text, offer: other })) => {
                let other = other.or(wanted.nick.clone()).map(|offer| names::clean(&offer).into_owned());
                if code != Code::NickRegistered {
                    terminal.screen().note(&format!("! {}.", capital(&text)));
                }
                if !is_about_account(&code) {
                    (offer, wanted.nick, wanted.password) = (other, None, None);
                    continue;
                }
                // A person who is about to type a password must know how safe the connection is.
                if !common.window.lock().is_connected_to(&wanted.addr()) {
                    greet(wanted, terminal, common)?;
                }
                wanted.password = password_of(wanted.nick.as_deref(), terminal).map_err(Trouble::Left)?;
                if wanted.password.is_none() {
                    // Only the refusal of a name brings another one: else the server is asked for it.
                    let is_offered = code == Code::NickRegistered;
                    offer = if is_offered { None } else { greet(wanted, terminal, common).ok() }.or(other);
                }
            }
            Err(trouble) => return Err(trouble),
        }
    }
}

/// Asks the server for a name, and tells the person how safe the connection is.
fn greet(wanted: &mut Wanted, terminal: &mut Terminal, common: &Arc<Common>) -> Result<String, Trouble> {
    let greeting = trusted(wanted, terminal, |wanted| client::greet(&wanted.addr(), wanted.trust.clone()))?;
    common.window.lock().connected(&wanted.addr(), &greeting.security);
    Ok(names::clean(&greeting.offer).into_owned())
}

/// Does what needs a server that is trusted. If its key is new, the person is asked.
fn trusted<T>(
    wanted: &mut Wanted,
    terminal: &mut Terminal,
    act: impl Fn(&Wanted) -> Result<T, ClientError>,
) -> Result<T, Trouble> {
    loop {
        match act(wanted) {
            Err(ClientError::Untrusted(Distrust::Unknown { host, key })) => {
                if !is_right(&host, key, terminal).map_err(Trouble::Left)? {
                    return Err(Trouble::Left(Exit::new(Exit::UNTRUSTED, format!("{host} is not trusted"))));
                }
                wanted.trust.strangers = Strangers::TakeOnly(key);
            }
            Err(error @ ClientError::Untrusted(_)) => return Err(Trouble::Left(Exit::failed(&error))),
            other => return other.map_err(Trouble::Failed),
        }
    }
}

/// Whether the login needs a password, or another one.
fn is_about_account(code: &Code) -> bool {
    matches!(code, Code::NickRegistered | Code::LoginFailed | Code::LoginTooOften | Code::PasswordBad)
}

/// Asks for the password of a name that belongs to an account. `None` if the person wants another name.
fn password_of(nick: Option<&str>, terminal: &mut Terminal) -> Result<Option<Secret>, Exit> {
    let nick = nick.map(names::clean).unwrap_or_default();
    let question = format!("\"{nick}\" belongs to an account. Password (Enter for another name)");
    match terminal.ask_secret(&question) {
        Ok(Input::Line(typed)) => Ok(secret(&typed)),
        Ok(Input::TooLong | Input::Interrupted { .. }) => Ok(None),
        Ok(Input::End | Input::Stopped) => Err(Exit::done()),
        Err(error) => Err(Exit::new(Exit::OTHER, format!("no terminal: {error}"))),
    }
}

fn connect(
    wanted: &Wanted,
    settings: &Settings,
    retry: Option<Duration>,
    common: &Arc<Common>,
) -> Result<Client, ClientError> {
    let rooms = Some(settings.rooms.clone()).filter(|rooms| !rooms.is_empty());
    let (nick, password, trust) = (wanted.nick.clone(), wanted.password.clone(), wanted.trust.clone());
    let retry = settings.retry.map(Duration::from_secs).or(retry);
    let options = Options { nick, password, rooms, retry, missed: true, trust };
    let shared = Arc::clone(common);
    let client = Client::connect_with(&wanted.addr(), options, move |handle, news| {
        shared.window.lock().news(handle, news);
    })?;
    // There is no other client before this one that could have set it.
    let _ = common.handle.set(client.handle().clone());
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_with_or_without_its_port() {
        for (server, addr) in [
            ("example.org", "example.org:7667"),
            ("example.org:80", "example.org:80"),
            ("::1", "[::1]:7667"),
            ("[::1]:80", "[::1]:80"),
            ("[::1]", "[::1]:7667"),
        ] {
            let settings = Settings { server: Some(server.to_owned()), ..Settings::default() };
            assert_eq!(Wanted::from(&settings).addr(), addr);
        }
        let settings = Settings { server: Some("a".to_owned()), port: Some(5), ..Settings::default() };
        assert_eq!(Wanted::from(&settings).addr(), "a:5");
    }
}
