//! resolv.conf(5), as the C library 2.36 reads it: a keyword at the start of a line, a blank, and its words.
//!
//! Lines that are none of this are skipped, and so are addresses and domains that are none. A keyword after a blank is none, `#` and
//! `;` make comments only at the start of a line, and the last of all `domain` and `search` lines counts. Two deviations: lines
//! may end in CR and LF, where the C library takes the CR for a part of the last word; and there is an end to the search list.

mod options;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use super::address::{inet_aton, scope_id, split_scope};
use super::environment::Environment;
use super::line::{lines, text_words, words};
use crate::name::Name;

/// The port of name servers; the file has no way to say another.
const PORT: u16 = 53;

/// MAXNS of resolv.h: further servers are not asked.
const MAX_SERVERS: usize = 3;

/// The C library has no limit since 2.26. But each domain may cost a question to each server: a list longer than this is a mistake.
const MAX_SEARCH: usize = 256;

/// resolv.conf(5), with what RES_OPTIONS and LOCALDOMAIN add to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvConf {
    /// At most 3, as in C. 127.0.0.1:53 when the file names none.
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) search: Vec<Name>,
    /// 1 unless it says; 15 at most.
    pub(crate) ndots: u8,
    /// 5 s unless it says; 1 to 30 s.
    pub(crate) timeout: Duration,
    /// 2 unless it says; 1 to 5.
    pub(crate) attempts: u8,
    pub(crate) rotate: bool,
    pub(crate) edns0: bool,
    /// `single-request` and `single-request-reopen`: A first, then AAAA.
    pub(crate) single_request: bool,
    pub(crate) trust_ad: bool,
    /// `use-vc`: TCP alone.
    pub(crate) use_tcp: bool,
    pub(crate) no_aaaa: bool,
    /// `no-tld-query`: a name without a dot is never asked for as it is.
    pub(crate) no_tld_query: bool,
    pub(crate) no_reload: bool,
    /// What it asks for that the native path does not do, for example "sortlist".
    pub(crate) beyond_us: Option<String>,
}

impl ResolvConf {
    /// What a file with these bytes asks for; an empty one is as good as none.
    pub(crate) fn parse(bytes: &[u8], environment: &Environment) -> ResolvConf {
        let mut conf = ResolvConf::unconfigured();
        let mut search = None;
        for line in lines(bytes) {
            conf.read_line(line, &mut search);
        }
        if conf.servers.is_empty() {
            conf.servers.push((Ipv4Addr::LOCALHOST, PORT).into());
        }
        conf.search = search_list(search, environment);
        if let Some(options) = &environment.res_options {
            conf.set_options(options);
        }
        if environment.has_host_aliases {
            conf.beyond_us = Some("HOSTALIASES".to_owned());
        }
        conf
    }

    fn unconfigured() -> ResolvConf {
        ResolvConf {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            rotate: false,
            edns0: false,
            single_request: false,
            trust_ad: false,
            use_tcp: false,
            no_aaaa: false,
            no_tld_query: false,
            no_reload: false,
            beyond_us: None,
        }
    }

    fn read_line<'a>(&mut self, line: &'a [u8], search: &mut Option<SearchLine<'a>>) {
        let Some((keyword, rest)) = split_keyword(line) else { return };
        let mut rest_words = words(rest);
        match keyword {
            b"nameserver" if self.servers.len() < MAX_SERVERS => {
                self.servers.extend(rest_words.next().and_then(server));
            }
            b"search" if rest_words.next().is_some() => *search = Some(SearchLine::All(rest)),
            b"domain" if rest_words.next().is_some() => *search = Some(SearchLine::First(rest)),
            b"sortlist" if rest_words.next().is_some() => self.beyond_us = Some("sortlist".to_owned()),
            b"options" => self.set_options(rest),
            _ => {}
        }
    }
}

/// The last line that says what to search.
enum SearchLine<'a> {
    /// `search`: all of its words.
    All(&'a [u8]),
    /// `domain`: its first word.
    First(&'a [u8]),
}

/// A line's keyword, and what follows the blank after it. A comment's keyword is none that anybody knows.
fn split_keyword(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|&byte| byte == b' ' || byte == b'\t')?;
    Some((&line[..end], &line[end + 1..]))
}

/// A server's address. An interface that there is not makes it one without an interface, as in C.
fn server(word: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(word).ok()?;
    if let Some(address) = inet_aton(text) {
        return Some((address, PORT).into());
    }
    let (address, scope) = split_scope(text)?;
    let scope = scope.and_then(|scope| scope_id(address, scope)).unwrap_or(0);
    Some(SocketAddrV6::new(address, PORT, 0, scope).into())
}

/// LOCALDOMAIN before the file's line, and that before the host's own domain.
fn search_list(line: Option<SearchLine<'_>>, environment: &Environment) -> Vec<Name> {
    let local_domain = environment.local_domain.as_deref().and_then(|text| lines(text).next());
    match (local_domain, line) {
        (Some(domains), _) | (None, Some(SearchLine::All(domains))) => names(domains).collect(),
        (None, Some(SearchLine::First(domain))) => first_name(domain).into_iter().collect(),
        (None, None) => environment.domain().and_then(|domain| domain.parse().ok()).into_iter().collect(),
    }
}

fn names(domains: &[u8]) -> impl Iterator<Item = Name> {
    text_words(domains).filter_map(|domain| domain.parse().ok()).take(MAX_SEARCH)
}

fn first_name(domain: &[u8]) -> Option<Name> {
    std::str::from_utf8(words(domain).next()?).ok()?.parse().ok()
}
