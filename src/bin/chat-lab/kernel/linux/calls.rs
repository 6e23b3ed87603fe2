//! System calls in which a thread can wait: their numbers, their names, and what their first argument is. Knows no process.

use nix::libc;

/// What the arguments of a call say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The first is a descriptor.
    Descriptor,
    /// The first is the address of a futex, on which locks, conditions and joins are built.
    Futex,
    /// Nothing that is of use here.
    Nothing,
}

/// What a thread does in a call, seen from another thread that would like to know which one holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It waits for what others do: bytes, connections, events, the end of a process.
    Hears,
    /// It has something to bring out or in, and waits until that is done.
    Works,
    /// It waits for a time.
    Sleeps,
}

/// Reading from a socket and writing to a full one end in the same function of the kernel.
pub const EITHER: &str = "recv or send";
pub const RECV: &str = "recv";

/// A system call.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    number: libc::c_long,
    pub name: &'static str,
    pub about: About,
    pub kind: Kind,
}

const fn call(number: libc::c_long, name: &'static str, about: About, kind: Kind) -> Known {
    Known { number, name, about, kind }
}

use About::{Descriptor, Futex, Nothing};
use Kind::{Hears, Sleeps, Works};

/// The numbers differ from one kind of processor to another; some have no `poll`, only `ppoll`.
static KNOWN: &[Known] = &[
    call(libc::SYS_read, "read", Descriptor, Hears),
    call(libc::SYS_readv, "readv", Descriptor, Hears),
    call(libc::SYS_pread64, "pread64", Descriptor, Works),
    call(libc::SYS_recvfrom, "recvfrom", Descriptor, Hears),
    call(libc::SYS_recvmsg, "recvmsg", Descriptor, Hears),
    call(libc::SYS_recvmmsg, "recvmmsg", Descriptor, Hears),
    call(libc::SYS_accept, "accept", Descriptor, Hears),
    call(libc::SYS_accept4, "accept4", Descriptor, Hears),
    call(libc::SYS_write, "write", Descriptor, Works),
    call(libc::SYS_writev, "writev", Descriptor, Works),
    call(libc::SYS_pwrite64, "pwrite64", Descriptor, Works),
    call(libc::SYS_sendto, "sendto", Descriptor, Works),
    call(libc::SYS_sendmsg, "sendmsg", Descriptor, Works),
    call(libc::SYS_sendmmsg, "sendmmsg", Descriptor, Works),
    call(libc::SYS_sendfile, "sendfile", Descriptor, Works),
    call(libc::SYS_connect, "connect", Descriptor, Works),
    call(libc::SYS_fsync, "fsync", Descriptor, Works),
    call(libc::SYS_fdatasync, "fdatasync", Descriptor, Works),
    call(libc::SYS_flock, "flock", Descriptor, Hears),
    call(libc::SYS_fcntl, "fcntl", Descriptor, Hears),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_poll, "poll", Nothing, Hears),
    call(libc::SYS_ppoll, "ppoll", Nothing, Hears),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_select, "select", Nothing, Hears),
    call(libc::SYS_pselect6, "pselect6", Nothing, Hears),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_epoll_wait, "epoll_wait", Nothing, Hears),
    call(libc::SYS_epoll_pwait, "epoll_pwait", Nothing, Hears),
    call(libc::SYS_epoll_pwait2, "epoll_pwait2", Nothing, Hears),
    call(libc::SYS_io_uring_enter, "io_uring_enter", Nothing, Hears),
    call(libc::SYS_futex, "futex", Futex, Hears),
    call(libc::SYS_nanosleep, "nanosleep", Nothing, Sleeps),
    call(libc::SYS_clock_nanosleep, "clock_nanosleep", Nothing, Sleeps),
    call(libc::SYS_restart_syscall, "restart_syscall", Nothing, Sleeps),
    call(libc::SYS_wait4, "wait4", Nothing, Hears),
    call(libc::SYS_waitid, "waitid", Nothing, Hears),
    #[cfg(target_arch = "x86_64")]
    call(libc::SYS_pause, "pause", Nothing, Hears),
    call(libc::SYS_rt_sigsuspend, "rt_sigsuspend", Nothing, Hears),
    call(libc::SYS_rt_sigtimedwait, "rt_sigtimedwait", Nothing, Hears),
];

/// The call with this number, if it is one in which threads are met.
pub fn by_number(number: libc::c_long) -> Option<&'static Known> {
    KNOWN.iter().find(|call| call.number == number)
}

/// Which calls end in this function of the kernel (`wchan`).
pub fn by_function(function: &str) -> Option<&'static str> {
    // The compiler may add an ending of its own: `poll_schedule_timeout.constprop.0`.
    let bare = function.split('.').next().unwrap_or(function);
    let calls = match bare {
        "inet_csk_accept" => "accept",
        "wait_woken" | "sk_wait_data" | "sk_stream_wait_memory" => EITHER,
        "futex_do_wait" | "futex_wait_queue" | "futex_wait_queue_me" => "futex",
        "hrtimer_nanosleep" | "common_nsleep" => "sleep",
        "do_wait" | "kernel_wait4" => "wait",
        "poll_schedule_timeout" | "do_sys_poll" | "do_select" => "poll or select",
        "do_epoll_wait" | "ep_poll" => "epoll_wait",
        "pipe_read" | "anon_pipe_read" => "read",
        "pipe_write" | "anon_pipe_write" => "write",
        "inet_wait_for_connect" | "inet_stream_connect" => "connect",
        "do_sigtimedwait" | "sigsuspend" => "sigwait",
        _ => return None,
    };
    Some(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_call_is_found_by_its_number() {
        let name = |number| by_number(number).map(|call| call.name);
        assert_eq!(
            [288, 45, 44, 202, 230].map(name),
            ["accept4", "recvfrom", "sendto", "futex", "clock_nanosleep"].map(Some)
        );
        assert_eq!(name(-1), None);
        assert_eq!(by_number(0).map(|call| (call.about, call.kind)), Some((Descriptor, Hears)));
    }

    #[test]
    fn a_function_of_the_kernel_is_found_whatever_the_compiler_has_added() {
        assert_eq!(by_function("poll_schedule_timeout.constprop.0"), Some("poll or select"));
        assert_eq!(by_function("wait_woken"), Some("recv or send"));
        assert_eq!(by_function("0"), None);
    }
}
