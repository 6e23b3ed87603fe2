//! Asks the verdict inside of the handshake, where the server shows its certificate and before anything is sent. Knows rustls; the rules are in `verdict`.

use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::distrust::Distrust;
use super::policy::Security;
use super::verdict::{Shown, Standing};
use crate::net::fingerprint::Fingerprint;

/// Verifies one server in one handshake.
#[derive(Debug)]
pub(super) struct Verifier {
    standing: Standing,
    authorities: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    verdict: Mutex<Option<Result<(Fingerprint, Security), Distrust>>>,
}

impl Verifier {
    /// # Errors
    /// If there is no authority at all.
    pub fn new(standing: Standing, authorities: RootCertStore) -> Result<Arc<Verifier>, Error> {
        let provider = Arc::new(ring::default_provider());
        let authorities = WebPkiServerVerifier::builder_with_provider(authorities.into(), Arc::clone(&provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(Arc::new(Verifier { standing, authorities, provider, verdict: Mutex::new(None) }))
    }

    /// What a handshake needs that is verified by this.
    ///
    /// # Errors
    /// None is known.
    pub fn config(self: &Arc<Self>, protocol: &str) -> Result<Arc<ClientConfig>, Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::<Verifier>::clone(self))
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.into()];
        // Each connection shows its certificate anew, so that each is verified.
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }

    /// What was said of the key, if the server came to show one.
    pub fn verdict(&self) -> Option<Result<(Fingerprint, Security), Distrust>> {
        self.verdict.lock().clone()
    }

    pub fn standing(&self) -> &Standing {
        &self.standing
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        revocation: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = Fingerprint::of_certificate(own)?;
        let vouched = self.authorities.verify_server_cert(own, others, name, revocation, now).is_ok();
        let verdict = self.standing.judge(Shown { key, vouched });
        let told = match &verdict {
            Ok(_) => Ok(ServerCertVerified::assertion()),
            Err(Distrust::Unknown { .. }) => Err(CertificateError::UnknownIssuer.into()),
            Err(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
        };
        *self.verdict.lock() = Some(verdict.map(|security| (key, security)));
        told
    }

    // That the server has the key, and not only the certificate, is proved by its signature. It must
    // hold in every case, also if the key is known.

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
