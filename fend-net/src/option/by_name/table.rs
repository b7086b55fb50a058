//! Every option of socket(7), ip(7), ipv6(7), tcp(7), udp(7) and unix(7), with its name.
//!
//! Left out are those that cannot be used so: `SO_ATTACH_FILTER` and the like, whose value holds an address;
//! `TCP_ZEROCOPY_RECEIVE`, which moves data; `SO_PEERPIDFD`, which makes a file descriptor; and `SO_PEERNAME`, which is
//! `peer_addr`.

use super::super::c_option::{COption, c_option};

/// One option.
#[derive(Debug)]
pub(super) struct Named {
    /// As in C, with the prefix.
    pub(super) name: &'static str,
    pub(super) option: COption,
    pub(super) kind: Kind,
    pub(super) access: Access,
}

/// The form of an option's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An `int` that is 0 or 1.
    Bool,
    Int,
    U32,
    /// `unsigned long`.
    Long,
    U64,
    /// `int` in network byte order: the index of an interface.
    NetworkInt,
    /// `int` of this unit.
    Seconds,
    Milliseconds,
    Microseconds,
    /// `struct linger`.
    Linger,
    /// `struct timeval`.
    Timeval,
    /// Of at most this many bytes, with a zero at the end where there is room.
    Text(usize),
    /// `struct in_addr`.
    Address,
    /// A structure: of at most this many bytes when it is read.
    Bytes(usize),
}

/// Whether an option can be read, set, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Both,
    Read,
    Set,
}

impl Named {
    /// The name without its prefix: "REUSEADDR".
    pub(super) fn short(&self) -> &'static str {
        self.name.split_once('_').map_or(self.name, |(_, short)| short)
    }
}

/// `NAME: kind, access;`, with ` = number` where libc does not know it.
macro_rules! table {
    ($($level:ident { $($name:ident $(= $number:literal)?: $kind:expr, $access:ident;)+ })+) => {
        pub(super) static TABLE: &[Named] = &[
            $($(
                Named {
                    name: stringify!($name),
                    option: c_option!($level, $name $(= $number)?),
                    kind: $kind,
                    access: Access::$access,
                },
            )+)+
        ];
    };
}

use Kind::{
    Address, Bool, Bytes, Int, Linger, Long, Microseconds, Milliseconds, NetworkInt, Seconds, Text, Timeval,
    U32, U64,
};

