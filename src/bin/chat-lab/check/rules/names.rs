//! Stage 6: a name belongs to one client, and the others are told of clients that come and go. Knows nothing of order and load.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::check::book::Book;
use crate::check::client::Client;
use crate::check::pattern::{Expected, Field};
use crate::check::play::Play;
use crate::check::profile::Step;
use crate::check::rules::{Ask, Rule};
use crate::check::verdict::{Fault, Outcome};

const ASKS: &[Ask] = &[Ask::Others, Ask::Names, Ask::Author, Ask::Refusal, Ask::Ends];
/// In so many pairs both clients want one name; with a slow server in fewer after some time.
const PAIRS: usize = 50;
const ENOUGH_PAIRS: usize = 10;

/// The rules of this stage.
pub const RULES: &[Rule] = &[
    Rule { name: "names/taken", asks: ASKS, after: &["together/heard", "together/author"], run: taken },
    Rule { name: "names/race", asks: ASKS, after: &["start/fifty", "names/taken"], run: race },
    Rule { name: "names/bad", asks: ASKS, after: &["together/heard"], run: bad },
    Rule {
        name: "names/told",
        asks: &[Ask::Others, Ask::Near, Ask::Notices],
        // A client whose end is not seen is not told about, and that is another failure.
        after: &["together/heard", "together/prompt", "leave/close", "leave/reset", "leave/no-leak"],
        run: told,
    },
];

fn taken(play: &mut Play) -> Outcome {
    let [mut anna, mut boris] = play.enter_all(["anna", "boris"])?;
    let mut second = play.connect_as("second", &anna.nick)?;
    let is_in = second.try_enter();
    if is_in.map_err(|fault| fault.told("the second anna is neither let in nor refused as the protocol says"))? {
        let text = play.text();
        if is_heard_as_itself(&mut second, &boris, &text)? {
            return Err(Fault::broken("two clients have one name"));
        }
    }
    both_hear(play, &mut anna, &mut boris)?;
    let local = second.mouth.local;
    second.close();
    play.wait_until_closed(local);
    both_hear(play, &mut anna, &mut boris)
}

/// The first anna is unharmed: she is heard, and hears.
fn both_hear(play: &mut Play, anna: &mut Client, boris: &mut Client) -> Outcome {
    let harmed = |fault: Fault| fault.told("a second client has asked for her name, and the first anna is harmed");
    play.say_to(anna, &[boris]).map_err(harmed)?;
    play.say_to(boris, &[anna]).map_err(harmed)
}

/// Whether the others hear this client under the name for which it has asked: a server may give it another one.
fn is_heard_as_itself(client: &mut Client, hearer: &Client, text: &str) -> Outcome<bool> {
    client.say(text)?;
    let until = Instant::now() + hearer.patience;
    while let Some((message, _)) = hearer.next_message(until)? {
        if memchr::memmem::find(&message, text.as_bytes()).is_some() {
            return Ok(client.speech(text.as_bytes()).is(&message));
        }
    }
    Err(hearer.nothing(&client.speech(text.as_bytes())))
}

fn race(play: &mut Play) -> Outcome {
    let boris = play.enter("boris")?;
    let began = Instant::now();
    for number in 0..PAIRS {
        if number > ENOUGH_PAIRS && began.elapsed() > play.patience() * 3 {
            break;
        }
        let nick = format!("pair{number}{}", play.suffix);
        let mut pair = [play.connect_as("first", &nick)?, play.connect_as("second", &nick)?];
        if !enter_at_once(&mut pair)? {
            continue;
        }
        let mut have_it = 0;
        for client in &mut pair {
            let text = play.text();
            have_it += u32::from(is_heard_as_itself(client, &boris, &text)?);
        }
        if have_it == 2 {
            return Err(Fault::broken(format!("pair {} of {PAIRS}: two clients have the name {nick}", number + 1)));
        }
    }
    Ok(())
}

/// Whether both came in. If one of them is refused in other words than those of the profile, it is not in.
fn enter_at_once(pair: &mut [Client; 2]) -> Outcome<bool> {
    let start = Barrier::new(pair.len());
    let entered = thread::scope(|threads| {
        let enter = |client| {
            threads.spawn(|| {
                let client: &mut Client = client;
                start.wait();
                client.try_enter()
            })
        };
        pair.each_mut().map(enter).map(|thread| thread.join())
    });
    let mut both = true;
    for client in entered {
        match client {
            Ok(Ok(is_in)) => both &= is_in,
            Ok(Err(Fault::Broken(evidence))) if !evidence.by_time => both = false,
            Ok(Err(fault)) => return Err(fault),
            Err(_) => return Err(Fault::Trouble("a thread of the checker has failed".to_owned())),
        }
    }
    Ok(both)
}

fn bad(play: &mut Play) -> Outcome {
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    refused(play, "an empty name", "", Instead::Ignored)?;
    let length = play.longest(300);
    refused(play, &format!("a name of {length} bytes"), &"x".repeat(length), Instead::Nothing)?;
    let escape = format!("\x1b[31m{}", play.tag());
    refused(play, "a name with ESC", &escape, Instead::Cleaned(&boris))?;
    two_lines(play, &mut anna, &boris)
}

