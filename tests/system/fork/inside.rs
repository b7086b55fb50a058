//! Forks from inside a task: the thread's context, and the loop that it comes back to, are the parent's.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use fend::runtime::Handle;
use fend::time::sleep;
use futures_lite::future::block_on as plain_block_on;

use super::child::{Forked, fork_here, hear, in_child, report_and_end, text_of};
use crate::alone::alone;
use crate::shape::Shape;

on_every_shape!(the_context_says_so, the_loop_ends_in_the_child, a_job_that_forks);

/// What every error and panic says.
const FORKED: &str = "the process that this one was forked from";

/// SP9
fn the_context_says_so(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let forks = || async move {
            in_child(|| {
                let spawned =
                    [Handle::current().spawn(async {}), fend::spawn(async {}), fend::spawn_blocking(|| ())];
                for task in spawned {
                    let error = plain_block_on(task).unwrap_err();
                    assert!(error.to_string().contains(FORKED), "{error}");
                }
                let panic = catch_unwind(|| fend::block_on(async {})).unwrap_err();
                assert!(text_of(&*panic).contains(FORKED));
                // Waits that need no runtime of their own are kept by the default one.
                plain_block_on(sleep(Duration::from_millis(2)));
                shape.build().block_on(async {
                    sleep(Duration::from_millis(2)).await;
                    fend::spawn(async {}).await.unwrap();
                    fend::spawn_local(async {}).await.unwrap();
                });
                String::new()
            });
            sleep(Duration::from_millis(1)).await;
        };
        runtime.block_on(async move {
            forks().await;
            fend::spawn(forks()).await.unwrap();
            let local = fend::spawn_local(async move {
                in_child(|| {
                    let error = plain_block_on(fend::spawn_local(async {})).unwrap_err();
                    assert!(error.to_string().contains(FORKED), "{error}");
                    String::new()
                });
            });
            local.await.unwrap();
        });
    });
}

/// SP9: the child returns from the poll in which it was forked. The parent's other tasks must not run there as well.
fn the_loop_ends_in_the_child(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        for waits in [true, false] {
            let mut forked = None;
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                runtime.block_on(async {
                    fend::spawn(async {
                        let start = Instant::now();
                        // Not more than the parent's own wait: a child that runs this has a different process id.
                        let pid = std::process::id();
                        while start.elapsed() < Duration::from_millis(20) {
                            assert_eq!(std::process::id(), pid, "the parent's task runs in the child");
                            fend::yield_now().await;
                        }
                    });
                    forked = Some(fork_here());
                    if waits && matches!(forked, Some(Forked::Child(_))) {
                        pending::<()>().await;
                    }
                });
            }));
            match forked.expect("set above") {
                Forked::Child(writer) => report_and_end(
                    writer,
                    Ok(match outcome {
                        Ok(()) => "returned".to_owned(),
                        Err(panic) => text_of(&*panic),
                    }),
                ),
                Forked::Parent(reader, pid) => {
                    outcome.expect("the parent goes on");
                    let heard = hear(reader, pid);
                    assert!(if waits { heard.contains(FORKED) } else { heard == "returned" }, "{heard}");
                }
            }
        }
        runtime.block_on(async { fend::spawn(sleep(Duration::from_millis(1))).await.unwrap() });
    });
}

/// SP9: a child that returns from a job, or from a task of a background worker, is a thread that panics, and with it ends the process.
fn a_job_that_forks(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let forked = runtime.block_on(async { fend::spawn_blocking(fork_here).await.unwrap() });
        let Forked::Parent(reader, pid) = forked else { unreachable!("the child does not get here") };
        // It wrote nothing: its end of the socket was closed at its end.
        assert_eq!(hear(reader, pid), "");
        let elsewhere = runtime.spawn(async { fork_here() });
        // With a single worker this thread runs it, and is the child's too.
        if let Ok(Forked::Parent(reader, pid)) = runtime.block_on(elsewhere) {
            assert_eq!(hear(reader, pid), "");
        }
    });
}
