//! What an operator sets: from flags, environment variables and a TOML file. Knows what the settings are, not what they do.
//!
//! A flag wins over its variable, that over the file, that over the default.
//!
//! ```
//! use roomful::config::Config;
//!
//! let mut config = Config::default();
//! config.read_toml("listen = \"127.0.0.1:7700\"\n[limits]\nrate = \"off\"\n")?;
//! assert_eq!((config.listen.as_str(), config.limits.rate), ("127.0.0.1:7700", 0));
//! let wrong = config.read_toml("[limits]\nlines = 3\n").unwrap_err();
//! assert_eq!(wrong.to_string(), "limits.lines (line 2): there is no limit called \"lines\"");
//! # Ok::<(), roomful::config::ConfigError>(())
//! ```

mod changes;

use std::fmt;
use std::path::{Path, PathBuf};

pub use changes::Change;
use toml::{Table, Value};

use crate::front::IrcNames;
use crate::front::http::Settings;
use crate::limits::{Limits, TABLE};
use crate::net::addresses::with_port;
use crate::server::PORT;
use crate::tls::{self, Mode};

/// The file of the database, in the working folder, if no other is named.
pub const DATA: &str = "roomful.db";

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: String,
    /// Address and port where IRC is served and nothing else; empty for none.
    pub irc: String,
    /// How the server is called on IRC.
    pub name: String,
    /// How the network is called on IRC.
    pub network: String,
    /// The address that people are told first; empty for the best one of this machine.
    pub address: String,
    /// Whether the screen shows a QR code of the page at the start.
    pub qr: bool,
    /// More names that the server answers to over HTTP.
    pub host: Vec<String>,
    /// The origins of proxies before the server.
    pub origin: Vec<String>,
    /// A folder that is served instead of the page; empty for the page of the program.
    pub page: String,
    /// Who may read the metrics.
    pub metrics: Metrics,
    /// Whether connections are encrypted.
    pub tls: Mode,
    /// The file of the certificate; empty for the one beside the database.
    pub tls_cert: String,
    /// The file of its key; empty for the one beside the database.
    pub tls_key: String,
    /// The file of the database.
    pub data: String,
    /// The control socket; empty for one beside the database.
    pub ctl: String,
    /// Whether there is no database, and nothing is stored.
    pub memory: bool,
    /// Whether the console leaves out what people say.
    pub quiet: bool,
    /// Whether passwords may come unencrypted from other machines.
    pub clear_passwords: bool,
    /// Whether there is a console at all.
    pub console: bool,
    /// What is logged: a level, or `tracing` directives such as `roomful::net=debug`.
    pub log: String,
    /// How it is logged: `text` or `json`.
    pub log_format: LogFormat,
    /// The file of the log; empty for stderr.
    pub log_file: String,
    /// The file of the message of the day; empty for none.
    pub motd: String,
    /// The limits.
    pub limits: Limits,
}

/// Who may read the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Metrics {
    /// Programs on this machine.
    Loopback,
    /// Everybody who reaches the server.
    Everyone,
}

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object on a line.
    Json,
}

/// A setting that is wrong, and its place in the file.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting; empty if the file as a whole is no TOML.
    pub setting: String,
    /// What is wrong with it.
    pub wrong: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.setting.as_str() {
            "" => f.write_str(&self.wrong),
            setting => write!(f, "{setting}: {}", self.wrong),
        }
    }
}

