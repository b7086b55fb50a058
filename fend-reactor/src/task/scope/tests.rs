//! Scopes over real tasks. EX20 for scopes is here.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use super::child::{Child, Job};
use super::core::{Core, Failure};
use super::run::Run;
use super::{Scope, ScopedHandle, TryScope, scope, try_scope};
use crate::executor::block_on;
use crate::task::CancellationToken;

/// Counts its drops.
struct Tally(Arc<AtomicUsize>);

impl Drop for Tally {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Panics when dropped.
struct Trap;

impl Drop for Trap {
    fn drop(&mut self) {
        resume_unwind(Box::new("in drop"));
    }
}

fn tally() -> (Arc<AtomicUsize>, impl Fn() -> Tally) {
    let drops = Arc::new(AtomicUsize::new(0));
    let shared = drops.clone();
    (drops, move || Tally(shared.clone()))
}

fn payload<T>(run: impl FnOnce() -> T) -> &'static str {
    let Err(payload) = catch_unwind(AssertUnwindSafe(run)) else { panic!("it did not panic") };
    payload.downcast_ref::<&'static str>().copied().unwrap_or("another payload")
}

/// Members polled by hand, without a runtime.
mod by_hand {
    use super::*;

    type Error = &'static str;

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn child<F: Future<Output = Result<u8, Error>>>(core: &Arc<Core<Error>>, future: F) -> Child<F, Error> {
        Child::new(future, core.admit().expect("the scope is open"))
    }

    #[test]
    fn a_scope_waits_for_its_children() {
        let core = Core::<Error>::new();
        let gate = CancellationToken::new();
        let opened = gate.clone();
        let mut waits = Box::pin(child(&core, async move {
            opened.cancelled_owned().await;
            Ok(1)
        }));
        let mut run = pin!(Run::new(core.clone(), || async { Ok(2) }));
        assert!(poll(run.as_mut()).is_pending());
        assert!(poll(waits.as_mut()).is_pending());
        gate.cancel();
        assert_eq!(poll(waits.as_mut()), Poll::Ready(Some(1)));
        assert!(poll(run.as_mut()).is_pending(), "the child's future is still there");
        drop(waits);
        assert_eq!(poll(run.as_mut()), Poll::Ready(Ok(2)));
        assert!(core.admit().is_none(), "a scope that is over lets nobody in");
    }

    #[test]
    fn the_first_error_cancels_body_and_siblings() {
        let core = Core::<Error>::new();
        let (drops, tally) = tally();
        let (in_body, in_sibling) = (tally(), tally());
        let mut sibling = Box::pin(child(&core, async move {
            let _tally = in_sibling;
            pending().await
        }));
        let mut run = pin!(Run::new(core.clone(), || async move {
            let _tally = in_body;
            pending::<Result<(), Error>>().await
        }));
        assert!(poll(sibling.as_mut()).is_pending());
        assert!(poll(run.as_mut()).is_pending());
        assert_eq!(poll(pin!(child(&core, async { Err("first") }))), Poll::Ready(None));
        assert!(core.token.is_cancelled());
        assert!(poll(run.as_mut()).is_pending(), "the sibling is still there");
        assert_eq!(drops.load(Ordering::SeqCst), 1, "the body is not");
        assert_eq!(poll(sibling.as_mut()), Poll::Ready(None));
        assert_eq!(drops.load(Ordering::SeqCst), 2);
        drop(sibling);
        assert_eq!(poll(run), Poll::Ready(Err("first")));
    }

    #[test]
    fn a_panic_outranks_an_error_and_only_the_first_of_each_counts() {
        let core = Core::<Error>::new();
        core.fail(Failure::Error("first"));
        core.fail(Failure::Error("second"));
        assert!(matches!(core.take_failure(), Some(Failure::Error("first"))));
        core.fail(Failure::Error("first"));
        core.fail(Failure::Panic(Box::new(1)));
        core.fail(Failure::Panic(Box::new(2)));
        core.fail(Failure::Error("third"));
        let Some(Failure::Panic(payload)) = core.take_failure() else { panic!("not the panic") };
        assert_eq!(payload.downcast_ref(), Some(&1));
    }

    #[test]
    fn a_panic_in_a_destructor_is_the_scopes() {
        let core = Core::<Error>::new();
        let mut trapped = Box::pin(child(&core, async {
            let _trap = Trap;
            pending().await
        }));
        assert!(poll(trapped.as_mut()).is_pending());
        core.token.cancel();
        assert_eq!(poll(trapped.as_mut()), Poll::Ready(None));
        drop(trapped);
        let run = Run::new(core, || async { Ok(()) });
        assert_eq!(payload(|| poll(pin!(run))), "in drop");
    }

