//! The way between an operator and a server on one machine: a Unix socket, or a port and a secret if the system has none. Knows no command.

use std::fs;
use std::io;
use std::net::Shutdown;
use std::path::{Path, PathBuf};

#[cfg(not(unix))]
use port::{is_way, listen, reach};
use socket2::Socket;
#[cfg(unix)]
use unix::{is_way, listen, reach};

use super::CtlError;
use crate::process::private;

/// Operators that may wait for their turn.
const BACKLOG: i32 = 64;

/// The server's end. Its name is removed with it, unless another server has taken the name.
#[derive(Debug)]
pub(super) struct Door {
    listener: Socket,
    path: PathBuf,
    /// What an operator says first; empty if the system knows users by their sockets.
    pub secret: String,
    /// The file that was made: device and number.
    own: Option<(u64, u64)>,
}

impl Door {
    /// Listens at `path`. What a killed server has left there is removed; a living one keeps its place.
    pub fn open(path: &Path) -> Result<Door, CtlError> {
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidInput => CtlError::TooLong(path.to_path_buf()),
            _ => CtlError::Refused(path.to_path_buf(), error),
        };
        if let Ok(found) = fs::symlink_metadata(path) {
            if !is_way(path, &found) {
                return Err(CtlError::Foreign(path.to_path_buf()));
            }
            match reach(path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                // It lives, also if so many wait that one more finds no room.
                _ => return Err(CtlError::InUse(path.to_path_buf())),
            }
            fs::remove_file(path).map_err(refused)?;
        }
        let (listener, secret) = listen(path).map_err(refused)?;
        Ok(Door { listener, path: path.to_path_buf(), secret, own: identity(path) })
    }

    /// Waits for the next operator.
    pub fn accept(&self) -> io::Result<Socket> {
        Ok(self.listener.accept()?.0)
    }

    /// Wakes a thread that waits for one.
    pub fn wake(&self) {
        // Linux wakes it by this. If it is an error, a connection does, as long as the name leads here.
        if self.listener.shutdown(Shutdown::Both).is_err() {
            let _ = reach(&self.path);
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if identity(&self.path) == self.own {
            // If it stays, the next server finds that no server answers there.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The operator's end, and what is to be said first there.
pub(super) fn connect(path: &Path) -> Result<(Socket, String), CtlError> {
    reach(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => CtlError::TooLong(path.to_path_buf()),
        io::ErrorKind::PermissionDenied => CtlError::Denied(path.to_path_buf()),
        io::ErrorKind::WouldBlock => CtlError::Silent(path.to_path_buf()),
        _ => CtlError::Nobody(path.to_path_buf()),
    })
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|found| private::identity(&found))
}

/// Whether the peer is a process of another user, and not of root.
#[cfg(target_os = "linux")]
pub(super) fn is_of_another_user(socket: &Socket) -> bool {
    let peer = rustix::net::sockopt::socket_peercred(socket);
    peer.is_ok_and(|peer| peer.uid != rustix::process::geteuid() && !peer.uid.is_root())
}

/// Elsewhere the mode of the file, or the secret in it, keeps other users out.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_of_another_user(_: &Socket) -> bool {
    false
}

/// A socket with a name in the file system, for its owner alone.
#[cfg(unix)]
mod unix {
    use std::fs::{self, Metadata, Permissions};
    use std::io;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    use std::path::Path;

    use socket2::{Domain, SockAddr, Socket, Type};

    use super::BACKLOG;

    pub fn listen(path: &Path) -> io::Result<(Socket, String)> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        // No connection is made before it listens, so the mode is set before the first one.
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        socket.listen(BACKLOG)?;
        Ok((socket, String::new()))
    }

    pub fn reach(path: &Path) -> io::Result<(Socket, String)> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)?;
        socket.set_nonblocking(false)?;
        Ok((socket, String::new()))
    }

    pub fn is_way(_: &Path, found: &Metadata) -> bool {
        found.file_type().is_socket()
    }
}

/// A port of this machine and a secret, both written into the file: for systems without Unix sockets.
#[cfg(any(test, not(unix)))]
mod port {
    use std::fs::{self, Metadata, OpenOptions};
    use std::io::{self, Write as _};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::Path;
    use std::time::Duration;

    use socket2::{Domain, Socket, Type};

    use super::BACKLOG;

    /// How long this machine may take to connect to itself.
    const CONNECT: Duration = Duration::from_secs(2);

    pub fn listen(path: &Path) -> io::Result<(Socket, String)> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        socket.listen(BACKLOG)?;
        let port = socket.local_addr()?.as_socket().map_or(0, |own| own.port());
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let secret = format!("{:032x}", u128::from_be_bytes(bytes));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)?
            .write_all(format!("{port} {secret}\n").as_bytes())?;
        Ok((socket, secret))
    }

    pub fn reach(path: &Path) -> io::Result<(Socket, String)> {
        let (port, secret) = written(path)?.ok_or(io::ErrorKind::NotFound)?;
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into(), CONNECT)?;
        Ok((socket, secret))
    }

    pub fn is_way(path: &Path, _: &Metadata) -> bool {
        written(path).is_ok_and(|written| written.is_some())
    }

    fn written(path: &Path) -> io::Result<Option<(u16, String)>> {
        let text = fs::read_to_string(path)?;
        Ok(text.trim_end().split_once(' ').and_then(|(port, secret)| Some((port.parse().ok()?, secret.to_owned()))))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_port_and_its_secret_are_found_in_the_file() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.ctl");
            let (listener, secret) = listen(&path).unwrap();
            let (_peer, told) = reach(&path).unwrap();
            assert_eq!((told, secret.len()), (secret, 32));
            listener.accept().unwrap();
            assert!(is_way(&path, &fs::metadata(&path).unwrap()));
            drop(listener);
            assert_eq!(reach(&path).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
            fs::write(&path, "something else\n").unwrap();
            assert!(!is_way(&path, &fs::metadata(&path).unwrap()));
        }
    }
}
