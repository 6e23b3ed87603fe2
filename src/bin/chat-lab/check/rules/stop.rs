//! Stage 8: the server ends when it is told to, and can be started again at once. Knows nothing of what clients say.

use std::time::{Duration, Instant};

use crate::check::client::Client;
use crate::check::pattern::Values;
use crate::check::play::Play;
use crate::check::rules::{Ask, Rule};
use crate::check::script::Deed;
use crate::check::verdict::{Fault, Outcome, seconds};

const ASKS: &[Ask] = &[Ask::Program, Ask::Stop];

/// The rules of this stage.
pub const RULES: &[Rule] = &[
    Rule { name: "stop/told", asks: ASKS, after: &["start/second"], run: told },
    Rule { name: "stop/exits", asks: ASKS, after: &["start/second"], run: exits },
    Rule { name: "stop/restart", asks: &[Ask::Program], after: &["start/second"], run: restart },
];

fn told(play: &mut Play) -> Outcome {
    let clients = play.enter_all(["anna", "boris", "vera"])?;
    let words = play.profile().stop.told.as_ref().map(|told| told.expect(&Values::default()));
    let within = play.patience();
    ask_to_stop(play)?;
    let until = Instant::now() + within;
    for client in &clients {
        let Some(book) = client.until_end(until) else {
            return Err(Fault::late(format!("{} sees no end within {}", client.role, seconds(within))));
        };
        let Some(words) = &words else { continue };
        if book.count(words) == 0 {
            return Err(client.wrong(format!("{} is not told that the server stops", client.role), &[], words));
        }
    }
    Ok(())
}

fn exits(play: &mut Play) -> Outcome {
    let _clients = play.enter_all(["anna", "boris"])?;
    let nameless = play.connect("vera")?;
    // If she came in while the server stops, she would wake it.
    play.wait_for_rest(&nameless);
    let within = play.patience().mul_f64(2.5);
    ask_to_stop(play)?;
    if play.program()?.ends(within) {
        return Ok(());
    }
    Err(Fault::late(format!("the program, or a child of it, still runs after {}", seconds(within))))
}

fn ask_to_stop(play: &mut Play) -> Outcome {
    play.script().add("", Deed::Stop);
    play.program()?.ask_to_stop();
    Ok(())
}

/// The clients stay, so the kernel remembers the connections of the program that was killed.
fn restart(play: &mut Play) -> Outcome {
    let _clients: [Client; 3] = play.enter_all(["anna", "boris", "vera"])?;
    let within = play.patience();
    let program = play.program()?;
    program.kill();
    let killed = Instant::now();
    let again = program.start_again().map_err(|why| Fault::broken(format!("started again on the same port: {why}")))?;
    let took = killed.elapsed();
    *program = again;
    play.connect("gleb")?;
    if took > within + Duration::from_millis(100) {
        return Err(Fault::late(format!("the program listens again only after {}", seconds(took))));
    }
    Ok(())
}
