//! Our own server, started for one run and stopped at its end, and a client that asks it one thing after the other. Knows nothing of what is measured.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::kernel::process::Process;

/// The longest a start or an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Our server on a database; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// The address at which it listens.
    pub addr: SocketAddr,
    /// Nanoseconds from the start of the program to the line that tells its address.
    pub took: u64,
}

impl Server {
    /// Starts `program` on the database `data`, on a free port, and waits until it listens.
    ///
    /// # Errors
    /// When it does not start, or ends without listening.
    pub fn start(program: &Path, data: &Path, options: &[&str], stderr: Stdio) -> Result<Server> {
        let started = Instant::now();
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0", "--no-console", "--data"]).arg(data).args(options);
        // Whatever is set outside, the run is the same.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CHAT_SERVER_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let out = child.stdout.take().context("it was asked for")?;
        let mut server = Server { child, addr: SocketAddr::from(([0; 4], 0)), took: 0 };
        for line in BufReader::new(out).lines() {
            if let Some(addr) = line?.strip_prefix("listening on ") {
                server.took = u64::try_from(started.elapsed().as_nanos())?;
                server.addr = addr.parse()?;
                return Ok(server);
            }
        }
        bail!("the server does not listen")
    }

    /// Its stderr, once, if it was started with a pipe for it.
    pub fn stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// What the kernel knows of it.
    ///
    /// # Errors
    /// When it has ended.
    pub fn process(&self) -> Result<Process> {
        Ok(Process::new(i32::try_from(self.child.id())?)?)
    }

    /// Asks it to stop, as an operator does; how it ended, and after what time. `None`
    /// if it has not ended within `patience`; then it is killed.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn stop(mut self, patience: Duration) -> Result<Option<(ExitStatus, Duration)>> {
        let pid = Pid::from_child(&self.child);
        let started = Instant::now();
        kill_process(pid, Signal::TERM)?;
        let (sender, ended) = channel();
        thread::scope(|scope| {
            let child = &mut self.child;
            scope.spawn(move || sender.send(child.wait()));
            match ended.recv_timeout(patience) {
                Ok(status) => Ok(Some((status?, started.elapsed()))),
                Err(_) => {
                    kill_process(pid, Signal::KILL)?;
                    Ok(None)
                }
            }
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already. Nothing is being written.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One client that asks one thing after the other, in JSON.
#[derive(Debug)]
pub struct Peer {
    /// The file that it writes.
    pub stream: TcpStream,
    /// What it reads.
    pub lines: BufReader<TcpStream>,
}

impl Peer {
    /// A connection that has said nothing yet.
    ///
    /// # Errors
    /// When there is no server.
    pub fn connect(addr: SocketAddr) -> Result<Peer> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Peer { lines: BufReader::new(stream.try_clone()?), stream })
    }

    /// Asks, and waits for the answer, which is told apart by its tag.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub fn ask(&mut self, mut question: Value) -> Result<Value> {
        question["tag"] = Value::from("q");
        self.stream.write_all(format!("{question}\n").as_bytes())?;
        let line = self.await_line(|line| line.contains("\"tag\":\"q\""))?;
        let answer: Value = serde_json::from_str(&line)?;
        ensure!(answer["type"] == "ok", "refused: {line}");
        Ok(answer)
    }

    /// The next line that is meant.
    ///
    /// # Errors
    /// When the connection ends before, or is silent.
    pub fn await_line(&mut self, is_meant: impl Fn(&str) -> bool) -> Result<String> {
        let mut line = String::new();
        loop {
            line.clear();
            ensure!(self.lines.read_line(&mut line)? > 0, "the server closed the connection");
            if is_meant(&line) {
                return Ok(line);
            }
        }
    }
}
