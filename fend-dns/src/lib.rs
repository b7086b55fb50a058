//! Names for the fend runtime: host and service names to addresses, addresses to names, and the records of the DNS.
//!
//! | | |
//! |---|---|
//! | [`lookup`], [`lookup_blocking`] | addresses of a host and a service, in the order in which to try them: a [`Lookup`], which gives an [`AddrList`] |
//! | [`Hints`] | what kind of addresses: the flags of getaddrinfo(3) |
//! | [`name_of`], [`name_of_blocking`] | the name of an address |
//! | [`Resolver`] | the same with settings and a cache of its own, and [records](Resolver::records) of every type |
//! | [`LookupError`] | what was asked, of whom, and why there is no answer |
//! | [`Name`], [`record`] | the data of the DNS |
//!
//! ```
//! use std::time::Duration;
//!
//! use fend::dns::{Family, Hints, lookup};
//! use fend::time::timeout;
//!
//! # fend::block_on(async {
//! let list = lookup("localhost", "8080").await?;
//! assert!(list.iter().all(|info| info.ip().is_loopback() && info.port() == 8080));
//!
//! // With a limit, and for one family alone. What is not awaited any more is given up at once.
//! let v4 = lookup("localhost", 8080).hints(Hints::new().family(Family::V4));
//! let list = timeout(Duration::from_secs(5), v4).await??;
//! assert_eq!(list[0].socket_addr(), "127.0.0.1:8080".parse()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # How a lookup goes
//!
//! 1. No host, an address as text and a port's number need no lookup; the name of a service is looked up in services(5).
//! 2. nsswitch.conf(5) says where a name is looked up. Where it says more than `files` and `dns`, or resolv.conf(5) asks for what
//!    fend does not do, the whole lookup is the C library's, on threads of its own: see [`Path`]. All that follows is fend's own.
//! 3. hosts(5) is asked in its turn. `localhost` and what is below it is the loopback wherever it is not in there (RFC 6761), and names
//!    below `onion` (RFC 7686) and `invalid` are not found, without a question.
//! 4. The search list of resolv.conf(5) says which names a name may stand for. For each, A and AAAA are asked for side by side, until one has addresses.
//!    That one family could not be told does not hide the addresses of the other.
//! 5. A question is answered from the cache, by joining those who ask it at this moment, or by the servers: by UDP, each time from
//!    another port that cannot be guessed; by TCP when the answer is too long; and over TLS where a [`NameServer`] says so. A server that does not
//!    answer costs one timeout, and is asked last for a while.
//! 6. The addresses are sorted by RFC 6724, as the kernel would reach them.
//!
//! Whatever needs no waiting is there at the first poll, and allocates no future.
//!
//! # What is kept, and how long
//!
//! | what | how long |
//! |---|---|
//! | an answer | its TTL, a day at most ([`ResolverBuilder::max_ttl`]); with TTL 0 not at all |
//! | that there is no such name, or no such record | as its SOA says (RFC 2308), an hour at most |
//! | that servers failed, or did not answer | not at all |
//! | the system's files | looked at again when a second has passed, at the next lookup |
//!
//! When resolv.conf(5) or nsswitch.conf(5) has changed, the cache is emptied. Lookups that are under way go on as they began. Nothing runs in the
//! background: that an answer has grown old is seen when it is asked for.
//!
//! Time is that of [`fend_reactor::time`], so that tests with a paused clock see TTLs and timeouts pass.
//!
//! # Limits
//!
//! | what | at most | else |
//! |---|---|---|
//! | sockets for questions, of a resolver | 128 ([`ResolverBuilder::max_sockets`]) | questions wait in a queue |
//! | threads that call the C library, of the process | 8 ([`ResolverBuilder::system_threads`]) | lookups wait in a queue |
//! | the cache | 4 MiB ([`ResolverBuilder::cache_size`]) | what was not asked for lately goes |
//! | one answer in it | 64 KiB | it is not kept |
//! | a chain of CNAMEs | 16 | an error |
//! | a question, with all of its attempts | timeout x attempts x servers, 10 s for one server unless told otherwise | an error |
//!
//! # Features
//!
//! `tls`: name servers that are asked over TLS. `idna`: host names with letters beyond ASCII; without it they are an error
//! that says so.

// On docs.rs each item says which feature it takes.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod addr_info;
mod cache;
mod config;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
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
mod unwind;
mod wire;

pub use addr_info::{AddrInfo, AddrList};
pub use error::LookupError;
pub use hints::{Family, Hints, Protocol, SocketType};
pub use host::IntoHost;
#[doc(hidden)]
pub use host::in_ascii;
pub use lookup::{Lookup, lookup, lookup_blocking};
pub use name::{Name, NameError};
pub use record::{Record, RecordData, RecordType};
pub use resolver::{CacheStats, NameServer, Path, Records, Resolver, ResolverBuilder, Transport};
pub use reverse::{name_of, name_of_blocking};
pub use service::IntoService;
