//! Why a server does not start. Knows no way out.

use std::io;

use crate::store::StoreError;
use crate::tls::TlsError;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It cannot listen.
    #[error("{0}")]
    Listen(#[from] io::Error),
    /// The named limit of the system leaves no room for one session.
    #[error("there is no room for one session: raise the limit on {0}")]
    NoRoom(&'static str),
    /// The page is read from a folder, and others would get it.
    #[error(
        "--page serves a folder that somebody works on, to this machine only: listen on 127.0.0.1, or leave it out"
    )]
    Page,
    /// It cannot encrypt.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// It cannot use its database.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> io::Error {
        match error {
            StartError::Listen(error) => error,
            StartError::Page | StartError::Tls(_) => io::Error::new(io::ErrorKind::InvalidInput, error),
            StartError::NoRoom(_) => io::Error::new(io::ErrorKind::QuotaExceeded, error),
            StartError::Store(error) => io::Error::other(error),
        }
    }
}
