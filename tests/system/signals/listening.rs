//! Receiving: by calls, by polls, as a stream; given up and taken up again.

use fend::signal::{Signal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::poll_once;

use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(
    a_wait_given_up_loses_nothing,
    signals_are_added_and_removed,
    a_stream_gives_each_signal_and_ends_after_an_error,
    one_descriptor_each,
);

fn a_wait_given_up_loses_nothing(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            let mut signals = Signals::new([Signal::USR1, Signal::USR2]).expect("a listener");
            for polls in 0..5 {
                for _ in 0..polls {
                    assert!(poll_once(signals.recv()).await.is_none());
                }
                {
                    let mut given_up = std::pin::pin!(signals.recv());
                    assert!(poll_once(given_up.as_mut()).await.is_none());
                    kernel::raise_here(Signal::USR1);
                    kernel::raise_here(Signal::USR2);
                }
                assert_eq!(signals.recv().await.expect("a signal").signal(), Signal::USR1);
                assert_eq!(signals.recv().await.expect("a signal").signal(), Signal::USR2);
            }
        });
    });
}

fn signals_are_added_and_removed(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            let mut signals = Signals::new([]).expect("a listener");
            let _keeps_it_caught = Signals::new([Signal::USR1]).expect("a listener");
            kernel::raise_here(Signal::USR1);
            assert!(poll_once(signals.recv()).await.is_none());
            signals.add(Signal::USR1).expect("it can be caught");
            signals.add(Signal::USR2).expect("it can be caught");
            assert!(signals.contains(Signal::USR1) && !signals.contains(Signal::HUP));
            assert_eq!(format!("{signals:?}"), "Signals { signals: [SIGUSR1, SIGUSR2], pending: 0 }");
            kernel::raise_here(Signal::USR1);
            kernel::raise_here(Signal::USR2);
            signals.remove(Signal::USR1);
            kernel::raise_here(Signal::USR1);
            assert_eq!(signals.recv().await.expect("a signal").signal(), Signal::USR2);
            assert!(poll_once(signals.recv()).await.is_none());
        });
    });
}

fn a_stream_gives_each_signal_and_ends_after_an_error(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let mut signals = Signals::new([Signal::USR1]).expect("a listener");
        runtime.block_on(async {
            assert!(poll_once(signals.next()).await.is_none());
            kernel::raise_here(Signal::USR1);
            let info = signals.next().await.expect("it goes on").expect("a signal");
            assert_eq!(info.signal(), Signal::USR1);
        });
        let gone = runtime.handle();
        drop(runtime);
        let _entered = gone.enter();
        futures_lite::future::block_on(async {
            let error =
                signals.next().await.expect("an error").expect_err("it is to wait where nothing waits");
            assert!(error.to_string().contains("shut down"), "{error}");
            assert!(signals.next().await.is_none());
        });
    });
}

fn one_descriptor_each(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            let before = crate::process::open_fds().len();
            let listeners: Vec<Signals> =
                (0..10).map(|_| Signals::new([Signal::USR1, Signal::HUP]).expect("a listener")).collect();
            assert_eq!(crate::process::open_fds().len(), before + 10);
            drop(listeners);
            assert_eq!(crate::process::open_fds().len(), before);
        });
    });
}

/// They go wherever a program takes them.
const _: () = {
    const fn check<T: Send + Sync + Unpin + std::fmt::Debug + 'static>() {}
    check::<Signals>();
    check::<fend::signal::CtrlC>();
    check::<fend::signal::SignalInfo>();
};
