//! The settings in force: file, variables and flags put together. Knows where a setting is written, not what it does.

use std::path::Path;
use std::sync::Arc;

use clap::ArgMatches;
use roomful::config::{Config, ConfigError};
use roomful::limits::TABLE;
use roomful::process;
use roomful::server::motd;

use crate::args::{Args, variable};
use crate::log;

/// The settings: a flag wins over its variable, that over the file, that over the default.
///
/// # Errors
/// One of them cannot be taken.
pub fn read(args: &Args, matches: &ArgMatches) -> Result<Config, ConfigError> {
    let mut config = Config::default();
    if let Some(file) = &args.config {
        read_file(&mut config, file)?;
    }
    for row in TABLE {
        if let Some(value) = matches.get_one::<String>(row.name) {
            config.limits.set(row.name, value).map_err(|error| {
                let origin = process::origin(matches, row.name, &variable(row.name));
                ConfigError { setting: String::new(), wrong: format!("{origin}{error}") }
            })?;
        }
    }
    config.data = args.data.clone().unwrap_or(config.data);
    config.ctl = args.ctl.clone().unwrap_or(config.ctl);
    config.memory |= args.memory;
    config.quiet |= args.quiet;
    config.clear_passwords |= args.clear_passwords;
    config.console &= !args.no_console;
    config.qr &= !args.no_qr;
    let from = |setting, error: ConfigError| ConfigError {
        setting: format!("{}{}", process::origin(matches, setting, &variable(setting)), error.setting),
        ..error
    };
    if let Some(name) = &args.name {
        config.set_name(name).map_err(|error| from("name", error))?;
    }
    if let Some(network) = &args.network {
        config.set_network(network).map_err(|error| from("network", error))?;
    }
    if let Some(address) = &args.address {
        config.set_address(address).map_err(|error| from("address", error))?;
    }
    if let Some(hosts) = &args.host {
        config.set_hosts(hosts).map_err(|error| from("host", error))?;
    }
    if let Some(origins) = &args.origin {
        config.set_origins(origins).map_err(|error| from("origin", error))?;
    }
    config.page = args.page.clone().unwrap_or(config.page);
    config.metrics = args.metrics.unwrap_or(config.metrics);
    config.tls = args.tls.unwrap_or(config.tls);
    config.tls_cert = args.tls_cert.clone().unwrap_or(config.tls_cert);
    config.tls_key = args.tls_key.clone().unwrap_or(config.tls_key);
    config.tls()?;
    config.irc = args.irc.clone().unwrap_or(config.irc);
    config.listen = args.listen.clone().unwrap_or(config.listen);
    config.log = args.log.clone().unwrap_or(config.log);
    config.log_format = args.log_format.unwrap_or(config.log_format);
    config.log_file = args.log_file.clone().unwrap_or(config.log_file);
    config.motd = args.motd.clone().unwrap_or(config.motd);
    log::level(&config.log).map_err(|error| from("log", error))?;
    Ok(config)
}

/// The message of the day that the settings name.
///
/// # Errors
/// Its file cannot be read, or has too much in it.
pub fn motd(config: &Config) -> Result<Option<Arc<str>>, ConfigError> {
    if config.motd.is_empty() {
        return Ok(None);
    }
    motd::read(Path::new(&config.motd)).map_err(|wrong| ConfigError { setting: "motd".to_owned(), wrong })
}

fn read_file(config: &mut Config, file: &Path) -> Result<(), ConfigError> {
    let bad = |wrong: String| ConfigError { setting: String::new(), wrong };
    let text =
        std::fs::read_to_string(file).map_err(|error| bad(format!("cannot read {}: {error}", file.display())))?;
    config.read_toml(&text).map_err(|error| bad(format!("{}: {error}", file.display())))
}
