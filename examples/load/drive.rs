//! A connection of HTTP/1.1 in the task that uses it. In a task of its own it would be woken for each request, and would wake us for each answer,
//! perhaps from another thread: with small answers that costs a twentieth of the processor's time.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use fend::hyper::Stream;
use hyper::client::conn::http1::Connection;

use crate::target::Body;

pub(crate) struct Driven {
    /// `None` when it has ended. Whoever still waits for it then learns that.
    connection: Option<Connection<Stream, Body>>,
}

impl Driven {
    pub(crate) fn new(connection: Connection<Stream, Body>) -> Driven {
        Driven { connection: Some(connection) }
    }

    /// Does `work`, which waits for nothing but this connection, and what the connection has to do meanwhile.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            // What the work waits for happens within the poll of the connection, and the work is polled behind that: it need not be woken.
            let mut unwoken = Context::from_waker(Waker::noop());
            if let Poll::Ready(done) = work.as_mut().poll(&mut unwoken) {
                return Poll::Ready(done);
            }
            self.go_on(cx);
            work.as_mut().poll(&mut unwoken)
        })
        .await
    }

    fn go_on(&mut self, cx: &mut Context<'_>) {
        let Some(connection) = &mut self.connection else { return };
        // What was wrong with it whoever waits for an answer is told.
        if Pin::new(connection).poll(cx).is_ready() {
            self.connection = None;
        }
    }
}
