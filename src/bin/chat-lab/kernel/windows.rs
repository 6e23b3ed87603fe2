//! Windows: how a program is started, and killed with all that it has started. Knows no rule and no checker.
//!
//! There is no signal that asks a program to end, and memory and processor time of a program are not bounded: no safe
//! call does it.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use win32job::{ExtendedLimitInfo, Job};

use super::Limits;

/// What the checker and its guard talk over. The system closes it when one of them ends.
pub type Line = TcpStream;

/// Whether a program can be asked by a signal to end.
pub const HAS_SIGTERM: bool = false;
/// Whether a stroke to the left takes the meaning from the next letter of a command line. Here it stands in paths.
pub const ESCAPES: bool = false;
/// What a name on a command line may leave out.
pub const ENDINGS: [&str; 2] = ["", ".exe"];
/// ERROR_BAD_EXE_FORMAT.
pub const NO_PROGRAM: i32 = 193;

/// Ctrl-C in the console is not for this process.
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
/// The guard connects within this time.
const GUARD: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };
/// How often it is looked whether processes have ended.
const LOOK: Duration = Duration::from_millis(50);
/// How often a thread that reads looks whether it is to end: a shutdown does not wake it.
const READ: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Both ends of a line.
///
/// # Errors
/// Those of the system.
pub fn pair() -> io::Result<(Line, Line)> {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let theirs = TcpStream::connect(door.local_addr()?)?;
    Ok((door.accept()?.0, theirs))
}

/// Starts `chat-lab guard` for this program, with a line to it.
///
/// # Errors
/// Those of the system.
pub fn start_guard(words: impl Iterator<Item = String>, port: u16) -> io::Result<(Child, Line)> {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let number = door.local_addr()?.port().to_string();
    let mut guard = Command::new(ourselves());
    guard.args(["guard", "--line", &number, "--"]).args(words).env("PORT", port.to_string());
    guard.creation_flags(CREATE_NEW_PROCESS_GROUP);
    let mut guard = guard.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if poll(&mut [PollFd::new(&door, PollFlags::IN)], Some(&GUARD))? == 0 {
        let _ = guard.kill();
        return Err(io::Error::new(ErrorKind::TimedOut, "the guard of the program does not come"));
    }
    Ok((guard, door.accept()?.0))
}

/// The guard's end of the line.
///
/// # Errors
/// Those of the system; `NotFound` if the checker has given no port.
pub fn line_to_checker(port: Option<u16>) -> io::Result<Line> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port.ok_or(ErrorKind::NotFound)?))
}

/// A program and all that it has started, and the guard itself. When the guard ends, the system kills the others.
pub struct Tree(Job);

impl Tree {
    /// Starts a program.
    ///
    /// # Errors
    /// Those of the system; the inner ones, if the program cannot be started.
    pub fn start(command: &mut Command, _: &Limits) -> io::Result<io::Result<(Tree, Child)>> {
        let mut info = ExtendedLimitInfo::new();
        info.limit_kill_on_job_close();
        let job = Job::create_with_limit_info(&info).map_err(io::Error::other)?;
        // What this process starts from now on belongs to the job from its first moment.
        job.assign_current_process().map_err(io::Error::other)?;
        Ok(command.spawn().map(|child| (Tree(job), child)))
    }

    /// Waits until nothing of it is left; `told` gets how the program itself ended.
    pub fn wait(&self, mut child: Child, told: impl Fn(&str)) {
        if let Ok(status) = child.wait() {
            told(&status.to_string().replace("exit code:", "exit code"));
        }
        while self.0.query_process_id_list().is_ok_and(|pids| pids.len() > 1) {
            std::thread::park_timeout(LOOK);
        }
    }

    /// There is no way to ask.
    pub fn ask(&self) {}

    /// Whether they can be asked.
    pub fn ask_all(&self) -> bool {
        false
    }

    /// Kills all of it, and ends this process.
    pub fn kill_all(&self) {
        process::exit(1);
    }

    /// Bytes of memory that it has; 0, because this is not known.
    pub fn memory(&self, _: bool) -> u64 {
        0
    }
}

/// Kills what a program has left, if its guard did not: here the system does it.
pub fn kill_group(_: i32) {}

/// Waits for a moment until a socket has something to read; whether it has.
pub fn may_read(stream: &TcpStream) -> bool {
    // What is wrong with the socket is told by the read.
    poll(&mut [PollFd::new(stream, PollFlags::IN)], Some(&READ)).is_ok_and(|count| count > 0)
}

/// Whether this error of a connection is the checker's own: it has too many files (WSAEMFILE), or the system has no room
/// (WSAENOBUFS).
pub fn is_used_up(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(10024 | 10055))
}

/// This program.
pub fn ourselves() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "chat-lab.exe".into())
}

/// Whether this file can be run.
pub fn is_executable(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    path.is_file() && ending.is_some_and(|ending| ["exe", "bat", "cmd", "com"].contains(&&*ending))
}

/// What makes a file executable, to stand after another advice: nothing does.
pub fn make_executable(_: &str) -> String {
    String::new()
}
