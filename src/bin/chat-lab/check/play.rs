//! What a rule is played with: a server, a cast of clients, words to say, and fences. Knows no rule and no report.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::check::book::Book;
use crate::check::client::{Client, Place};
use crate::check::pattern::{Expected, Values};
use crate::check::profile::{Of, Profile};
use crate::check::program::Program;
use crate::check::script::Script;
use crate::check::verdict::{Fault, Outcome};
use crate::dice::Dice;
use crate::kernel::process::Process;
use crate::kernel::{sockets, threads};

/// Plain words, none of which is a command or leaves in any dialect.
const WORDS: [&str; 16] = [
    "amber", "birch", "cloud", "dune", "ember", "fjord", "grove", "haven", "isle", "jade", "kelp", "lotus", "maple",
    "north", "ocean", "pine",
];
/// Letters of a tag that makes a text the only one of its kind; without vowels it is no word.
const TAG: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
/// How often the kernel is asked whether the server has read something.
const LOOK: Duration = Duration::from_millis(1);
/// A server that works for so long without a rest is not waited for; nor is one whose work cannot be seen.
const REST: Duration = Duration::from_millis(200);

/// One rule is played with this.
pub struct Play<'a> {
    /// Where the clients are.
    pub place: Place,
    /// The program, if the checker started it.
    pub program: Option<&'a mut Program>,
    /// The process of the server, if it is known.
    pub pid: Option<i32>,
    /// What chance decides.
    pub dice: Dice,
    /// What is added to names, because the server may still have those of an earlier rule.
    pub suffix: String,
}

