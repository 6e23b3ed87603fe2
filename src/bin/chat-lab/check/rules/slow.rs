//! Stage 5: a client that does not read costs the others nothing, and the server little. Knows nothing of clients that leave.
//!
//! Vera has a small buffer and stops reading. Anna speaks until the server has closed vera's connection, or until
//! so much is said that no buffer of the kernel hides what the server does.

use std::time::{Duration, Instant};

use crate::check::client::Client;
use crate::check::flood::{Flood, Found};
use crate::check::link::Came;
use crate::check::pattern::Values;
use crate::check::play::Play;
use crate::check::profile::{Own, Policy};
use crate::check::rules::{Ask, Rule};
use crate::check::verdict::{Fault, Outcome};
use crate::kernel::sockets;

const MIB: u64 = 1024 * 1024;
/// So much is said: more than all buffers of the kernel between a server and one client.
const ENOUGH: u64 = 8 * MIB;
/// So much is said if each line is looked at: more than any queue with a bound.
const MUCH: u64 = 16 * MIB;
/// So much is said to find a queue without a bound. After this time less is enough: most of it is in no buffer of the kernel.
const FLOOD: u64 = 128 * MIB;
const LEAST: u64 = 32 * MIB;
const FLOOD_TIME: Duration = Duration::from_secs(10);
/// By so much the program may grow.
const GROWTH: u64 = 64 * MIB;

/// A server that takes each read for a line, or is one line late, fails here for that reason alone.
const AFTER: &[&str] = &["together/heard", "together/prompt", "framing/glued", "framing/split", "framing/long"];
/// If others wait for vera, it cannot be seen what becomes of her.
const AFTER_OTHERS: &[&str] = &["slow/others", "slow/newcomer", "slow/speaker"];

/// The rules of this stage.
pub const RULES: &[Rule] = &[
    Rule { name: "slow/others", asks: &[Ask::Near, Ask::Others], after: AFTER, run: others },
    Rule { name: "slow/newcomer", asks: &[Ask::Near, Ask::Others, Ask::Served], after: AFTER, run: newcomer },
    Rule { name: "slow/speaker", asks: &[Ask::Near, Ask::Others], after: AFTER, run: speaker },
    Rule { name: "slow/bounded", asks: &[Ask::Process, Ask::Near, Ask::Others], after: AFTER_OTHERS, run: bounded },
    Rule { name: "slow/honest", asks: &[Ask::Near, Ask::Others], after: AFTER_OTHERS, run: honest },
];

/// Vera, a client that does not read any more.
fn deaf(play: &mut Play) -> Outcome<Client> {
    let vera = play.enter_with_small_buffer("vera")?;
    vera.set_reading(false);
    Ok(vera)
}

/// A second; two, if the protocol says that the others wait for a client that is slow.
fn deadline(play: &Play) -> Duration {
    match play.profile().slow.policy {
        Policy::Wait => play.patience(),
        Policy::Close | Policy::Drop => play.patience() / 2,
    }
}

/// Whether there is more to say: the server still bears vera, and has not borne all.
fn goes_on(play: &Play, vera: &Client, flood: &Flood, most: u64) -> bool {
    flood.bytes() < most && sockets::is_open(play.place.addr, vera.ear().local).unwrap_or(true)
}

/// If the server is only late, the reason is vera.
fn waits(fault: Fault, role: &str) -> Fault {
    match &fault {
        Fault::Broken(evidence) if evidence.by_time => {
            let told = format!("vera does not read, and {role} is held up: {}", evidence.told);
            fault.told(told)
        }
        _ => fault,
    }
}

fn others(play: &mut Play) -> Outcome {
    let [mut anna, mut boris] = play.enter_all(["anna", "boris"])?;
    let vera = deaf(play)?;
    anna.patience = deadline(play);
    boris.patience = deadline(play);
    let mut flood = Flood::new(play);
    let mut more = true;
    while more {
        more = goes_on(play, &vera, &flood, MUCH);
        let first = flood.said();
        let last = flood.say_round(&mut anna).map_err(|fault| waits(fault, "anna"))?;
        // A server that works is not held up; on a busy machine it may wait for a core longer than boris for a line.
        if play.pid.is_some() {
            play.wait_for_rest(&anna);
        }
        let book = boris.until(&anna.speech(last.as_bytes())).map_err(|fault| waits(fault, "boris"))?;
        if !book.is_whole() {
            continue;
        }
        for (number, message) in (first..flood.said() - 1).zip(book.messages()) {
            let speech = anna.speech(flood.text(number).as_bytes());
            if !speech.is(message) {
                return Err(boris.wrong("boris hears something else".to_owned(), message, &speech));
            }
        }
        if book.messages().len() < flood.said() - 1 - first {
            return Err(Fault::broken(format!("boris misses lines of anna before line {}", flood.said())));
        }
    }
    Ok(())
}

