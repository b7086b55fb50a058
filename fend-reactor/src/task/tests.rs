//! Tasks on the smallest executor.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use super::test_scheduler::TestScheduler;
use futures_core::future::FusedFuture;

use super::{
    AbortHandle, CancelCause, CancellationToken, JoinError, JoinHandle, Meta, Ran, Runnable, TaskGroup,
    unowned_task, yield_now,
};

fn poll<T>(handle: &mut JoinHandle<T>) -> Poll<Result<T, JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(Waker::noop()))
}

fn result<T>(mut handle: JoinHandle<T>) -> Result<T, JoinError> {
    match poll(&mut handle) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("{handle:?} is not over"),
    }
}

fn wake(waker: Waker) {
    waker.wake();
}

/// Runs `f` when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn handles_go_where_their_output_goes() {
    fn is_send_and_sync<T: Send + Sync>() {}
    fn is_unpin_and_unwind_safe<T: Unpin + UnwindSafe + RefUnwindSafe>() {}
    is_send_and_sync::<JoinHandle<std::cell::Cell<u8>>>();
    is_send_and_sync::<AbortHandle>();
    is_send_and_sync::<JoinError>();
    is_send_and_sync::<Runnable>();
    is_unpin_and_unwind_safe::<JoinHandle<&mut std::marker::PhantomPinned>>();
    is_unpin_and_unwind_safe::<AbortHandle>();
    is_unpin_and_unwind_safe::<JoinError>();
    is_unpin_and_unwind_safe::<CancellationToken>();
    is_unpin_and_unwind_safe::<TaskGroup<std::cell::Cell<u8>>>();
    assert_eq!(size_of::<Option<Runnable>>(), size_of::<usize>());
    assert_eq!(size_of::<JoinError>(), size_of::<usize>());
}

#[test]
fn wakes_while_queued_coalesce() {
    let scheduler = TestScheduler::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let slot = Arc::new(Mutex::new(None));
    let handle = scheduler.spawn(poll_fn({
        let (polls, slot) = (polls.clone(), slot.clone());
        move |cx| {
            polls.fetch_add(1, Relaxed);
            *slot.lock().unwrap() = Some(cx.waker().clone());
            Poll::<()>::Pending
        }
    }));
    assert_eq!(scheduler.run_all(), 1);
    let waker: Waker = slot.lock().unwrap().take().unwrap();
    for _ in 0..10 {
        waker.wake_by_ref();
        wake(waker.clone());
    }
    assert_eq!(scheduler.run_all(), 1);
    assert_eq!(polls.load(Relaxed), 2);
    handle.abort();
    scheduler.run_all();
    assert!(result(handle).unwrap_err().is_cancelled());
}

#[test]
fn wakes_during_a_poll_give_one_more() {
    let scheduler = TestScheduler::new();
    let mut polls = 0;
    let handle = scheduler.spawn(poll_fn(move |cx| {
        polls += 1;
        if polls == 2 {
            return Poll::Ready(polls);
        }
        cx.waker().wake_by_ref();
        wake(cx.waker().clone());
        Poll::Pending
    }));
    assert_eq!(scheduler.run_all(), 2);
    assert_eq!(scheduler.0.rescheduled.load(Relaxed), 1);
    assert_eq!(scheduler.0.scheduled.load(Relaxed), 0);
    assert_eq!(result(handle).unwrap(), 2);
}

#[test]
fn who_yields_goes_behind_the_others() {
    let scheduler = TestScheduler::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    for name in ["a", "b"] {
        let order = order.clone();
        drop(scheduler.spawn(async move {
            for round in 0..2 {
                order.lock().unwrap().push((name, round));
                yield_now().await;
            }
        }));
    }
    scheduler.run_all();
    assert_eq!(*order.lock().unwrap(), [("a", 0), ("b", 0), ("a", 1), ("b", 1)]);
}

