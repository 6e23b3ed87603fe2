//! The fingerprint of a public key: what a person compares, and what a client stores. Knows certificates only as far as the key in them.

use std::fmt;
use std::str::FromStr;

use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// How many bytes of the hash are taken.
const BYTES: usize = 16;

/// The first 128 bits of the SHA-256 of a public key: of the `SubjectPublicKeyInfo`
/// in DER, as it stands in a certificate. That is enough: another key with the same
/// fingerprint takes 2^128 attempts. A renewed certificate for the same key has the
/// same fingerprint.
///
/// ```
/// use roomful::net::fingerprint::Fingerprint;
///
/// let shown = "7f3a-91c0-5be2-0d11-02bd-77fe-1a40-c3d4";
/// let fingerprint: Fingerprint = shown.parse()?;
/// assert_eq!(fingerprint.to_string(), shown);
/// assert_eq!("7F3A 91C0 5BE2 0D11 02BD 77FE 1A40 C3D4".parse(), Ok(fingerprint));
/// # Ok::<(), roomful::net::fingerprint::NoFingerprint>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; BYTES]);

/// A text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a fingerprint has eight groups of four digits, 0 to 9 and a to f: 7f3a-91c0-…, as the server shows it")]
pub struct NoFingerprint;

impl Fingerprint {
    /// The fingerprint of a key, as its `SubjectPublicKeyInfo` in DER.
    pub fn of_key(info: &[u8]) -> Fingerprint {
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(&Sha256::digest(info)[..BYTES]);
        Fingerprint(bytes)
    }

    /// The fingerprint of the key in a certificate.
    ///
    /// # Errors
    /// If it is no X.509 certificate of version 3.
    pub fn of_certificate(certificate: &CertificateDer<'_>) -> Result<Fingerprint, rustls::Error> {
        Ok(Fingerprint::of_key(&ParsedCertificate::try_from(certificate)?.subject_public_key_info()))
    }
}

/// Eight groups of four digits. There are no blanks between them, so that it can
/// be copied into a command as it is.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pair) in self.0.chunks(2).enumerate() {
            let dash = if index > 0 { "-" } else { "" };
            write!(f, "{dash}{:02x}{:02x}", pair[0], pair[1])?;
        }
        Ok(())
    }
}

/// Takes what [`Fingerprint`] shows, and what people make of it: blanks or colons
/// between the groups or nothing, capital letters, `sha256:` before it.
impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Fingerprint, NoFingerprint> {
        let text = text.trim().to_lowercase();
        let text = text.strip_prefix("sha256:").unwrap_or(&text);
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|letter| !matches!(letter, '-' | ':' | ' '))
            .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.filter(|digits| digits.len() == 2 * BYTES).ok_or(NoFingerprint)?;
        let mut bytes = [0; BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Fingerprint(bytes))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn a_renewed_certificate_has_the_fingerprint_of_its_key() {
        let key = KeyPair::generate().unwrap();
        let made = |host: &str| CertificateParams::new(vec![host.to_owned()]).unwrap().self_signed(&key).unwrap();
        let (first, renewed) = (made("one.example"), made("two.example"));
        assert_ne!(first.der(), renewed.der());
        let fingerprint = Fingerprint::of_certificate(first.der()).unwrap();
        assert_eq!(fingerprint, Fingerprint::of_certificate(renewed.der()).unwrap());
        assert_eq!(fingerprint, Fingerprint::of_key(&rcgen::PublicKeyData::subject_public_key_info(&key)));
        assert!(Fingerprint::of_certificate(&CertificateDer::from(&b"no certificate"[..])).is_err());
    }

    #[test]
    fn a_fingerprint_is_read_however_its_groups_are_written() {
        let fingerprint = Fingerprint::of_key(b"a key");
        let shown = fingerprint.to_string();
        assert_eq!(shown.split('-').map(str::len).collect::<Vec<_>>(), [4; 8]);
        for written in [
            shown.clone(),
            shown.replace('-', " "),
            shown.replace('-', ":"),
            shown.replace('-', ""),
            format!(" SHA256:{} ", shown.to_uppercase()),
        ] {
            assert_eq!(written.parse(), Ok(fingerprint), "{written:?}");
        }
        let short = &shown[..shown.len() - 1];
        for written in [
            "",
            "sha256:",
            short,
            &format!("{shown}0"),
            &shown.replace(&shown[..1], "g"),
            &shown.replace(&shown[..1], "é"),
        ] {
            assert_eq!(written.parse::<Fingerprint>(), Err(NoFingerprint), "{written:?}");
        }
    }
}
