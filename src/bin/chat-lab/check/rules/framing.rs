//! Stage 3: a message is what stands between two ends, however the network cuts and joins its bytes. Knows nothing of clients that leave.

use std::time::{Duration, Instant};

use crate::check::client::Client;
use crate::check::pattern::Expected;
use crate::check::play::Play;
use crate::check::profile::Of;
use crate::check::rules::{Ask, Rule, pause};
use crate::check::verdict::{Fault, Heard, Outcome};

/// The rules of this stage.
pub const RULES: &[Rule] = &[
    Rule { name: "framing/glued", asks: ASKS, after: HEARD, run: glued },
    Rule { name: "framing/split", asks: ASKS, after: HEARD, run: split },
    Rule { name: "framing/letter", asks: ASKS, after: &["together/heard", "together/utf8"], run: letter },
    Rule { name: "framing/bytes", asks: ASKS, after: HEARD, run: bytes },
    Rule { name: "framing/ends", asks: &[Ask::Others, Ask::Lines], after: HEARD, run: ends },
    Rule { name: "framing/unfinished", asks: ASKS, after: HEARD, run: unfinished },
    // A server that takes a read for a message cuts a long line for that reason, which the other rules tell better.
    Rule { name: "framing/long", asks: ASKS, after: &["together/heard", "framing/split"], run: long },
    Rule { name: "framing/endless", asks: &[Ask::Others, Ask::Ends, Ask::Process], after: HEARD, run: endless },
    Rule { name: "framing/bad-utf8", asks: ASKS, after: HEARD, run: bad_utf8 },
];
const ASKS: &[Ask] = &[Ask::Others, Ask::Ends];
const HEARD: &[&str] = &["together/heard"];

/// Bytes of long lines.
const LONG: [usize; 2] = [3000, 4000];
/// Bytes of a line without end: more than the memory that may be used for it.
const ENDLESS: usize = 32 << 20;
/// So many bytes of it are sent at once; after that others speak.
const PIECE: usize = 1 << 20;
/// The program's memory may grow by so many bytes.
const MEMORY: u64 = 16 << 20;
/// A server that takes a pause for the end of a line has this long to do so.
const PAUSE: Duration = Duration::from_millis(300);
/// Two clients are looked at in turn, each for this long.
const TURN: Duration = Duration::from_millis(20);

fn glued(play: &mut Play) -> Outcome {
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    let texts = [play.text(), play.text(), play.text()];
    texts.iter().for_each(|text| anna.says(text.as_bytes()));
    anna.send(&texts.iter().flat_map(|text| anna.bytes_of(text.as_bytes())).collect::<Vec<_>>())?;
    texts.iter().try_for_each(|text| boris.hears(&anna.speech(text.as_bytes())).map(drop))
}

fn split(play: &mut Play) -> Outcome {
    let [mut anna, boris, mut vera] = play.enter_all(["anna", "boris", "vera"])?;
    let text = play.text();
    let whole = anna.bytes_of(text.as_bytes());
    say_in_pieces(&mut anna, &text, &[whole.len() / 3, whole.len() * 2 / 3])?;
    boris.hears(&anna.speech(text.as_bytes()))?;
    // Each client has a line of its own to finish: vera's does not end anna's.
    let text = play.text();
    let whole = anna.bytes_of(text.as_bytes());
    let (first, last) = whole.split_at(whole.len() / 2);
    anna.says(text.as_bytes());
    anna.send(first)?;
    anna.wait_until_read()?;
    play.say_to(&mut vera, &[&boris])?;
    anna.send(last)?;
    boris.hears(&anna.speech(text.as_bytes())).map(drop)
}

fn letter(play: &mut Play) -> Outcome {
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    let text = format!("привет, дядя 👋 {}", play.tag());
    let whole = anna.bytes_of(text.as_bytes());
    let inside = |letter: &str, bytes| memchr::memmem::find(&whole, letter.as_bytes()).map(|start| start + bytes);
    let cuts: Vec<usize> = [inside("в", 1), inside("👋", 2)].into_iter().flatten().collect();
    say_in_pieces(&mut anna, &text, &cuts)?;
    boris.hears(&anna.speech(text.as_bytes())).map(drop)
}

