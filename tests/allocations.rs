//! What tasks cost in allocations, counted by the process's allocator for the test's own thread: the harness allocates beside it.
#![expect(unsafe_code, reason = "a counting allocator")]
#![expect(clippy::print_stdout, reason = "the sizes are part of what this test is for")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use fend::runtime::Builder;

struct Counting;

thread_local! {
    /// Allocations by this thread, and their bytes.
    static MADE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    /// Bytes that this thread has freed. With one worker nobody else frees what it has made.
    static FREED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = MADE.try_with(|made| made.set((made.get().0 + 1, made.get().1 + layout.size())));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let _ = FREED.try_with(|freed| freed.set(freed.get() + layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that this thread has allocated and not freed.
fn live() -> isize {
    MADE.get().1 as isize - FREED.get() as isize
}

/// Allocations, and their bytes, of this thread since `before`.
fn since(before: (usize, usize)) -> (usize, usize) {
    (MADE.get().0 - before.0, MADE.get().1 - before.1)
}

/// A task is one allocation; polls and wake-ups are none. EX4: a waker that outlives task and runtime holds the task's memory,
/// which goes with it.
#[test]
fn tasks_cost_one_allocation() {
    let runtime = Builder::new().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        // Whatever is made once and kept.
        for _ in 0..100 {
            fend::spawn(fend::yield_now()).await.unwrap();
        }
        for _ in 0..1_000 {
            fend::yield_now().await;
        }

        let before = MADE.get();
        for number in 0..100_u64 {
            assert_eq!(fend::spawn(async move { number }).await.unwrap(), number);
        }
        let (count, bytes) = since(before);
        println!("spawn and await: {} bytes a task", bytes / 100);
        assert_eq!(count, 100, "one allocation a task");
        assert!(bytes <= 100 * 128);

        let before = MADE.get();
        for _ in 0..1_000 {
            fend::yield_now().await;
        }
        assert_eq!(since(before), (0, 0), "yield_now");

        let idle: Vec<_> = Vec::with_capacity(1_000);
        let before = MADE.get();
        let idle = (0..1_000).fold(idle, |mut idle, _| {
            idle.push(fend::spawn(std::future::pending::<()>()));
            idle
        });
        let (count, bytes) = since(before);
        println!("an idle task: {} bytes", bytes / 1_000);
        // A burst that overflows the worker's queue makes the injector's buffer grow.
        assert!((1_000..1_020).contains(&count), "{count} allocations for 1,000 tasks");
        drop(idle);
    });

    let before = MADE.get();
    assert_eq!(runtime.block_on(async { 7 }), 7);
    let (count, bytes) = since(before);
    println!("block_on of a ready future: {count} allocations, {bytes} bytes");
    assert!(count <= 8, "{count} allocations for a block_on");
    drop(runtime);

    let base = live();
    let runtime = Builder::new().worker_threads(1).build().unwrap();
    let mut kept = None;
    runtime.block_on(poll_fn(|_| Poll::Ready(())));
    let (sender, receiver) = std::sync::mpsc::sync_channel::<Waker>(1);
    let task = runtime.spawn(poll_fn(move |cx| {
        sender.send(cx.waker().clone()).unwrap();
        Poll::Ready(())
    }));
    runtime.block_on(task).unwrap();
    kept.replace(receiver.recv().unwrap());
    drop((runtime, receiver));
    let with_waker = live();
    assert!(with_waker > base, "the waker holds the task");
    drop(kept);
    let left = live() - base;
    println!("a runtime and a late waker leave {left} bytes");
    // Once for the process, the channel keeps its thread's parking place.
    assert!(left < 512, "{left} bytes are left");
}
