use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use super::{CancellationToken, RunUntilCancelled, WaitForCancellation, WaitForCancellationOwned};

#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counter() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), count.into())
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

#[test]
fn a_cancel_reaches_clones_and_descendants_but_not_ancestors_or_siblings() {
    let root = CancellationToken::new();
    let (left, right) = (root.child_token(), root.child_token());
    let below = left.child_token();
    left.clone().cancel();
    assert!(left.is_cancelled() && below.is_cancelled());
    assert!(!root.is_cancelled() && !right.is_cancelled());
    root.cancel();
    assert!(right.is_cancelled());
    assert!(root.child_token().is_cancelled());
}

#[test]
fn a_dropped_token_between_two_still_passes_the_cancel_on() {
    let root = CancellationToken::new();
    let below = root.child_token().child_token();
    root.cancel();
    assert!(below.is_cancelled());
}

#[test]
fn each_waiter_is_woken_once_however_often_the_token_is_cancelled() {
    let root = CancellationToken::new();
    let child = root.child_token();
    let (count, waker) = counter();
    let mut on_root = root.cancelled();
    let mut on_child = child.clone().cancelled_owned();
    assert!(poll(&mut on_root, &waker).is_pending());
    assert!(poll(&mut on_child, &waker).is_pending());
    assert_eq!(count.get(), 0);
    root.cancel();
    root.cancel();
    child.cancel();
    assert_eq!(count.get(), 2);
    assert!(poll(&mut on_root, &waker).is_ready());
    assert!(poll(&mut on_child, &waker).is_ready());
    assert!(poll(&mut root.cancelled(), &waker).is_ready());
}

#[test]
fn the_last_waker_is_the_one_woken() {
    let token = CancellationToken::new();
    let ((first_count, first), (second_count, second)) = (counter(), counter());
    let mut wait = token.cancelled();
    assert!(poll(&mut wait, &first).is_pending());
    assert!(poll(&mut wait, &first).is_pending());
    assert!(poll(&mut wait, &second).is_pending());
    drop(first);
    assert_eq!(Arc::strong_count(&first_count), 1, "the first waker is gone");
    assert_eq!(token.node.link_counts(), (0, 1));
    token.cancel();
    assert_eq!((first_count.get(), second_count.get()), (0, 1));
}

#[test]
fn a_dropped_wait_leaves_no_waiter_behind() {
    let token = CancellationToken::new();
    let (count, waker) = counter();
    for _ in 0..1000 {
        assert!(poll(&mut token.cancelled(), &waker).is_pending());
        assert!(poll(&mut token.clone().cancelled_owned(), &waker).is_pending());
    }
    assert_eq!(token.node.link_counts(), (0, 0));
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1);
    token.cancel();
    assert_eq!(count.get(), 0);
}

#[test]
fn a_dropped_child_leaves_nothing_behind_in_its_parent() {
    let root = CancellationToken::new();
    let kept = root.child_token();
    for _ in 0..100_000 {
        drop(root.child_token().child_token());
    }
    assert_eq!(root.node.link_counts(), (1, 0));
    drop(kept);
    assert_eq!(root.node.link_counts(), (0, 0));
}

#[test]
#[ignore = "slow without optimisation: 10 million children"]
fn ten_million_children_leave_nothing_behind() {
    let root = CancellationToken::new();
    for _ in 0..10_000_000 {
        drop(root.child_token());
    }
    assert_eq!(root.node.link_counts(), (0, 0));
}

/// Deep enough to overflow a 64 KiB stack if either way were recursive.
const LEVELS: usize = 100_000;

fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(64 * 1024).spawn(body).unwrap().join().unwrap();
}

fn chain(root: &CancellationToken) -> CancellationToken {
    (0..LEVELS).fold(root.clone(), |token, _| token.child_token())
}

#[test]
fn a_deep_tree_is_cancelled_and_dropped_without_recursion() {
    on_a_small_stack(|| {
        let root = CancellationToken::new();
        let leaf = chain(&root);
        root.cancel();
        assert!(leaf.is_cancelled());
        drop(leaf);
        assert_eq!(Arc::strong_count(&root.node), 1, "every level is gone");
    });
}

#[test]
fn a_deep_tree_that_was_never_cancelled_is_dropped_without_recursion() {
    on_a_small_stack(|| {
        let root = CancellationToken::new();
        let leaf = chain(&root);
        drop(leaf);
        assert_eq!(root.node.link_counts(), (0, 0));
        assert_eq!(Arc::strong_count(&root.node), 1, "every level is gone");
    });
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        std::panic::resume_unwind(Box::new("a waker that panics"));
    }
}

/// EX8
#[test]
fn a_panicking_waker_keeps_nobody_asleep() {
    let token = CancellationToken::new();
    let (count, waker) = counter();
    let panics = Waker::from(Arc::new(Panics));
    let mut waits: Vec<_> = (0..9).map(|_| token.cancelled()).collect();
    for (i, wait) in waits.iter_mut().enumerate() {
        let waker = if i % 3 == 1 { &panics } else { &waker };
        assert!(poll(wait, waker).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| token.cancel())).is_ok());
    assert_eq!(count.get(), 6);
    assert!(waits.iter_mut().all(|wait| poll(wait, &waker).is_ready()));
}

/// Uses the token again wherever it runs.
struct Reenters {
    token: CancellationToken,
    nested: Mutex<Option<WaitForCancellationOwned>>,
    runs: Arc<AtomicUsize>,
}

