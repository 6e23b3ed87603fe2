//! The way to one server: connecting, the handshake, and what a run of the client has learnt of the server. Knows the wire only as far as TLS.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, Error, RootCertStore};

use super::distrust::Distrust;
use super::host::Host;
use super::known_hosts::{Known, KnownHosts};
use super::policy::{Encryption, Security, Strangers, Trust};
use super::verdict::Standing;
use super::verifier::Verifier;
use crate::client::error::{ClientError, words};
use crate::net::fingerprint::Fingerprint;
use crate::net::{self, HandshakeError, Stream};

/// How long connecting may take, for each address that a name stands for.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The way to one server.
#[derive(Debug)]
pub(in crate::client) struct Way {
    addr: String,
    host: Host,
    trust: Trust,
    last: Mutex<Last>,
}

/// What the last connection was.
#[derive(Debug)]
struct Last {
    security: Security,
    /// The server, if the connection was encrypted.
    met: Option<Met>,
}

/// A server that was trusted in this run.
#[derive(Debug, Clone)]
struct Met {
    known: Known,
    name: ServerName<'static>,
}

impl Way {
    /// The way to `addr` (`host:port`).
    pub fn new(addr: &str, trust: Trust) -> Way {
        let last = Mutex::new(Last { security: Security::Plain, met: None });
        Way { addr: addr.to_owned(), host: Host::of(addr), trust, last }
    }

    /// The address, as the user has named it.
    pub fn addr(&self) -> &str {
        &self.addr
    }

    /// How safe the last connection is.
    pub fn security(&self) -> Security {
        self.last.lock().security.clone()
    }

    /// Connects. Nothing is sent before the server is trusted.
    pub fn open(&self) -> Result<Stream, ClientError> {
        let (stream, security, met) = self.connect()?;
        *self.last.lock() = Last { security, met };
        Ok(stream)
    }

    fn connect(&self) -> Result<(Stream, Security, Option<Met>), ClientError> {
        let standing = self.standing()?;
        let is_known = standing.given.is_some() || !standing.known.is_empty();
        if self.trust.encryption == Encryption::Never && is_known {
            return Err(Distrust::Never { host: self.host.to_string() }.into());
        }
        let stream = self.dial()?;
        let is_here = stream.peer().ip().to_canonical().is_loopback();
        let plain = if is_here { Security::Here } else { Security::Plain };
        match self.trust.encryption {
            Encryption::Never => return Ok((stream, plain, None)),
            Encryption::Auto if is_here && !is_known => return Ok((stream, plain, None)),
            Encryption::Auto | Encryption::Always => {}
        }
        let name = self.host.certified(stream.peer().ip());
        let verifier = Verifier::new(standing, self.authorities()?).map_err(|error| self.failed(error.into()))?;
        match shake(&stream, &verifier, "roomful", &name) {
            Ok((key, security)) => {
                let known = Known::today(key);
                let security = self.learn(&known, security);
                Ok((stream, security, Some(Met { known, name })))
            }
            Err(Failed::Distrust(distrust)) => Err(distrust.into()),
            Err(Failed::Handshake(error)) if is_plain(&error) => {
                verifier.standing().judge_plain(self.trust.encryption == Encryption::Always)?;
                // That connection is used up.
                Ok((self.dial()?, plain, None))
            }
            Err(Failed::Handshake(error)) => Err(self.failed(error)),
        }
    }

    /// Connects once more to the server of the last connection, for a file: with
    /// the same key, or not encrypted if that was not.
    pub fn beside(&self, peer: SocketAddr) -> io::Result<Stream> {
        let stream = net::dial(peer, CONNECT)?;
        let Some(Met { known, name }) = self.last.lock().met.clone() else { return Ok(stream) };
        let (host, strangers) = (self.host.clone(), Strangers::Refuse);
        let standing = Standing { host, given: Some(known.key), known: Vec::new(), strangers };
        // No authority is asked, but there must be some.
        let verifier = Verifier::new(standing, world()).map_err(io::Error::other)?;
        match shake(&stream, &verifier, "http/1.1", &name) {
            Ok(_) => Ok(stream),
            Err(Failed::Distrust(_)) => Err(io::Error::other("its key is another than that of the chat")),
            Err(Failed::Handshake(error)) => Err(io::Error::other(error)),
        }
    }

