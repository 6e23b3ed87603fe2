//! Ctrl-C: the program that is graded must not outlive the checker, and what is done must be written. Knows no rule.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// How often a signal came.
static TIMES: AtomicU32 = AtomicU32::new(0);
/// Whether the first signal only asks.
static PATIENT: AtomicBool = AtomicBool::new(false);
/// The program that runs now, or 0.
static RUNNING: AtomicI32 = AtomicI32::new(0);

/// From now on a signal ends the rule that runs, because its program is killed; a third one ends the checker at once.
/// If `patient`, the first signal only asks to stop after the program that is graded now.
///
/// # Errors
/// When signals cannot be taken.
pub fn settle(patient: bool) -> Result<()> {
    PATIENT.store(patient, Ordering::Relaxed);
    let handler = || {
        let before = TIMES.fetch_add(1, Ordering::Relaxed);
        if is_over() {
            if let Some(pid) = Pid::from_raw(RUNNING.load(Ordering::Relaxed)) {
                let _ = kill_process_group(pid, Signal::KILL);
            }
        }
        if before >= 2 {
            std::process::exit(i32::from(super::INTERRUPTED));
        }
    };
    ctrlc::set_handler(handler).context("cannot take signals")
}

/// Whether a signal came.
pub fn is_asked() -> bool {
    TIMES.load(Ordering::Relaxed) > 0
}

/// Whether what runs now must end.
pub fn is_over() -> bool {
    TIMES.load(Ordering::Relaxed) > u32::from(PATIENT.load(Ordering::Relaxed))
}

/// This program runs now; 0: none does.
pub fn runs(pid: i32) {
    RUNNING.store(pid, Ordering::Relaxed);
}
