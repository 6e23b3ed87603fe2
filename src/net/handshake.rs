//! The beginning of a TLS connection, for both sides: read and written by one thread, within a time and a size. Knows neither certificates nor trust.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, RwLock};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use super::Stream;
use super::tls::{Tls, put};

/// The most bytes that a peer may send before the handshake is done.
const MOST_BYTES: usize = 16_384;
/// The size of one read. So little never fills what a connection holds for its reader.
const PIECE: usize = 4_096;

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The two sides have no version or cipher in common, one does not trust the other, or what came is no TLS.
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    /// It was not done in time.
    #[error("the handshake was not done in time")]
    Late,
    /// The peer sent more than a handshake needs.
    #[error("the handshake is larger than 16 KiB")]
    Large,
    /// The peer hung up.
    #[error("the peer hung up during the handshake")]
    Ended,
    /// The connection broke.
    #[error("{0}")]
    Broken(#[source] io::Error),
}

impl HandshakeError {
    /// One word for it, as a metric names it.
    pub fn word(&self) -> &'static str {
        match self {
            HandshakeError::Tls(rustls::Error::AlertReceived(_)) => "refused",
            HandshakeError::Tls(rustls::Error::PeerIncompatible(_)) => "incompatible",
            HandshakeError::Tls(_) => "garbage",
            HandshakeError::Late => "late",
            HandshakeError::Large => "large",
            HandshakeError::Ended | HandshakeError::Broken(_) => "ended",
        }
    }
}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> HandshakeError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => HandshakeError::Late,
            // What rustls says of a message that is too large for it.
            ErrorKind::InvalidData => HandshakeError::Large,
            _ => HandshakeError::Broken(error),
        }
    }
}

/// What a server needs to begin TLS, shared by all its connections.
#[derive(Debug)]
pub struct Acceptor {
    config: RwLock<Arc<ServerConfig>>,
    gate: Gate,
    done: AtomicU64,
    failed: Mutex<Vec<(&'static str, u64)>>,
}

impl Acceptor {
    /// At most `at_once` handshakes are computed at once.
    pub fn new(config: Arc<ServerConfig>, at_once: usize) -> Acceptor {
        Acceptor {
            config: RwLock::new(config),
            gate: Gate { free: Mutex::new(at_once.max(1)), freed: Condvar::new() },
            done: AtomicU64::new(0),
            failed: Mutex::default(),
        }
    }

    /// From now on handshakes begin with `config`; connections that have begun go on with theirs.
    pub fn replace(&self, config: Arc<ServerConfig>) {
        *self.config.write() = config;
    }

    /// How many handshakes were done.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How many handshakes failed, by [`HandshakeError::word`].
    pub fn failed(&self) -> Vec<(&'static str, u64)> {
        self.failed.lock().clone()
    }

    /// Shakes hands on `stream`, from which `first` was read already.
    ///
    /// # Errors
    /// The handshake failed, or was not done at `until`. The peer was told so, as far as TLS has words for it.
    #[inline(never)] // so that its stack is free before a session goes deeper: what a thread has used of it stays
    fn accept(&self, stream: &Stream, first: &[u8], until: Instant) -> Result<Tls, HandshakeError> {
        let config = Arc::clone(&self.config.read());
        let connection = ServerConnection::new(config).map_err(HandshakeError::from);
        let shaken = connection.and_then(|connection| {
            Shake { stream, connection: Box::new(connection.into()), until, gate: Some(&self.gate) }.run(first)
        });
        match &shaken {
            Ok(_) => drop(self.done.fetch_add(1, Ordering::Relaxed)),
            Err(error) => {
                let mut failed = self.failed.lock();
                match failed.iter_mut().find(|(word, _)| *word == error.word()) {
                    Some((_, count)) => *count += 1,
                    None => failed.push((error.word(), 1)),
                }
            }
        }
        shaken
    }
}

/// Two acceptors are equal only if they are one.
impl PartialEq for Acceptor {
    fn eq(&self, other: &Acceptor) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Acceptor {}

impl Stream {
    /// Begins TLS with the client that has sent the bytes `first`. Nothing else may read or write meanwhile.
    ///
    /// # Errors
    /// The handshake failed, or was not done at `until`; then nothing more can be sent.
    pub fn secure_server(&self, acceptor: &Acceptor, first: &[u8], until: Instant) -> Result<(), HandshakeError> {
        Ok(self.secure(acceptor.accept(self, first, until)?)?)
    }

