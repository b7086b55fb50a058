//! [`ControlBuffer`]: control messages to be sent.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use super::Credentials;
use super::layout::{HEADER, header, space};
use super::raw::RawControlMessages;
use super::words::Words;

/// How many descriptors one message carries at most (`SCM_MAX_FD`).
pub const MAX_DESCRIPTORS: usize = 253;

/// Control messages to go along with what is sent.
///
/// It grows as needed, and [`clear`](ControlBuffer::clear) keeps its memory for the next message. The lifetime is that of the descriptors in
/// it, which must stay open until they are sent; without any it is whatever is asked for.
///
/// What a socket does not know, sendmsg(2) refuses with [`InvalidInput`](io::ErrorKind::InvalidInput), or ignores when the whole level
/// is foreign to it.
///
/// # Examples
///
/// ```
/// use std::os::fd::AsFd;
///
/// use fend::net::control::ControlBuffer;
///
/// let file = std::fs::File::open("/dev/null")?;
/// let mut control = ControlBuffer::new();
/// control.push_descriptors(&[file.as_fd()])?;
/// assert!(!control.is_empty());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Default)]
pub struct ControlBuffer<'fd> {
    words: Words,
    descriptors: usize,
    borrowed: PhantomData<BorrowedFd<'fd>>,
}

impl<'fd> ControlBuffer<'fd> {
    /// An empty buffer. Allocates with the first message.
    pub fn new() -> Self {
        ControlBuffer::default()
    }

    /// An empty buffer with room for messages of `bytes` bytes in all, headers and padding included.
    pub fn with_capacity(bytes: usize) -> Self {
        ControlBuffer { words: Words::with_capacity(bytes), ..ControlBuffer::default() }
    }

