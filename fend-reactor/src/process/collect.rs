//! Reads both outputs of a child up to their ends, at once: a child that fills a pipe which nobody reads would never end.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;

use super::pipe_end::{self, PipeEnd};
use super::{ChildStderr, ChildStdout};

/// What a read has room for at least.
const LEAST_ROOM: usize = 4096;

/// All of both. One that is not piped is empty.
pub(super) async fn collect(
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let stdout = async {
        match stdout {
            Some(stdout) => read_to_end(stdout.into_pipe()).await,
            None => Ok(Vec::new()),
        }
    };
    let stderr = async {
        match stderr {
            Some(stderr) => read_to_end(stderr.into_pipe()).await,
            None => Ok(Vec::new()),
        }
    };
    both(stdout, stderr).await
}

/// Both results, or the first error.
async fn both<T: Default>(
    one: impl Future<Output = io::Result<T>>,
    other: impl Future<Output = io::Result<T>>,
) -> io::Result<(T, T)> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|cx| {
        if first.is_none() {
            first = finished(one.as_mut().poll(cx))?;
        }
        if second.is_none() {
            second = finished(other.as_mut().poll(cx))?;
        }
        if first.is_none() || second.is_none() {
            return Poll::Pending;
        }
        Poll::Ready(Ok((first.take().unwrap_or_default(), second.take().unwrap_or_default())))
    })
    .await
}

fn finished<T>(poll: Poll<io::Result<T>>) -> io::Result<Option<T>> {
    match poll {
        Poll::Ready(result) => result.map(Some),
        Poll::Pending => Ok(None),
    }
}

/// Closes the pipe at the end.
async fn read_to_end(pipe: PipeEnd) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut filled = 0;
    loop {
        if all.len() - filled < LEAST_ROOM {
            all.resize(filled.max(LEAST_ROOM) * 2, 0);
        }
        match pipe.read_with(|file| pipe_end::recv(file, &mut all[filled..])).await? {
            0 => break,
            count => filled += count,
        }
    }
    all.truncate(filled);
    all.shrink_to_fit();
    Ok(all)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::future::{pending, ready};

    use super::*;
    use crate::block_on;

    #[test]
    fn an_error_of_one_does_not_wait_for_the_other() {
        for failing in [false, true] {
            let result = block_on(async {
                let (fails, waits) = (ready(Err(io::ErrorKind::BrokenPipe.into())), pending());
                if failing { both::<u8>(fails, waits).await } else { both(waits, fails).await }
            });
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        }
    }
}