#[test]
fn errors_name_the_task() {
    let scheduler = TestScheduler::new();
    let meta = Meta { name: Some("reader".into()), ..Meta::here() };
    let place = meta.spawned_at.to_string();
    let failing = async { std::panic::resume_unwind(Box::new(String::from("no disk"))) };
    let (handle, runnable) = scheduler.0.owned.spawn::<_, _>(1, failing, scheduler.clone(), meta);
    let handle: JoinHandle<()> = handle;
    assert!(format!("{handle:?}").contains("\"reader\""));
    assert!(matches!(runnable.unwrap().run(), Ran::Once));
    let error = result(handle).unwrap_err();
    assert!(error.is_panic() && !error.is_cancelled());
    assert_eq!(error.to_string(), format!("task \"reader\" spawned at {place} panicked: no disk"));
    let error = std::io::Error::from(error).downcast::<JoinError>().unwrap();
    assert_eq!(*error.into_panic().downcast::<String>().unwrap(), "no disk");

    let handle = scheduler.spawn(pending::<()>());
    handle.abort();
    scheduler.run_all();
    let error = result(handle).unwrap_err();
    assert!(error.to_string().ends_with("was cancelled"), "{error}");
    let error = error.try_into_panic().unwrap_err();
    assert!(catch_unwind(AssertUnwindSafe(|| error.resume_unwind())).is_err());
}

#[test]
fn a_handle_gives_its_result_once() {
    let scheduler = TestScheduler::new();
    let mut handle = scheduler.spawn(async { 7 });
    assert!(poll(&mut handle).is_pending());
    scheduler.run_all();
    assert!(handle.is_finished() && !handle.is_terminated());
    assert_eq!(poll(&mut handle).map(Result::unwrap), Poll::Ready(7));
    assert!(handle.is_terminated());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut handle))).is_err());
    assert!(format!("{handle:?}").contains("finished"));
}

#[test]
fn spawning_on_a_closed_list_drops_the_future() {
    let scheduler = TestScheduler::new();
    scheduler.0.owned.close_and_shut_down();
    let dropped = Arc::new(AtomicUsize::new(0));
    let on_drop = OnDrop({
        let dropped = dropped.clone();
        move || _ = dropped.fetch_add(1, Relaxed)
    });
    let handle = scheduler.spawn(async move {
        let _on_drop = &on_drop;
        pending::<()>().await;
    });
    assert_eq!(dropped.load(Relaxed), 1);
    assert!(result(handle).unwrap_err().is_shutdown());
    assert_eq!(scheduler.run_all(), 0);
}

#[test]
fn an_error_knows_why_it_was_cancelled() {
    let scheduler = TestScheduler::new();
    let (aborted, ended) = (scheduler.spawn(pending::<()>()), scheduler.spawn(pending::<()>()));
    aborted.abort();
    scheduler.0.owned.close_and_shut_down();
    ended.abort();
    let (aborted, ended) = (result(aborted).unwrap_err(), result(ended).unwrap_err());
    assert!(aborted.is_cancelled() && !aborted.is_shutdown());
    assert!(ended.is_cancelled() && ended.is_shutdown());
    assert!(ended.to_string().ends_with("was cancelled: its runtime shut down"), "{ended}");
    assert_eq!((ended.name(), ended.spawned_at().file()), (None, aborted.spawned_at().file()));

    let (waiting, handle) = unowned_task(|| (), scheduler.clone(), Meta::here());
    drop(waiting);
    assert!(result(handle).unwrap_err().is_shutdown());
    let (refused, handle) = unowned_task(|| (), scheduler.clone(), Meta::here());
    assert!(refused.refuse(CancelCause::NoThread));
    let error = result(handle).unwrap_err();
    assert!(error.is_cancelled() && !error.is_shutdown());
    assert!(error.to_string().ends_with("was cancelled: no thread could be started to run it"), "{error}");
    scheduler.run_all();
    assert_eq!(Arc::strong_count(&scheduler.0), 1);
}

