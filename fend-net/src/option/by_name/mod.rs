//! Options by name, as scripts and configuration files have them.

#[cfg(test)]
mod kernel_tests;
mod lookup;
mod table;
mod value;

use std::io;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::time::Duration;

use libc::c_int;
use socket2::Socket;

use super::check::{self, Unit};
use super::data::Data;
use super::socket_level;
use crate::error::{Place, SocketError};
use lookup::lookup;
use table::{Access, Kind, Named, TABLE};

pub use value::OptionValue;

/// The names of all options that the sockets' `set_socket_option` and `socket_option` know.
///
/// # Examples
///
/// ```
/// assert!(fend::net::socket_option_names().any(|name| name == "SO_REUSEADDR"));
/// ```
pub fn socket_option_names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|option| option.name)
}

pub(crate) fn set_socket_option(socket: &Socket, name: &str, value: OptionValue) -> io::Result<()> {
    lookup(socket, name)?.set(socket, &value)
}

pub(crate) fn socket_option(socket: &Socket, name: &str) -> io::Result<OptionValue> {
    lookup(socket, name)?.get(socket)
}

impl Named {
    fn set(&self, socket: &Socket, value: &OptionValue) -> io::Result<()> {
        if self.access == Access::Read {
            return Err(self.option.refuse(shown(value), "possible: it can only be read"));
        }
        match (self.kind, value) {
            (Kind::Linger, OptionValue::Linger(time)) => socket_level::set_linger(socket, *time),
            (Kind::Linger, OptionValue::Duration(time)) => socket_level::set_linger(socket, Some(*time)),
            (Kind::Timeval, OptionValue::Duration(time)) => self.set_timeout(socket, *time),
            _ => self.option.set_bytes(socket, &self.encode(value)?, shown(value)),
        }
    }

    /// `value` as C has it.
    fn encode(&self, value: &OptionValue) -> io::Result<Vec<u8>> {
        Ok(match (self.kind, value) {
            (Kind::Bool, OptionValue::Bool(on)) => on.to_bytes(),
            (Kind::Bool, OptionValue::Int(0 | 1)) => self.number::<c_int>(value)?,
            (Kind::Int, _) => {
                self.check_range(value)?;
                self.number::<c_int>(value)?
            }
            (Kind::U32, _) => self.number::<u32>(value)?,
            (Kind::U64, _) => self.number::<u64>(value)?,
            (Kind::Long, _) if size_of::<libc::c_ulong>() == 4 => self.number::<u32>(value)?,
            (Kind::Long, _) => self.number::<u64>(value)?,
            (Kind::NetworkInt, _) => u32::from_bytes(&self.number::<u32>(value)?).to_be().to_bytes(),
            (Kind::Seconds | Kind::Milliseconds | Kind::Microseconds, OptionValue::Duration(time)) => {
                check::duration(&self.option, *time, self.unit(), 0..=c_int::MAX)?.to_bytes()
            }
            (Kind::Seconds | Kind::Milliseconds | Kind::Microseconds, _) => self.number::<c_int>(value)?,
            (Kind::Text(_), OptionValue::Text(text)) => self.text(text)?,
            (Kind::Address, OptionValue::Address(address)) => address.to_bytes(),
            (Kind::Bytes(_), OptionValue::Bytes(bytes)) => bytes.clone(),
            _ => return Err(self.unfit(value)),
        })
    }

    /// The kernel takes a size out of range as another one, without a word.
    fn check_range(&self, value: &OptionValue) -> io::Result<()> {
        let (range, number) = match (self.sizes(), value.number()) {
            (Some(range), Some(number)) => (range, number),
            _ => return Ok(()),
        };
        if (i128::from(*range.start())..=i128::from(*range.end())).contains(&number) {
            return Ok(());
        }
        Err(self.option.refuse(shown(value), format_args!("{} to {}", range.start(), range.end())))
    }

    /// The sizes in bytes that the option can have, as those of its own setter.
    fn sizes(&self) -> Option<RangeInclusive<c_int>> {
        match (self.option.level, self.option.number) {
            (
                libc::SOL_SOCKET,
                libc::SO_RCVBUF | libc::SO_RCVBUFFORCE | libc::SO_SNDBUF | libc::SO_SNDBUFFORCE,
            ) => Some(socket_level::BUFFER_SIZES),
            (libc::SOL_SOCKET, libc::SO_RCVLOWAT) => Some(socket_level::LOW_WATERS),
            _ => None,
        }
    }

    /// The bytes of a number that fits into `T`.
    fn number<T: Data + TryFrom<i128>>(&self, value: &OptionValue) -> io::Result<Vec<u8>> {
        let number = value.number().ok_or_else(|| self.unfit(value))?;
        T::try_from(number).map(|number| number.to_bytes()).map_err(|_| self.unfit(value))
    }

