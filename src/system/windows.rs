//! What Windows tells of this machine and this process, as far as it can be asked by a safe call: its name.

use std::path::Path;
use std::time::Duration;

use super::Resource;

pub(super) fn limit(_resource: Resource) -> Option<u64> {
    None
}

pub(super) fn raise_files() {}

pub(super) fn is_almighty() -> bool {
    false
}

pub(super) fn processor_time() -> Option<Duration> {
    None
}

pub(super) fn free_bytes(_path: &Path) -> Option<u64> {
    None
}

pub(super) fn machine_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}
