//! How a client goes, by one of several ways, and how it sees that the server has ended its connection. Knows no rule.

use std::time::{Duration, Instant};

use crate::check::book::Book;
use crate::check::client::Client;
use crate::check::link::Came;
use crate::check::script::Deed;

impl Client {
    /// All that it hears up to the end of the connection; nothing, if that does not come in time.
    pub fn until_end(&self, until: Instant) -> Option<Book> {
        let end = &self.profile.end;
        let mut book = Book::new(end.is_seen());
        loop {
            match self.ear().wait_for(until, |bytes| end.take(bytes)) {
                Came::It(message, _) => {
                    let noise = self.is_noise(&message);
                    book.add(message, noise);
                    if book.is_full() {
                        return None;
                    }
                }
                Came::End(_) => break,
                Came::Nothing => return None,
            }
        }
        if !end.is_seen() {
            book.add(self.ear().rest(), false);
        }
        Some(book)
    }

    /// What is sent to leave, if the protocol has that.
    pub fn farewell(&self) -> Option<Vec<u8>> {
        let leave = self.profile.leave.as_ref()?;
        Some(self.profile.end.wrap(&leave.send.fill(&self.values())))
    }

    /// When the server ended its connection, if it did in time.
    pub fn wait_for_end(&self, within: Duration) -> Option<Instant> {
        let (ended, at) = self.ear().wait_for_end(Instant::now() + within)?;
        self.script.add(&self.role, Deed::IsClosed(ended.to_string()));
        Some(at)
    }

    /// Closes in order.
    pub fn close(mut self) {
        self.script.add(&self.role, Deed::Closes);
        self.mouth.close();
        if let Some(ear) = &mut self.ear {
            ear.close();
        }
    }

    /// Breaks off: the server gets a reset.
    pub fn reset(mut self) {
        self.script.add(&self.role, Deed::Resets);
        self.mouth.reset();
        if let Some(ear) = &mut self.ear {
            ear.reset();
        }
    }

    /// Ends the half on which it sends.
    pub fn end_sending(&self) {
        self.script.add(&self.role, Deed::Ends);
        self.mouth.end_sending();
    }
}
