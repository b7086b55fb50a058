//! Whether the process sleeps while a runtime has nothing to do.

use std::io;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use fend::io::AsyncFd;

use crate::process::cpu_time;

/// How long is measured.
const WINDOW: Duration = Duration::from_millis(600);

/// What is not idle is never so. What the machine makes dear, or what was not over yet, is so once.
const WINDOWS: usize = 4;

/// Of one processor.
const IDLE: f64 = 0.01;

/// Waits, while the whole process must be asleep but for a few wake-ups. For a process that runs nothing else.
pub(crate) async fn stays_idle() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let measuring = thread::spawn(move || {
        let share = least_cpu_share();
        drop(theirs);
        share
    });
    AsyncFd::new(ours)?.peer_closed().await?;
    let share = measuring.join().expect("the measurement");
    assert!(share < IDLE, "an idle process used {:.2} % of a processor", share * 100.0);
    Ok(())
}

/// Of several windows, up to the first one in which the process is idle.
fn least_cpu_share() -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..WINDOWS {
        least = least.min(cpu_share_during(WINDOW));
        if least < IDLE {
            break;
        }
    }
    least
}

/// The part of one processor that the process uses while this thread sleeps.
fn cpu_share_during(window: Duration) -> f64 {
    let (start, before) = (Instant::now(), cpu_time());
    thread::sleep(window);
    (cpu_time() - before).as_secs_f64() / start.elapsed().as_secs_f64()
}
