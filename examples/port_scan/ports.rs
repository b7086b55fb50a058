//! Ports and ranges of them, as they are written.

use std::ops::RangeInclusive;

use crate::arguments::Value;

/// Ports in ascending order, each once. Never none.
#[derive(Clone)]
pub(crate) struct Ports(Vec<u16>);

impl Ports {
    /// Those that only a privileged process may listen at.
    pub(crate) fn well_known() -> Ports {
        Ports((1..=1024).collect())
    }

    pub(crate) fn as_slice(&self) -> &[u16] {
        &self.0
    }
}

impl Value for Ports {
    fn read(text: &str) -> Result<Ports, String> {
        if text == "all" {
            return Ok(Ports((1..=u16::MAX).collect()));
        }
        let mut ports = Vec::new();
        for part in text.split(',') {
            ports.extend(range(part.trim())?);
        }
        ports.sort_unstable();
        ports.dedup();
        Ok(Ports(ports))
    }
}

fn range(part: &str) -> Result<RangeInclusive<u16>, String> {
    let (first, last) = match part.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(part)?, port(part)?),
    };
    if first > last {
        return Err(format!("{part:?} goes down"));
    }
    Ok(first..=last)
}

fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!("{text:?} is not a port from 1 to 65535")),
    }
}
