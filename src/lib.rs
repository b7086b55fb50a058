//! fend: Fast EveNt Dispatch.
pub use fend_net as net;
pub use fend_reactor::{block_on, io, runtime, spawn, spawn_blocking, spawn_local, task, time, yield_now};