    /// What is certain of the server now.
    fn standing(&self) -> Result<Standing, Distrust> {
        let mut known = KnownHosts::at(self.trust.known_hosts.as_deref()).of(&self.host)?;
        // A server that was trusted in this run must not change either, however it came to be trusted.
        known.extend(self.last.lock().met.as_ref().map(|met| met.known.clone()));
        let (host, given, strangers) = (self.host.clone(), self.trust.fingerprint, self.trust.strangers);
        Ok(Standing { host, given, known, strangers })
    }

    /// Stores a new key. If that fails, the connection is as safe, but the next one begins with the question again.
    fn learn(&self, known: &Known, security: Security) -> Security {
        let Security::New { .. } = security else { return security };
        let file = KnownHosts::at(self.trust.known_hosts.as_deref());
        let stored = file.add(&self.host, known);
        Security::New { unstored: stored.err().map(|error| format!("{}: {}", file.path().display(), words(&error))) }
    }

    fn authorities(&self) -> Result<RootCertStore, Distrust> {
        let Some(file) = &self.trust.authorities else { return Ok(world()) };
        read_authorities(file).map_err(|why| Distrust::Authority { file: file.clone(), why })
    }

    /// Connects to the first address that answers, of all that the name stands for.
    fn dial(&self) -> Result<Stream, ClientError> {
        let failed = |error| ClientError::Connect { addr: self.addr.clone(), error };
        dial_any(self.addr.to_socket_addrs().map_err(failed)?).map_err(failed)
    }

    fn failed(&self, error: HandshakeError) -> ClientError {
        let error = match error {
            HandshakeError::Tls(Error::InvalidMessage(_)) | HandshakeError::Ended => {
                "the answer is no TLS; try again, or, if the server does not encrypt, with --tls never".to_owned()
            }
            HandshakeError::Tls(Error::AlertReceived(alert)) => format!("the server refuses the handshake ({alert:?})"),
            error => error.to_string(),
        };
        let error = io::Error::other(error);
        ClientError::Connect { addr: self.addr.clone(), error }
    }
}

/// Removes the keys of a server from the file. Returns whether there were any.
pub(in crate::client) fn forget(addr: &str, known_hosts: Option<&Path>) -> Result<bool, String> {
    let file = KnownHosts::at(known_hosts);
    file.forget(&Host::of(addr)).map_err(|error| format!("{}: {}", file.path().display(), words(&error)))
}

/// Why there is no encrypted connection.
enum Failed {
    Distrust(Distrust),
    Handshake(HandshakeError),
}

/// Shakes hands, and says what was judged meanwhile.
fn shake(
    stream: &Stream,
    verifier: &Arc<Verifier>,
    protocol: &str,
    name: &ServerName<'static>,
) -> Result<(Fingerprint, Security), Failed> {
    let done = verifier
        .config(protocol)
        .map_err(HandshakeError::from)
        .and_then(|config| stream.secure_client(config, name.clone(), Instant::now() + HANDSHAKE));
    match (done, verifier.verdict()) {
        (_, Some(Err(distrust))) => Err(Failed::Distrust(distrust)),
        (Err(error), _) => Err(Failed::Handshake(error)),
        (Ok(()), Some(Ok(trusted))) => Ok(trusted),
        // A handshake without a certificate is none.
        (Ok(()), None) => Err(Failed::Handshake(Error::NoCertificatesPresented.into())),
    }
}

/// Whether the server says, as Roomful does without TLS, that it has no version of it.
fn is_plain(error: &HandshakeError) -> bool {
    matches!(error, HandshakeError::Tls(Error::AlertReceived(AlertDescription::ProtocolVersion)))
}

/// The authorities that the world trusts; they are part of the program.
fn world() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn read_authorities(file: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        store.add(certificate).map_err(|error| error.to_string())?;
    }
    if store.is_empty() { Err("it has no certificate in PEM".to_owned()) } else { Ok(store) }
}

