//! How many file descriptors and threads the process has at most, while something goes on.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(1);

/// A thread that counts until it is asked.
pub(crate) struct Census {
    counting: Arc<AtomicBool>,
    thread: JoinHandle<Most>,
}

/// Without the counting thread and the directory that it has open.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Most {
    pub(crate) fds: usize,
    pub(crate) threads: usize,
}

impl Census {
    pub(crate) fn start() -> Census {
        let counting = Arc::new(AtomicBool::new(true));
        let asked = counting.clone();
        let thread = thread::spawn(move || {
            let mut most = Most::default();
            while asked.load(Ordering::Relaxed) {
                most.fds = most.fds.max(entries("/proc/self/fd") - 1);
                most.threads = most.threads.max(entries("/proc/self/task") - 1);
                thread::sleep(LOOK);
            }
            most
        });
        Census { counting, thread }
    }

    pub(crate) fn most(self) -> Most {
        self.counting.store(false, Ordering::Relaxed);
        self.thread.join().expect("no panic")
    }
}

fn entries(directory: &str) -> usize {
    fs::read_dir(directory).expect("proc is mounted").count()
}

/// How many datagrams the kernel has thrown away in this network, because the buffer of the socket that they were for was full.
pub(crate) fn lost_datagrams() -> u64 {
    let text = fs::read_to_string("/proc/net/snmp").expect("proc is mounted");
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Udp: "));
    let (names, counts) = (lines.next().expect("names"), lines.next().expect("counts"));
    let mut pairs = names.split(' ').zip(counts.split(' '));
    let (_, count) = pairs.find(|(name, _)| *name == "RcvbufErrors").expect("the kernel counts them");
    count.parse().expect("a count")
}
