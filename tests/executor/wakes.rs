//! Wake-ups are neither lost nor doubled.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

use fend::runtime::Builder;
use futures::task::AtomicWaker;

use super::{let_others_run, scaled};

on_every_shape!(
    a_million_tasks_woken_from_eight_threads,
    a_wake_during_a_poll_is_one_more_poll,
    wakes_race_with_polls,
    a_thousand_wakes_while_queued_are_one_poll,
    a_waker_may_outlive_its_task_and_runtime,
    tasks_wake_each_other_in_a_ring,
);

const FOREIGN: usize = 8;

#[derive(Default)]
struct Bell {
    rung: AtomicUsize,
    waker: AtomicWaker,
}

/// EX1. 20,000 tasks in debug builds, a million in full; each is woken once by each of eight threads.
fn a_million_tasks_woken_from_eight_threads(builder: Builder) {
    let bells: Arc<[Bell]> = (0..scaled(20_000, 1_000_000)).map(|_| Bell::default()).collect();
    let runtime = builder.build().unwrap();
    let tasks: Vec<_> = (0..bells.len())
        .map(|index| {
            let bells = bells.clone();
            runtime.spawn(poll_fn(move |cx| {
                bells[index].waker.register(cx.waker());
                if bells[index].rung.load(SeqCst) == FOREIGN { Poll::Ready(()) } else { Poll::Pending }
            }))
        })
        .collect();
    let ringers: Vec<_> = (0..FOREIGN)
        .map(|first| {
            let bells = bells.clone();
            thread::spawn(move || {
                let (early, late) = bells.split_at(first * bells.len() / FOREIGN);
                for bell in late.iter().chain(early) {
                    bell.rung.fetch_add(1, SeqCst);
                    bell.waker.wake();
                }
            })
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    ringers.into_iter().for_each(|ringer| ringer.join().unwrap());
    assert_eq!(runtime.metrics().tasks_alive, 0);
}

/// Counts its polls, and notices when two threads poll at once.
struct Watched<F> {
    polls: Arc<AtomicUsize>,
    inside: AtomicBool,
    poll: F,
}

impl<T, F: FnMut(usize, &mut Context<'_>) -> Poll<T> + Unpin> Future for Watched<F> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        assert!(!this.inside.swap(true, SeqCst), "polled twice at once");
        let polls = this.polls.fetch_add(1, SeqCst) + 1;
        let polled = (this.poll)(polls, cx);
        this.inside.store(false, SeqCst);
        polled
    }
}

fn watched<T, F>(polls: &Arc<AtomicUsize>, poll: F) -> Watched<F>
where
    F: FnMut(usize, &mut Context<'_>) -> Poll<T>,
{
    Watched { polls: polls.clone(), inside: AtomicBool::new(false), poll }
}

/// EX2: woken in its poll, by itself and by another thread, it is polled once more and no more.
fn a_wake_during_a_poll_is_one_more_poll(builder: Builder) {
    let runtime = builder.build().unwrap();
    let polls = Arc::new(AtomicUsize::new(0));
    let task = runtime.spawn(watched::<(), _>(&polls, |polls, cx| {
        if polls == 1 {
            cx.waker().wake_by_ref();
            let waker = cx.waker().clone();
            thread::spawn(move || waker.wake()).join().unwrap();
            let by_value = cx.waker().clone();
            by_value.wake();
        }
        Poll::Pending
    }));
    runtime.block_on(async {
        while polls.load(SeqCst) < 2 {
            fend::yield_now().await;
        }
        let_others_run().await;
    });
    assert_eq!(polls.load(SeqCst), 2);
    task.abort();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    assert_eq!(polls.load(SeqCst), 2);
}

/// EX2: a thread that wakes all the time, against the polls. The last wake is seen.
fn wakes_race_with_polls(builder: Builder) {
    let runtime = builder.build().unwrap();
    for round in 0..scaled(200, 20_000) {
        let polls = Arc::new(AtomicUsize::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let (waker, wakers) = mpsc::channel::<Waker>();
        let task = runtime.spawn(watched(&polls, {
            let over = over.clone();
            move |polls, cx| {
                if polls == 1 {
                    waker.send(cx.waker().clone()).unwrap();
                }
                if over.load(SeqCst) { Poll::Ready(round) } else { Poll::Pending }
            }
        }));
        let pushed = thread::spawn(move || {
            let waker = wakers.recv().unwrap();
            for _ in 0..20 {
                waker.wake_by_ref();
            }
            over.store(true, SeqCst);
            waker.wake();
        });
        assert_eq!(runtime.block_on(task).unwrap(), round);
        pushed.join().unwrap();
        assert!(polls.load(SeqCst) <= 22, "{polls:?} polls for 21 wakes");
    }
}

/// EX3: while every worker is busy, so that the task stays queued.
fn a_thousand_wakes_while_queued_are_one_poll(builder: Builder) {
    let runtime = builder.build().unwrap();
    let polls = Arc::new(AtomicUsize::new(0));
    let slot = Arc::new(Mutex::new(None));
    let task = runtime.spawn(watched::<(), _>(&polls, {
        let slot = slot.clone();
        move |_, cx| {
            *slot.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        }
    }));
    runtime.block_on(async {
        while polls.load(SeqCst) == 0 {
            fend::yield_now().await;
        }
    });
    let others = runtime.metrics().workers.len() - 1;
    runtime.block_on(async {
        let (started, starts) = mpsc::channel();
        let (finish, finished) = mpsc::channel::<()>();
        let finished = Arc::new(Mutex::new(finished));
        for _ in 0..others {
            let (started, finished) = (started.clone(), finished.clone());
            fend::spawn(async move {
                started.send(()).unwrap();
                let _ = finished.lock().unwrap().recv();
            });
            starts.recv().unwrap();
        }
        let before = polls.load(SeqCst);
        let waker = slot.lock().unwrap().take().unwrap();
        (0..1000).for_each(|_| waker.wake_by_ref());
        assert_eq!(polls.load(SeqCst), before, "all workers are busy");
        drop(finish);
        while polls.load(SeqCst) == before {
            fend::yield_now().await;
        }
        let_others_run().await;
        assert_eq!(polls.load(SeqCst), before + 1);
    });
    drop(task);
}

/// EX4. That the memory is freed then shows in `tests/allocations.rs`.
fn a_waker_may_outlive_its_task_and_runtime(builder: Builder) {
    let runtime = builder.build().unwrap();
    let resource = Arc::new(());
    let (send, kept) = mpsc::channel();
    for ends in [true, false] {
        let (send, resource) = (send.clone(), resource.clone());
        let task = runtime.spawn(poll_fn(move |cx| {
            let _resource = &resource;
            send.send(cx.waker().clone()).unwrap();
            if ends { Poll::Ready(()) } else { Poll::Pending }
        }));
        if ends {
            runtime.block_on(task).unwrap();
        } else {
            runtime.block_on(let_others_run());
        }
    }
    let completed = kept.recv().unwrap();
    let pending = kept.recv().unwrap();
    completed.wake_by_ref();
    runtime.block_on(let_others_run());
    drop(runtime);
    assert_eq!(Arc::strong_count(&resource), 1, "both futures are gone");
    for waker in [completed, pending] {
        waker.wake_by_ref();
        let by_value = waker.clone();
        by_value.wake();
        thread::spawn(move || waker.wake()).join().unwrap();
    }
    assert!(kept.try_recv().is_err(), "nothing is polled after the runtime's end");
}

/// A token goes round a ring of tasks through plain wakers: every hand-over is a wake-up that must not get lost.
fn tasks_wake_each_other_in_a_ring(builder: Builder) {
    const TASKS: usize = 16;
    let laps = scaled(500, 50_000);
    let runtime = builder.build().unwrap();
    let bells: Arc<[Bell]> = (0..TASKS).map(|_| Bell::default()).collect();
    let tasks: Vec<_> = (0..TASKS)
        .map(|index| {
            let bells = bells.clone();
            runtime.spawn(async move {
                let (mine, next) = (&bells[index], &bells[(index + 1) % TASKS]);
                for lap in 1..=laps {
                    poll_fn(|cx| {
                        mine.waker.register(cx.waker());
                        if mine.rung.load(SeqCst) >= lap { Poll::Ready(()) } else { Poll::Pending }
                    })
                    .await;
                    next.rung.fetch_add(1, SeqCst);
                    next.waker.wake();
                }
            })
        })
        .collect();
    bells[0].rung.fetch_add(1, Relaxed);
    bells[0].waker.wake();
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
}
