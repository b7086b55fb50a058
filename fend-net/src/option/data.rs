//! [`OptionData`]: what setsockopt(2) and getsockopt(2) can carry as it is.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A value of a socket option as C has it, for `set_option` and `option` of every socket.
///
/// | type | in C |
/// |---|---|
/// | `bool` | `int`, 0 or 1 (any value but 0 is true) |
/// | `u8` to `u64`, `i8` to `i64` | the integer of that size; `int` is `i32` |
/// | `[T; N]` of these integers | an array, or a structure whose fields are all of this type |
/// | [`Ipv4Addr`], [`Ipv6Addr`] | `struct in_addr`, `struct in6_addr` |
///
/// Other structures are put together from bytes. The trait cannot be implemented elsewhere.
///
/// # Examples
///
/// ```
/// use fend::net::TcpSocket;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_option(libc::SOL_SOCKET, libc::SO_KEEPALIVE, &true)?;
/// assert_eq!(socket.option::<i32>(libc::SOL_SOCKET, libc::SO_KEEPALIVE)?, 1);
///
/// // struct linger { int l_onoff; int l_linger; }
/// socket.set_option(libc::SOL_SOCKET, libc::SO_LINGER, &[1, 5])?;
/// assert_eq!(socket.linger()?, Some(std::time::Duration::from_secs(5)));
/// # std::io::Result::Ok(())
/// ```
#[expect(private_bounds, reason = "so that no other crate can implement it, or call what it is made of")]
pub trait OptionData: Data {}

/// A value with a size and a place in bytes.
pub(crate) trait Data: Sized {
    const SIZE: usize;

    fn to_bytes(&self) -> Vec<u8>;

    /// `bytes` are [`SIZE`](Self::SIZE) long.
    fn from_bytes(bytes: &[u8]) -> Self;
}

impl OptionData for bool {}
impl Data for bool {
    const SIZE: usize = i32::SIZE;

    fn to_bytes(&self) -> Vec<u8> {
        i32::from(*self).to_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> bool {
        i32::from_bytes(bytes) != 0
    }
}

macro_rules! integers {
    ($($integer:ty),+) => {
        $(
            impl OptionData for $integer {}
            impl Data for $integer {
                const SIZE: usize = size_of::<$integer>();

                fn to_bytes(&self) -> Vec<u8> {
                    self.to_ne_bytes().to_vec()
                }

                fn from_bytes(bytes: &[u8]) -> $integer {
                    let mut value = [0; <$integer>::SIZE];
                    value.copy_from_slice(bytes);
                    <$integer>::from_ne_bytes(value)
                }
            }

            impl<const N: usize> OptionData for [$integer; N] {}
            impl<const N: usize> Data for [$integer; N] {
                const SIZE: usize = size_of::<[$integer; N]>();

                fn to_bytes(&self) -> Vec<u8> {
                    self.iter().flat_map(|value| value.to_ne_bytes()).collect()
                }

                fn from_bytes(bytes: &[u8]) -> [$integer; N] {
                    let mut values = [0; N];
                    for (value, bytes) in values.iter_mut().zip(bytes.chunks_exact(<$integer>::SIZE)) {
                        *value = <$integer>::from_bytes(bytes);
                    }
                    values
                }
            }
        )+
    };
}

integers!(u8, i8, u16, i16, u32, i32, u64, i64);

impl OptionData for Ipv4Addr {}
impl Data for Ipv4Addr {
    const SIZE: usize = 4;

    fn to_bytes(&self) -> Vec<u8> {
        self.octets().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Ipv4Addr {
        <[u8; 4]>::from_bytes(bytes).into()
    }
}

impl OptionData for Ipv6Addr {}
impl Data for Ipv6Addr {
    const SIZE: usize = 16;

    fn to_bytes(&self) -> Vec<u8> {
        self.octets().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Ipv6Addr {
        <[u8; 16]>::from_bytes(bytes).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn comes_back<T: OptionData + PartialEq + std::fmt::Debug>(value: T, size: usize) {
        let bytes = value.to_bytes();
        assert_eq!(bytes.len(), size);
        assert_eq!(T::SIZE, size);
        assert_eq!(T::from_bytes(&bytes), value);
    }

    #[test]
    fn every_form_comes_back() {
        comes_back(true, 4);
        comes_back(false, 4);
        comes_back(-2_i8, 1);
        comes_back(0xABCD_u16, 2);
        comes_back(i32::MIN, 4);
        comes_back(u64::MAX - 1, 8);
        comes_back([1_u8, 2, 3], 3);
        comes_back([1, -5], 8);
        comes_back([u64::MAX, 7], 16);
        comes_back([0_i32; 0], 0);
        comes_back(Ipv4Addr::new(1, 2, 3, 4), 4);
        comes_back(Ipv6Addr::LOCALHOST, 16);
    }

    #[test]
    fn any_number_but_zero_is_true() {
        assert!(bool::from_bytes(&2_i32.to_ne_bytes()));
    }
}
