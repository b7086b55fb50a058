//! What signals did before they were caught.

use std::io;
use std::sync::atomic::Ordering::SeqCst;

use fend::signal::{self, Signal, Signals};

use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(
    signals_that_nobody_can_wait_for_are_refused,
    a_dropped_listener_leaves_the_signal_caught,
    restoring_brings_back_what_was_there,
    a_handler_installed_later_stays,
);

fn signals_that_nobody_can_wait_for_are_refused(shape: Shape) {
    alone(shape, || {
        let fds = crate::process::open_fds();
        for (signal, why) in [(Signal::KILL, "kernel"), (Signal::SEGV, "thread"), (Signal::STOP, "kernel")] {
            let error = Signals::new([Signal::USR1, signal]).expect_err("it cannot be caught");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            let text = error.to_string();
            assert!(text.contains(&signal.to_string()) && text.contains(why), "{text}");
        }
        let limit = crate::process::limit_fds(0);
        let error = Signals::new([Signal::USR1]).expect_err("no descriptor is left");
        crate::process::limit_fds(limit);
        let text = error.to_string();
        assert!(text.contains("eventfd") && text.contains("Too many open files"), "{text}");
        // Without a listener a signal does what it did.
        assert_eq!(kernel::action(Signal::USR1).sa_sigaction, libc::SIG_DFL);
        assert_eq!(crate::process::open_fds(), fds);
    });
}

/// The default of each would end the process.
fn a_dropped_listener_leaves_the_signal_caught(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            for _ in 0..100 {
                let mut signals = Signals::new([Signal::TERM]).expect("a listener");
                kernel::raise_here(Signal::TERM);
                assert_eq!(signals.recv().await.expect("a signal").count(), 1, "none of those before");
                drop(signals);
                kernel::raise_here(Signal::TERM);
            }
        });
    });
}

/// The C library adds it to what it sets; the kernel's number of it.
const SA_RESTORER: i32 = 0x0400_0000;

fn restoring_brings_back_what_was_there(shape: Shape) {
    alone(shape, || {
        // Never caught: nothing to restore.
        signal::restore(Signal::HUP).expect("nothing happens");
        assert_eq!(kernel::action(Signal::HUP).sa_sigaction, libc::SIG_DFL);

        kernel::ignore(Signal::USR2);
        kernel::count(Signal::USR1);
        let before = [Signal::USR1, Signal::USR2, Signal::TERM].map(kernel::action);
        for round in 0..3 {
            let mut signals = Signals::new([Signal::USR1, Signal::USR2, Signal::TERM]).expect("a listener");
            kernel::raise_here(Signal::USR1);
            assert_eq!(shape.block_on(signals.recv()).expect("a signal").signal(), Signal::USR1);
            assert_eq!(kernel::HANDLED.load(SeqCst), 2 * round + 1);
            for (signal, before) in [Signal::USR1, Signal::USR2, Signal::TERM].into_iter().zip(before) {
                signal::restore(signal).expect("ours is there");
                signal::restore(signal).expect("a second time nothing happens");
                let now = kernel::action(signal);
                assert_eq!(now.sa_sigaction, before.sa_sigaction);
                assert_eq!((now.sa_flags ^ before.sa_flags) & !SA_RESTORER, 0);
            }
            kernel::raise_here(Signal::USR1);
            assert_eq!(kernel::HANDLED.load(SeqCst), 2 * round + 2);
            assert!(signals.try_recv().expect("a listener").is_none());
        }
    });
}

fn a_handler_installed_later_stays(shape: Shape) {
    alone(shape, || {
        let _signals = Signals::new([Signal::USR1]).expect("a listener");
        kernel::count(Signal::USR1);
        let theirs = kernel::action(Signal::USR1).sa_sigaction;
        let error = signal::restore(Signal::USR1).expect_err("theirs is there");
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        assert!(error.to_string().contains("SIGUSR1"), "{error}");
        let _more = Signals::new([Signal::USR1]).expect("a listener");
        assert_eq!(kernel::action(Signal::USR1).sa_sigaction, theirs);
        // One that has put the default back does not call ours: it is caught anew.
        kernel::take_default(Signal::USR1);
        let mut signals = Signals::new([Signal::USR1]).expect("a listener");
        kernel::raise_here(Signal::USR1);
        assert_eq!(shape.block_on(signals.recv()).expect("a signal").count(), 1);
        assert_eq!(kernel::HANDLED.load(SeqCst), 0);
        signal::restore(Signal::USR1).expect("ours is there");
        assert_eq!(kernel::action(Signal::USR1).sa_sigaction, libc::SIG_DFL);
    });
}
