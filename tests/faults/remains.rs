//! What a run may leave behind: descriptors, threads, children.

use std::fs;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use crate::interpose;
use crate::process::open_fds;

/// Far more than threads take to end and the reaper takes to look.
const PATIENCE: Duration = Duration::from_secs(4);

/// Threads that wait for more to do, for a while: those that call the C library's resolver, and the one that waits for dropped children.
const STAYS: [&str; 2] = ["fend-dns", "fend-reaper"];

const LOOKS: u32 = 20;

/// What there was before.
#[derive(Debug)]
pub(crate) struct Before {
    fds: Vec<i32>,
    threads: usize,
    children: usize,
}

impl Before {
    /// The least of some looks: what the run before had may still be on its way out.
    pub(crate) fn now() -> Before {
        let looks = (0..LOOKS).map(|_| {
            thread::sleep(Duration::from_millis(1));
            (open_fds(), threads().len())
        });
        let (fds, threads) = looks.min_by_key(|(fds, threads)| (*threads, fds.len())).expect("some looks");
        Before { fds, threads, children: children().len() }
    }

    /// Waits until there is no more than there was. What there still is in the end.
    pub(crate) fn what_is_left(&self) -> Option<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = self.more()?;
            if Instant::now() >= end {
                return Some(left);
            }
            thread::sleep(Duration::from_micros(200));
        }
    }

    fn more(&self) -> Option<String> {
        let threads = threads();
        if threads.len() > self.threads {
            return Some(format!("threads: {} instead of {}: {threads:?}", threads.len(), self.threads));
        }
        let children = children();
        if children.len() > self.children {
            return Some(format!("children: {} instead of {}: {children:?}", children.len(), self.children));
        }
        let fds = open_fds();
        if fds.len() > self.fds.len() {
            let new = fds.iter().filter(|fd| !self.fds.contains(fd));
            let named = new.map(|fd| (fd, fs::read_link(format!("/proc/self/fd/{fd}")).unwrap_or_default()));
            return Some(format!("descriptors: {:?}", named.collect::<Vec<_>>()));
        }
        None
    }
}

/// The names of those that are to end.
fn threads() -> Vec<String> {
    let threads = fs::read_dir("/proc/self/task").expect("proc is mounted");
    let names = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
    let names = names.map(|name| name.trim_end().to_owned());
    names.filter(|name| !STAYS.contains(&name.as_str())).collect()
}

/// Their states, names and numbers. Looks at all processes only if it must.
fn children() -> Vec<String> {
    if !interpose::has_children() {
        return Vec::new();
    }
    let processes = fs::read_dir("/proc").expect("proc is mounted").flatten();
    let stats = processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    let parent = process::id().to_string();
    // See proc_pid_stat(5): the name may hold anything but ends with the last parenthesis; its parent is the second number after it.
    let is_ours = |stat: &String| {
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields);
        fields.is_some_and(|fields| fields.split(' ').nth(1) == Some(&parent))
    };
    stats.filter(is_ours).map(|stat| stat.chars().take(40).collect()).collect()
}
