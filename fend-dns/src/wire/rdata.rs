//! The data of records, by type.

use super::WireError;
use super::reader::{Reader, Work};
use crate::record::{Caa, Mx, RecordData, RecordType, Soa, Srv, Svcb, Txt, is_well_formed};

/// The data of a record, all of it.
pub(super) fn read(record_type: RecordType, data: &mut Reader<'_>) -> Result<RecordData, WireError> {
    let result = match record_type {
        RecordType::A => RecordData::A(data.array::<4>()?.into()),
        RecordType::Aaaa => RecordData::Aaaa(data.array::<16>()?.into()),
        RecordType::Ns => RecordData::Ns(data.name()?),
        RecordType::Cname => RecordData::Cname(data.name()?),
        RecordType::Ptr => RecordData::Ptr(data.name()?),
        RecordType::Mx => RecordData::Mx(Mx { preference: data.u16()?, exchange: data.name()? }),
        RecordType::Txt => RecordData::Txt(txt(data)?),
        RecordType::Srv => RecordData::Srv(srv(data)?),
        RecordType::Soa => RecordData::Soa(soa(data)?),
        RecordType::Caa => RecordData::Caa(caa(data)?),
        RecordType::Svcb => RecordData::Svcb(svcb(data)?),
        RecordType::Https => RecordData::Https(svcb(data)?),
        RecordType::Other(code) => RecordData::Other(code, data.rest().into()),
    };
    if data.is_at_end() { Ok(result) } else { Err(WireError("a record with more data than its type has")) }
}

fn txt(data: &mut Reader<'_>) -> Result<Txt, WireError> {
    if data.is_at_end() {
        return Err(WireError("a TXT record without a string"));
    }
    data.work.spend(Work::PIECE)?;
    let mut strings = Vec::new();
    while !data.is_at_end() {
        let length = usize::from(data.u8()?);
        data.work.spend(Work::PIECE)?;
        strings.push(data.bytes(length)?.into());
    }
    Ok(Txt { strings })
}

/// Its name should not have pointers, but is read when it has them (RFC 3597, section 4).
fn srv(data: &mut Reader<'_>) -> Result<Srv, WireError> {
    Ok(Srv { priority: data.u16()?, weight: data.u16()?, port: data.u16()?, target: data.name()? })
}

fn soa(data: &mut Reader<'_>) -> Result<Soa, WireError> {
    Ok(Soa {
        primary: data.name()?,
        mailbox: data.name()?,
        serial: data.u32()?,
        refresh: data.u32()?,
        retry: data.u32()?,
        expire: data.u32()?,
        minimum: data.u32()?,
    })
}

fn caa(data: &mut Reader<'_>) -> Result<Caa, WireError> {
    let flags = data.u8()?;
    let length = usize::from(data.u8()?);
    let tag = data.bytes(length)?;
    if tag.is_empty() || !tag.iter().all(u8::is_ascii_alphanumeric) {
        return Err(WireError("a CAA record with a tag that is not letters and digits"));
    }
    let tag = tag.iter().copied().map(char::from).collect();
    Ok(Caa { flags, tag, value: data.rest().into() })
}

/// Keys come in the order of their numbers, each once (RFC 9460, section 2.2).
fn svcb(data: &mut Reader<'_>) -> Result<Svcb, WireError> {
    let (priority, target) = (data.u16()?, data.uncompressed_name()?);
    data.work.spend(Work::PIECE)?;
    let mut parameters: Vec<(u16, Box<[u8]>)> = Vec::new();
    while !data.is_at_end() {
        let (key, length) = (data.u16()?, data.u16()?);
        let value = data.bytes(usize::from(length))?;
        if parameters.last().is_some_and(|(last, _)| key <= *last) {
            return Err(WireError("a SVCB record with keys out of order"));
        }
        if !is_well_formed(key, value) {
            return Err(WireError("a SVCB record with a value that its key cannot have"));
        }
        data.work.spend(Work::PIECE)?;
        parameters.push((key, value.into()));
    }
    Ok(Svcb { priority, target, parameters })
}
