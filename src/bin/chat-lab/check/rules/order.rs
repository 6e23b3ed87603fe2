//! Stage 7: under load there is one order for all, nothing is lost or torn, and nothing stands still. Knows nothing of clients that do not read.

use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::check::book::Book;
use crate::check::client::{Client, Place};
use crate::check::pattern::Expected;
use crate::check::play::Play;
use crate::check::profile::Policy;
use crate::check::rules::{Ask, Rule};
use crate::check::script::Bytes;
use crate::check::verdict::{Fault, Heard, Outcome, seconds};
use crate::kernel::sockets;
use crate::marker::{MARK_LEN, Mark, Marker};

/// Speakers, and clients that only listen.
const SPEAKERS: [&str; 4] = ["anna", "boris", "vera", "gleb"];
const LISTENERS: [&str; 4] = ["listener1", "listener2", "listener3", "listener4"];
/// Lines of each speaker.
const LINES: u32 = 250;
/// A server without one order is lucky in one of five such rounds.
const ROUNDS: u32 = 4;
/// Bytes of a short line and of a long one.
const SHORT: usize = 64;
const LONG: usize = 3000;
/// Long lines that each speaker says at once, and altogether.
const BURST: u32 = 8;
const MOST: u32 = 2000;
/// So often the listener stops reading.
const TIMES: u32 = 4;
/// So many clients listen to one, and so many come and go at once.
const HUNDRED: usize = 100;
const VISITORS: usize = 8;
/// So often each of them comes, at most: each time costs a port for a minute.
const VISITS: usize = 400;

/// A server that takes each read for a line, or is one line late, fails here for that reason alone.
const AFTER: &[&str] = &["together/heard", "together/prompt", "framing/glued", "framing/split"];
/// A line that is torn is counted as lost.
const AFTER_WHOLE: &[&str] = &["order/whole", "together/heard", "together/prompt", "framing/glued", "framing/split"];

/// A server that errs when clients leave, or takes the change of a room for a text, fails there for that reason alone.
const AFTER_LEAVING: &[&str] = &[
    "together/heard",
    "together/prompt",
    "rooms/isolated",
    "leave/close",
    "leave/reset",
    "leave/reset-under-fire",
    "leave/no-leak",
    "leave/no-spin",
];

/// The rules of this stage.
pub const RULES: &[Rule] = &[
    Rule { name: "order/whole", asks: &[Ask::Near, Ask::Others, Ask::Ends, Ask::Sockets], after: AFTER, run: whole },
    Rule { name: "order/none-lost", asks: &[Ask::Near, Ask::Others], after: AFTER_WHOLE, run: none_lost },
    Rule { name: "order/one", asks: &[Ask::Near, Ask::Others], after: AFTER_WHOLE, run: one },
    Rule {
        name: "load/hundred",
        asks: &[Ask::Near, Ask::Others],
        after: &["start/fifty", "together/heard", "together/prompt"],
        run: hundred,
    },
    Rule { name: "load/rooms-names", asks: &[Ask::Near, Ask::Others], after: AFTER_LEAVING, run: rooms_names },
];

/// All speakers speak at once, each in a thread. In a protocol whose messages have no ends that can be seen,
/// each waits until its line was read before it says the next one.
fn speak_all(
    speakers: &mut [Client; 4],
    paced: bool,
    lines: impl Fn(usize, &Client) -> Vec<Vec<u8>> + Sync,
) -> Outcome {
    let start = Barrier::new(speakers.len());
    let speak = |number: usize, client: &mut Client| {
        let lines = lines(number, client);
        start.wait();
        lines.iter().try_for_each(|line| {
            client.send(line)?;
            if paced { client.wait_until_read() } else { Ok(()) }
        })
    };
    thread::scope(|threads| {
        let spoken: Vec<_> = speakers
            .iter_mut()
            .enumerate()
            .map(|(number, client)| threads.spawn(move || speak(number, client)))
            .collect();
        spoken.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(Fault::Trouble("a thread of the checker has failed".to_owned())))
        })
    })
}

