//! The clock that goes on in suspend, and the time of day.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use fend::time::{BootTimer, WallEvent, WallTimer};

const SHORT: Duration = Duration::from_micros(200);

pub(super) async fn all(_: PathBuf) -> io::Result<()> {
    BootTimer::new()?.sleep(SHORT).await?;
    let mut wall = WallTimer::new()?;
    let deadline = SystemTime::now() + SHORT;
    // Somebody may set the clock meanwhile, which is not ours.
    while wall.sleep_until(deadline).await? == WallEvent::ClockSet {}
    Ok(())
}
