//! Files on their way while a person talks: a thread and a live line for each. Knows the client's verbs, not how files are sent.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Common;
use super::style::safe;
use crate::client::{FileError, Handle};
use crate::model::FileInfo;
use crate::names;
use crate::wording::size;

/// How often a progress line is drawn anew.
const REDRAWN: Duration = Duration::from_millis(100);

/// Steps of the bar.
const STEPS: u64 = 20;

/// What is to be done with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Job {
    /// Send it there.
    Send(PathBuf, String),
    /// Fetch it, and save it there.
    Get(u64, Option<PathBuf>),
}

/// The files on their way.
#[derive(Default)]
pub(super) struct Transfers {
    threads: Vec<JoinHandle<()>>,
    started: u64,
    stop: Arc<AtomicBool>,
}

impl Transfers {
    /// Starts a job on a thread of its own.
    pub fn start(&mut self, common: &Arc<Common>, handle: &Handle, job: Job) -> io::Result<()> {
        self.threads.retain(|thread| !thread.is_finished());
        if self.threads.is_empty() {
            self.stop = Arc::default();
        }
        self.started += 1;
        let (number, stop) = (self.started, Arc::clone(&self.stop));
        let (common, handle) = (Arc::clone(common), handle.clone());
        let thread = thread::Builder::new().name("file".to_owned());
        self.threads.push(thread.spawn(move || run(&common, &handle, &job, number, &stop))?);
        Ok(())
    }

    /// Stops all files. Returns whether there were any.
    pub fn stop(&mut self) -> bool {
        self.threads.retain(|thread| !thread.is_finished());
        self.stop.store(true, SeqCst);
        !self.threads.is_empty()
    }

    /// Waits until all have ended in order, so that no file is half done.
    pub fn join(&mut self) {
        for thread in self.threads.drain(..) {
            // A panic there was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// Does a job to its end, and says how it ended.
pub(super) fn run(common: &Common, handle: &Handle, job: &Job, number: u64, stop: &AtomicBool) {
    let mut drawn: Option<Instant> = None;
    // Draws the progress as a live line. False if the file is not wanted any more.
    let mut goes_on = |what: &str, name: &str, done: u64, all: u64| {
        if drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAWN) {
            drawn = Some(Instant::now());
            let mut window = common.window.lock();
            window.transfer(number, Some(progress(what, name, done, all)));
            window.refresh(handle);
        }
        !stop.load(SeqCst)
    };
    let done = match job {
        Job::Send(path, place) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let sent = handle.send_file(place, path, "", |done, all| goes_on("sending", &name, done, all));
            // The message that says so is seen by all, and here too.
            sent.map(|_| None).map_err(|error| format!("the file {name} was not sent: {error}"))
        }
        Job::Get(file, path) => {
            let progress = |info: &FileInfo, done| goes_on("fetching", &info.name, done, info.size);
            match handle.get_file(*file, path.as_deref(), progress) {
                Ok((info, path)) => Ok(Some(format!(
                    "* Saved {} ({}) as {}",
                    safe(&info.name),
                    size(info.size),
                    names::clean(&path.display().to_string())
                ))),
                Err(FileError::Asked(error)) => Err(error.to_string()),
                Err(error) => Err(format!("file {file} was not saved: {error}")),
            }
        }
    };
    common.window.lock().transfer(number, None);
    match done {
        Ok(Some(line)) => common.note(handle, &line),
        Ok(None) => common.window.lock().refresh(handle),
        Err(sentence) => common.refuse(handle, &sentence),
    }
}

/// `  sending photo.jpg, 1.2 MB [##########----------] 50 %`
fn progress(what: &str, name: &str, done: u64, all: u64) -> String {
    /// What is shown of a long name.
    const SHOWN: usize = 32;
    let clean = names::clean(name);
    let mut name: String = clean.chars().take(SHOWN).collect();
    if name.len() < clean.len() {
        name.push('…');
    }
    let part = |of: u64| if all == 0 { of } else { (u128::from(done) * u128::from(of) / u128::from(all)) as u64 };
    let full = usize::try_from(part(STEPS).min(STEPS)).unwrap_or_default();
    let bar = "#".repeat(full) + &"-".repeat(STEPS as usize - full);
    format!("  {what} {}, {} [{bar}] {} %", safe(&name), size(all), part(100).min(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_is_one_short_line() {
        assert_eq!(progress("sending", "a.jpg", 1, 2), "  sending a.jpg, 2 bytes [##########----------] 50 %");
        assert_eq!(progress("sending", "a", 0, 0), "  sending a, 0 bytes [####################] 100 %");
        let long = progress("fetching", &"ж".repeat(255), u64::MAX, u64::MAX);
        assert!(long.ends_with("[####################] 100 %") && long.chars().count() < 80 + 10, "{long}");
        assert!(!progress("sending", "a\u{1b}[2J\n", 0, 1).contains('\u{1b}'));
    }
}
