//! [`OptionValue`]: the value of an option that is known by its name.

use std::net::Ipv4Addr;
use std::time::Duration;

/// The value of a socket option that is known by its name: for `set_socket_option` and `socket_option` of every socket.
///
/// Each option takes and gives one kind:
///
/// | kind | options |
/// |---|---|
/// | [`Bool`](Self::Bool) | what is on or off, such as `SO_REUSEADDR`. 0 and 1 are taken too |
/// | [`Int`](Self::Int), [`Unsigned`](Self::Unsigned) | counts, sizes, and numbers that stand for something |
/// | [`Duration`](Self::Duration) | `SO_BUSY_POLL`, `SO_RCVTIMEO`, `SO_SNDTIMEO`, `TCP_DEFER_ACCEPT`, `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_USER_TIMEOUT`, `TCP_TX_DELAY`, `TCP_RTO_MAX_MS` and the like. The number that C would give is taken too, except by the two timeouts |
/// | [`Linger`](Self::Linger) | `SO_LINGER` |
/// | [`Text`](Self::Text) | `SO_BINDTODEVICE`, `SO_PEERSEC`, `TCP_CONGESTION`, `TCP_ULP` |
/// | [`Address`](Self::Address) | `IP_MULTICAST_IF` |
/// | [`Bytes`](Self::Bytes) | structures, such as `SO_PEERCRED`, `IP_ADD_MEMBERSHIP`, `TCP_INFO`: as they are in C |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use fend::net::{OptionValue, TcpSocket};
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_socket_option("REUSEADDR", true)?;
/// socket.set_socket_option("TCP_KEEPIDLE", Duration::from_secs(30))?;
/// socket.set_socket_option("linger", Some(Duration::ZERO))?;
/// assert_eq!(socket.socket_option("SO_REUSEADDR")?, OptionValue::Bool(true));
/// assert_eq!(socket.socket_option("keepidle")?.as_duration(), Some(Duration::from_secs(30)));
///
/// let error = socket.set_socket_option("REUSADDR", true).unwrap_err();
/// assert!(error.to_string().contains("SO_REUSEADDR"));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptionValue {
    /// On or off.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A number of an option with 64 bits.
    Unsigned(u64),
    /// A time.
    Duration(Duration),
    /// How long closing waits for unsent data, if it does.
    Linger(Option<Duration>),
    /// A name.
    Text(String),
    /// An address of an interface.
    Address(Ipv4Addr),
    /// A structure, or another form that has no kind of its own.
    Bytes(Vec<u8>),
}

impl OptionValue {
    /// Whether it is on, if it is a [`Bool`](Self::Bool).
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            OptionValue::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.number().and_then(|number| number.try_into().ok())
    }

    /// The number, if it is one that fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.number().and_then(|number| number.try_into().ok())
    }

    /// The time, if it is one; that of a [`Linger`](Self::Linger) too.
    pub fn as_duration(&self) -> Option<Duration> {
        match self {
            OptionValue::Duration(time) => Some(*time),
            OptionValue::Linger(time) => *time,
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            OptionValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it is a [`Bytes`](Self::Bytes).
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            OptionValue::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Either kind of number, in a type that holds both.
    pub(super) fn number(&self) -> Option<i128> {
        match self {
            OptionValue::Int(number) => Some((*number).into()),
            OptionValue::Unsigned(number) => Some((*number).into()),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($variant:ident: $($type:ty),+;)+) => {
        $($(
            impl From<$type> for OptionValue {
                fn from(value: $type) -> OptionValue {
                    OptionValue::$variant(value.into())
                }
            }
        )+)+
    };
}

from! {
    Bool: bool;
    Int: i8, u8, i16, u16, i32, u32, i64;
    Unsigned: u64;
    Duration: Duration;
    Linger: Option<Duration>;
    Text: &str, String;
    Address: Ipv4Addr;
    Bytes: Vec<u8>, &[u8];
}

/// Sizes of buffers and the like.
impl From<usize> for OptionValue {
    fn from(value: usize) -> OptionValue {
        OptionValue::Unsigned(value as u64)
    }
}

impl<const N: usize> From<[u8; N]> for OptionValue {
    fn from(value: [u8; N]) -> OptionValue {
        OptionValue::Bytes(value.to_vec())
    }
}
