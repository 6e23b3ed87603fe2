//! Stands between a page and the server, and says to the page what no server of ours says. Knows HTTP by its head only.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use tungstenite::handshake::server::{Request, Response};
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::{Role, WebSocket};
use tungstenite::{Message, accept_hdr};

/// An end of a connection: its number, and the words that go before it.
pub type End = (u16, Value);

/// What is done with each event of the server before the page has it.
type Change = Box<dyn Fn(&mut Value) + Send>;

/// All that goes through is the server's, but for what the test puts in. Each page's chat is a program's connection to the server.
pub struct Between {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    pages: Mutex<Vec<Page>>,
    change: Mutex<Change>,
    /// What `/welcome.json` is, if not what the server says.
    welcome: Mutex<Option<String>>,
    /// Connections that end before they begin.
    refusals: Mutex<VecDeque<End>>,
}

/// The writing half of one page's connection, and the server's end of it.
struct Page {
    socket: WebSocket<TcpStream>,
    server: TcpStream,
}

impl Between {
    pub fn new(server: SocketAddr) -> Between {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server,
            pages: Mutex::default(),
            change: Mutex::new(Box::new(|_| ())),
            welcome: Mutex::default(),
            refusals: Mutex::default(),
        });
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&all);
                // A connection that breaks off is the end of its thread, and no more.
                thread::spawn(move || shared.serve(stream).ok());
            }
        });
        Between { port, shared }
    }

    /// Says this to each page, as the server would.
    pub fn tells(&self, event: &str) {
        for page in &mut *self.shared.pages.lock().unwrap() {
            // A page that was left is not there to hear it.
            let _ = page.socket.send(Message::text(event));
        }
    }

    /// Ends each page's connection.
    pub fn ends(&self, (code, event): End) {
        for mut page in self.shared.pages.lock().unwrap().drain(..) {
            let _ = page.server.shutdown(Shutdown::Both);
            end(&mut page.socket, code, &event);
        }
    }

    /// Ends so many connections that are made from now on.
    pub fn refuses(&self, times: usize, end: &End) {
        self.shared.refusals.lock().unwrap().extend((0..times).map(|_| end.clone()));
    }

    /// Changes each event of the server from now on.
    pub fn changes(&self, change: impl Fn(&mut Value) + Send + 'static) {
        *self.shared.change.lock().unwrap() = Box::new(change);
    }

    pub fn welcomes(&self, welcome: &Value) {
        *self.shared.welcome.lock().unwrap() = Some(welcome.to_string());
    }
}

/// The reading half: it answers nothing, because the writing half does.
struct Reading(TcpStream);

impl Read for Reading {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Reading {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says that the connection ends, if there are words, and ends it.
fn end(socket: &mut WebSocket<TcpStream>, code: u16, event: &Value) {
    // The page may have gone by itself.
    if !event.is_null() {
        let _ = socket.send(Message::text(event.to_string()));
    }
    let _ = socket.close(Some(CloseFrame { code: code.into(), reason: "".into() }));
    let _ = socket.flush();
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut bytes = [0; 8192];
        let length = loop {
            let count = stream.peek(&mut bytes)?;
            if let Some(at) = bytes[..count].windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if count == 0 || count == bytes.len() {
                return Ok(());
            }
            thread::yield_now();
        };
        let head = String::from_utf8_lossy(&bytes[..length]).into_owned();
        if head.starts_with("GET /ws ") {
            return self.chat(stream);
        }
        (&stream).read_exact(&mut bytes[..length])?;
        let welcome = self.welcome.lock().unwrap().clone();
        match welcome {
            Some(welcome) if head.starts_with("GET /welcome.json ") => {
                let length = welcome.len();
                let fields = "Content-Type: application/json\r\nConnection: close\r\n";
                write!(&stream, "HTTP/1.1 200 OK\r\n{fields}Content-Length: {length}\r\n\r\n{welcome}")
            }
            _ => self.http(stream, &head),
        }
    }

    /// One request and its answer, as they are.
    fn http(&self, stream: TcpStream, head: &str) -> io::Result<()> {
        let server = TcpStream::connect(self.server)?;
        (&server).write_all(head.replace("Connection: keep-alive", "Connection: close").as_bytes())?;
        let (mut from, mut to) = (stream.try_clone()?, server.try_clone()?);
        thread::spawn(move || io::copy(&mut from, &mut to));
        io::copy(&mut &server, &mut &stream)?;
        stream.shutdown(Shutdown::Both)
    }

    /// A page's chat. Objects go over in both directions.
    fn chat(&self, stream: TcpStream) -> io::Result<()> {
        let mut writing = WebSocket::from_raw_socket(stream.try_clone()?, Role::Server, None);
        let choose = |_: &Request, mut response: Response| {
            response.headers_mut().insert("Sec-WebSocket-Protocol", "roomful.1".parse().unwrap());
            Ok(response)
        };
        accept_hdr(stream.try_clone()?, choose).map_err(|error| io::Error::other(error.to_string()))?;
        let mut reading = WebSocket::from_raw_socket(Reading(stream), Role::Server, None);
        if let Some((code, event)) = self.refusals.lock().unwrap().pop_front() {
            end(&mut writing, code, &event);
            while reading.read().is_ok() {}
            return Ok(());
        }
        let server = TcpStream::connect(self.server)?;
        let to_server = server.try_clone()?;
        self.pages.lock().unwrap().push(Page { socket: writing, server: server.try_clone()? });
        thread::spawn(move || {
            while let Ok(message) = reading.read() {
                if let Message::Text(text) = message
                    && writeln!(&to_server, "{text}").is_err()
                {
                    break;
                }
            }
            to_server.shutdown(Shutdown::Both)
        });
        let here = server.local_addr()?;
        for line in BufReader::new(server).lines().map_while(Result::ok) {
            let mut event: Value = serde_json::from_str(&line)?;
            (self.change.lock().unwrap())(&mut event);
            let mut pages = self.pages.lock().unwrap();
            let page = pages.iter_mut().find(|page| page.server.local_addr().is_ok_and(|addr| addr == here));
            let Some(page) = page else { break };
            page.socket.send(Message::text(event.to_string())).map_err(io::Error::other)?;
        }
        let mut pages = self.pages.lock().unwrap();
        if let Some(at) = pages.iter().position(|page| page.server.local_addr().is_ok_and(|addr| addr == here)) {
            end(&mut pages.remove(at).socket, 1000, &Value::Null);
        }
        Ok(())
    }
}
