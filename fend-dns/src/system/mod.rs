//! Lookups by the C library: getaddrinfo(3) and getnameinfo(3), on a few threads of their own.
//!
//! The C library asks all that nsswitch.conf(5) names, and blocks for as long as that takes; nothing can interrupt it. So it is called on
//! threads that do nothing else ([`pool`]): never on the runtime's blocking pool, where lookups that hang would take the threads of
//! all other work. Lookups wait for a thread in a queue ([`queue`]), as futures that may be dropped at any time ([`waiting`]).

mod c_library;
mod pool;
mod queue;
mod waiting;

use std::net::IpAddr;

#[cfg(test)]
pub(crate) use c_library::answer as answer_of_the_c_library;
pub(crate) use pool::Pool;

use crate::addr_info::AddrList;
use crate::error::LookupError;
use crate::hints::Hints;

/// What getaddrinfo is asked. Requests that are equal are merged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    /// In ASCII, as [`Host::parse`](crate::host::Host::parse) leaves it.
    pub(crate) host: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) hints: Hints,
}

/// What the C library is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    Addresses(Request),
    NameOf(IpAddr),
}

/// What it has answered, of the question's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Addresses(AddrList),
    Name(String),
}

type Outcome = Result<Answer, LookupError>;

impl Question {
    /// What an error says was asked for.
    fn subject(&self) -> String {
        match self {
            Question::Addresses(request) => request.host.clone().unwrap_or_else(|| "*".to_owned()),
            Question::NameOf(address) => format!("name of {address}"),
        }
    }
}

impl Answer {
    pub(crate) fn into_addresses(self) -> AddrList {
        match self {
            Answer::Addresses(list) => list,
            Answer::Name(_) => unreachable!("an answer is of the question's kind"),
        }
    }

    fn into_name(self) -> String {
        match self {
            Answer::Name(name) => name,
            Answer::Addresses(_) => unreachable!("an answer is of the question's kind"),
        }
    }
}
