//! The calls of the C library and the kernel that have no safe form. All the `unsafe` of this crate.
//!
//! # Rules
//!
//! 1. A pointer and a length taken from one live slice describe memory that the callee may read, and write when the slice is borrowed
//!    mutably. None of the calls keeps the pointer.

mod machine;

use std::io;

pub(crate) use machine::{host_name, interface_index};

/// Fills `bytes` from the kernel's generator: getrandom(2). Waits for its seed in a machine's first moments, and never again.
pub(crate) fn random(bytes: &mut [u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        // SAFETY: rule 1.
        let count = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(count) {
            Ok(count) => rest = &mut rest[count..],
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}
