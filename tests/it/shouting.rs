//! A front from outside: each line is said and told in capitals, with numbers of its own. It is hung in by a value, and nothing else knows it. (docs/architecture.md, `front`)

use roomful::command::{AccountCommand, ChatCommand, text};
use roomful::error::ChatError;
use roomful::event::Event;
use roomful::front::{Fronts, Opening, sniff::Kind};
use roomful::model::CloseReason;
use roomful::names::Nick;
use roomful::wire::{Decoder, Delivery, Encoder, Input, Manners, Mark, Protocol, reader};

use crate::support::TestServer;

#[derive(Debug)]
struct Ears(reader::Lines, u32);

impl Ears {
    fn read(&mut self, line: &reader::Line<'_>, named: bool) -> Input {
        self.1 += 1;
        let reader::Line::Whole(line) = line else { return Input::Refused(None, ChatError::LineTooLong(0)) };
        let line = String::from_utf8_lossy(line).to_uppercase();
        match line.strip_prefix("NICK ").filter(|_| !named).map(Nick::parse) {
            _ if line == "HOW MANY" => {
                Input::Mark(Mark { line: true, ..Mark::new(format!("{} lines from you", self.1), 20) })
            }
            Some(Ok(nick)) => Input::Command(None, AccountCommand::Nick { nick: Some(nick), rooms: None }.into()),
            Some(Err(error)) => Input::Refused(None, error.into()),
            None => Input::Command(None, ChatCommand::Say { room: None, text: text(&line) }.into()),
        }
    }
}

impl Decoder for Ears {
    fn next(&mut self, bytes: &mut &[u8], named: bool) -> Option<Input> {
        self.0.next(bytes).map(|line| self.read(&line, named))
    }

    fn finish(&mut self, named: bool) -> Option<Input> {
        self.0.finish().map(|line| self.read(&line, named))
    }
}

#[derive(Debug)]
struct Mouth(u32);

impl Encoder for Mouth {
    fn encode(&mut self, item: &Delivery, out: &mut Vec<u8>) {
        if let Event::Message(message) = item.letter.event() {
            self.0 += 1;
            out.extend(format!("{} {}: {}\n", self.0, message.from, message.text).to_uppercase().into_bytes());
        }
    }

    fn mark(&mut self, mark: Mark, out: &mut Vec<u8>) {
        let words = mark.what.downcast::<String>().unwrap();
        out.extend(format!("{}, {} TO YOU\n", words.to_uppercase(), self.0).into_bytes());
    }

    fn end(&mut self, _reason: CloseReason, out: &mut Vec<u8>) {
        out.extend(b"OVER\n");
    }
}

fn open(opening: &Opening<'_>) -> Protocol {
    let manners = Manners {
        name: "loud",
        echo: true,
        pings: false,
        hello: false,
        whole_lists: false,
        counts: false,
        end_of_input: CloseReason::Quit,
    };
    let ears = Ears(reader::Lines::new(opening.limits.line_bytes), 0);
    Protocol { manners, greeting: b"SPEAK UP\n".to_vec(), decoder: Box::new(ears), encoder: Box::new(Mouth(0)) }
}

#[test]
fn a_front_is_hung_in_by_a_value() {
    let server = TestServer::serving(Fronts::default().serve(Kind::Irc, open));
    let mut ann = server.login_in("ann", "#lobby");
    let mut loud = server.wire();
    loud.send("NICK bob\nhello\nhow many\n");
    assert_eq!([loud.line(), loud.line(), loud.line()], ["SPEAK UP", "1 BOB: HELLO", "3 LINES FROM YOU, 1 TO YOU"]);
    ann.say("#lobby", "hi");
    assert_eq!(loud.line(), "2 ANN: HI");
    loud.half_close();
    assert_eq!(loud.rest(), ["OVER"]);
    ann.wait(|event| matches!(event, Event::Quit { .. }));
    assert_eq!(ann.hears(), ["#lobby + BOB", "#lobby BOB: HELLO", "#lobby ann: hi"]);
}
