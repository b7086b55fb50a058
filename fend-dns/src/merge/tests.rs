use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_lite::future::block_on;

use super::*;

impl Answerable for Result<u32, String> {
    fn panicked(message: &str) -> Self {
        Err(message.to_owned())
    }
}

type Answer = Result<u32, String>;
type Questions = UnderWay<&'static str, Answer>;

#[derive(Default)]
struct Counter(AtomicUsize);

impl Counter {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counting() -> (Arc<Counter>, Waker) {
    let counter = Arc::new(Counter::default());
    (counter.clone(), Waker::from(counter))
}

fn poll(asker: &mut Asker<&'static str, Answer>, waker: &Waker) -> Poll<Answer> {
    Pin::new(asker).poll(&mut Context::from_waker(waker))
}

/// A future that the test opens: it counts its polls, and hands out its waker.
#[derive(Default)]
struct Gate {
    open: Mutex<Option<u32>>,
    waker: Mutex<Option<Waker>>,
    polls: AtomicUsize,
}

impl Gate {
    fn future(self: &Arc<Self>) -> Driver<Answer> {
        let gate = self.clone();
        Box::pin(poll_fn(move |cx| {
            gate.polls.fetch_add(1, Ordering::SeqCst);
            *gate.waker.lock() = Some(cx.waker().clone());
            let open = *gate.open.lock();
            open.map_or(Poll::Pending, |value| Poll::Ready(Ok(value)))
        }))
    }

    fn wake(&self) {
        let waker = self.waker.lock().clone();
        waker.unwrap().wake();
    }

    fn open(&self, value: u32) {
        *self.open.lock() = Some(value);
        self.wake();
    }