    #[test]
    fn a_panic_before_the_first_await_of_the_body_waits_for_children_too() {
        let core = Core::<Error>::new();
        let mut sibling = None;
        let body = || -> std::future::Ready<Result<(), Error>> {
            sibling = Some(Box::pin(child(&core, pending())));
            resume_unwind(Box::new("at once"));
        };
        let mut run = pin!(Run::new(core.clone(), body));
        assert!(poll(run.as_mut()).is_pending());
        let mut sibling = sibling.expect("spawned");
        assert_eq!(poll(sibling.as_mut()), Poll::Ready(None));
        drop(sibling);
        assert_eq!(payload(|| poll(run)), "at once");
    }

    struct Panics;

    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            resume_unwind(Box::new("a waker that panics"));
        }
    }

    /// EX8
    #[test]
    fn a_panicking_waker_of_the_scope_harms_no_member() {
        let core = Core::<Error>::new();
        let waits = Box::pin(child(&core, pending()));
        let fails = child(&core, async { Err("first") });
        let mut run = pin!(Run::new(core.clone(), || async { Ok(()) }));
        let waker = Waker::from(Arc::new(Panics));
        let mut cx = Context::from_waker(&waker);
        assert!(run.as_mut().poll(&mut cx).is_pending());
        assert_eq!(poll(pin!(fails)), Poll::Ready(None));
        assert!(run.as_mut().poll(&mut cx).is_pending());
        drop(waits);
        assert_eq!(poll(run), Poll::Ready(Err("first")));
    }

    #[test]
    fn dropping_the_scope_cancels_and_closes_it() {
        let core = Core::<Error>::new();
        let mut sibling = Box::pin(child(&core, pending()));
        let mut run = Box::pin(Run::new(core.clone(), pending::<Result<(), Error>>));
        assert!(poll(run.as_mut()).is_pending());
        drop(run);
        assert!(core.admit().is_none());
        assert_eq!(poll(sibling.as_mut()), Poll::Ready(None));
    }

    #[test]
    fn a_job_of_a_cancelled_scope_never_begins() {
        let core = Core::<Error>::new();
        let (drops, tally) = tally();
        let held = tally();
        let job = Job::new(
            move || {
                let _held = held;
                Ok(1)
            },
            core.admit().unwrap(),
        );
        let fails = Job::new(|| Err::<(), _>("first"), core.admit().unwrap());
        assert_eq!(fails.run(), None);
        assert_eq!(job.run(), None);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        assert!(core.try_close());
        assert!(matches!(core.take_failure(), Some(Failure::Error("first"))));
    }
}

