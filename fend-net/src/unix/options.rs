//! The options that each type has.

use super::{UnixDatagram, UnixListener, UnixSeqpacket, UnixSeqpacketListener, UnixSocket, UnixStream};
use crate::option::common_options;

common_options!(UnixStream);
common_options!(UnixListener);
common_options!(UnixDatagram);
common_options!(UnixSeqpacket);
common_options!(UnixSeqpacketListener);
common_options!(UnixSocket);
