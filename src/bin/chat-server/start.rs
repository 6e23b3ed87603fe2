//! Makes the server of its settings, and says what to do if it cannot start. Knows no screen.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use clap::ArgMatches;
use roomful::chat::effects::Watch;
use roomful::config::Config;
use roomful::front::Fronts;
use roomful::process;
use roomful::server::{Handle, Server, StartError};

use crate::args::variable;

/// Starts the server: on the `sockets` that were passed to this process, if there are any.
///
/// # Errors
/// It cannot listen, or use its database; or this machine has no room for it.
pub fn server(
    config: &Config,
    motd: Option<Arc<str>>,
    matches: &ArgMatches,
    sockets: Vec<TcpListener>,
) -> anyhow::Result<Handle> {
    let watch = match (config.console, config.quiet) {
        (false, _) => Watch::Nothing,
        (true, true) => Watch::Events,
        (true, false) => Watch::Messages,
    };
    let server = if sockets.is_empty() {
        let origin = process::origin(matches, "listen", &variable("listen"));
        Server::bind(config.listen.as_str()).with_context(|| {
            format!("{origin}{:?} is no address to listen on; write for example 127.0.0.1:7667", config.listen)
        })?
    } else {
        tracing::info!(sockets = sockets.len(), "listening on the sockets of the service manager, and not on --listen");
        Server::on(sockets)
    };
    let server = server.fronts(Fronts::default().clear_passwords(config.clear_passwords));
    let server = server.limits(config.limits.clone()).web(config.web()).tls(config.tls()?).motd(motd).watch(watch);
    let server = server.named(config.names());
    let server = if config.irc.is_empty() {
        server
    } else {
        let origin = process::origin(matches, "irc", &variable("irc"));
        server.irc(config.irc.as_str()).with_context(|| {
            format!("{origin}{:?} is no address to listen on; write for example 0.0.0.0:6667", config.irc)
        })?
    };
    let server = if config.memory { server } else { server.data(&config.data) };
    server.start().map_err(|error| cannot_start(error, &config.listen))
}

fn cannot_start(error: StartError, addr: &str) -> anyhow::Error {
    let error = match error {
        StartError::Listen(error) => error,
        StartError::Store(error) => return error.into(),
        StartError::Tls(error) => return error.into(),
        other => return other.into(),
    };
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => "; is a server running there already? --listen 127.0.0.1:0 takes any free port",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need more rights, take a higher one",
        io::ErrorKind::AddrNotAvailable => "; that is no address of this machine",
        _ => "",
    };
    anyhow!("cannot listen on {addr}: {error}{hint}")
}
