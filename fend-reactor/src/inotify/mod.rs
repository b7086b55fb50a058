//! File events: see [inotify(7)](https://man7.org/linux/man-pages/man7/inotify.7.html).
//!
//! A [`Watcher`] is told which files, directories or whole trees of directories to watch, and for what ([`Mask`]). It gives [`Event`]s.

mod event;
mod exact;
mod found;
mod mask;
mod nodes;
mod queue;
mod receive;
mod record;
mod scan;
mod state;
mod tree;
mod walk;
mod watcher;

pub use event::{Event, EventKind, Watch};
pub use mask::Mask;
pub use walk::Tree;
pub use watcher::Watcher;