    /// Descriptors to hand over (`SCM_RIGHTS`, unix(7)): the receiver gets copies of them. An empty slice adds nothing.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) when there would be more than [`MAX_DESCRIPTORS`] in the buffer.
    pub fn push_descriptors(&mut self, descriptors: &[BorrowedFd<'fd>]) -> io::Result<()> {
        let count = self.descriptors + descriptors.len();
        if count > MAX_DESCRIPTORS {
            return Err(invalid(format!(
                "{count} descriptors in one message: the kernel takes at most {MAX_DESCRIPTORS}"
            )));
        }
        if descriptors.is_empty() {
            return Ok(());
        }
        let data = self.push_zeroed(
            libc::SOL_SOCKET,
            libc::SCM_RIGHTS,
            size_of::<libc::c_int>() * descriptors.len(),
        );
        for (place, descriptor) in data.chunks_exact_mut(4).zip(descriptors) {
            place.copy_from_slice(&descriptor.as_raw_fd().to_ne_bytes());
        }
        self.descriptors = count;
        Ok(())
    }

    /// Who sends this (`SCM_CREDENTIALS`, unix(7)). Without it a receiver that asked for credentials gets the true ones. Others than
    /// one's own (process id; real, effective or saved user and group ids) need privileges: sendmsg(2) says `EPERM`.
    pub fn push_credentials(&mut self, credentials: Credentials) {
        let Credentials { pid, uid, gid } = credentials;
        let data = [pid.to_ne_bytes(), uid.to_ne_bytes(), gid.to_ne_bytes()];
        self.push(libc::SOL_SOCKET, libc::SCM_CREDENTIALS, data.as_flattened());
    }

    /// The address to send from and the interface (by index) to send through (`IP_PKTINFO`, `IPV6_PKTINFO`; RFC 3542). An unspecified address or an
    /// interface of 0 leaves the choice to the kernel.
    pub fn push_packet_info(&mut self, source: IpAddr, interface: u32) {
        match source {
            IpAddr::V4(source) => {
                // struct in_pktinfo: the interface, the local address, and the header's destination, which is not looked at.
                let destination = Ipv4Addr::UNSPECIFIED;
                let data = [interface.to_ne_bytes(), source.octets(), destination.octets()];
                self.push(libc::IPPROTO_IP, libc::IP_PKTINFO, data.as_flattened());
            }
            IpAddr::V6(source) => {
                let mut data = [0; 20];
                data[..16].copy_from_slice(&source.octets());
                data[16..].copy_from_slice(&interface.to_ne_bytes());
                self.push(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &data);
            }
        }
    }

    /// The type of service byte of an IPv4 packet (`IP_TOS`): DSCP in its upper six bits, ECN in the lower two.
    pub fn push_tos(&mut self, tos: u8) {
        self.push_int(libc::IPPROTO_IP, libc::IP_TOS, tos.into());
    }

    /// The traffic class of an IPv6 packet (`IPV6_TCLASS`): DSCP in its upper six bits, ECN in the lower two.
    pub fn push_traffic_class(&mut self, class: u8) {
        self.push_int(libc::IPPROTO_IPV6, libc::IPV6_TCLASS, class.into());
    }

    /// The time to live of an IPv4 packet, in hops (`IP_TTL`). The kernel refuses 0.
    pub fn push_ttl(&mut self, hops: u8) {
        self.push_int(libc::IPPROTO_IP, libc::IP_TTL, hops.into());
    }

    /// The hop limit of an IPv6 packet (`IPV6_HOPLIMIT`).
    pub fn push_hop_limit(&mut self, hops: u8) {
        self.push_int(libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, hops.into());
    }

    /// Cuts what is sent into datagrams of `bytes` bytes each, the last one may be shorter (`UDP_SEGMENT`, udp(7)).
    pub fn push_segment_size(&mut self, bytes: u16) {
        self.push(libc::SOL_UDP, libc::UDP_SEGMENT, &bytes.to_ne_bytes());
    }

    /// Which time stamps to make of this one send (`SO_TIMESTAMPING`, the `SOF_TIMESTAMPING_TX_*` bits). They come back on the
    /// error queue, when the socket's own `SO_TIMESTAMPING` says that they are reported.
    pub fn push_timestamping(&mut self, flags: u32) {
        self.push(libc::SOL_SOCKET, libc::SO_TIMESTAMPING, &flags.to_ne_bytes());
    }

    /// Any other message.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for `SCM_RIGHTS`, whose numbers could be of descriptors that the caller does not
    /// own: that is what [`push_descriptors`](ControlBuffer::push_descriptors) is for.
    pub fn push_raw(&mut self, level: i32, kind: i32, data: &[u8]) -> io::Result<()> {
        if (level, kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            return Err(invalid("SCM_RIGHTS as raw bytes: use push_descriptors".into()));
        }
        self.push(level, kind, data);
        Ok(())
    }

    /// Throws the messages away and keeps the memory.
    pub fn clear(&mut self) {
        self.words.clear();
        self.descriptors = 0;
    }

    /// Whether there is no message.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The messages as they go to the kernel.
    pub fn as_bytes(&self) -> &[u8] {
        self.words.as_bytes()
    }

    fn push_int(&mut self, level: i32, kind: i32, value: i32) {
        self.push(level, kind, &value.to_ne_bytes());
    }

    fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        self.push_zeroed(level, kind, data.len()).copy_from_slice(data);
    }

    /// Appends a message; its data, to be filled.
    fn push_zeroed(&mut self, level: i32, kind: i32, len: usize) -> &mut [u8] {
        let start = self.as_bytes().len();
        self.words.resize(start + space(len));
        let message = &mut self.words.as_bytes_mut()[start..];
        message[..HEADER].copy_from_slice(&header(level, kind, len));
        &mut message[HEADER..HEADER + len]
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl fmt::Debug for ControlBuffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(RawControlMessages::new(self.as_bytes())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn too_many_descriptors_are_refused() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let mut buffer = ControlBuffer::new();
        buffer.push_descriptors(&vec![file.as_fd(); 253]).unwrap();
        let error = buffer.push_descriptors(&[file.as_fd()]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(
            error.to_string().contains("254 descriptors") && error.to_string().contains("253"),
            "{error}"
        );
        buffer.clear();
        buffer.push_descriptors(&[file.as_fd()]).unwrap();
        assert_eq!(buffer.as_bytes().len(), space(4));
    }

    #[test]
    fn raw_numbers_of_descriptors_are_refused() {
        let mut buffer = ControlBuffer::new();
        let error = buffer.push_raw(libc::SOL_SOCKET, libc::SCM_RIGHTS, &0_i32.to_ne_bytes()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(buffer.is_empty());
        assert!(buffer.push_descriptors(&[]).is_ok() && buffer.is_empty());
    }
}
