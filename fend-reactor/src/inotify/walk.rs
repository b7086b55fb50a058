//! The first walk through a tree: every directory is watched, and nothing is told. It runs on the threads for files.

use std::ffi::OsString;
use std::fs::ReadDir;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::Relaxed;

use super::event::Watch;
use super::mask::Mask;
use super::nodes::Root;
use super::receive::Shared;
use super::scan::{Report, read_exactly};
use super::tree::{explained, is_gone};

/// Directories that are added at a time. Who receives has to wait meanwhile.
const AT_ONCE: usize = 32;

/// A tree that is watched from now on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tree {
    /// The watch of the whole.
    pub watch: Watch,
    /// The directories that were found, the top among them.
    pub directories: usize,
    /// Directories that cannot be watched or read, most often for want of permission, and why. What happens in them is not seen.
    pub unwatched: Vec<(PathBuf, io::Error)>,
}

/// No walk has begun.
const NOT_YET: i32 = -1;
/// Nobody waits for the walk any more.
const GIVEN_UP: i32 = -2;

/// Who waits for a walk. Dropped before the walk's end was seen, it takes back what was added.
pub(super) struct Claim {
    shared: Arc<Shared>,
    /// The root's number. Changed under the lock of the watcher's state.
    root: Arc<AtomicI32>,
}

impl Claim {
    pub(super) fn new(shared: Arc<Shared>) -> Claim {
        Claim { shared, root: Arc::new(AtomicI32::new(NOT_YET)) }
    }

    pub(super) fn walk(&self, path: PathBuf, mask: Mask) -> Walk {
        Walk { shared: self.shared.clone(), root: self.root.clone(), path, mask }
    }

    /// The tree is the user's.
    pub(super) fn keep(self) {
        self.root.store(NOT_YET, Relaxed);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut inner = self.shared.lock();
        let root = self.root.swap(GIVEN_UP, Relaxed);
        if root >= 0 {
            inner.state.forget_subtree(self.shared.inotify(), root);
        }
    }
}

pub(super) struct Walk {
    shared: Arc<Shared>,
    root: Arc<AtomicI32>,
    path: PathBuf,
    mask: Mask,
}

impl Walk {
    pub(super) fn run(self) -> io::Result<Tree> {
        let root = self.begin()?;
        let mut tree = Tree { watch: Watch(root), directories: 0, unwatched: Vec::new() };
        let mut waiting = vec![root];
        while let Some(watch) = waiting.pop() {
            tree.directories += 1;
            if let Err(error) = self.visit(watch, &mut waiting, &mut tree) {
                let mut inner = self.shared.lock();
                if self.root.swap(NOT_YET, Relaxed) == root {
                    inner.state.forget_subtree(self.shared.inotify(), root);
                }
                return Err(error);
            }
        }
        Ok(tree)
    }

    fn begin(&self) -> io::Result<i32> {
        let mut inner = self.shared.lock();
        if self.root.load(Relaxed) == GIVEN_UP {
            return Err(given_up(&self.path));
        }
        let root =
            Root { path: Arc::from(self.path.as_path()), mask: self.mask, is_tree: true, is_ending: false };
        let watch = self
            .shared
            .inotify()
            .add(&self.path, root.root_mask())
            .map_err(|error| explained(&self.path, error))?;
        if inner.state.nodes.contains(watch) {
            return Err(already_watched(&self.path));
        }
        inner.state.nodes.add_root(watch, root);
        self.root.store(watch, Relaxed);
        Ok(watch)
    }

    /// Watches the directories in one that is watched.
    fn visit(&self, watch: i32, waiting: &mut Vec<i32>, tree: &mut Tree) -> io::Result<()> {
        let path = self.shared.lock().state.nodes.path(watch);
        // Gone meanwhile.
        let Some(path) = path else { return Ok(()) };
        match read_exactly(self.shared.inotify(), watch, &path) {
            Ok(Ok(entries)) => match directories_in(entries) {
                Ok(names) => {
                    return names.chunks(AT_ONCE).try_for_each(|names| self.add(watch, names, waiting, tree));
                }
                Err(error) => tree.unwatched.push((path.to_path_buf(), explained(&path, error))),
            },
            Ok(Err(other)) => self.read_later(watch, Some(other)),
            Err(error) if is_gone(&error) => self.read_later(watch, None),
            Err(error) => tree.unwatched.push((path.to_path_buf(), explained(&path, error))),
        }
        Ok(())
    }