impl Play<'_> {
    /// The dialect.
    pub fn profile(&self) -> &Profile {
        &self.place.profile
    }

    /// The longest that something may take.
    pub fn patience(&self) -> Duration {
        self.place.patience
    }

    /// What happened so far.
    pub fn script(&self) -> &Script {
        &self.place.script
    }

    /// A client that has come in.
    ///
    /// # Errors
    /// Broken, if the server does not let it in.
    pub fn enter(&mut self, role: &str) -> Outcome<Client> {
        let mut client = self.connect(role)?;
        self.bring_in(&mut client)?;
        Ok(client)
    }

    /// The client comes in, and the server knows it.
    ///
    /// # Errors
    /// Broken, if the server does not let it in.
    pub fn bring_in(&mut self, client: &mut Client) -> Outcome {
        client.enter()?;
        if !self.profile().greets() {
            self.wait_for_rest(client);
        }
        Ok(())
    }

    /// Waits until the server has accepted this client, and all its threads wait for something again.
    pub fn wait_for_rest(&self, client: &Client) {
        let until = Instant::now() + self.patience();
        let process = self.process().ok();
        let began = Instant::now();
        // On a busy machine a server may have been given no core for longer than it needs one.
        let cpu = || process.and_then(|process| process.cpu().ok());
        let before = cpu();
        while Instant::now() < until {
            let accepted = sockets::is_accepted(self.place.addr, client.mouth.local).unwrap_or(true);
            if accepted && self.rests() {
                return;
            }
            let worked = cpu().zip(before).map_or(began.elapsed(), |(now, before)| now.saturating_sub(before));
            if accepted && worked > REST {
                return;
            }
            std::thread::park_timeout(LOOK);
        }
    }

    /// Whether all threads of the server wait for something, as far as its process is known.
    pub fn rests(&self) -> bool {
        self.pid.is_some_and(|pid| threads::all_wait(pid).unwrap_or(false))
    }

    /// Several clients, each in before the next one comes.
    ///
    /// # Errors
    /// As `enter`.
    pub fn enter_all<const N: usize>(&mut self, roles: [&str; N]) -> Outcome<[Client; N]> {
        let clients = roles.iter().map(|role| self.enter(role)).collect::<Outcome<Vec<_>>>()?;
        clients.try_into().map_err(|_| Fault::Trouble("as many as were asked for".to_owned()))
    }

    /// A client that is connected and has said nothing.
    ///
    /// # Errors
    /// Broken, if the server does not take the connection.
    pub fn connect(&mut self, role: &str) -> Outcome<Client> {
        self.connect_as(role, &format!("{role}{}", self.suffix))
    }

    /// The same with a name of its own.
    ///
    /// # Errors
    /// As `connect`.
    pub fn connect_as(&mut self, role: &str, nick: &str) -> Outcome<Client> {
        Client::connect(&self.place, role, nick, false)
    }

    /// A client that is in the other room.
    ///
    /// # Errors
    /// As `enter`.
    pub fn enter_room(&mut self, role: &str) -> Outcome<Client> {
        let mut client = self.connect(role)?;
        let rooms = self.profile().rooms.clone();
        if rooms.as_ref().is_some_and(|rooms| rooms.join.is_some()) {
            self.bring_in(&mut client)?;
            client.change_room()?;
            client.wait_until_read()?;
            self.wait_for_rest(&client);
        } else {
            client.room = rooms.map(|rooms| rooms.other);
            self.bring_in(&mut client)?;
        }
        Ok(client)
    }

    /// Bytes of a long text that a message may have: `usual`, or less if the protocol has a bound.
    pub fn longest(&self, usual: usize) -> usize {
        let end = &self.profile().end;
        let most = match end.of {
            Of::Length if end.bytes == 1 => 255,
            _ => end.max.unwrap_or(usize::MAX),
        };
        // What stands around the text may count, too.
        most.saturating_sub(100).clamp(100, usual)
    }

    /// Waits until the server has closed this connection, but not for ever.
    pub fn wait_until_closed(&self, peer: SocketAddr) {
        let until = Instant::now() + self.patience() / 2;
        while Instant::now() < until && sockets::is_open(self.place.addr, peer) == Some(true) {
            std::thread::park_timeout(LOOK);
        }
    }

    /// A client that has come in with a small buffer, and reads until it is told to stop.
    ///
    /// # Errors
    /// As `enter`.
    pub fn enter_with_small_buffer(&mut self, role: &str) -> Outcome<Client> {
        let mut client = Client::connect(&self.place, role, &format!("{role}{}", self.suffix), true)?;
        client.set_reading(true);
        self.bring_in(&mut client)?;
        Ok(client)
    }

    /// A text that was not said before.
    pub fn text(&mut self) -> String {
        let words = [*self.dice.pick(&WORDS), *self.dice.pick(&WORDS)];
        format!("{} {} {}", words[0], words[1], self.tag())
    }

    /// A few letters that were not used before.
    pub fn tag(&mut self) -> String {
        (0..8).map(|_| char::from(*self.dice.pick(TAG))).collect()
    }

    /// The speaker says a text, and all these hear it.
    ///
    /// # Errors
    /// Broken, if one does not.
    pub fn say_to(&mut self, speaker: &mut Client, hearers: &[&Client]) -> Outcome {
        let text = self.text();
        speaker.say(&text)?;
        let expected = speaker.speech(text.as_bytes());
        hearers.iter().try_for_each(|hearer| hearer.hears(&expected).map(drop))
    }

    /// The speaker says a last line; when the hearer has it, all that was said before must have come.
    ///
    /// # Errors
    /// Broken, if the fence does not come.
    pub fn fence(&mut self, speaker: &mut Client, hearer: &Client) -> Outcome<Book> {
        let expected = self.say_fence(speaker)?;
        hearer.until(&expected)
    }

    /// A last line that several can wait for.
    ///
    /// # Errors
    /// Broken, if the server does not take it.
    pub fn say_fence(&mut self, speaker: &mut Client) -> Outcome<Expected> {
        let text = format!("fence {}", self.tag());
        speaker.say(&text)?;
        Ok(speaker.speech(text.as_bytes()))
    }

    /// What the others are told when this client has come in, or left, if they are.
    pub fn notice(&self, client: &Client, joined: bool) -> Option<Expected> {
        let notice = &self.profile().notice;
        let pattern = if joined { &notice.joined } else { &notice.left };
        pattern.as_ref().map(|pattern| pattern.expect(&Values { text: None, ..client.values() }))
    }

    /// The program that the checker started.
    ///
    /// # Errors
    /// Trouble, if it did not; rules that ask for it are not run then.
    pub fn program(&mut self) -> Outcome<&mut Program> {
        let none = || Fault::Trouble("the checker did not start the server".to_owned());
        self.program.as_deref_mut().ok_or_else(none)
    }

    /// The server's process, to see what it costs.
    ///
    /// # Errors
    /// Trouble, if it is not known; rules that ask for it are not run then.
    pub fn process(&self) -> Outcome<Process> {
        let pid = self.pid.ok_or_else(|| Fault::Trouble("the server's process is not known".to_owned()))?;
        Process::new(pid).map_err(|_| Fault::broken("the program has ended"))
    }
}
