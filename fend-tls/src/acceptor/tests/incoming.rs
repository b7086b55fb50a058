//! Handshakes beside the accept loop.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context as TaskContext, Poll, Waker};

use futures_lite::{StreamExt, stream};

use super::*;

/// A stream of connections that a test fills.
#[derive(Default, Clone)]
struct Source(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    connections: VecDeque<io::Result<End>>,
    is_over: bool,
    waiter: Option<Waker>,
}

impl Source {
    fn put(&self, connection: io::Result<End>) {
        let waker = {
            let mut source = self.0.lock().unwrap();
            source.connections.push_back(connection);
            source.waiter.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn end(&self) {
        let waker = {
            let mut source = self.0.lock().unwrap();
            source.is_over = true;
            source.waiter.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl stream::Stream for Source {
    type Item = io::Result<End>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<io::Result<End>>> {
        let mut source = self.0.lock().unwrap();
        match source.connections.pop_front() {
            Some(connection) => Poll::Ready(Some(connection)),
            None if source.is_over => Poll::Ready(None),
            None => {
                source.waiter = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[test]
fn incoming_connections_come_in_the_order_in_which_they_are_ready() {
    paused(async {
        let source = Source::default();
        let mut incoming = acceptor_with(Some(10 * SECOND)).incoming(source.clone());
        let (_silent, far) = connection(1000);
        source.put(Ok(far));
        source.put(Err(io::ErrorKind::ConnectionAborted.into()));
        let (near, far) = connection(1 << 20);
        source.put(Ok(far));
        let client = spawn(connector().handshake("localhost", near));

        let error = incoming.next().await.unwrap().unwrap_err();
        assert!(error.is_io() && error.io_kind() == io::ErrorKind::ConnectionAborted, "{error}");
        incoming.next().await.unwrap().unwrap();
        let client = client.await.unwrap().unwrap();
        // It comes while somebody waits already.
        let late = spawn({
            let source = source.clone();
            async move {
                sleep(SECOND).await;
                let (near, far) = connection(1 << 20);
                source.put(Ok(far));
                source.end();
                connector().handshake("localhost", near).await
            }
        });
        incoming.next().await.unwrap().unwrap();
        assert!(is_timeout(&incoming.next().await.unwrap()));
        assert!(incoming.next().await.is_none() && incoming.next().await.is_none());
        drop((client, late.await.unwrap().unwrap()));
    });
}

#[test]
fn incoming_handshakes_end_with_the_stream() {
    paused(async {
        let source = Source::default();
        let mut incoming = acceptor_with(None).incoming(source.clone());
        let (silent, far) = connection(1000);
        source.put(Ok(far));
        assert!(poll_once(incoming.next()).await.is_none());
        drop(incoming);
        sleep(SECOND).await;
        assert!(silent.is_closed());
    });
}

/// More at once than are taken in one go.
#[test]
fn incoming_connections_are_all_taken() {
    paused(async {
        let source = Source::default();
        let mut incoming = acceptor_with(Some(SECOND)).incoming(source.clone());
        let silent: Vec<_> = (0..200)
            .map(|_| {
                let (near, far) = connection(1000);
                source.put(Ok(far));
                near
            })
            .collect();
        source.end();
        let (mut count, start) = (0, now());
        while let Some(result) = incoming.next().await {
            assert!(is_timeout(&result));
            count += 1;
        }
        assert_eq!(count, silent.len());
        assert!(now() - start < 2 * SECOND, "they were not taken at once");
    });
}
