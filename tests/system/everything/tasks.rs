//! Tasks, timers, threads and signals.

use std::io;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use fend::runtime::BlockingPool;
use fend::signal::{self, Signal, Signals};
use fend::time::{BootInstant, BootTimer, WallEvent, WallTimer, interval, sleep, timeout};

const SHORT: Duration = Duration::from_millis(5);

/// Spawned, joined, aborted.
pub(super) async fn tasks(round: u64) -> io::Result<()> {
    let tasks: Vec<_> = (0..10)
        .map(|n| {
            fend::spawn(async move {
                fend::yield_now().await;
                round + n
            })
        })
        .collect();
    for (n, task) in (0..).zip(tasks) {
        assert_eq!(task.await.expect("no panic"), round + n);
    }
    let endless = fend::spawn(std::future::pending::<()>());
    endless.abort();
    assert!(endless.await.expect_err("it was aborted").is_cancelled());
    Ok(())
}

pub(super) async fn timers() -> io::Result<()> {
    let start = Instant::now();
    sleep(SHORT).await;
    assert!(start.elapsed() >= SHORT, "early: {:?}", start.elapsed());
    assert!(timeout(SHORT, std::future::pending::<()>()).await.is_err());
    assert!(start.elapsed() >= 2 * SHORT, "early: {:?}", start.elapsed());
    let start = Instant::now();
    let mut ticks = interval(SHORT);
    for _ in 0..3 {
        ticks.tick().await;
    }
    assert!(start.elapsed() >= 2 * SHORT, "early: {:?}", start.elapsed());
    Ok(())
}

/// The clock that goes on in suspend, and the time of day.
pub(super) async fn clocks() -> io::Result<()> {
    let mut boot = BootTimer::new()?;
    let start = BootInstant::now();
    boot.sleep(SHORT).await?;
    assert!(start.elapsed() >= SHORT, "early: {:?}", start.elapsed());
    let mut wall = WallTimer::new()?;
    let deadline = SystemTime::now() + SHORT;
    // Somebody may set the clock meanwhile, which is not ours.
    while wall.sleep_until(deadline).await? == WallEvent::ClockSet {}
    assert!(SystemTime::now() >= deadline);
    Ok(())
}

/// Blocking code, on the runtime's threads and on those of a pool with a name.
pub(super) async fn threads(round: u64) -> io::Result<()> {
    static POOL: OnceLock<BlockingPool> = OnceLock::new();
    let pool = POOL
        .get_or_init(|| BlockingPool::builder().name("everything").max_threads(2).build().expect("a pool"));
    let job = move || {
        std::thread::sleep(Duration::from_millis(1));
        round
    };
    let jobs = [fend::spawn_blocking(job), pool.spawn(job), pool.spawn(job), fend::spawn_blocking(job)];
    for job in jobs {
        assert_eq!(job.await.expect("no panic"), round);
    }
    Ok(())
}

/// Another signal than that of the storm.
pub(super) async fn signals() -> io::Result<()> {
    let mut signals = Signals::new([Signal::USR1, Signal::HUP])?;
    for signal in [Signal::USR1, Signal::HUP] {
        signal::raise(signal)?;
        assert_eq!(signals.recv().await?.signal(), signal);
    }
    Ok(())
}
