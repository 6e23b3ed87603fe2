//! A certificate and its key, read from their files and checked before anything uses them. Knows no connection.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::Settings;
use crate::net::fingerprint::Fingerprint;

/// The protocols inside TLS that a client may ask for (ALPN). One that asks for none may speak any.
pub(super) const INSIDE: [&[u8]; 3] = [b"http/1.1", b"irc", b"roomful"];

/// A certificate or its key cannot be used, and what to do about it: a sentence.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct TlsError(pub(super) String);

/// What is known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The fingerprint of its key, which the terminal client compares.
    pub fingerprint: Fingerprint,
    /// The SHA-256 of all of it, as browsers show it.
    pub sha256: String,
    /// When it ends.
    pub until: SystemTime,
    /// The host names and addresses for which it was made.
    pub names: Vec<String>,
    /// Whether only itself vouches for it: then people must compare the fingerprint.
    pub is_self_signed: bool,
}

/// A certificate and its key that belong together, ready for newcomers.
#[derive(Debug)]
pub struct Pair {
    pub(super) config: Arc<ServerConfig>,
    /// What is known of the certificate.
    pub certificate: Certificate,
}

impl Pair {
    /// Reads the two files and checks all that a client would find fault with.
    ///
    /// # Errors
    /// A file cannot be read, or has nothing of use in it; the two do not belong together;
    /// or the certificate has ended at `now`.
    pub fn read(settings: &Settings, now: SystemTime) -> Result<Pair, TlsError> {
        let Settings { certificate: file, key: key_file, .. } = settings;
        let chain = read_chain(settings)?;
        let certificate = Certificate::of(&chain[0])
            .ok_or_else(|| TlsError(format!("{}: the first certificate is damaged", file.display())))?;
        let key = read_key(settings)?;
        let signing = ring::sign::any_supported_type(&key).map_err(|_| {
            TlsError(format!(
                "{} has a key of an unknown kind; RSA, P-256, P-384 and Ed25519 are known",
                key_file.display()
            ))
        })?;
        let certified = CertifiedKey::new(chain, signing);
        if certified.keys_match().is_err() {
            let both =
                format!("the key in {} is not that of the certificate in {}", key_file.display(), file.display());
            return Err(TlsError(format!("{both}; the server's own certificate must be the first in its file")));
        }
        if certificate.until <= now {
            return Err(TlsError(format!("the certificate in {} ended on {}", file.display(), certificate.advice())));
        }
        Ok(Pair { config: Arc::new(config(certified)?), certificate })
    }
}

/// The settings of TLS: no tickets and no memory of clients, so each begins with a whole handshake.
fn config(certified: CertifiedKey) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| TlsError(error.to_string()))?;
    let resolver = Arc::new(SingleCertAndKey::from(certified));
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = INSIDE.map(<[u8]>::to_vec).into();
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

/// The certificate, and those behind it that vouch for it; at least one.
pub(super) fn read_chain(settings: &Settings) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(&settings.certificate, settings)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(TlsError(format!(
            "{} has no certificate in it; one begins with -----BEGIN CERTIFICATE-----",
            settings.certificate.display()
        ))),
    }
}

fn read_key(settings: &Settings) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(&settings.key, settings)?;
    let file = settings.key.display();
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let has_password = bytes.windows(9).any(|part| part == b"ENCRYPTED");
        TlsError(match error {
            pem::Error::NoItemsFound if has_password => {
                format!("the key in {file} has a password; openssl pkey -in {file} -out KEY writes it without one")
            }
            pem::Error::NoItemsFound => format!("{file} has no key in it; one begins with -----BEGIN PRIVATE KEY-----"),
            error => format!("{file}: the key is damaged: {error}"),
        })
    })
}

fn read(file: &Path, settings: &Settings) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| {
        let what = match (settings.is_given, error.kind()) {
            (false, io::ErrorKind::NotFound) if file == settings.certificate => {
                "its key is there: chat-server cert --renew makes a certificate for it"
            }
            (false, io::ErrorKind::NotFound) => "the certificate is there, but of no use without its key: remove it",
            (_, io::ErrorKind::NotFound) => "chat-server cert makes a certificate and its key, without --tls-cert",
            _ => "the user of the server must be able to read it",
        };
        TlsError(format!("cannot read {}: {error}; {what}", file.display()))
    })
}

