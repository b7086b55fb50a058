//! Bodies of which each byte says where it belongs, so that what is lost, doubled or exchanged on the way is found.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::OnceLock;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};

/// A prime, so that no block of a power of two looks like another.
const PERIOD: usize = 65_521;

/// What is sent at a time.
const FRAME: usize = 50_000;

fn period() -> &'static Bytes {
    static PERIOD_OF_NOISE: OnceLock<Bytes> = OnceLock::new();
    PERIOD_OF_NOISE.get_or_init(|| {
        let mut state = 0x9E37_79B9_u32;
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        };
        (0..PERIOD).map(next).collect()
    })
}

/// Up to `most` bytes that stand at `position`.
fn at(position: usize, most: usize) -> Bytes {
    let start = position % PERIOD;
    period().slice(start..PERIOD.min(start + most))
}

/// A body of so many bytes, whose size is told beforehand or not.
#[derive(Debug)]
pub(crate) struct Noise {
    position: usize,
    len: usize,
    tells_size: bool,
}

impl Noise {
    /// Sent with its length (content-length).
    pub(crate) fn sized(len: usize) -> Noise {
        Noise { position: 0, len, tells_size: true }
    }

    /// Sent in chunks, in HTTP/1.1.
    pub(crate) fn unsized_of(len: usize) -> Noise {
        Noise { tells_size: false, ..Noise::sized(len) }
    }
}

impl Body for Noise {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = at(self.position, FRAME.min(self.len - self.position));
        self.position += data.len();
        Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        if self.tells_size {
            SizeHint::with_exact((self.len - self.position) as u64)
        } else {
            SizeHint::default()
        }
    }
}

/// Compares what comes with [`Noise`].
#[derive(Debug, Default)]
pub(crate) struct Check(pub(crate) usize);

impl Check {
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let expected = at(self.0, bytes.len());
            let (now, rest) = bytes.split_at(expected.len());
            assert!(now == expected, "other bytes than were sent, at {} or soon after", self.0);
            (self.0, bytes) = (self.0 + now.len(), rest);
        }
    }
}

/// Receives a body of noise: how long it was, and its trailers.
pub(crate) async fn check<B>(body: B) -> io::Result<(usize, Option<HeaderMap>)>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (mut body, mut check, mut trailers) = (pin!(body), Check::default(), None);
    while let Some(frame) = body.frame().await {
        match frame.map_err(io::Error::other)?.into_data() {
            Ok(mut data) => {
                while data.has_remaining() {
                    check.add(data.chunk());
                    data.advance(data.chunk().len());
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    Ok((check.0, trailers))
}

/// The same bytes to read.
pub(crate) fn reader(len: usize) -> impl futures::AsyncRead + Unpin {
    let frames = (0..len).step_by(1000).map(move |position| {
        let mut frame = at(position, 1000.min(len - position)).to_vec();
        // The beginning again, where the period ends in between.
        while frame.len() < 1000.min(len - position) {
            frame.extend(at(position + frame.len(), 1000.min(len - position) - frame.len()));
        }
        io::Result::Ok(frame)
    });
    futures::TryStreamExt::into_async_read(futures::stream::iter(frames))
}
