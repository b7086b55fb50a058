//! poll(2).
use super::*;
#[derive(Debug)]
pub(super) struct Poll;
impl Poll {
    pub(super) fn new() -> io::Result<Self> {
        todo!()
    }
}
impl Dispatch for Poll {
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
