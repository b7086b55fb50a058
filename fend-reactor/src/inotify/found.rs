//! What scans have found and told, so that the kernel's events of the same do not tell it again.
//!
//! A directory is watched first and read then. An entry that is made in between is seen twice: by the scan, and by an event that was queued
//! before the scan ended. How far the kernel's queue had come by then is known from the number of its bytes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::{OsStr, OsString};

#[derive(Debug, Default)]
pub(super) struct Found {
    /// The names, by directory.
    names: HashMap<i32, HashSet<OsString>>,
    /// Directories whose scan has ended, and the position in the kernel's queue of bytes up to which its names matter.
    ends: VecDeque<(u64, i32)>,
}

impl Found {
    /// A scan of `watch` has told of `name`.
    pub(super) fn insert(&mut self, watch: i32, name: &OsStr) {
        self.names.entry(watch).or_default().insert(name.to_owned());
    }

    /// Whether the scan of `watch` has found anything.
    pub(super) fn has(&self, watch: i32) -> bool {
        self.names.contains_key(&watch)
    }

    /// The scan of `watch` has ended when the kernel's queue ended at `position`.
    pub(super) fn end(&mut self, watch: i32, position: u64) {
        self.ends.push_back((position, watch));
    }

    /// All events before `position` were seen.
    pub(super) fn forget_before(&mut self, position: u64) {
        while let Some((_, watch)) = self.ends.front().filter(|(end, _)| *end <= position) {
            self.names.remove(watch);
            self.ends.pop_front();
        }
    }

    /// Whether a scan has told of the entry already, and this is the event of the same.
    pub(super) fn take(&mut self, watch: i32, name: &OsStr) -> bool {
        !self.names.is_empty() && self.names.get_mut(&watch).is_some_and(|names| names.remove(name))
    }

    pub(super) fn remove(&mut self, watch: i32) {
        self.names.remove(&watch);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_known_once_and_for_a_while() {
        let mut found = Found::default();
        let (a, b) = (OsStr::new("a"), OsStr::new("b"));
        found.insert(1, a);
        found.insert(1, b);
        assert!(found.has(1) && !found.has(2) && !found.take(2, a));
        assert!(found.take(1, a) && !found.take(1, a));
        found.end(1, 100);
        found.forget_before(99);
        assert!(found.has(1));
        found.forget_before(100);
        assert!(!found.has(1) && !found.take(1, b));
    }
}
