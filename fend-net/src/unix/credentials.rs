//! Who is at the other end.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use socket2::Socket;

use crate::control::Credentials;
use crate::sys;

pub(super) fn peer_cred(socket: &Socket) -> io::Result<Credentials> {
    let (pid, uid, gid) = sys::unix::peer_cred(socket.as_fd())?;
    if uid == u32::MAX {
        return Err(unknown());
    }
    Ok(Credentials { pid, uid, gid })
}

pub(super) fn peer_pidfd(socket: &Socket) -> io::Result<OwnedFd> {
    sys::unix::peer_pidfd(socket.as_fd()).map_err(|error| match error.raw_os_error() {
        Some(libc::ENODATA) => unknown(),
        _ => needs(error, "SO_PEERPIDFD needs Linux 6.5"),
    })
}

pub(super) fn peer_groups(socket: &Socket) -> io::Result<Vec<u32>> {
    sys::unix::peer_groups(socket.as_fd()).map_err(|error| match error.raw_os_error() {
        Some(libc::ENODATA) => unknown(),
        _ => needs(error, "SO_PEERGROUPS needs Linux 4.13"),
    })
}

pub(super) fn peer_security(socket: &Socket) -> io::Result<Vec<u8>> {
    let mut label = sys::unix::peer_security(socket.as_fd())
        .map_err(|error| needs(error, "no security module gives labels to sockets (SO_PEERSEC)"))?;
    if label.last() == Some(&0) {
        label.pop();
    }
    Ok(label)
}

pub(super) fn passpidfd(socket: &Socket) -> io::Result<bool> {
    sys::unix::passpidfd(socket.as_fd()).map_err(|error| needs(error, "SO_PASSPIDFD needs Linux 6.5"))
}

pub(super) fn set_passpidfd(socket: &Socket, on: bool) -> io::Result<()> {
    sys::unix::set_passpidfd(socket.as_fd(), on).map_err(|error| needs(error, "SO_PASSPIDFD needs Linux 6.5"))
}

fn unknown() -> io::Error {
    let why = "the peer's credentials are not known: the socket is neither of a connection nor of a pair";
    io::Error::new(io::ErrorKind::NotConnected, why)
}

/// Says what it takes when the kernel does not know the option.
fn needs(error: io::Error, what: &'static str) -> io::Error {
    match error.raw_os_error() {
        Some(libc::ENOPROTOOPT | libc::EOPNOTSUPP) => io::Error::new(io::ErrorKind::Unsupported, what),
        _ => error,
    }
}

/// For a type with a method `socket(&self) -> &Socket` that can have a peer.
macro_rules! peer_credentials_methods {
    () => {
        /// The process at the other end: its id, and its effective user and group when it connected, began to listen, or made the pair
        /// (`SO_PEERCRED`). The kernel vouches for it.
        ///
        /// The id can be taken by another process once this one has ended: a check that must hold uses
        /// [`peer_pidfd`](Self::peer_pidfd).
        ///
        /// # Errors
        ///
        /// [`NotConnected`](std::io::ErrorKind::NotConnected) when there is no connection; what getsockopt(2) says.
        pub fn peer_cred(&self) -> ::std::io::Result<$crate::control::Credentials> {
            $crate::unix::credentials::peer_cred(self.socket())
        }

        /// A pidfd of the process at the other end (`SO_PEERPIDFD`, Linux 6.5), close-on-exec. It stands for that very process, also when
        /// its number is used again, and is readable once the process has ended: `AsyncFd` waits for that.
        ///
        /// # Errors
        ///
        /// [`Unsupported`](std::io::ErrorKind::Unsupported) from an older kernel,
        /// [`NotConnected`](std::io::ErrorKind::NotConnected) when there is no connection; what getsockopt(2) says: `ESRCH` when the
        /// process is gone.
        pub fn peer_pidfd(&self) -> ::std::io::Result<::std::os::fd::OwnedFd> {
            $crate::unix::credentials::peer_pidfd(self.socket())
        }

        /// The supplementary groups of the process at the other end (`SO_PEERGROUPS`).
        ///
        /// # Errors
        ///
        /// [`NotConnected`](std::io::ErrorKind::NotConnected) when there is no connection; what getsockopt(2) says.
        pub fn peer_groups(&self) -> ::std::io::Result<Vec<u32>> {
            $crate::unix::credentials::peer_groups(self.socket())
        }

        /// The security label of the process at the other end (`SO_PEERSEC`), as SELinux, AppArmor or Smack write it.
        ///
        /// # Errors
        ///
        /// [`Unsupported`](std::io::ErrorKind::Unsupported) when none of them is active; what getsockopt(2) says.
        pub fn peer_security(&self) -> ::std::io::Result<Vec<u8>> {
            $crate::unix::credentials::peer_security(self.socket())
        }
    };
}

/// For a type with a method `socket(&self) -> &Socket`.
macro_rules! receive_credentials_methods {
    ($more:literal) => {
        /// Whether the sender's credentials come with what is received (`SO_PASSCRED`).
        ///
        /// # Errors
        ///
        /// What getsockopt(2) says.
        pub fn passcred(&self) -> ::std::io::Result<bool> {
            self.socket().passcred()
        }

        /// Has the sender's pid, uid and gid come with what is received, as a control message (`SO_PASSCRED`).
        #[doc = $more]
        ///
        /// # Errors
        ///
        /// What setsockopt(2) says.
        pub fn set_passcred(&self, on: bool) -> ::std::io::Result<()> {
            self.socket().set_passcred(on)
        }

        /// Whether a pidfd of the sender comes with what is received (`SO_PASSPIDFD`, Linux 6.5).
        ///
        /// # Errors
        ///
        /// [`Unsupported`](std::io::ErrorKind::Unsupported) from an older kernel; what getsockopt(2) says.
        pub fn passpidfd(&self) -> ::std::io::Result<bool> {
            $crate::unix::credentials::passpidfd(self.socket())
        }

        /// Has a pidfd of the sender come with what is received, as a control message (`SO_PASSPIDFD`, Linux 6.5).
        #[doc = $more]
        ///
        /// # Errors
        ///
        /// [`Unsupported`](std::io::ErrorKind::Unsupported) from an older kernel; what setsockopt(2) says.
        pub fn set_passpidfd(&self, on: bool) -> ::std::io::Result<()> {
            $crate::unix::credentials::set_passpidfd(self.socket(), on)
        }
    };
}

pub(super) use {peer_credentials_methods, receive_credentials_methods};
