//! [`Message`]: what a server has sent.

use std::ops::Range;

use super::reader::{Reader, Work};
use super::{CLASS_IN, OPT, WireError, rdata};
use crate::name::Name;
use crate::record::{Record, RecordType};

/// A response code (RFC 1035, section 4.1.1, and with EDNS0 RFC 6891, section 6.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rcode(pub(crate) u16);

/// A message that a server has sent.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: u16,
    pub(crate) is_response: bool,
    pub(crate) opcode: u8,
    pub(crate) is_authoritative: bool,
    /// Then there are no records here: those that came are of no use (RFC 2181, section 9), and may be cut off.
    pub(crate) is_truncated: bool,
    pub(crate) recursion_available: bool,
    pub(crate) is_authentic: bool,
    pub(crate) rcode: Rcode,
    /// The first question: its name with the case that came, type and class.
    pub(crate) question: Option<Question>,
    /// How many questions there are. An answer to ours has one.
    pub(crate) question_count: u16,
    /// Records of class IN.
    pub(crate) answers: Vec<Record>,
    /// Of the authority section: SOA and NS.
    pub(crate) authorities: Vec<Record>,
    /// Whether there was an OPT record.
    pub(crate) has_edns: bool,
}

#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) name: Name,
    pub(crate) record_type: RecordType,
    pub(crate) class: u16,
}

/// How many records each section has, as the header says. Only as many are read as are there.
struct Counts {
    answers: u16,
    authorities: u16,
    additional: u16,
}

/// A record whose name and data have not been read.
struct RawRecord {
    name: usize,
    record_type: RecordType,
    class: u16,
    ttl: u32,
    data: Range<usize>,
}

impl Rcode {
    pub(crate) const NO_ERROR: Rcode = Rcode(0);
    pub(crate) const FORMAT_ERROR: Rcode = Rcode(1);
    pub(crate) const SERVER_FAILURE: Rcode = Rcode(2);
    /// NXDOMAIN.
    pub(crate) const NAME_ERROR: Rcode = Rcode(3);
    pub(crate) const NOT_IMPLEMENTED: Rcode = Rcode(4);
    pub(crate) const REFUSED: Rcode = Rcode(5);
    /// The server has no such version of EDNS.
    pub(crate) const BAD_VERSION: Rcode = Rcode(16);
}

impl Message {
    /// Reads the header and the question alone, so that a datagram can be told apart from the answer at little cost.
    pub(crate) fn parse_question(bytes: &[u8]) -> Result<Message, WireError> {
        let work = Work::of_a_message();
        let mut reader = Reader::new(bytes, &work);
        let (mut message, _) = header(&mut reader)?;
        message.read_question(&mut reader)?;
        Ok(message)
    }

    /// Reads all of it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Message, WireError> {
        if bytes.len() > usize::from(u16::MAX) {
            return Err(WireError("more than 65535 bytes"));
        }
        let work = Work::of_a_message();
        let mut reader = Reader::new(bytes, &work);
        let (mut message, counts) = header(&mut reader)?;
        message.read_question(&mut reader)?;
        if !message.is_truncated {
            message.read_records(&mut reader, &counts)?;
        }
        Ok(message)
    }

    fn read_question(&mut self, reader: &mut Reader<'_>) -> Result<(), WireError> {
        if self.question_count > 0 {
            let name = reader.name()?;
            let (record_type, class) = (reader.u16()?.into(), reader.u16()?);
            self.question = Some(Question { name, record_type, class });
        }
        Ok(())
    }

    /// The rest of a message, behind the first question.
    fn read_records(&mut self, reader: &mut Reader<'_>, counts: &Counts) -> Result<(), WireError> {
        for _ in 1..self.question_count {
            reader.skip_name()?;
            reader.skip(4)?;
        }
        for _ in 0..counts.answers {
            let record = raw_record(reader)?;
            if record.class == CLASS_IN && record.record_type.code() != OPT {
                self.answers.push(record.read(reader)?);
            }
        }
        for _ in 0..counts.authorities {
            let record = raw_record(reader)?;
            if record.class == CLASS_IN && matches!(record.record_type, RecordType::Soa | RecordType::Ns) {
                self.authorities.push(record.read(reader)?);
            }
        }
        for _ in 0..counts.additional {
            let record = raw_record(reader)?;
            if record.record_type.code() == OPT {
                self.read_opt(&record, reader)?;
            }
        }
        Ok(())
    }

    /// EDNS0 keeps the upper bits of the response code where other records have a TTL (RFC 6891, section 6.1.3).
    fn read_opt(&mut self, record: &RawRecord, reader: &Reader<'_>) -> Result<(), WireError> {
        if self.has_edns {
            return Err(WireError("more than one OPT record"));
        }
        if reader.message[record.name] != 0 {
            return Err(WireError("an OPT record whose name is not the root"));
        }
        self.has_edns = true;
        self.rcode.0 |= (record.ttl >> 24 << 4) as u16;
        Ok(())
    }
}

fn header(reader: &mut Reader<'_>) -> Result<(Message, Counts), WireError> {
    let (id, flags, question_count) = (reader.u16()?, reader.u16()?, reader.u16()?);
    let counts = Counts { answers: reader.u16()?, authorities: reader.u16()?, additional: reader.u16()? };
    let message = Message {
        id,
        is_response: flags & 0x8000 != 0,
        opcode: (flags >> 11 & 0xF) as u8,
        is_authoritative: flags & 0x0400 != 0,
        is_truncated: flags & 0x0200 != 0,
        recursion_available: flags & 0x0080 != 0,
        is_authentic: flags & 0x0020 != 0,
        rcode: Rcode(flags & 0xF),
        question: None,
        question_count,
        answers: Vec::new(),
        authorities: Vec::new(),
        has_edns: false,
    };
    Ok((message, counts))
}

fn raw_record(reader: &mut Reader<'_>) -> Result<RawRecord, WireError> {
    let name = reader.position;
    reader.skip_name()?;
    let (record_type, class, ttl, length) =
        (reader.u16()?.into(), reader.u16()?, reader.u32()?, reader.u16()?);
    let data = reader.skip(usize::from(length))?;
    Ok(RawRecord { name, record_type, class, ttl, data })
}

impl RawRecord {
    fn read(&self, reader: &Reader<'_>) -> Result<Record, WireError> {
        let name = reader.of(self.name..reader.end).name()?;
        let data = rdata::read(self.record_type, &mut reader.of(self.data.clone()))?;
        // RFC 2181, section 8: with the highest bit set it is no time at all.
        let ttl = if self.ttl > i32::MAX as u32 { 0 } else { self.ttl };
        Ok(Record::new(name, ttl, data))
    }
}
