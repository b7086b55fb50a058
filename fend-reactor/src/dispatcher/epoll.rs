//! epoll(7), edge-triggered.
use super::*;
#[derive(Debug)]
pub(super) struct Epoll;
impl Epoll {
    pub(super) fn new() -> io::Result<Self> {
        todo!()
    }
}
impl Dispatch for Epoll {
    fn add(&self, _fd: BorrowedFd<'_>, _token: Token) -> io::Result<()> {
        todo!()
    }
    fn arm(&self, _token: Token, _direction: Direction) {
        todo!()
    }
    fn remove(&self, _fd: RawFd, _token: Token) {
        todo!()
    }
    fn wait(&self, _events: &mut Vec<Event>, _timeout: Option<Duration>) -> io::Result<()> {
        todo!()
    }
    fn wake(&self) {
        todo!()
    }
}
