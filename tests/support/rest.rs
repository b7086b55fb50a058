//! Waits until a thread sleeps and goes on sleeping, by what the kernel says of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Time between two looks at the thread.
const LOOK: Duration = Duration::from_millis(2);

/// So many looks in a row that find the same sleep take many times as long as the monitor naps between two of its own. Quiet time is what is
/// asked for, so no event can stand for it. Looks are counted, as a machine that stands still lets time pass in which no thread could wake.
const QUIET_LOOKS: u32 = 30;

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

    /// Waits until the thread has slept for [`QUIET_LOOKS`] without a wake-up, or is gone. One that waits for a processor does not
    /// sleep, so that a busy machine only makes this longer.
    pub(crate) fn wait_for_rest(&self) {
        let (mut quiet, mut slept) = (0, None);
        while quiet < QUIET_LOOKS {
            let Ok(status) = self.status() else { return };
            let sleeps = sleeps(&status);
            if sleeps.is_some() && sleeps == slept {
                quiet += 1;
            } else {
                (quiet, slept) = (0, sleeps);
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
