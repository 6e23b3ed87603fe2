//! Makes the certificate of encrypted connections, and tells what people compare. Knows no server.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use roomful::config::Config;
use roomful::tls::{Pair, made};

/// Makes a certificate for `hosts`, or another one for the same key, or tells of the one that is there.
///
/// # Errors
/// A file cannot be read or written, or what is there is of no use.
pub fn run(config: &Config, hosts: &[String], days: u32, renew: bool) -> anyhow::Result<ExitCode> {
    let settings = config.tls()?;
    let files = [&settings.certificate, &settings.key];
    let certificate = if renew {
        made::renew(&settings, hosts, days)?
    } else if hosts.is_empty() && files.iter().any(|file| file.exists()) {
        Pair::read(&settings, SystemTime::now())?.certificate
    } else {
        made::make(&settings, hosts, days)?
    };
    let [file, key] = files.map(|file| file.display());
    // It is made, even if stdout is closed.
    let _ = write!(
        io::stdout(),
        "{file} is for {} and ends on {}; its key is in {key}\n  \
         chat-client shows  {}\n  \
         browsers show      {}\n",
        certificate.names.join(", "),
        certificate.last_day(),
        certificate.fingerprint,
        certificate.sha256,
    );
    Ok(ExitCode::SUCCESS)
}
