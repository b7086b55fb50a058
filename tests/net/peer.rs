//! The other end: a blocking stream of std, which takes no part in what is tested.

use std::io;
use std::net;
use std::time::Duration;

use fend::net::{TcpListener, TcpStream};
use socket2::SockRef;

/// A stream of fend that was accepted, and its peer.
pub(crate) async fn accepted() -> io::Result<(TcpStream, net::TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let peer = net::TcpStream::connect(listener.local_addr()?)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, peer))
}

/// A stream of fend that has connected, and its peer.
pub(crate) async fn connected() -> io::Result<(TcpStream, net::TcpStream)> {
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;
    let (peer, _) = listener.accept()?;
    Ok((stream, peer))
}

/// Closes with a reset in place of an orderly end.
pub(crate) fn reset(peer: net::TcpStream) -> io::Result<()> {
    SockRef::from(&peer).set_linger(Some(Duration::ZERO))
}

/// Bytes without a pattern that a lost or repeated piece could hide in; the same at each call.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..len).map(|_| next()).collect()
}

/// Cuts `bytes` into pieces of odd sizes, from one byte to 64 KiB.
pub(crate) fn odd_pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const SIZES: [usize; 8] = [1, 7, 65_535, 333, 4_097, 16_383, 2, 50_001];
    let mut rest = bytes;
    let mut sizes = SIZES.iter().cycle();
    std::iter::from_fn(move || {
        let size = (*sizes.next()?).min(rest.len());
        let (piece, tail) = rest.split_at(size);
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Whether the bytes are the same, without printing megabytes when they are not.
#[track_caller]
pub(crate) fn assert_same(received: &[u8], sent: &[u8]) {
    assert_eq!(received.len(), sent.len(), "count of bytes");
    let differs = received.iter().zip(sent).position(|(a, b)| a != b);
    assert_eq!(differs, None, "first byte that differs");
}