    /// The directory is not where it was: it is read when it is told where it is. `other` is in its place.
    fn read_later(&self, watch: i32, other: Option<i32>) {
        let mut inner = self.shared.lock();
        let state = &mut inner.state;
        if let Some(other) = other {
            state.drop_stray(self.shared.inotify(), other);
        }
        if state.nodes.place(watch).is_none() {
            return;
        }
        state.adrift.insert(watch, Some(Report::Everything));
        state.unsettle();
        drop(inner);
        // What tells where it is may have been received before, and then the kernel says no more.
        self.shared.retry();
    }

    fn add(
        &self,
        parent: i32,
        names: &[OsString],
        waiting: &mut Vec<i32>,
        tree: &mut Tree,
    ) -> io::Result<()> {
        let mut inner = self.shared.lock();
        if self.root.load(Relaxed) == GIVEN_UP {
            return Err(given_up(&self.path));
        }
        for name in names {
            match inner.state.place(self.shared.inotify(), parent, name) {
                Ok(new) => waiting.extend(new),
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Err(error),
                Err(error) => {
                    let path = inner.state.nodes.path(parent).map(|parent| parent.join(name));
                    tree.unwatched.push((path.unwrap_or_default(), error));
                }
            }
        }
        Ok(())
    }
}

/// The names of the directories in a directory. Symbolic links are not followed.
fn directories_in(entries: ReadDir) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.push(entry.file_name());
        }
    }
    Ok(names)
}

pub(super) fn already_watched(path: &Path) -> io::Error {
    let message = format!(
        "watch {}: is watched already, by itself or with a tree; another Watcher can watch it too",
        path.display()
    );
    io::Error::new(io::ErrorKind::AlreadyExists, message)
}

fn given_up(path: &Path) -> io::Error {
    io::Error::other(format!("watch {}: given up", path.display()))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::env;
    use std::fs;
    use std::process;
    use std::sync::atomic::AtomicUsize;
    use std::task::{Context, Poll, Wake, Waker};

    use super::super::{EventKind, Watcher};
    use super::*;
    use crate::runtime::{Builder, Dispatcher};

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// The walk has asked for the directory's path before the rename was received, and opens it after that.
    #[test]
    fn a_directory_that_was_renamed_under_the_walk_wakes_who_waits() {
        for dispatcher in Dispatcher::ALL {
            let top = env::temp_dir().join(format!("fend-walk-{}-{}", process::id(), dispatcher.name()));
            fs::create_dir_all(top.join("old/deep")).unwrap();
            let runtime = Builder::new().dispatcher(*dispatcher).worker_threads(1).build().unwrap();
            runtime.block_on(async {
                let mut watcher = Watcher::new().unwrap();
                let claim = Claim::new(watcher.shared().clone());
                let walk = claim.walk(top.clone(), Mask::CREATE | Mask::MOVE);
                let root = walk.begin().unwrap();
                let mut tree = Tree { watch: Watch(root), directories: 0, unwatched: Vec::new() };
                let mut waiting = Vec::new();
                walk.visit(root, &mut waiting, &mut tree).unwrap();

                fs::rename(top.join("old"), top.join("new")).unwrap();
                let renamed = watcher.recv().await.unwrap();
                assert_eq!((renamed.kind(), renamed.path()), (EventKind::Renamed, top.join("new")));
                let wakes = Arc::new(Wakes::default());
                let waker = Waker::from(wakes.clone());
                let mut cx = Context::from_waker(&waker);
                while watcher.poll_recv(&mut cx).is_pending() && wakes.0.swap(0, Relaxed) > 0 {}

                walk.read_later(waiting[0], None);
                assert_eq!(wakes.0.load(Relaxed), 1);
                let Poll::Ready(told) = watcher.poll_recv(&mut cx) else { panic!("it sleeps on") };
                assert_eq!(told.unwrap().path(), top.join("new/deep"));
            });
            fs::remove_dir_all(&top).unwrap();
        }
    }
}
