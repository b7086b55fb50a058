//! What is watched, by the kernel's numbers, and where it is.
//!
//! A directory of a tree knows its name and the directory that it is in, not its path: one that is renamed takes all below it along, and that
//! costs nothing. Paths are put together when an event needs one.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mask::Mask;

/// What the user has asked to be watched.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) path: Arc<Path>,
    pub(super) mask: Mask,
    /// With all directories below it.
    pub(super) is_tree: bool,
    /// It is to end: nothing more is added to it.
    pub(super) is_ending: bool,
}

#[derive(Debug)]
enum Place {
    Root(Root),
    /// In another directory of the tree. When `attached` is false its place is only where it was seen last. It was there when the kernel's
    /// queue had come to `since`, counted in bytes.
    Child {
        parent: i32,
        name: Arc<OsStr>,
        attached: bool,
        since: u64,
    },
}

#[derive(Debug)]
struct Node {
    place: Place,
    /// The directories in it, by name.
    children: BTreeMap<Arc<OsStr>, i32>,
}

#[derive(Debug, Default)]
pub(super) struct Nodes {
    nodes: HashMap<i32, Node>,
    /// The path that was put together last: events come in runs.
    recent: Option<(i32, Arc<Path>)>,
}

impl Nodes {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn contains(&self, watch: i32) -> bool {
        self.nodes.contains_key(&watch)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = i32> + '_ {
        self.nodes.keys().copied()
    }

    pub(super) fn add_root(&mut self, watch: i32, root: Root) {
        self.recent = None;
        self.nodes.insert(watch, Node { place: Place::Root(root), children: BTreeMap::new() });
    }

    /// What `watch` is, when the user asked for it itself.
    pub(super) fn root(&self, watch: i32) -> Option<&Root> {
        match &self.nodes.get(&watch)?.place {
            Place::Root(root) => Some(root),
            Place::Child { .. } => None,
        }
    }

    pub(super) fn root_mut(&mut self, watch: i32) -> Option<&mut Root> {
        self.recent = None;
        match &mut self.nodes.get_mut(&watch)?.place {
            Place::Root(root) => Some(root),
            Place::Child { .. } => None,
        }
    }

    /// What the user asked for that `watch` belongs to, and its number.
    pub(super) fn root_of(&self, watch: i32) -> Option<(i32, &Root)> {
        self.upwards(watch).last().and_then(|top| Some((top, self.root(top)?)))
    }

