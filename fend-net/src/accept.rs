//! accept(2), in the way that listeners of every family share: connections that died in the queue are passed over.

use std::io;
use std::task::{Context, Poll, ready};

use fend_reactor::io::{AsyncFd, Direction};
use socket2::{SockAddr, Socket};

use crate::ready::unless_shut_down;
use crate::tcp::is_of_one_connection;

/// How many connections in a row may turn out dead before the last one's error is reported: a firewall that refuses
/// everything must not become an endless loop.
const MAX_DEAD: usize = 64;

/// The next connection, non-blocking and close-on-exec from birth, and its peer.
pub(crate) async fn accept(fd: &AsyncFd<Socket>) -> io::Result<(Socket, SockAddr)> {
    let mut dead = 0;
    loop {
        let result = fd.with(Direction::Read, accept_once).await;
        if !is_to_be_passed_over(&result, &mut dead) {
            return result;
        }
    }
}

/// [`accept`], polled.
pub(crate) fn poll_accept(
    fd: &AsyncFd<Socket>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<(Socket, SockAddr)>> {
    let mut dead = 0;
    loop {
        let result = ready!(fd.poll_with(cx, Direction::Read, accept_once));
        if !is_to_be_passed_over(&result, &mut dead) {
            return Poll::Ready(result);
        }
    }
}

fn accept_once(socket: &Socket) -> io::Result<(Socket, SockAddr)> {
    let accept = || socket.accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC);
    // What a blocking socket says then.
    unless_shut_down(socket, accept, || Err(io::Error::from_raw_os_error(libc::EINVAL)))
}

fn is_to_be_passed_over<T>(result: &io::Result<T>, dead: &mut usize) -> bool {
    match result {
        Err(error) if is_of_one_connection(error) => {
            *dead += 1;
            *dead <= MAX_DEAD
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_refuses_everything_is_given_up() {
        let refused = Err::<(), _>(io::Error::from_raw_os_error(libc::ECONNABORTED));
        let mut dead = 0;
        for _ in 0..MAX_DEAD {
            assert!(is_to_be_passed_over(&refused, &mut dead));
        }
        assert!(!is_to_be_passed_over(&refused, &mut dead));
        let exhausted = Err::<(), _>(io::Error::from_raw_os_error(libc::EMFILE));
        assert!(!is_to_be_passed_over(&exhausted, &mut 0));
        assert!(!is_to_be_passed_over(&Ok(()), &mut 0));
    }
}
