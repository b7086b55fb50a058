//! Names of certificates as text that cannot be mistaken for other text.

use std::fmt::Write;
use std::net::IpAddr;

use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::stack::Stack;
use openssl::x509::{GeneralName, GeneralNameRef, X509NameEntryRef, X509NameRef, X509Ref};

/// "CN=localhost, O=x": in the order of the certificate, with RFC 4514's escapes, so that a value never looks like a further field.
pub(super) fn distinguished(name: &X509NameRef) -> String {
    let entries: Vec<String> =
        name.entries().map(|entry| format!("{}={}", key(entry), value(entry))).collect();
    entries.join(", ")
}

fn key(entry: &X509NameEntryRef) -> String {
    let object = entry.object();
    let nid = object.nid();
    match nid.short_name() {
        Ok(name) if nid != Nid::UNDEF => name.to_owned(),
        _ => object.to_string(),
    }
}

fn value(entry: &X509NameEntryRef) -> String {
    // Neither fails in a parsed name, but for a string type that is none, or text that is not in its encoding.
    let text = entry.data().to_string().unwrap_or_else(|_: ErrorStack| "?".to_owned());
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => escaped.extend(['\\', character]),
            _ => push_visible(&mut escaped, character),
        }
    }
    escaped
}

/// Control characters would let a certificate write to a terminal, or a line of its own into a log.
fn push_visible(text: &mut String, character: char) {
    // Those that reverse the direction of what follows are no control characters to Rust.
    let is_hidden =
        matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || is_hidden {
        let _ = write!(text, "{}", character.escape_unicode());
    } else {
        text.push(character);
    }
}

/// The names of the subject, other than those that are no names: an absent or broken extension has none.
fn alternatives(certificate: &X509Ref) -> Option<Stack<GeneralName>> {
    let names = certificate.subject_alt_names();
    if names.is_none() {
        // A broken extension leaves its error behind.
        let _ = ErrorStack::get();
    }
    names
}

pub(super) fn dns(certificate: &X509Ref) -> Vec<String> {
    alternatives(certificate).iter().flatten().filter_map(dns_name).collect()
}

pub(super) fn ip(certificate: &X509Ref) -> Vec<IpAddr> {
    alternatives(certificate).iter().flatten().filter_map(ip_addr).collect()
}

pub(super) fn all(certificate: &X509Ref) -> Vec<String> {
    let text = |name: &GeneralNameRef| dns_name(name).or_else(|| Some(ip_addr(name)?.to_string()));
    alternatives(certificate).iter().flatten().filter_map(text).collect()
}

/// A name with a NUL or other control characters in it, which some would read as the part before it, is shown escaped: it is equal to
/// no host name.
fn dns_name(name: &GeneralNameRef) -> Option<String> {
    let name = name.dnsname()?;
    let mut text = String::with_capacity(name.len());
    name.chars().for_each(|character| push_visible(&mut text, character));
    Some(text)
}

fn ip_addr(name: &GeneralNameRef) -> Option<IpAddr> {
    let bytes = name.ipaddress()?;
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}
