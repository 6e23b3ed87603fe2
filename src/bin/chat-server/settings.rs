//! The settings in force: file, variables and flags put together. Knows where a setting is written, not what it does.

use std::path::Path;

use clap::ArgMatches;
use roomful::config::{Config, ConfigError};
use roomful::limits::TABLE;
use roomful::process;
use tracing_subscriber::EnvFilter;

use crate::args::{Args, variable};

/// The settings: a flag wins over its variable, that over the file, that over the default.
pub fn read(args: &Args, matches: &ArgMatches) -> anyhow::Result<Config> {
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
    config.console &= !args.no_console;
    config.qr &= !args.no_qr;
    if let Some(address) = &args.address {
        config.set_address(address).map_err(|error| ConfigError {
            setting: format!("{}{}", process::origin(matches, "address", &variable("address")), error.setting),
            ..error
        })?;
    }
    let from = |setting, error: ConfigError| ConfigError {
        setting: format!("{}{}", process::origin(matches, setting, &variable(setting)), error.setting),
        ..error
    };
    if let Some(hosts) = &args.host {
        config.set_hosts(hosts).map_err(|error| from("host", error))?;
    }
    if let Some(origins) = &args.origin {
        config.set_origins(origins).map_err(|error| from("origin", error))?;
    }
    config.page = args.page.clone().unwrap_or(config.page);
    config.metrics = args.metrics.unwrap_or(config.metrics);
    config.listen = args.listen.clone().unwrap_or(config.listen);
    config.log = args.log.clone().unwrap_or(config.log);
    config.log_format = args.log_format.unwrap_or(config.log_format);
    let checked = EnvFilter::try_new(&config.log);
    checked.map_err(|error| ConfigError {
        setting: format!("{}log", process::origin(matches, "log", &variable("log"))),
        wrong: format!("{error}; it takes off, error, warn, info, debug, trace, or tracing directives"),
    })?;
    Ok(config)
}

fn read_file(config: &mut Config, file: &Path) -> anyhow::Result<()> {
    let bad = |wrong: String| ConfigError { setting: String::new(), wrong };
    let text =
        std::fs::read_to_string(file).map_err(|error| bad(format!("cannot read {}: {error}", file.display())))?;
    config.read_toml(&text).map_err(|error| anyhow::Error::from(bad(format!("{}: {error}", file.display()))))
}