/// Tries each address once. The error tells what each of them said.
fn dial_any(all: impl Iterator<Item = SocketAddr>) -> io::Result<Stream> {
    let mut failures: Vec<(SocketAddr, io::Error)> = Vec::new();
    for one in all {
        if failures.iter().any(|(tried, _)| *tried == one) {
            continue;
        }
        match net::dial(one, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => failures.push((one, error)),
        }
    }
    if failures.len() > 1 {
        let told: Vec<String> = failures.iter().map(|(one, error)| format!("{one}: {}", words(error))).collect();
        return Err(io::Error::other(told.join("; ")));
    }
    Err(failures.pop().map_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such host"), |(_, error)| error))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use rcgen::{Certificate, CertificateParams, KeyPair};
    use rustls::ServerConfig;
    use rustls::crypto::ring;
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use rustls::sign::{CertifiedKey, SingleCertAndKey};
    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::net::Acceptor;

    const PATIENCE: Duration = Duration::from_secs(5);

    /// An address at which no server listens.
    fn deserted() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap()
    }

    /// A server that only encrypts, and answers with what it got.
    struct Echo {
        addr: SocketAddr,
        acceptor: Arc<Acceptor>,
    }

    /// A certificate for `host`, in PEM, and a configuration with it.
    fn certified(host: &str) -> (String, Arc<ServerConfig>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), config(&certificate, &key))
    }

    /// Also with a key that is not that of the certificate.
    fn config(certificate: &Certificate, key: &KeyPair) -> Arc<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let shown = CertifiedKey::new(vec![certificate.der().clone()], key);
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        config.with_no_client_auth().with_cert_resolver(Arc::new(SingleCertAndKey::from(shown))).into()
    }

    impl Echo {
        fn start(config: Arc<ServerConfig>) -> Echo {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let addr = listener.local_addr().unwrap();
            let acceptor = Arc::new(Acceptor::new(config, 1));
            let accepting = Arc::clone(&acceptor);
            thread::spawn(move || {
                for tcp in listener.incoming() {
                    let stream = Stream::new(tcp.unwrap(), addr, 0, PATIENCE).unwrap();
                    let mut buffer = [0; 4_096];
                    if stream.secure_server(&accepting, &[], Instant::now() + PATIENCE).is_ok() {
                        let count = stream.read_within(&mut buffer, Some(PATIENCE)).unwrap_or_default();
                        let _ = stream.send_all(&buffer[..count]);
                    }
                }
            });
            Echo { addr, acceptor }
        }

        fn answers(stream: &Stream) {
            stream.send_all(b"hello").unwrap();
            let mut answer = [0; 5];
            let mut reading = stream;
            reading.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"hello");
        }
    }

    /// A server without TLS, which says so as ours does.
    fn plain_server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            for tcp in listener.incoming() {
                let mut tcp = tcp.unwrap();
                let _ = tcp.read(&mut [0; 4_096]);
                let _ = tcp.write_all(&[0x15, 3, 3, 0, 2, 2, 70]);
            }
        });
        addr
    }

    fn settings(folder: &TempDir) -> Trust {
        let known_hosts = Some(folder.path().join("known_hosts"));
        Trust { encryption: Encryption::Always, known_hosts, ..Trust::default() }
    }

    fn refused(way: &Way) -> Distrust {
        match way.open() {
            Err(ClientError::Untrusted(distrust)) => distrust,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_address_of_a_name_is_tried_once_and_the_error_tells_of_each() {
        let (one, two) = (deserted(), deserted());
        let error = dial_any([one, two, one].into_iter()).unwrap_err();
        assert_eq!(words(&error), format!("{one}: connection refused; {two}: connection refused"));
        let error = dial_any([one, one].into_iter()).unwrap_err();
        assert_eq!(words(&error), "connection refused");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let there = listener.local_addr().unwrap();
        assert_eq!(dial_any([one, there].into_iter()).unwrap().peer(), there);
    }

    #[test]
    fn a_new_key_is_refused_until_it_is_taken_and_then_it_is_known() {
        let folder = tempdir().unwrap();
        let addr = Echo::start(certified("elsewhere.example").1).addr.to_string();
        let trust = settings(&folder);
        let Distrust::Unknown { host, key } = refused(&Way::new(&addr, trust.clone())) else { panic!("it is known") };
        assert_eq!(host, addr);
        let way = Way::new(&addr, Trust { strangers: Strangers::TakeOnly(key), ..trust.clone() });
        Echo::answers(&way.open().unwrap());
        assert_eq!(way.security(), Security::New { unstored: None });
        // On this machine the key makes the difference: without it nothing would be encrypted here.
        let way = Way::new(&addr, Trust { encryption: Encryption::Auto, ..trust.clone() });
        Echo::answers(&way.open().unwrap());
        assert_eq!(way.security(), Security::Known { since: Known::today(key).since });
        let never = Way::new(&addr, Trust { encryption: Encryption::Never, ..trust });
        assert_eq!(refused(&never), Distrust::Never { host });
    }

    #[test]
    fn a_server_that_has_only_the_certificate_and_not_its_key_gets_nothing() {
        let folder = tempdir().unwrap();
        let (own, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let certificate = CertificateParams::new(vec!["a".to_owned()]).unwrap().self_signed(&own).unwrap();
        let addr = Echo::start(config(&certificate, &other)).addr.to_string();
        let known = Known::today(Fingerprint::of_certificate(certificate.der()).unwrap());
        let trust = settings(&folder);
        KnownHosts::at(trust.known_hosts.as_deref()).add(&Host::of(&addr), &known).unwrap();
        let told = Way::new(&addr, trust.clone()).open();
        assert!(matches!(told, Err(ClientError::Connect { .. })), "{told:?}");
        let told = Way::new(&addr, Trust { fingerprint: Some(known.key), ..trust }).open();
        assert!(matches!(told, Err(ClientError::Connect { .. })), "{told:?}");
    }

    #[test]
    fn an_authority_must_vouch_for_the_key_and_for_the_name() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("authority.pem");
        let trust = Trust { authorities: Some(file.clone()), ..settings(&folder) };
        let judged = |pem: &str, config| {
            std::fs::write(&file, pem).unwrap();
            let way = Way::new(&Echo::start(config).addr.to_string(), trust.clone());
            way.open().map(|stream| (Echo::answers(&stream), way.security()).1)
        };
        let (pem, config) = certified("127.0.0.1");
        assert_eq!(judged(&pem, config).unwrap(), Security::Vouched);
        assert!(!folder.path().join("known_hosts").exists(), "it is not stored");
        let (pem, config) = certified("elsewhere.example");
        assert!(matches!(judged(&pem, config), Err(ClientError::Untrusted(Distrust::Unknown { .. }))));
        for wrong in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let told = judged(wrong, certified("127.0.0.1").1);
            assert!(matches!(told, Err(ClientError::Untrusted(Distrust::Authority { .. }))), "{told:?}");
        }
    }

    #[test]
    fn a_server_that_was_trusted_in_this_run_may_not_change_and_its_files_have_the_same_key() {
        let folder = tempdir().unwrap();
        let server = Echo::start(certified("a").1);
        let way = |strangers| Way::new(&server.addr.to_string(), Trust { strangers, ..settings(&folder) });
        // The file cannot be written, so only this run knows the key.
        let nowhere = folder.path().join("file");
        std::fs::write(&nowhere, "").unwrap();
        let mut way = way(Strangers::Take);
        way.trust.known_hosts = Some(nowhere.clone());
        Echo::answers(&way.open().unwrap());
        std::fs::write(&nowhere, "").unwrap();
        Echo::answers(&way.beside(server.addr).unwrap());
        server.acceptor.replace(certified("b").1);
        let error = way.beside(server.addr).unwrap_err();
        assert!(error.to_string().contains("another than that of the chat"), "{error}");
        let distrust = refused(&way);
        assert!(matches!(distrust, Distrust::Changed { .. }), "{distrust:?}");
    }

    #[test]
    fn a_server_without_tls_is_talked_to_only_if_nothing_speaks_against_it() {
        let folder = tempdir().unwrap();
        let addr = plain_server().to_string();
        let trust = settings(&folder);
        assert_eq!(refused(&Way::new(&addr, trust.clone())), Distrust::Plain { host: addr.clone() });
        let auto = Trust { encryption: Encryption::Auto, ..trust.clone() };
        let way = Way::new(&addr, auto.clone());
        way.open().unwrap();
        assert_eq!(way.security(), Security::Here);
        let key = Fingerprint::of_key(b"a");
        let given = Trust { fingerprint: Some(key), ..auto.clone() };
        assert_eq!(refused(&Way::new(&addr, given)), Distrust::Plain { host: addr.clone() });
        let known = Known::today(key);
        KnownHosts::at(trust.known_hosts.as_deref()).add(&Host::of(&addr), &known).unwrap();
        let Known { key: known, since } = known;
        assert_eq!(refused(&Way::new(&addr, auto)), Distrust::Downgraded { host: addr, known, since });
    }
}
