//! What was found, for people and for programs.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use crate::probe::State;
use crate::services::Services;

/// A port that is listed.
pub(crate) struct Found {
    pub(crate) address: SocketAddr,
    pub(crate) state: State,
    pub(crate) banner: Option<String>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) open: usize,
    pub(crate) closed: usize,
    pub(crate) filtered: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, state: State) {
        match state {
            State::Open => self.open += 1,
            State::Closed => self.closed += 1,
            State::Filtered => self.filtered += 1,
        }
    }

    pub(crate) fn all(&self) -> usize {
        self.open + self.closed + self.filtered
    }
}

pub(crate) struct Report {
    pub(crate) found: Vec<Found>,
    pub(crate) counts: Counts,
    pub(crate) elapsed: Duration,
    /// Why it does not tell of every port.
    pub(crate) complaints: Vec<String>,
}

impl Report {
    pub(crate) fn is_whole(&self) -> bool {
        self.complaints.is_empty()
    }

    pub(crate) fn any_is_open(&self) -> bool {
        self.counts.open > 0
    }

    pub(crate) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// A line for each port, and the counts.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let services = Services::of_this_machine();
        let width = self.found.iter().map(|found| found.address.to_string().len()).max().unwrap_or_default();
        for Found { address, state, banner } in &self.found {
            let service = services.name(address.port()).unwrap_or_default();
            let banner = banner.as_deref().unwrap_or_default();
            let line = format!("{:width$}  {state:<8}  {service:<14}  {banner}", address.to_string());
            writeln!(out, "{}", line.trim_end())?;
        }
        let Counts { open, closed, filtered } = self.counts;
        let (seconds, rate) = (self.elapsed.as_secs_f64(), self.rate());
        writeln!(
            out,
            "{open} open, {closed} closed, {filtered} filtered in {seconds:.2} s, {rate:.0} a second"
        )
    }

    /// The same, an object on each line.
    pub(crate) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let services = Services::of_this_machine();
        for Found { address, state, banner } in &self.found {
            let (host, port) = (address.ip(), address.port());
            write!(out, r#"{{"address":"{host}","port":{port},"state":"{state}""#)?;
            if let Some(service) = services.name(port) {
                write!(out, r#","service":{}"#, quoted(service))?;
            }
            if let Some(banner) = banner {
                write!(out, r#","banner":{}"#, quoted(banner))?;
            }
            writeln!(out, "}}")?;
        }
        let Counts { open, closed, filtered } = self.counts;
        let (seconds, rate) = (self.elapsed.as_secs_f64(), self.rate());
        writeln!(
            out,
            r#"{{"open":{open},"closed":{closed},"filtered":{filtered},"seconds":{seconds:.3},"per_second":{rate:.0}}}"#
        )
    }

    /// Ports in a second.
    fn rate(&self) -> f64 {
        self.counts.all() as f64 / self.elapsed.as_secs_f64()
    }
}

impl Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Open => "open",
            State::Closed => "closed",
            State::Filtered => "filtered",
        })
    }
}

/// A string of JSON (RFC 8259 7).
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out + "\""
}
