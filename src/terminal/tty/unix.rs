//! A terminal of Unix: termios, `poll`, job control. Knows bytes, and no key.

use std::io::{self, BufRead, Read, Write as _};
pub use std::os::fd::AsFd as Descriptor;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Signal, getpgrp, getsid, kill_current_process_group};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp,
    tcgetwinsize, tcsetattr,
};
use signal_hook::consts::{SIGALRM, SIGCONT, SIGQUIT, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU};
use signal_hook::low_level::{emulate_default_handler, pipe, unregister};
use signal_hook::{SigId, flag};

use super::{Asked, Woke};

/// How long a program in the background waits before it looks whether it is in front again.
const FRONT: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// Signals that end a program without a handler. Those that ask a program to end
/// in order, such as SIGTERM, are handled elsewhere.
const ENDS: [i32; 6] = [SIGQUIT, SIGALRM, SIGVTALRM, SIGUSR1, SIGUSR2, SIGXCPU];

/// Wakes the thread that has the other end.
#[derive(Debug)]
pub struct Waker(UnixStream);

/// What a thread waits for.
#[derive(Debug)]
pub struct Woken(UnixStream);

/// Two ends, one to wake and one to be woken.
///
/// # Errors
/// Those of the system.
pub fn wake_up() -> io::Result<(Waker, Woken)> {
    let (woken, waker) = UnixStream::pair()?;
    waker.set_nonblocking(true)?;
    woken.set_nonblocking(true)?;
    Ok((Waker(waker), Woken(woken)))
}

impl Waker {
    /// Never waits.
    pub fn wake(&self) {
        // If the pipe is full, the thread will wake without this byte, too.
        let _ = (&self.0).write(b"x");
    }
}

impl Woken {
    /// Waits until it is woken, however often. False if no thread can do that any more.
    pub fn wait(&self) -> bool {
        let mut ends = [PollFd::new(&self.0, PollFlags::IN)];
        if retry_on_intr(|| poll(&mut ends, None)).is_err() {
            return false;
        }
        let mut bytes = [0; 256];
        !matches!((&self.0).read(&mut bytes), Ok(0))
    }
}

/// The keys of the terminal that is stdin.
#[derive(Debug)]
pub struct Keyboard;

impl Keyboard {
    /// Takes the keys from here on. `resized` is called when the terminal has another size, on
    /// systems that tell this like a key; Unix has a signal for it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(_resized: impl Fn() + Send + 'static) -> io::Result<Keyboard> {
        Ok(Keyboard)
    }

    /// Waits for keys, for at most `patience`, and gives their bytes to `take`.
    ///
    /// # Errors
    /// Those of the system.
    pub fn wait(&mut self, stop: &Woken, patience: Option<Duration>, take: impl FnOnce(&[u8])) -> io::Result<Woke> {
        let patience = patience.map(|patience| Timespec {
            tv_sec: patience.as_secs().cast_signed(),
            tv_nsec: patience.subsec_nanos().into(),
        });
        let stdin = io::stdin();
        let mut ends = [PollFd::new(&stop.0, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
        // Interrupted if the program was stopped and continued, or has another size: the painter handles that.
        if retry_on_intr(|| poll(&mut ends, patience.as_ref()))? == 0 {
            return Ok(Woke::Nothing);
        }
        if !ends[0].revents().is_empty() {
            return Ok(Woke::Stop);
        }
        let mut bytes = [0; 4096];
        match rustix::io::read(io::stdin(), &mut bytes) {
            Err(Errno::IO) if is_in_background() => {
                // The program continues without the terminal, as after Ctrl-Z and `bg`: keys are
                // for other programs, until it is in front again.
                let mut stop = [PollFd::new(&stop.0, PollFlags::IN)];
                let _ = poll(&mut stop, Some(&FRONT));
                Ok(Woke::Bytes)
            }
            Ok(0) | Err(Errno::IO) => Ok(Woke::End),
            Ok(count) => {
                take(&bytes[..count]);
                Ok(Woke::Bytes)
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(Woke::Bytes),
            Err(error) => Err(error.into()),
        }
    }
}

/// What comes on stdin if nobody edits it.
#[derive(Debug)]
pub struct Piped;

impl Piped {
    /// # Errors
    /// Those of the system.
    pub fn open() -> io::Result<Piped> {
        Ok(Piped)
    }

    /// Waits for bytes and gives them to `take`. With `until_unread` it also stops when
    /// the reader of stdout has closed it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn wait(&mut self, stop: &Woken, until_unread: bool, take: impl FnOnce(&[u8])) -> io::Result<Woke> {
        let (stdin, stdout) = (io::stdin(), io::stdout());
        let mut ends = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&stop.0, PollFlags::IN),
            // Asked for nothing, it still tells when its other end is closed.
            PollFd::new(&stdout, PollFlags::empty()),
        ];
        let ends = if until_unread { &mut ends[..] } else { &mut ends[..2] };
        retry_on_intr(|| poll(ends, None))?;
        if ends[1..].iter().any(|end| !end.revents().is_empty()) {
            return Ok(Woke::Stop);
        }
        let mut stdin = stdin.lock();
        let taken = match stdin.fill_buf() {
            Ok([]) => return Ok(Woke::End),
            Ok(bytes) => {
                take(bytes);
                bytes.len()
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Woke::Bytes),
            Err(error) => return Err(error),
        };
        stdin.consume(taken);
        Ok(Woke::Bytes)
    }
}

