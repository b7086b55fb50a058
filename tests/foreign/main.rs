//! Sockets and timers under other people's executors, and from threads that run nothing.

use std::future::Future;
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fend::net::{TcpListener, TcpStream};
use fend::runtime::{Builder, Dispatcher};

#[expect(dead_code, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
#[path = "../support/stall.rs"]
mod stall;

mod on_poll;
mod outside;

use stall::unless_it_stalls;

const TURNS: u8 = 100;

/// Of a sleep that is pending at its first poll however slow the machine is, and to be reset.
const FAR: Duration = Duration::from_secs(3600);

async fn serve(listener: TcpListener) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    let mut buf = [0; 64];
    loop {
        match stream.recv(&mut buf).await? {
            0 => return Ok(()),
            count => stream.send_all(&buf[..count]).await?,
        }
    }
}

async fn ask(stream: &TcpStream) -> io::Result<()> {
    let mut buf = [0; 1];
    for turn in 0..TURNS {
        stream.send_all(&[turn]).await?;
        stream.recv_exact(&mut buf).await?;
        assert_eq!(buf, [turn]);
    }
    Ok(())
}

/// Client and server in one future, and a sleep that is not early.
async fn echo_and_sleep() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = async {
        let stream = TcpStream::connect(address).await?;
        ask(&stream).await
    };
    let (served, asked) = futures::join!(serve(listener), client);
    served.and(asked)?;
    let before = Instant::now();
    fend::time::sleep(Duration::from_millis(5)).await;
    assert!(before.elapsed() >= Duration::from_millis(5));
    Ok(())
}

#[test]
fn under_futures_block_on() {
    unless_it_stalls(|| futures::executor::block_on(echo_and_sleep())).unwrap();
}

#[test]
fn under_smol_block_on() {
    unless_it_stalls(|| smol::block_on(echo_and_sleep())).unwrap();
}

#[test]
fn under_futures_lite_block_on() {
    unless_it_stalls(|| futures_lite::future::block_on(echo_and_sleep())).unwrap();
}

#[test]
fn in_a_smol_task() {
    unless_it_stalls(|| smol::block_on(smol::spawn(echo_and_sleep()))).unwrap();
}

/// In the future that tokio blocks on, and in a task of tokio's.
fn under_tokio(mut builder: tokio::runtime::Builder) {
    unless_it_stalls(move || {
        let tokio = builder.enable_all().build().unwrap();
        tokio.block_on(echo_and_sleep()).unwrap();
        tokio.block_on(async { tokio::spawn(echo_and_sleep()).await }).unwrap().unwrap();
        // Both timers in one task.
        tokio.block_on(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            fend::time::sleep(Duration::from_millis(1)).await;
        });
    });
}

#[test]
fn under_tokio_multi_thread() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2);
    under_tokio(builder);
}

#[test]
fn under_tokio_current_thread() {
    under_tokio(tokio::runtime::Builder::new_current_thread());
}

fn every_shape() -> impl Iterator<Item = Builder> {
    [Dispatcher::Epoll, Dispatcher::Poll].into_iter().flat_map(|dispatcher| {
        [(1, 1), (2, 1), (2, 2)].map(|(workers, drivers)| {
            Builder::new().dispatcher(dispatcher).worker_threads(workers).drivers(drivers)
        })
    })
}

/// A runtime that nobody is in `block_on` of serves whoever has entered it.
#[test]
fn in_an_entered_runtime() {
    unless_it_stalls(|| {
        for builder in every_shape() {
            let runtime = builder.build().unwrap();
            let _entered = runtime.enter();
            futures::executor::block_on(echo_and_sleep()).unwrap();
        }
    });
}

/// Made and first polled inside `block_on`, awaited elsewhere when that has returned.
#[test]
fn a_stream_that_outlives_its_block_on() {
    unless_it_stalls(|| {
        for builder in every_shape() {
            let runtime = builder.build().unwrap();
            let (listener, stream, mut sleep) = runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
                let mut buf = [0; 1];
                let mut sleep = fend::time::sleep(FAR);
                assert!(futures::poll!(Box::pin(stream.recv(&mut buf))).is_pending());
                assert!(futures::poll!(&mut sleep).is_pending());
                sleep.reset_after(Duration::from_millis(50));
                (listener, stream, sleep)
            });
            let server = thread::spawn(|| futures::executor::block_on(serve(listener)));
            futures::executor::block_on(ask(&stream)).unwrap();
            futures::executor::block_on(&mut sleep);
            drop(stream);
            server.join().unwrap().unwrap();
        }
    });
}

/// One future, polled by one executor after the other, each with its own waker.
#[test]
fn a_future_that_moves_between_executors() {
    unless_it_stalls(|| {
        for builder in every_shape() {
            let runtime = builder.build().unwrap();
            for _ in 0..20 {
                let mut wait = Box::pin(fend::time::sleep(FAR));
                runtime.block_on(async { assert!(futures::poll!(&mut wait).is_pending()) });
                smol::block_on(async { assert!(futures::poll!(&mut wait).is_pending()) });
                wait.reset_after(Duration::from_millis(3));
                thread::spawn(move || futures::executor::block_on(wait)).join().unwrap();
            }
        }
    });
}

/// Somebody else's `block_on` inside a task of ours: it has no end of budget, and its I/O goes on although it keeps the worker.
#[test]
fn a_foreign_block_on_inside_a_task_reads_on_and_on() {
    unless_it_stalls(|| {
        for builder in every_shape() {
            let runtime = builder.build().unwrap();
            let task = runtime.spawn(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
                let (peer, _) = listener.accept().await.unwrap();
                peer.send_all(&[7; 2_000]).await.unwrap();
                futures::executor::block_on(async {
                    for _ in 0..2_000 {
                        stream.recv_exact(&mut [0]).await.unwrap();
                    }
                });
                smol::block_on(echo_and_sleep())
            });
            runtime.block_on(task).unwrap().unwrap();
        }
    });
}

/// The future is polled by hand, on a thread that has nothing but a channel to wait on.
#[test]
fn polled_by_hand() {
    struct Tell(mpsc::Sender<()>);
    impl std::task::Wake for Tell {
        fn wake(self: std::sync::Arc<Self>) {
            let _ = self.0.send(());
        }
    }
    unless_it_stalls(|| {
        let (tell, told) = mpsc::channel();
        let waker = std::task::Waker::from(std::sync::Arc::new(Tell(tell)));
        let mut cx = std::task::Context::from_waker(&waker);
        let mut future = std::pin::pin!(echo_and_sleep());
        loop {
            match future.as_mut().poll(&mut cx) {
                std::task::Poll::Ready(result) => return result,
                std::task::Poll::Pending => told.recv().unwrap(),
            }
        }
    })
    .unwrap();
}
