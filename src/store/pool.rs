//! The connections that read, lent out one at a time. Knows nothing of what is read.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, OpenFlags};

use super::{StoreError, settle};

/// At most so many connections as it was made for. Who asks when all are lent out waits.
pub struct Pool {
    path: PathBuf,
    most: usize,
    readers: Mutex<Readers>,
    returned: Condvar,
}

struct Readers {
    idle: Vec<Connection>,
    /// Also those that are lent out.
    open: usize,
}

/// A connection on loan. It goes back when it is dropped.
pub struct Reader<'a> {
    pool: &'a Pool,
    /// There until it is dropped.
    connection: Option<Connection>,
}

impl Pool {
    /// None is opened before it is needed.
    pub fn new(path: &Path, most: usize) -> Pool {
        let readers = Mutex::new(Readers { idle: Vec::new(), open: 0 });
        Pool { path: path.to_path_buf(), most: most.max(1), readers, returned: Condvar::new() }
    }

    /// A connection that can only read.
    pub fn lend(&self) -> rusqlite::Result<Reader<'_>> {
        let mut readers = self.readers.lock();
        loop {
            if let Some(connection) = readers.idle.pop() {
                return Ok(Reader { pool: self, connection: Some(connection) });
            }
            if readers.open < self.most {
                break;
            }
            self.returned.wait(&mut readers);
        }
        readers.open += 1;
        // Opening reads the disk, and the others need not wait for that.
        drop(readers);
        // From here on the reader counts, and is taken off again if it does not open.
        let mut reader = Reader { pool: self, connection: None };
        reader.connection = Some(open(&self.path)?);
        Ok(reader)
    }

    /// What an error of SQLite means for the file that is read.
    pub fn told(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::sql(&self.path, error)
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    settle(&connection)?;
    Ok(connection)
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it is lent out with a connection, and has it until it is dropped")
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("it is lent out with a connection, and has it until it is dropped")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut readers = self.pool.readers.lock();
        match self.connection.take() {
            Some(connection) => readers.idle.push(connection),
            None => readers.open -= 1,
        }
        self.pool.returned.notify_one();
    }
}
