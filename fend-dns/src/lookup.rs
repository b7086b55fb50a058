//! [`lookup`]: addresses of a host and service.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::addr_info::AddrList;
use crate::error::LookupError;
use crate::hints::Hints;
use crate::host::IntoHost;
use crate::service::IntoService;

/// A lookup that goes on while it is awaited or [waited](Lookup::wait) for, and is given up when it is dropped.
#[derive(Debug)]
#[must_use = "a lookup does nothing until it is awaited or waited for"]
pub struct Lookup {}

/// Addresses of `host` for `service`.
pub fn lookup(_host: impl IntoHost, _service: impl IntoService) -> Lookup {
    unimplemented!("the resolver's part")
}

/// [`lookup`] for sync code.
pub fn lookup_blocking(host: impl IntoHost, service: impl IntoService) -> Result<AddrList, LookupError> {
    lookup(host, service).wait(Duration::MAX)
}

impl Lookup {
    /// What kind of addresses are wanted. To be called before it is first polled.
    pub fn hints(self, _hints: Hints) -> Lookup {
        unimplemented!("the resolver's part")
    }

    /// Blocks the calling thread until there is an answer, or until `timeout` is over: then it fails with a timeout, and the lookup goes on
    /// when it is waited for again.
    pub fn wait(&mut self, _timeout: Duration) -> Result<AddrList, LookupError> {
        unimplemented!("the resolver's part")
    }
}

impl Future for Lookup {
    type Output = Result<AddrList, LookupError>;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
        unimplemented!("the resolver's part")
    }
}
