//! A bot on the JSON front: `cargo run --example bot -- 127.0.0.1:7667 clock`, then say `!time` or `!help` in the lobby.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use roomful::event::{Event, PROTOCOL};
use roomful::wire::json::{decode_event, request};
use serde_json::Value;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let addr = arguments.next().unwrap_or_else(|| "127.0.0.1:7667".to_owned());
    let nick = arguments.next().unwrap_or_else(|| "clock".to_owned());

    let mut stream = TcpStream::connect(&addr)?;
    let lines = BufReader::new(stream.try_clone()?).lines();
    tell(&mut stream, "hello", &[("version", PROTOCOL.into()), ("nick", nick.as_str().into())])?;
    for line in lines {
        match decode_event(line?.as_bytes()).map_err(io::Error::other)? {
            // A bot hears its own lines, too: it must not answer itself.
            Event::Message(said) if *said.from != *nick => {
                if let Some(answer) = answer(&said.text) {
                    let room = Value::from(&*said.room);
                    tell(&mut stream, "say", &[("room", room), ("text", answer.into())])?;
                }
            }
            Event::Ping { token } => tell(&mut stream, "pong", &[("token", Value::from(&*token))])?,
            Event::Error { text, .. } => eprintln!("refused: {text}"),
            Event::Closing { text, .. } => eprintln!("closed: {text}"),
            _ => {}
        }
    }
    Ok(())
}

/// What the bot says to a line, if anything.
fn answer(text: &str) -> Option<String> {
    match text.trim() {
        "!time" => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400;
            Some(format!("{:02}:{:02}:{:02} UTC", now / 3600, now / 60 % 60, now % 60))
        }
        "!help" => Some("!time tells the time, !help tells this".to_owned()),
        _ => None,
    }
}

fn tell(stream: &mut TcpStream, kind: &str, fields: &[(&str, Value)]) -> io::Result<()> {
    stream.write_all((request(kind, fields) + "\n").as_bytes())
}