/// In each round another client comes in and speaks, because it is not known in which one vera's buffers are full.
fn newcomer(play: &mut Play) -> Outcome {
    let mut anna = play.enter("anna")?;
    let vera = deaf(play)?;
    anna.patience = deadline(play);
    let greets = play.profile().greets();
    let mut flood = Flood::new(play);
    let mut more = true;
    let mut round = 0;
    while more {
        let said = flood.say_round(&mut anna).and_then(|_| anna.wait_until_read());
        // If the server rests and does not read from anna, vera's buffers are full: another rule tells that. If it does
        // not rest, it is only slow.
        let is_slow = play.pid.is_some() && !play.rests();
        more = (said.is_ok() || is_slow) && goes_on(play, &vera, &flood, ENOUGH);
        round += 1;
        let mut gleb = play.connect(&format!("gleb{round}"))?;
        gleb.patience = deadline(play);
        gleb.enter().map_err(|fault| waits(fault, "gleb"))?;
        let text = play.text();
        let mut speak = || gleb.say(&text).and_then(|()| gleb.wait_until_read());
        // A server that does not greet has served gleb if it comes back to read from him.
        let served = if greets { speak() } else { speak().and_then(|()| speak()) };
        served.map_err(|fault| waits(fault, "gleb"))?;
        gleb.close();
    }
    Ok(())
}

/// Nobody else is in the room, so what holds anna up is vera.
fn speaker(play: &mut Play) -> Outcome {
    let mut anna = play.enter("anna")?;
    let vera = deaf(play)?;
    anna.patience = deadline(play);
    let mut flood = Flood::new(play);
    let mut more = true;
    while more {
        more = goes_on(play, &vera, &flood, ENOUGH);
        let last = flood.say_round(&mut anna).map_err(|fault| waits(fault, "anna"))?;
        anna.wait_until_read().map_err(|fault| waits(fault, "anna"))?;
        if play.profile().say.own == Own::One {
            anna.until(&anna.own_speech(last.as_bytes()))?;
        }
    }
    Ok(())
}

fn bounded(play: &mut Play) -> Outcome {
    let mut anna = play.enter("anna")?;
    let vera = deaf(play)?;
    let process = play.process()?;
    let memory = || process.holding().map(|holding| holding.rss).map_err(|_| Fault::broken("the program has ended"));
    let before = memory()?;
    let mut flood = Flood::new(play);
    let began = Instant::now();
    let mut more = true;
    while more {
        flood.say_round(&mut anna)?;
        anna.wait_until_read()?;
        let growth = memory()?.saturating_sub(before);
        let in_time = began.elapsed() < FLOOD_TIME;
        // A slow server whose memory holds nearly all that was said goes on like that.
        if growth > GROWTH || (!in_time && flood.bytes() >= LEAST && growth > flood.bytes() / 4 * 3) {
            let (said, growth) = (flood.bytes() / MIB, growth / MIB);
            let told =
                format!("vera does not read; {said} MiB were said to her, and the program has grown by {growth} MiB");
            return Err(Fault::broken(told));
        }
        more = goes_on(play, &vera, &flood, if in_time { FLOOD } else { LEAST });
    }
    Ok(())
}

fn honest(play: &mut Play) -> Outcome {
    let mut anna = play.enter("anna")?;
    let vera = deaf(play)?;
    let mut flood = Flood::new(play);
    while goes_on(play, &vera, &flood, MUCH) {
        flood.say_round(&mut anna)?;
        anna.wait_until_read()?;
    }
    vera.set_reading(true);
    let mut hearing = Hearing { vera: &vera, next: 0, gap: false };
    // Only to choose a moment for the last line: what comes later is judged, too.
    let pause = play.patience() / 4;
    if hearing.listen(play, &flood, pause)? == End::Closed {
        return Ok(());
    }
    // If the last lines are missing, the one that is said now shows it.
    let last = flood.said();
    flood.say(&mut anna, 1)?;
    match hearing.listen(play, &flood, play.patience())? {
        End::Quiet if hearing.next <= last => {
            let told = format!("vera reads again, and does not hear line {} of {}", hearing.next + 1, last + 1);
            Err(Fault::late(told))
        }
        End::Quiet | End::Closed => Ok(()),
    }
}

/// How vera's hearing ended.
#[derive(PartialEq, Eq)]
enum End {
    Quiet,
    Closed,
}

/// What vera hears when she reads again.
struct Hearing<'a> {
    vera: &'a Client,
    /// The line that must come next.
    next: usize,
    /// Whether the server has told that lines are missing.
    gap: bool,
}

impl Hearing<'_> {
    /// Hears until all is heard, or no line comes for this long, or the connection ends.
    fn listen(&mut self, play: &Play, flood: &Flood, pause: Duration) -> Outcome<End> {
        let gap = play.profile().slow.gap.as_ref().map(|gap| gap.expect(&Values::default()));
        let mut until = Instant::now() + pause;
        while self.next < flood.said() {
            match self.vera.ear().wait_for(until, |bytes| flood.find(bytes)) {
                Came::It(Found::Line(number), _) if number == self.next || self.gap => {
                    self.next = number + 1;
                    self.gap = false;
                    until = Instant::now() + pause;
                }
                Came::It(Found::Line(number), _) => {
                    let told = format!(
                        "vera reads again: after line {} comes line {}, and nobody told her of a gap",
                        self.next,
                        number + 1
                    );
                    return Err(Fault::broken(told));
                }
                Came::It(Found::Other(message), _) => self.gap |= gap.as_ref().is_some_and(|gap| gap.is(&message)),
                Came::End(_) => return Ok(End::Closed),
                Came::Nothing => return Ok(End::Quiet),
            }
        }
        Ok(End::Quiet)
    }
}
