//! The source to each destination, remembered for as long as the interfaces are: asking the kernel costs five system calls or more, which is most of what
//! a lookup costs whose answer is in the cache.
//!
//! A way that comes or goes changes the order a second later at most. That is a preference: whoever connects finds out what can be reached.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use fend_reactor::time;

use super::recent::Recent;
use super::rules::Candidate;
use super::sources;
use crate::sync::Mutex;

/// How many destinations are remembered: further ones are asked for each time.
const MOST: usize = 4096;

/// By destination; `None`: there is no way to it.
type Sources = HashMap<SocketAddr, Option<IpAddr>>;

type Memory = Mutex<Option<Recent<Sources>>>;

/// Each address with its source.
pub(super) fn find(addresses: &[SocketAddr]) -> Vec<Candidate> {
    static MEMORY: Memory = Mutex::new(None);
    find_in(&MEMORY, addresses, time::now(), sources::ask)
}

fn find_in(
    memory: &Memory,
    addresses: &[SocketAddr],
    now: Instant,
    ask: impl FnOnce(&[SocketAddr]) -> Vec<Candidate>,
) -> Vec<Candidate> {
    let known = memory.lock().as_ref().and_then(|memory| recall(memory.get(now)?, addresses));
    let mut candidates = known.unwrap_or_else(|| {
        let asked = ask(addresses);
        let mut memory = memory.lock();
        memory.take_if(|memory| memory.get(now).is_none());
        note(memory.get_or_insert_with(|| Recent::new(Sources::new(), now)).get_mut(), &asked);
        asked
    });
    sources::value(&mut candidates);
    candidates
}

/// All of them or nothing: what is asked at one time is compared.
fn recall(known: &Sources, addresses: &[SocketAddr]) -> Option<Vec<Candidate>> {
    let recall = |destination: &SocketAddr| {
        let source = known.get(destination)?.map(sources::unvalued);
        Some(Candidate { destination: *destination, source })
    };
    addresses.iter().map(recall).collect()
}

fn note(sources: &mut Sources, candidates: &[Candidate]) {
    for candidate in candidates {
        if sources.len() < MOST {
            sources.insert(candidate.destination, candidate.source.map(|source| source.address));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::recent::RECENT;
    use super::*;

    fn to(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Whether the kernel would be asked.
    fn asks(memory: &Memory, addresses: &[SocketAddr], now: Instant) -> bool {
        let mut has_asked = false;
        let found = find_in(memory, addresses, now, |addresses| {
            has_asked = true;
            sources::ask(addresses)
        });
        assert_eq!(found, sources::find(addresses));
        has_asked
    }

    #[test]
    fn a_source_is_asked_for_once_a_second() {
        let (memory, start) = (Memory::new(None), Instant::now());
        let both = [to("127.0.0.1:0"), to("255.255.255.255:0")];
        assert!(asks(&memory, &both, start));
        assert!(!asks(&memory, &both, start + RECENT - Duration::from_nanos(1)));
        assert!(!asks(&memory, &both[1..], start));
        // What is not known is asked for with the rest.
        assert!(asks(&memory, &[both[0], to("127.0.0.2:0")], start));
        assert!(asks(&memory, &both, start + RECENT));
        // A clock that was not there yet is another.
        assert!(asks(&memory, &both, start));
    }

    #[test]
    fn it_is_bounded() {
        let (memory, start) = (Memory::new(None), Instant::now());
        let many = |ip: u32| SocketAddr::from((std::net::Ipv4Addr::from(ip), 0));
        let ask = |addresses: &[SocketAddr]| {
            addresses.iter().map(|&destination| Candidate { destination, source: None }).collect()
        };
        for ip in 0..MOST as u32 + 10 {
            find_in(&memory, &[many(ip)], start, ask);
        }
        assert_eq!(memory.lock().as_ref().unwrap().get(start).unwrap().len(), MOST);
    }
}
