//! A server inside a test of your own: it starts on a free port, two people talk, it stops. `cargo run --example embed`

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use roomful::limits::Limits;
use roomful::server::Server;

/// A person with `nc`.
struct Person {
    stream: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Person {
    /// Comes in; returns when the lobby has been shown.
    fn enter(addr: SocketAddr, name: &str) -> io::Result<Person> {
        let stream = TcpStream::connect(addr)?;
        // A test that waits for ever does not tell what is wrong.
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut person = Person { lines: BufReader::new(stream.try_clone()?), stream };
        person.types(name)?;
        person.reads("You are in #lobby")?;
        Ok(person)
    }

    fn types(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(format!("{text}\n").as_bytes())
    }

    /// Reads up to the line that has `words` in it.
    fn reads(&mut self, words: &str) -> io::Result<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line)? == 0 {
                return Err(io::Error::other(format!("the end, and no {words:?}")));
            }
            if line.contains(words) {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}

fn main() -> io::Result<()> {
    // A program types faster than a person may.
    let limits = Limits { rate: 0, ..Limits::default() };
    let server = Server::bind("127.0.0.1:0")?.limits(limits).start()?;

    let mut anna = Person::enter(server.local_addr(), "Анна")?;
    let mut boris = Person::enter(server.local_addr(), "Борис")?;
    eprintln!("{}", anna.reads("Борис joined")?);
    anna.types("привет!")?;
    eprintln!("{}", boris.reads("Анна: привет!")?);
    boris.types("/quit")?;
    eprintln!("{}", anna.reads("Борис left (quit)")?);

    anna.types("/quit")?;
    eprintln!("{}", anna.reads("Bye")?);
    // `stop` returns when every thread of the server has ended.
    let stopped = server.stop("the test is over");
    assert_eq!(stopped.cut, 0);
    Ok(())
}