/// Marks for the lines of this rule. A client that comes later may be told of them.
fn new_marker(play: &mut Play) -> Marker {
    let marker = Marker::new(play.dice.below(1 << 16) as u16, SHORT);
    play.script().said().add(marker.needle());
    marker
}

/// What each listener has heard of a thousand short lines, in its order. The clients of each round are new, and those of
/// the rounds before stay: to leave is another rule's matter.
fn marks(play: &mut Play, round: u32) -> Outcome<Vec<Vec<(u8, u32)>>> {
    let fresh = |role: &str| if round == 1 { role.to_owned() } else { format!("{role}{round}") };
    let (speakers, listeners) = (SPEAKERS.map(fresh), LISTENERS.map(fresh));
    let mut speakers = play.enter_all(speakers.each_ref().map(String::as_str))?;
    let mut listeners = play.enter_all(listeners.each_ref().map(String::as_str))?;
    let marker = new_marker(play);
    let paced = !play.profile().end.is_seen();
    speak_all(&mut speakers, paced, |speaker, client| {
        let text = |number| {
            let mut text = Vec::new();
            marker.write(Mark { speaker: speaker as u8, number, sent: 0 }, &mut text);
            client.bytes_of(&text)
        };
        (0..LINES).map(text).collect()
    })?;
    let mut heard = vec![Vec::new(); listeners.len()];
    for speaker in &mut speakers {
        let fence = play.say_fence(speaker)?;
        for (listener, heard) in listeners.iter_mut().zip(&mut heard) {
            // All lines are still on their way to the first one that is asked.
            listener.patience = play.patience() * 3;
            heard.extend(marks_of(&listener.until(&fence)?, &marker));
        }
    }
    Ok(heard)
}

/// The speakers and numbers of all lines in a book. A server may make of a mark one that nobody has sent.
fn marks_of(book: &Book, marker: &Marker) -> Vec<(u8, u32)> {
    let mut marks = Vec::new();
    for message in book.messages() {
        let mut rest = message.as_slice();
        let mut place = 0;
        while let Some(mark) = marker.find(rest, &mut place) {
            if usize::from(mark.speaker) < SPEAKERS.len() && mark.number < LINES {
                marks.push((mark.speaker, mark.number));
            }
            rest = &rest[place + MARK_LEN..];
        }
    }
    marks
}

fn none_lost(play: &mut Play) -> Outcome {
    for (listener, marks) in LISTENERS.iter().zip(marks(play, 1)?) {
        let mut heard = HashSet::new();
        if let Some((speaker, number)) = marks.iter().find(|mark| !heard.insert(**mark)) {
            let speaker = SPEAKERS[usize::from(*speaker)];
            return Err(Fault::broken(format!("{listener} hears line {} of {speaker} twice", number + 1)));
        }
        let said =
            SPEAKERS.iter().zip(0..).flat_map(|(role, speaker)| (0..LINES).map(move |line| (role, speaker, line)));
        let lost: Vec<_> = said.filter(|(_, speaker, line)| !heard.contains(&(*speaker, *line))).collect();
        if let Some((role, _, line)) = lost.first() {
            let told =
                format!("{listener} lacks {} of {} lines, first line {} of {role}", lost.len(), 4 * LINES, line + 1);
            return Err(Fault::broken(told));
        }
    }
    Ok(())
}

/// Lines that one of two listeners has not heard are left out: they are another rule's matter.
fn one(play: &mut Play) -> Outcome {
    (1..=ROUNDS).try_for_each(|round| one_order(&marks(play, round)?))
}

fn one_order(all: &[Vec<(u8, u32)>]) -> Outcome {
    for (other, listener) in all.iter().zip(LISTENERS).skip(1) {
        let (left, right): (HashSet<_>, HashSet<_>) = (all[0].iter().collect(), other.iter().collect());
        let left_order = all[0].iter().filter(|mark| right.contains(mark));
        let right_order = other.iter().filter(|mark| left.contains(mark));
        if let Some((left, right)) = left_order.zip(right_order).find(|(left, right)| left != right) {
            let line = |mark: &(u8, u32)| format!("line {} of {}", mark.1 + 1, SPEAKERS[usize::from(mark.0)]);
            let (first, left, right) = (LISTENERS[0], line(left), line(right));
            return Err(Fault::broken(format!(
                "{first} hears {left} before {right}, and {listener} hears {right} before {left}"
            )));
        }
    }
    Ok(())
}

