//! [`TcpInfo`]: what the kernel knows of a connection.

use std::io;
use std::time::Duration;

use super::TcpStream;
use crate::option::c_option::{COption, c_option};

const TCP_INFO: COption = c_option!(SOL_TCP, TCP_INFO);

/// What the kernel knows of a connection (`TCP_INFO`), at one moment.
///
/// Later kernels know more: what one does not give is `None`. Of the numbers of segments some count what is under way now, as
/// `unacked`; those that begin with `total`, and the bytes, count from the beginning of the connection.
///
/// # Examples
///
/// ```
/// use fend::net::{TcpListener, TcpState, TcpStream};
///
/// # fend::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let stream = TcpStream::connect(listener.local_addr()?).await?;
/// let info = stream.tcp_info()?;
/// assert_eq!(info.state, TcpState::Established);
/// println!("{:?} there and back, {} segments repeated", info.rtt, info.total_retrans);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpInfo {
    /// Where the connection is in its life.
    pub state: TcpState,
    /// How often the oldest segment has been sent again, without an answer so far.
    pub retransmits: u8,
    /// Questions to a silent or closed peer without an answer so far (keepalive and zero window).
    pub probes: u8,
    /// How often the time to the next retransmission has been doubled.
    pub backoff: u8,
    /// Whether timestamps are in use (RFC 7323).
    pub timestamps: bool,
    /// Whether selective acknowledgements are in use (RFC 2018).
    pub sack: bool,
    /// Whether the peer takes part in explicit congestion notification (RFC 3168).
    pub ecn: bool,
    /// Whether data that went with the request for the connection was taken (RFC 7413).
    pub syn_data: bool,
    /// The bits by which the peer's windows are shifted, if window scaling is in use (RFC 7323).
    pub snd_wscale: Option<u8>,
    /// The bits by which our windows are shifted, if window scaling is in use.
    pub rcv_wscale: Option<u8>,
    /// The time until a segment is sent again.
    pub rto: Duration,
    /// How long an acknowledgement may be put off.
    pub ato: Duration,
    /// The largest segment that is sent, in bytes.
    pub snd_mss: u32,
    /// The size of segments that come in, in bytes, as far as it is known.
    pub rcv_mss: u32,
    /// Segments sent and not yet acknowledged.
    pub unacked: u32,
    /// Of those, segments that the peer has got out of order.
    pub sacked: u32,
    /// Of those, segments that count as lost.
    pub lost: u32,
    /// Of those, segments that were sent again.
    pub retrans: u32,
    /// The time since data was last sent.
    pub last_data_sent: Duration,
    /// The time since data last came in.
    pub last_data_recv: Duration,
    /// The time since an acknowledgement last came in.
    pub last_ack_recv: Duration,
    /// The largest packet that the path takes, in bytes.
    pub pmtu: u32,
    /// Where the growth of our window slows down, in bytes.
    pub rcv_ssthresh: u32,
    /// The time to the peer and back, smoothed. Zero before it was measured.
    pub rtt: Duration,
    /// How much that time varies: its mean deviation.
    pub rtt_var: Duration,
    /// Where slow start ends, in segments. `None` while that was never found out.
    pub snd_ssthresh: Option<u32>,
    /// How many segments may be under way (the congestion window).
    pub snd_cwnd: u32,
    /// The largest segment that we offered to take, in bytes.
    pub advmss: u32,
    /// How far segments get out of order, in segments.
    pub reordering: u32,
    /// The time to the peer and back, as the receiving side sees it. Zero before it was measured.
    pub rcv_rtt: Duration,
    /// The room for data coming in, in bytes, that fits the connection.
    pub rcv_space: u32,
    /// Segments sent again, in all.
    pub total_retrans: u32,
    /// How fast segments are paced out now, in bytes per second. `None` also when they are not.
    pub pacing_rate: Option<u64>,
    /// The bound of that (`SO_MAX_PACING_RATE`). `None` also when there is none.
    pub max_pacing_rate: Option<u64>,
    /// Bytes that the peer has acknowledged.
    pub bytes_acked: Option<u64>,
    /// Bytes that have come in, in order.
    pub bytes_received: Option<u64>,
    /// Segments sent, in all.
    pub segs_out: Option<u32>,
    /// Segments that have come in.
    pub segs_in: Option<u32>,
    /// Bytes that the kernel has taken and not yet sent.
    pub notsent_bytes: Option<u32>,
    /// The shortest time to the peer and back, of those measured lately. `None` also when none was.
    pub min_rtt: Option<Duration>,
    /// Segments with data that have come in.
    pub data_segs_in: Option<u32>,
    /// Segments with data that were sent.
    pub data_segs_out: Option<u32>,
    /// How fast data was last delivered, in bytes per second.
    pub delivery_rate: Option<u64>,
    /// How long there was something to send, in all.
    pub busy_time: Option<Duration>,
    /// How long of that the peer's window stood in the way.
    pub rwnd_limited: Option<Duration>,
    /// How long of that the size of our send buffer stood in the way.
    pub sndbuf_limited: Option<Duration>,
    /// Segments that the peer has got, in all.
    pub delivered: Option<u32>,
    /// Of those, segments with a mark of congestion.
    pub delivered_ce: Option<u32>,
    /// Bytes sent, in all, with those sent again.
    pub bytes_sent: Option<u64>,
    /// Bytes sent again, in all.
    pub bytes_retrans: Option<u64>,
    /// Segments that the peer says it got twice.
    pub dsack_dups: Option<u32>,
    /// How often segments were found to have come out of order.
    pub reord_seen: Option<u32>,
    /// Segments that have come in out of order.
    pub rcv_ooopack: Option<u32>,
    /// The window that the peer offers, in bytes.
    pub snd_wnd: Option<u32>,
    /// The window that we offer, in bytes.
    pub rcv_wnd: Option<u32>,
    /// How often the way through the network was changed for want of an answer.
    pub rehash: Option<u32>,
}

