//! getsockopt(2) and setsockopt(2), with any option and any bytes.
//!
//! Both are safe to call with whatever the caller thinks up, so four kinds of option need care:
//!
//! - A few options of setsockopt(2) are given a structure that holds an address, *to which the kernel writes*: those
//!   that replace a table of the packet filter, and give the old counters back that way. They are refused.
//! - One option of setsockopt(2) (`IPV6_FLOWLABEL_MGR`) writes an answer into the value. So the kernel gets a copy.
//! - A few options of getsockopt(2) read the buffer before they fill it. They write to an address found in it
//!   (`TCP_ZEROCOPY_RECEIVE`), or as many elements as it asks for (`TCP_AO_GET_KEYS`). The buffer is all zero here when the kernel
//!   gets it, so that it names no memory and asks for nothing.
//! - One option of getsockopt(2) (`SO_GET_FILTER`) takes and gives a length in instructions of 8 bytes. It is converted, or the kernel
//!   would write past the buffer's end.
//!
//! An address that is only read from (`SO_ATTACH_FILTER`) does no harm: the kernel checks it, and says `EFAULT`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::retry_interrupted;

/// Level and number of the options whose value names memory that the kernel writes to. The numbers are from
/// linux/netfilter_ipv4/ip_tables.h, linux/netfilter_arp/arp_tables.h, linux/netfilter_bridge/ebtables.h and
/// linux/netfilter_ipv6/ip6_tables.h.
const WRITING: [(libc::c_int, libc::c_int); 4] = [
    (libc::SOL_IP, 64),   // IPT_SO_SET_REPLACE
    (libc::SOL_IP, 96),   // ARPT_SO_SET_REPLACE
    (libc::SOL_IP, 128),  // EBT_SO_SET_ENTRIES
    (libc::SOL_IPV6, 64), // IP6T_SO_SET_REPLACE
];

/// The size of an instruction of the classic packet filter: `struct sock_filter`.
const INSTRUCTION: usize = size_of::<libc::sock_filter>();

/// What one unit of the length stands for, in bytes. The other options of Linux count bytes.
fn unit(level: libc::c_int, number: libc::c_int) -> usize {
    match (level, number) {
        (libc::SOL_SOCKET, libc::SO_GET_FILTER) => INSTRUCTION,
        _ => 1,
    }
}

/// The values of nearly all options are no longer than this.
const SHORT: usize = 64;

/// setsockopt(2) with the bytes of `value`.
pub(crate) fn set(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    number: libc::c_int,
    value: &[u8],
) -> io::Result<()> {
    if WRITING.contains(&(level, number)) {
        let message =
            "the value of this option holds an address that the kernel writes to: no safe function sets it";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    if let Some(copy) = [0; SHORT].get_mut(..value.len()) {
        copy.copy_from_slice(value);
        set_copy(fd, level, number, copy)
    } else {
        set_copy(fd, level, number, &mut value.to_vec())
    }
}

fn set_copy(fd: BorrowedFd<'_>, level: libc::c_int, number: libc::c_int, value: &mut [u8]) -> io::Result<()> {
    let len = length(value.len())?;
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd, rule 2 for the value, which the kernel may write to. No option that makes it write to other
        // memory gets here.
        unsafe { libc::setsockopt(fd.as_raw_fd(), level, number, value.as_mut_ptr().cast(), len) as isize }
    })?;
    Ok(())
}

/// getsockopt(2) into `value`, which is cleared first: how many bytes of it the kernel has filled.
pub(crate) fn get(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    number: libc::c_int,
    value: &mut [u8],
) -> io::Result<usize> {
    let unit = unit(level, number);
    let room = length(value.len() / unit)?;
    let mut len = room;
    retry_interrupted(|| {
        value.fill(0);
        // SAFETY: rule 1 for the fd, rule 2 for the value and for its length, in the unit that this option counts in. The value
        // is zero, so it names no other memory.
        unsafe {
            libc::getsockopt(fd.as_raw_fd(), level, number, value.as_mut_ptr().cast(), &mut len) as isize
        }
    })?;
    if unit > 1 && len > room {
        // Asked with no room, the kernel tells the length and gives nothing.
        let message = format!("the value has {} bytes, and room is for {}", len as usize * unit, value.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(value.len().min(len as usize * unit))
}

/// [`set`] of an `int`.
pub(crate) fn set_number(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    number: libc::c_int,
    value: i32,
) -> io::Result<()> {
    set(fd, level, number, &value.to_ne_bytes())
}

/// The kernel takes a length as an `int`.
fn length(len: usize) -> io::Result<libc::socklen_t> {
    i32::try_from(len).map(|len| len as libc::socklen_t).map_err(|_| {
        let message = format!("a socket option of {len} bytes: at most {} bytes", i32::MAX);
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    #[test]
    fn an_option_that_names_memory_is_refused() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for (level, number) in WRITING {
            let error = set(socket.as_fd(), level, number, &[0; 96]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{level} {number}");
        }
    }

    #[test]
    fn values_of_any_length_reach_the_kernel() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for len in [4, SHORT, SHORT + 1, 1000] {
            // An int is read from the beginning, whatever follows.
            let mut value = vec![0; len];
            value[..4].copy_from_slice(&5_i32.to_ne_bytes());
            set(socket.as_fd(), libc::SOL_SOCKET, libc::SO_PRIORITY, &value).unwrap();
            let mut got = [0; 4];
            get(socket.as_fd(), libc::SOL_SOCKET, libc::SO_PRIORITY, &mut got).unwrap();
            assert_eq!(i32::from_ne_bytes(got), 5);
            set(socket.as_fd(), libc::SOL_SOCKET, libc::SO_PRIORITY, &[0; 4]).unwrap();
        }
        let error = set(socket.as_fd(), libc::SOL_SOCKET, libc::SO_PRIORITY, &[]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    }

    /// The kernel chooses a label and writes it into its copy.
    #[test]
    fn an_answer_in_the_value_does_not_reach_the_callers() {
        let Ok(socket) = UdpSocket::bind("[::1]:0") else { return };
        // struct in6_flowlabel_req: address, label, action (get), share (any), flags (create), expires, linger.
        let mut value = [0; 32];
        value[15] = 1;
        value[21] = 255;
        value[22] = 1;
        let before = value;
        set(socket.as_fd(), libc::SOL_IPV6, libc::IPV6_FLOWLABEL_MGR, &value).unwrap();
        assert_eq!(value, before);
    }

    #[test]
    fn what_the_buffer_held_before_is_not_seen() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut value = [0xFF; 16];
        let len = get(socket.as_fd(), libc::SOL_SOCKET, libc::SO_TYPE, &mut value).unwrap();
        assert_eq!(len, 4);
        assert_eq!(&value[4..], &[0; 12]);
    }
}
