//! News as lines of text, as many at a time as have come. Knows no screen and no socket.

use crossbeam_channel::{Receiver, select};
use jiff::Zoned;

use crate::names::{clean, clean_lines};
use crate::session::hub::News;
use crate::session::news::Onlooker;
use crate::wording::{self, Plain};

/// How much is shown in one piece when much happens at once.
const PAGE: usize = 64;

/// The news of one onlooker, until the end of `ending` and of what has come until then.
#[derive(Debug)]
pub struct Feed<'a> {
    onlooker: &'a Onlooker,
    news: &'a Receiver<News>,
    ending: &'a Receiver<()>,
    /// How many news were left out, as far as it was told.
    missed: u64,
}

impl<'a> Feed<'a> {
    /// Waits for news on `news`, until `ending` is closed.
    pub fn new(onlooker: &'a Onlooker, news: &'a Receiver<News>, ending: &'a Receiver<()>) -> Feed<'a> {
        Feed { onlooker, news, ending, missed: onlooker.missed() }
    }
}

impl Iterator for Feed<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        let first = select! {
            recv(self.news) -> first => first.ok(),
            recv(self.ending) -> _ => self.news.try_recv().ok(),
        }?;
        let page = std::iter::once(first).chain(self.news.try_iter().take(PAGE - 1));
        let mut lines: Vec<String> = page.map(|item| words(&item)).collect();
        let missed = self.onlooker.missed();
        if missed > self.missed {
            lines.push(format!("! {} lines were too many to show", missed - self.missed));
            self.missed = missed;
        }
        Some(lines)
    }
}

fn words(news: &News) -> String {
    match news {
        // People choose the text, and this is a terminal, too: cleaned when it came in, quoted once more.
        News::Line(line) => clean(line).into_owned(),
        News::Event(letter) => {
            let lines = wording::lines(|out| wording::event(letter.event(), &Plain::Timeless, out));
            clean_lines(&lines.join("\n")).into_owned()
        }
    }
}

/// The time of day, as it stands before news.
pub fn clock() -> String {
    Zoned::now().strftime("%H:%M:%S").to_string()
}