/// The lines of `order/whole`.
struct LongLines {
    marker: Marker,
    /// Bytes of each.
    length: usize,
    /// So many each speaker has said.
    said: u32,
}

/// The listener reads only when the server's socket to it is full: then a long line is sent in parts.
fn whole(play: &mut Play) -> Outcome {
    let mut speakers = play.enter_all(SPEAKERS)?;
    let mut listener = play.enter_with_small_buffer("listener")?;
    listener.patience = play.patience() * 3;
    let mut lines = LongLines { marker: new_marker(play), length: play.longest(LONG), said: 0 };
    for _ in 0..TIMES {
        // A server may close it for being slow.
        if sockets::is_open(play.place.addr, listener.ear().local) == Some(false) {
            break;
        }
        fill(play, &mut speakers, &listener, &mut lines)?;
    }
    let mut count = 0;
    for place in 0..speakers.len() {
        let fence = play.say_fence(&mut speakers[place])?;
        let until = Instant::now() + listener.patience;
        loop {
            let message = match listener.next_message(until.min(Instant::now() + play.patience() / 4)) {
                Ok(Some((message, _))) => message,
                // Lines that do not come at all are another rule's matter; all that has come was whole.
                Ok(None) if count > 0 && (play.rests() || play.pid.is_none()) => return Ok(()),
                Ok(None) if Instant::now() < until => continue,
                Ok(None) => return Err(listener.nothing(&fence)),
                // It was too slow for this server.
                Err(_) if count > 0 && play.profile().slow.policy == Policy::Close => return Ok(()),
                Err(fault) => return Err(fault),
            };
            if fence.is(&message) {
                break;
            }
            if !listener.is_noise(&message) {
                is_whole(&speakers, &listener, &lines, &message)?;
                count += 1;
            }
        }
    }
    // A line that is lost as a whole is the matter of `order/none-lost` and `slow/honest`.
    let all = lines.said * 4;
    if count > 0 { Ok(()) } else { Err(Fault::broken(format!("the listener hears none of {all} lines"))) }
}

/// All speak until the server's socket to the listener is full, and a little more; then the listener reads.
fn fill(play: &Play, speakers: &mut [Client; 4], listener: &Client, lines: &mut LongLines) -> Outcome {
    listener.set_reading(false);
    let mut unsent = 0;
    // A burst that finds the socket full waits in the server, and two smaller ones come after it: enough that several
    // lines wait for the socket, and not so much that the listener is closed for it.
    for burst in [BURST, 6, 6] {
        loop {
            let said = lines.said;
            speak_all(speakers, false, |speaker, client| {
                let long = |number| client.bytes_of(&long(&lines.marker, speaker, number, lines.length));
                (said..said + burst).map(long).collect()
            })?;
            lines.said += burst;
            play.wait_for_rest(listener);
            let before = std::mem::replace(&mut unsent, unsent_to(play, listener));
            // The socket is full when it takes less than half of what is said.
            if unsent < before + u64::from(burst) * lines.length as u64 * 2 || lines.said > MOST {
                break;
            }
        }
    }
    listener.set_reading(true);
    Ok(())
}

/// Whether this is one of the lines, to its last byte.
fn is_whole(speakers: &[Client; 4], listener: &Client, lines: &LongLines, message: &[u8]) -> Outcome {
    let Some(mark) = lines.marker.find(message, &mut 0).filter(|mark| mark.number < lines.said) else {
        return Err(listener.unasked("the listener hears a piece of a line", message));
    };
    let speaker = usize::from(mark.speaker) % speakers.len();
    let whole = speakers[speaker].speech(&long(&lines.marker, speaker, mark.number, lines.length));
    if whole.is(message) { Ok(()) } else { Err(torn(listener, message, &whole)) }
}