table! {
    SOL_SOCKET {
        SO_ACCEPTCONN: Bool, Read;
        SO_ATTACH_BPF: Int, Set;
        SO_ATTACH_REUSEPORT_EBPF: Int, Set;
        SO_BINDTODEVICE: Text(16), Both;
        SO_BINDTOIFINDEX: Int, Both;
        SO_BPF_EXTENSIONS: Int, Read;
        SO_BROADCAST: Bool, Both;
        SO_BUF_LOCK: Int, Both;
        SO_BUSY_POLL: Microseconds, Both;
        SO_BUSY_POLL_BUDGET: Int, Set;
        SO_CNX_ADVICE: Int, Set;
        SO_COOKIE: U64, Read;
        SO_DEBUG: Bool, Both;
        SO_DETACH_BPF: Int, Set;
        SO_DETACH_FILTER: Int, Set;
        SO_DETACH_REUSEPORT_BPF: Int, Set;
        SO_DOMAIN: Int, Read;
        SO_DONTROUTE: Bool, Both;
        SO_ERROR: Int, Read;
        SO_INCOMING_CPU: Int, Both;
        SO_INCOMING_NAPI_ID: Int, Read;
        SO_KEEPALIVE: Bool, Both;
        SO_LINGER: Linger, Both;
        SO_LOCK_FILTER: Bool, Both;
        SO_MARK: U32, Both;
        SO_MAX_PACING_RATE: Long, Both;
        SO_MEMINFO: Bytes(256), Read;
        SO_NETNS_COOKIE: U64, Read;
        SO_NOFCS: Bool, Both;
        SO_NO_CHECK: Bool, Both;
        SO_OOBINLINE: Bool, Both;
        SO_PASSCRED: Bool, Both;
        SO_PASSPIDFD: Bool, Both;
        SO_PASSRIGHTS = 83: Bool, Both;
        SO_PASSSEC: Bool, Both;
        SO_PEEK_OFF: Int, Both;
        SO_PEERCRED: Bytes(12), Read;
        SO_PEERGROUPS: Bytes(262_144), Read;
        SO_PEERSEC: Text(4096), Read;
        SO_PREFER_BUSY_POLL: Bool, Both;
        SO_PRIORITY: U32, Both;
        SO_PROTOCOL: Int, Read;
        SO_RCVBUF: Int, Both;
        SO_RCVBUFFORCE: Int, Set;
        SO_RCVLOWAT: Int, Both;
        SO_RCVMARK: Bool, Both;
        SO_RCVPRIORITY = 82: Bool, Both;
        SO_RCVTIMEO: Timeval, Both;
        SO_RESERVE_MEM: Int, Both;
        SO_REUSEADDR: Bool, Both;
        SO_REUSEPORT: Bool, Both;
        SO_RXQ_OVFL: Bool, Both;
        SO_SELECT_ERR_QUEUE: Bool, Both;
        SO_SNDBUF: Int, Both;
        SO_SNDBUFFORCE: Int, Set;
        SO_SNDLOWAT: Int, Read;
        SO_SNDTIMEO: Timeval, Both;
        SO_TIMESTAMP: Bool, Both;
        SO_TIMESTAMPING: Int, Both;
        SO_TIMESTAMPNS: Bool, Both;
        SO_TXREHASH: Int, Both;
        SO_TXTIME: Bytes(8), Both;
        SO_TYPE: Int, Read;
        SO_WIFI_STATUS: Bool, Both;
        SO_ZEROCOPY: Bool, Both;
    }
    SOL_IP {
        IP_ADD_MEMBERSHIP: Bytes(0), Set;
        IP_ADD_SOURCE_MEMBERSHIP: Bytes(0), Set;
        IP_BIND_ADDRESS_NO_PORT: Bool, Both;
        IP_BLOCK_SOURCE: Bytes(0), Set;
        IP_CHECKSUM: Bool, Both;
        IP_DROP_MEMBERSHIP: Bytes(0), Set;
        IP_DROP_SOURCE_MEMBERSHIP: Bytes(0), Set;
        IP_FREEBIND: Bool, Both;
        IP_HDRINCL: Bool, Both;
        IP_LOCAL_PORT_RANGE = 51: U32, Both;
        IP_MINTTL: Int, Both;
        IP_MSFILTER: Bytes(0), Set;
        IP_MTU: Int, Read;
        IP_MTU_DISCOVER: Int, Both;
        IP_MULTICAST_ALL: Bool, Both;
        IP_MULTICAST_IF: Address, Both;
        IP_MULTICAST_LOOP: Bool, Both;
        IP_MULTICAST_TTL: Int, Both;
        IP_NODEFRAG: Bool, Both;
        IP_OPTIONS: Bytes(40), Both;
        IP_PASSSEC: Bool, Both;
        IP_PKTINFO: Bool, Both;
        IP_PKTOPTIONS: Bytes(1024), Read;
        IP_PROTOCOL = 52: Int, Read;
        IP_RECVERR: Bool, Both;
        IP_RECVERR_RFC4884 = 26: Bool, Both;
        IP_RECVFRAGSIZE: Bool, Both;
        IP_RECVOPTS: Bool, Both;
        IP_RECVORIGDSTADDR: Bool, Both;
        IP_RECVTOS: Bool, Both;
        IP_RECVTTL: Bool, Both;
        IP_RETOPTS: Bool, Both;
        IP_ROUTER_ALERT: Bool, Set;
        IP_TOS: Int, Both;
        IP_TRANSPARENT: Bool, Both;
        IP_TTL: Int, Both;
        IP_UNBLOCK_SOURCE: Bytes(0), Set;
        IP_UNICAST_IF: NetworkInt, Both;
        SO_ORIGINAL_DST: Bytes(16), Read;
    }
    SOL_IPV6 {
        IPV6_ADDRFORM: Int, Both;
        IPV6_ADDR_PREFERENCES: Int, Both;
        IPV6_ADD_MEMBERSHIP: Bytes(0), Set;
        IPV6_AUTOFLOWLABEL: Bool, Both;
        IPV6_CHECKSUM: Int, Both;
        IPV6_DONTFRAG: Bool, Both;
        IPV6_DROP_MEMBERSHIP: Bytes(0), Set;
        IPV6_DSTOPTS: Bytes(2048), Both;
        IPV6_FLOWINFO: Bool, Both;
        IPV6_FLOWINFO_SEND: Bool, Both;
        IPV6_FLOWLABEL_MGR: Bytes(0), Set;
        IPV6_FREEBIND: Bool, Both;
        IPV6_HDRINCL: Bool, Both;
        IPV6_HOPOPTS: Bytes(2048), Both;
        IPV6_JOIN_ANYCAST: Bytes(0), Set;
        IPV6_JOIN_GROUP = 20: Bytes(0), Set;
        IPV6_LEAVE_ANYCAST: Bytes(0), Set;
        IPV6_LEAVE_GROUP = 21: Bytes(0), Set;
        IPV6_MINHOPCOUNT: Int, Both;
        IPV6_MTU: Int, Both;
        IPV6_MTU_DISCOVER: Int, Both;
        IPV6_MULTICAST_ALL: Bool, Both;
        IPV6_MULTICAST_HOPS: Int, Both;
        IPV6_MULTICAST_IF: Int, Both;
        IPV6_MULTICAST_LOOP: Bool, Both;
        IPV6_NEXTHOP: Bytes(0), Set;
        IPV6_PATHMTU: Bytes(32), Read;
        IPV6_PKTINFO: Bytes(0), Set;
        IPV6_RECVDSTOPTS: Bool, Both;
        IPV6_RECVERR: Bool, Both;
        IPV6_RECVERR_RFC4884 = 31: Bool, Both;
        IPV6_RECVFRAGSIZE: Bool, Both;
        IPV6_RECVHOPLIMIT: Bool, Both;
        IPV6_RECVHOPOPTS: Bool, Both;
        IPV6_RECVORIGDSTADDR: Bool, Both;
        IPV6_RECVPATHMTU: Bool, Both;
        IPV6_RECVPKTINFO: Bool, Both;
        IPV6_RECVRTHDR: Bool, Both;
        IPV6_RECVTCLASS: Bool, Both;
        IPV6_ROUTER_ALERT: Int, Set;
        IPV6_ROUTER_ALERT_ISOLATE: Bool, Both;
        IPV6_RTHDR: Bytes(2048), Both;
        IPV6_RTHDRDSTOPTS: Bytes(2048), Both;
        IPV6_TCLASS: Int, Both;
        IPV6_TRANSPARENT: Bool, Both;
        IPV6_UNICAST_HOPS: Int, Both;
        IPV6_UNICAST_IF: NetworkInt, Both;
        IPV6_V6ONLY: Bool, Both;
    }
    SOL_TCP {
        TCP_CC_INFO: Bytes(64), Read;
        TCP_CONGESTION: Text(16), Both;
        TCP_CORK: Bool, Both;
        TCP_DEFER_ACCEPT: Seconds, Both;
        TCP_DELACK_MAX_US = 46: Microseconds, Both;
        TCP_FASTOPEN: Int, Both;
        TCP_FASTOPEN_CONNECT: Bool, Both;
        TCP_FASTOPEN_KEY: Bytes(32), Both;
        TCP_FASTOPEN_NO_COOKIE: Bool, Both;
        TCP_INFO: Bytes(512), Read;
        TCP_INQ: Bool, Both;
        TCP_IS_MPTCP = 43: Bool, Read;
        TCP_KEEPCNT: Int, Both;
        TCP_KEEPIDLE: Seconds, Both;
        TCP_KEEPINTVL: Seconds, Both;
        TCP_LINGER2: Int, Both;
        TCP_MAXSEG: Int, Both;
        TCP_MD5SIG: Bytes(0), Set;
        TCP_MD5SIG_EXT: Bytes(0), Set;
        TCP_NODELAY: Bool, Both;
        TCP_NOTSENT_LOWAT: U32, Both;
        TCP_QUEUE_SEQ: U32, Both;
        TCP_QUICKACK: Bool, Both;
        TCP_REPAIR: Int, Both;
        TCP_REPAIR_OPTIONS: Bytes(0), Set;
        TCP_REPAIR_QUEUE: Int, Both;
        TCP_REPAIR_WINDOW: Bytes(20), Both;
        TCP_RTO_MAX_MS = 44: Milliseconds, Both;
        TCP_RTO_MIN_US = 45: Microseconds, Both;
        TCP_SAVED_SYN: Bytes(512), Read;
        TCP_SAVE_SYN: Int, Both;
        TCP_SYNCNT: Int, Both;
        TCP_THIN_DUPACK: Bool, Both;
        TCP_THIN_LINEAR_TIMEOUTS: Bool, Both;
        TCP_TIMESTAMP: U32, Both;
        TCP_TX_DELAY = 37: Microseconds, Both;
        TCP_ULP: Text(16), Both;
        TCP_USER_TIMEOUT: Milliseconds, Both;
        TCP_WINDOW_CLAMP: Int, Both;
    }
    SOL_UDP {
        UDP_CORK = 1: Bool, Both;
        UDP_ENCAP = 100: Int, Both;
        UDP_GRO: Bool, Both;
        UDP_NO_CHECK6_RX = 102: Bool, Both;
        UDP_NO_CHECK6_TX = 101: Bool, Both;
        UDP_SEGMENT: Int, Both;
    }
}
