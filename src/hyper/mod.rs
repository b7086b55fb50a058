//! hyper on fend: its traits for sockets and TLS streams, its executor and timer, a connector for clients, a server.

mod executor;
mod timer;

pub use executor::Executor;
pub use timer::Timer;
