//! Computes how many connections and threads fit within the limits that the system sets this process. Changes only the process's own limit on open files.
//!
//! Past the limit on memory maps, or on memory, a Rust process does not get an
//! error, it aborts (rust-lang/rust#78497). So the number is computed before, and
//! connections above it are refused with a reason. A connection that lags has a
//! second thread for a while, so some threads are set aside for that.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::machine::{self, Resource};
use crate::process::start_anew;

/// Maps of one thread: its stack, its signal stack, and a guard page to each.
const MAPS_A_THREAD: u64 = 4;
/// Address space of one thread beside its stack: its signal stack, guards, rounding.
const SPACE_A_THREAD: u64 = 64 << 10;
/// Memory of one connection: 26 KiB when it is idle, its outbox, and the kernel's buffers of its socket.
const MEMORY_A_THREAD: u64 = 64 << 10;
/// Address space that glibc reserves for each arena. It makes up to 8 arenas for each core.
const ARENA: u64 = 64 << 20;
/// The least number of threads that are set aside for connections that lag.
const LEAST_SPARE: u64 = 4;

/// The resources that the process needs beside its connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Need {
    /// Address space for the stack of one thread.
    pub stack: u64,
    /// Descriptors beside those of the connections.
    pub descriptors: u64,
    /// Memory beside that of the connections.
    pub memory: u64,
}

/// The limits that the system sets this process; `u64::MAX` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Open files (`RLIMIT_NOFILE`).
    pub descriptors: u64,
    /// Memory maps (`vm.max_map_count`).
    pub maps: u64,
    /// Threads of the whole system, and of this user.
    pub threads: u64,
    /// Threads of this control group (`pids.max`) that are not in use yet.
    pub group_threads: u64,
    /// Bytes of address space (`RLIMIT_AS`) that are not in use yet.
    pub space: u64,
    /// Arenas of the allocator.
    pub arenas: u64,
    /// Bytes of memory that may still be allocated (`RLIMIT_DATA`, or the rest under strict overcommit).
    pub data: u64,
    /// Memory of this control group (`memory.max`).
    pub memory: u64,
}

/// How many connections and threads fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Connections; 0 if there is not room for one.
    pub connections: usize,
    /// Threads at once: those of the connections, and some more for connections that lag.
    pub threads: usize,
    /// The name of the limit that decides the number of connections.
    pub limited_by: &'static str,
    /// Bytes that may wait for all peers together.
    pub waiting: usize,
}

impl Machine {
    /// Raises this process's own limit on open files as far as allowed, and
    /// reads all limits. A limit that cannot be read counts as no limit.
    pub fn read() -> Machine {
        machine::raise_files();
        let limit = |resource| machine::limit(resource).unwrap_or(u64::MAX);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let of_user = if machine::is_almighty() { u64::MAX } else { limit(Resource::Threads) };
        let system = number("/proc/sys/kernel/threads-max").min(number("/proc/sys/kernel/pid_max"));
        let (group_threads, memory) = of_groups();
        Machine {
            descriptors: limit(Resource::Files),
            maps: number("/proc/sys/vm/max_map_count"),
            threads: system.min(of_user),
            group_threads,
            space: left(limit(Resource::Space), kib(&status, "VmSize:")),
            arenas: arenas(),
            data: left(limit(Resource::Data), kib(&status, "VmData:")).min(uncommitted()),
            memory,
        }
    }

