//! Time that includes that of a suspended computer. (No test suspends one.)

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use fend::time::{BootInstant, BootTimer, MissedTickBehavior, timeout};
use futures_lite::StreamExt;
use futures_lite::future::{block_on as plain_block_on, poll_once};

use crate::shape::Shape;

on_every_dispatcher!(
    never_early,
    the_past_is_over_and_the_far_future_is_not,
    given_up_and_set_again,
    ticks,
    missed_ticks,
    alarms_say_what_they_need,
);

const SHORT: Duration = Duration::from_millis(3);

async fn never_early() -> io::Result<()> {
    let mut timer = BootTimer::new()?;
    for nanos in [1, 1_000, 100_000, 3_000_001] {
        let duration = Duration::from_nanos(nanos);
        let start = BootInstant::now();
        timer.sleep(duration).await?;
        assert!(start.elapsed() >= duration, "{:?}", start.elapsed());
        let deadline = start + 2 * SHORT;
        timer.sleep_until(deadline).await?;
        assert!(BootInstant::now() >= deadline);
    }
    // On a thread without a runtime.
    let start = BootInstant::now();
    fend::spawn_blocking(move || plain_block_on(timer.sleep(SHORT))).await??;
    assert!(start.elapsed() >= SHORT);
    Ok(())
}

async fn the_past_is_over_and_the_far_future_is_not() -> io::Result<()> {
    let mut timer = BootTimer::new()?;
    let now = BootInstant::now();
    for past in [now, now - now.since_boot()] {
        poll_once(timer.sleep_until(past)).await.expect("at once")?;
    }
    poll_once(timer.sleep(Duration::ZERO)).await.expect("at once")?;
    for far in [Duration::MAX, Duration::from_secs(i64::MAX as u64), Duration::from_secs(1 << 34)] {
        assert!(timeout(SHORT, timer.sleep(far)).await.is_err(), "{far:?}");
    }
    timer.sleep(SHORT).await
}

/// Cancel safety: what was armed for a wait that is gone disturbs no other.
async fn given_up_and_set_again() -> io::Result<()> {
    let mut timer = BootTimer::new()?;
    // It may be over before it is looked at: another one then.
    while let Some(slept) = poll_once(timer.sleep(SHORT)).await {
        slept?;
    }
    let start = BootInstant::now();
    // Longer than the first, which would have expired by then.
    timer.sleep(4 * SHORT).await?;
    assert!(start.elapsed() >= 4 * SHORT);
    // Polled with one deadline, then with an earlier one.
    let (late, early) = (BootInstant::now() + Duration::from_secs(3600), BootInstant::now() + SHORT);
    poll_fn(|cx| {
        assert!(timer.poll_sleep_until(cx, late).is_pending());
        Poll::Ready(())
    })
    .await;
    poll_fn(|cx| timer.poll_sleep_until(cx, early)).await?;
    assert!(BootInstant::now() >= early);
    // Dropped while it is armed, and then with a wait begun.
    poll_fn(|cx| {
        assert!(timer.poll_sleep_until(cx, late).is_pending());
        Poll::Ready(())
    })
    .await;
    drop(timer);
    Ok(())
}

async fn ticks() -> io::Result<()> {
    let start = BootInstant::now() + SHORT;
    let mut every = BootTimer::new()?.interval_at(start, SHORT);
    for number in 0..3 {
        let due = start + number * SHORT;
        assert_eq!(every.next_tick(), due);
        let tick = match poll_once(every.tick()).await {
            Some(tick) => tick?,
            // One that was not waited for to its end is not lost.
            None => every.tick().await?,
        };
        assert_eq!(tick, due);
        assert!(BootInstant::now() >= due);
    }
    let mut every = BootTimer::new()?.interval(SHORT);
    let first = every.next().await.expect("never ends")?;
    assert_eq!(every.next().await.expect("never ends")? - first, SHORT);
    Ok(())
}

async fn missed_ticks() -> io::Result<()> {
    let start = BootInstant::now();
    let mut every = BootTimer::new()?.interval_at(start, SHORT);
    every.tick().await?;
    std::thread::sleep(5 * SHORT);
    for number in 1..=5 {
        assert_eq!(every.tick().await?, start + number * SHORT, "each comes");
    }
    every.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let due = every.next_tick();
    std::thread::sleep(5 * SHORT);
    assert_eq!(every.tick().await?, due);
    assert!(every.next_tick() >= due + 5 * SHORT, "what was missed is left out");
    let past_due = (every.next_tick() - start).as_nanos() % SHORT.as_nanos();
    assert_eq!(past_due, 0, "at round times");
    Ok(())
}

/// Of a process without CAP_WAKE_ALARM the kernel takes none.
async fn alarms_say_what_they_need() -> io::Result<()> {
    match BootTimer::waking() {
        Ok(mut timer) => timer.sleep(SHORT).await,
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
    let mut timer = BootTimer::new().expect("a timer");
    for _ in 0..3 {
        let deadline = BootInstant::now() + 5 * SHORT;
        let first = shape.block_on(poll_once(poll_fn(|cx| timer.poll_sleep_until(cx, deadline))));
        assert!(first.is_none_or(|slept| slept.is_ok()), "slow, or not over");
        shape.block_on(poll_fn(|cx| timer.poll_sleep_until(cx, deadline))).expect("the next runtime");
        assert!(BootInstant::now() >= deadline);
    }
}