#[test]
fn a_shut_down_during_the_poll_is_the_cause() {
    let scheduler = TestScheduler::new();
    let handle = scheduler.spawn(poll_fn({
        let weak = Arc::downgrade(&scheduler.0);
        move |_| {
            weak.upgrade().unwrap().owned.close_and_shut_down();
            Poll::<()>::Pending
        }
    }));
    scheduler.run_all();
    assert!(result(handle).unwrap_err().is_shutdown());
}

#[test]
fn cancel_waits_for_the_end() {
    let scheduler = TestScheduler::new();
    let dropped = Arc::new(AtomicBool::new(false));
    let on_drop = OnDrop({
        let dropped = dropped.clone();
        move || dropped.store(true, Relaxed)
    });
    let endless = scheduler.spawn(async move {
        let _on_drop = on_drop;
        pending::<()>().await;
    });
    scheduler.run_all();
    let mut cancel = pin!(endless.cancel());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(cancel.as_mut().poll(&mut cx).is_pending());
    assert!(!dropped.load(Relaxed));
    scheduler.run_all();
    assert_eq!(cancel.poll(&mut cx), Poll::Ready(None));
    assert!(dropped.load(Relaxed));

    let over = scheduler.spawn(async { 7 });
    scheduler.run_all();
    assert_eq!(pin!(over.cancel()).poll(&mut cx), Poll::Ready(Some(7)));

    let failed = scheduler.spawn(async { std::panic::resume_unwind(Box::new("lost")) });
    scheduler.run_all();
    let mut failed = pin!(JoinHandle::<()>::cancel(failed));
    let payload = catch_unwind(AssertUnwindSafe(|| failed.as_mut().poll(&mut cx))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"lost"));
    assert_eq!(scheduler.0.unhandled.load(Relaxed), 0);
}

#[test]
fn a_detached_task_runs_on() {
    let scheduler = TestScheduler::new();
    let ran = Arc::new(AtomicBool::new(false));
    scheduler
        .spawn({
            let ran = ran.clone();
            async move { ran.store(true, Relaxed) }
        })
        .detach();
    scheduler.run_all();
    assert!(ran.load(Relaxed));
}

/// SD2
#[test]
fn destructors_may_do_anything_during_a_shut_down() {
    let scheduler = TestScheduler::new();
    let wakers = Arc::new(Mutex::new(Vec::<Waker>::new()));
    let refused = Arc::new(AtomicUsize::new(0));
    for n in 0..20 {
        let (weak, wakers, refused) = (Arc::downgrade(&scheduler.0), wakers.clone(), refused.clone());
        let on_drop = OnDrop({
            let wakers = wakers.clone();
            move || {
                let scheduler = TestScheduler(weak.upgrade().unwrap());
                refused.fetch_add(usize::from(scheduler.spawn(async {}).is_finished()), Relaxed);
                wakers.lock().unwrap().iter().for_each(Waker::wake_by_ref);
                scheduler.0.owned.close_and_shut_down();
                if n % 2 == 0 {
                    std::panic::resume_unwind(Box::new(n));
                }
            }
        });
        drop(scheduler.spawn(async move {
            let _on_drop = on_drop;
            let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
            wakers.lock().unwrap().push(waker);
            pending::<()>().await;
        }));
    }
    assert_eq!(scheduler.0.owned.len(), 20);
    scheduler.run_all();
    scheduler.0.owned.close_and_shut_down();
    assert_eq!(refused.load(Relaxed), 20);
    assert_eq!(scheduler.0.owned.len(), 0);
    assert_eq!(scheduler.0.unhandled.load(Relaxed), 10);
    scheduler.run_all();
    wakers.lock().unwrap().clear();
    assert_eq!(Arc::strong_count(&scheduler.0), 1);
}

