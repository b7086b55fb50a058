//! Deadlines that do not come, and runtimes that have run for long.

use std::time::Duration;

use fend::time::{self, sleep, sleep_until, timeout};
use futures_lite::future::poll_once;

use crate::alone::alone;
use crate::idleness::stays_idle;
use crate::random::Random;
use crate::shape::Shape;

on_every_shape!(far_deadlines_do_not_come_and_cost_nothing, order_is_kept_after_days_and_years);

const DAY: Duration = Duration::from_secs(86_400);

fn far() -> [Duration; 7] {
    [
        30 * DAY,
        Duration::from_millis((1 << 31) + 5),
        Duration::from_millis(1 << 32),
        Duration::from_millis(1 << 36),
        3 * 365 * DAY,
        Duration::from_nanos(u64::MAX),
        Duration::MAX,
    ]
}

/// TM2
fn far_deadlines_do_not_come_and_cost_nothing(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let tasks: Vec<_> = far()
                    .into_iter()
                    .map(|duration| {
                        fend::spawn(async move {
                            assert!(poll_once(sleep(duration)).await.is_none(), "{duration:?}");
                            assert!(
                                poll_once(sleep_until(time::now() + duration.min(300 * 365 * DAY)))
                                    .await
                                    .is_none()
                            );
                            timeout(duration, std::future::pending::<()>()).await
                        })
                    })
                    .collect();
                stays_idle().await?;
                assert!(tasks.iter().all(|task| !task.is_finished()));
                std::io::Result::Ok(())
            })
            .expect("the measurement");
    });
}

/// TM8: at each age of the clock, timers from a microsecond to a year, and one that does not come, fire in order.
fn order_is_kept_after_days_and_years(shape: Shape) {
    shape.paused().block_on(async {
        for age in [12 * DAY, 2 * 365 * DAY, 20 * 365 * DAY] {
            time::advance(age).await;
            let _never = poll_once(sleep(Duration::MAX)).await;
            let start = time::now();
            let mut random = Random::new(age.as_secs());
            let tasks: Vec<_> = (0..500)
                .map(|number| {
                    let after = Duration::from_micros(random.below(1 << (20 + number % 25)));
                    fend::spawn(async move {
                        sleep_until(start + after).await;
                        let slept = time::now() - start;
                        assert!(slept >= after, "{slept:?} in place of {after:?}");
                        assert!(slept < after + Duration::from_millis(1), "{slept:?} in place of {after:?}");
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
        }
    });
}