fn bytes(play: &mut Play) -> Outcome {
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    let text = words(play, 40);
    let cuts: Vec<usize> = (1..anna.bytes_of(text.as_bytes()).len()).collect();
    say_in_pieces(&mut anna, &text, &cuts)?;
    boris.hears(&anna.speech(text.as_bytes()))?;
    // Nothing else came of it.
    play.say_to(&mut anna, &[&boris])
}

/// The client says this text, cut at these places; each piece is sent when the one before was read.
fn say_in_pieces(client: &mut Client, text: &str, cuts: &[usize]) -> Outcome {
    let whole = client.bytes_of(text.as_bytes());
    client.says(text.as_bytes());
    let mut start = 0;
    for &end in cuts {
        client.send(&whole[start..end])?;
        client.wait_until_read()?;
        start = end;
    }
    client.send(&whole[start..])
}

/// A text of this many bytes, all of them ASCII.
fn words(play: &mut Play, length: usize) -> String {
    let mut text = play.text();
    while text.len() < length {
        text.push(' ');
        text.push_str(&play.text());
    }
    text.truncate(length);
    // A server may cut off a blank at the end.
    text.trim_end().to_owned() + if text.ends_with(' ') { "x" } else { "" }
}

/// What comes of a line that ends with LF must come of one that ends with CR and LF, and with the same end.
fn ends(play: &mut Play) -> Outcome {
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    let text = play.text();
    let speech = anna.speech(text.as_bytes());
    anna.say(&text)?;
    let plain = line_end(&boris, &speech)?;
    let mut bytes = anna.bytes_of(text.as_bytes());
    bytes.splice(bytes.len() - 1.., *b"\r\n");
    anna.says(text.as_bytes());
    anna.send(&bytes)?;
    let other = line_end(&boris, &speech)?;
    if other == plain {
        return Ok(());
    }
    let heard = Heard { role: boris.role.clone(), came: Some(other.as_slice().into()), should: Some(plain), at: 0 };
    Err(Fault::broken("boris hears another end of a line because anna's line ended so").heard(heard))
}

/// Waits for a line, and gives the bytes at its end.
fn line_end(hearer: &Client, expected: &Expected) -> Outcome<Vec<u8>> {
    use crate::check::link::Came;
    let until = Instant::now() + hearer.patience;
    loop {
        let came = hearer.ear().wait_for(until, |bytes| {
            let end = memchr::memchr(b'\n', bytes)? + 1;
            Some((bytes[..end].to_vec(), end))
        });
        let Came::It(line, _) = came else { return Err(hearer.nothing(expected)) };
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if expected.is(text) {
            return Ok(line[text.len()..].to_vec());
        }
        if !hearer.is_noise(text) {
            return Err(hearer.wrong(format!("{} hears something else", hearer.role), text, expected));
        }
    }
}

fn unfinished(play: &mut Play) -> Outcome {
    let [mut anna, mut boris, mut vera] = play.enter_all(["anna", "boris", "vera"])?;
    let half = format!("half {}", play.tag());
    anna.says(half.as_bytes());
    let mut bytes = anna.bytes_of(half.as_bytes());
    bytes.pop();
    anna.send(&bytes)?;
    anna.wait_until_read()?;
    // A pause is no end either.
    pause(PAUSE);
    let books = [play.fence(&mut boris, &vera)?, play.fence(&mut vera, &boris)?];
    for (book, hearer) in books.iter().zip([&vera, &boris]) {
        if let Some(message) = book.with(&half) {
            let told = format!("{} hears a line that anna has not finished", hearer.role);
            return Err(hearer.unasked(&told, message));
        }
    }
    Ok(())
}

fn long(play: &mut Play) -> Outcome {
    for (length, roles) in LONG.into_iter().zip([["anna", "boris"], ["vera", "gleb"]]) {
        // The server may close a client for the first line, so each line has a speaker of its own.
        let [mut speaker, hearer] = play.enter_all(roles)?;
        let around = speaker.bytes_of(b"").len() - play.profile().end.wrap(b"").len();
        let most = play.profile().end.max.map_or(length, |max| length.min(max.saturating_sub(around)));
        let text = words(play, most);
        let speech = speaker.speech(text.as_bytes());
        speaker.say(&text)?;
        let answer = answer(play, &mut speaker, &hearer)?;
        if let Some(other) = answer.heard.iter().find(|message| !speech.is(message)) {
            return Err(hearer.wrong(format!("{} does not hear the line as it was said", hearer.role), other, &speech));
        }
        if answer.heard.is_empty() && !answer.told && !is_told(play, &speaker, Instant::now() + speaker.patience) {
            return Err(hearer.missed(&speech));
        }
    }
    Ok(())
}

