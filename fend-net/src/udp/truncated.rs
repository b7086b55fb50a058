//! [`TruncatedError`]: a datagram did not fit.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// A datagram was longer than the buffer: the buffer is full, and the rest of the datagram is lost.
///
/// It is inside the [`io::Error`] of kind [`InvalidData`](io::ErrorKind::InvalidData) that [`recv`](crate::UdpSocket::recv)
/// and [`recv_from`](crate::UdpSocket::recv_from) give then. [`recv_msg`](crate::UdpSocket::recv_msg) reports the same without an error.
///
/// # Examples
///
/// ```
/// use fend::net::UdpSocket;
/// use fend::net::udp::TruncatedError;
///
/// # fend::block_on(async {
/// let (ours, theirs) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
/// theirs.send_to(b"seven b", ours.local_addr()?).await?;
/// let mut buf = [0; 4];
/// let error = ours.recv_from(&mut buf).await.unwrap_err();
/// let truncated = error.get_ref().and_then(|e| e.downcast_ref::<TruncatedError>()).unwrap();
/// assert_eq!((truncated.datagram_len(), &buf), (7, b"seve"));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct TruncatedError {
    datagram_len: usize,
    buffer_len: usize,
    source: Option<SocketAddr>,
}

impl TruncatedError {
    pub(crate) fn wrap(datagram_len: usize, buffer_len: usize, source: Option<SocketAddr>) -> io::Error {
        let error = TruncatedError { datagram_len, buffer_len, source };
        io::Error::new(io::ErrorKind::InvalidData, error)
    }

    /// How long the datagram was, in bytes.
    pub fn datagram_len(&self) -> usize {
        self.datagram_len
    }

    /// How long the buffer is, in bytes.
    pub fn buffer_len(&self) -> usize {
        self.buffer_len
    }

    /// Whom it was from, when that was asked for.
    pub fn sender(&self) -> Option<SocketAddr> {
        self.source
    }
}

impl fmt::Display for TruncatedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "recv: a datagram of {} bytes", self.datagram_len)?;
        if let Some(source) = self.source {
            write!(f, " from {source}")?;
        }
        write!(f, " was cut to the {} bytes of the buffer", self.buffer_len)
    }
}

impl Error for TruncatedError {}
