//! Waits until a thread sleeps and goes on sleeping, by what the kernel says of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Many times as long as the monitor naps between two looks. Quiet time is what is asked for, so no event can stand for it.
const REST: Duration = Duration::from_millis(60);

/// Time between two looks at the thread.
const LOOK: Duration = Duration::from_millis(2);

/// A thread of this process.
#[derive(Debug)]
pub(crate) struct Observed {
    directory: PathBuf,
}

impl Observed {
    /// The calling thread.
    pub(crate) fn me() -> Observed {
        let link = fs::read_link("/proc/thread-self").expect("proc is mounted");
        Observed { directory: Path::new("/proc").join(link) }
    }

    /// The thread with this name, which has no more than 15 bytes and is no other thread's. Waits until there is one.
    pub(crate) fn named(name: &str) -> Observed {
        loop {
            let threads = fs::read_dir("/proc/self/task").expect("proc is mounted");
            let mut directories = threads.map(|entry| entry.expect("an entry").path());
            let found = directories.find(|directory| {
                fs::read_to_string(directory.join("comm")).is_ok_and(|comm| comm.trim_end() == name)
            });
            match found {
                Some(directory) => return Observed { directory },
                None => thread::sleep(LOOK),
            }
        }
    }

    /// Waits until the thread has slept for [`REST`] without a wake-up, or is gone. One that waits for a processor does not
    /// sleep, so that a busy machine only makes this longer.
    pub(crate) fn wait_for_rest(&self) {
        let (mut since, mut slept) = (Instant::now(), None);
        while let Ok(status) = self.status() {
            let sleeps = sleeps(&status);
            if sleeps.is_none() || sleeps != slept {
                (since, slept) = (Instant::now(), sleeps);
            } else if since.elapsed() >= REST {
                return;
            }
            thread::sleep(LOOK);
        }
    }

    fn status(&self) -> io::Result<String> {
        fs::read_to_string(self.directory.join("status"))
    }
}

/// Which of its sleeps the thread is in; `None` when it is awake.
fn sleeps(status: &str) -> Option<u64> {
    let field = |name| status.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel says it");
    let count = field("voluntary_ctxt_switches:").trim().parse().expect("a count");
    field("State:").trim_start().starts_with('S').then_some(count)
}
