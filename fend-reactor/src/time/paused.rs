//! Stopping the clock and moving it by hand, for tests. What it does by itself while it is stopped is the executor's part, told in
//! the [module above](super).

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{NEVER, Nanos};
use crate::context;
use crate::driver::Driver;
use crate::task::yield_now;

/// Stops the clock of the current runtime. Does nothing when it stands already.
///
/// While it stands, it [advances by itself](super#a-clock-for-tests) to the next deadline whenever nothing else can happen.
///
/// The clock is the runtime's, not the task's: everything in the runtime sees it stand. Outside any runtime this stops the
/// clock of the default runtime, for the whole process.
///
/// # Examples
///
/// An hour in no time:
///
/// ```
/// use std::time::{Duration, Instant};
/// # use fend_reactor as fend;
/// use fend::time;
///
/// const HOUR: Duration = Duration::from_secs(3600);
///
/// let real = Instant::now();
/// let runtime = fend::runtime::Runtime::new()?;
/// runtime.block_on(async {
///     time::pause();
///     let start = time::now();
///     time::sleep(HOUR).await;
///     assert!(time::now() - start >= HOUR);
/// });
/// assert!(real.elapsed() < HOUR);
/// # std::io::Result::Ok(())
/// ```
pub fn pause() {
    context::current_clock().pause();
    wake_drivers();
}

/// Lets the clock of the current runtime run on, from the time it shows. Does nothing when it runs already.
///
/// The clock then stays ahead of [`Instant::now`](std::time::Instant::now) by what it was advanced, or behind it by how
/// long it stood.
pub fn resume() {
    context::current_clock().resume();
    wake_drivers();
}

/// Moves the clock of the current runtime on by `duration`, whether it stands or runs.
///
/// The clock goes from deadline to deadline: at each, the timers that are due fire, and this task gives way, so that
/// the tasks they wake run, and set new timers, before the clock goes on. A timer never sees one of a later
/// deadline fire before it. A task that has to wait for something else than time, for another task or for I/O, may find that
/// the clock has gone on meanwhile: to let all come to rest at each deadline, [pause] the clock and
/// [sleep](super::sleep()) instead.
///
/// A `duration` past the end of time goes to the end: 584 years after the first clock of the process was started.
///
/// # Cancel safety
///
/// When this is dropped on the way, the clock stays where it has got to.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
/// use fend::time;
///
/// let runtime = fend::runtime::Runtime::new()?;
/// runtime.block_on(async {
///     time::pause();
///     let sleep = time::sleep(Duration::from_secs(60));
///     time::advance(Duration::from_secs(59)).await;
///     assert!(!sleep.is_elapsed());
///     time::advance(Duration::from_secs(1)).await;
///     assert!(sleep.is_elapsed());
/// });
/// # std::io::Result::Ok(())
/// ```
pub async fn advance(duration: Duration) {
    let clock = context::current_clock();
    let drivers = context::current_drivers();
    let target = clock.deadline(duration).min(NEVER - 1);
    while let Some(deadline) = next_deadline(&drivers).filter(|&deadline| deadline <= target) {
        clock.skip_to(deadline);
        fire(&drivers);
        yield_now().await;
    }
    clock.skip_to(target);
    fire(&drivers);
    yield_now().await;
}

fn next_deadline(drivers: &[Arc<Driver>]) -> Option<Nanos> {
    drivers.iter().filter_map(|driver| driver.next_deadline()).min()
}

/// Has each driver look at the clock: here, or where a thread attends it.
fn fire(drivers: &[Arc<Driver>]) {
    for driver in drivers {
        match driver.try_attend() {
            // An error is the dispatcher's; who waits in it next meets it again and says so.
            Some(attendance) => drop(attendance.turn(Some(Duration::ZERO))),
            None => driver.wake(),
        }
    }
}

/// Whoever sleeps in a driver has worked out for how long by the old clock.
fn wake_drivers() {
    for driver in context::current_drivers() {
        driver.wake();
    }
}