impl std::error::Error for ConfigError {}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: format!("127.0.0.1:{PORT}"),
            irc: String::new(),
            name: IrcNames::default().server.to_string(),
            network: IrcNames::default().network.to_string(),
            address: String::new(),
            qr: true,
            host: Vec::new(),
            origin: Vec::new(),
            page: String::new(),
            metrics: Metrics::Loopback,
            tls: Mode::Auto,
            tls_cert: String::new(),
            tls_key: String::new(),
            data: DATA.to_owned(),
            ctl: String::new(),
            memory: false,
            quiet: false,
            clear_passwords: false,
            console: true,
            log: "warn".to_owned(),
            log_format: LogFormat::Text,
            log_file: String::new(),
            motd: String::new(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Takes the settings of a TOML file; those it does not name stay as they are.
    ///
    /// # Errors
    /// The file is no TOML, has an unknown setting, or a value that the setting
    /// cannot have. The first error is returned, with the setting's name and line.
    pub fn read_toml(&mut self, text: &str) -> Result<(), ConfigError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| wrong("", error.to_string().trim_end()))?;
        self.read_table(&table).map_err(|error| match changes::line_of(text, &error.setting) {
            Some(line) => ConfigError { setting: format!("{} (line {line})", error.setting), ..error },
            None => error,
        })
    }

    fn read_table(&mut self, table: &Table) -> Result<(), ConfigError> {
        for (name, value) in table {
            match (name.as_str(), value) {
                ("name", Value::String(text)) => self.set_name(text)?,
                ("network", Value::String(text)) => self.set_network(text)?,
                ("address", Value::String(text)) => self.set_address(text)?,
                ("qr", Value::Boolean(qr)) => self.qr = *qr,
                ("host", Value::Array(_)) => self.set_hosts(&strings(name, value)?)?,
                ("origin", Value::Array(_)) => self.set_origins(&strings(name, value)?)?,
                ("metrics", Value::String(text)) => {
                    let metrics = <Metrics as clap::ValueEnum>::from_str(text, false);
                    self.metrics = metrics.map_err(|_| wrong(name, "it takes \"loopback\" or \"everyone\""))?;
                }
                ("tls", Value::String(text)) => {
                    let mode = <Mode as clap::ValueEnum>::from_str(text, false);
                    self.tls = mode.map_err(|_| wrong(name, "it takes \"auto\", \"off\", \"allow\" or \"require\""))?;
                }
                ("memory", Value::Boolean(memory)) => self.memory = *memory,
                ("quiet", Value::Boolean(quiet)) => self.quiet = *quiet,
                ("clear-passwords", Value::Boolean(clear)) => self.clear_passwords = *clear,
                ("console", Value::Boolean(console)) => self.console = *console,
                ("log-format", Value::String(text)) => {
                    let format = <LogFormat as clap::ValueEnum>::from_str(text, false);
                    self.log_format = format.map_err(|_| wrong(name, "it takes \"text\" or \"json\""))?;
                }
                ("limits", Value::Table(limits)) => self.read_limits(limits)?,
                ("name" | "network" | "address" | "metrics" | "tls" | "log-format", _) => {
                    return Err(wrong(name, "it takes a string"));
                }
                ("qr" | "memory" | "quiet" | "clear-passwords" | "console", _) => {
                    return Err(wrong(name, "it takes true or false"));
                }
                ("host" | "origin", _) => return Err(wrong(name, "it takes a list of strings")),
                ("limits", _) => return Err(wrong(name, "it is a table: [limits]")),
                _ => {
                    let taken = self.text(name).ok_or_else(|| wrong(name, "there is no such setting"))?;
                    value.as_str().ok_or_else(|| wrong(name, "it takes a string"))?.clone_into(taken);
                }
            }
        }
        Ok(())
    }

    /// The setting of this name, if it is a text that is looked at only when it is used.
    fn text(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "listen" => &mut self.listen,
            "irc" => &mut self.irc,
            "page" => &mut self.page,
            "tls-cert" => &mut self.tls_cert,
            "tls-key" => &mut self.tls_key,
            "data" => &mut self.data,
            "ctl" => &mut self.ctl,
            "log" => &mut self.log,
            "log-file" => &mut self.log_file,
            "motd" => &mut self.motd,
            _ => return None,
        })
    }

    /// Sets how the server is called on IRC: a name with a dot.
    ///
    /// # Errors
    /// It is none.
    pub fn set_name(&mut self, name: &str) -> Result<(), ConfigError> {
        IrcNames::check_server(name).map_err(|takes| wrong("name", &takes))?;
        name.clone_into(&mut self.name);
        Ok(())
    }

    /// Sets how the network is called on IRC: one word.
    ///
    /// # Errors
    /// It is none.
    pub fn set_network(&mut self, network: &str) -> Result<(), ConfigError> {
        IrcNames::check_network(network).map_err(|takes| wrong("network", &takes))?;
        network.clone_into(&mut self.network);
        Ok(())
    }

    /// How the server is called on IRC.
    pub fn names(&self) -> IrcNames {
        IrcNames { server: self.name.as_str().into(), network: self.network.as_str().into() }
    }

    /// Sets the address that people are told first: an IP address or a name, with or without a port.
    ///
    /// # Errors
    /// It is neither.
    pub fn set_address(&mut self, address: &str) -> Result<(), ConfigError> {
        if !address.is_empty() && with_port(address, PORT).is_none() {
            let takes = "it takes an IP address or a name, such as 192.168.1.5 or chat.example:7667";
            return Err(wrong("address", &format!("{takes}, not {address:?}")));
        }
        address.clone_into(&mut self.address);
        Ok(())
    }

    /// Sets more names that the server answers to: host names, without a port.
    ///
    /// # Errors
    /// One of them is no host name.
    pub fn set_hosts(&mut self, hosts: &[String]) -> Result<(), ConfigError> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if let Some(bad) = hosts.iter().find(|host| host.is_empty() || !host.chars().all(is_part)) {
            return Err(wrong("host", &format!("it takes names such as chat.example, not {bad:?}")));
        }
        self.host = hosts.to_vec();
        Ok(())
    }

    /// Sets the origins of proxies before the server: scheme, name, and a port if it is not the usual one.
    ///
    /// # Errors
    /// One of them is no origin.
    pub fn set_origins(&mut self, origins: &[String]) -> Result<(), ConfigError> {
        let is_origin = |origin: &&String| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
        };
        if let Some(bad) = origins.iter().find(|origin| !is_origin(origin)) {
            return Err(wrong("origin", &format!("it takes origins such as https://chat.example, not {bad:?}")));
        }
        self.origin = origins.to_vec();
        Ok(())
    }

    /// The settings of the HTTP front.
    pub fn web(&self) -> Settings {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Settings {
            hosts: self.host.clone(),
            origins: self.origin.clone(),
            page: given(&self.page).map(PathBuf::from),
            address: given(&self.address),
            metrics_for_everyone: self.metrics == Metrics::Everyone,
        }
    }

    /// How connections are encrypted.
    ///
    /// # Errors
    /// Only one of the two files is named.
    pub fn tls(&self) -> Result<tls::Settings, ConfigError> {
        let is_given = match (self.tls_cert.is_empty(), self.tls_key.is_empty()) {
            (true, true) => false,
            (false, false) => true,
            (true, false) => return Err(wrong("tls-key", "its certificate is not named: tls-cert")),
            (false, true) => return Err(wrong("tls-cert", "its key is not named: tls-key")),
        };
        let beside = |ending| Path::new(&self.data).with_extension(ending);
        let (certificate, key) = if is_given {
            (PathBuf::from(&self.tls_cert), PathBuf::from(&self.tls_key))
        } else {
            (beside("crt"), beside("key"))
        };
        Ok(tls::Settings { mode: self.tls, certificate, key, is_given })
    }

    fn read_limits(&mut self, limits: &Table) -> Result<(), ConfigError> {
        for (name, value) in limits {
            let text = match value {
                Value::Integer(number) => number.to_string(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            self.limits.set(name, &text).map_err(|error| wrong(&format!("limits.{name}"), &error.to_string()))?;
        }
        Ok(())
    }

    /// All settings as a TOML file that [`Config::read_toml`] reads.
    pub fn to_toml(&self) -> String {
        let quoted = |text: &str| Value::String(text.to_owned()).to_string();
        let format = match self.log_format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        let list = |texts: &[String]| Value::from(texts.to_vec()).to_string();
        let metrics = match self.metrics {
            Metrics::Loopback => "loopback",
            Metrics::Everyone => "everyone",
        };
        let tls = match self.tls {
            Mode::Auto => "auto",
            Mode::Off => "off",
            Mode::Allow => "allow",
            Mode::Require => "require",
        };
        let mut text = format!(
            "listen = {}\nirc = {}\nname = {}\nnetwork = {}\naddress = {}\nqr = {}\nhost = {}\norigin = {}\npage = {}\nmetrics = {}\ntls = {}\ntls-cert = {}\ntls-key = {}\nclear-passwords = {}\ndata = {}\nctl = {}\nmemory = {}\nquiet = {}\nconsole = {}\nlog = {}\nlog-format = {}\nlog-file = {}\nmotd = {}\n\n[limits]\n",
            quoted(&self.listen),
            quoted(&self.irc),
            quoted(&self.name),
            quoted(&self.network),
            quoted(&self.address),
            self.qr,
            list(&self.host),
            list(&self.origin),
            quoted(&self.page),
            quoted(metrics),
            quoted(tls),
            quoted(&self.tls_cert),
            quoted(&self.tls_key),
            self.clear_passwords,
            quoted(&self.data),
            quoted(&self.ctl),
            self.memory,
            self.quiet,
            self.console,
            quoted(&self.log),
            quoted(format),
            quoted(&self.log_file),
            quoted(&self.motd)
        );
        for row in TABLE {
            let number = self.limits.get(row.name).unwrap_or(row.default);
            text.push_str(&format!("{} = {number} # {}, {} to {}\n", row.name, row.unit, row.least, row.most));
        }
        text
    }
}

fn strings(name: &str, value: &Value) -> Result<Vec<String>, ConfigError> {
    let list = value.as_array().into_iter().flatten().map(|one| one.as_str().map(str::to_owned));
    list.collect::<Option<_>>().ok_or_else(|| wrong(name, "it takes a list of strings"))
}

fn wrong(setting: &str, wrong: &str) -> ConfigError {
    ConfigError { setting: setting.to_owned(), wrong: wrong.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_back_as_it_was() {
        let mut config = Config { quiet: true, metrics: Metrics::Everyone, ..Config::default() };
        config.set_hosts(&["chat.example".to_owned()]).unwrap();
        config.set_origins(&["https://chat.example".to_owned(), "http://a:80".to_owned()]).unwrap();
        config.limits.set("rate", "off").unwrap();
        let mut read = Config::default();
        read.read_toml(&config.to_toml()).unwrap();
        assert_eq!(read, config);
    }

    #[test]
    fn a_wrong_setting_is_named_with_what_it_takes() {
        for (text, said) in [
            ("listen = 7667", "listen: it takes a string"),
            (
                "address = \"http://a\"",
                "address: it takes an IP address or a name, such as 192.168.1.5 or chat.example:7667, not \"http://a\"",
            ),
            ("irc = 6667", "irc: it takes a string"),
            ("name = \"chat\"", "name: it takes a name with a dot in it, such as chat.example, not \"chat\""),
            ("network = \"two words\"", "network: it takes one word, such as Roomful, not \"two words\""),
            ("qr = 1", "qr: it takes true or false"),
            ("host = \"a\"", "host: it takes a list of strings"),
            ("host = [3]", "host: it takes a list of strings"),
            ("host = [\"a:80\"]", "host: it takes names such as chat.example, not \"a:80\""),
            ("origin = [\"a\"]", "origin: it takes origins such as https://chat.example, not \"a\""),
            ("origin = [\"http://a/\"]", "origin: it takes origins such as https://chat.example, not \"http://a/\""),
            ("metrics = \"all\"", "metrics: it takes \"loopback\" or \"everyone\""),
            ("quite = true", "quite: there is no such setting"),
            ("log-format = \"xml\"", "log-format: it takes \"text\" or \"json\""),
            ("limits = 3", "limits: it is a table: [limits]"),
            ("[limits]\ntext = true", "limits.text: text must be 1 to 100000 characters, not \"true\""),
            ("[limits]\nstop = \"off\"", "limits.stop: stop must be 10 to 600000 ms, not \"off\""),
        ] {
            let (setting, sentence) = said.split_once(": ").unwrap();
            let said = format!("{setting} (line {}): {sentence}", text.lines().count());
            assert_eq!(Config::default().read_toml(text).unwrap_err().to_string(), said);
        }
        assert!(Config::default().read_toml("[limits").is_err());
    }
}
