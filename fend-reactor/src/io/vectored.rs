//! Which of its buffers a vectored call takes.

use std::io::{IoSlice, IoSliceMut};
use std::ops::{Deref, Range};

/// Buffers that the kernel takes in one vectored call (`UIO_MAXIOV`); with more it would refuse them all.
pub const MAX_BUFFERS: usize = 1024;

/// Those of a stream's buffers that one call takes: from the first on that is not empty. A call with empty ones alone would
/// look like the end, or like a stream that takes no more.
#[must_use]
pub fn taken_of<'b, 'a>(bufs: &'b [IoSlice<'a>]) -> &'b [IoSlice<'a>] {
    &bufs[taken(bufs)]
}

/// [`taken_of`], to be received into.
#[must_use]
pub fn taken_of_mut<'b, 'a>(bufs: &'b mut [IoSliceMut<'a>]) -> &'b mut [IoSliceMut<'a>] {
    let taken = taken(bufs);
    &mut bufs[taken]
}

fn taken(bufs: &[impl Deref<Target = [u8]>]) -> Range<usize> {
    let first = bufs.iter().position(|buf| !buf.is_empty()).unwrap_or(bufs.len());
    first..bufs.len().min(first + MAX_BUFFERS)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_call_takes_buffers_from_the_first_that_is_not_empty() {
        let (empty, full) = (IoSlice::new(b""), IoSlice::new(b"ab"));
        let bufs = [vec![empty; 2000], vec![full; 2000]].concat();
        assert_eq!(taken(&bufs), 2000..3024);
        assert_eq!(taken(&bufs[..2000]), 2000..2000);
        assert_eq!(taken(&bufs[1999..2001]), 1..2);
        assert_eq!(taken(&bufs[..0]), 0..0);
    }
}
