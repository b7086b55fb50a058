//! The time of day. That somebody sets it is tested in `setting`; here it may happen at any time, and is no failure.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use fend::time::{WallEvent, WallTimer, timeout};
use futures_lite::future::poll_once;

use super::setting::turn;
use crate::shape::Shape;

on_every_dispatcher!(
    never_early,
    the_past_is_over_and_the_far_future_is_not,
    given_up_and_set_again,
    alarms_say_what_they_need
);

const SHORT: Duration = Duration::from_millis(3);

/// What a caller does who waits for a time of day whatever happens.
async fn until(timer: &mut WallTimer, deadline: SystemTime) -> io::Result<()> {
    while timer.sleep_until(deadline).await? == WallEvent::ClockSet {}
    assert!(SystemTime::now() >= deadline);
    Ok(())
}

async fn never_early() -> io::Result<()> {
    let mut timer = WallTimer::new()?;
    for nanos in [1, 1_000, 100_000, 3_000_001] {
        until(&mut timer, SystemTime::now() + Duration::from_nanos(nanos)).await?;
    }
    Ok(())
}

async fn the_past_is_over_and_the_far_future_is_not() -> io::Result<()> {
    let mut timer = WallTimer::new()?;
    let epoch = SystemTime::UNIX_EPOCH;
    let before = epoch.checked_sub(Duration::from_secs(1 << 62)).expect("a time before all times");
    for past in [SystemTime::now(), epoch + Duration::from_nanos(1), epoch, before] {
        until(&mut timer, past).await?;
    }
    let last = epoch.checked_add(Duration::from_secs(i64::MAX as u64)).expect("the last second");
    for far in [last, SystemTime::now() + Duration::from_secs(1 << 34)] {
        let waited = timeout(SHORT, timer.sleep_until(far)).await;
        assert!(waited.is_err() || matches!(waited, Ok(Ok(WallEvent::ClockSet))), "{far:?}");
    }
    until(&mut timer, SystemTime::now() + SHORT).await
}

/// Cancel safety: what was armed for a wait that is gone disturbs no other.
async fn given_up_and_set_again() -> io::Result<()> {
    // No test sets the clock meanwhile, nor has since the timer was last told of it.
    let _turn = turn();
    let mut timer = WallTimer::new()?;
    let start = SystemTime::now();
    assert!(poll_once(timer.sleep_until(start + SHORT)).await.is_none_or(|event| event.is_ok()));
    until(&mut timer, start + 4 * SHORT).await?;
    assert!(poll_once(timer.sleep_until(SystemTime::now() + SHORT)).await.is_none_or(|event| event.is_ok()));
    // The time that nobody waits for any more is no change of the clock.
    let waited = timeout(3 * SHORT, timer.clock_set()).await;
    assert!(waited.is_err() || start.elapsed().is_err(), "a change that nobody made");
    let (late, early) = (SystemTime::now() + Duration::from_secs(3600), SystemTime::now() + SHORT);
    poll_fn(|cx| {
        let _ = timer.poll_sleep_until(cx, late);
        Poll::Ready(())
    })
    .await;
    until(&mut timer, early).await
}

/// Of a process without CAP_WAKE_ALARM the kernel takes none.
async fn alarms_say_what_they_need() -> io::Result<()> {
    match WallTimer::waking() {
        Ok(mut timer) => until(&mut timer, SystemTime::now() + SHORT).await,
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            assert!(error.to_string().contains("CAP_WAKE_ALARM"), "{error}");
            Ok(())
        }
    }
}

on_every_shape!(a_timer_outlives_the_runtimes_that_it_waits_on);

/// It stays set meanwhile.
fn a_timer_outlives_the_runtimes_that_it_waits_on(shape: Shape) {
    let mut timer = WallTimer::new().expect("a timer");
    for _ in 0..3 {
        let deadline = SystemTime::now() + 5 * SHORT;
        let first = shape.block_on(poll_once(poll_fn(|cx| timer.poll_sleep_until(cx, deadline))));
        assert!(first.is_none_or(|event| event.is_ok()));
        shape.block_on(until(&mut timer, deadline)).expect("the next runtime");
    }
}
