//! Several runtimes listen for one signal.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use fend::Runtime;
use fend::signal::{self, Signal, Signals};
use futures_lite::future::poll_once;

use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(
    each_runtime_receives_every_signal_whatever_becomes_of_the_others,
    a_listener_outlives_the_runtimes_that_it_waits_on,
    listeners_come_and_go_under_a_storm,
    who_begins_to_listen_when_a_signal_was_received_does_not_receive_it,
);

const RAISES: u64 = 10_000;

/// Counts the signals that a task on this runtime receives.
fn count_on(runtime: &Runtime) -> Arc<AtomicU64> {
    let received = Arc::new(AtomicU64::new(0));
    let mut signals = Signals::new([Signal::USR1]).expect("a listener");
    let count = Arc::clone(&received);
    drop(runtime.spawn(async move {
        while let Ok(info) = signals.recv().await {
            assert_eq!(info.signal(), Signal::USR1);
            count.fetch_add(info.count(), SeqCst);
        }
    }));
    received
}

fn raise_from_threads(raises: u64) {
    const THREADS: u64 = 4;
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..raises / THREADS {
                    signal::raise(Signal::USR1).expect("a signal sent");
                }
            });
        }
    });
}

/// SP1. Every run of the handler is accounted for, so that what came after the last raise was received too.
fn each_runtime_receives_every_signal_whatever_becomes_of_the_others(shape: Shape) {
    alone(shape, || {
        // Called after ours, which has handed the signal over by then.
        kernel::count(Signal::USR1);
        let runtimes = [(); 3].map(|()| shape.build());
        let received = runtimes.each_ref().map(count_on);
        raise_from_threads(RAISES / 2);
        kernel::eventually("all three have received some", || {
            received.iter().all(|received| received.load(SeqCst) > 0)
        });
        let [first, dropped, last] = runtimes;
        drop(dropped);
        raise_from_threads(RAISES / 2);
        kernel::raise_here(Signal::USR1);
        kernel::eventually("two listeners have received all", || {
            let handled = kernel::HANDLED.load(SeqCst);
            [0, 2].iter().all(|index| received[*index].load(SeqCst) == handled)
        });
        drop(first);
        let before = received[2].load(SeqCst);
        kernel::raise_here(Signal::USR1);
        kernel::eventually("the last one receives", || received[2].load(SeqCst) > before);
        drop(last);
    });
}

/// Both begin to wait on a runtime that goes; one then waits on the next one, and one within a task of another one, which is told.
fn a_listener_outlives_the_runtimes_that_it_waits_on(shape: Shape) {
    alone(shape, || {
        fend::block_on(async {}); // The default runtime keeps its descriptors.
        let other = shape.build();
        let mut signals = Signals::new([Signal::USR1]).expect("a listener");
        let mut ctrl_c = signal::ctrl_c();
        let fds = crate::process::open_fds();
        for _ in 0..3 {
            let runtime = shape.build();
            runtime.block_on(async {
                assert!(poll_once(signals.recv()).await.is_none());
                assert!(poll_once(&mut ctrl_c).await.is_none());
            });
            let waiting = Arc::new(AtomicBool::new(false));
            let elsewhere = other.spawn({
                let waiting = Arc::clone(&waiting);
                async move {
                    assert!(poll_once(&mut ctrl_c).await.is_none());
                    waiting.store(true, SeqCst);
                    (&mut ctrl_c).await.map(|()| ctrl_c)
                }
            });
            kernel::eventually("it waits", || waiting.load(SeqCst));
            drop(runtime);
            shape.block_on(async {
                assert!(poll_once(signals.recv()).await.is_none());
                signal::raise(Signal::USR1).expect("a signal sent");
                assert_eq!(signals.recv().await.expect("a signal").signal(), Signal::USR1);
            });
            // What came while no runtime waited is not lost either.
            kernel::raise_here(Signal::USR1);
            kernel::raise_here(Signal::INT);
            assert_eq!(shape.block_on(signals.recv()).expect("a signal").count(), 1);
            ctrl_c = fend::block_on(elsewhere).expect("no panic").expect("a signal");
        }
        // Away from the last one that has shut down, which it keeps.
        assert!(other.block_on(poll_once(signals.recv())).is_none());
        assert!(other.block_on(poll_once(&mut ctrl_c)).is_none());
        // Whoever has woken a task holds on to its runtime for a moment. If one leaks, this stalls.
        while crate::process::open_fds() != fds {
            thread::yield_now();
        }
    });
}

/// Listeners one after the other, each until it has received the second signal.
async fn listen_again_and_again() -> io::Result<()> {
    for _ in 0..if cfg!(debug_assertions) { 200 } else { 2000 } {
        let mut signals = Signals::new([Signal::USR1])?;
        signals.add(Signal::USR2)?;
        while signals.recv().await?.signal() != Signal::USR2 {}
    }
    Ok(())
}

/// No crash, no descriptor lost, and each new listener works.
fn listeners_come_and_go_under_a_storm(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        runtime.block_on(async { drop(Signals::new([Signal::USR1, Signal::USR2]).expect("a listener")) });
        let fds = crate::process::open_fds();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for signal in [Signal::USR1, Signal::USR2] {
                let over = &over;
                scope.spawn(move || {
                    while !over.load(SeqCst) {
                        signal::raise(signal).expect("a signal sent");
                    }
                });
            }
            let threads = [(); 2].map(|()| scope.spawn(|| shape.block_on(listen_again_and_again())));
            let result = runtime.block_on(listen_again_and_again());
            let results = threads.map(|thread| thread.join().expect("no panic"));
            over.store(true, SeqCst);
            result.expect("listeners");
            results.into_iter().for_each(|result| result.expect("listeners"));
        });
        assert_eq!(crate::process::open_fds(), fds);
    });
}

/// Handlers go from the newest place for a listener to the oldest one. Whom one has been at may already listen a second time, in a place that
/// the handler comes to later.
fn who_begins_to_listen_when_a_signal_was_received_does_not_receive_it(shape: Shape) {
    const ROUNDS: usize = if cfg!(debug_assertions) { 500 } else { 5000 };
    alone(shape, || {
        let mut added = Signals::new([]).expect("a listener");
        let oldest = Signals::new([]).expect("a listener");
        let mut first = Signals::new([Signal::USR1]).expect("a listener");
        drop(oldest);
        for _ in 0..ROUNDS {
            thread::scope(|scope| {
                let handler = scope.spawn(|| kernel::raise_here(Signal::USR1));
                while first.try_recv().expect("a listener").is_none() {
                    std::hint::spin_loop();
                }
                let mut second = Signals::new([Signal::USR1]).expect("a listener");
                added.add(Signal::USR1).expect("it can be caught");
                handler.join().expect("no panic");
                for later in [&mut second, &mut added] {
                    assert!(later.try_recv().expect("a listener").is_none(), "it came before");
                }
                // And the next one comes.
                kernel::raise_here(Signal::USR1);
                for listener in [&mut first, &mut second, &mut added] {
                    let info = listener.try_recv().expect("a listener").expect("a signal");
                    assert_eq!(info.count(), 1);
                }
                added.remove(Signal::USR1);
            });
        }
    });
}