/// Where a TCP connection is in its life: see [RFC 9293, section 3.3.2](https://www.rfc-editor.org/rfc/rfc9293#section-3.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TcpState {
    /// Both directions are open.
    Established,
    /// We have asked for the connection.
    SynSent,
    /// The peer has asked for the connection.
    SynReceived,
    /// We have closed, which the peer has not acknowledged.
    FinWait1,
    /// We have closed; the peer may still send.
    FinWait2,
    /// Both have closed, and late segments may come.
    TimeWait,
    /// There is no connection, or no longer.
    Closed,
    /// The peer has closed; we may still send.
    CloseWait,
    /// The peer has closed, then we have, which it has not acknowledged.
    LastAck,
    /// It listens.
    Listen,
    /// Both have closed at once, and the peer has not acknowledged that.
    Closing,
    /// A state of the kernel's that has no name here.
    Other(u8),
}

impl TcpState {
    /// The numbers of linux/tcp_states.h.
    fn of_number(number: u8) -> TcpState {
        match number {
            1 => TcpState::Established,
            2 => TcpState::SynSent,
            // 12 is a request that has no socket of its own yet.
            3 | 12 => TcpState::SynReceived,
            4 => TcpState::FinWait1,
            5 => TcpState::FinWait2,
            6 => TcpState::TimeWait,
            7 => TcpState::Closed,
            8 => TcpState::CloseWait,
            9 => TcpState::LastAck,
            10 => TcpState::Listen,
            11 => TcpState::Closing,
            other => TcpState::Other(other),
        }
    }
}

impl TcpStream {
    /// What the kernel knows of this connection (`TCP_INFO`): times, losses, windows.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn tcp_info(&self) -> io::Result<TcpInfo> {
        // Longer than the structure of any kernel that there is. It only ever grows at its end.
        let mut bytes = [0; 512];
        let len = TCP_INFO.read(self.socket(), &mut bytes)?;
        TcpInfo::of_bytes(&bytes[..len]).ok_or_else(|| {
            let message = format!("get TCP_INFO: the kernel gave {len} bytes only");
            io::Error::new(io::ErrorKind::InvalidData, message)
        })
    }
}

