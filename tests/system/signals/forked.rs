//! Signals in a child that has not yet executed another program.

use std::fs;
use std::sync::atomic::Ordering::SeqCst;

use fend::signal::{Signal, Signals};
use futures_lite::future::poll_once;

use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(
    a_child_writes_nothing_into_its_parents_listeners,
    a_child_that_shares_memory_writes_nothing_either,
    a_child_is_told_and_may_listen_anew,
);

/// What stands in this process's eventfds, which a child of a fork shares with it.
fn event_counts() -> Vec<String> {
    let fds = crate::process::open_fds();
    let texts = fds.iter().filter_map(|fd| fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok());
    let counts =
        texts.filter_map(|text| Some(text.lines().find(|line| line.starts_with("eventfd-count"))?.into()));
    counts.collect()
}

/// The only signal that the parent receives is its own.
fn only_the_second(shape: Shape, signals: &mut Signals) {
    shape.block_on(async {
        assert!(poll_once(signals.recv()).await.is_none());
        kernel::raise_here(Signal::USR2);
        let info = signals.recv().await.expect("a signal");
        assert_eq!((info.signal(), info.count()), (Signal::USR2, 1));
    });
}

fn a_child_writes_nothing_into_its_parents_listeners(shape: Shape) {
    alone(shape, || {
        kernel::count(Signal::USR1);
        let mut signals = Signals::new([Signal::USR1, Signal::USR2]).expect("a listener");
        let counts = event_counts();
        assert!(!counts.is_empty(), "the listener has one");
        let status = kernel::forked(|| {
            for _ in 0..1000 {
                kernel::raise_here(Signal::USR1);
            }
            // The handlers that were there are called in the child as well.
            u8::from(kernel::HANDLED.load(SeqCst) == 1000)
        });
        assert_eq!(status, 1);
        assert_eq!(event_counts(), counts);
        only_the_second(shape, &mut signals);
    });
}

fn a_child_that_shares_memory_writes_nothing_either(shape: Shape) {
    alone(shape, || {
        kernel::count(Signal::USR1);
        let mut signals = Signals::new([Signal::USR1, Signal::USR2]).expect("a listener");
        assert_eq!(kernel::raise_in_a_child_that_shares_memory(Signal::USR1), 1);
        only_the_second(shape, &mut signals);
    });
}

/// SP9
fn a_child_is_told_and_may_listen_anew(shape: Shape) {
    alone(shape, || {
        let mut signals = Signals::new([Signal::USR1, Signal::USR2]).expect("a listener");
        kernel::raise_here(Signal::USR1);
        let status = kernel::forked(|| {
            let error = signals.try_recv().expect_err("it is the parent's");
            assert!(error.to_string().contains("fork"), "{error}");
            drop(signals);
            let mut signals = Signals::new([Signal::USR1]).expect("a listener");
            assert!(signals.try_recv().expect("its own").is_none());
            kernel::raise_here(Signal::USR1);
            u8::from(signals.try_recv().expect("its own").is_some())
        });
        assert_eq!(status, 1);
    });
}
