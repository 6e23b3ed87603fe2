//! TLS of one client of the crowd, on a socket that does not block. Trusts every server, because load goes to this machine only.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

/// One connection's TLS.
#[derive(Debug)]
pub struct Sealed(ClientConnection);

impl Sealed {
    /// Begins with a handshake, which the first bytes to be sent wait for.
    ///
    /// # Errors
    /// When TLS itself cannot begin.
    pub fn new(server: SocketAddr) -> io::Result<Self> {
        static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        let config = Arc::clone(CONFIG.get_or_init(|| {
            let anybody = Anybody(Arc::new(ring::default_provider()));
            let builder = ClientConfig::builder().dangerous();
            Arc::new(builder.with_custom_certificate_verifier(Arc::new(anybody)).with_no_client_auth())
        }));
        let mut connection = ClientConnection::new(config, ServerName::from(server.ip())).map_err(io::Error::other)?;
        connection.set_buffer_limit(None);
        Ok(Self(connection))
    }

    /// Seals `plain`, and what TLS has to say itself.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn seal(&mut self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let mut sealed = Vec::new();
        self.0.writer().write_all(plain)?;
        while self.0.wants_write() {
            self.0.write_tls(&mut sealed)?;
        }
        Ok(sealed)
    }

    /// Reads once from the socket, and puts what came of it into `buffer`; `None` is the end.
    ///
    /// # Errors
    /// When the connection is broken, or has nothing to read now.
    pub fn read(&mut self, tcp: &mut TcpStream, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let is_over = self.0.read_tls(tcp)? == 0;
        self.0.process_new_packets().map_err(io::Error::other)?;
        let mut filled = 0;
        loop {
            match self.0.reader().read(&mut buffer[filled..]) {
                Ok(0) => return Ok((filled > 0).then_some(filled)),
                Ok(more) => filled += more,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(Some(filled)),
                Err(_) if is_over => return Ok((filled > 0).then_some(filled)),
                Err(e) => return Err(e),
            }
        }
    }
}

/// Trusts every certificate whose key has signed the handshake.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
