//! The group alone, over handles of real tasks. EX20 for groups is here.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use futures_core::future::FusedFuture;
use futures_core::{FusedStream, Stream};
use futures_util::StreamExt;

use super::TaskGroup;
use crate::executor::{Handle, block_on};
use crate::task::{CancellationToken, scope};

#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.add();
    }
}

/// Says when it is dropped.
struct Tell(mpsc::Sender<usize>, usize);

impl Drop for Tell {
    fn drop(&mut self) {
        let _ = self.0.send(self.1);
    }
}

/// Children that each end when their token is cancelled, with their number.
fn gated(count: usize) -> (TaskGroup<usize>, Vec<CancellationToken>) {
    let gates: Vec<_> = (0..count).map(|_| CancellationToken::new()).collect();
    let children = gates.iter().cloned().enumerate().map(|(n, gate)| async move {
        gate.cancelled_owned().await;
        n
    });
    (children.collect(), gates)
}

#[test]
fn an_empty_group_has_nothing_to_join() {
    let mut group = TaskGroup::<()>::default();
    assert!(group.is_empty());
    assert!(group.try_join_next().is_none());
    block_on(async {
        assert!(group.join_next().await.is_none());
        group.shutdown().await;
        assert!(group.next().await.is_none());
    });
    assert_eq!(format!("{group:?}"), "TaskGroup { len: 0 }");
}

#[test]
fn children_are_joined_in_the_order_in_which_they_end() {
    block_on(async {
        let (mut group, gates) = gated(5);
        assert!(group.try_join_next().is_none());
        for n in [3, 0, 4, 1, 2] {
            gates[n].cancel();
            assert_eq!(group.join_next().await.unwrap().unwrap(), n);
        }
        assert!(group.join_next().await.is_none());
    });
}

#[test]
fn every_result_is_delivered_once() {
    block_on(async {
        let mut seen = vec![0; 500];
        let mut group = TaskGroup::new();
        // Grows while it is joined, so that keys are used again.
        for n in 0..seen.len() {
            group.spawn(async move { n });
            if n % 3 == 0 {
                seen[group.join_next().await.unwrap().unwrap()] += 1;
            }
        }
        while let Some(n) = group.join_next().await {
            seen[n.unwrap()] += 1;
        }
        assert!(seen.iter().all(|&times| times == 1));
    });
}

/// EX20: `join_next` polled k times and dropped loses nothing.
#[test]
fn a_join_given_up_loses_no_result() {
    block_on(async {
        let (mut group, gates) = gated(50);
        let mut joined = Vec::new();
        for gate in &gates {
            // Polled and dropped before, around and after the end of a child.
            for _ in 0..3 {
                if let Some(result) = futures_lite::future::poll_once(group.join_next()).await {
                    joined.push(result.unwrap().unwrap());
                }
                gate.cancel();
            }
        }
        while let Some(result) = group.join_next().await {
            joined.push(result.unwrap());
        }
        joined.sort();
        assert_eq!(joined, (0..50).collect::<Vec<_>>());
    });
}

