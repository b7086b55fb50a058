//! Any option, by level and number.

use std::io;
use std::os::fd::AsFd;

use libc::c_int;
use socket2::Socket;

use super::{OptionData, error_queue};
use crate::error::{Place, SocketError};
use crate::sys;

/// More than any option has: a bound for what is allocated at the caller's word.
const MAX_LEN: usize = 1 << 20;

pub(crate) fn set_option<T: OptionData>(
    socket: &Socket,
    level: c_int,
    number: c_int,
    value: &T,
) -> io::Result<()> {
    set_option_bytes(socket, level, number, &value.to_bytes())
}

pub(crate) fn set_option_bytes(socket: &Socket, level: c_int, number: c_int, value: &[u8]) -> io::Result<()> {
    error_queue::check(socket, level, number, value)
        .and_then(|()| sys::option::set(socket.as_fd(), level, number, value))
        .map_err(|error| SocketError::wrap("set option", place(level, number), error))
}

pub(crate) fn option<T: OptionData>(socket: &Socket, level: c_int, number: c_int) -> io::Result<T> {
    let value = option_bytes(socket, level, number, T::SIZE)?;
    if value.len() != T::SIZE {
        let why = format!("the option has {} bytes, not {}", value.len(), T::SIZE);
        let error = io::Error::new(io::ErrorKind::InvalidInput, why);
        return Err(SocketError::wrap("get option", place(level, number), error));
    }
    Ok(T::from_bytes(&value))
}

pub(crate) fn option_bytes(
    socket: &Socket,
    level: c_int,
    number: c_int,
    max_len: usize,
) -> io::Result<Vec<u8>> {
    let failed = |error| SocketError::wrap("get option", place(level, number), error);
    if max_len > MAX_LEN {
        let why = format!("{max_len} bytes wanted, not 0 to {MAX_LEN}");
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, why)));
    }
    let mut value = vec![0; max_len];
    let len = sys::option::get(socket.as_fd(), level, number, &mut value).map_err(failed)?;
    value.truncate(len);
    Ok(value)
}

fn place(level: c_int, number: c_int) -> Place {
    format!("{number} of level {level}").into()
}