/// EX12
#[test]
fn tasks_that_await_each_other_are_freed() {
    let scheduler = TestScheduler::new();
    let slot = Arc::new(Mutex::new(None::<JoinHandle<()>>));
    let first = scheduler.spawn({
        let slot = slot.clone();
        async move {
            let other = slot.lock().unwrap().take().unwrap();
            _ = other.await;
        }
    });
    let second = scheduler.spawn(async move { _ = first.await });
    *slot.lock().unwrap() = Some(second);
    scheduler.run_all();
    assert_eq!(scheduler.0.owned.len(), 2);
    scheduler.0.owned.close_and_shut_down();
    scheduler.run_all();
    assert_eq!(Arc::strong_count(&scheduler.0), 1);
}

/// EX11
#[test]
fn a_local_task_is_dropped_at_home() {
    let scheduler = TestScheduler::new();
    let dropped_on = Arc::new(Mutex::new(None::<ThreadId>));
    let on_drop = OnDrop({
        let dropped_on = dropped_on.clone();
        move || *dropped_on.lock().unwrap() = Some(thread::current().id())
    });
    let bound_here = Rc::new(());
    let future = async move {
        let _both = (bound_here, on_drop);
        pending::<()>().await;
    };
    // SAFETY: rule 8 of `raw`: this thread runs the task and shuts the list down.
    let (handle, runnable) =
        unsafe { scheduler.0.owned.spawn_local(0, future, scheduler.clone(), Meta::here()) };
    assert!(matches!(runnable.unwrap().run(), Ran::Once));
    thread::scope(|scope| scope.spawn(|| handle.abort()).join().unwrap());
    assert_eq!(*dropped_on.lock().unwrap(), None);
    assert_eq!(scheduler.run_all(), 1);
    assert_eq!(*dropped_on.lock().unwrap(), Some(thread::current().id()));
    assert!(result(handle).unwrap_err().is_cancelled());
}

#[test]
fn a_job_on_no_list_runs_or_is_cancelled() {
    let scheduler = TestScheduler::new();
    let (runnable, handle) = unowned_task(|| 7, scheduler.clone(), Meta::here());
    // SAFETY: rule 1 of `raw`: `into_raw` and `from_raw` in turn.
    let ran = unsafe { Runnable::from_raw(runnable.into_raw()) }.run();
    assert!(matches!(ran, Ran::Once));
    assert_eq!(result(handle).unwrap(), 7);

    let ran = Arc::new(AtomicBool::new(false));
    let job = |ran: &Arc<AtomicBool>| {
        let ran = ran.clone();
        move || ran.store(true, Relaxed)
    };
    let (runnable, handle) = unowned_task(job(&ran), scheduler.clone(), Meta::here());
    drop(runnable);
    assert!(result(handle).unwrap_err().is_cancelled());

    let (runnable, handle) = unowned_task(job(&ran), scheduler.clone(), Meta::here());
    handle.abort();
    assert!(matches!(runnable.run(), Ran::Over));
    assert!(result(handle).unwrap_err().is_cancelled());

    let (runnable, handle) = unowned_task(job(&ran), scheduler.clone(), Meta::here());
    drop(handle);
    drop(runnable);
    assert!(!ran.load(Relaxed));
    assert_eq!(Arc::strong_count(&ran), 1);
    assert_eq!(scheduler.0.scheduled.load(Relaxed), 0);
    assert_eq!(Arc::strong_count(&scheduler.0), 1);
}

#[test]
fn a_large_future_is_not_moved_about() {
    let scheduler = TestScheduler::new();
    let large = [1_u8; 64 * 1024];
    let handle = scheduler.spawn(async move {
        yield_now().await;
        large.iter().map(|&byte| usize::from(byte)).sum::<usize>()
    });
    assert_eq!(scheduler.run_all(), 2);
    assert_eq!(result(handle).unwrap(), 64 * 1024);
}

#[test]
fn the_list_gives_back_tasks_in_any_order() {
    let scheduler = TestScheduler::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let handles: Vec<_> = (0..3).map(|_| scheduler.spawn(pending::<()>())).collect();
        for (ended, index) in order.into_iter().enumerate() {
            handles[index].abort();
            scheduler.run_all();
            assert!(handles[index].is_finished());
            assert_eq!(scheduler.0.owned.len(), 2 - ended);
        }
    }
}