    /// The kernel would cut a longer name off.
    fn text(&self, text: &str) -> io::Result<Vec<u8>> {
        match self.kind {
            Kind::Text(room) if text.len() >= room || text.contains('\0') => Err(self
                .option
                .refuse(format_args!("{text:?}"), format_args!("a name of at most {} bytes", room - 1))),
            _ => Ok(text.as_bytes().to_vec()),
        }
    }

    fn unfit(&self, value: &OptionValue) -> io::Error {
        let wanted = match self.kind {
            Kind::Bool => "true or false (OptionValue::Bool)",
            Kind::Int => "an integer of 32 bits (OptionValue::Int)",
            Kind::U32 => "an integer of 0 to 4294967295 (OptionValue::Int)",
            Kind::U64 | Kind::Long => "an integer that is not negative (OptionValue::Unsigned)",
            Kind::NetworkInt => "the index of an interface (OptionValue::Int)",
            Kind::Seconds => "a time (OptionValue::Duration) or a number of seconds",
            Kind::Milliseconds => "a time (OptionValue::Duration) or a number of milliseconds",
            Kind::Microseconds => "a time (OptionValue::Duration) or a number of microseconds",
            Kind::Timeval => "a time (OptionValue::Duration)",
            Kind::Linger => "OptionValue::Linger: Some(time) for on with this time, None for off",
            Kind::Text(_) => "text (OptionValue::Text)",
            Kind::Address => "an IPv4 address (OptionValue::Address)",
            Kind::Bytes(_) => "the bytes of the C structure (OptionValue::Bytes)",
        };
        self.option.refuse(shown(value), wanted)
    }

    fn get(&self, socket: &Socket) -> io::Result<OptionValue> {
        if self.access == Access::Set {
            let message = format!("{} can only be set, not read", self.name);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let option = &self.option;
        Ok(match self.kind {
            Kind::Bool => option.bool(socket)?.into(),
            Kind::Int => option.int(socket)?.into(),
            Kind::U32 => option.u32(socket)?.into(),
            Kind::U64 => u64::from_ne_bytes(option.array(socket)?).into(),
            Kind::Long if size_of::<libc::c_ulong>() == 4 => u64::from(option.u32(socket)?).into(),
            Kind::Long => u64::from_ne_bytes(option.array(socket)?).into(),
            Kind::NetworkInt => u32::from_be_bytes(option.array(socket)?).into(),
            Kind::Seconds | Kind::Milliseconds | Kind::Microseconds => {
                self.unit().times(option.count(socket)?).into()
            }
            Kind::Timeval => self.timeout(socket)?.into(),
            Kind::Linger => socket_level::linger(socket)?.into(),
            Kind::Text(room) => text_of(&option.bytes(socket, room)?).into(),
            Kind::Address => Ipv4Addr::from(option.array::<4>(socket)?).into(),
            Kind::Bytes(room) => option.bytes(socket, room)?.into(),
        })
    }

    fn unit(&self) -> Unit {
        match self.kind {
            Kind::Milliseconds => Unit::Milliseconds,
            Kind::Microseconds => Unit::Microseconds,
            _ => Unit::Seconds,
        }
    }

    /// `SO_RCVTIMEO` or `SO_SNDTIMEO`. Zero is no timeout.
    fn timeout(&self, socket: &Socket) -> io::Result<Duration> {
        let time = match self.option.number {
            libc::SO_RCVTIMEO => socket.read_timeout(),
            _ => socket.write_timeout(),
        };
        time.map(Option::unwrap_or_default)
            .map_err(|error| SocketError::wrap(self.option.get, Place::Unknown, error))
    }

    fn set_timeout(&self, socket: &Socket, time: Duration) -> io::Result<()> {
        // Less than one would become zero, which is no timeout.
        if time.subsec_nanos() % 1000 != 0 {
            return Err(self.option.refuse(format_args!("{time:?}"), "whole microseconds"));
        }
        match self.option.number {
            libc::SO_RCVTIMEO => socket.set_read_timeout(Some(time)),
            _ => socket.set_write_timeout(Some(time)),
        }
        .map_err(|error| SocketError::wrap(self.option.set, format!("to {time:?}"), error))
    }
}

/// Up to its zero.
fn text_of(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// The value itself, without the name of its kind.
fn shown(value: &OptionValue) -> String {
    match value {
        OptionValue::Bool(value) => value.to_string(),
        OptionValue::Int(value) => value.to_string(),
        OptionValue::Unsigned(value) => value.to_string(),
        OptionValue::Duration(value) => format!("{value:?}"),
        OptionValue::Linger(value) => format!("{value:?}"),
        OptionValue::Text(value) => format!("{value:?}"),
        OptionValue::Address(value) => value.to_string(),
        OptionValue::Bytes(value) => format!("{} bytes", value.len()),
    }
}