    /// `watch` and the directories that it is in, up to the root.
    pub(super) fn upwards(&self, watch: i32) -> impl Iterator<Item = i32> + '_ {
        let known = self.contains(watch).then_some(watch);
        std::iter::successors(known, |watch| match &self.nodes.get(watch)?.place {
            Place::Root(_) => None,
            Place::Child { parent, .. } => Some(*parent),
        })
    }

    /// The path of `watch`, as far as is known.
    pub(super) fn path(&mut self, watch: i32) -> Option<Arc<Path>> {
        if let Some((_, path)) = self.recent.as_ref().filter(|(recent, _)| *recent == watch) {
            return Some(path.clone());
        }
        let mut names = Vec::new();
        let mut path = None;
        for watch in self.upwards(watch) {
            match &self.nodes.get(&watch)?.place {
                Place::Root(root) => path = Some(root.path.clone()),
                Place::Child { name, .. } => names.push(name),
            }
        }
        let mut path = path?;
        if !names.is_empty() {
            let mut whole = PathBuf::from(&*path);
            whole.extend(names.into_iter().rev().map(|name| &**name));
            path = whole.into();
        }
        self.recent = Some((watch, path.clone()));
        Some(path)
    }

    /// The directory with this name in `parent`.
    pub(super) fn child(&self, parent: i32, name: &OsStr) -> Option<i32> {
        self.nodes.get(&parent)?.children.get(name).copied()
    }

    /// Whether the directory with this name in `parent` is known to be there from a later position on.
    pub(super) fn is_ahead(&self, parent: i32, name: &OsStr, position: u64) -> bool {
        let child = self.child(parent, name).and_then(|child| self.nodes.get(&child));
        child.is_some_and(|child| matches!(child.place, Place::Child { since, .. } if since > position))
    }

    /// Where `watch` is, or was seen last.
    pub(super) fn place(&self, watch: i32) -> Option<(i32, Arc<OsStr>)> {
        match &self.nodes.get(&watch)?.place {
            Place::Root(_) => None,
            Place::Child { parent, name, .. } => Some((*parent, name.clone())),
        }
    }

    pub(super) fn is_attached(&self, watch: i32) -> bool {
        !matches!(
            self.nodes.get(&watch),
            None | Some(Node { place: Place::Child { attached: false, .. }, .. })
        )
    }

    /// Puts a directory, new or detached, into its place. Returns the one that was known there.
    pub(super) fn attach(&mut self, watch: i32, parent: i32, name: &OsStr, since: u64) -> Option<i32> {
        self.recent = None;
        let name: Arc<OsStr> = name.into();
        let displaced = self.nodes.get_mut(&parent)?.children.insert(name.clone(), watch);
        let place = Place::Child { parent, name, attached: true, since };
        match self.nodes.get_mut(&watch) {
            Some(node) => node.place = place,
            None => drop(self.nodes.insert(watch, Node { place, children: BTreeMap::new() })),
        }
        let displaced = displaced.filter(|displaced| *displaced != watch);
        if let Some(Node { place: Place::Child { attached, .. }, .. }) =
            displaced.and_then(|displaced| self.nodes.get_mut(&displaced))
        {
            *attached = false;
        }
        displaced
    }

    /// Takes a directory out of its place, but still knows it. False when it was in none.
    pub(super) fn detach(&mut self, watch: i32) -> bool {
        let Some(Node { place: Place::Child { parent, name, attached, .. }, .. }) =
            self.nodes.get_mut(&watch)
        else {
            return false;
        };
        let was_attached = std::mem::replace(attached, false);
        let (parent, name) = (*parent, name.clone());
        if was_attached {
            if let Some(parent) = self.nodes.get_mut(&parent) {
                parent.children.remove(&name);
            }
        }
        was_attached
    }

    /// Where a directory that is in no place was seen last. Never in itself.
    pub(super) fn suppose(&mut self, watch: i32, parent: i32, name: &OsStr) {
        if self.upwards(parent).any(|above| above == watch) {
            return;
        }
        self.recent = None;
        if let Some(node) = self.nodes.get_mut(&watch) {
            node.place = Place::Child { parent, name: name.into(), attached: false, since: 0 };
        }
    }

    pub(super) fn has_tree(&self) -> bool {
        self.all().any(|watch| self.root(watch).is_some_and(|root| root.is_tree))
    }

    /// The roots that are to end.
    pub(super) fn ending(&self) -> Vec<i32> {
        self.all().filter(|watch| self.root(*watch).is_some_and(|root| root.is_ending)).collect()
    }

    /// `watch` and all below it, each after those that are in it.
    pub(super) fn subtree(&self, watch: i32) -> Vec<i32> {
        let mut found = vec![watch];
        let mut next = 0;
        while let Some(watch) = found.get(next) {
            if let Some(node) = self.nodes.get(watch) {
                found.extend(node.children.values());
            }
            next += 1;
        }
        found.reverse();
        found
    }

    /// Forgets `watch`. Those below it must be gone.
    pub(super) fn remove(&mut self, watch: i32) {
        self.detach(watch);
        self.recent = None;
        self.nodes.remove(&watch);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn tree() -> Nodes {
        let mut nodes = Nodes::default();
        let path = Path::new("/top").into();
        nodes.add_root(1, Root { path, mask: Mask::CREATE, is_tree: true, is_ending: false });
        for (watch, parent, name) in [(2, 1, "a"), (3, 2, "b"), (4, 3, "c"), (5, 1, "d")] {
            assert_eq!(nodes.attach(watch, parent, OsStr::new(name), 0), None);
        }
        nodes
    }

    fn path(nodes: &mut Nodes, watch: i32) -> String {
        nodes.path(watch).unwrap().display().to_string()
    }

    #[test]
    fn a_renamed_directory_takes_all_below_it_along() {
        let mut nodes = tree();
        assert_eq!(path(&mut nodes, 4), "/top/a/b/c");
        assert!(nodes.detach(3));
        assert_eq!(path(&mut nodes, 4), "/top/a/b/c", "where it was seen last");
        assert!(!nodes.is_attached(3) && nodes.child(2, OsStr::new("b")).is_none());
        nodes.attach(3, 5, OsStr::new("e"), 0);
        assert_eq!(path(&mut nodes, 4), "/top/d/e/c");
        assert_eq!(nodes.root_of(4).unwrap().0, 1);
    }

    #[test]
    fn who_takes_a_place_displaces_the_one_before() {
        let mut nodes = tree();
        assert_eq!(nodes.attach(5, 1, OsStr::new("a"), 9), Some(2));
        assert!(!nodes.is_attached(2) && nodes.is_attached(5));
        assert!(nodes.is_ahead(1, OsStr::new("a"), 8) && !nodes.is_ahead(1, OsStr::new("a"), 9));
        nodes.remove(2);
        assert_eq!(nodes.child(1, OsStr::new("a")), Some(5), "that of the other stays");
    }

    #[test]
    fn a_subtree_ends_with_its_top() {
        let nodes = tree();
        assert_eq!(nodes.subtree(2), [4, 3, 2]);
        assert_eq!(nodes.subtree(1).last(), Some(&1));
    }

    #[test]
    fn what_is_unknown_is_nowhere() {
        let mut nodes = tree();
        assert_eq!((nodes.path(9), nodes.child(9, OsStr::new("a")), nodes.place(9)), (None, None, None));
        assert_eq!(nodes.attach(9, 8, OsStr::new("a"), 0), None);
        assert!(!nodes.contains(9) && nodes.root_of(9).is_none() && !nodes.detach(9));
    }
}
