//! Records of one type, without their wrapping.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Resolver;
use super::service_order::by_priority_and_weight;
use crate::error::LookupError;
use crate::name::Name;
use crate::record::{Caa, Mx, RecordData, RecordType, Soa, Srv, Svcb, Txt};

/// All of these ask for `name` as it is, whether or not it ends with a dot: no search list and no hosts file. They ask
/// name servers even where host names are left to the C library, and fail as [`Resolver::records`] does.
impl Resolver {
    async fn of_type<T>(
        &self,
        name: &str,
        record_type: RecordType,
        pick: impl Fn(RecordData) -> Option<T>,
    ) -> Result<Vec<T>, LookupError> {
        let records = self.records(name, record_type).await?;
        Ok(records.into_iter().filter_map(|record| pick(record.data)).collect())
    }

    /// IPv4 addresses: A.
    pub async fn a(&self, name: &str) -> Result<Vec<Ipv4Addr>, LookupError> {
        let pick = |data| if let RecordData::A(address) = data { Some(address) } else { None };
        self.of_type(name, RecordType::A, pick).await
    }

    /// IPv6 addresses: AAAA.
    pub async fn aaaa(&self, name: &str) -> Result<Vec<Ipv6Addr>, LookupError> {
        let pick = |data| if let RecordData::Aaaa(address) = data { Some(address) } else { None };
        self.of_type(name, RecordType::Aaaa, pick).await
    }

    /// The name for which `name` stands: CNAME. That name is not followed further.
    pub async fn cname(&self, name: &str) -> Result<Name, LookupError> {
        let pick = |data| if let RecordData::Cname(target) = data { Some(target) } else { None };
        first(name, self.of_type(name, RecordType::Cname, pick).await?)
    }

    /// Mail servers, in the order in which to try them: MX. Servers of one preference come in the order in which the answer has them.
    ///
    /// A single one whose name is the root says that the domain takes no mail (RFC 7505).
    pub async fn mx(&self, name: &str) -> Result<Vec<Mx>, LookupError> {
        let pick = |data| if let RecordData::Mx(mx) = data { Some(mx) } else { None };
        let mut list = self.of_type(name, RecordType::Mx, pick).await?;
        list.sort_by_key(|mx| mx.preference);
        Ok(list)
    }

    /// Texts: TXT.
    pub async fn txt(&self, name: &str) -> Result<Vec<Txt>, LookupError> {
        let pick = |data| if let RecordData::Txt(txt) = data { Some(txt) } else { None };
        self.of_type(name, RecordType::Txt, pick).await
    }

    /// Where a service is, in the order in which to try the places: SRV, for a name like `_ldap._tcp.example.org`.
    ///
    /// The lowest priority comes first. Among those of one priority chance decides anew at each call, by their weights (RFC 2782):
    /// of weights 60 and 20 the first comes first three times out of four, and one of weight 0 seldom.
    ///
    /// A single one whose target is the root says that the service is not there.
    pub async fn srv(&self, name: &str) -> Result<Vec<Srv>, LookupError> {
        let pick = |data| if let RecordData::Srv(srv) = data { Some(srv) } else { None };
        let list = self.of_type(name, RecordType::Srv, pick).await?;
        by_priority_and_weight(name, list)
    }

    /// Names of an address, by the name under which they are: PTR, for a name like `1.2.0.192.in-addr.arpa`.
    /// [`Resolver::name_of`] takes the address itself.
    pub async fn ptr(&self, name: &str) -> Result<Vec<Name>, LookupError> {
        let pick = |data| if let RecordData::Ptr(target) = data { Some(target) } else { None };
        self.of_type(name, RecordType::Ptr, pick).await
    }

    /// Name servers of a zone: NS.
    pub async fn ns(&self, name: &str) -> Result<Vec<Name>, LookupError> {
        let pick = |data| if let RecordData::Ns(target) = data { Some(target) } else { None };
        self.of_type(name, RecordType::Ns, pick).await
    }

    /// A zone's own record: SOA.
    pub async fn soa(&self, name: &str) -> Result<Soa, LookupError> {
        let pick = |data| if let RecordData::Soa(soa) = data { Some(soa) } else { None };
        first(name, self.of_type(name, RecordType::Soa, pick).await?)
    }

    /// Who may issue certificates: CAA. It asks for `name` alone; where there is none, those of the names above it count (RFC 8659, section 3).
    pub async fn caa(&self, name: &str) -> Result<Vec<Caa>, LookupError> {
        let pick = |data| if let RecordData::Caa(caa) = data { Some(caa) } else { None };
        self.of_type(name, RecordType::Caa, pick).await
    }

    /// How to reach the service https of a host, the lowest priority first: HTTPS (RFC 9460). Aliases, of priority 0, are not followed.
    pub async fn https(&self, name: &str) -> Result<Vec<Svcb>, LookupError> {
        let pick = |data| if let RecordData::Https(svcb) = data { Some(svcb) } else { None };
        self.of_type(name, RecordType::Https, pick).await.map(by_priority)
    }

    /// How to reach a service, the lowest priority first: SVCB (RFC 9460), for a name like `_dns.example.org`. Aliases, of priority 0, are not followed.
    pub async fn svcb(&self, name: &str) -> Result<Vec<Svcb>, LookupError> {
        let pick = |data| if let RecordData::Svcb(svcb) = data { Some(svcb) } else { None };
        self.of_type(name, RecordType::Svcb, pick).await.map(by_priority)
    }
}

fn by_priority(mut list: Vec<Svcb>) -> Vec<Svcb> {
    list.sort_by_key(|svcb| svcb.priority);
    list
}

/// An answer that was found has a record of the type.
fn first<T>(name: &str, list: Vec<T>) -> Result<T, LookupError> {
    let none = || LookupError::new(name, crate::error::Cause::NoData("no record of the type".to_owned()));
    list.into_iter().next().ok_or_else(none)
}
