//! Stage 2: what one client says is heard by all others, once, and as it was said. Knows nothing of broken lines and clients that leave.

use std::time::Duration;

use crate::check::client::Client;
use crate::check::play::Play;
use crate::check::profile::{History, Own};
use crate::check::rules::{Ask, Rule};
use crate::check::verdict::{Fault, Outcome};

/// The rules of this stage.
pub const RULES: &[Rule] = &[
    Rule { name: "together/heard", asks: &[Ask::Others], after: &["start/second"], run: heard },
    Rule { name: "together/own", asks: &[], after: &["start/second"], run: own },
    Rule { name: "together/once", asks: &[Ask::Others], after: &["together/heard"], run: once },
    Rule {
        name: "together/author",
        asks: &[Ask::Others, Ask::Names, Ask::Author],
        after: &["together/heard"],
        run: author,
    },
    Rule { name: "together/utf8", asks: &[], after: &["start/second"], run: utf8 },
    Rule { name: "together/late", asks: &[Ask::Others], after: &["together/heard"], run: late },
    Rule { name: "together/prompt", asks: &[Ask::Others], after: &["together/heard"], run: prompt },
];

/// Texts in several scripts. The last one is a format string to a program in C that prints what it is told.
const LETTERS: [&str; 6] =
    ["привет, дядя", "👋 🐈‍⬛", "日本語と中文", "עברית و عربي", "e\u{301}\u{200d}z", "TEA  100 % %s %n"];

fn heard(play: &mut Play) -> Outcome {
    let [mut anna, boris, vera] = play.enter_all(["anna", "boris", "vera"])?;
    play.say_to(&mut anna, &[&boris, &vera])
}

fn own(play: &mut Play) -> Outcome {
    let [mut anna, mut boris] = play.enter_all(["anna", "boris"])?;
    let text = play.text();
    anna.say(&text)?;
    match play.profile().say.own {
        Own::Any => Ok(()),
        Own::One => {
            anna.hears_itself(&text)?;
            if play.profile().say.others.is_none() {
                return Ok(());
            }
            // A second copy would come before what is said next.
            let speech = anna.speech(text.as_bytes());
            let book = play.fence(&mut boris, &anna)?;
            let copies = book.count(&speech);
            if copies > 0 { Err(Fault::broken(format!("anna hears herself {} times", copies + 1))) } else { Ok(()) }
        }
        Own::None => {
            let speech = anna.speech(text.as_bytes());
            boris.hears(&speech)?;
            let book = play.fence(&mut boris, &anna)?;
            let copy = book.messages().iter().find(|message| speech.find(message).is_some()).cloned();
            match copy.or_else(|| (book.count(&speech) > 0).then(|| speech.shown())) {
                Some(copy) => Err(anna.unasked("anna hears herself, and this protocol says she does not", &copy)),
                None => Ok(()),
            }
        }
    }
}

fn once(play: &mut Play) -> Outcome {
    let [mut anna, boris, vera, gleb] = play.enter_all(["anna", "boris", "vera", "gleb"])?;
    let texts: Vec<String> = (0..20).map(|_| play.text()).collect();
    for text in &texts {
        anna.say(text)?;
        // Lines that a read joins or cuts are the matter of `framing`.
        anna.wait_until_read()?;
    }
    let fence = play.say_fence(&mut anna)?;
    for hearer in [&boris, &vera, &gleb] {
        let book = hearer.until(&fence)?;
        for text in &texts {
            let speech = anna.speech(text.as_bytes());
            match book.count(&speech) {
                1 => {}
                0 => return Err(hearer.missed(&speech)),
                copies => return Err(Fault::broken(format!("{} hears {text:?} {copies} times", hearer.role))),
            }
        }
    }
    Ok(())
}

fn author(play: &mut Play) -> Outcome {
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    let forged = format!("{}: {}", boris.nick, play.text());
    anna.say(&forged)?;
    boris.hears(&anna.speech(forged.as_bytes())).map(drop)
}

fn utf8(play: &mut Play) -> Outcome {
    let alone = play.profile().say.others.is_none();
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    for letters in LETTERS {
        let text = format!("{letters} {}", play.tag());
        anna.say(&text)?;
        if alone {
            anna.hears_itself(&text)?;
        } else {
            boris.hears(&anna.speech(text.as_bytes()))?;
        }
    }
    Ok(())
}

fn late(play: &mut Play) -> Outcome {
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    let texts: Vec<String> = (0..5).map(|_| play.text()).collect();
    for text in &texts {
        anna.say(text)?;
        boris.hears(&anna.speech(text.as_bytes()))?;
    }
    let gleb = play.enter("gleb")?;
    let book = play.fence(&mut anna, &gleb)?;
    if play.profile().late.history == History::Any {
        return Ok(());
    }
    for text in &texts {
        let speech = anna.speech(text.as_bytes());
        if let Some(old) = book.messages().iter().find(|message| speech.find(message).is_some()) {
            return Err(gleb.unasked("gleb came later, and hears what was said before", old));
        }
    }
    Ok(())
}

/// A lost wake-up is seen only if nothing comes after the line to push it.
fn prompt(play: &mut Play) -> Outcome {
    let [mut anna, mut boris] = play.enter_all(["anna", "boris"])?;
    anna.patience = second(&anna);
    boris.patience = second(&boris);
    for _ in 0..200 {
        play.say_to(&mut anna, &[&boris])?;
    }
    Ok(())
}

/// Half of what is usual: a second.
fn second(client: &Client) -> Duration {
    client.patience / 2
}
