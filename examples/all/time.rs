//! Time: sleeping, ticking, running out, standing still.

use std::future::{pending, ready};
use std::time::{Duration, Instant, SystemTime};

use fend::Runtime;
use fend::time::{BootInstant, BootTimer, Timer, WallEvent, WallTimer, interval, sleep, timeout};

use crate::Outcome;

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) async fn sleeps() -> Outcome {
    let tasks: Vec<_> = (1..=100).map(|number| fend::spawn(lateness(millis(number)))).collect();
    let mut worst = Duration::ZERO;
    for task in tasks {
        worst = worst.max(task.await?.ok_or("a sleep ended early")?);
    }
    Ok(format!("100 sleeps of 1 to 100 ms: none early, the worst {} us late", worst.as_micros()))
}

/// How late a sleep ended; `None` when it was early.
async fn lateness(duration: Duration) -> Option<Duration> {
    let start = Instant::now();
    sleep(duration).await;
    start.elapsed().checked_sub(duration)
}

pub(crate) async fn intervals() -> Outcome {
    const TICKS: u32 = 20;
    let period = millis(5);
    let start = Instant::now();
    let mut ticks = interval(period);
    for _ in 0..=TICKS {
        ticks.tick().await;
    }
    let took = start.elapsed();
    ensure!(took >= period * TICKS, "{TICKS} ticks of 5 ms in {took:?}");
    let drift = took - period * TICKS;
    Ok(format!("{TICKS} ticks of 5 ms, {} us late at the end: lateness does not add up", drift.as_micros()))
}

pub(crate) async fn timer() -> Outcome {
    let mut timer = Timer::new();
    timer.set(millis(20), millis(10));
    let status = timer.status();
    ensure!(status.left <= millis(20) && !status.left.is_zero(), "{:?} left of 20 ms", status.left);
    ensure!(status.interval == millis(10), "the interval is {:?}", status.interval);
    let first = timer.wait().await;
    sleep(millis(35)).await;
    let missed = timer.wait().await;
    ensure!(first >= 1 && missed >= 3, "{first} and {missed} expirations, not 1 and 3");
    timer.disarm();
    ensure!(timer.status().left.is_zero(), "a disarmed timer has time left");
    Ok(format!(
        "set, status ({} us left), {missed} expirations counted at once, disarm",
        status.left.as_micros()
    ))
}

pub(crate) async fn timeouts() -> Outcome {
    let in_time = timeout(millis(10), ready("in time")).await?;
    let start = Instant::now();
    let late = timeout(millis(10), pending::<()>()).await;
    let took = start.elapsed();
    let elapsed = late.err().ok_or("a future that never ends was in time")?;
    ensure!(took >= millis(10), "timed out after {took:?}");
    Ok(format!("one future {in_time}; another: {elapsed}"))
}

/// Clocks that go on while the machine is suspended, and one that people set.
pub(crate) async fn other_clocks() -> Outcome {
    let start = BootInstant::now();
    BootTimer::new()?.sleep(millis(10)).await?;
    let slept = start.elapsed();
    ensure!(slept >= millis(10), "the boot-time timer was early: {slept:?}");
    let noon = SystemTime::now() + millis(10);
    let event = WallTimer::new()?.sleep_until(noon).await?;
    let said = match event {
        WallEvent::Reached => "has come",
        WallEvent::ClockSet => "cannot be told: somebody has set the clock just now",
    };
    ensure!(event != WallEvent::Reached || SystemTime::now() >= noon, "the time of day was early");
    Ok(format!("up for {} s, with suspends; a time of day {said}", start.since_boot().as_secs()))
}

/// A runtime whose clock jumps to the next deadline when there is nothing to do, for tests.
pub(crate) async fn paused_clock() -> Outcome {
    let start = Instant::now();
    let hours = fend::spawn_blocking(|| -> std::io::Result<u64> {
        let runtime = Runtime::builder().worker_threads(1).start_paused(true).build()?;
        Ok(runtime.block_on(async {
            let start = fend::time::now();
            sleep(Duration::from_secs(24 * 3600)).await;
            (fend::time::now() - start).as_secs() / 3600
        }))
    })
    .await??;
    ensure!(hours == 24, "{hours} hours passed, not 24");
    Ok(format!("{hours} hours passed in {:.1} ms", start.elapsed().as_secs_f64() * 1e3))
}
