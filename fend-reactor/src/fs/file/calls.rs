//! Methods that are one call: on the pool, once what was accepted is written and the position is where the user thinks it is.

use std::fs::{FileTimes, Metadata, Permissions};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use super::super::pool;
use super::File;
use super::turn::{Turn, rewind};

impl File {
    /// Waits until all that was written is on the disk, data and metadata: [`std::fs::File::sync_all`], fsync(2).
    ///
    /// # Errors
    ///
    /// Of a write that was accepted, what fsync(2) says, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end.
    pub async fn sync_all(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_written(cx)).await?;
        self.call("sync", |file| file.sync_all()).await
    }

    /// [`sync_all`](Self::sync_all), without metadata that reading does not need: [`std::fs::File::sync_data`], fdatasync(2).
    ///
    /// # Errors
    ///
    /// As [`sync_all`](Self::sync_all).
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end.
    pub async fn sync_data(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_written(cx)).await?;
        self.call("sync", |file| file.sync_data()).await
    }

    /// Cuts the file, or extends it with zeros: [`std::fs::File::set_len`]. The position stays.
    ///
    /// # Errors
    ///
    /// What ftruncate(2) says, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end.
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        self.call("set length of", move |file| file.set_len(size)).await
    }

    /// What there is to know of the file: [`std::fs::File::metadata`].
    ///
    /// # Errors
    ///
    /// What fstat(2) says, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end; it changes nothing.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.call("metadata", |file| file.metadata()).await
    }

    /// Sets the permission bits: [`std::fs::File::set_permissions`].
    ///
    /// # Errors
    ///
    /// What fchmod(2) says, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.call("set permissions of", move |file| file.set_permissions(permissions)).await
    }

    /// Sets times of the file: [`std::fs::File::set_times`].
    ///
    /// # Errors
    ///
    /// What futimens(3) says, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end.
    pub async fn set_times(&self, times: FileTimes) -> io::Result<()> {
        self.call("set times of", move |file| file.set_times(times)).await
    }

    /// Sets the time of the last change: [`std::fs::File::set_modified`].
    ///
    /// # Errors
    ///
    /// As [`set_times`](Self::set_times).
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end.
    pub async fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time)).await
    }

    /// A further handle for the same open file: [`std::fs::File::try_clone`]. The two share one position, and from now on all their
    /// reads and seeks take the way by the pool, since the kernel makes one wait while the other uses the position.
    ///
    /// # Errors
    ///
    /// What fcntl(2) says of `F_DUPFD_CLOEXEC`, and when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, a call that has begun runs to its end; it changes nothing.
    pub async fn try_clone(&self) -> io::Result<File> {
        self.shared.has_clone.store(true, Relaxed);
        let file = self.call("duplicate", |file| file.try_clone()).await?;
        let clone = File::new(file, self.path.clone());
        clone.shared.has_clone.store(true, Relaxed);
        Ok(clone)
    }

    /// Std's file, once all that was accepted is written. Its position is this one's.
    ///
    /// # Errors
    ///
    /// Of a write that was accepted. When another call on the file was given up and has not ended, the fd is duplicated, which may
    /// fail. And when the runtime has shut down.
    ///
    /// # Cancel safety
    ///
    /// Given up early, the file is closed.
    ///
    /// Of what has no position, as a pipe, the bytes of a read that was given up are lost here; [`try_into_std`](Self::try_into_std) keeps
    /// the file then.
    pub async fn into_std(self) -> io::Result<std::fs::File> {
        poll_fn(|cx| self.poll_written(cx)).await?;
        self.settled("seek").await?;
        Arc::try_unwrap(self.file).or_else(|file| file.try_clone())
    }

    /// [`into_std`](Self::into_std) without waiting.
    ///
    /// # Errors
    ///
    /// This file, when a call on it is under way, or an accepted write has failed, which is not told yet, or bytes that a read was given up
    /// for are kept and cannot be put back: a pipe has no position. The next reads give them. And in the child of a fork.
    pub fn try_into_std(self) -> Result<std::fs::File, File> {
        if !self.shared.is_here() {
            return Err(self);
        }
        let File { file, shared, path } = self;
        {
            let mut state = shared.lock();
            if !state.is_idle() || state.write_error.is_some() {
                drop(state);
                return Err(File { file, shared, path });
            }
            let unread = state.read.unread.len();
            if unread > 0 {
                if rewind(&file, unread).is_err() {
                    drop(state);
                    return Err(File { file, shared, path });
                }
                state.read.discard();
            }
        }
        Arc::try_unwrap(file).map_err(|file| File { file, shared, path })
    }

    /// Makes `call` on the pool, when what was accepted is written. Its error names `operation` and this file.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl FnOnce(&std::fs::File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.settled(operation).await?;
        let file = self.file.clone();
        pool::run(move || call(&file)).await.map_err(|error| self.error(operation, error))
    }

    /// Waits until no call moves the position, and puts it in front of what was read and not taken.
    async fn settled(&self, operation: &'static str) -> io::Result<()> {
        let turn = poll_fn(|cx| {
            self.poll_idle(operation, cx).map_ok(|mut state| {
                state.forget_end();
                let is_ahead = !state.read.unread.is_empty();
                is_ahead.then(|| Turn::begin(&mut state, &self.shared, &self.file))
            })
        });
        match turn.await? {
            None => Ok(()),
            Some(turn) => pool::run(move || {
                turn.settle();
                Ok(())
            })
            .await
            .map_err(|error| self.error(operation, error)),
        }
    }
}