impl Certificate {
    /// What is known of this certificate; `None` if it is damaged.
    pub fn of(der: &CertificateDer<'_>) -> Option<Certificate> {
        let parsed = x509_cert::Certificate::from_der(der).ok()?;
        let about = parsed.tbs_certificate();
        let names = about.get_extension::<SubjectAltName>().ok().flatten();
        let names = names.into_iter().flat_map(|(_, names)| names.0).filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.to_string()),
            GeneralName::IpAddress(bytes) => address(bytes.as_bytes()),
            _ => None,
        });
        let sha256: Vec<String> = Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect();
        Some(Certificate {
            fingerprint: Fingerprint::of_certificate(der).ok()?,
            sha256: sha256.join(":"),
            until: about.validity().not_after.to_system_time(),
            names: names.collect(),
            is_self_signed: about.issuer() == about.subject(),
        })
    }

    /// The day on which it ends, in UTC.
    pub fn last_day(&self) -> String {
        let ends = Timestamp::try_from(self.until).map(|ends| ends.to_zoned(TimeZone::UTC).date().to_string());
        ends.unwrap_or_else(|_| "a day far away".to_owned())
    }

    /// The day on which it ends, and how to get another.
    pub(super) fn advice(&self) -> String {
        let how = if self.is_self_signed {
            "chat-server cert --renew makes another for the same key"
        } else {
            "get another from where it came"
        };
        format!("{}; {how}", self.last_day())
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string())).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Mode, made};
    use super::*;

    fn settings(folder: &tempfile::TempDir, name: &str) -> Settings {
        let [certificate, key] = ["crt", "key"].map(|ending| folder.path().join(name).with_extension(ending));
        Settings { mode: Mode::Allow, certificate, key, is_given: false }
    }

    fn wrong(settings: &Settings) -> String {
        Pair::read(settings, SystemTime::now()).unwrap_err().to_string()
    }

    #[test]
    fn what_was_made_is_read_and_renewed_with_the_same_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let own = settings(&folder, "own");
        let made = made::make(&own, &["chat.example".to_owned()], 10).unwrap();
        assert_eq!(Pair::read(&own, SystemTime::now()).unwrap().certificate, made);
        assert!(made.is_self_signed && made.names.starts_with(&["localhost", "127.0.0.1", "::1"].map(str::to_owned)));
        assert_eq!(made.sha256.split(':').count(), 32);
        assert!(made::make(&own, &[], 10).unwrap_err().to_string().contains("own.crt is there already"));
        let renewed = made::renew(&own, &["192.0.2.7".to_owned()], 100).unwrap();
        assert_eq!(renewed.fingerprint, made.fingerprint);
        assert!(renewed.until > made.until && renewed.sha256 != made.sha256);
        assert_eq!(renewed.names[made.names.len() - 1..], ["chat.example", "192.0.2.7"]);
        let leftover: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(leftover.len(), 2);
    }

    #[test]
    fn whatever_is_wrong_with_the_files_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let [own, other] = ["own", "other"].map(|name| settings(&folder, name));
        let made = made::make(&own, &[], 10).unwrap();
        made::make(&other, &[], 10).unwrap();
        let mixed = Settings { key: other.key.clone(), ..own.clone() };
        assert!(wrong(&mixed).contains("is not that of the certificate"), "{}", wrong(&mixed));
        let late = made.until + Duration::from_secs(1);
        let ended = Pair::read(&own, late).unwrap_err().to_string();
        assert!(ended.contains(&format!("ended on {}; chat-server cert --renew", made.last_day())), "{ended}");
        let good = std::fs::read_to_string(&other.key).unwrap();
        for (key, told) in [
            ("", "has no key in it"),
            (&*good.replace("PRIVATE", "ENCRYPTED PRIVATE"), "has a password; openssl pkey -in"),
            (&*good.replace("MI", "!!"), "the key is damaged"),
            (&*std::fs::read_to_string(&own.certificate).unwrap(), "has no key in it"),
        ] {
            std::fs::write(&other.key, key).unwrap();
            assert!(wrong(&other).contains(told), "{}", wrong(&other));
        }
        std::fs::write(&other.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(wrong(&other).contains("the first certificate is damaged"), "{}", wrong(&other));
        std::fs::write(&other.certificate, "").unwrap();
        assert!(wrong(&other).contains("has no certificate in it"), "{}", wrong(&other));
        std::fs::remove_file(&other.certificate).unwrap();
        assert!(wrong(&other).contains("chat-server cert --renew makes a certificate for it"), "{}", wrong(&other));
        std::fs::remove_file(&own.key).unwrap();
        assert!(wrong(&own).contains("of no use without its key"), "{}", wrong(&own));
    }
}