/// The bytes of two lines around the place at which one goes on in the other.
fn torn(listener: &Client, message: &[u8], whole: &Expected) -> Fault {
    let at = whole.first_wrong(message);
    let (from, to) = (at.saturating_sub(30), at + 30);
    let part = |bytes: &[u8]| bytes[from.min(bytes.len())..to.min(bytes.len())].to_vec();
    let heard = Heard {
        role: listener.role.clone(),
        came: Some(Bytes::proof(&part(message))),
        should: Some(part(&whole.shown())),
        at: at - from,
    };
    Fault::broken(format!("a line is not whole; its bytes from {from} to {to}:")).heard(heard)
}

/// Bytes that wait in the server's socket to this client.
fn unsent_to(play: &Play, client: &Client) -> u64 {
    sockets::unsent(play.place.addr, client.ear().local).unwrap_or(0)
}

/// A long line: its mark, and a letter of its speaker.
fn long(marker: &Marker, speaker: usize, number: u32, length: usize) -> Vec<u8> {
    let mut text = Vec::new();
    marker.write(Mark { speaker: speaker as u8, number, sent: 0 }, &mut text);
    text.resize(length.max(MARK_LEN), b"abvg"[speaker]);
    text
}

fn hundred(play: &mut Play) -> Outcome {
    let mut anna = play.enter("anna")?;
    let within = play.patience() / 2;
    let idle = (1..=HUNDRED).map(|number| play.enter(&format!("client{number}"))).collect::<Outcome<Vec<_>>>()?;
    let text = play.text();
    anna.say(&text)?;
    let said = Instant::now();
    let speech = anna.speech(text.as_bytes());
    for client in &idle {
        let took = client.hears(&speech)?.saturating_duration_since(said);
        if took > within {
            return Err(Fault::late(format!("{} hears it after {}", client.role, seconds(took))));
        }
    }
    Ok(())
}

/// Eight clients come, change the room if there are several, and leave, as fast as they can. Then a line must come.
fn rooms_names(play: &mut Play) -> Outcome {
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    let time = if play.profile().rooms.is_some() { 3 } else { 1 };
    let until = Instant::now() + Duration::from_secs(time);
    let visits: Vec<Outcome> = thread::scope(|threads| {
        let visitors: Vec<_> = (0..VISITORS)
            .map(|visitor| {
                let (place, suffix) = (play.place.clone(), play.suffix.clone());
                threads.spawn(move || visit(&place, visitor, &suffix, until))
            })
            .collect();
        let failed = || Err(Fault::Trouble("a thread of the checker has failed".to_owned()));
        visitors.into_iter().map(|visitor| visitor.join().unwrap_or_else(|_| failed())).collect()
    });
    let silent = |fault: Fault| fault.told("clients came and left at once, and the server is silent since");
    play.say_to(&mut anna, &[&boris]).map_err(silent)?;
    visits.into_iter().collect()
}

fn visit(place: &Place, visitor: usize, suffix: &str, until: Instant) -> Outcome {
    for round in 0..VISITS {
        if Instant::now() >= until {
            break;
        }
        let nick = format!("v{visitor}n{round}{suffix}");
        let mut client = Client::connect(place, &format!("visitor{visitor}"), &nick, false)?;
        client.enter()?;
        client.change_room()?;
        match (round % 3, client.farewell()) {
            (0, Some(farewell)) => {
                // A server may close before it has read all.
                let _ = client.send(&farewell);
                client.close();
            }
            (1, _) => client.reset(),
            _ => client.close(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_that_nobody_has_sent_is_no_line() {
        let marker = Marker::new(7, SHORT);
        let mut book = Book::new(true);
        for (speaker, number) in [(1, 2), (9, 2), (1, u32::MAX)] {
            let mut text = Vec::new();
            marker.write(Mark { speaker, number, sent: 0 }, &mut text);
            book.add(text, false);
        }
        assert_eq!(marks_of(&book, &marker), [(1, 2)]);
    }
}
