//! Rules of the second stage for protocols that have rooms or private messages. Knows nothing of load.

use crate::check::client::Client;
use crate::check::pattern::Values;
use crate::check::play::Play;
use crate::check::rules::{Ask, Rule};
use crate::check::verdict::{Fault, Outcome};

/// Rules that only some protocols are asked.
pub const RULES: &[Rule] = &[
    Rule { name: "rooms/isolated", asks: &[Ask::Others, Ask::Rooms], after: &["together/heard"], run: isolated },
    Rule { name: "private/two-hear", asks: &[Ask::Others, Ask::Private], after: &["together/heard"], run: two_hear },
];

fn isolated(play: &mut Play) -> Outcome {
    let [mut anna, boris] = play.enter_all(["anna", "boris"])?;
    let mut vera = play.enter_room("vera")?;
    let gleb = play.enter_room("gleb")?;
    hears_only_its_room(play, &mut anna, &boris, &mut vera, &gleb)?;
    hears_only_its_room(play, &mut vera, &gleb, &mut anna, &boris)
}

/// The speaker is heard by a neighbour, and not in the other room, where another client speaks after that.
fn hears_only_its_room(
    play: &mut Play,
    speaker: &mut Client,
    neighbour: &Client,
    other: &mut Client,
    stranger: &Client,
) -> Outcome {
    let text = play.text();
    speaker.say(&text)?;
    let speech = speaker.speech(text.as_bytes());
    neighbour.until(&speech)?;
    let book = play.fence(other, stranger)?;
    match book.with(&text) {
        Some(message) => {
            let told = format!("{} is in another room than {}, and hears it", stranger.role, speaker.role);
            Err(stranger.unasked(&told, message))
        }
        None => Ok(()),
    }
}

fn two_hear(play: &mut Play) -> Outcome {
    let [mut anna, mut boris, vera] = play.enter_all(["anna", "boris", "vera"])?;
    let text = play.text();
    let values = Values { text: Some(text.clone().into_bytes()), to: Some(boris.nick.clone()), ..anna.values() };
    let Some(private) = play.profile().private.clone() else {
        return Err(Fault::Trouble("the profile has no private messages".to_owned()));
    };
    let bytes = play.profile().end.wrap(&private.send.fill(&values));
    anna.send(&bytes)?;
    boris.hears(&private.heard.expect(&values))?;
    let book = play.fence(&mut boris, &vera)?;
    match book.with(&text) {
        Some(message) => Err(vera.unasked("vera hears what anna said to boris alone", message)),
        None => Ok(()),
    }
}
