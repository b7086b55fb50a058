//! Where one request at a time goes: a connection of HTTP/1.1, or a stream of one of HTTP/2. Made when it is needed, and again when it has ended.

use std::sync::Arc;

use fend::hyper::{Executor, Timer};
use futures::lock::Mutex;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, StatusCode};

use crate::connect::Dialer;
use crate::drive::Driven;
use crate::failure::{Failure, Kind};
use crate::target::Body;

/// So many connections in a row may end before they have taken a request.
const TRIES: usize = 3;

/// What has come, to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Of its body.
    pub(crate) bytes: u64,
}

pub(crate) enum Channel {
    Http1(Arc<Dialer>, Option<Box<Http1>>),
    Http2(Arc<Http2>),
}

/// A connection.
pub(crate) struct Http1 {
    sender: http1::SendRequest<Body>,
    driven: Driven,
}

/// A connection for several streams, which has a task of its own.
pub(crate) struct Http2 {
    dialer: Arc<Dialer>,
    current: Mutex<Option<http2::SendRequest<Body>>>,
}

impl Channel {
    pub(crate) fn http1(dialer: &Arc<Dialer>) -> Channel {
        Channel::Http1(dialer.clone(), None)
    }

    /// So many streams of one connection.
    pub(crate) fn http2(dialer: &Arc<Dialer>, streams: usize) -> impl Iterator<Item = Channel> + use<> {
        let shared = Arc::new(Http2 { dialer: dialer.clone(), current: Mutex::new(None) });
        (0..streams).map(move |_| Channel::Http2(shared.clone()))
    }

    /// Sends a request, and takes its answer. A request that a connection has not taken goes to the next.
    pub(crate) async fn exchange(&mut self, request: &Request<Body>) -> Result<Answer, Failure> {
        for _ in 1..TRIES {
            match self.try_exchange(request.clone()).await {
                Err(failure) if failure.kind == Kind::Unsent => {}
                outcome => return outcome,
            }
        }
        self.try_exchange(request.clone()).await
    }

    async fn try_exchange(&mut self, request: Request<Body>) -> Result<Answer, Failure> {
        match self {
            Channel::Http1(dialer, connection) => {
                // Not there any more if this future is dropped: nothing can follow half an answer.
                let mut open = match connection.take() {
                    Some(open) if open.is_usable() => open,
                    _ => Http1::open(dialer).await?,
                };
                let answer = open.exchange(request).await?;
                *connection = Some(open);
                Ok(answer)
            }
            Channel::Http2(shared) => {
                let mut sender = shared.sender().await?;
                sender.ready().await.map_err(|error| Failure::unsent(&error))?;
                read(sender.try_send_request(request).await?).await
            }
        }
    }
}

impl Http1 {
    async fn open(dialer: &Dialer) -> Result<Box<Http1>, Failure> {
        let (sender, connection) = http1::handshake(dialer.dial().await?).await?;
        Ok(Box::new(Http1 { sender, driven: Driven::new(connection) }))
    }

    /// Whether the last answer has left it open.
    fn is_usable(&self) -> bool {
        !self.sender.is_closed()
    }

    async fn exchange(&mut self, request: Request<Body>) -> Result<Answer, Failure> {
        let Http1 { sender, driven } = self;
        let work = async {
            sender.ready().await.map_err(|error| Failure::unsent(&error))?;
            read(sender.try_send_request(request).await?).await
        };
        driven.during(work).await
    }
}

impl Http2 {
    /// The first stream that finds none makes the connection, and the others wait for it.
    async fn sender(&self) -> Result<http2::SendRequest<Body>, Failure> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(sender) if !sender.is_closed() => Ok(sender.clone()),
            _ => {
                let stream = self.dialer.dial().await?;
                let (sender, connection) =
                    http2::Builder::new(Executor).timer(Timer).handshake(stream).await?;
                // What is wrong with it each of its streams is told.
                fend::spawn(async { drop(connection.await) });
                Ok(current.insert(sender).clone())
            }
        }
    }
}

/// Takes the body, and counts it.
async fn read(response: Response<Incoming>) -> Result<Answer, Failure> {
    let status = response.status();
    let (mut body, mut bytes) = (response.into_body(), 0);
    while let Some(frame) = body.frame().await {
        bytes += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(Answer { status, bytes })
}
