//! A machine that has been up for long: clocks that start where counters of other widths overflow.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use fend::time::{interval, sleep, timeout};

use crate::alone::{is_alone, run_alone};
use crate::process::monotonic_time;
use crate::shape::Shape;

on_every_shape!(clock_of_2_to_the_31_seconds, clock_of_2_to_the_32_milliseconds);

/// Starts the test again with a monotonic clock that will pass `boundary` seconds within the test.
fn near(shape: Shape, boundary: i64) {
    if is_alone(shape) {
        let now = seconds_up();
        assert!((boundary - 10..boundary).contains(&now), "the clock shows {now} s, {boundary} s is to come");
        shape.block_on(timers_work_across_the_boundary(boundary.unsigned_abs()));
        return;
    }
    // The test runs from two to three seconds before the boundary, less what it takes to start, to a second after it.
    let in_namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--time", "--monotonic", &(boundary - seconds_up() - 3).to_string()]);
        command
    };
    match in_namespace().arg("true").output() {
        Ok(output) if output.status.success() => {
            run_alone(in_namespace().arg(env::current_exe().expect("this program")), shape);
        }
        Ok(output) => skipped(&String::from_utf8_lossy(&output.stderr)),
        Err(error) => skipped(&error.to_string()),
    }
}

/// What the monotonic clock shows.
fn seconds_up() -> i64 {
    i64::try_from(monotonic_time().as_secs()).expect("seconds")
}

fn skipped(reason: &str) {
    eprintln!("skipped: no time namespace to be had: {reason}");
}

async fn timers_work_across_the_boundary(boundary: u64) {
    let end = Duration::from_millis(1000 * boundary + 1_200);
    let mut ticks = interval(Duration::from_millis(20));
    let mut naps = Vec::new();
    for number in 0..300 {
        naps.push(fend::spawn(async move {
            let (start, nap) = (Instant::now(), Duration::from_millis(12 * number));
            sleep(nap).await;
            assert!(start.elapsed() >= nap);
        }));
    }
    while monotonic_time() < end {
        let tick = ticks.tick().await;
        assert!(Instant::now() >= tick);
        timeout(Duration::from_millis(1), std::future::pending::<()>()).await.unwrap_err();
    }
    for nap in naps {
        nap.await.expect("no panic");
    }
}

/// TM3
fn clock_of_2_to_the_31_seconds(shape: Shape) {
    near(shape, 1 << 31);
}

/// TM3
fn clock_of_2_to_the_32_milliseconds(shape: Shape) {
    near(shape, (1 << 32) / 1000);
}