/// What came of something that the server may refuse.
struct Answer {
    /// What the hearer heard of it.
    heard: Vec<Vec<u8>>,
    /// Whether the speaker was told something, or closed.
    told: bool,
}

/// What the hearer hears up to a fence of the speaker, or until the speaker is told something, or closed.
fn answer(play: &mut Play, speaker: &mut Client, hearer: &Client) -> Outcome<Answer> {
    // A fence that is read together with the line would be another rule. A closed client cannot say one.
    let _ = speaker.wait_until_read();
    let Ok(fence) = play.say_fence(speaker) else { return Ok(Answer { heard: Vec::new(), told: true }) };
    let until = Instant::now() + hearer.patience;
    let mut answer = Answer { heard: Vec::new(), told: false };
    while !answer.told {
        answer.told = is_told(play, speaker, Instant::now());
        // Messages that come without end are no reason to wait longer.
        while let Some((message, _)) = hearer.next_message(until.min(Instant::now() + TURN))? {
            if fence.is(&message) {
                return Ok(answer);
            }
            if !hearer.is_noise(&message) {
                answer.heard.push(message);
            }
        }
        if Instant::now() > until {
            let told = format!("{} is told nothing, and is not heard any more", speaker.role);
            return Err(hearer.nothing(&fence).told(told));
        }
    }
    Ok(answer)
}

/// Whether something comes for the client that does not come at any time, or the end of its connection.
fn is_told(play: &Play, client: &Client, until: Instant) -> bool {
    let refused = play.profile().enter.refused.as_ref();
    let refused = refused.map(|refused| refused.expect(&client.values()));
    loop {
        match client.next_message(until) {
            Ok(None) => return false,
            Ok(Some((message, _))) => {
                let is_refused = refused.as_ref().is_some_and(|refused| refused.is(&message));
                if is_refused || !client.is_noise(&message) {
                    return true;
                }
            }
            Err(_) => return true,
        }
    }
}

fn endless(play: &mut Play) -> Outcome {
    let [mut anna, mut boris, mut vera] = play.enter_all(["anna", "boris", "vera"])?;
    let process = play.process()?;
    let gone = |_| Fault::broken("the program has ended");
    let before = process.holding().map_err(gone)?.rss;
    let until = Instant::now() + play.patience();
    let start = match play.profile().end.of {
        // A length that is never reached.
        Of::Length => vec![0xff; play.profile().end.bytes],
        _ => Vec::new(),
    };
    let piece = vec![b'x'; PIECE];
    anna.send(&start)?;
    for _ in 0..ENDLESS / PIECE {
        // The server may close this client, or read no more of it.
        let taken = anna.send(&piece).is_ok();
        let fence = play.say_fence(&mut boris)?;
        vera.until(&fence).map_err(|fault| fault.told("vera is not served while anna's line has no end"))?;
        if !taken || Instant::now() > until {
            break;
        }
    }
    // Closed, or not read any more: both are known by what comes next.
    let _ = anna.wait_until_read();
    let grown = process.holding().map_err(gone)?.rss.saturating_sub(before);
    if grown > MEMORY {
        let grown = grown >> 20;
        return Err(Fault::broken(format!("anna's line has no end, and the program has {grown} MiB more memory")));
    }
    let fence = play.say_fence(&mut vera)?;
    boris.until(&fence).map(drop)
}

fn bad_utf8(play: &mut Play) -> Outcome {
    let [mut anna, mut boris, mut vera] = play.enter_all(["anna", "boris", "vera"])?;
    let (first, last) = (play.tag(), play.tag());
    let text = [first.as_bytes(), b"\xff\xfe", last.as_bytes()].concat();
    anna.says(&text);
    // A server may leave these bytes out.
    play.script().said().add(first.as_bytes());
    anna.send(&anna.bytes_of(&text))?;
    // What the others hear of the line itself, if anything, is nobody's loss.
    answer(play, &mut anna, &boris)?;
    play.fence(&mut boris, &vera)?;
    play.fence(&mut vera, &boris).map(drop)
}
