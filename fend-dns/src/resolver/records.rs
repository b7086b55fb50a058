//! [`Records`]: what a question for records has found.

use std::net::SocketAddr;
use std::ops::Deref;
use std::slice;

use crate::cache::Kept;
use crate::name::Name;
use crate::record::Record;

/// The records that were found, and who said so. It dereferences to a slice of the records of the type that was asked for.
///
/// # Examples
///
/// ```no_run
/// use fend::dns::{RecordType, Resolver};
///
/// # async fn example() -> Result<(), fend::dns::LookupError> {
/// let records = Resolver::new().records("www.example.org", RecordType::A).await?;
/// for alias in records.chain() {
///     println!("{} is another name", alias.name);
/// }
/// for record in &records {
///     println!("{} for {} s: {:?}", record.name, record.ttl, record.data);
/// }
/// println!("says {}", records.server());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Records {
    /// The chain of CNAMEs, then the records.
    records: Vec<Record>,
    /// How many of them are the chain.
    chain: usize,
    name: Name,
    server: SocketAddr,
    is_authentic: bool,
}

impl Records {
    /// With the TTLs that are left.
    pub(super) fn new(kept: &Kept) -> Records {
        let answer = &*kept.answer;
        let mut records = answer.records.clone();
        for record in &mut records {
            record.ttl = record.ttl.saturating_sub(kept.age);
        }
        // By name and not by type: who asks for all types (ANY) gets records of others.
        let chain = records.iter().position(|record| record.name == answer.name).unwrap_or(records.len());
        Records {
            records,
            chain,
            name: answer.name.clone(),
            server: answer.server,
            is_authentic: answer.is_authentic,
        }
    }

    /// The CNAMEs that led to the records, the first that of the name that was asked for.
    #[must_use]
    pub fn chain(&self) -> &[Record] {
        &self.records[..self.chain]
    }

    /// Whose records they are: the name where the chain ended.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The server that said so.
    #[must_use]
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// Whether the server has verified them by DNSSEC. Always `false` for a server that is not trusted to:
    /// see [`ResolverBuilder::trust_ad`](super::ResolverBuilder::trust_ad).
    #[must_use]
    pub fn is_authentic(&self) -> bool {
        self.is_authentic
    }

    /// For how many seconds they hold: the lowest of their TTLs and those of the chain, less the time that they were kept.
    #[must_use]
    pub fn ttl(&self) -> u32 {
        self.records.iter().map(|record| record.ttl).min().unwrap_or(0)
    }
}

impl Deref for Records {
    type Target = [Record];

    fn deref(&self) -> &[Record] {
        &self.records[self.chain..]
    }
}

impl<'a> IntoIterator for &'a Records {
    type Item = &'a Record;
    type IntoIter = slice::Iter<'a, Record>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Records {
    type Item = Record;
    type IntoIter = std::vec::IntoIter<Record>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.records.drain(..self.chain);
        self.records.into_iter()
    }
}