/// What a server may do instead of a refusal.
enum Instead<'a> {
    Nothing,
    /// It waits for another line.
    Ignored,
    /// It leaves the harmful bytes out, as this client hears.
    Cleaned(&'a Client),
}

/// The name is refused in words, and the next client is served.
fn refused(play: &mut Play, what: &str, nick: &str, instead: Instead) -> Outcome {
    let mut client = play.connect_as("gleb", nick)?;
    match (client.try_enter(), instead) {
        (Ok(false), _) => {}
        (Ok(true), _) => return Err(Fault::broken(format!("{what} is accepted"))),
        (Err(Fault::Broken(evidence)), Instead::Ignored) if evidence.by_time => {
            client.nick = format!("gleb{}", play.tag());
            let told = format!("{what} is sent, and then a good one is not accepted");
            client.enter().map_err(|fault| fault.told(told))?;
        }
        (Err(Fault::Broken(evidence)), Instead::Cleaned(hearer)) if evidence.by_time => {
            let text = play.text();
            if is_heard_as_itself(&mut client, hearer, &text)? {
                return Err(Fault::broken(format!("{what} is accepted")));
            }
        }
        (Err(fault), _) => return Err(fault.told(format!("{what} is not refused as the protocol says"))),
    }
    let next = format!("next{}", play.tag());
    let served = play.enter(&next).map(drop);
    served.map_err(|fault| fault.told(format!("{what} is refused, and the next client is not served")))
}

/// With `a`, a line end and `b` the first line may be a name and the second a text. No other line may come of it.
fn two_lines(play: &mut Play, anna: &mut Client, boris: &Client) -> Outcome {
    let (first, second) = (play.tag(), play.tag());
    play.script().said().add(second.as_bytes());
    let mut gleb = play.connect_as("gleb", &format!("{first}\n{second}"))?;
    // The server may refuse the first line and close at once.
    let _ = gleb.knock();
    let second = second_line(&gleb);
    gleb.wait_until_read()?;
    play.wait_for_rest(&gleb);
    gleb.nick = first;
    let said = gleb.speech(&second);
    // A server that is slow to take a name says the second line after the first fence.
    for _ in 0..2 {
        let book = play.fence(anna, boris)?;
        if let Some(message) = book.messages().iter().find(|message| !said.is(message)) {
            let told = "a name has a line end inside, and the others hear a line that nobody said";
            return Err(boris.unasked(told, message));
        }
    }
    Ok(())
}

/// What stands after the line end in the name of this client: the rest of the name, and what the protocol has after it.
fn second_line(client: &Client) -> Vec<u8> {
    let named = client.profile.enter.steps.iter().find_map(|step| match step {
        Step::Send(pattern) if pattern.has(Field::Name) => Some(pattern.fill(&client.values())),
        _ => None,
    });
    let named = named.unwrap_or_default();
    named.splitn(2, |byte| *byte == b'\n').nth(1).unwrap_or_default().to_vec()
}

/// Each of the others hears each notice once, however a client leaves.
fn told(play: &mut Play) -> Outcome {
    let [mut anna, mut boris] = play.enter_all(["anna", "boris"])?;
    let mut told = Told { books: [Vec::new(), Vec::new()], notices: Vec::new() };
    for (role, resets) in [("vera", false), ("gleb", true)] {
        let client = play.enter(role)?;
        let (joined, left) = (play.notice(&client, true), play.notice(&client, false));
        told.wait([&anna, &boris], joined)?;
        if resets {
            client.reset();
        } else {
            client.close();
        }
        told.wait([&anna, &boris], left)?;
    }
    let fence = play.say_fence(&mut boris)?;
    told.books[0].push(anna.until(&fence)?);
    let fence = play.say_fence(&mut anna)?;
    told.books[1].push(boris.until(&fence)?);
    told.judge([&anna, &boris])
}

/// What two clients have heard, and the notices that each of them must have heard.
struct Told {
    books: [Vec<Book>; 2],
    notices: Vec<Expected>,
}

impl Told {
    /// Waits until both have heard the notice, if there is one.
    fn wait(&mut self, hearers: [&Client; 2], notice: Option<Expected>) -> Outcome {
        let Some(notice) = notice else { return Ok(()) };
        for (hearer, books) in hearers.into_iter().zip(&mut self.books) {
            let mut book = hearer.until(&notice)?;
            if book.is_whole() {
                book.add(notice.shown(), true);
            }
            books.push(book);
        }
        self.notices.push(notice);
        Ok(())
    }

    fn judge(&self, hearers: [&Client; 2]) -> Outcome {
        for (hearer, books) in hearers.into_iter().zip(&self.books) {
            for notice in &self.notices {
                let count: usize = books.iter().map(|book| book.count(notice)).sum();
                if count != 1 {
                    let notice = String::from_utf8_lossy(&notice.shown()).into_owned();
                    return Err(Fault::broken(format!("{} is told {notice:?} {count} times", hearer.role)));
                }
            }
        }
        Ok(())
    }
}
