//! [`ListenFds`]: the descriptors that this process was started with.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::announcement::{FDS, Variables};
use crate::sys::activation::{Unfit, claim};

/// The file descriptors that a service manager passed to this process, in order.
///
/// It is an iterator over them; [`named`](ListenFds::named) picks one out. Those that are still in it when it is
/// dropped are closed.
///
/// # Whose descriptors these are
///
/// [`take`](ListenFds::take) makes file descriptors out of numbers in the environment, so it has to know that nobody else
/// owns them. It goes by this rule. Descriptors 3 to 3 + `LISTEN_FDS` belong to whoever asks first, when `LISTEN_PID` is
/// this process, all of them are open, and none is close-on-exec. What was passed over exec(2) cannot be close-on-exec; what
/// Rust's standard library, this crate, or sd_listen_fds(3) has opened or taken since always is. So a descriptor that
/// was closed since and whose number is somebody else's now is refused, as is one that a C library in this process has
/// taken before. It cannot know of code that takes such descriptors over and leaves no trace.
///
/// Each is close-on-exec from then on. A program that starts others, takes its descriptors before.
///
/// The variables stay in the environment, since changing it is not safe while other threads may read it. A child
/// process inherits them, sees in `LISTEN_PID` that they are not for it, and ignores them.
///
/// # Examples
///
/// Several sockets, of several kinds:
///
/// ```
/// use std::os::fd::OwnedFd;
///
/// use fend::net::TcpListener;
/// use fend::net::activation::ListenFds;
///
/// let mut listeners: Vec<TcpListener> = Vec::new();
/// let mut others: Vec<OwnedFd> = Vec::new();
/// for fd in ListenFds::take()? {
///     match fd.name() {
///         "http" | "https" => listeners.push(fd.convert()?),
///         _ => others.push(fd.into()),
///     }
/// }
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct ListenFds {
    fds: VecDeque<ListenFd>,
}

impl ListenFds {
    /// Takes what was passed to this process. That is nothing when it was started without, and when they have been taken
    /// before: the first call gets them all.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) when a variable is not what it should be, naming it and its value: not a
    /// number, a count of names that is not the count of descriptors, or a descriptor that is not open or not ours by the
    /// [rule](ListenFds#whose-descriptors-these-are). Nothing has been taken then.
    pub fn take() -> io::Result<ListenFds> {
        let Some(announced) = Variables::of_this_process().for_this_process()? else {
            return Ok(ListenFds { fds: VecDeque::new() });
        };
        let fds = claim(announced.count).map_err(|unfit| refused(announced.count, unfit))?;
        let named = announced.into_names().zip(fds).map(|(name, fd)| ListenFd { name, fd });
        Ok(ListenFds { fds: named.collect() })
    }

    /// Takes out the first that has this name. Several have the same one where one unit lists several addresses.
    pub fn named(&mut self, name: &str) -> Option<ListenFd> {
        let index = self.fds.iter().position(|fd| fd.name == name)?;
        self.fds.remove(index)
    }

    /// The names of those that are still in it, in order. A manager that gives no names leaves all of them "unknown".
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fds.iter().map(ListenFd::name)
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.fds.is_empty()
    }
}

impl Iterator for ListenFds {
    type Item = ListenFd;

    fn next(&mut self) -> Option<ListenFd> {
        self.fds.pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.fds.len(), Some(self.fds.len()))
    }
}

impl ExactSizeIterator for ListenFds {}

impl std::iter::FusedIterator for ListenFds {}

/// A file descriptor that was passed to this process, with its name. Dropping it closes it.
#[derive(Debug)]
pub struct ListenFd {
    name: String,
    fd: OwnedFd,
}

impl ListenFd {
    /// The name that the manager has given it: `FileDescriptorName=` in a systemd unit, else the unit's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a socket of it: a [`TcpListener`](crate::TcpListener), a [`UdpSocket`](crate::UdpSocket), a
    /// [`UnixListener`](crate::UnixListener), or another type of this crate. It checks that the descriptor is one of its own, and makes
    /// it non-blocking.
    ///
    /// Types of std take any descriptor unseen, and are made by way of `OwnedFd::from`.
    ///
    /// # Errors
    ///
    /// What the type says, with the descriptor's number and name. The descriptor is closed then: to look first, for example
    /// with `socket2::SockRef::from`, there is [`AsFd`].
    pub fn convert<T>(self) -> io::Result<T>
    where
        T: TryFrom<OwnedFd>,
        io::Error: From<T::Error>,
    {
        let (name, number) = (self.name, self.fd.as_raw_fd());
        T::try_from(self.fd).map_err(|error| {
            let error = io::Error::from(error);
            io::Error::new(error.kind(), format!("file descriptor {number} ({name:?}) of {FDS}: {error}"))
        })
    }
}

impl AsFd for ListenFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl From<ListenFd> for OwnedFd {
    fn from(fd: ListenFd) -> OwnedFd {
        fd.fd
    }
}

fn refused(count: usize, unfit: Unfit) -> io::Error {
    let why = match unfit {
        Unfit::NotOpen(fd) => format!("file descriptor {fd} is not open"),
        Unfit::CloseOnExec(fd) => {
            format!(
                "file descriptor {fd} is close-on-exec, so it was not passed, or has been taken by other code"
            )
        }
    };
    io::Error::new(io::ErrorKind::InvalidInput, format!("{FDS} is \"{count}\", but {why}"))
}