    /// How many connections fit, beside the resources that the process `needs` for itself.
    ///
    /// ```
    /// use roomful::net::capacity::{Machine, Need};
    ///
    /// let small = Machine { descriptors: 256, ..Machine::UNLIMITED };
    /// let capacity = small.capacity(Need { descriptors: 32, ..Need::default() });
    /// assert_eq!((capacity.connections, capacity.limited_by), (220, "open files, RLIMIT_NOFILE"));
    /// ```
    pub fn capacity(&self, needs: Need) -> Capacity {
        let stack = needs.stack.saturating_add(SPACE_A_THREAD);
        // A part of each is left unused, for needs that cannot be counted: buffers, the allocator's heaps, other processes.
        let arenas = self.arenas.saturating_add(1).saturating_mul(ARENA);
        let threads = [
            (left(self.maps, 128 + self.maps / 16) / MAPS_A_THREAD, "memory maps of a process, vm.max_map_count"),
            (left(self.threads, 32 + self.threads / 32), "threads of the system or of this user"),
            (left(self.group_threads, 8), "threads of this control group, pids.max"),
            (left(self.space, arenas.saturating_add(self.space / 8)) / stack, "address space, RLIMIT_AS"),
            (left(self.data, needs.memory.max(self.data / 4)) / stack, "memory for data, RLIMIT_DATA or overcommit"),
            (
                left(self.memory, needs.memory.min(self.memory / 2).max(self.memory / 4)) / MEMORY_A_THREAD,
                "memory of this control group, memory.max",
            ),
        ];
        let (most, why) = threads.into_iter().min().unwrap_or((u64::MAX, ""));
        let spare = (most / 16).max(LEAST_SPARE);
        let by_threads = (left(most, spare), why);
        let by_files = (left(self.descriptors, needs.descriptors + self.descriptors / 64), "open files, RLIMIT_NOFILE");
        let (connections, limited_by) = by_threads.min(by_files);
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Capacity {
            connections: size(connections),
            threads: size(most.max(connections + LEAST_SPARE.min(most))),
            limited_by,
            waiting: size((self.space / 8).min(self.data / 4).min(self.memory / 4)),
        }
    }

    /// A machine that sets no limits.
    pub const UNLIMITED: Machine = Machine {
        descriptors: u64::MAX,
        maps: u64::MAX,
        threads: u64::MAX,
        group_threads: u64::MAX,
        space: u64::MAX,
        arenas: 0,
        data: u64::MAX,
        memory: u64::MAX,
    };
}

/// The rest of a limit; no limit remains no limit.
fn left(limit: u64, used: u64) -> u64 {
    if limit == u64::MAX { limit } else { limit.saturating_sub(used) }
}

/// The limit that stands in a file. For no limit, control groups write `max`; those of version 1 write almost 2^63.
fn number(path: impl AsRef<Path>) -> u64 {
    let number = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
    number.filter(|number| *number < 1 << 60).unwrap_or(u64::MAX)
}

/// Bytes from a line such as `VmSize:   1024 kB`; 0 if there is none.
fn kib(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    number.unwrap_or(0).saturating_mul(1024)
}

/// The memory that may still be allocated, if the system promises no more than it has (strict overcommit).
fn uncommitted() -> u64 {
    if number("/proc/sys/vm/overcommit_memory") != 2 {
        return u64::MAX;
    }
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    kib(&memory, "CommitLimit:").saturating_sub(kib(&memory, "Committed_AS:"))
}

/// How many arenas the allocator makes: 8 for each core, unless it is told otherwise.
fn arenas() -> u64 {
    let told = std::env::var(ARENAS_VARIABLE).ok().and_then(|value| value.parse().ok());
    told.unwrap_or_else(|| 8 * std::thread::available_parallelism().map_or(64, |cores| cores.get() as u64))
}

/// The environment variable that tells glibc how many arenas to make.
pub const ARENAS_VARIABLE: &str = "MALLOC_ARENA_MAX";

/// If address space is limited, starts this program anew with few arenas
/// for its allocator, because each takes as much as the threads of a hundred
/// sessions. Their number can only be set before a program starts.
pub fn save_address_space() {
    const FEW: &str = "2";
    if machine::limit(Resource::Space).is_some() {
        // If it fails, there can be fewer sessions.
        start_anew(ARENAS_VARIABLE, FEW);
    }
}

/// The threads and the memory that this process's control groups, and those above them, allow it.
fn of_groups() -> (u64, u64) {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let (mut threads, mut memory) = (u64::MAX, u64::MAX);
    for folder in folders(&own, &mounts) {
        let most = number(folder.join("pids.max"));
        if most != u64::MAX {
            threads = threads.min(most.saturating_sub(number(folder.join("pids.current"))));
        }
        memory = memory.min(number(folder.join("memory.max"))).min(number(folder.join("memory.limit_in_bytes")));
    }
    (threads, memory)
}

