//! The handler is a guest in whatever thread it runs, and among other handlers.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use fend::signal::{Signal, Signals};

use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(
    it_has_the_flags_that_guests_have,
    errno_is_as_it_was,
    handlers_that_were_there_are_called,
    a_handler_that_was_there_runs_on_the_alternate_stack,
    what_it_interrupts_goes_on,
);

fn listen(signal: Signal) -> Signals {
    Signals::new([signal]).expect("a listener")
}

/// SP10
fn it_has_the_flags_that_guests_have(shape: Shape) {
    alone(shape, || {
        let _signals = listen(Signal::USR1);
        let action = kernel::action(Signal::USR1);
        let flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        assert_eq!(action.sa_flags & flags, flags);
        assert_eq!(action.sa_flags & (libc::SA_NODEFER | libc::SA_RESETHAND | libc::SA_NOCLDWAIT), 0);
        // No other handler runs in the middle of it, but one of its own errors would.
        assert!(kernel::blocks(&action, Signal::USR1) && kernel::blocks(&action, Signal::TERM));
        assert!(!kernel::blocks(&action, Signal::SEGV));

        // Children that nobody wants to wait for go on to be reaped by the kernel.
        kernel::ignore(Signal::CHLD);
        let _children = listen(Signal::CHLD);
        assert_ne!(kernel::action(Signal::CHLD).sa_flags & libc::SA_NOCLDWAIT, 0);
    });
}

/// SP10
fn errno_is_as_it_was(shape: Shape) {
    alone(shape, || {
        kernel::count(Signal::USR1);
        let _full_in_the_end = listen(Signal::USR1);
        for _ in 0..2000 {
            kernel::set_errno(libc::EXDEV);
            kernel::raise_here(Signal::USR1);
            assert_eq!(kernel::errno(), libc::EXDEV);
        }
        assert_eq!(kernel::HANDLED.load(SeqCst), 2000, "and each changed it");
    });
}

/// SP10
fn handlers_that_were_there_are_called(shape: Shape) {
    alone(shape, || {
        kernel::count(Signal::USR1);
        kernel::count_with_info(Signal::USR2);
        kernel::ignore(Signal::HUP);
        let mut signals =
            Signals::new([Signal::USR1, Signal::USR2, Signal::HUP, Signal::TERM]).expect("a listener");
        // Not a second time when there is a second listener.
        let _second = Signals::new([Signal::USR1, Signal::USR2]).expect("a listener");
        kernel::raise_here(Signal::USR1);
        assert_eq!(kernel::HANDLED.load(SeqCst), 1);
        kernel::raise_here(Signal::USR2);
        assert_eq!(kernel::HANDLED.load(SeqCst), 2);
        assert_eq!(kernel::SENDER.load(SeqCst).unsigned_abs(), std::process::id());
        // Neither ignored nor the default, which would be the end.
        kernel::raise_here(Signal::HUP);
        kernel::raise_here(Signal::TERM);
        shape.block_on(async {
            for signal in [Signal::USR1, Signal::USR2, Signal::HUP, Signal::TERM] {
                assert_eq!(signals.recv().await.expect("a signal").signal(), signal);
            }
        });
        // Without a listener too.
        drop((signals, _second));
        kernel::raise_here(Signal::USR1);
        assert_eq!(kernel::HANDLED.load(SeqCst), 3);
    });
}

/// SP10
fn a_handler_that_was_there_runs_on_the_alternate_stack(shape: Shape) {
    alone(shape, || {
        kernel::count_with_info(Signal::USR1);
        let _signals = listen(Signal::USR1);
        let stack = kernel::on_an_alternate_stack(|| kernel::raise_here(Signal::USR1));
        assert!(stack.contains(&kernel::STACK.load(SeqCst)));
    });
}

/// SP8: a read that knows nothing of signals is not interrupted by ours.
fn what_it_interrupts_goes_on(shape: Shape) {
    const SIGNALS: u64 = 200;
    alone(shape, || {
        kernel::count(Signal::ALRM);
        let _signals = listen(Signal::ALRM);
        let (reader, mut writer) = std::os::unix::net::UnixStream::pair().expect("sockets");
        let reading = AtomicBool::new(true);
        thread::scope(|scope| {
            let (thread, name) = std::sync::mpsc::channel();
            let read = scope.spawn({
                let reading = &reading;
                move || {
                    thread.send(kernel::Thread::current()).expect("the test waits");
                    let byte = kernel::read_byte(reader.as_raw_fd());
                    reading.store(false, SeqCst);
                    byte
                }
            });
            let thread = name.recv().expect("it starts");
            while kernel::HANDLED.load(SeqCst) < SIGNALS {
                assert!(reading.load(SeqCst), "the read has ended early");
                thread.send(Signal::ALRM);
                thread::sleep(Duration::from_millis(1));
            }
            writer.write_all(b"x").expect("room");
            assert_eq!(read.join().expect("no panic").expect("no EINTR"), b'x');
        });
    });
}
