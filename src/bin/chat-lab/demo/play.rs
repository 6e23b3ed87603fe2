//! The clock of a demo: what is due is played in both rooms, what is seen is shown, and at the end the rule is run. Knows no verb of a script.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use crossbeam_channel::{Receiver, bounded};
use signal_hook::low_level::emulate_default_handler;

use super::page::{self, Verdict, told};
use super::picture::{self, CAPTION, Top};
use super::room::Room;
use super::script::{Deed, Script};
use super::side::Side;
use crate::check::profile::Profile;
use crate::watch::events::{Event, Events};
use crate::watch::screen::{self, Screen};

/// How often it is looked what happens.
const LOOK: Duration = Duration::from_millis(50);
/// The same without pauses.
const FAST: Duration = Duration::from_millis(10);
/// How often the picture is drawn anew.
const DRAW: Duration = Duration::from_millis(200);
/// Without pauses a room that does not come to rest is waited for so long.
const LONGEST: Duration = Duration::from_secs(1);

/// What stands below the threads while the script is played.
const KEYS: &str = "A thread that reads from a client has the client's name here. q ends";

/// What is played.
pub struct Demo<'a> {
    pub script: &'a Script,
    /// The servers to which it is played.
    pub sides: &'a [Side],
    /// The broken one and the fixed one, for the difference.
    pub both: &'a [Side; 2],
    pub is_fast: bool,
    pub seed: &'a str,
}

/// Where it is shown.
pub enum Show {
    Picture(Screen),
    Lines,
}

/// Why it ends before its end.
pub enum Stop {
    /// By a key, or because the reader is gone.
    Wanted,
    Signal(i32),
}

/// What happened: it went on, or it is to end.
pub type Goes<T = ()> = Result<std::result::Result<T, Stop>>;

/// Returns from a function that is to end.
macro_rules! go {
    ($goes:expr) => {
        match $goes? {
            Ok(value) => value,
            Err(stop) => return Ok(Err(stop)),
        }
    };
}

/// What is shown above the rooms now.
struct Now {
    caption: Vec<(String, &'static str)>,
    clock: String,
    keys: &'static str,
}

impl Demo<'_> {
    /// Plays it. Whether each server did what the demo says of it.
    ///
    /// # Errors
    /// A sentence that says why it cannot be played.
    pub fn run(&self) -> Result<bool> {
        let mut events = Events::listen().context("cannot take care of signals")?;
        let mut rooms = self.rooms()?;
        let mut show = if screen::is_possible() { Show::Picture(Screen::take()?) } else { Show::Lines };
        let is_picture = matches!(show, Show::Picture(_));
        let ended = self.show(&mut rooms, &mut show, &mut events);
        // The terminal is given back before the servers are ended, and before anything is said on it.
        drop(show);
        drop(rooms);
        match ended? {
            Ok(verdicts) => {
                if is_picture {
                    // The picture is gone with its screen.
                    let rows = page::verdicts(self.script, &verdicts);
                    crate::print(&rows.iter().map(|(row, _)| format!("{row}\n")).collect::<String>())?;
                }
                Ok(verdicts.iter().all(|verdict| verdict.is_as_said))
            }
            // A person has seen enough; a reader that is gone has not seen that all is as said.
            Err(Stop::Wanted) => Ok(is_picture),
            Err(Stop::Signal(signal)) => {
                emulate_default_handler(signal)?;
                Ok(false)
            }
        }
    }

    fn rooms(&self) -> Result<Vec<Room>> {
        let profile = Arc::new(Profile::load(&self.script.profile).map_err(|why| anyhow!(why))?);
        self.sides.iter().map(|side| Room::open(side, &profile, self.is_fast)).collect()
    }

    fn show(&self, rooms: &mut [Room], show: &mut Show, events: &mut Events) -> Goes<Vec<Verdict>> {
        if matches!(show, Show::Lines) {
            go!(told(&self.title()));
        }
        go!(self.play(rooms, show, events));
        let verdicts = go!(self.wait(&self.judge(), rooms, show, events));
        match show {
            Show::Lines => {
                for line in page::lines(self, rooms, &verdicts) {
                    go!(told(&line));
                }
            }
            Show::Picture(_) => {
                go!(self.ask(&verdicts, rooms, show, events));
            }
        }
        Ok(Ok(verdicts))
    }

    /// Plays the script.
    fn play(&self, rooms: &mut [Room], show: &mut Show, events: &mut Events) -> Goes {
        let begun = Instant::now();
        let mut now = Now { caption: Vec::new(), clock: String::new(), keys: KEYS };
        let mut cues = self.script.script.iter().peekable();
        let mut since = begun;
        let mut drawn = None;
        let mut played = 0.0;
        // The last picture stays for a while.
        let length = self.script.length() + 3.0;
        loop {
            let passed = begun.elapsed().as_secs_f64();
            rooms.iter_mut().for_each(Room::look);
            let rests = since.elapsed() >= LONGEST || rooms.iter().all(Room::rests);
            let mut goes_on = rests;
            while let Some(cue) = cues.peek() {
                // What is written for one moment happens at once in any case.
                let is_due = if self.is_fast { cue.at == played || goes_on } else { cue.at <= passed };
                if !is_due {
                    break;
                }
                (played, goes_on) = (cue.at, false);
                go!(self.cue(&cue.deed, rooms, show, &mut now));
                since = Instant::now();
                cues.next();
            }
            let is_over = if self.is_fast { rests && since.elapsed() > FAST } else { passed >= length };
            if cues.peek().is_none() && is_over {
                return Ok(Ok(()));
            }
            now.clock = format!("{:.0} s of {length:.0}", if self.is_fast { played } else { passed });
            go!(self.step(rooms, show, events, &now, &mut drawn));
        }
    }

