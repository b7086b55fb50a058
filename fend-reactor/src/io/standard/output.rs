//! What [`Stdout`](super::Stdout) and [`Stderr`](super::Stderr) have in common: a handle to a stream that is written to.

use std::io::{self, Write};
use std::task::{Context, Poll, ready};

use super::channel::Channel;
use super::direct::{direct, poll_direct, uninterrupted};
use super::polled::Kept;
use super::shared::Shared;
use super::writes::{Polls, Writes};

/// One handle. Errors name the stream.
#[derive(Debug)]
pub(super) struct Output {
    shared: &'static Shared<Writes>,
    kept: Kept,
    polls: Polls,
}

impl Output {
    pub(super) fn new(shared: &'static Shared<Writes>) -> Output {
        Output { shared, kept: Kept::default(), polls: Polls::default() }
    }

    pub(super) async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.send_some(buf).await.map_err(|error| self.shared.which().explain(error))
    }

    async fn send_some(&self, buf: &[u8]) -> io::Result<usize> {
        match &*self.shared.channel()? {
            Channel::Polled(polled) => self.kept.with(polled, |calls, file| calls.write(file, buf)).await,
            Channel::Direct(file) => direct(|| (&*file).write(buf)).await,
            Channel::Threaded(runner) => runner.write(buf).await,
        }
    }

    pub(super) async fn send_all(&self, mut buf: &[u8]) -> io::Result<()> {
        while !buf.is_empty() {
            match self.send(buf).await? {
                0 => return Err(self.shared.which().explain(io::ErrorKind::WriteZero.into())),
                count => buf = &buf[count..],
            }
        }
        Ok(())
    }

    pub(super) fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let result = self.shared.channel().and_then(|channel| match &*channel {
            Channel::Polled(polled) => self.kept.try_with(polled, |calls, file| calls.write(file, buf)),
            Channel::Direct(file) => uninterrupted(|| (&*file).write(buf)),
            Channel::Threaded(_) => Err(io::ErrorKind::WouldBlock.into()),
        });
        result.map_err(|error| self.shared.which().explain(error))
    }

    pub(super) fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let result = ready!(match self.shared.channel() {
            Ok(channel) => self.poll_channel(cx, &channel, buf),
            Err(error) => Poll::Ready(Err(error)),
        });
        Poll::Ready(result.map_err(|error| self.shared.which().explain(error)))
    }

    fn poll_channel(
        &self,
        cx: &mut Context<'_>,
        channel: &Channel<Writes>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match channel {
            Channel::Polled(polled) => self.kept.poll_with(cx, polled, |calls, file| calls.write(file, buf)),
            Channel::Direct(file) => poll_direct(cx, || (&*file).write(buf)),
            Channel::Threaded(runner) => self.polls.poll_write(cx, runner, buf),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.polls.is_empty() {
            return;
        }
        if let Ok(channel) = self.shared.channel() {
            if let Channel::Threaded(runner) = &*channel {
                self.polls.give_up(runner);
            }
        }
    }
}
