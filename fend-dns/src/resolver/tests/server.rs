//! A name server with a small zone, that counts what it is asked.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use fend_net::UdpSocket;

use crate::name::Name;
use crate::record::RecordType;
use crate::wire::Message;

/// What the server does with questions for a name.
#[derive(Debug, Clone)]
enum Entry {
    Record(RecordType, u32, Vec<u8>),
    /// Says nothing to questions of this type.
    Silence(RecordType),
    /// Answers with a response code alone.
    Failure(RecordType, u8),
}

#[derive(Debug, Default)]
struct State {
    zone: Vec<(Name, Entry)>,
    asked: Vec<(Name, RecordType)>,
}

#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// QTYPE *, which asks for all that there is.
pub(super) const ANY: u16 = 255;

/// For how long a "no" may be kept.
pub(super) const NEGATIVE_TTL: u32 = 60;

impl Server {
    pub(super) async fn start() -> Server {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let server = Server { address, state: Arc::default() };
        let state = server.state.clone();
        fend_reactor::spawn(async move {
            let mut buf = [0; 2048];
            loop {
                let Ok((length, from)) = socket.recv_from(&mut buf).await else { continue };
                let reply = state.lock().unwrap().answer(&buf[..length]);
                if let Some(reply) = reply {
                    let _ = socket.send_to(&reply, from).await;
                }
            }
        });
        server
    }

    fn entry(self, name: &str, entry: Entry) -> Server {
        self.state.lock().unwrap().zone.push((name.parse().unwrap(), entry));
        self
    }

    pub(super) fn record(self, name: &str, record_type: RecordType, ttl: u32, data: Vec<u8>) -> Server {
        self.entry(name, Entry::Record(record_type, ttl, data))
    }

    pub(super) fn a(self, name: &str, address: &str) -> Server {
        let address: Ipv4Addr = address.parse().unwrap();
        self.record(name, RecordType::A, 300, address.octets().to_vec())
    }

    pub(super) fn aaaa(self, name: &str, address: &str) -> Server {
        let address: Ipv6Addr = address.parse().unwrap();
        self.record(name, RecordType::Aaaa, 300, address.octets().to_vec())
    }

    /// A record whose data is a name.
    pub(super) fn name(self, name: &str, record_type: RecordType, target: &str) -> Server {
        let target: Name = target.parse().unwrap();
        self.record(name, record_type, 300, target.as_wire().to_vec())
    }

    pub(super) fn silent(self, name: &str, record_type: RecordType) -> Server {
        self.entry(name, Entry::Silence(record_type))
    }

    pub(super) fn failing(self, name: &str, record_type: RecordType, rcode: u8) -> Server {
        self.entry(name, Entry::Failure(record_type, rcode))
    }

    /// What was asked since the last call: names without the dot at their end.
    pub(super) fn asked(&self) -> Vec<(String, RecordType)> {
        let asked = std::mem::take(&mut self.state.lock().unwrap().asked);
        asked.into_iter().map(|(name, record_type)| (super::text(&name), record_type)).collect()
    }

    /// The names alone, each once where A and AAAA were asked for one after the other.
    pub(super) fn names_asked(&self) -> Vec<String> {
        let mut names: Vec<_> = self.asked().into_iter().map(|(name, _)| name).collect();
        names.dedup();
        names
    }

    pub(super) fn count(&self) -> usize {
        self.state.lock().unwrap().asked.len()
    }
}

impl State {
    fn answer(&mut self, query: &[u8]) -> Option<Vec<u8>> {
        let question = Message::parse_question(query).unwrap().question.unwrap();
        let (name, record_type) = (question.name, question.record_type);
        self.asked.push((name.clone(), record_type));
        let of_name: Vec<_> =
            self.zone.iter().filter(|(owner, _)| *owner == name).map(|(_, entry)| entry).collect();
        let mut rcode = if of_name.is_empty() { 3 } else { 0 };
        let mut answers = Vec::new();
        for entry in of_name {
            match entry {
                Entry::Record(of_type, ttl, data) if [of_type.code(), ANY].contains(&record_type.code()) => {
                    answers.push(record(&name, *of_type, *ttl, data));
                }
                Entry::Silence(of_type) if *of_type == record_type => return None,
                Entry::Failure(of_type, code) if *of_type == record_type => rcode = *code,
                _ => {}
            }
        }
        Some(message(query, &name, rcode, &answers))
    }
}

/// A "no" has the SOA that says how long it may be kept.
fn message(query: &[u8], name: &Name, rcode: u8, answers: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = query[..12 + name.as_wire().len() + 4].to_vec();
    bytes[2..4].copy_from_slice(&[0x81, 0x80 | rcode]);
    bytes[4..12].copy_from_slice(&[0, 1, 0, answers.len() as u8, 0, 0, 0, 0]);
    bytes.extend(answers.concat());
    if answers.is_empty() && matches!(rcode, 0 | 3) {
        bytes[9] = 1;
        let numbers = [1, 2, 3, 4, NEGATIVE_TTL].map(u32::to_be_bytes).concat();
        let root = Name::root();
        bytes.extend(record(&root, RecordType::Soa, NEGATIVE_TTL, &[&[0, 0], &numbers[..]].concat()));
    }
    bytes
}

fn record(owner: &Name, record_type: RecordType, ttl: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    let code = record_type.code().to_be_bytes();
    [owner.as_wire(), &code, &[0, 1], &ttl.to_be_bytes(), &length, data].concat()
}
