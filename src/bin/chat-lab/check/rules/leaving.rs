//! Stage 4: a client leaves, in order or not, and that is nobody else's matter. Knows nothing of clients that stay and do not read.

use std::time::{Duration, Instant};

use crate::check::client::Client;
use crate::check::pattern::Expected;
use crate::check::play::Play;
use crate::check::rules::{Ask, Rule, pause};
use crate::check::verdict::{Fault, Outcome, seconds};
use crate::kernel::effort::Effort;
use crate::kernel::process::{Holding, Process};

/// The rules of this stage.
pub const RULES: &[Rule] = &[
    Rule { name: "leave/close", asks: &[Ask::Others], after: HEARD, run: close },
    Rule { name: "leave/half", asks: &[Ask::Others], after: HEARD, run: half },
    Rule { name: "leave/no-spin", asks: &[Ask::Process], after: &["start/second"], run: no_spin },
    Rule { name: "leave/reset", asks: &[Ask::Others, Ask::Near], after: HEARD, run: reset },
    Rule { name: "leave/reset-under-fire", asks: &[Ask::Others, Ask::Near], after: FIRE, run: reset_under_fire },
    Rule { name: "leave/word", asks: &[Ask::Others, Ask::Word], after: HEARD, run: word },
    Rule { name: "leave/no-leak", asks: &[Ask::Process, Ask::Near], after: &["start/second"], run: no_leak },
    // If the end of a connection is not seen at all, the name is the least that stays.
    Rule { name: "leave/name-again", asks: &[Ask::Names], after: &["leave/close"], run: name_again },
];
const HEARD: &[&str] = &["together/heard"];
/// Lines that are sent at once are also read at once.
const FIRE: &[&str] = &["together/heard", "framing/glued", "framing/split"];

/// The processor time of clients that have left is watched this long, and first for a shorter time.
const WATCH: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];
/// The part of a core that they may cost, and the one that is surely none.
const SPINS: f64 = 0.2;
const RESTS: f64 = 0.05;
/// So many lines are on the way, and each tenth of them one client breaks off.
const LINES: usize = 200;
const RESETS: usize = 10;
/// So many clients come and go at once, and so often; with a slow server not so often after some time.
const CROWD: usize = 20;
const CROWDS: usize = 10;
const ENOUGH_CROWDS: usize = 2;
/// If nothing changes for so long, no client is still leaving.
const SETTLED: Duration = Duration::from_millis(100);
/// So many threads and descriptors more than before are no leak.
const SPARE: u64 = 2;

fn close(play: &mut Play) -> Outcome {
    let [mut anna, mut boris, vera] = play.enter_all(["anna", "boris", "vera"])?;
    let left = play.notice(&vera, false);
    vera.close();
    let Some(left) = left else {
        play.wait_for_rest(&anna);
        return play.say_to(&mut anna, &[&boris]);
    };
    [&anna, &boris].iter().try_for_each(|hearer| hearer.hears(&left).map(drop))?;
    // A second notice would come before what is said now.
    let books = [play.fence(&mut anna, &boris)?, play.fence(&mut boris, &anna)?];
    match books.iter().zip([&boris, &anna]).find(|(book, _)| book.count(&left) > 0) {
        Some((_, hearer)) => Err(Fault::broken(format!("{} is told more than once that vera has left", hearer.role))),
        None => Ok(()),
    }
}

fn half(play: &mut Play) -> Outcome {
    let boris = play.enter("boris")?;
    // Whether the end comes with the line or after it is chance.
    for role in ["anna", "vera", "gleb"] {
        let mut speaker = play.enter(role)?;
        let text = play.text();
        speaker.say(&text)?;
        speaker.end_sending();
        boris.hears(&speaker.speech(text.as_bytes()))?;
    }
    Ok(())
}

