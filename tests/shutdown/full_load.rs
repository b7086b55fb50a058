//! The end of a runtime that has its hands full.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::runtime::Builder;

use crate::noise::Noise;

on_every_shape!(undisturbed: under_full_load_in_time);

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

async fn ping() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    client.send_all(b"ping").await?;
    server.recv_exact(&mut [0; 4]).await
}

/// SD1: tasks that spin, wait, sleep, do I/O and spawn, and a thread in `block_on`.
fn under_full_load_in_time(builder: Builder) {
    let runtime = builder.build().unwrap();
    let (made, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = {
        let (made, dropped) = (made.clone(), dropped.clone());
        move || {
            made.fetch_add(1, SeqCst);
            Counted(dropped.clone())
        }
    };
    for number in 0..2_000 {
        let own = counted();
        let counted = counted.clone();
        drop(runtime.spawn(async move {
            let _own = own;
            match number % 5 {
                0 => pending().await,
                1 => loop {
                    fend::time::sleep(Duration::from_millis(1)).await;
                },
                // The shutdown ends them with an error.
                2 if number > 1_900 => while ping().await.is_ok() {},
                3 => loop {
                    let own = counted();
                    drop(fend::spawn(async move { drop(own) }));
                    fend::time::sleep(Duration::from_millis(2)).await;
                },
                _ => loop {
                    fend::yield_now().await;
                },
            }
        }));
    }
    let handle = runtime.handle();
    let (started, starts) = mpsc::channel();
    let visitor = thread::spawn(move || {
        handle.block_on(async {
            fend::yield_now().await;
            started.send(()).unwrap();
            // Ends by the shutdown: the source then reports an error.
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let _ = listener.accept().await;
        });
    });
    starts.recv().unwrap();
    thread::sleep(Duration::from_millis(20));
    let noise = Noise::listen(Duration::from_millis(5));
    let before = Instant::now();
    let report = runtime.shutdown_timeout(Duration::from_millis(500));
    let (took, worst) = (before.elapsed(), noise.worst());
    assert!(took <= Duration::from_millis(700) + worst, "{took:?}, on a machine that is late by {worst:?}");
    visitor.join().unwrap();
    // What was being polled when the time was up is dropped when that poll returns.
    while dropped.load(SeqCst) < made.load(SeqCst) {
        thread::yield_now();
    }
    assert_eq!(dropped.load(SeqCst), made.load(SeqCst), "each once; {report:?}");
}
