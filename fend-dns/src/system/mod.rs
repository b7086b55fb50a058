//! Lookups by the C library: getaddrinfo(3) and getnameinfo(3), on a few threads of their own.

use std::net::IpAddr;

use crate::addr_info::AddrList;
use crate::error::LookupError;
use crate::hints::Hints;

/// What getaddrinfo is asked. Requests that are equal are merged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) host: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) hints: Hints,
}

/// A few threads that call the C library, and the lookups that wait for one.
#[derive(Debug)]
pub(crate) struct Pool {}

impl Pool {
    pub(crate) fn new(_threads: usize) -> Pool {
        unimplemented!("the system's part")
    }

    /// Dropped while it waits, a request is never made; while the C library is at work, its answer is thrown away.
    pub(crate) async fn lookup(&self, _request: Request) -> Result<AddrList, LookupError> {
        unimplemented!("the system's part")
    }

    pub(crate) async fn name_of(&self, _address: IpAddr) -> Result<String, LookupError> {
        unimplemented!("the system's part")
    }
}