/// How a terminal takes keys.
#[derive(Debug)]
pub struct Modes(Termios);

impl Modes {
    /// As it is now.
    ///
    /// # Errors
    /// Those of the system; stdin is no terminal.
    pub fn found() -> io::Result<Modes> {
        Ok(Modes(tcgetattr(io::stdin())?))
    }

    /// Sets the terminal to this. It never waits for a terminal that takes no output.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set(&self) -> io::Result<()> {
        Ok(tcsetattr(io::stdin(), OptionalActions::Now, &self.0)?)
    }

    /// The same for a line editor: no key is echoed, none waits for the end of a line,
    /// and if `ctrl_c` says so, Ctrl-C is a key and no signal.
    pub fn for_keys(&self, ctrl_c: bool) -> Modes {
        let mut modes = self.0.clone();
        modes
            .input_modes
            .remove(InputModes::BRKINT | InputModes::ICRNL | InputModes::INPCK | InputModes::ISTRIP | InputModes::IXON);
        modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN);
        modes.output_modes.insert(OutputModes::OPOST | OutputModes::ONLCR);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        // Between two lines Ctrl-C may be a signal. Ctrl-Z and Ctrl-\ never are: they wait for the editor.
        modes.special_codes[SpecialCodeIndex::VSUSP] = 0;
        modes.special_codes[SpecialCodeIndex::VQUIT] = 0;
        if ctrl_c {
            modes.local_modes.remove(LocalModes::ISIG);
        }
        Modes(modes)
    }

    /// The same without an echo, for a secret.
    fn quiet(&self) -> Modes {
        let mut modes = self.0.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        Modes(modes)
    }
}

/// Asks for a secret on a terminal that has no editor.
///
/// # Errors
/// Those of the system; `Interrupted` by Ctrl-C.
pub fn read_secret(prompt: &str) -> io::Result<String> {
    // The echo must be off before the question is shown, because then the person types.
    let before = Modes::found()?;
    tcsetattr(io::stdin(), OptionalActions::Drain, &before.quiet().0)?;
    let secret = rpassword::prompt_password(prompt);
    tcsetattr(io::stdin(), OptionalActions::Drain, &before.0)?;
    secret
}

/// Whether keys can be taken without being shown, if stdin is a terminal.
pub fn can_hide_keys() -> bool {
    true
}

/// Whether stdout has a cursor that can be moved, if it is a terminal.
pub fn can_move_cursor() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term != "dumb" && term != "cons25" && term != "emacs")
}

/// Columns and rows, if the terminal tells.
pub fn size(terminal: impl Descriptor) -> Option<(usize, usize)> {
    let size = tcgetwinsize(terminal).ok()?;
    Some((size.ws_col.into(), size.ws_row.into()))
}

/// Whether stdin is a terminal at which another program is in front.
pub fn is_in_background() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|front| front != getpgrp())
}

/// What Ctrl-Z asks for: the shell is to have the terminal for a while.
pub fn suspend() {
    // The painter restores the terminal before the program is stopped.
    let _ = kill_current_process_group(Signal::TSTP);
}

/// A signal that ends the program, or stops it for a while.
#[derive(Debug)]
pub struct Leave(i32);

impl Leave {
    /// Returns when the program continues; if the signal ends it, never.
    pub fn now(self) {
        drop(emulate_default_handler(self.0));
    }
}

/// Signals about the terminal that came.
#[derive(Debug)]
pub struct Signals {
    stop: Arc<AtomicBool>,
    goes_on: Arc<AtomicBool>,
    ends: Vec<(i32, Arc<AtomicBool>)>,
    registered: Vec<SigId>,
}

impl Signals {
    /// From here on the signals wake the painter.
    ///
    /// # Errors
    /// Those of the system.
    pub fn register(painter: &Waker) -> io::Result<Signals> {
        let bell = &painter.0;
        let mut signals =
            Signals { stop: Arc::default(), goes_on: Arc::default(), ends: Vec::new(), registered: Vec::new() };
        signals.ends.extend(ENDS.map(|signal| (signal, Arc::default())));
        let mut flags = vec![(SIGTSTP, Arc::clone(&signals.stop)), (SIGCONT, Arc::clone(&signals.goes_on))];
        flags.extend(signals.ends.iter().map(|(signal, came)| (*signal, Arc::clone(came))));
        for (signal, came) in flags {
            // The flag is set first, because the painter must find it when the bell rings.
            signals.registered.push(flag::register(signal, came)?);
            signals.registered.push(pipe::register(signal, bell.try_clone()?)?);
        }
        signals.registered.push(pipe::register(SIGWINCH, bell.try_clone()?)?);
        Ok(signals)
    }

    /// What they ask for next, if any came.
    pub fn asked(&self) -> Option<Asked> {
        if let Some((signal, _)) = self.ends.iter().find(|(_, came)| came.load(SeqCst)) {
            return Some(Asked::Leave(Leave(*signal)));
        }
        if self.stop.swap(false, SeqCst) && has_shell() {
            return Some(Asked::Leave(Leave(SIGTSTP)));
        }
        // After the stop: when the program continues, SIGCONT has come, too.
        self.goes_on.swap(false, SeqCst).then_some(Asked::GoOn)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            unregister(id);
        }
    }
}

/// Whether there is a shell that could continue a stopped program: a shell gives
/// each of its jobs a process group. Without a shell, as in a window of its own,
/// the program's group is that of its session.
fn has_shell() -> bool {
    getsid(None).is_ok_and(|session| session != getpgrp())
}
