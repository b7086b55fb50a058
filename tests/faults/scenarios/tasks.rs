//! Tasks and timers.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use fend::Runtime;
use fend::time::{interval, sleep, timeout};

const SHORT: Duration = Duration::from_micros(200);

pub(super) async fn all(_: PathBuf) -> io::Result<()> {
    let tasks: Vec<_> = (0..4).map(|n| fend::spawn(slow(n))).collect();
    for (n, task) in (0..).zip(tasks) {
        assert_eq!(task.await?, n);
    }
    drop(Runtime::new()?);
    assert!(timeout(SHORT, std::future::pending::<()>()).await.is_err());
    let mut ticks = interval(SHORT);
    ticks.tick().await;
    ticks.tick().await;
    Ok(())
}

async fn slow(n: u32) -> u32 {
    fend::yield_now().await;
    sleep(SHORT).await;
    n
}
