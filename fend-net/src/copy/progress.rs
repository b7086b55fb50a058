//! [`CopyProgress`]: the count of a copy, for others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes a copy, or one direction of it, has written. Made by [`Copy::progress`](super::Copy::progress) and
/// [`CopyBidirectional::progress`](super::CopyBidirectional::progress); any task may ask at any time, also after the copy
/// has ended, failed or been dropped.
#[derive(Debug, Clone)]
pub struct CopyProgress {
    pub(super) count: Arc<AtomicU64>,
}

impl CopyProgress {
    /// Bytes written so far.
    #[must_use]
    pub fn copied(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
