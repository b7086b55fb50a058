//! Who sent a signal, and what with it.

use std::process::Command;
use std::time::Duration;

use fend::Runtime;
use fend::signal::{Code, Signal, SignalInfo, Signals};

use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(
    a_process_that_kills_is_known,
    values_come_along,
    a_child_that_ends_is_known,
    one_sent_to_a_thread_says_so,
);

fn receive(runtime: &Runtime, signals: &mut Signals) -> SignalInfo {
    runtime.block_on(signals.recv()).expect("a signal")
}

fn a_process_that_kills_is_known(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let mut signals = Signals::new([Signal::USR1]).expect("a listener");
        let mut shell = Command::new("sh").args(["-c", "kill -USR1 $PPID"]).spawn().expect("a shell");
        let info = receive(&runtime, &mut signals);
        assert_eq!((info.signal(), info.code(), info.count()), (Signal::USR1, Some(Code::User), 1));
        assert_eq!((info.pid(), info.uid()), (Some(shell.id()), Some(kernel::user())));
        assert_eq!((info.value(), info.status(), info.overrun()), (None, None, None));
        assert!(shell.wait().expect("it ends").success());
    });
}

fn values_come_along(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let mut signals = Signals::new([Signal::USR1, Signal::USR2]).expect("a listener");
        kernel::queue_here(Signal::USR1, usize::MAX - 6).expect("queued");
        let info = receive(&runtime, &mut signals);
        assert_eq!((info.code(), info.pid()), (Some(Code::Queue), Some(std::process::id())));
        assert_eq!((info.value_pointer(), info.value()), (Some(usize::MAX - 6), Some(-7)));

        kernel::signal_later(Signal::USR2, 12, Duration::from_millis(5));
        let info = receive(&runtime, &mut signals);
        assert_eq!((info.signal(), info.code()), (Signal::USR2, Some(Code::Timer)));
        assert_eq!((info.value_pointer(), info.overrun(), info.pid()), (Some(12), Some(0), None));
    });
}

fn a_child_that_ends_is_known(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let mut signals = Signals::new([Signal::CHLD]).expect("a listener");
        let mut shell = Command::new("sh").args(["-c", "exit 3"]).spawn().expect("a shell");
        let info = receive(&runtime, &mut signals);
        assert_eq!((info.code(), info.status()), (Some(Code::ChildExited), Some(3)));
        assert_eq!(info.pid(), Some(shell.id()));
        assert_eq!(shell.wait().expect("it is there to be waited for").code(), Some(3));

        let mut shell = Command::new("sh").args(["-c", "kill -KILL $$"]).spawn().expect("a shell");
        let info = receive(&runtime, &mut signals);
        assert_eq!((info.code(), info.status()), (Some(Code::ChildKilled), Some(libc::SIGKILL)));
        shell.wait().expect("it is there to be waited for");
    });
}

fn one_sent_to_a_thread_says_so(shape: Shape) {
    alone(shape, || {
        let runtime = shape.build();
        let mut signals = Signals::new([Signal::USR1]).expect("a listener");
        kernel::raise_here(Signal::USR1);
        let info = receive(&runtime, &mut signals);
        assert_eq!((info.code(), info.pid()), (Some(Code::Thread), Some(std::process::id())));
    });
}
