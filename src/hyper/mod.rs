//! hyper on fend: its traits for sockets and TLS streams, its executor and timer, a connector for clients, a server.

mod executor;
pub mod server;
mod timer;

pub use executor::Executor;
pub use server::Server;
pub use timer::Timer;
