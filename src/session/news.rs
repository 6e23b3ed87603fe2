//! What happens, on its way to the operators: one at the console, and one at `ctl`. Knows how much each wants to hear, and shows nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::chat::effects::Watch;
use crate::wire::Letter;

/// One thing an operator is shown.
#[derive(Debug, Clone)]
pub enum News {
    /// An event that the chat told its members.
    Event(Arc<Letter>),
    /// A sentence that members are not told.
    Line(String),
}

impl News {
    /// How much an operator must want to hear to be told this.
    fn level(&self) -> Watch {
        match self {
            News::Event(letter) => Watch::of(letter.event()),
            News::Line(_) => Watch::Events,
        }
    }
}

/// The two operators that may be told.
#[derive(Debug)]
pub struct Newsroom {
    /// The console of this process.
    pub console: Onlooker,
    /// An operator at `ctl`.
    pub remote: Onlooker,
}

/// An operator: how much is wanted, and the way there. News that find no room are left out and counted.
#[derive(Debug)]
pub struct Onlooker {
    /// A [`Watch`], as a number.
    watch: AtomicU8,
    way: Sender<News>,
    missed: AtomicU64,
}

/// What [`Newsroom::open`] opens: the news for the console, and those for an operator at `ctl`.
pub type Feeds = (Receiver<News>, Receiver<News>);

impl Newsroom {
    /// With so many news on the way to each at the most; the console wants to hear so much.
    pub fn open(watch: Watch, most: usize) -> (Newsroom, Feeds) {
        let (console, to_console) = Onlooker::new(watch, most);
        let (remote, to_remote) = Onlooker::new(Watch::Nothing, most);
        (Newsroom { console, remote }, (to_console, to_remote))
    }

    /// The most that either of them wants.
    pub fn watch(&self) -> Watch {
        let [console, remote] = [self.console.watch(), self.remote.watch()];
        if console > remote { console } else { remote }
    }

    /// Tells the operators that want to hear it; only then is the news made. Never waits.
    pub fn tell(&self, news: impl FnOnce() -> News) {
        if self.watch() == Watch::Nothing {
            return;
        }
        let news = news();
        let level = news.level();
        for onlooker in [&self.console, &self.remote].into_iter().filter(|onlooker| onlooker.watch() >= level) {
            if let Err(TrySendError::Full(_)) = onlooker.way.try_send(news.clone()) {
                onlooker.missed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Onlooker {
    fn new(watch: Watch, most: usize) -> (Onlooker, Receiver<News>) {
        let (way, news) = bounded(most);
        (Onlooker { watch: AtomicU8::new(watch as u8), way, missed: AtomicU64::new(0) }, news)
    }

    /// How much is wanted.
    pub fn watch(&self) -> Watch {
        const NOTHING: u8 = Watch::Nothing as u8;
        const EVENTS: u8 = Watch::Events as u8;
        match self.watch.load(Ordering::Relaxed) {
            NOTHING => Watch::Nothing,
            EVENTS => Watch::Events,
            _ => Watch::Messages,
        }
    }

    /// Sets how much is wanted.
    pub fn set_watch(&self, watch: Watch) {
        self.watch.store(watch as u8, Ordering::Relaxed);
    }

    /// How many news were left out because the way was full.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::model::CloseReason;

    fn event(event: Event) -> News {
        News::Event(Arc::new(Letter::new(event)))
    }

    #[test]
    fn each_hears_as_much_as_it_wants_and_what_finds_no_room_is_counted() {
        let (room, (console, remote)) = Newsroom::open(Watch::Events, 2);
        room.tell(|| event(Event::Closing { reason: CloseReason::Quit, text: "so".into() }));
        assert_eq!((console.len(), remote.len()), (1, 0));
        room.remote.set_watch(Watch::Messages);
        assert_eq!(room.watch(), Watch::Messages);
        (0..3).for_each(|_| room.tell(|| News::Line("so".to_owned())));
        assert_eq!((console.len(), room.console.missed()), (2, 2));
        assert_eq!((remote.len(), room.remote.missed()), (2, 1));
        room.remote.set_watch(Watch::Nothing);
        room.console.set_watch(Watch::Nothing);
        room.tell(|| panic!("nobody wants it"));
    }
}