#[test]
fn children_end_before_the_scope() {
    block_on(async {
        let ended = Arc::new(AtomicUsize::new(0));
        let borrowed = String::from("borrowed by the body");
        let value = scope(async |s: Scope| {
            for _ in 0..50 {
                let ended = ended.clone();
                s.spawn(async move {
                    crate::task::yield_now().await;
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }
            borrowed.len()
        })
        .await;
        assert_eq!(value, borrowed.len());
        assert_eq!(ended.load(Ordering::SeqCst), 50);
    });
}

#[test]
fn handles_give_values() {
    block_on(async {
        let sum = scope(async |s: Scope| {
            let (one, two) = (s.spawn(async { 1 }), s.spawn_blocking(|| 2));
            let rc = Rc::new(3);
            let three = s.spawn_local(async move { rc });
            one.await.unwrap() + two.await.unwrap() + *three.await.unwrap()
        })
        .await;
        assert_eq!(sum, 6);
    });
}

#[test]
fn children_spawn_children() {
    fn countdown(s: Scope, ended: Arc<AtomicUsize>, n: usize) {
        s.clone().spawn(async move {
            ended.fetch_add(1, Ordering::SeqCst);
            if n > 1 {
                countdown(s, ended, n - 1);
            }
        });
    }
    block_on(async {
        let ended = Arc::new(AtomicUsize::new(0));
        scope(async |s| countdown(s, ended.clone(), 100)).await;
        assert_eq!(ended.load(Ordering::SeqCst), 100);
    });
}

#[test]
fn the_first_error_ends_the_scope_after_the_siblings() {
    block_on(async {
        let (drops, tally) = tally();
        let result = try_scope(async |s: TryScope<io::Error>| {
            for _ in 0..20 {
                let tally = tally();
                s.spawn(async move {
                    let _tally = tally;
                    pending::<io::Result<()>>().await
                });
            }
            let failed: ScopedHandle<()> = s.spawn(async { Err(io::ErrorKind::AddrInUse.into()) });
            failed.await?;
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(drops.load(Ordering::SeqCst), 20);
    });
}

#[test]
fn an_error_of_the_body_ends_the_children() {
    block_on(async {
        let (drops, tally) = tally();
        let result = try_scope(async |s: TryScope<u8>| {
            let tally = tally();
            s.spawn(async move {
                let _tally = tally;
                pending::<Result<(), u8>>().await
            });
            Err::<(), u8>(9)
        })
        .await;
        assert_eq!(result, Err(9));
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_panic_goes_on_in_the_caller_after_the_siblings_ended() {
    let (drops, tally) = tally();
    let (in_child, in_body) = (tally(), tally());
    let caught = payload(|| {
        block_on(scope(async |s: Scope| {
            let _body = in_body;
            s.spawn(async move {
                let _tally = in_child;
                pending::<()>().await
            });
            s.spawn(poll_fn(|_| -> Poll<()> { resume_unwind(Box::new("a child")) }));
            pending::<()>().await
        }))
    });
    assert_eq!(caught, "a child");
    assert_eq!(drops.load(Ordering::SeqCst), 2);

    let caught = payload(|| {
        block_on(scope(async |s: Scope| {
            s.spawn(pending::<()>());
            resume_unwind(Box::new("the body"))
        }))
    });
    assert_eq!(caught, "the body");
}

#[test]
fn cancel_ends_the_children_and_leaves_the_body() {
    block_on(async {
        let (kept, value) = scope(async |s: Scope| {
            let child = s.spawn(pending::<()>());
            s.cancel();
            assert!(child.await.is_err());
            assert!(s.spawn(async {}).await.is_err(), "nobody is let in any more");
            assert!(s.token().is_cancelled());
            (s.clone(), 4)
        })
        .await;
        assert_eq!(value, 4);
        assert!(kept.spawn(async {}).await.is_err());
        assert!(kept.spawn(async {}).is_finished());
    });
}

#[test]
fn the_token_ends_with_the_scope_and_reaches_blocking_jobs() {
    block_on(async {
        let token = scope(async |s: Scope| s.token()).await;
        assert!(token.is_cancelled());

        let result = try_scope(async |s: TryScope<&str>| {
            let token = s.token();
            let (sender, begun) = mpsc::channel();
            s.spawn_blocking(move || {
                sender.send(()).unwrap();
                while !token.is_cancelled() {
                    std::thread::yield_now();
                }
                Ok(())
            });
            let begun = s.spawn_blocking(move || begun.recv().map_err(|_| "never begun"));
            begun.await.map_err(|_| "never begun")?;
            Err::<(), _>("enough")
        })
        .await;
        assert_eq!(result, Err("enough"));
    });
}

#[test]
fn abort_ends_one_child_only() {
    block_on(scope(async |s: Scope| {
        let gate = CancellationToken::new();
        let (one, other) = (s.spawn(pending::<()>()), s.spawn(gate.clone().cancelled_owned()));
        one.abort();
        assert_eq!(one.await.unwrap_err().to_string(), "the task was cancelled with its scope, or failed");
        gate.cancel();
        assert_eq!(other.await, Ok(()));
    }));
}

/// EX20: dropping the scope's future aborts every child, and drops each once.
#[test]
fn dropping_the_scope_aborts_its_children() {
    block_on(async {
        let (sender, dropped) = mpsc::channel();
        struct Tell(mpsc::Sender<usize>, usize);
        impl Drop for Tell {
            fn drop(&mut self) {
                let _ = self.0.send(self.1);
            }
        }
        {
            let mut run = pin!(scope(async |s: Scope| {
                for n in 0..50 {
                    let tell = Tell(sender.clone(), n);
                    s.spawn(async move {
                        let _tell = tell;
                        pending::<()>().await
                    });
                }
                pending::<()>().await
            }));
            let once: Poll<()> = poll_fn(|cx| Poll::Ready(run.as_mut().poll(cx))).await;
            assert!(once.is_pending());
        }
        drop(sender);
        let dropped = crate::executor::spawn_blocking(move || dropped.into_iter().collect::<Vec<_>>());
        let mut dropped = dropped.await.unwrap();
        dropped.sort();
        assert_eq!(dropped, (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn scopes_nest_and_can_be_spawned() {
    block_on(async {
        let task = crate::executor::spawn(try_scope(async |outer: TryScope<String>| {
            let inner = outer.spawn(try_scope(async |inner: TryScope<String>| {
                let one = inner.spawn(async { Ok(1) });
                one.await.map_err(|error| error.to_string())
            }));
            inner.await.map_err(|error| error.to_string())
        }));
        assert_eq!(task.await.unwrap(), Ok(1));
    });
}

#[test]
fn auto_traits() {
    fn send_sync<T: Send + Sync + 'static>() {}
    fn send<T: Send>(_: T) {}
    send_sync::<Scope>();
    send_sync::<TryScope<std::cell::Cell<u8>>>();
    send_sync::<TryScope<Infallible>>();
    send_sync::<ScopedHandle<u8>>();
    send(scope(async |_| ()));
    send(scope(|_| async move {}));
    send(try_scope(async |s: TryScope<()>| s.spawn(async { Ok(()) }).await.map_err(drop)));
}
