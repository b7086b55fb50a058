//! Names for the fend runtime: host and service names to addresses, addresses to names, and the records of the DNS.

mod addr_info;
mod cache;
mod config;
mod error;
mod hints;
mod host;
mod lookup;
mod merge;
mod name;
mod native;
mod order;
pub mod record;
mod resolver;
mod reverse;
mod service;
mod sync;
#[expect(unsafe_code, reason = "the system-call layer")]
mod sys;
mod system;
mod wire;

pub use addr_info::{AddrInfo, AddrList};
pub use error::LookupError;
pub use hints::{Family, Hints, Protocol, SocketType};
pub use host::IntoHost;
pub use lookup::{Lookup, lookup, lookup_blocking};
pub use name::{Name, NameError};
pub use record::{Record, RecordData, RecordType};
pub use resolver::{CacheStats, NameServer, Path, Records, Resolver, ResolverBuilder, Transport};
pub use reverse::{name_of, name_of_blocking};
pub use service::IntoService;
