//! A child has copies of all descriptors of its parent until it runs a program of its own, so that what another test closes
//! meanwhile is open a moment longer.

use std::fs;
use std::io;
use std::process::{Child, Command};
use std::sync::{PoisonError, RwLock};
use std::thread;

/// Held for reading, it keeps children from being started: what is closed is closed then.
pub(crate) static FORKS: RwLock<()> = RwLock::new(());

/// Starts `command`. The child has no copies any more.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let _alone = FORKS.write().unwrap_or_else(PoisonError::into_inner);
    let mut child = command.spawn()?;
    // That std returns is not enough: the kernel lets the parent go on before it closes the child's copies.
    while !runs_its_program(&child) && child.try_wait()?.is_none() {
        thread::yield_now();
    }
    Ok(child)
}

/// Whether the child's own code has begun to run, which maps the C library. True when it does not let us look.
fn runs_its_program(child: &Child) -> bool {
    fs::read_to_string(format!("/proc/{}/maps", child.id())).map_or(true, |maps| maps.contains("/libc"))
}