    fn polls(&self) -> usize {
        self.polls.load(Ordering::SeqCst)
    }
}

#[test]
fn all_who_ask_at_the_same_time_get_one_answer() {
    let questions = Questions::new();
    let gate = Arc::new(Gate::default());
    let (mut first, joined) = questions.join("a", || gate.future());
    assert!(!joined);
    let (mut second, joined) = questions.join("a", || panic!("asked twice"));
    assert!(joined);
    let ((count, waker), (other_count, other_waker)) = (counting(), counting());
    assert_eq!(poll(&mut first, &waker), Poll::Pending);
    assert_eq!(poll(&mut second, &other_waker), Poll::Pending);
    // The second had nothing to drive.
    assert_eq!(gate.polls(), 1);
    gate.open(7);
    assert_eq!((count.count(), other_count.count()), (1, 1));
    assert_eq!(poll(&mut second, &other_waker), Poll::Ready(Ok(7)));
    // The first was woken already, and has not been polled since.
    assert_eq!(count.count(), 1);
    assert_eq!(poll(&mut first, &waker), Poll::Ready(Ok(7)));
    assert_eq!(gate.polls(), 2);
    assert_eq!(questions.len(), 0);
}

#[test]
fn another_question_is_asked_by_itself_and_the_same_one_again_after_its_answer() {
    let questions = Questions::new();
    let (first, _) = questions.join("a", || Box::pin(ready(Ok(1))));
    let (other, joined) = questions.join("b", || Box::pin(ready(Ok(2))));
    assert!(!joined);
    assert_eq!((block_on(first), block_on(other)), (Ok(1), Ok(2)));
    let (again, joined) = questions.join("a", || Box::pin(ready(Ok(3))));
    assert!(!joined);
    assert_eq!(block_on(again), Ok(3));
}

/// An asker may be alive and not polled: in the other arm of a `select`.
#[test]
fn one_that_is_not_polled_any_more_stalls_nobody() {
    let questions = Questions::new();
    let gate = Arc::new(Gate::default());
    let (mut idle, _) = questions.join("a", || gate.future());
    let (mut busy, _) = questions.join("a", || unreachable!());
    let (count, waker) = counting();
    assert_eq!(poll(&mut idle, Waker::noop()), Poll::Pending);
    assert_eq!(poll(&mut busy, &waker), Poll::Pending);
    gate.open(1);
    assert_eq!(count.count(), 1);
    assert_eq!(poll(&mut busy, &waker), Poll::Ready(Ok(1)));
}

/// DN8: what a question holds is free at once when nobody waits for it.
#[test]
fn the_last_one_to_go_drops_the_question() {
    let questions = Questions::new();
    let held = Arc::new(());
    let weak: Weak<()> = Arc::downgrade(&held);
    let (mut first, _) = questions.join("a", move || {
        Box::pin(async move {
            let _held = held;
            pending().await
        })
    });
    let (mut second, _) = questions.join("a", || unreachable!());
    assert!(poll(&mut first, Waker::noop()).is_pending() && poll(&mut second, Waker::noop()).is_pending());
    drop(first);
    assert!(weak.upgrade().is_some());
    drop(second);
    assert!(weak.upgrade().is_none());
    assert_eq!(questions.len(), 0);
    let (_asker, joined) = questions.join("a", || Box::pin(ready(Ok(1))));
    assert!(!joined);
}

#[test]
fn places_of_those_who_left_are_used_again() {
    let questions = Questions::new();
    let (_stays, _) = questions.join("a", || Box::pin(pending()));
    for _ in 0..100 {
        drop(questions.join("a", || unreachable!()));
    }
    let shared = questions.questions.lock().get("a").unwrap().clone();
    assert_eq!(shared.state.lock().wakers.len(), 2);
}

#[test]
fn a_panic_is_an_error_for_all() {
    let questions = Questions::new();
    let (mut first, _) = questions.join("a", || Box::pin(async { panic!("by the {}", "way") }));
    let (mut second, _) = questions.join("a", || unreachable!());
    let (count, waker) = counting();
    assert_eq!(poll(&mut first, &waker), Poll::Ready(Err("by the way".to_owned())));
    assert_eq!(poll(&mut second, &waker), Poll::Ready(Err("by the way".to_owned())));
    assert_eq!(questions.len(), 0);
    drop(count);
}

struct Rude;

impl Wake for Rude {
    fn wake(self: Arc<Self>) {
        panic!("rude");
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_asleep() {
    let questions = Questions::new();
    let gate = Arc::new(Gate::default());
    let (mut first, _) = questions.join("a", || gate.future());
    let (mut second, _) = questions.join("a", || unreachable!());
    let (count, waker) = counting();
    assert!(poll(&mut first, &Waker::from(Arc::new(Rude))).is_pending());
    assert!(poll(&mut second, &waker).is_pending());
    gate.open(1);
    assert_eq!(count.count(), 1);
    assert_eq!(poll(&mut second, &waker), Poll::Ready(Ok(1)));
}

/// The future is woken while it is polled, and another asker comes meanwhile: it is refused, and woken when the poll has ended.
#[test]
fn one_that_comes_during_a_poll_is_woken_when_that_has_ended_with_something_left_to_do() {
    let questions = Arc::new(Questions::new());
    let refused = Arc::new(Mutex::new(None));
    let (count, waker) = counting();
    let late = (questions.clone(), refused.clone(), waker.clone());
    let mut polls = 0;
    let future = poll_fn(move |cx| {
        polls += 1;
        if polls == 1 {
            cx.waker().wake_by_ref();
            let (mut asker, joined) = late.0.join("a", || unreachable!());
            assert!(joined && poll(&mut asker, &late.2).is_pending());
            *late.1.lock() = Some(asker);
            return Poll::Pending;
        }
        Poll::Ready(Ok(5))
    });
    let (mut first, _) = questions.join("a", || Box::pin(future));
    assert!(poll(&mut first, Waker::noop()).is_pending());
    // The first is never polled again.
    assert_eq!(count.count(), 1);
    let mut refused = refused.lock().take().unwrap();
    assert_eq!(poll(&mut refused, &waker), Poll::Ready(Ok(5)));
}

/// Threads that ask, give up and are woken at any moment; each question needs many polls, woken from elsewhere.
#[test]
fn threads_that_ask_and_give_up_never_sleep_for_ever() {
    const ROUNDS: usize = 300;
    let questions = Arc::new(Questions::new());
    let asked = Arc::new(AtomicUsize::new(0));
    let begin = |asked: &Arc<AtomicUsize>| -> Driver<Answer> {
        asked.fetch_add(1, Ordering::SeqCst);
        let mut left = 20;
        Box::pin(poll_fn(move |cx| {
            left -= 1;
            if left == 0 {
                return Poll::Ready(Ok(9));
            }
            let waker = cx.waker().clone();
            match left % 3 {
                0 => waker.wake(),
                _ => drop(thread::spawn(move || waker.wake())),
            }
            Poll::Pending
        }))
    };
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let (questions, asked) = (questions.clone(), asked.clone());
            thread::spawn(move || {
                for round in 0..ROUNDS {
                    let (mut asker, _) = questions.join("a", || begin(&asked));
                    if (round + number) % 5 == 0 {
                        assert!(
                            poll(&mut asker, Waker::noop())
                                .map_ok(|value| assert_eq!(value, 9))
                                .map_err(drop)
                                != Poll::Ready(Err(()))
                        );
                        continue;
                    }
                    assert_eq!(block_on(pin!(asker)), Ok(9));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(questions.len(), 0);
    assert!(asked.load(Ordering::SeqCst) <= 4 * ROUNDS);
}