impl Reenters {
    fn waker(token: &CancellationToken, runs: &Arc<AtomicUsize>) -> Waker {
        let mut nested = token.clone().cancelled_owned();
        let _ = poll(&mut nested, Waker::noop());
        Waker::from(Arc::new(Reenters {
            token: token.clone(),
            nested: Mutex::new(Some(nested)),
            runs: runs.clone(),
        }))
    }

    fn reenter(&self) {
        drop(self.nested.lock().unwrap().take());
        drop(self.token.child_token());
        let _ = poll(&mut self.token.cancelled(), Waker::noop());
        self.runs.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wake for Reenters {
    fn wake(self: Arc<Self>) {
        self.reenter();
        self.token.cancel();
    }
}

impl Drop for Reenters {
    fn drop(&mut self) {
        self.reenter();
    }
}

/// EX9
#[test]
fn wakers_that_re_enter_the_token_do_not_deadlock() {
    let token = CancellationToken::new();
    let runs = Arc::new(AtomicUsize::new(0));

    let mut wait = token.cancelled();
    assert!(poll(&mut wait, &Reenters::waker(&token, &runs)).is_pending());
    assert!(poll(&mut wait, &Reenters::waker(&token, &runs)).is_pending());
    assert_eq!(runs.load(Ordering::SeqCst), 1, "dropped when replaced");
    drop(wait);
    assert_eq!(runs.load(Ordering::SeqCst), 2, "dropped with its wait");

    let mut wait = token.cancelled();
    assert!(poll(&mut wait, &Reenters::waker(&token, &runs)).is_pending());
    token.cancel();
    drop(wait);
    assert_eq!(runs.load(Ordering::SeqCst), 4, "woken, then dropped");
}

#[test]
fn run_until_cancelled_gives_the_value_or_stops() {
    let token = CancellationToken::new();
    let (count, waker) = counter();
    let mut cx = Context::from_waker(&waker);

    let done = pin!(token.run_until_cancelled(async { 7 }));
    assert_eq!(done.poll(&mut cx), Poll::Ready(Some(7)));

    let mut stopped = pin!(token.run_until_cancelled(std::future::pending::<()>()));
    assert!(stopped.as_mut().poll(&mut cx).is_pending());
    token.cancel();
    assert_eq!(count.get(), 1);
    assert_eq!(stopped.poll(&mut cx), Poll::Ready(None));

    let unpolled = pin!(token.run_until_cancelled(async { unreachable!("the token comes first") }));
    let nothing: Poll<Option<()>> = unpolled.poll(&mut cx);
    assert_eq!(nothing, Poll::Ready(None));
    assert_eq!(token.node.link_counts(), (0, 0));
}

#[test]
fn a_drop_guard_cancels_unless_disarmed() {
    let token = CancellationToken::new();
    drop(token.child_token().drop_guard().disarm());
    let disarmed = token.clone().drop_guard().disarm();
    assert!(!disarmed.is_cancelled());

    let guard = token.clone().drop_guard();
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _guard = guard;
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(unwound.is_err());
    assert!(token.is_cancelled());
}

#[test]
fn tokens_and_futures_cross_threads() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<CancellationToken>();
    check::<WaitForCancellation<'static>>();
    check::<WaitForCancellationOwned>();
    check::<RunUntilCancelled<'static, ()>>();
    check::<super::DropGuard>();
}

/// Wakes the thread that waits.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait_here(token: &CancellationToken) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut wait = token.cancelled();
    while poll(&mut wait, &waker).is_pending() {
        thread::park();
    }
}

/// Waits, waits given up, children born and dropped, and two cancels, all at once: everyone ends, nothing is left.
#[test]
fn threads_race_with_a_cancel() {
    for _ in 0..200 {
        let root = CancellationToken::new();
        let start = Arc::new(Barrier::new(6));
        let threads: Vec<_> = (0..6)
            .map(|role| {
                let (token, start) = (root.clone(), start.clone());
                thread::spawn(move || {
                    start.wait();
                    match role {
                        0 | 1 => wait_here(&token),
                        2 => wait_here(&token.child_token().child_token()),
                        3 => {
                            while !token.is_cancelled() {
                                let child = token.child_token();
                                let _ = poll(&mut child.cancelled(), Waker::noop());
                                let _ = poll(&mut token.cancelled(), Waker::noop());
                            }
                        }
                        _ => token.cancel(),
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(root.node.link_counts(), (0, 0));
        assert_eq!(Arc::strong_count(&root.node), 1);
    }
}

/// Branches of one tree released by several threads at once: `Arc::into_inner` must find exactly one last owner.
#[test]
fn threads_race_to_drop_a_tree() {
    for _ in 0..200 {
        let root = CancellationToken::new();
        let trunk = (0..20).fold(root.clone(), |token, _| token.child_token());
        let start = Arc::new(Barrier::new(4));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (leaf, start) = (trunk.child_token(), start.clone());
                thread::spawn(move || {
                    start.wait();
                    drop(leaf);
                })
            })
            .collect();
        drop(trunk);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(root.node.link_counts(), (0, 0));
        assert_eq!(Arc::strong_count(&root.node), 1);
    }
}

#[test]
fn a_leaked_wait_is_woken_and_freed_with_the_tree() {
    let token = CancellationToken::new();
    let (count, waker) = counter();
    let mut wait = Box::pin(token.clone().cancelled_owned());
    assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    // Never dropped, and yet no leak to a leak checker.
    static LEAKED: Mutex<Vec<Pin<Box<WaitForCancellationOwned>>>> = Mutex::new(Vec::new());
    LEAKED.lock().unwrap().push(wait);
    token.cancel();
    assert_eq!(count.get(), 1);
    assert_eq!(token.node.link_counts(), (0, 0));
}
