//! The service manager that started this process, such as systemd: what it is told, and which sockets it passes. Without one, nothing is told. Knows nothing of a chat.

use std::net::TcpListener;
use std::time::Duration;

use super::within;

/// How long a service manager may take to read a word. It is not waited for longer than that.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a service manager wants to hear from this process.
pub fn is_listening() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some_and(|name| !name.is_empty())
}

/// Tells that the start, or a reload, is complete.
pub fn ready() {
    tell("READY=1".to_owned());
}

/// Tells that the settings are read again. [`ready`] ends that.
pub fn reloading() {
    // Newer versions of systemd want to know when it began.
    tell(format!("RELOADING=1{}", manager::time().map(|time| format!("\n{time}")).unwrap_or_default()));
}

/// Tells that the process is going to end.
pub fn stopping() {
    tell("STOPPING=1".to_owned());
}

/// Sets the line that the service manager shows beside the name of the service. It waits for the service manager.
pub fn status(line: &str) {
    manager::say(&format!("STATUS={line}"));
}

/// Tells that the process works. It waits for the service manager.
pub fn alive() {
    manager::say("WATCHDOG=1");
}

/// How long the service manager waits for [`alive`] before it starts the process anew; none if it does not wait.
pub fn alive_within() -> Option<Duration> {
    manager::watchdog()
}

/// The listening sockets that were passed to this process (socket activation); none if it was started without.
/// Call it before any other thread is started, because it takes variables out of the environment.
///
/// # Errors
/// The sentence about one that cannot be used.
pub fn sockets() -> Result<Vec<TcpListener>, String> {
    manager::sockets()
}

fn tell(words: String) {
    if is_listening() {
        // A service manager that hangs must not hold up the end of this process.
        within(PATIENCE, move || manager::say(&words));
    }
}

#[cfg(target_os = "linux")]
mod manager {
    use std::net::TcpListener;
    use std::time::Duration;

    use listenfd::ListenFd;
    use sd_notify::NotifyState;
    use socket2::SockRef;

    pub fn say(words: &str) {
        if let Err(error) = sd_notify::notify(&[NotifyState::Custom(words)]) {
            tracing::warn!(%error, words, "cannot tell the service manager");
        }
    }

    pub fn time() -> Option<String> {
        NotifyState::monotonic_usec_now().ok().map(|time| time.to_string())
    }

    pub fn watchdog() -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }

    pub fn sockets() -> Result<Vec<TcpListener>, String> {
        let mut passed = ListenFd::from_env();
        let count = passed.len();
        let take = |at| {
            let socket = passed.take_tcp_listener(at).ok().flatten();
            // A connection that was accepted already has a peer.
            socket.filter(|socket| SockRef::from(socket).peer_addr().is_err()).ok_or_else(|| {
                format!(
                    "the socket number {} that was passed to this process is no listening TCP socket: in the socket \
                     unit, write ListenStream= with a port or an address and a port, and leave out Accept=",
                    at + 1
                )
            })
        };
        (0..count).map(take).collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod manager {
    use std::net::TcpListener;
    use std::time::Duration;

    pub fn say(_: &str) {}

    pub fn time() -> Option<String> {
        None
    }

    pub fn watchdog() -> Option<Duration> {
        None
    }

    pub fn sockets() -> Result<Vec<TcpListener>, String> {
        Ok(Vec::new())
    }
}