/// The bits of `tcpi_options`.
const OPTION_TIMESTAMPS: u8 = 1;
const OPTION_SACK: u8 = 2;
const OPTION_WSCALE: u8 = 4;
const OPTION_ECN: u8 = 8;
const OPTION_SYN_DATA: u8 = 32;

/// What the kernel has for "none yet" in a threshold (`TCP_INFINITE_SSTHRESH`).
const INFINITE_SSTHRESH: u32 = 0x7FFF_FFFF;

impl TcpInfo {
    /// From a `struct tcp_info`, whose fields are read in its order. `None` when even the oldest form (2.4) is not complete.
    fn of_bytes(bytes: &[u8]) -> Option<TcpInfo> {
        let mut fields = Fields { rest: bytes };
        let [state, _ca_state, retransmits, probes, backoff, options, wscale, _flags] = fields.take()?;
        let scaled = options & OPTION_WSCALE != 0;
        // Two bit fields of four bits, the first in what is the lower half on a little-endian machine.
        let (first, second) = if cfg!(target_endian = "little") {
            (wscale & 15, wscale >> 4)
        } else {
            (wscale >> 4, wscale & 15)
        };
        let rto = fields.micros_u32()?;
        let ato = fields.micros_u32()?;
        let (snd_mss, rcv_mss) = (fields.u32()?, fields.u32()?);
        let (unacked, sacked, lost, retrans) = (fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?);
        let _fackets = fields.u32()?;
        let last_data_sent = fields.millis()?;
        let _last_ack_sent = fields.u32()?;
        let (last_data_recv, last_ack_recv) = (fields.millis()?, fields.millis()?);
        Some(TcpInfo {
            state: TcpState::of_number(state),
            retransmits,
            probes,
            backoff,
            timestamps: options & OPTION_TIMESTAMPS != 0,
            sack: options & OPTION_SACK != 0,
            ecn: options & OPTION_ECN != 0,
            syn_data: options & OPTION_SYN_DATA != 0,
            snd_wscale: scaled.then_some(first),
            rcv_wscale: scaled.then_some(second),
            rto,
            ato,
            snd_mss,
            rcv_mss,
            unacked,
            sacked,
            lost,
            retrans,
            last_data_sent,
            last_data_recv,
            last_ack_recv,
            pmtu: fields.u32()?,
            rcv_ssthresh: fields.u32()?,
            rtt: fields.micros_u32()?,
            rtt_var: fields.micros_u32()?,
            snd_ssthresh: Some(fields.u32()?).filter(|threshold| *threshold < INFINITE_SSTHRESH),
            snd_cwnd: fields.u32()?,
            advmss: fields.u32()?,
            reordering: fields.u32()?,
            rcv_rtt: fields.micros_u32()?,
            rcv_space: fields.u32()?,
            total_retrans: fields.u32()?,
            pacing_rate: fields.u64().filter(|rate| *rate != u64::MAX),
            max_pacing_rate: fields.u64().filter(|rate| *rate != u64::MAX),
            bytes_acked: fields.u64(),
            bytes_received: fields.u64(),
            segs_out: fields.u32(),
            segs_in: fields.u32(),
            notsent_bytes: fields.u32(),
            min_rtt: fields
                .u32()
                .filter(|time| *time != u32::MAX)
                .map(|time| Duration::from_micros(time.into())),
            data_segs_in: fields.u32(),
            data_segs_out: fields.u32(),
            delivery_rate: fields.u64(),
            busy_time: fields.micros(),
            rwnd_limited: fields.micros(),
            sndbuf_limited: fields.micros(),
            delivered: fields.u32(),
            delivered_ce: fields.u32(),
            bytes_sent: fields.u64(),
            bytes_retrans: fields.u64(),
            dsack_dups: fields.u32(),
            reord_seen: fields.u32(),
            rcv_ooopack: fields.u32(),
            snd_wnd: fields.u32(),
            rcv_wnd: fields.u32(),
            rehash: fields.u32(),
        })
    }
}

