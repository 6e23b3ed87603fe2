//! The processes that a process has started, and those that they have started. Knows no program.

use std::net::SocketAddr;
use std::{fs, io};

use nix::sys::signal::SigSet;
use rustix::process::{getpid, set_child_subreaper};

use super::sockets::{self, Finder};

/// From now on a process that leaves its parents becomes a child of this one.
///
/// # Errors
/// Those of the system.
pub fn adopt() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Blocks no signal any more, because a program inherits what is blocked here.
///
/// # Errors
/// Those of the system.
pub fn unblock_signals() -> io::Result<()> {
    Ok(SigSet::empty().thread_set_mask()?)
}

/// All descendants of a process, in no order; those that have ended and were not asked for, too.
pub fn descendants(pid: i32) -> Vec<i32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(child) = found.get(next) {
        let grandchildren = children(*child);
        found.extend(grandchildren);
        next += 1;
    }
    found
}

/// The kernel lists the children of each thread.
fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

/// Which descendant of a process takes connections to this address. It is `Some(None)` if it cannot be seen
/// which. The kernel tells, so the program meets no client that says nothing and goes.
pub fn listener(addr: SocketAddr, guard: i32) -> Option<Option<i32>> {
    let listener = Finder::default().listener(addr)?;
    let has_it = |pid: &i32| sockets::of_process(*pid).is_ok_and(|mut own| own.any(|inode| inode == listener.inode));
    Some(descendants(guard).into_iter().find(has_it))
}

/// Resident memory of a process that it shares with no file, in bytes; 0 if it has ended.
pub fn memory(pid: i32) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let mut pages = statm.split_whitespace().skip(1).map(|field| field.parse::<u64>().unwrap_or(0));
    let (resident, shared) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
    resident.saturating_sub(shared) * rustix::param::page_size() as u64
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_is_among_the_descendants_and_has_memory() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let own = std::process::id() as i32;
        assert!(descendants(own).contains(&(child.id() as i32)));
        assert!(memory(own) > 0);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(memory(child.id() as i32), 0);
    }
}
