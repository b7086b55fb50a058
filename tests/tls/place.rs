//! A directory for the files of one test, gone when the test is over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Place {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("fend-tls-{}-{number}", process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Place(path),
                // A process with this number was killed, and has left it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A path that can stand in a command line.
    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("plain letters").to_owned()
    }

    /// Makes a file, or replaces it in one step, and gives its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let (path, half) = (self.file(name), self.file(&format!("{name}.half")));
        fs::write(&half, content).unwrap_or_else(|error| panic!("{half}: {error}"));
        fs::rename(&half, &path).unwrap_or_else(|error| panic!("{path}: {error}"));
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