/// What is left of the structure. A field that is not complete ends it.
struct Fields<'a> {
    rest: &'a [u8],
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let Some((field, rest)) = self.rest.split_first_chunk() else {
            self.rest = &[];
            return None;
        };
        self.rest = rest;
        Some(*field)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_ne_bytes)
    }

    fn micros_u32(&mut self) -> Option<Duration> {
        self.u32().map(|time| Duration::from_micros(time.into()))
    }

    fn micros(&mut self) -> Option<Duration> {
        self.u64().map(Duration::from_micros)
    }

    fn millis(&mut self) -> Option<Duration> {
        self.u32().map(|time| Duration::from_millis(time.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field of four bytes holds its own number, those of eight bytes that of their first half.
    fn numbered() -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..64_u32).flat_map(u32::to_ne_bytes).collect();
        bytes[..8].copy_from_slice(&[1, 0, 2, 3, 4, 0b10_0111, 0x75, 0]);
        bytes
    }

    #[test]
    fn fields_are_where_the_kernel_puts_them() {
        let info = TcpInfo::of_bytes(&numbered()).unwrap();
        // The positions are those of linux/tcp.h, in words of four bytes.
        let wide = |word: u64| {
            Some(if cfg!(target_endian = "little") {
                (word + 1) << 32 | word
            } else {
                word << 32 | (word + 1)
            })
        };
        assert_eq!(
            (info.state, info.retransmits, info.probes, info.backoff),
            (TcpState::Established, 2, 3, 4)
        );
        assert!(info.timestamps && info.sack && info.syn_data && !info.ecn);
        if cfg!(target_endian = "little") {
            assert_eq!((info.snd_wscale, info.rcv_wscale), (Some(5), Some(7)));
        }
        assert_eq!(info.rto, Duration::from_micros(2));
        assert_eq!(info.unacked, 6);
        assert_eq!(info.lost, 8);
        assert_eq!(info.last_data_sent, Duration::from_millis(11));
        assert_eq!(info.last_ack_recv, Duration::from_millis(14));
        assert_eq!(info.pmtu, 15);
        assert_eq!(info.rtt, Duration::from_micros(17));
        assert_eq!(info.snd_cwnd, 20);
        assert_eq!(info.total_retrans, 25);
        assert_eq!(info.pacing_rate, wide(26));
        assert_eq!(info.bytes_received, wide(32));
        assert_eq!(info.min_rtt, Some(Duration::from_micros(37)));
        assert_eq!(info.delivery_rate, wide(40));
        assert_eq!(info.sndbuf_limited, wide(46).map(Duration::from_micros));
        assert_eq!(info.bytes_sent, wide(50));
        assert_eq!(info.rehash, Some(59));
    }

    /// The compiler's own positions, for a look over the shoulder of the test above.
    #[cfg(target_env = "gnu")]
    #[test]
    fn libc_agrees() {
        use std::mem::offset_of;
        assert_eq!(offset_of!(libc::tcp_info, tcpi_rtt), 17 * 4);
        assert_eq!(offset_of!(libc::tcp_info, tcpi_total_retrans), 25 * 4);
    }

    #[test]
    fn an_older_kernel_gives_less() {
        let bytes = numbered();
        let info = TcpInfo::of_bytes(&bytes[..104]).unwrap();
        assert_eq!(info.total_retrans, 25);
        assert_eq!((info.pacing_rate, info.bytes_acked, info.rehash), (None, None, None));
        // A field that is cut in two ends it, too: nothing after it is read from its second half.
        let info = TcpInfo::of_bytes(&bytes[..108]).unwrap();
        assert_eq!((info.pacing_rate, info.segs_out), (None, None));
        assert_eq!(TcpInfo::of_bytes(&bytes[..103]), None);
        assert_eq!(TcpInfo::of_bytes(&[]), None);
    }

    #[test]
    fn what_is_not_known_is_none() {
        let mut bytes = numbered();
        bytes[37 * 4..38 * 4].fill(0xFF);
        bytes[26 * 4..28 * 4].fill(0xFF);
        bytes[5] = 0;
        let info = TcpInfo::of_bytes(&bytes).unwrap();
        assert_eq!((info.min_rtt, info.pacing_rate, info.snd_wscale), (None, None, None));
    }
}
