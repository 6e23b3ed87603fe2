//! One TLS connection in memory: sealed bytes in, plain bytes out, and back. Knows no socket, and not which side it is.
//!
//! The thread that reads a connection and the thread that has its pen both need
//! the keys, so there is one lock. It is a leaf: it is held while bytes are sealed
//! or opened, never while a socket is used, and no other lock is taken under it.
//! The reader never writes. What TLS wants to say by itself (an answer to new keys,
//! an alert) goes out with the next bytes that the holder of the pen seals.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rustls::Connection;

/// What a record adds to the bytes in it: its head, its tag and the byte of its type, rounded up.
const ENVELOPE: usize = 32;
/// The most plain bytes of one record (RFC 8446, 5.1).
const RECORD: usize = 16_384;

/// A connection whose handshake is done.
pub(super) struct Tls {
    state: Mutex<State>,
    /// Whether sealed bytes are on their way to the socket: others would come into the middle of a record.
    sending: AtomicBool,
}

struct State {
    connection: Box<Connection>,
    /// Plain bytes that came before those that `connection` has.
    surplus: Vec<u8>,
}

impl Tls {
    /// For a connection whose handshake is done; bytes that came behind it are not lost.
    pub(super) fn new(mut connection: Box<Connection>) -> Tls {
        // What waits is bounded by the outbox, and a part of a page would be of no use.
        connection.set_buffer_limit(None);
        Tls { state: Mutex::new(State { connection, surplus: Vec::new() }), sending: AtomicBool::new(false) }
    }

