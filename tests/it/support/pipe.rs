//! A client's end of a connection, with TLS or without. Knows no protocol.
//!
//! Whole modules of tests are run a second time over TLS, by `encrypted`: then the
//! variable names the folder of a certificate, which all their servers have.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use roomful::tls::{Mode, Settings};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// If this variable is set, all is encrypted with the certificate in that folder.
pub const FOLDER: &str = "ROOMFUL_TEST_TLS";

/// A connection of a client.
pub struct Pipe {
    pub tcp: TcpStream,
    tls: Option<Box<ClientConnection>>,
    /// As much is read from the socket at once.
    pub gulp: usize,
}

/// How the servers of this process are encrypted, if they are.
pub fn settings() -> Option<Settings> {
    let folder = PathBuf::from(std::env::var_os(FOLDER)?);
    Some(in_folder(folder, Mode::Allow))
}

/// With the certificate in a folder, which is made if it is not there.
pub fn in_folder(folder: PathBuf, mode: Mode) -> Settings {
    Settings { mode, certificate: folder.join("roomful.crt"), key: folder.join("roomful.key"), is_given: false }
}

/// Trusts the certificate in that file, and nothing else.
pub fn trusting(settings: &Settings) -> Arc<ClientConfig> {
    let mut trusted = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(&settings.certificate).expect("it was made");
    trusted.add(certificate).expect("a certificate");
    Arc::new(ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth())
}

impl Pipe {
    /// On a connected socket: encrypted, if the servers of this process are.
    pub fn new(tcp: TcpStream) -> Pipe {
        static TRUSTING: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        match settings() {
            Some(settings) => Pipe::encrypted(tcp, TRUSTING.get_or_init(|| trusting(&settings))),
            None => Pipe { tcp, tls: None, gulp: 16_384 },
        }
    }

    /// Encrypted. The handshake is made with the first bytes.
    pub fn encrypted(tcp: TcpStream, config: &Arc<ClientConfig>) -> Pipe {
        let server = ServerName::from(tcp.peer_addr().expect("it is connected").ip());
        let tls = ClientConnection::new(Arc::clone(config), server).expect("a good configuration");
        Pipe { tcp, tls: Some(Box::new(tls)), gulp: 16_384 }
    }

    /// Makes the handshake.
    ///
    /// # Errors
    /// The server has ended the connection.
    pub fn shake_hands(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        tls.set_buffer_limit(None);
        while tls.is_handshaking() {
            tls.complete_io(&mut self.tcp)?;
        }
        Ok(())
    }

    /// The connection inside, to do with it what a client would not.
    pub fn tls(&mut self) -> &mut ClientConnection {
        self.tls.as_mut().expect("it is encrypted")
    }

    /// Ends the sending side.
    pub fn half_close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = self.flush();
        }
        self.tcp.shutdown(Shutdown::Write).expect("it is connected");
    }
}

impl Read for Pipe {
    /// An end that is not sealed is a reset.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.shake_hands()?;
        let Some(tls) = &mut self.tls else {
            let gulp = self.gulp.min(buffer.len());
            return self.tcp.read(&mut buffer[..gulp]);
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(ErrorKind::ConnectionReset.into()),
                read => return read,
            }
            tls.read_tls(&mut (&self.tcp).take(self.gulp as u64))?;
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.shake_hands()?;
        let Some(tls) = &mut self.tls else { return self.tcp.write(bytes) };
        let count = tls.writer().write(bytes)?;
        self.flush()?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        while let Some(tls) = self.tls.as_mut().filter(|tls| tls.wants_write()) {
            tls.write_tls(&mut self.tcp)?;
        }
        Ok(())
    }
}
