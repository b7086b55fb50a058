//! A server under the eyes of a guard, which ends it when this program ends, however that comes about.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Runs the command "$@". Sends it the signal $1 when standard input ends, and removes the directory $2 when it has ended.
///
/// A signal of this program's death would come at the end of the thread that has started the server, which is a test's (PR_SET_PDEATHSIG).
const SCRIPT: &str = r#"
    signal=$1 directory=$2
    shift 2
    exec 3<&0 </dev/null
    "$@" 3<&- & server=$!
    (read -r _ <&3; kill -s "$signal" "$server") & watch=$!
    exec 3<&-
    wait "$server"
    kill "$watch"
    rm -rf "$directory"
"#;

/// Far more than a server takes to start.
const STARTED: Duration = Duration::from_secs(40);

/// Who a server runs as, when it is not this user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    pub(crate) fn runs(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

/// A running server. Dropping it ends the server and waits for that.
#[derive(Debug)]
pub(crate) struct Guarded {
    child: Child,
    /// Can still be read when the directory is gone.
    output: File,
}

impl Guarded {
    /// Starts the server as `user`. Its end is `signal`; `directory` is its own, and is removed then.
    pub(crate) fn start(command: &Command, signal: &str, directory: &Path, user: Option<User>) -> Guarded {
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(directory.join("output"));
        let output = file.expect("a file");
        let same = || output.try_clone().expect("the same file");
        let mut guard = Command::new("sh");
        guard.args(["-c", SCRIPT, "guard", signal]).arg(directory);
        guard.arg(command.get_program()).args(command.get_args()).current_dir(directory);
        guard.stdin(Stdio::piped()).stdout(same()).stderr(same());
        // A ^C in a terminal is for this program; the guard is there to see it end.
        guard.process_group(0);
        if let Some(user) = user {
            user.runs(&mut guard);
        }
        let child = guard.spawn().unwrap_or_else(|error| panic!("{guard:?}: {error}"));
        Guarded { child, output }
    }

    /// Waits until the server has said `text`. `false` when it has ended instead.
    pub(crate) fn says(&mut self, text: &str) -> bool {
        let start = Instant::now();
        loop {
            // Asked first: what it has said before its end is then there.
            let has_ended = self.child.try_wait().expect("its status").is_some();
            if self.output().contains(text) {
                return !has_ended;
            }
            if has_ended {
                return false;
            }
            assert!(start.elapsed() < STARTED, "a server does not start:\n{}", self.output());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// All that it has printed so far.
    pub(crate) fn output(&self) -> String {
        let length = self.output.metadata().expect("its length").len();
        let mut bytes = vec![0; usize::try_from(length).expect("not that long")];
        self.output.read_exact_at(&mut bytes, 0).expect("what it has printed");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