    /// Plays one line of the script in all rooms.
    fn cue(&self, deed: &Deed, rooms: &mut [Room], show: &Show, now: &mut Now) -> Goes {
        if let Deed::Caption(text) = deed {
            now.caption = vec![(text.clone(), CAPTION)];
            if matches!(show, Show::Lines) {
                go!(page::tell_news(rooms));
                go!(told(&format!("# {text}")));
            }
        }
        rooms.iter_mut().for_each(|room| room.play(self.script, deed));
        Ok(Ok(()))
    }

    /// Shows what there is, and waits a moment for keys.
    fn step(
        &self,
        rooms: &[Room],
        show: &mut Show,
        events: &mut Events,
        now: &Now,
        drawn: &mut Option<Instant>,
    ) -> Goes {
        if drawn.is_none_or(|drawn| drawn.elapsed() >= DRAW) {
            *drawn = Some(Instant::now());
            self.draw(rooms, show, now);
        }
        let next = Instant::now() + if self.is_fast { FAST } else { LOOK };
        if go!(key(show, events, next)).is_some() {
            *drawn = None;
        }
        Ok(Ok(()))
    }

    fn draw(&self, rooms: &[Room], show: &Show, now: &Now) {
        let Show::Picture(screen) = show else { return };
        let title = self.title();
        let top = Top { title: &title, clock: &now.clock, caption: &now.caption, keys: now.keys };
        // What stands in the last column is erased with the rest of the row.
        screen.draw(|columns, count| picture::rows(&top, rooms, (columns.saturating_sub(1), count)));
    }

    fn title(&self) -> String {
        format!("{}: {}", self.script.name, self.script.title)
    }

    /// Runs the rule on both servers at once.
    fn judge(&self) -> Receiver<Result<Vec<Verdict>>> {
        let (done, verdicts) = bounded(1);
        let (script, sides, seed) = (self.script.clone(), self.sides.to_vec(), self.seed.to_owned());
        let run = move || {
            let judged = thread::scope(|threads| {
                let (script, seed) = (&script, &seed);
                let judge = |side: &'_ Side| side.judge(script, seed).map(|judged| Verdict::of(side, &judged));
                let all: Vec<_> = sides.iter().map(|side| threads.spawn(move || judge(side))).collect();
                all.into_iter().filter_map(|one| one.join().ok()).collect()
            });
            let _ = done.send(judged);
        };
        // Without a thread the channel is closed, and that is told.
        let _ = thread::Builder::new().name("judge".to_owned()).spawn(run);
        verdicts
    }

    /// Waits for the verdicts.
    fn wait(
        &self,
        verdicts: &Receiver<Result<Vec<Verdict>>>,
        rooms: &mut [Room],
        show: &mut Show,
        events: &mut Events,
    ) -> Goes<Vec<Verdict>> {
        let caption = vec![(format!("Now the rule {} is run on fresh servers …", self.script.rule), CAPTION)];
        let now = Now { caption, clock: String::new(), keys: KEYS };
        let mut drawn = None;
        loop {
            match verdicts.try_recv() {
                Ok(verdicts) => return Ok(Ok(verdicts?)),
                Err(error) if error.is_disconnected() => return Err(anyhow!("cannot run the rule")),
                Err(_) => {}
            }
            rooms.iter_mut().for_each(Room::look);
            go!(self.step(rooms, show, events, &now, &mut drawn));
        }
    }

    /// The question, and after Enter the answer and the difference.
    fn ask(&self, verdicts: &[Verdict], rooms: &mut [Room], show: &mut Show, events: &mut Events) -> Goes {
        let mut caption = page::verdicts(self.script, verdicts);
        caption.push((format!("? {}", self.script.question), CAPTION));
        let now = Now { caption, clock: String::new(), keys: "Enter: the answer; q ends" };
        loop {
            rooms.iter_mut().for_each(Room::look);
            self.draw(rooms, show, &now);
            if let Some(true) = go!(key(show, events, Instant::now() + DRAW)) {
                break;
            }
        }
        let parts = page::parts(self, verdicts);
        let title = self.title();
        let mut from = 0;
        loop {
            let (mut is_last, mut room) = (true, 0);
            if let Show::Picture(screen) = show {
                screen.draw(|columns, count| {
                    let page = picture::page(&title, &parts, from, (columns.saturating_sub(1), count));
                    (is_last, room) = (page.is_last, page.room);
                    page.rows
                });
            }
            if let Some(true) = go!(key(show, events, Instant::now() + DRAW)) {
                if is_last {
                    return Ok(Ok(()));
                }
                from += room;
            }
        }
    }
}

/// Waits until then for a key: whether it was Enter, if one came. What asks the demo to end ends it.
fn key(show: &mut Show, events: &mut Events, until: Instant) -> Goes<Option<bool>> {
    let is_picture = matches!(show, Show::Picture(_));
    Ok(match (events.wait(until, is_picture)?, show) {
        (None, _) => Ok(None),
        (Some(Event::End), _) => Err(Stop::Wanted),
        (Some(Event::Signal(signal)), _) => Err(Stop::Signal(signal)),
        (Some(Event::Enter), _) => Ok(Some(true)),
        (Some(Event::Suspend), Show::Picture(screen)) => {
            screen.suspend();
            Ok(Some(false))
        }
        (Some(Event::GoesOn), Show::Picture(screen)) => {
            screen.take_back();
            Ok(Some(false))
        }
        (Some(Event::Suspend | Event::GoesOn), Show::Lines) => Ok(Some(false)),
    })
}
