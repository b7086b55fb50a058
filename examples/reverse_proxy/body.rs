//! Bodies on their way through: a piece is taken from one side when the other has room for it, and neither side waits for ever.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use fend::task::DropGuard;
use fend::time::{Sleep, sleep};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// The body of a request, or of a response.
pub(crate) struct Passing {
    /// `None` when it is empty.
    body: Option<Incoming>,
    /// How long the next piece may take.
    timeout: Duration,
    waiting: Option<Sleep>,
    /// How many more bytes there may be.
    room: u64,
    /// Tells that all of it is under way.
    passed: Option<DropGuard>,
}

/// Why a body has not come through.
#[derive(Debug)]
pub(crate) enum Broken {
    TooLarge,
    Stalled(Duration),
    Http(hyper::Error),
}

impl Passing {
    pub(crate) fn new(body: Incoming, timeout: Duration) -> Passing {
        Passing { body: Some(body), timeout, waiting: None, room: u64::MAX, passed: None }
    }

    /// Of a request that has none, and can be sent again.
    pub(crate) fn empty() -> Passing {
        Passing { body: None, timeout: Duration::MAX, waiting: None, room: 0, passed: None }
    }

    pub(crate) fn limit(self, most: u64) -> Passing {
        Passing { room: most, ..self }
    }

    /// Lets the guard go when it has come through.
    pub(crate) fn guard(self, passed: DropGuard) -> Passing {
        Passing { passed: Some(passed), ..self }
    }

    fn check(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Broken> {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        self.room = self.room.checked_sub(length).ok_or(Broken::TooLarge)?;
        Ok(frame)
    }
}

impl Body for Passing {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        let polled = this.body.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(cx));
        let Poll::Ready(frame) = polled else {
            // From when there was nothing. A receiver that takes its time has no part in it.
            let waiting = this.waiting.get_or_insert_with(|| sleep(this.timeout));
            ready!(Pin::new(waiting).poll(cx));
            return Poll::Ready(Some(Err(Broken::Stalled(this.timeout))));
        };
        this.waiting = None;
        if frame.is_none() {
            this.passed = None;
        }
        Poll::Ready(frame.map(|frame| this.check(frame.map_err(Broken::Http)?)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::TooLarge => f.write_str("the body is too large"),
            Broken::Stalled(timeout) => write!(f, "no more of the body within {timeout:?}"),
            Broken::Http(_) => f.write_str("the body has broken off"),
        }
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Broken::Http(error) => Some(error),
            _ => None,
        }
    }
}
