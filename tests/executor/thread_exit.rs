//! Thread-local destructors run while the thread's own state is going away.

use std::cell::RefCell;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;

use fend::Handle;
use fend::runtime::Builder;

on_every_shape!(a_destructor_that_spawns_wakes_and_enters);

/// Runs what it holds when its thread ends.
#[derive(Default)]
struct AtExit(Option<Box<dyn FnOnce()>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(exit) = self.0.take() {
            exit();
        }
    }
}

thread_local! {
    static AT_EXIT: RefCell<AtExit> = RefCell::default();
}

fn at_exit(exit: impl FnOnce() + 'static) {
    AT_EXIT.with(|slot| slot.borrow_mut().0 = Some(Box::new(exit)));
}

/// EX21: on a thread that used fend before it set the destructor up, and on one that did so afterwards, so that the destructor
/// runs with the thread's fend state alive and gone.
fn a_destructor_that_spawns_wakes_and_enters(builder: Builder) {
    let runtime = builder.build().unwrap();
    for uses_fend_first in [true, false] {
        let (waker, wakers) = mpsc::channel::<Waker>();
        let (woken, wakes) = mpsc::channel();
        let mut sent = false;
        let waiting = runtime.spawn(std::future::poll_fn(move |cx| {
            if std::mem::replace(&mut sent, true) {
                return Poll::Ready(());
            }
            waker.send(cx.waker().clone()).unwrap();
            Poll::Pending
        }));
        let handle = runtime.handle();
        let thread = thread::spawn(move || {
            let exit = {
                let handle = handle.clone();
                move || {
                    wakers.recv().unwrap().wake();
                    drop(handle.spawn(async move { woken.send(1).unwrap() }));
                    drop(fend::spawn(async {}));
                    drop(handle.spawn_blocking(|| ()));
                    drop(handle.enter());
                    assert!(Handle::try_current().is_none());
                    assert_eq!(handle.block_on(async { 7 }), 7);
                }
            };
            if uses_fend_first {
                assert_eq!(handle.block_on(async { 7 }), 7);
                at_exit(exit);
            } else {
                at_exit(exit);
                assert_eq!(handle.block_on(async { 7 }), 7);
            }
        });
        runtime.block_on(waiting).unwrap();
        let job = runtime.spawn_blocking(move || wakes.recv().unwrap());
        assert_eq!(runtime.block_on(job).unwrap(), 1);
        thread.join().unwrap();
    }
}
