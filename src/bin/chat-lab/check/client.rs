//! One client of a rule, such as anna: speaks and hears in the dialect of a profile. Knows no rule.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::check::book::Book;
use crate::check::link::{Attic, Came, Link};
use crate::check::pattern::{Expected, Values};
use crate::check::profile::{Enter, History, Of, Profile, Step};
use crate::check::script::{Deed, Script};
use crate::check::verdict::{Fault, Outcome, seconds};
use crate::kernel::{is_used_up, sockets};

/// A client: mostly one connection, in some protocols a second one to hear.
#[derive(Debug)]
pub struct Client {
    /// Its name in the report.
    pub role: String,
    /// Its name on the server.
    pub nick: String,
    /// The connection on which it speaks.
    pub mouth: Link,
    /// The one on which it hears, if that is another.
    pub(super) ear: Option<Link>,
    /// The longest that something may take.
    pub patience: Duration,
    /// The room in which it is, if it is not the usual one.
    pub room: Option<String>,
    server: SocketAddr,
    pub(super) profile: Arc<Profile>,
    /// What happened so far.
    pub script: Script,
    /// What it said, because its own copies may come at any time; `together/own` tells whether they may.
    said: Vec<Expected>,
    /// How many texts were said before it came.
    past: usize,
}

/// Where a client is, and with what it goes there.
#[derive(Clone, Debug)]
pub struct Place {
    /// The address of the server.
    pub addr: SocketAddr,
    /// The dialect.
    pub profile: Arc<Profile>,
    /// The longest that something may take.
    pub patience: Duration,
    /// What happened so far.
    pub script: Script,
    /// Where the connections of dropped clients wait for the end of the rule.
    pub attic: Attic,
}

impl Client {
    /// Connects without coming in; a `deaf` client does not read.
    ///
    /// # Errors
    /// Broken, if the server does not take the connection in time.
    pub fn connect(place: &Place, role: &str, nick: &str, deaf: bool) -> Outcome<Client> {
        let link = |deaf| {
            Link::connect(place.addr, deaf, place.patience, &place.attic).map_err(|error| match is_used_up(&error) {
                true => Fault::Trouble(format!("the checker cannot connect: {error} (see ulimit -a)")),
                false => Fault::late(format!("{role} cannot connect: {error}")),
            })
        };
        let ear = place.profile.listen.is_some().then(|| link(deaf)).transpose()?;
        let mouth = link(deaf && ear.is_none())?;
        place.script.name(mouth.local, role);
        if let Some(ear) = &ear {
            place.script.name(ear.local, role);
        }
        place.script.add(role, Deed::Connects);
        if deaf {
            place.script.add(role, Deed::StopsReading);
        }
        Ok(Client {
            role: role.to_owned(),
            nick: nick.to_owned(),
            mouth,
            ear,
            patience: place.patience,
            room: None,
            server: place.addr,
            profile: Arc::clone(&place.profile),
            script: place.script.clone(),
            said: Vec::new(),
            past: place.script.said().count(),
        })
    }

    /// What its name, its address and so on are.
    pub fn values(&self) -> Values {
        let usual = self.profile.values(&self.nick);
        Values { addr: Some(self.mouth.local.to_string()), room: self.room.clone().or(usual.room), ..usual }
    }

    /// What the others hear if it says `text`.
    pub fn speech(&self, text: &[u8]) -> Expected {
        let form = self.profile.say.others.as_ref().unwrap_or(&self.profile.say.send);
        form.expect(&Values { text: Some(text.to_vec()), ..self.values() })
    }

    /// What it hears itself of what it says.
    pub fn own_speech(&self, text: &[u8]) -> Expected {
        match &self.profile.say.own_form {
            Some(form) => form.expect(&Values { text: Some(text.to_vec()), ..self.values() }),
            None => self.speech(text),
        }
    }

    /// Tries to come in: whether it did, or was refused in the words of the profile.
    ///
    /// # Errors
    /// Broken, if the server gives another answer, or none.
    pub fn try_enter(&mut self) -> Outcome<bool> {
        match self.enter() {
            Err(Fault::Broken(evidence)) if evidence.refused => Ok(false),
            entered => entered.map(|()| true),
        }
    }

    /// Sends what a client sends before it gets the first answer, and does not wait for one.
    ///
    /// # Errors
    /// As `send`.
    pub fn knock(&mut self) -> Outcome {
        let profile = Arc::clone(&self.profile);
        let sent = profile.enter.steps.iter().skip_while(|step| matches!(step, Step::Await(_)));
        for step in sent.take_while(|step| matches!(step, Step::Send(_))) {
            if let Step::Send(pattern) = step {
                self.send(&profile.end.wrap(&pattern.fill(&self.values())))?;
            }
        }
        Ok(())
    }

