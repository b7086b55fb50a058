//! A line for each request, once its response is through.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{Method, StatusCode, Uri};
use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame, SizeHint};

use crate::body::Passing;

/// What is known of a request so far. The line is printed when this is dropped: also when the client has gone before there was a response.
pub(crate) struct Entry {
    is_quiet: bool,
    begin: Instant,
    client: SocketAddr,
    method: Method,
    target: Uri,
    pub(crate) status: Option<StatusCode>,
    pub(crate) upstream: Option<String>,
    bytes: u64,
}

impl Entry {
    pub(crate) fn begin(client: SocketAddr, method: Method, target: Uri, is_quiet: bool) -> Entry {
        Entry {
            is_quiet,
            begin: Instant::now(),
            client,
            method,
            target,
            status: None,
            upstream: None,
            bytes: 0,
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.is_quiet {
            return;
        }
        let Entry { client, method, bytes, .. } = self;
        let status = self.status.map_or("-".to_owned(), |status| status.as_str().to_owned());
        let upstream = self.upstream.as_deref().unwrap_or("-");
        let milliseconds = self.begin.elapsed().as_secs_f64() * 1e3;
        let target = self.target.path_and_query().map_or("-".to_owned(), |target| shown(target.as_str()));
        let line = format!("{client} {status} {bytes} {milliseconds:.1}ms {upstream} {method} {target}\n");
        // When nobody reads it there is still work to do.
        let _ = io::stdout().write_all(line.as_bytes());
    }
}

/// A target of a request for a terminal, which takes some letters beyond ASCII for commands: those are written as they should have come.
fn shown(target: &str) -> String {
    let mut shown = String::new();
    for byte in target.bytes() {
        match byte {
            b'!'..=b'~' => shown.push(byte.into()),
            _ => shown += &format!("%{byte:02X}"),
        }
    }
    shown
}

/// A response's body, which counts its bytes: a server's, or a page of our own.
pub(crate) struct Answer {
    body: Either<Passing, Full<Bytes>>,
    entry: Entry,
}

impl Answer {
    pub(crate) fn new(body: Either<Passing, Full<Bytes>>, entry: Entry) -> Answer {
        Answer { body, entry }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            self.entry.bytes += data.len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