/// EX20: each future is dropped once, though nobody waits for it.
#[test]
fn dropping_the_group_aborts_each_child_once() {
    let (sender, dropped) = mpsc::channel();
    block_on(async {
        let mut group = TaskGroup::new();
        for n in 0..100 {
            let tell = Tell(sender.clone(), n);
            group.spawn(async move {
                let _tell = tell;
                pending::<()>().await;
            });
        }
        drop(group);
        drop(sender);
        // The channel ends when the last future is gone.
        let dropped = crate::executor::spawn_blocking(move || dropped.into_iter().collect::<Vec<_>>());
        let mut dropped = dropped.await.unwrap();
        dropped.sort();
        assert_eq!(dropped, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn abort_all_leaves_the_values_of_those_that_were_over() {
    block_on(async {
        let mut group = TaskGroup::new();
        let over = group.spawn(async { 1 });
        let runs = group.spawn(pending());
        while !over.is_finished() {
            crate::task::yield_now().await;
        }
        assert!(!runs.is_finished());
        group.abort_all();
        assert_eq!(group.len(), 2);
        let (mut values, mut cancelled) = (0, 0);
        while let Some(result) = group.join_next().await {
            match result {
                Ok(value) => values += value,
                Err(error) => cancelled += usize::from(error.is_cancelled()),
            }
        }
        assert_eq!((values, cancelled), (1, 1));
    });
}

#[test]
fn an_abort_handle_ends_one_child() {
    block_on(async {
        let (mut group, gates) = gated(1);
        let abort = group.spawn(pending());
        abort.abort();
        assert!(group.join_next().await.unwrap().unwrap_err().is_cancelled());
        gates[0].cancel();
        assert_eq!(group.join_next().await.unwrap().unwrap(), 0);
    });
}

#[test]
fn shutdown_returns_when_all_children_are_gone() {
    block_on(async {
        let alive = Arc::new(());
        let mut group = TaskGroup::new();
        for _ in 0..20 {
            let alive = alive.clone();
            group.spawn(async move {
                let _alive = alive;
                pending::<()>().await;
            });
        }
        group.shutdown().await;
        assert!(group.is_empty());
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn a_panic_is_the_result_of_its_child_alone() {
    block_on(async {
        let mut group = TaskGroup::new();
        group.spawn(async { std::panic::resume_unwind(Box::new("lost")) });
        let error = group.join_next().await.unwrap().unwrap_err();
        assert_eq!(error.into_panic().downcast_ref(), Some(&"lost"));
        group.spawn(async { 1 });
        assert_eq!(group.join_next().await.unwrap().unwrap(), 1);
    });
}

#[test]
fn detached_children_run_on() {
    block_on(async {
        let (mut group, gates) = gated(3);
        let (sender, ended) = mpsc::channel();
        let gate = gates[0].clone();
        group.spawn(async move {
            gate.cancelled_owned().await;
            sender.send("ran on").unwrap();
            3
        });
        group.detach_all();
        assert!(group.is_empty());
        assert!(group.join_next().await.is_none());
        drop(group);
        gates[0].cancel();
        let ended = crate::executor::spawn_blocking(move || ended.recv());
        assert_eq!(ended.await.unwrap(), Ok("ran on"));
    });
}

/// The waker of a pending poll hears of a child that was put in after it.
#[test]
fn a_pending_poll_hears_of_later_children() {
    block_on(async {
        let (mut group, _gates) = gated(1);
        poll_fn(|cx| {
            // Not polled again before it returns: only this waker can bring it back.
            if let Poll::Ready(result) = group.poll_join_next(cx) {
                assert_eq!(result.unwrap().unwrap(), 99);
                return Poll::Ready(());
            }
            if group.len() == 1 {
                group.spawn(async { 99 });
            }
            Poll::Pending
        })
        .await;
    });
}

#[test]
fn a_task_that_is_over_already_can_be_put_in() {
    block_on(async {
        let handle = crate::executor::spawn(async { 5 });
        while !handle.is_finished() {
            crate::task::yield_now().await;
        }
        let mut group = TaskGroup::new();
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let running = group.spawn(pending());
        assert!(group.poll_join_next(&mut Context::from_waker(&waker)).is_pending());
        group.insert(handle);
        assert_eq!(count.get(), 1);
        assert_eq!(group.len(), 2);
        assert_eq!(group.try_join_next().unwrap().unwrap(), 5);
        running.abort();
    });
}

/// A child that has not ended is not looked at: one that ends among many costs one poll of its handle, seen by the
/// one wake it gives.
#[test]
fn one_ended_child_among_many_wakes_once() {
    block_on(async {
        let (mut group, gates) = gated(100);
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        assert!(group.poll_join_next(&mut cx).is_pending());
        gates[42].cancel();
        assert_eq!(group.join_next().await.unwrap().unwrap(), 42);
        assert!(count.get() <= 1);
        assert!(group.news.lock().rung.is_empty(), "nobody else rang");
    });
}

/// A handle may ring without being ready, and a bell may ring after its child has left.
#[test]
fn false_rings_neither_hide_nor_repeat_a_result() {
    block_on(async {
        let (mut group, gates) = gated(2);
        let (first, second) = (group.children[0].bell.clone(), group.children[1].bell.clone());
        for _ in 0..3 {
            first.wake_by_ref();
            first.wake_by_ref();
            assert_eq!(group.news.lock().rung.len(), 1);
            assert!(group.try_join_next().is_none());
        }
        gates[0].cancel();
        assert_eq!(group.join_next().await.unwrap().unwrap(), 0);
        first.wake();
        assert!(group.news.lock().rung.is_empty(), "the child has left");
        group.spawn(async { 2 });
        assert_eq!(group.join_next().await.unwrap().unwrap(), 2);
        second.wake();
        gates[1].cancel();
        assert_eq!(group.join_next().await.unwrap().unwrap(), 1);
        assert!(group.join_next().await.is_none());
    });
}

#[test]
fn a_group_drops_its_waker_with_itself() {
    block_on(async {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let (mut group, _gates) = gated(1);
        let news = group.news.clone();
        assert!(group.poll_join_next(&mut Context::from_waker(&waker)).is_pending());
        drop(group);
        assert!(news.lock().waiter.is_none());
        drop(waker);
        while Arc::strong_count(&count) > 1 {
            crate::task::yield_now().await;
        }
    });
}

#[test]
fn local_tasks_and_blocking_jobs_join_too() {
    block_on(async {
        let cell = Rc::new(Cell::new(0));
        let mut group = TaskGroup::new();
        let inner = cell.clone();
        group.spawn_local(async move {
            inner.set(1);
            inner
        });
        let back = group.join_next().await.unwrap().unwrap();
        assert_eq!((back.get(), cell.get()), (1, 1));

        let mut group = TaskGroup::new();
        let handle = Handle::current();
        group.spawn_blocking(|| 1);
        group.spawn_blocking_on(|| 2, &handle);
        group.spawn_on(async { 3 }, &handle);
        let results = group.join_all().await;
        assert_eq!(results.into_iter().map(Result::unwrap).sum::<i32>(), 6);
    });
}

#[test]
fn a_group_is_a_stream() {
    block_on(async {
        let group: TaskGroup<u32> = (0..10).map(|n| async move { n }).collect();
        assert_eq!(Stream::size_hint(&group), (10, None));
        let sum = group.fold(0, async |sum, n| sum + n.unwrap()).await;
        assert_eq!(sum, 45);
    });
}

/// A group inside a task of a group: aborting the outer one ends the inner one's children.
#[test]
fn groups_end_with_the_tasks_that_hold_them() {
    let (sender, dropped) = mpsc::channel();
    block_on(async {
        let started = CancellationToken::new();
        let mut outer = TaskGroup::new();
        let begun = started.clone();
        outer.spawn(async move {
            let mut inner = TaskGroup::new();
            inner.spawn(async move {
                let _tell = Tell(sender, 1);
                begun.cancel();
                pending::<()>().await;
            });
            inner.join_next().await;
        });
        started.cancelled().await;
        drop(outer);
        let dropped = crate::executor::spawn_blocking(move || dropped.recv());
        assert_eq!(dropped.await.unwrap(), Ok(1));
    });
}

/// Children end on other threads while joins are polled and given up: every result comes, and comes once.
#[test]
fn threads_race_with_joins() {
    block_on(async {
        for _ in 0..500 {
            let (mut group, gates) = gated(2);
            let opener = thread::spawn(move || gates.iter().for_each(CancellationToken::cancel));
            let mut seen = [0; 2];
            while !group.is_empty() {
                let result = match futures_lite::future::poll_once(group.join_next()).await {
                    Some(result) => result,
                    None => group.join_next().await,
                };
                seen[result.unwrap().unwrap()] += 1;
            }
            opener.join().unwrap();
            assert_eq!(seen, [1; 2]);
        }
    });
}

/// A ring at any moment of a poll is either seen by it or wakes it.
#[test]
fn a_ring_during_a_poll_is_not_lost() {
    let (mut group, gates) = block_on(async { gated(1) });
    let bell = group.children[0].bell.clone();
    let turn = AtomicUsize::new(0);
    let mut lost = 0;
    let await_turn = |n| {
        while turn.load(Ordering::SeqCst) != n {
            std::hint::spin_loop();
        }
    };
    thread::scope(|threads| {
        threads.spawn(|| {
            for round in 0..20_000 {
                await_turn(2 * round + 1);
                // Later from round to round, to walk through the whole poll.
                (0..round % 64).for_each(|_| std::hint::spin_loop());
                bell.wake_by_ref();
                turn.store(2 * round + 2, Ordering::SeqCst);
            }
        });
        for round in 0..20_000 {
            // A waker of its own for each round, so that the one before cannot stand in for it.
            let count = Arc::new(Count::default());
            let waker = Waker::from(count.clone());
            turn.store(2 * round + 1, Ordering::SeqCst);
            let _pending = group.poll_join_next(&mut Context::from_waker(&waker));
            await_turn(2 * round + 2);
            // Counted, since a panic in here would leave the other thread spinning.
            lost += usize::from(count.get() == 0 && !group.news.lock().rung.is_empty());
            let _none = group.try_join_next();
        }
    });
    assert_eq!(lost, 0);
    gates[0].cancel();
    assert_eq!(block_on(group.join_next()).unwrap().unwrap(), 0);
}

#[test]
fn auto_traits_follow_the_value() {
    fn send<T: Send + Sync + Unpin>() {}
    fn unpin<T: Unpin>() {}
    send::<TaskGroup<u8>>();
    unpin::<TaskGroup<std::marker::PhantomPinned>>();
}

/// Handles and groups in `select!`, which asks each whether it is over, without `.fuse()`.
#[test]
fn select_knows_what_is_over() {
    block_on(async {
        let mut seven = crate::spawn(async { 7 });
        let mut group: TaskGroup<u32> = (1..=3).map(|n| async move { n }).collect();
        let mut sum = 0;
        loop {
            futures_util::select! {
                value = seven => sum += value.unwrap(),
                value = group.select_next_some() => sum += value.unwrap(),
                complete => break,
            }
        }
        assert_eq!(sum, 13);
        assert!(seven.is_terminated() && group.is_terminated());
        group.spawn(async { 1 });
        assert!(!group.is_terminated());
    });
}

#[test]
fn select_knows_scoped_handles_that_are_over() {
    let sum = block_on(scope(async |s| {
        let mut child = s.spawn(async { 7 });
        s.spawn(async {}).await.unwrap();
        let first = (&mut child).await.unwrap();
        s.cancel();
        let mut refused = s.spawn(async { 8 });
        assert!(child.is_terminated() && !refused.is_terminated());
        let mut sum = first;
        loop {
            futures_util::select! {
                value = child => sum += value.unwrap(),
                value = refused => assert!(value.is_err()),
                complete => break sum,
            }
        }
    }));
    assert_eq!(sum, 7);
}