    /// Comes in, as the profile has it.
    ///
    /// # Errors
    /// Broken, if the server does not answer as it should.
    pub fn enter(&mut self) -> Outcome {
        let profile = Arc::clone(&self.profile);
        if let Some(listen) = &profile.listen {
            self.walk(listen, true)?;
        }
        self.walk(&profile.enter, false)
    }

    fn walk(&mut self, enter: &Enter, ear: bool) -> Outcome {
        for step in &enter.steps {
            match step {
                Step::Send(pattern) => {
                    let message = self.profile.end.wrap(&pattern.fill(&self.values()));
                    self.send_on(&message, ear)?;
                }
                Step::Await(pattern) => {
                    let expected = pattern.expect(&self.values());
                    let link = if ear { self.ear() } else { &self.mouth };
                    let came =
                        self.await_on(link, &expected, enter.refused.as_ref().map(|p| p.expect(&Values::default())));
                    came.map_err(|fault| match fault {
                        Fault::Broken(evidence) => {
                            let told = format!("{} cannot come in: {}", self.role, evidence.told);
                            Fault::Broken(evidence).told(told)
                        }
                        other => other,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The connection on which it hears.
    pub fn ear(&self) -> &Link {
        self.ear.as_ref().unwrap_or(&self.mouth)
    }

    /// Sends these bytes as they are.
    ///
    /// # Errors
    /// Broken, if the server takes them not in time, or has closed the connection.
    pub fn send(&mut self, bytes: &[u8]) -> Outcome {
        self.send_on(bytes, false)
    }

    fn send_on(&mut self, bytes: &[u8], ear: bool) -> Outcome {
        self.script.add(&self.role, Deed::Sends(bytes.into()));
        let link = if ear { self.ear() } else { &self.mouth };
        link.send(bytes).map_err(|error| {
            let late = matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
            let role = &self.role;
            if late {
                Fault::late(format!("the server takes nothing from {role} for {}", seconds(self.patience)))
            } else {
                Fault::broken(format!("{role} cannot send: the server has closed the connection ({error})"))
            }
        })
    }

    /// Bytes that say this text.
    pub fn bytes_of(&self, text: &[u8]) -> Vec<u8> {
        let values = Values { text: Some(text.to_vec()), ..self.values() };
        self.profile.end.wrap(&self.profile.say.send.fill(&values))
    }

    /// Says something.
    ///
    /// # Errors
    /// As `send`.
    pub fn say(&mut self, text: &str) -> Outcome {
        self.says(text.as_bytes());
        if self.profile.end.of == Of::Pause {
            self.wait_until_read()?;
        }
        let bytes = self.bytes_of(text.as_bytes());
        self.send(&bytes)
    }

    /// Waits until the server has read all that was sent: then the next piece is another read.
    /// Without a kernel that tells, it waits for a moment.
    ///
    /// # Errors
    /// Broken, if the server does not read in time.
    pub fn wait_until_read(&self) -> Outcome {
        let until = Instant::now() + self.patience;
        // On a busy machine what was sent may still be on its way when the first look finds nothing.
        let mut empty = 0;
        while empty < 2 {
            match sockets::unread(self.server, self.mouth.local) {
                Some(0) => empty += 1,
                Some(_) if Instant::now() >= until => {
                    let time = seconds(self.patience);
                    return Err(Fault::late(format!("the server does not read what {} sent for {time}", self.role)));
                }
                Some(_) => empty = 0,
                None => {
                    std::thread::park_timeout(Duration::from_millis(30));
                    return Ok(());
                }
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        self.script.add(&self.role, Deed::IsRead);
        Ok(())
    }

    /// Notes that it says this, if the bytes are sent in another way.
    pub fn says(&mut self, text: &[u8]) {
        let own = self.own_speech(text);
        self.said.push(own);
        self.script.said().add(text);
    }

    /// Waits until it hears `expected`. What may come at any time is skipped; anything else is wrong.
    ///
    /// # Errors
    /// Broken, if something else comes, or nothing in time.
    pub fn hears(&self, expected: &Expected) -> Outcome<Instant> {
        self.await_on(self.ear(), expected, None)
    }

    /// Waits until it hears its own copy of `text`.
    ///
    /// # Errors
    /// As `hears`.
    pub fn hears_itself(&self, text: &str) -> Outcome<Instant> {
        self.hears(&self.own_speech(text.as_bytes()))
    }

    /// All that it hears before `fence`.
    ///
    /// # Errors
    /// Broken, if the fence does not come.
    pub fn until(&self, fence: &Expected) -> Outcome<Book> {
        let mut book = Book::new(self.profile.end.is_seen());
        let until = Instant::now() + self.patience;
        loop {
            match self.next(self.ear(), fence, until) {
                Came::It(Some(message), _) if fence.is(&message) || !book.is_whole() => {
                    if !book.is_whole() {
                        book.add(message, false);
                    }
                    return Ok(book);
                }
                Came::It(Some(message), _) => {
                    let noise = self.is_noise(&message);
                    book.add(message, noise);
                    if book.is_full() {
                        return Err(self.flooded(&book, fence));
                    }
                }
                Came::It(None, _) => {}
                Came::End(ended) => return Err(self.closed(&ended, Some(fence))),
                Came::Nothing => return Err(self.nothing(fence)),
            }
        }
    }

    fn await_on(&self, link: &Link, expected: &Expected, refused: Option<Expected>) -> Outcome<Instant> {
        let until = Instant::now() + self.patience;
        loop {
            match self.next(link, expected, until) {
                Came::It(None, at) => return Ok(at),
                Came::It(Some(message), at) if expected.is(&message) || !self.profile.end.is_seen() => {
                    self.script.add(&self.role, Deed::Hears(message.as_slice().into()));
                    return Ok(at);
                }
                Came::It(Some(message), _) => {
                    self.script.add(&self.role, Deed::Hears(message.as_slice().into()));
                    let is_refused = refused.as_ref().is_some_and(|refused| refused.is(&message));
                    if is_refused || !self.is_noise(&message) {
                        let what = if is_refused { "is refused" } else { "hears something else" };
                        let wrong = self.wrong(format!("{} {what}", self.role), &message, expected);
                        return Err(if is_refused { wrong.refused() } else { wrong });
                    }
                }
                Came::End(ended) => return Err(self.closed(&ended, Some(expected))),
                Came::Nothing => return Err(self.nothing(expected)),
            }
        }
    }

    /// The next message; of a stream all up to the end of what is expected.
    fn next(&self, link: &Link, expected: &Expected, until: Instant) -> Came<Option<Vec<u8>>> {
        let end = &self.profile.end;
        link.wait_for(until, |bytes| {
            if end.is_seen() {
                end.take(bytes).map(|(message, length)| (Some(message), length))
            } else {
                expected.find(bytes).map(|place| (Some(bytes[..place.end].to_vec()), place.end))
            }
        })
    }

    /// The next whole message of any kind, in a protocol whose messages have ends; nothing, if none came in time.
    ///
    /// # Errors
    /// Broken, if the connection ended.
    pub fn next_message(&self, until: Instant) -> Outcome<Option<(Vec<u8>, Instant)>> {
        match self.ear().wait_for(until, |bytes| self.profile.end.take(bytes)) {
            Came::It(message, at) => {
                self.script.add(&self.role, Deed::Hears(message.as_slice().into()));
                Ok(Some((message, at)))
            }
            Came::End(ended) => Err(self.closed(&ended, None)),
            Came::Nothing => Ok(None),
        }
    }

    /// Whether this may come at any time.
    pub fn is_noise(&self, message: &[u8]) -> bool {
        let anyone = Values::default();
        let notice = &self.profile.notice;
        let patterns = self.profile.ignore.iter().chain(&notice.joined).chain(&notice.left);
        let mut noise = patterns.map(|pattern| pattern.expect(&anyone));
        let is_old = || self.profile.late.history == History::Any && self.script.said().has(self.past, message);
        noise.any(|noise| noise.is(message)) || self.said.iter().any(|own| own.is(message)) || is_old()
    }

    /// Goes into the other room, if there is one and a client that has come in can go there.
    ///
    /// # Errors
    /// As `send`.
    pub fn change_room(&mut self) -> Outcome {
        let Some(rooms) = &self.profile.rooms else { return Ok(()) };
        self.room = Some(rooms.other.clone());
        let Some(join) = &rooms.join else { return Ok(()) };
        let message = self.profile.end.wrap(&join.fill(&self.values()));
        self.send(&message)
    }

    /// Stops reading, or reads again.
    pub fn set_reading(&self, reading: bool) {
        self.script.add(&self.role, if reading { Deed::ReadsAgain } else { Deed::StopsReading });
        self.ear().set_open(reading);
    }
}