    /// Takes sealed bytes that were read.
    ///
    /// # Errors
    /// They were forged or damaged. Nothing more can be read.
    pub(super) fn hear(&self, mut sealed: &[u8]) -> io::Result<()> {
        let State { connection, surplus } = &mut *self.state.lock();
        while !sealed.is_empty() {
            // Zero: the peer has said that nothing follows, so what follows is not looked at.
            if connection.read_tls(&mut sealed)? == 0 {
                return Ok(());
            }
            let told =
                connection.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            if !sealed.is_empty() && told.plaintext_bytes_to_read() > 0 {
                // The connection takes nothing more while it has much that was not taken out.
                match connection.reader().read_to_end(surplus) {
                    Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Takes out plain bytes: how many, none for the end that the peer has sealed.
    /// `None`: more must be read before.
    ///
    /// # Errors
    /// None is known.
    pub(super) fn take(&self, plain: &mut [u8]) -> io::Result<Option<usize>> {
        let State { connection, surplus } = &mut *self.state.lock();
        if !surplus.is_empty() {
            let count = surplus.len().min(plain.len());
            plain[..count].copy_from_slice(&surplus[..count]);
            surplus.drain(..count);
            if surplus.is_empty() {
                *surplus = Vec::new();
            }
            return Ok(Some(count));
        }
        match connection.reader().read(plain) {
            Ok(count) => Ok(Some(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether plain bytes can be taken out at once.
    pub(super) fn has_more(&self) -> bool {
        let State { connection, surplus } = &mut *self.state.lock();
        // Processes nothing, as all that was heard is processed; it only tells.
        !surplus.is_empty() || connection.process_new_packets().is_ok_and(|told| told.plaintext_bytes_to_read() > 0)
    }

    /// Seals bytes, behind what TLS itself has to say. All of what is returned must be
    /// sent before anything else is; then [`Tls::is_sent`].
    ///
    /// # Errors
    /// The connection is broken.
    pub(super) fn seal(&self, plain: &[u8]) -> io::Result<Vec<u8>> {
        self.sending.store(true, Ordering::Relaxed);
        let mut sealed = Vec::with_capacity(plain.len() + (plain.len() / RECORD + 1) * ENVELOPE);
        let connection = &mut self.state.lock().connection;
        connection.writer().write_all(plain)?;
        put(connection, &mut sealed)?;
        Ok(sealed)
    }

    /// All that was sealed is sent.
    pub(super) fn is_sent(&self) {
        self.sending.store(false, Ordering::Relaxed);
    }

    /// The sealed end: nothing follows. Empty, if bytes are on their way, which would be damaged by it.
    pub(super) fn seal_end(&self) -> Vec<u8> {
        let mut sealed = Vec::new();
        // It stays set, so there is one end.
        if !self.sending.swap(true, Ordering::Relaxed) {
            let connection = &mut self.state.lock().connection;
            connection.send_close_notify();
            // Into memory, so it cannot fail.
            let _ = put(connection, &mut sealed);
        }
        sealed
    }

    /// The protocol inside, if the two sides have agreed on one.
    pub(super) fn agreed(&self) -> Option<Vec<u8>> {
        self.state.lock().connection.alpn_protocol().map(<[u8]>::to_vec)
    }
}

/// Puts what the connection wants sent at the end of `sealed`.
pub(super) fn put(connection: &mut Connection, sealed: &mut Vec<u8>) -> io::Result<()> {
    while connection.wants_write() {
        connection.write_tls(sealed)?;
    }
    Ok(())
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::pki_types::{PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

    use super::*;

    /// A server `localhost` with a new key, and a client that trusts it.
    pub(in crate::net) fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let server = ServerConfig::builder().with_no_client_auth();
        let server = server.with_single_cert(vec![cert.der().clone()], key).unwrap();
        let mut trusted = RootCertStore::empty();
        trusted.add(cert.der().clone()).unwrap();
        let client = ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
        (Arc::new(server), Arc::new(client))
    }

    pub(in crate::net) fn localhost() -> ServerName<'static> {
        ServerName::try_from("localhost").unwrap()
    }

    /// The two ends of one connection, client first, after their handshake.
    fn pair() -> (Tls, Tls) {
        let (server, client) = configs();
        let mut ends: [Connection; 2] =
            [ClientConnection::new(client, localhost()).unwrap().into(), ServerConnection::new(server).unwrap().into()];
        while ends.iter().any(|end| end.is_handshaking() || end.wants_write()) {
            let mut said = Vec::new();
            put(&mut ends[0], &mut said).unwrap();
            let mut rest = &said[..];
            while !rest.is_empty() {
                ends[1].read_tls(&mut rest).unwrap();
                ends[1].process_new_packets().unwrap();
            }
            ends.swap(0, 1);
        }
        let [mut first, mut second] = ends;
        if matches!(first, Connection::Server(_)) {
            std::mem::swap(&mut first, &mut second);
        }
        (Tls::new(Box::new(first)), Tls::new(Box::new(second)))
    }

    /// All that can be taken out, and whether the sealed end has come.
    fn taken(tls: &Tls) -> (Vec<u8>, bool) {
        let (mut all, mut buffer) = (Vec::new(), [0; 1_000]);
        while let Some(count) = tls.take(&mut buffer).unwrap() {
            if count == 0 {
                return (all, true);
            }
            all.extend_from_slice(&buffer[..count]);
        }
        (all, false)
    }

    #[test]
    fn a_large_page_comes_out_whole_however_its_records_are_cut() {
        let (client, server) = pair();
        let page: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        for size in [1, 7, 4_096, 17_000, 65_536, usize::MAX] {
            let sealed = client.seal(&page).unwrap();
            client.is_sent();
            let mut out = Vec::new();
            for piece in sealed.chunks(size.min(sealed.len())) {
                server.hear(piece).unwrap();
                out.extend(taken(&server).0);
            }
            assert!(out == page, "in pieces of {size}");
        }
    }

    #[test]
    fn new_keys_are_answered_with_the_next_bytes_and_by_nothing_else() {
        let (client, server) = pair();
        for round in 0..3 {
            let keys = &mut client.state.lock().connection;
            match &mut **keys {
                Connection::Client(client) => client.refresh_traffic_keys().unwrap(),
                Connection::Server(_) => unreachable!("the client is first"),
            }
            let mut sealed = Vec::new();
            put(keys, &mut sealed).unwrap();
            server.hear(&sealed).unwrap();
            assert!(!server.state.lock().connection.wants_write(), "the reader leaves nothing to write");
            let words = format!("round {round}");
            let (bare, with_answer) = (words.len() + ENVELOPE, server.seal(words.as_bytes()).unwrap());
            assert!(with_answer.len() > bare, "an answer to the new keys, then the words");
            client_hears(keys, &with_answer, words.as_bytes());
        }
    }

    fn client_hears(client: &mut Connection, mut sealed: &[u8], expected: &[u8]) {
        while !sealed.is_empty() {
            client.read_tls(&mut sealed).unwrap();
            client.process_new_packets().unwrap();
        }
        let mut plain = vec![0; expected.len()];
        client.reader().read_exact(&mut plain).unwrap();
        assert_eq!(plain, expected);
    }

    #[test]
    fn an_end_is_sealed_once_and_never_into_bytes_that_are_on_their_way() {
        let (client, server) = pair();
        let sealed = client.seal(b"bye").unwrap();
        assert_eq!(client.seal_end(), b"", "the socket may have half of the record");
        client.is_sent();
        server.hear(&sealed).unwrap();
        assert_eq!(taken(&server), (b"bye".to_vec(), false));
        server.hear(&client.seal_end()).unwrap();
        assert_eq!(client.seal_end(), b"");
        assert_eq!(taken(&server), (Vec::new(), true));
        let answer = server.seal(b"still here").unwrap();
        client.hear(&answer).unwrap();
        assert_eq!(taken(&client), (b"still here".to_vec(), false), "the other way is open");
    }

    #[test]
    fn a_damaged_record_ends_the_reading_and_the_peer_is_told() {
        let (client, server) = pair();
        let mut sealed = client.seal(b"anna").unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(server.hear(&sealed).unwrap_err().kind(), ErrorKind::InvalidData);
        let told = server.seal(b"").unwrap();
        let error = client.hear(&told).unwrap_err();
        assert!(error.to_string().contains("BadRecordMac"), "{error}");
    }
}
