//! Where things are: the workspace's `target/`, and a directory for a test's files.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, fs, io, process, thread};

/// The directory of this build, `target/debug` say: this test is in its `deps/`.
pub(crate) fn profile() -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    test.parent().and_then(Path::parent).expect("target/debug/deps").to_owned()
}

/// The workspace's `target/`.
pub(crate) fn target() -> PathBuf {
    profile().parent().expect("target/debug").to_owned()
}

/// A directory that is gone when the test is.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Scratch {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = env::temp_dir().join(format!("fend-browser-{}-{number}", process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Scratch(path),
                // A process with this number was killed, and has left it: with the lock of a browser in it, say.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A browser that was just killed may still make a file in it.
        for _ in 0..100 {
            if fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
