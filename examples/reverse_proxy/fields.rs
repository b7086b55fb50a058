//! The header fields that a proxy takes out and puts in.

use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::uri::Authority;
use http::{Uri, Version};

/// What concerns one connection alone, besides what `Connection` names (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How the proxy calls itself in `Via` (RFC 9110, section 7.6.3).
const PSEUDONYM: &str = "fend";

/// The client's part of a request, for the server that sees none of it.
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    pub(crate) is_tls: bool,
    /// What it has asked for.
    pub(crate) host: HeaderValue,
    pub(crate) version: Version,
}

/// The protocol that `Upgrade` names, when the connection is to change to it (RFC 9110, section 7.8) and may.
///
/// HTTP/2 and TLS may not: whole requests would go through that nobody here has looked at, with fields that the server believes.
pub(crate) fn upgrade(fields: &HeaderMap) -> Option<HeaderValue> {
    let protocol = fields.get(UPGRADE)?;
    let names = protocol.to_str().ok()?.to_ascii_lowercase();
    let is_http = |name: &str| ["h2c", "http/", "tls/"].iter().any(|http| name.trim().starts_with(http));
    if names.split(',').any(is_http) || !named_by_connection(fields).contains(&UPGRADE) {
        return None;
    }
    Some(protocol.clone())
}

/// The host of a request, from its target or its field (RFC 9112, section 3.2). `None` when there is none, more than one, or what cannot be one.
pub(crate) fn host(target: &Uri, fields: &HeaderMap) -> Option<HeaderValue> {
    let mut hosts = fields.get_all(HOST).iter();
    let (field, None) = (hosts.next(), hosts.next()) else { return None };
    let host = match target.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok()?,
        None => field?.clone(),
    };
    is_host(&host).then_some(host)
}

/// A name or an address, perhaps with a port; or nothing, for what has none. Not a user of it.
fn is_host(host: &HeaderValue) -> bool {
    let is_plain = |authority: Authority| !authority.as_str().contains('@');
    host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(is_plain)
}

/// Takes out what is for one connection alone.
pub(crate) fn remove_hop_by_hop(fields: &mut HeaderMap) {
    if fields.contains_key(TRANSFER_ENCODING) {
        // Where both are there this one is wrong (RFC 9112, section 6.3).
        fields.remove(CONTENT_LENGTH);
    }
    for name in named_by_connection(fields).iter().chain(&HOP_BY_HOP) {
        fields.remove(name);
    }
}

fn named_by_connection(fields: &HeaderMap) -> Vec<HeaderName> {
    let values = fields.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

/// Asks, or answers, for the connection to change to `protocol`.
pub(crate) fn set_upgrade(fields: &mut HeaderMap, protocol: HeaderValue) {
    fields.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    fields.insert(UPGRADE, protocol);
}

/// Says for whom a request is. `rewritten` is the server's own name, where that is to be its host.
pub(crate) fn add_forwarded(
    fields: &mut HeaderMap,
    client: &Client,
    rewritten: Option<&Authority>,
    trust: bool,
) {
    // It was answered already, by whoever has begun to read the body.
    fields.remove(EXPECT);
    if !trust {
        let said: Vec<_> = fields.keys().filter(|name| is_of_proxies(name)).cloned().collect();
        for name in said {
            fields.remove(name);
        }
    }
    let host = client.host.to_str().unwrap_or_default();
    let proto = if client.is_tls { "https" } else { "http" };
    // RFC 7239, section 6: IPv6 in brackets, and then in quotes.
    let node = match client.address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    };
    append(fields, FORWARDED, &format!("for={node};host={};proto={proto}", quoted(host)));
    append(fields, X_FORWARDED_FOR, &client.address.to_string());
    // What the first proxy was asked for is what counts.
    for (name, value) in [(X_FORWARDED_HOST, host), (X_FORWARDED_PROTO, proto)] {
        if let (false, Ok(value)) = (fields.contains_key(&name), HeaderValue::from_str(value)) {
            fields.insert(name, value);
        }
    }
    let host = rewritten.and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    fields.insert(HOST, host.unwrap_or_else(|| client.host.clone()));
}

/// Whether servers take it for the word of a proxy.
fn is_of_proxies(name: &HeaderName) -> bool {
    *name == FORWARDED || name.as_str().starts_with("x-forwarded-") || name == "x-real-ip"
}

/// Makes one field of the cookies, which HTTP/2 may have in pieces and HTTP/1 may not (RFC 9113, section 8.2.3).
pub(crate) fn join_cookies(fields: &mut HeaderMap) {
    let pieces: Vec<_> = fields.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let (2.., Ok(whole)) = (pieces.len(), HeaderValue::from_bytes(&pieces.join(&b"; "[..]))) {
        fields.insert(COOKIE, whole);
    }
}

/// Says that a message has come through here, and how.
pub(crate) fn add_via(fields: &mut HeaderMap, received: Version) {
    let version = match received {
        Version::HTTP_2 => "2.0",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    };
    append(fields, VIA, &format!("{version} {PSEUDONYM}"));
}

/// Adds to a list, on one line, for servers that look at the first alone.
fn append(fields: &mut HeaderMap, name: HeaderName, value: &str) {
    let before: Vec<_> = fields.get_all(&name).iter().filter_map(|value| value.to_str().ok()).collect();
    let list = [before.as_slice(), &[value]].concat().join(", ");
    if let Ok(list) = HeaderValue::from_str(&list) {
        fields.insert(name, list);
    }
}

/// A quoted string (RFC 9110, section 5.6.4).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
