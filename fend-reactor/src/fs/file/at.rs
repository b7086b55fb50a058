//! Reading and writing at offsets: the file's own position is neither used nor moved, and calls run beside each other.

use std::future::poll_fn;
use std::io;
use std::os::unix::fs::FileExt;

use super::File;
use super::read::MOST_READ;
use super::write::MOST_ACCEPTED;
use crate::context::poll_budget;

impl File {
    /// Reads from `offset` on, up to the size of `buf`. `Ok(0)` is the end of the file (or `buf` is empty).
    ///
    /// What the kernel has in memory is read at once, 64 KiB at most; else the pool reads 256 KiB at most. A short count
    /// therefore tells nothing.
    ///
    /// # Errors
    ///
    /// What pread(2) says, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken from the file.
    pub async fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        poll_fn(|cx| self.poll_idle("read", cx).map_ok(drop)).await?;
        poll_fn(poll_budget).await;
        if let Some(count) = self.read_now(buf, offset) {
            return Ok(count);
        }
        let most = buf.len().min(MOST_READ);
        let bytes = self.call("read", move |file| read_at(file, most, offset)).await?;
        buf[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    /// Reads from `offset` on until `buf` is full.
    ///
    /// # Errors
    ///
    /// As [`read_at`](Self::read_at), and [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the file ends before.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken from the file. `buf` may be filled in part.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fend_reactor as fend;
    /// # fend::block_on(async {
    /// let program = fend::fs::File::open(std::env::current_exe()?).await?;
    /// let mut magic = [0; 3];
    /// program.read_exact_at(&mut magic, 1).await?;
    /// assert_eq!(&magic, b"ELF");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.read_at(&mut buf[filled..], beyond(offset, filled)?).await? {
                0 => {
                    let message = format!("the file ends after {filled} of {} bytes", buf.len());
                    return Err(self.error("read", io::Error::new(io::ErrorKind::UnexpectedEof, message)));
                }
                count => filled += count,
            }
        }
        Ok(())
    }

    /// Writes from `offset` on, 256 KiB at most, and waits until it is done: it tells its own errors. (A file that is open for appending is
    /// written at its end: pwrite(2), BUGS.)
    ///
    /// # Errors
    ///
    /// What pwrite(2) says, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: a call that has begun runs to its end, and how much it writes is lost.
    pub async fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let bytes = buf[..buf.len().min(MOST_ACCEPTED)].to_owned();
        self.call("write", move |file| write_at(file, &bytes, offset)).await
    }

    /// Writes all of `buf` from `offset` on, and waits until it is done.
    ///
    /// # Errors
    ///
    /// As [`write_at`](Self::write_at). Some of it may be written then.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: any part may be written.
    pub async fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while done < buf.len() {
            match self.write_at(&buf[done..], beyond(offset, done)?).await? {
                0 => return Err(self.error("write", io::ErrorKind::WriteZero.into())),
                count => done += count,
            }
        }
        Ok(())
    }

    /// There is no offset beyond 2⁶³ - 1, and the kernel's word for "no offset" is among those.
    fn read_now(&self, buf: &mut [u8], offset: u64) -> Option<usize> {
        if i64::try_from(offset).is_ok() { self.read_cached_at(buf, Some(offset)) } else { None }
    }
}

fn read_at(file: &std::fs::File, most: usize, offset: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let count = uninterrupted(|| file.read_at(&mut bytes, offset))?;
    bytes.truncate(count);
    Ok(bytes)
}

fn write_at(file: &std::fs::File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    uninterrupted(|| file.write_at(bytes, offset))
}

pub(super) fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn beyond(offset: u64, count: usize) -> io::Result<u64> {
    offset.checked_add(count as u64).ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
}
