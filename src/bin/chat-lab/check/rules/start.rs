//! Stage 1: the server listens, and serves several clients at once. Knows nothing of what they say to one another.

use crate::check::client::Client;
use crate::check::play::Play;
use crate::check::rules::{Rule, hears_itself};
use crate::check::verdict::Outcome;

/// The rules of this stage.
pub const RULES: &[Rule] = &[
    Rule { name: "start/listens", asks: &[], after: &[], run: listens },
    Rule { name: "start/second", asks: &[], after: &["start/listens"], run: second },
    Rule { name: "start/fifty", asks: &[], after: &["start/second"], run: fifty },
];

fn listens(play: &mut Play) -> Outcome {
    play.connect("anna").map(drop)
}

fn second(play: &mut Play) -> Outcome {
    let _silent = play.connect("vera")?;
    is_served(play)
}

/// A sign of life: a client that comes in is heard by another one, or hears itself.
///
/// # Errors
/// Broken, if it does not.
pub fn is_served(play: &mut Play) -> Outcome {
    let mut anna = play.enter("anna")?;
    if play.profile().say.others.is_some() {
        let boris = play.enter("boris")?;
        play.say_to(&mut anna, &[&boris])
    } else {
        echo(play, &mut anna)
    }
}

/// What is said comes back to the client that said it.
fn echo(play: &mut Play, anna: &mut Client) -> Outcome {
    let text = play.text();
    anna.say(&text)?;
    anna.hears_itself(&text).map(drop)
}

fn fifty(play: &mut Play) -> Outcome {
    const CLIENTS: usize = 50;
    // All knock before the first one is served.
    let roles: Vec<String> = (1..=CLIENTS).map(|number| format!("client{number}")).collect();
    let mut clients = roles.iter().map(|role| play.connect(role)).collect::<Outcome<Vec<_>>>()?;
    clients.iter_mut().try_for_each(Client::enter)?;
    // If nobody is greeted, only the kernel tells that all are in.
    if !play.profile().greets() {
        clients.iter().for_each(|client| play.wait_for_rest(client));
    }
    if play.profile().say.others.is_none() {
        return clients.iter_mut().try_for_each(|client| echo(play, client));
    }
    let own = hears_itself(play.profile());
    for speaker in 0..CLIENTS {
        let text = play.text();
        clients[speaker].say(&text)?;
        let expected = clients[speaker].speech(text.as_bytes());
        let hearer = &clients[(speaker + 1) % CLIENTS];
        hearer.until(&expected).map_err(|fault| fault.told(format!("{} is not served", hearer.role)))?;
        if own {
            clients[speaker].until(&expected)?;
        }
    }
    Ok(())
}
