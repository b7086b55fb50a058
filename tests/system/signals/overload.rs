//! More signals than there is room for.

use fend::signal::{Signal, Signals};

use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(
    those_that_nobody_reads_become_one_with_a_count,
    realtime_signals_keep_their_order_and_values_while_there_is_room,
);

/// Each raise has run the handler, so that the count is exact.
fn those_that_nobody_reads_become_one_with_a_count(shape: Shape) {
    let raises: u64 = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
    alone(shape, || {
        let mut signals = Signals::new([Signal::USR1, Signal::USR2]).expect("a listener");
        kernel::raise_here(Signal::USR2);
        for _ in 0..raises {
            kernel::raise_here(Signal::USR1);
        }
        shape.block_on(async {
            assert_eq!(signals.recv().await.expect("a signal").signal(), Signal::USR2);
            let info = signals.recv().await.expect("a signal");
            assert_eq!((info.signal(), info.count(), info.has_details()), (Signal::USR1, raises, true));
            assert!(signals.try_recv().expect("a listener").is_none());
            // And it goes on as ever.
            kernel::raise_here(Signal::USR1);
            let info = signals.recv().await.expect("a signal");
            assert_eq!((info.signal(), info.count(), info.has_details()), (Signal::USR1, 1, true));
        });
    });
}

fn realtime_signals_keep_their_order_and_values_while_there_is_room(shape: Shape) {
    const ROOM: usize = 512;
    const RAISES: usize = 2000;
    alone(shape, || {
        let signal = Signal::realtime(5).expect("a signal");
        let mut signals = Signals::new([signal]).expect("a listener");
        let queue = |values: std::ops::Range<usize>| {
            values.for_each(|value| kernel::queue_here(signal, value).expect("it was received at once"));
        };
        shape.block_on(async {
            queue(0..ROOM);
            for value in 0..ROOM {
                let info = signals.recv().await.expect("a signal");
                assert_eq!((info.value_pointer(), info.count()), (Some(value), 1));
            }
            assert!(signals.try_recv().expect("a listener").is_none());
            queue(0..RAISES);
            for value in 0..ROOM {
                assert_eq!(signals.recv().await.expect("a signal").value_pointer(), Some(value));
            }
            let mut missed = 0;
            while missed < (RAISES - ROOM) as u64 {
                let info = signals.recv().await.expect("a signal");
                assert_eq!((info.signal(), info.has_details(), info.value()), (signal, false, None));
                missed += info.count();
            }
            assert_eq!(missed, (RAISES - ROOM) as u64);
            assert!(signals.try_recv().expect("a listener").is_none());
        });
    });
}