fn no_spin(play: &mut Play) -> Outcome {
    let anna = play.enter("anna")?;
    let guests = play.enter_all(["boris", "vera", "gleb"])?;
    play.wait_for_rest(&anna);
    let rest = watch(play, WATCH[0])?;
    // One after another, because in some languages the threads of all leave one core to be shared.
    for guest in guests {
        guest.close();
        play.wait_for_rest(&anna);
        let now = watch(play, WATCH[0])?;
        if now.part < rest.part + RESTS && now.rested {
            continue;
        }
        let now = watch(play, WATCH[1])?;
        // On a very busy machine a thread that spins gets no core for long, but it never waits for anything else.
        if now.part > rest.part + SPINS || (rest.rested && !now.rested) {
            let [now, rest] = [now.part, rest.part].map(|part| (part * 100.0).round());
            let told = format!("a client has closed, and the program uses {now} % of a core; before: {rest} %");
            return Err(Fault::broken(told));
        }
    }
    Ok(())
}

/// What the process does while nobody says anything.
struct Watched {
    /// How much of one core it uses, as far as the machine lets it.
    part: f64,
    /// Whether all its threads waited for something at some moment.
    rested: bool,
}

fn watch(play: &Play, time: Duration) -> Outcome<Watched> {
    let pid = play.pid.ok_or_else(|| Fault::Trouble("the server's process is not known".to_owned()))?;
    let (until, before) = (Instant::now() + time, Effort::of(pid).map_err(ended)?);
    let mut rested = false;
    while Instant::now() < until {
        pause(Duration::from_millis(10));
        rested |= play.rests();
    }
    Ok(Watched { part: Effort::of(pid).map_err(ended)?.part_since(&before), rested })
}

fn ended(_: std::io::Error) -> Fault {
    Fault::broken("the program has ended")
}

/// One hears before vera in the server's list, one after her, whatever its order.
fn reset(play: &mut Play) -> Outcome {
    let [boris, vera, gleb, mut anna] = play.enter_all(["boris", "vera", "gleb", "anna"])?;
    vera.reset();
    // The first write to her may still succeed.
    play.say_to(&mut anna, &[&boris, &gleb])?;
    play.say_to(&mut anna, &[&boris, &gleb])?;
    // The thread that reads from her may see it later than those that write.
    play.wait_for_rest(&anna);
    play.say_to(&mut anna, &[&boris, &gleb])?;
    let mut boris = boris;
    play.say_to(&mut boris, &[&anna, &gleb])
}

fn reset_under_fire(play: &mut Play) -> Outcome {
    let boris = play.enter("boris")?;
    let roles = (1..=RESETS).map(|number| format!("vera{number}"));
    let mut veras = roles.map(|role| play.enter(&role)).collect::<Outcome<Vec<_>>>()?.into_iter();
    let mut anna = play.enter("anna")?;
    let texts: Vec<String> = (0..LINES).map(|_| play.text()).collect();
    for (number, text) in texts.iter().enumerate() {
        anna.say(text)?;
        if number % (LINES / RESETS) == LINES / RESETS / 2 {
            veras.next().into_iter().for_each(Client::reset);
        }
    }
    let fence = play.say_fence(&mut anna)?;
    let book = boris.until(&fence)?;
    let speeches: Vec<Expected> = texts.iter().map(|text| anna.speech(text.as_bytes())).collect();
    let heard = speeches.iter().filter(|speech| book.count(speech) == 1).count();
    if heard < LINES {
        return Err(Fault::broken(format!("boris hears {heard} of {LINES} lines once")));
    }
    let in_order = book.messages().iter().zip(&speeches).all(|(message, speech)| speech.is(message));
    if book.is_whole() && !in_order {
        return Err(Fault::broken("boris hears anna's lines in another order"));
    }
    Ok(())
}

fn word(play: &mut Play) -> Outcome {
    let [mut anna, mut boris, vera] = play.enter_all(["anna", "boris", "vera"])?;
    let Some(leave) = play.profile().leave.clone() else { return Ok(()) };
    let word = leave.send.fill(&anna.values());
    anna.send(&play.profile().end.wrap(&word))?;
    let word = String::from_utf8_lossy(&word).into_owned();
    if let Some(left) = play.notice(&anna, false) {
        boris.hears(&left)?;
    } else if anna.wait_for_end(play.patience()).is_none() {
        return Err(Fault::late(format!("anna says {word} alone, and the server does not close her connection")));
    }
    for text in [format!("the {word} is left {}", play.tag()), format!("north{word}wind {}", play.tag())] {
        boris.say(&text)?;
        vera.hears(&boris.speech(text.as_bytes()))?;
    }
    // Boris is still there.
    play.say_to(&mut boris, &[&vera])
}

