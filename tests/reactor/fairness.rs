//! Many fds that are ready all the time.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use fend::io::AsyncFd;

use crate::alone::alone;
use crate::kernel;
use crate::shape::Shape;

on_every_shape!(many_busy_fds_are_served_alike);

/// Far more than one wait of the dispatcher fetches.
const FDS: usize = if cfg!(debug_assertions) { 2_000 } else { 10_000 };

/// How often the first fd that is done was served.
const GOAL: usize = 20;

/// RE13
fn many_busy_fds_are_served_alike(shape: Shape) {
    alone(shape, || {
        kernel::limit_open_files(20_000).expect("a limit");
        let served = shape.block_on(serve()).expect("the eventfds");
        let fair = served.iter().sum::<usize>() as f64 / served.len() as f64;
        let (least, most) = (served.iter().min(), served.iter().max());
        let (least, most) = (*least.expect("fds"), *most.expect("fds"));
        assert!(least as f64 * 2.0 >= fair, "{least} to {most} times, on average {fair}");
        assert!(most as f64 <= 2.0 * fair, "{least} to {most} times, on average {fair}");
    });
}

/// How often each fd was served.
async fn serve() -> io::Result<Vec<usize>> {
    let done = Arc::new(AtomicBool::new(false));
    let eventfds = (0..FDS).map(|_| AsyncFd::new(kernel::eventfd()?)).collect::<io::Result<Vec<_>>>()?;
    let results = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = eventfds
        .into_iter()
        .map(|eventfd| {
            let (done, results) = (done.clone(), results.clone());
            fend::spawn(async move {
                let served = serve_one(&eventfd, &done).await?;
                results.lock().expect("no panic").push(served);
                io::Result::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic")?;
    }
    let served = std::mem::take(&mut *results.lock().expect("no panic"));
    Ok(served)
}

async fn serve_one(eventfd: &AsyncFd<File>, done: &AtomicBool) -> io::Result<usize> {
    let mut served = 0;
    while !done.load(Relaxed) {
        eventfd.write_with(|mut eventfd| eventfd.write(&1_u64.to_ne_bytes())).await?;
        eventfd.read_with(|mut eventfd| eventfd.read(&mut [0; 8])).await?;
        // The count is zero again, and this finds it out: the next round waits for an event.
        let _ = eventfd.try_read_with(|mut eventfd| eventfd.read(&mut [0; 8]));
        served += 1;
        if served == GOAL {
            done.store(true, Relaxed);
        }
    }
    Ok(served)
}
