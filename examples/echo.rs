//! A whole echo server on `roomful::net`, without the chat: `cargo run --example echo`, then `nc 127.0.0.1 7007`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use roomful::net::crew::Crew;
use roomful::net::{Control, End, Flow, Handler, Listener, Options, Service, Stream};

/// One connection. It lives on the connection's own thread, and is dropped at its end.
struct Echo(Arc<Stream>);

impl Handler for Echo {
    fn connected(&mut self) -> Flow {
        Flow::Go
    }

    fn data_in(&mut self, bytes: &[u8]) -> Flow {
        // Blocks while the peer does not read; only this peer waits for that.
        if self.0.send_all(bytes).is_ok() { Flow::Go } else { Flow::End }
    }

    fn data_out(&mut self) {}

    fn control(&mut self, Control::Silence: Control) -> Flow {
        Flow::Go
    }

    fn disconnected(&mut self, end: End) {
        eprintln!("{} left: {end:?}", self.0.peer());
    }
}

fn main() -> io::Result<()> {
    let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 7007)), 128)?;
    let crew = Crew::new(usize::MAX, 524_288); // any number of threads, with stacks of 512 KiB
    let service = Service::start(listener, crew, Options::default, |stream| {
        Ok((format!("echo-{}", stream.peer().port()), Box::new(Echo(Arc::clone(stream))) as Box<dyn Handler>))
    })?;
    eprintln!("echo on {}; Enter ends it", service.local_addr());
    io::stdin().read_line(&mut String::new())?;
    drop(service); // cuts every connection, and joins every thread
    Ok(())
}
