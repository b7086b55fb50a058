//! The children of this process, as proc(5) shows them, and its threads.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Within which a dropped child that has ended is to be gone.
pub(crate) const PROMISE: Duration = Duration::from_secs(2);

/// A child of this process: its id and its state, which is Z for a zombie.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Relative {
    pub(crate) id: u32,
    pub(crate) state: char,
}

/// All children, zombies among them.
pub(crate) fn children() -> Vec<Relative> {
    let own = std::process::id();
    let processes = fs::read_dir("/proc").expect("proc is mounted").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(|id| {
        let (state, parent) = state(id)?;
        (parent == own).then_some(Relative { id, state })
    })
    .collect()
}

/// The state of a process and the id of its parent; `None` when it is gone.
pub(crate) fn state(id: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name before it may hold anything but ends with the last parenthesis; see proc_pid_stat(5).
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Waits until no child is left, for as long as is promised.
pub(crate) fn assert_reaped() {
    within(PROMISE, || children().is_empty(), || format!("{:?} are left", children()));
}

/// Waits until `holds`, no longer than `limit`.
pub(crate) fn within(limit: Duration, mut holds: impl FnMut() -> bool, complaint: impl FnOnce() -> String) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < limit, "after {:?}: {}", start.elapsed(), complaint());
        thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a thread of this process has the name.
pub(crate) fn has_thread(name: &str) -> bool {
    let threads = fs::read_dir("/proc/self/task").expect("proc is mounted").flatten();
    threads
        .filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok())
        .any(|comm| comm.trim_end() == name)
}
