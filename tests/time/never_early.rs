//! Never early, and none lost.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use fend::time::{Sleep, sleep, sleep_until};

use crate::random::Random;
use crate::shape::Shape;

on_every_shape!(random_timers_that_other_threads_reset, the_past_and_zero_are_now);

/// Timers in all. They overlap, hundreds at a time on each task.
const TIMERS: u64 = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
const TASKS: u64 = 20;

/// Polls all of them, as one task does with a set of its own. Each is checked when it ends.
async fn all_end_on_time(mut sleeps: Vec<Sleep>) -> usize {
    let mut ended = 0;
    poll_fn(|cx| {
        sleeps.retain_mut(|sleep| match Pin::new(&mut *sleep).poll(cx) {
            Poll::Pending => true,
            Poll::Ready(()) => {
                let now = Instant::now();
                assert!(now >= sleep.deadline(), "{:?} early", sleep.deadline() - now);
                ended += 1;
                false
            }
        });
        if sleeps.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    ended
}

/// A sleep that has been polled, and its waker left with the runtime of the thread that did.
async fn polled_once(mut sleep: Sleep) -> Sleep {
    let _ = futures_lite::future::poll_once(&mut sleep).await;
    sleep
}

/// TM1: a third goes to another thread while it is armed, is moved there to an earlier or a later deadline, and comes back to be
/// waited for.
fn random_timers_that_other_threads_reset(shape: Shape) {
    let (to_thread, from_tasks) = mpsc::channel::<(Sleep, async_sender::Reply)>();
    let resetting = thread::spawn(move || {
        let mut random = Random::new(77);
        for (mut sleep, reply) in from_tasks {
            sleep.reset(Instant::now() + Duration::from_micros(random.below(100_000)));
            reply.send(sleep);
        }
    });
    let ended: usize = shape.block_on(async {
        let tasks: Vec<_> = (0..TASKS)
            .map(|seed| {
                let to_thread = to_thread.clone();
                fend::spawn(async move {
                    let mut random = Random::new(seed);
                    let mut sleeps = Vec::new();
                    for number in 0..TIMERS / TASKS {
                        let mut timer =
                            polled_once(sleep(Duration::from_micros(random.below(200_000)))).await;
                        if number % 3 == 0 {
                            let (reply, answer) = async_sender::reply();
                            to_thread.send((timer, reply)).expect("the thread lives");
                            timer = answer.await;
                        }
                        sleeps.push(timer);
                    }
                    all_end_on_time(sleeps).await
                })
            })
            .collect();
        let mut ended = 0;
        for task in tasks {
            ended += task.await.expect("no panic");
        }
        ended
    });
    drop(to_thread);
    resetting.join().expect("no panic");
    assert_eq!(ended as u64, TIMERS);
}

/// TM4
fn the_past_and_zero_are_now(shape: Shape) {
    shape.block_on(async {
        let past = Instant::now().checked_sub(Duration::from_millis(1)).expect("the machine is up");
        for mut timer in [sleep(Duration::ZERO), sleep_until(past), sleep_until(Instant::now())] {
            let mut polls = 0;
            poll_fn(|cx| {
                polls += 1;
                Pin::new(&mut timer).poll(cx)
            })
            .await;
            assert!(polls <= 2, "{polls} polls");
        }
    });
}

/// One value from a thread to a task.
mod async_sender {
    use std::future::{Future, poll_fn};
    use std::sync::{Arc, Mutex};
    use std::task::{Poll, Waker};

    use fend::time::Sleep;

    #[derive(Default)]
    struct Place {
        sleep: Option<Sleep>,
        waker: Option<Waker>,
    }

    pub(super) struct Reply(Arc<Mutex<Place>>);

    impl Reply {
        pub(super) fn send(self, sleep: Sleep) {
            let mut place = self.0.lock().expect("no panic");
            place.sleep = Some(sleep);
            let waker = place.waker.take();
            drop(place);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    pub(super) fn reply() -> (Reply, impl Future<Output = Sleep> + Send) {
        let place = Arc::new(Mutex::new(Place::default()));
        let theirs = Reply(place.clone());
        let wait = poll_fn(move |cx| {
            let mut place = place.lock().expect("no panic");
            if let Some(sleep) = place.sleep.take() {
                return Poll::Ready(sleep);
            }
            place.waker = Some(cx.waker().clone());
            Poll::Pending
        });
        (theirs, wait)
    }
}