/// The folders of the control groups of a process, and of all groups above them.
/// `own` is the text of `/proc/self/cgroup`, `mounts` that of `/proc/self/mountinfo`.
fn folders(own: &str, mounts: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for line in own.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        for mount in mounts.lines() {
            let Some((before, after)) = mount.split_once(" - ") else { continue };
            let (mut before, mut after) = (before.split(' ').skip(3), after.split(' '));
            let (Some(root), Some(point)) = (before.next(), before.next()) else { continue };
            let (kind, options) = (after.next(), after.nth(1).unwrap_or_default());
            let is_it = match (kind, controllers) {
                (Some("cgroup2"), "") => true,
                (Some("cgroup"), wanted) if !wanted.is_empty() => {
                    wanted.split(',').all(|one| options.split(',').any(|option| option == one))
                }
                _ => false,
            };
            // Groups above the mounted group cannot be seen.
            let Some(inner) = path.strip_prefix(root.trim_end_matches('/')).filter(|_| is_it) else { continue };
            let point = Path::new(point);
            let folder = point.join(inner.trim_start_matches('/'));
            folders.extend(folder.ancestors().take_while(|above| above.starts_with(point)).map(Path::to_path_buf));
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEED: Need = Need { stack: 512 << 10, descriptors: 48, memory: 64 << 20 };

    fn fits(machine: Machine) -> (usize, usize, &'static str) {
        let Capacity { connections, threads, limited_by, .. } = machine.capacity(NEED);
        (connections, threads, limited_by.split(", ").nth(1).unwrap_or(limited_by))
    }

    /// docs/limits.md, `sessions`: each limit of the system bears on the number, and leaves threads for laggards.
    #[test]
    fn each_limit_of_the_system_bears_on_the_number_of_connections() {
        let none = Machine::UNLIMITED;
        assert_eq!(fits(Machine { descriptors: 256, ..none }).0, 204);
        assert_eq!(fits(Machine { descriptors: 20_000, ..none }).0, 19_640);
        assert_eq!(fits(Machine { maps: 65_530, ..none }), (14_369, 15_326, "vm.max_map_count"));
        assert_eq!(fits(Machine { threads: 1_000, ..none }), (879, 937, "threads of the system or of this user"));
        assert_eq!(fits(Machine { group_threads: 100, ..none }), (87, 92, "pids.max"));
        let space = Machine { space: 600 << 20, arenas: 2, ..none };
        assert_eq!(fits(space), (555, 592, "RLIMIT_AS"));
        assert_eq!(fits(Machine { data: 600 << 20, ..none }), (750, 800, "RLIMIT_DATA or overcommit"));
        assert_eq!(fits(Machine { memory: 256 << 20, ..none }), (2_880, 3_072, "memory.max"));
    }

    /// Once the smallest machine said that it has room for one connection, and then served none.
    #[test]
    fn the_smallest_machine_has_room_for_none_and_numbers_never_wrap() {
        for small in 0..40 {
            let machine = Machine {
                descriptors: small,
                maps: small,
                threads: small,
                group_threads: small,
                space: small,
                arenas: u64::MAX,
                data: small,
                memory: small,
            };
            let capacity = machine.capacity(Need { stack: u64::MAX, descriptors: u64::MAX / 2, memory: u64::MAX });
            assert_eq!(capacity.connections, 0, "{small}");
        }
        let Capacity { connections, threads, .. } = Machine::UNLIMITED.capacity(Need::default());
        assert!(connections > 1 << 40 && threads > connections);
    }

    /// The path as Linux writes it, also where the test runs elsewhere.
    fn slashes(path: &Path) -> String {
        path.display().to_string().replace('\\', "/")
    }

    /// docs/limits.md, `sessions`: the limits of a group hold for all groups in it.
    #[test]
    fn the_groups_of_a_process_and_those_above_them_are_found_in_both_versions() {
        let mounts = "32 31 0:29 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
                      41 31 0:38 /outer /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n\
                      42 31 0:39 / /mnt rw - ext4 /dev/sda rw\n";
        let own = "8:pids:/a/b\n7:cpu:/a\n0::/outer/c\n";
        let found: Vec<String> = folders(own, mounts).iter().map(|folder| slashes(folder)).collect();
        let pids = "/sys/fs/cgroup/pids";
        let expected = [
            format!("{pids}/a/b"),
            format!("{pids}/a"),
            pids.to_owned(),
            "/sys/fs/cgroup/unified/c".to_owned(),
            "/sys/fs/cgroup/unified".to_owned(),
        ];
        assert_eq!(found, expected);
        assert_eq!(kib("VmPeak: 3 kB\nVmSize:\t  2048 kB\n", "VmSize:"), 2 << 20);
    }
}