fn no_leak(play: &mut Play) -> Outcome {
    let anna = play.enter("anna")?;
    let process = play.process()?;
    // What the server makes once and stores for later is no leak.
    come_and_go(play, 0)?;
    let before = settled(play, &process)?;
    let began = Instant::now();
    for crowd in 1..=CROWDS {
        if crowd > ENOUGH_CROWDS && began.elapsed() > play.patience() {
            break;
        }
        // That clients come while others go is another rule's matter.
        play.wait_for_rest(&anna);
        come_and_go(play, crowd)?;
        let (until, worked) = (Instant::now() + play.patience(), process.cpu().map_err(ended)?);
        loop {
            let now = process.holding().map_err(ended)?;
            let more = Holding {
                threads: now.threads.saturating_sub(before.threads),
                fds: now.fds.saturating_sub(before.fds),
                ..now
            };
            if more.threads <= SPARE && more.fds <= SPARE {
                break;
            }
            if Instant::now() > until {
                let (threads, fds, clients) = (more.threads, more.fds, crowd * CROWD);
                let told = format!("{clients} clients came and went, and left {threads} threads and {fds} descriptors");
                // If the program itself keeps the machine busy, it had its time.
                let worked = process.cpu().map_err(ended)?.saturating_sub(worked);
                let is_own = worked > play.patience() / 2;
                return Err(if is_own { Fault::broken(told) } else { Fault::late(told) });
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
    Ok(())
}

/// What the process holds when that has not changed for a while: a thread that only sleeps may still be about to end.
fn settled(play: &Play, process: &Process) -> Outcome<Holding> {
    let until = Instant::now() + play.patience();
    let (mut now, mut since) = (process.holding().map_err(ended)?, Instant::now());
    while since.elapsed() < SETTLED && Instant::now() < until {
        std::thread::park_timeout(Duration::from_millis(5));
        let next = process.holding().map_err(ended)?;
        if (next.threads, next.fds) != (now.threads, now.fds) {
            (now, since) = (next, Instant::now());
        }
    }
    Ok(now)
}

/// Clients come in, each under a new name, and leave again: every second one closes, the others break off.
fn come_and_go(play: &mut Play, crowd: usize) -> Outcome {
    let first = crowd * CROWD;
    let mut crowd = Vec::new();
    for number in first + 1..=first + CROWD {
        let mut client = play.connect(&format!("guest{number}"))?;
        client.enter()?;
        crowd.push(client);
    }
    if let Some(last) = crowd.last() {
        play.wait_for_rest(last);
    }
    for (number, client) in crowd.into_iter().enumerate() {
        if number % 2 == 0 { client.close() } else { client.reset() }
    }
    Ok(())
}

fn name_again(play: &mut Play) -> Outcome {
    let [mut boris, mut anna] = play.enter_all(["boris", "anna"])?;
    for leave in [Client::close, Client::reset] {
        leave(anna);
        anna = come_back(play, "anna")?;
        // The end of the old connection must not remove the new one.
        play.wait_for_rest(&boris);
        play.say_to(&mut boris, &[&anna])?;
        play.say_to(&mut anna, &[&boris])?;
    }
    Ok(())
}

/// Comes in under the same name, if not at once then soon.
fn come_back(play: &mut Play, role: &str) -> Outcome<Client> {
    let until = Instant::now() + play.patience() / 2;
    loop {
        let mut client = play.connect(role)?;
        match play.bring_in(&mut client) {
            Ok(()) => return Ok(client),
            Err(fault) if Instant::now() > until => {
                let time = seconds(play.patience() / 2);
                return Err(fault.told(format!("{role} has left, and cannot come back under this name within {time}")));
            }
            Err(_) => client.reset(),
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
}