    /// Begins TLS with a server, which must prove to be `name`. Nothing else may read or write meanwhile.
    ///
    /// # Errors
    /// The handshake failed, or was not done at `until`; then nothing more can be sent.
    pub fn secure_client(
        &self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        until: Instant,
    ) -> Result<(), HandshakeError> {
        let connection = Box::new(ClientConnection::new(config, name)?.into());
        let shaken = Shake { stream: self, connection, until, gate: None }.run(&[]);
        Ok(self.secure(shaken?)?)
    }
}

/// Lets so many threads compute at once. Only a computation is done inside, never a wait for a peer.
#[derive(Debug)]
struct Gate {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Gate {
    /// Waits for a free place.
    fn enter(&self) -> Place<'_> {
        let mut free = self.free.lock();
        self.freed.wait_while(&mut free, |free| *free == 0);
        *free -= 1;
        Place(self)
    }
}

/// A place inside the gate. Dropping it leaves the gate.
struct Place<'g>(&'g Gate);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.freed.notify_one();
    }
}

/// A handshake on its way.
struct Shake<'s> {
    stream: &'s Stream,
    connection: Box<Connection>,
    until: Instant,
    gate: Option<&'s Gate>,
}

impl Shake<'_> {
    fn run(mut self, first: &[u8]) -> Result<Tls, HandshakeError> {
        let mut count = first.len();
        let mut heard = self.hear(first);
        let mut piece = vec![0; PIECE];
        loop {
            // Also after an error: the peer is told what is wrong.
            let said = self.say();
            heard?;
            said?;
            if !self.connection.is_handshaking() {
                return Ok(Tls::new(self.connection));
            }
            if count > MOST_BYTES {
                return Err(HandshakeError::Large);
            }
            let read = self.read(&mut piece)?;
            count += read;
            heard = self.hear(&piece[..read]);
        }
    }

    /// Takes bytes that were read.
    fn hear(&mut self, mut bytes: &[u8]) -> Result<(), HandshakeError> {
        while !bytes.is_empty() && self.connection.read_tls(&mut bytes)? > 0 {
            let _place = self.gate.map(Gate::enter);
            self.connection.process_new_packets()?;
        }
        Ok(())
    }

    /// Sends what the connection wants sent.
    fn say(&mut self) -> Result<(), HandshakeError> {
        let mut out = Vec::new();
        put(&mut self.connection, &mut out)?;
        if !out.is_empty() {
            self.stream.send_bare(&out, self.left()?)?;
        }
        Ok(())
    }

    fn read(&self, piece: &mut [u8]) -> Result<usize, HandshakeError> {
        loop {
            match self.stream.read_bare(piece, Some(self.left()?)) {
                Ok(0) => return Err(HandshakeError::Ended),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return Ok(read?),
            }
        }
    }

    fn left(&self) -> Result<Duration, HandshakeError> {
        self.until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()).ok_or(HandshakeError::Late)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::super::tls::tests::{configs, localhost};
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn acceptor(config: Arc<ServerConfig>) -> Acceptor {
        Acceptor::new(config, 1)
    }

    fn later() -> Instant {
        Instant::now() + LONG
    }

    /// The two ends of a connection; that of the server is a stream already.
    fn sockets() -> (TcpStream, Stream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, peer) = listener.accept().unwrap();
        (client, Stream::new(server, peer, 0, LONG).unwrap())
    }

    fn as_stream(client: TcpStream) -> Stream {
        let peer = client.peer_addr().unwrap();
        Stream::new(client, peer, 0, LONG).unwrap()
    }

    /// The two ends after a handshake, client first.
    fn secured() -> (Stream, Stream) {
        let (server_config, client_config) = configs();
        let (client, server) = sockets();
        let client = as_stream(client);
        let acceptor = acceptor(server_config);
        thread::scope(|scope| {
            let accepted = scope.spawn(|| server.secure_server(&acceptor, b"", later()));
            client.secure_client(client_config, localhost(), later()).unwrap();
            accepted.join().unwrap().unwrap();
        });
        assert_eq!((acceptor.done(), acceptor.failed().len()), (1, 0));
        assert!(client.is_secure() && server.is_secure());
        (client, server)
    }

    #[test]
    fn both_ends_read_and_write_at_once_and_find_the_sealed_end() {
        let (client, server) = secured();
        let page = vec![b'a'; 100_000];
        let through = |mut stream: &Stream| {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            all.len()
        };
        thread::scope(|scope| {
            for stream in [&client, &server] {
                scope.spawn(|| {
                    for _ in 0..20 {
                        stream.send_all(&page).unwrap();
                    }
                    stream.end();
                });
            }
            let other = scope.spawn(|| through(&client));
            assert_eq!((through(&server), other.join().unwrap()), (2_000_000, 2_000_000));
        });
    }

    #[test]
    fn what_a_deaf_peer_does_not_take_is_sent_later_with_no_byte_twice() {
        let (client, server) = secured();
        let page = vec![b'b'; 20_000_000];
        let rest = server.send_now(&page).unwrap().unwrap();
        let mut got = vec![0; page.len()];
        thread::scope(|scope| {
            scope.spawn(|| server.send_rest(rest).unwrap());
            (&client).read_exact(&mut got).unwrap();
        });
        assert!(got == page);
        server.end();
        assert_eq!((&client).read(&mut got).unwrap(), 0);
    }

    #[test]
    fn an_end_that_is_not_sealed_is_told_from_one_that_is() {
        let (client, server) = secured();
        client.send_all(b"half a li").unwrap();
        client.kill();
        let mut all = Vec::new();
        let error = (&server).read_to_end(&mut all).unwrap_err();
        assert_eq!((&all[..], error.kind()), (&b"half a li"[..], ErrorKind::UnexpectedEof));
    }

    #[test]
    fn a_peer_that_speaks_no_tls_that_we_know_is_told_by_an_alert() {
        // A ClientHello of TLS 1.0 (RFC 2246, 7.4.1.2) with one cipher and no extension.
        let mut old = vec![0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 1];
        old.extend([7; 32]);
        old.extend([0, 0, 2, 0, 0x2f, 1, 0]);
        for (said, alert, word) in
            [(&old[..], 40, "incompatible"), (&[0x16, 3, 1, 0, 4, 9, 0, 0, 0][..], 10, "garbage")]
        {
            let (mut client, server) = sockets();
            let acceptor = acceptor(configs().0);
            client.write_all(&said[3..]).unwrap();
            server.secure_server(&acceptor, &said[..3], later()).unwrap_err();
            server.kill();
            let mut told = Vec::new();
            client.read_to_end(&mut told).unwrap();
            assert_eq!((told[0], told.last().copied()), (0x15, Some(alert)), "{told:?}");
            assert_eq!(acceptor.failed(), [(word, 1)]);
        }
    }

    #[test]
    fn a_handshake_ends_when_its_time_or_its_bytes_are_used_up() {
        let acceptor = acceptor(configs().0);
        let (_silent, server) = sockets();
        let soon = Instant::now() + Duration::from_millis(50);
        assert!(matches!(server.secure_server(&acceptor, &[0x16, 3], soon), Err(HandshakeError::Late)));
        let (mut client, server) = sockets();
        // A handshake message of 64,000 bytes in records of 10,000.
        let record = [&[0x16, 3, 1, 0x27, 0x10, 1, 0, 0xfa, 0][..], &[0; 9_996]].concat();
        for _ in 0..2 {
            client.write_all(&record).unwrap();
        }
        let error = server.secure_server(&acceptor, b"", later()).unwrap_err();
        assert!(matches!(error, HandshakeError::Large), "{error:?}");
        let (client, server) = sockets();
        drop(client);
        assert!(matches!(server.secure_server(&acceptor, &[0x16, 3], later()), Err(HandshakeError::Ended)));
        assert_eq!(acceptor.failed(), [("late", 1), ("large", 1), ("ended", 1)]);
    }

    #[test]
    fn a_client_finds_out_that_the_server_is_another_or_speaks_no_tls() {
        let (server_config, _) = configs();
        let (_, stranger) = configs();
        let (client, server) = sockets();
        let acceptor = acceptor(server_config);
        thread::scope(|scope| {
            scope.spawn(|| server.secure_server(&acceptor, b"", later()).unwrap_err());
            let client = as_stream(client);
            let error = client.secure_client(Arc::clone(&stranger), localhost(), later()).unwrap_err();
            assert!(matches!(error, HandshakeError::Tls(rustls::Error::InvalidCertificate(_))), "{error:?}");
        });
        assert_eq!(acceptor.failed(), [("refused", 1)]);
        let (client, server) = sockets();
        // What a server without TLS answers.
        server.send_all(&[0x15, 3, 3, 0, 2, 2, 0x46]).unwrap();
        let error = as_stream(client).secure_client(stranger, localhost(), later()).unwrap_err();
        assert_eq!(error.word(), "refused", "{error:?}");
    }

    #[test]
    fn a_new_certificate_is_for_those_who_begin_after_it() {
        let (old, old_client) = configs();
        let (new, new_client) = configs();
        let acceptor = acceptor(old);
        let meets = |client_config: &Arc<ClientConfig>| {
            let (client, server) = sockets();
            let client = as_stream(client);
            thread::scope(|scope| {
                let accepted = scope.spawn(|| server.secure_server(&acceptor, b"", later()).is_ok());
                let met = client.secure_client(Arc::clone(client_config), localhost(), later()).is_ok();
                assert_eq!(accepted.join().unwrap(), met);
                met.then_some(client)
            })
        };
        let _living = meets(&old_client).unwrap();
        acceptor.replace(new);
        assert!(meets(&old_client).is_none() && meets(&new_client).is_some());
    }
}