/// A list that is not the one a task was spawned on does not know the task.
#[test]
fn a_task_is_only_removed_from_its_own_list() {
    let (mine, other) = (TestScheduler::new(), TestScheduler::new());
    let (handle, runnable) = mine.0.owned.spawn(0, async { 7 }, other.clone(), Meta::here());
    assert!(matches!(runnable.unwrap().run(), Ran::Once));
    assert_eq!(result(handle).unwrap(), 7);
    assert_eq!((mine.0.owned.len(), other.0.owned.len()), (1, 0));
    mine.0.owned.close_and_shut_down();
    assert_eq!(mine.0.owned.len(), 0);
    assert_eq!(Arc::strong_count(&other.0), 1);
}

/// EX1, on a small scale: each task is polled after its last wake, and none is lost or polled by two at once.
#[test]
fn wakes_from_many_threads_are_not_lost() {
    const TASKS: usize = 20;
    const WAKES: usize = if cfg!(debug_assertions) { 200 } else { 2000 };
    let scheduler = TestScheduler::new();
    let targets: Vec<_> = (0..TASKS).map(|_| Arc::new(AtomicUsize::new(0))).collect();
    let slots: Vec<_> = (0..TASKS).map(|_| Arc::new(Mutex::new(None::<Waker>))).collect();
    let mut handles = Vec::new();
    for (target, slot) in targets.iter().cloned().zip(slots.iter().cloned()) {
        handles.push(scheduler.spawn(async move {
            poll_fn(|cx| {
                if target.load(Relaxed) == WAKES {
                    return Poll::Ready(());
                }
                slot.lock().unwrap().get_or_insert_with(|| cx.waker().clone());
                Poll::Pending
            })
            .await;
        }));
    }
    scheduler.run_all();
    let wakers: Vec<_> = slots.iter().map(|slot| slot.lock().unwrap().take().unwrap()).collect();
    let finished = || handles.iter().all(JoinHandle::is_finished);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !finished() {
                    if !scheduler.run_one() {
                        thread::yield_now();
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..WAKES {
                for (target, waker) in targets.iter().zip(&wakers) {
                    target.fetch_add(1, Relaxed);
                    waker.wake_by_ref();
                }
            }
        });
    });
    // Later polls have filled the slots again.
    drop((wakers, slots));
    scheduler.run_all();
    handles.into_iter().for_each(|handle| result(handle).unwrap());
    assert_eq!(Arc::strong_count(&scheduler.0), 1);
}

/// Tasks are spawned, run, aborted and shut down by several threads at once; each future is dropped once.
#[test]
fn threads_race_to_end_tasks() {
    const TASKS: usize = if cfg!(debug_assertions) { 200 } else { 2000 };
    let scheduler = TestScheduler::new();
    let dropped = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        let spawner = scope.spawn(|| {
            for n in 0..TASKS {
                let dropped = dropped.clone();
                let on_drop = OnDrop(move || _ = dropped.fetch_add(1, Relaxed));
                let handle = scheduler.spawn(async move {
                    let _on_drop = &on_drop;
                    yield_now().await;
                    pending::<()>().await;
                });
                let mut join = pin!(handle);
                _ = join.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                if n % 3 == 0 {
                    join.abort();
                }
                if n == TASKS / 2 {
                    scope.spawn(|| scheduler.0.owned.close_and_shut_down());
                    scope.spawn(|| scheduler.0.owned.close_and_shut_down());
                }
            }
        });
        let scheduler = &scheduler;
        scope.spawn(move || {
            while !spawner.is_finished() {
                scheduler.run_all();
            }
        });
    });
    scheduler.run_all();
    assert_eq!(scheduler.0.owned.len(), 0);
    assert_eq!(dropped.load(Relaxed), TASKS);
    assert_eq!(Arc::strong_count(&scheduler.0), 1);
}
