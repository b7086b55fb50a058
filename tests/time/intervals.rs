//! Ticks on a runtime, after a stall too.

use std::time::{Duration, Instant};

use fend::time::{self, MissedTickBehavior, advance, interval, interval_at};

use crate::shape::Shape;

on_every_shape!(ticks_after_a_stall, ticks_after_a_real_stall, extreme_periods);

const MS: Duration = Duration::from_millis(1);

/// TM6: the documented times, in milliseconds, of the ticks that are got, and when.
fn ticks_after_a_stall(shape: Shape) {
    shape.paused().block_on(async {
        let cases = [
            (MissedTickBehavior::Burst, [(0, 0), (100, 100), (1150, 200), (1150, 300), (1150, 400)]),
            (MissedTickBehavior::Delay, [(0, 0), (100, 100), (1150, 200), (1250, 1250), (1350, 1350)]),
            (MissedTickBehavior::Skip, [(0, 0), (100, 100), (1150, 200), (1200, 1200), (1300, 1300)]),
        ];
        for (behavior, expected) in cases {
            let start = time::now();
            let mut ticks = interval(100 * MS);
            ticks.set_missed_tick_behavior(behavior);
            for (number, (at, due)) in expected.into_iter().enumerate() {
                if number == 2 {
                    advance(1050 * MS).await;
                }
                let tick = ticks.tick().await;
                assert_eq!((time::now() - start, tick - start), (at * MS, due * MS), "{behavior:?}");
            }
        }
    });
}

/// TM6: the task itself is stuck for a second of real time.
fn ticks_after_a_real_stall(shape: Shape) {
    const PERIOD: Duration = Duration::from_millis(100);
    shape.block_on(async {
        for behavior in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
            let start = Instant::now();
            let mut ticks = interval_at(start + PERIOD, PERIOD);
            ticks.set_missed_tick_behavior(behavior);
            std::thread::sleep(Duration::from_secs(1));
            assert_eq!(ticks.tick().await, start + PERIOD, "{behavior:?}");
            let (second, now) = (ticks.tick().await, Instant::now());
            match behavior {
                MissedTickBehavior::Burst => assert_eq!(second, start + 2 * PERIOD),
                MissedTickBehavior::Delay => assert!(second >= start + 11 * PERIOD && second <= now),
                MissedTickBehavior::Skip => {
                    assert!(second >= start + 11 * PERIOD && second <= now);
                    assert_eq!((second - start).as_nanos() % PERIOD.as_nanos(), 0);
                }
            }
        }
    });
}

/// TM6
fn extreme_periods(shape: Shape) {
    shape.block_on(async {
        for behavior in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
            let mut shortest = interval(Duration::from_nanos(1));
            shortest.set_missed_tick_behavior(behavior);
            let mut last = shortest.tick().await;
            for _ in 0..200 {
                let tick = shortest.tick().await;
                assert!(tick > last, "{behavior:?}");
                last = tick;
            }
            let mut longest = interval(Duration::MAX);
            longest.set_missed_tick_behavior(behavior);
            longest.tick().await;
            assert!(futures_lite::future::poll_once(longest.tick()).await.is_none());
        }
    });
}
