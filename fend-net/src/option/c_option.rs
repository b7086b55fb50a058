//! One option as C knows it, with the words that its errors begin with.

use std::fmt::Display;
use std::io;
use std::os::fd::AsFd;

use libc::c_int;
use socket2::Socket;

use super::error_queue;
use crate::error::{Place, SocketError};
use crate::sys;

/// Level and number of an option, and the operations on it, for messages: "set TCP_NODELAY".
#[derive(Debug, Clone, Copy)]
pub(crate) struct COption {
    pub(crate) level: c_int,
    pub(crate) number: c_int,
    pub(crate) set: &'static str,
    pub(crate) get: &'static str,
}

/// `c_option!(SOL_TCP, TCP_NODELAY)`; with ` = 42` where libc does not know the number.
macro_rules! c_option {
    ($level:ident, $name:ident) => {
        $crate::option::c_option::c_option!($level, $name = libc::$name)
    };
    ($level:ident, $name:ident = $number:expr) => {
        $crate::option::c_option::COption {
            level: libc::$level,
            number: $number,
            set: concat!("set ", stringify!($name)),
            get: concat!("get ", stringify!($name)),
        }
    };
}
pub(crate) use c_option;

impl COption {
    pub(crate) fn set_bytes(&self, socket: &Socket, value: &[u8], shown: impl Display) -> io::Result<()> {
        error_queue::check(socket, self.level, self.number, value)
            .and_then(|()| sys::option::set(socket.as_fd(), self.level, self.number, value))
            .map_err(|error| SocketError::wrap(self.set, format!("to {shown}"), error))
    }

    pub(crate) fn set_int(&self, socket: &Socket, value: c_int) -> io::Result<()> {
        self.set_bytes(socket, &value.to_ne_bytes(), value)
    }

    /// [`set_int`](Self::set_int) past the check of what would turn on a socket's error queue: for the methods that keep account of it.
    pub(crate) fn set_int_accounted(&self, socket: &Socket, value: c_int) -> io::Result<()> {
        sys::option::set_number(socket.as_fd(), self.level, self.number, value)
            .map_err(|error| SocketError::wrap(self.set, format!("to {value}"), error))
    }

    pub(crate) fn set_u32(&self, socket: &Socket, value: u32) -> io::Result<()> {
        self.set_bytes(socket, &value.to_ne_bytes(), value)
    }

    pub(crate) fn set_bool(&self, socket: &Socket, value: bool) -> io::Result<()> {
        self.set_bytes(socket, &c_int::from(value).to_ne_bytes(), value)
    }

    /// What the kernel gives, at most `max_len` bytes of it.
    pub(crate) fn bytes(&self, socket: &Socket, max_len: usize) -> io::Result<Vec<u8>> {
        let mut value = vec![0; max_len];
        let len = self.read(socket, &mut value)?;
        value.truncate(len);
        Ok(value)
    }

    pub(crate) fn read(&self, socket: &Socket, value: &mut [u8]) -> io::Result<usize> {
        sys::option::get(socket.as_fd(), self.level, self.number, value)
            .map_err(|error| SocketError::wrap(self.get, Place::Unknown, error))
    }

    pub(crate) fn int(&self, socket: &Socket) -> io::Result<c_int> {
        self.array(socket).map(c_int::from_ne_bytes)
    }

    pub(crate) fn u32(&self, socket: &Socket) -> io::Result<u32> {
        self.array(socket).map(u32::from_ne_bytes)
    }

    pub(crate) fn bool(&self, socket: &Socket) -> io::Result<bool> {
        self.int(socket).map(|value| value != 0)
    }

    /// A value of a size that is known.
    pub(crate) fn array<const N: usize>(&self, socket: &Socket) -> io::Result<[u8; N]> {
        let mut value = [0; N];
        match self.read(socket, &mut value)? {
            len if len == N => Ok(value),
            len => Err(self.unexpected(format!("the kernel gave {len} bytes in place of {N}"))),
        }
    }

    /// A count, which is never negative.
    pub(crate) fn count(&self, socket: &Socket) -> io::Result<u32> {
        let value = self.int(socket)?;
        u32::try_from(value).map_err(|_| self.unexpected(format!("the kernel gave {value}")))
    }

    /// An error for a value that the caller gave and that the option cannot hold: "set TCP_SYNCNT to 300: not 1 to 127".
    pub(crate) fn refuse(&self, value: impl Display, wanted: impl Display) -> io::Error {
        let why = io::Error::new(io::ErrorKind::InvalidInput, format!("not {wanted}"));
        SocketError::wrap(self.set, format!("to {value}"), why)
    }

    fn unexpected(&self, what: String) -> io::Error {
        SocketError::wrap(self.get, Place::Unknown, io::Error::new(io::ErrorKind::InvalidData, what))
    }
}
