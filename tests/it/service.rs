//! `roomful::net` without the chat: lab report C's library, a handler made for each connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use roomful::net::crew::Crew;
use roomful::net::{Control, End, Flow, Handler, Listener, Options, Service, Stream};

use crate::support::{DEADLINE, eventually};

/// What happened to all handlers of a service.
#[derive(Default)]
struct Book {
    made: AtomicUsize,
    dropped: AtomicUsize,
    ends: Mutex<Vec<String>>,
}

/// Sends back what comes; leaves at `q`, panics at `p`, and at `w` waits for silence.
struct Echo {
    stream: Arc<Stream>,
    back: Vec<u8>,
    book: Arc<Book>,
}

impl Handler for Echo {
    fn connected(&mut self) -> Flow {
        self.back.extend_from_slice(b"hi ");
        Flow::Go
    }

    fn data_in(&mut self, bytes: &[u8]) -> Flow {
        self.back.extend_from_slice(bytes);
        match bytes[0] {
            b'q' => Flow::End,
            b'w' => Flow::Within(Duration::from_millis(10)),
            // A panic, without the words that would only be noise here.
            b'p' => std::panic::resume_unwind(Box::new("asked to")),
            _ => Flow::Go,
        }
    }

    fn data_out(&mut self) {
        let back = std::mem::take(&mut self.back);
        // If it fails, the next read tells.
        let _ = self.stream.send_all(&back);
    }

    fn control(&mut self, Control::Silence: Control) -> Flow {
        self.back.extend_from_slice(b"silence");
        Flow::Go
    }

    fn disconnected(&mut self, end: End) {
        let end = match end {
            End::Broken(_) => "Broken".to_owned(),
            other => format!("{other:?}"),
        };
        self.book.ends.lock().push(end);
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.book.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

fn start() -> (Service, Arc<Book>) {
    let book = Arc::new(Book::default());
    let own = Arc::clone(&book);
    let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 128).expect("a free port");
    let service = Service::start(listener, Crew::new(usize::MAX, 524_288), Options::default, move |stream| {
        let number = own.made.fetch_add(1, Ordering::SeqCst);
        if number == 8 {
            return Err("Eight are enough.".to_owned());
        }
        let handler = Echo { stream: Arc::clone(stream), back: Vec::new(), book: Arc::clone(&own) };
        Ok((format!("echo-{number}"), Box::new(handler)))
    });
    (service.expect("a thread"), book)
}

fn connect(service: &Service) -> TcpStream {
    let mut stream = TcpStream::connect(service.local_addr()).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("not zero");
    expect(&mut stream, "hi ");
    stream
}

fn expect(stream: &mut TcpStream, words: &str) {
    let mut read = vec![0; words.len()];
    stream.read_exact(&mut read).unwrap_or_else(|error| panic!("{error} instead of {words:?}"));
    assert_eq!(String::from_utf8_lossy(&read), words);
}

fn expect_end(stream: &mut TcpStream) {
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("an orderly end");
    assert_eq!(rest, "");
}

/// Lab C3: connected, data in, data out, control and disconnected, and nothing of a chat.
#[test]
fn c3_a_service_is_five_events() {
    let (service, book) = start();
    let mut peer = connect(&service);
    peer.write_all(b"abc").unwrap();
    expect(&mut peer, "abc");
    peer.write_all(b"w").unwrap();
    expect(&mut peer, "wsilence");
    peer.write_all(b"quit").unwrap();
    expect(&mut peer, "quit");
    expect_end(&mut peer);
    drop(peer);
    assert_eq!(service.stop(Duration::from_secs(1)), 0);
    assert_eq!(*book.ends.lock(), ["Wanted"]);
}

/// Lab C4: made once and dropped once per connection, also on panic; one's panic is nobody else's.
#[test]
fn c4_a_handler_is_made_once_and_dropped_once_also_after_a_panic() {
    let (service, book) = start();
    let mut bystander = connect(&service);
    for (before, how) in ["q", "p", "finished", "reset"].into_iter().enumerate() {
        let mut peer = connect(&service);
        match how {
            "finished" => peer.shutdown(std::net::Shutdown::Write).unwrap(),
            "reset" => socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap(),
            word => peer.write_all(word.as_bytes()).unwrap(),
        }
        match how {
            "q" => expect(&mut peer, "q"),
            "reset" => {}
            _ => expect_end(&mut peer),
        }
        drop(peer);
        eventually("the handler is gone", || book.dropped.load(Ordering::SeqCst) == before + 1);
    }
    assert_eq!(*book.ends.lock(), ["Wanted", "Failed", "Finished", "Broken"]);
    bystander.write_all(b"still here").unwrap();
    expect(&mut bystander, "still here");
    drop(bystander);
    service.stop(Duration::from_secs(1));
    assert_eq!((book.made.load(Ordering::SeqCst), book.dropped.load(Ordering::SeqCst)), (5, 5));
}

/// Stop with open connections: they have the grace to go, then they are cut, and all is joined.
#[test]
fn stop_cuts_connections_that_are_left_and_joins_everything() {
    let (service, book) = start();
    let peers: Vec<TcpStream> = (0..5).map(|_| connect(&service)).collect();
    assert_eq!(service.connections(), 5);
    let began = Instant::now();
    assert_eq!(service.stop(Duration::from_millis(50)), 5);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!((book.made.load(Ordering::SeqCst), book.dropped.load(Ordering::SeqCst)), (5, 5));
    assert_eq!(Arc::strong_count(&book), 1, "no thread is left that could hold it");
    for mut peer in peers {
        expect_end(&mut peer);
    }
}

/// A peer that is not admitted is told the sentence, and the others stay.
#[test]
fn a_peer_that_is_not_admitted_is_told_why() {
    let (mut service, book) = start();
    let mut peers: Vec<TcpStream> = (0..8).map(|_| connect(&service)).collect();
    let mut ninth = TcpStream::connect(service.local_addr()).unwrap();
    let mut said = String::new();
    ninth.read_to_string(&mut said).unwrap();
    assert_eq!(said, "! Eight are enough.\n");
    service.close_door();
    assert!(TcpStream::connect(service.local_addr()).is_err(), "nobody comes in any more");
    peers[0].write_all(b"but we are here").unwrap();
    expect(&mut peers[0], "but we are here");
    drop(peers);
    drop(service); // joins, too
    assert_eq!(book.dropped.load(Ordering::SeqCst), 8);
}
