//! A certificate of our own making: for a server that nobody in the world vouches for. Knows files and dates, and no connection.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd};

use super::pair::read_chain;
use super::{Certificate, Settings, TlsError};
use crate::process::machine;
use crate::process::private::{as_any_new_file, private};

/// For how many days a certificate is made if nothing else is said. Some systems take none for longer than 825.
pub const DAYS: u32 = 730;

/// Makes a key and its certificate, for this machine and for `hosts`.
///
/// # Errors
/// One of the files is there already, or cannot be written; or a host is no name.
pub fn make(settings: &Settings, hosts: &[String], days: u32) -> Result<Certificate, TlsError> {
    for file in [&settings.certificate, &settings.key] {
        if file.exists() {
            let what = "nothing is made over it; --renew makes a new certificate for the same key";
            return Err(TlsError(format!("{} is there already; {what}", file.display())));
        }
    }
    let key = KeyPair::generate().map_err(|error| TlsError(format!("cannot make a key: {error}")))?;
    let (pem, certificate) = signed(&key, &names(&[], hosts), days)?;
    let written = private(OpenOptions::new().write(true).create_new(true)).open(&settings.key);
    written
        .and_then(|mut file| file.write_all(key.serialize_pem().as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| cannot_make(&settings.key, &error))?;
    put(&settings.certificate, &pem)?;
    Ok(certificate)
}

/// Makes another certificate for the key that is there, for the names of the old one and for
/// `hosts`. Its fingerprint stays.
///
/// # Errors
/// The key cannot be read, or the certificate cannot be written; or a host is no name.
pub fn renew(settings: &Settings, hosts: &[String], days: u32) -> Result<Certificate, TlsError> {
    let file = settings.key.display();
    let pem = std::fs::read_to_string(&settings.key).map_err(|error| {
        TlsError(format!("cannot read {file}: {error}; without --renew a key is made, too, if there is none"))
    })?;
    let key = KeyPair::from_pem(&pem)
        .map_err(|error| TlsError(format!("{file} has no key of which a certificate can be made: {error}")))?;
    let old = read_chain(settings).ok().and_then(|chain| Certificate::of(chain.first()?));
    if old.as_ref().is_some_and(|old| !old.is_self_signed) {
        let what = "it is vouched for by others, so get another from where it came";
        return Err(TlsError(format!("{}: {what}", settings.certificate.display())));
    }
    let old = old.map_or_else(Vec::new, |old| old.names);
    let (pem, certificate) = signed(&key, &names(&old, hosts), days)?;
    put(&settings.certificate, &pem)?;
    Ok(certificate)
}

/// The names of a certificate, each once.
fn names(old: &[String], hosts: &[String]) -> Vec<String> {
    let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let machine = machine::machine_name().filter(|name| name.is_ascii());
    let mut names: Vec<String> = Vec::new();
    for name in own.into_iter().chain(machine).chain(old.iter().cloned()).chain(hosts.iter().cloned()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A certificate for `key` that vouches for itself, in PEM.
fn signed(key: &KeyPair, names: &[String], days: u32) -> Result<(String, Certificate), TlsError> {
    let wrong = |error: rcgen::Error| TlsError(format!("cannot make a certificate for {}: {error}", names.join(", ")));
    let mut params = CertificateParams::new(names).map_err(wrong)?;
    params.distinguished_name.push(DnType::CommonName, "Roomful");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // From yesterday, because the clocks of the clients differ.
    let [(from, month, first), (until, last_month, last)] = [day(-1)?, day(i64::from(days))?];
    params.not_before = date_time_ymd(from, month, first);
    params.not_after = date_time_ymd(until, last_month, last);
    let made = params.self_signed(key).map_err(wrong)?;
    let certificate =
        Certificate::of(made.der()).ok_or_else(|| TlsError("a damaged certificate was made".to_owned()))?;
    Ok((made.pem(), certificate))
}

/// The year, month and day so many days from today, in UTC.
fn day(from_today: i64) -> Result<(i32, u8, u8), TlsError> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = today.checked_add(from_today.days()).map_err(|error| TlsError(error.to_string()))?;
    let [month, day_of_month] = [day.month(), day.day()].map(i8::unsigned_abs);
    Ok((day.year().into(), month, day_of_month))
}

/// Writes a certificate over the old one, all of it or nothing.
fn put(file: &Path, pem: &str) -> Result<(), TlsError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = as_any_new_file(&mut tempfile::Builder::new()).tempfile_in(folder).and_then(|mut new| {
        new.write_all(pem.as_bytes())?;
        new.as_file().sync_all()?;
        new.persist(file).map(drop).map_err(io::Error::from)
    });
    written.map_err(|error| cannot_make(file, &error))
}

fn cannot_make(file: &Path, error: &io::Error) -> TlsError {
    TlsError(format!(
        "cannot make {}: {error}; name your own files with --tls-cert and --tls-key, or start with --tls off",
        file.display()
    ))
}
