//! [`name_of`]: from an address to its name.

use std::net::IpAddr;

use crate::error::LookupError;

/// The name of an address.
pub async fn name_of(_address: IpAddr) -> Result<String, LookupError> {
    unimplemented!("the resolver's part")
}

/// [`name_of`] for sync code.
pub fn name_of_blocking(_address: IpAddr) -> Result<String, LookupError> {
    unimplemented!("the resolver's part")
}
