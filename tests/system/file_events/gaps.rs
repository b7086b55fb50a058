//! What another task does just when one begins to wait.
//!
//! 1. The waker has no data, and its functions use none.

#![expect(unsafe_code, reason = "a waker that runs code when it is cloned")]

use std::cell::Cell;
use std::io;
use std::pin::pin;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use fend::inotify::{Mask, Watcher};

use super::scratch::Scratch;

on_every_dispatcher!(what_another_task_has_read_and_left_is_taken);

thread_local! {
    static WHEN_CLONED: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, |_| (), |_| (), |_| ());

fn clone(_: *const ()) -> RawWaker {
    if let Some(run) = WHEN_CLONED.take() {
        run();
    }
    RawWaker::new(ptr::null(), &TABLE)
}

/// Runs `run` when it is cloned: by somebody who begins to wait.
fn waker(run: impl FnOnce() + 'static) -> Waker {
    WHEN_CLONED.set(Some(Box::new(run)));
    // SAFETY: rule 1.
    unsafe { Waker::from_raw(RawWaker::new(ptr::null(), &TABLE)) }
}

/// The kernel has nothing more to tell of.
async fn what_another_task_has_read_and_left_is_taken() -> io::Result<()> {
    let scratch = Arc::new(Scratch::new()?);
    let watcher = Arc::new(Watcher::new()?);
    watcher.add(scratch.path(), Mask::CREATE)?;
    // Registered, and known to be empty.
    scratch.write("before")?;
    watcher.recv().await?;
    assert!(watcher.try_recv().is_err());
    let (other, place) = (watcher.clone(), scratch.clone());
    let waker = waker(move || {
        place.write("one").expect("a file");
        place.write("two").expect("a file");
        let first = loop {
            if let Ok(event) = other.try_recv() {
                break event;
            }
        };
        assert_eq!(place.words(&first), "Created one");
    });
    let mut receive = pin!(watcher.recv());
    let Poll::Ready(event) = receive.as_mut().poll(&mut Context::from_waker(&waker)) else {
        panic!("it waits for what is there")
    };
    assert_eq!(scratch.words(&event?), "Created two");
    assert!(WHEN_CLONED.take().is_none(), "the waker was cloned");
    Ok(())
}
