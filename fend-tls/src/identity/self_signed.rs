//! A certificate that vouches for itself, such that every client takes it for its own root.
//!
//! It has no basicConstraints, and may not sign certificates: rustls (webpki) and others refuse one that could as a server's, and OpenSSL
//! takes any certificate for a root that is among the trusted ones and has signed itself. Key identifiers tell it from others of
//! the same subject: OpenSSL finds the right one among many, and its strict mode (the default of Python 3.13) asks for them.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name};

use crate::{Certificate, Identity, PrivateKey, TlsError};

const OPERATION: &str = "self-signed certificate";
const HOUR: i64 = 60 * 60;
const LIFETIME: i64 = 90 * 24 * HOUR;
/// The most that a common name holds (RFC 5280, ub-common-name).
const COMMON_NAME: usize = 64;

pub(super) fn make(names: &[String]) -> Result<Identity, TlsError> {
    if names.is_empty() {
        return Err(TlsError::input(OPERATION, "no names"));
    }
    for name in names {
        check(name).map_err(|reason| TlsError::input(OPERATION, format!("{name:?} {reason}")))?;
    }
    let key = PKey::ec_gen("prime256v1").map_err(|errors| TlsError::openssl(OPERATION, &errors))?;
    let certificate = certificate(names, &key).map_err(|errors| TlsError::openssl(OPERATION, &errors))?;
    Identity::checked(OPERATION, vec![Certificate(certificate)], PrivateKey(key))
}

fn certificate(names: &[String], key: &PKey<Private>) -> Result<X509, ErrorStack> {
    let mut builder = X509::builder()?;
    // Counted from 0: this is X.509 version 3.
    builder.set_version(2)?;
    builder.set_serial_number(&*serial()?)?;
    let name = subject(&names[0])?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    let start = now() - HOUR;
    builder.set_not_before(&*Asn1Time::from_unix(start)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(start + LIFETIME)?)?;
    builder.set_pubkey(key)?;
    extend(&mut builder, names)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

fn extend(builder: &mut X509Builder, names: &[String]) -> Result<(), ErrorStack> {
    builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    builder.append_extension(ExtendedKeyUsage::new().server_auth().client_auth().build()?)?;
    let mut alternatives = SubjectAlternativeName::new();
    for name in names {
        match name.parse::<IpAddr>() {
            Ok(_) => alternatives.ip(name),
            Err(_) => alternatives.dns(name),
        };
    }
    let alternatives = alternatives.build(&builder.x509v3_context(None, None))?;
    builder.append_extension(alternatives)?;
    let own_key = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(own_key)?;
    let issuers_key = AuthorityKeyIdentifier::new().keyid(true).build(&builder.x509v3_context(None, None))?;
    builder.append_extension(issuers_key)
}

/// 126 random bits. The highest is set, so that there are always 16 bytes, and the sign's bit is not.
fn serial() -> Result<Asn1Integer, ErrorStack> {
    let mut bytes = [0; 16];
    openssl::rand::rand_bytes(&mut bytes)?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    BigNum::from_slice(&bytes)?.to_asn1_integer()
}

fn subject(first: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    let common = if first.len() <= COMMON_NAME { first } else { "self-signed" };
    name.append_entry_by_nid(Nid::COMMONNAME, common)?;
    Ok(name.build())
}

/// Seconds since 1970. A certificate is of the world's time, not of the runtime's, which a test may have stopped.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX / 2)
}

/// Why a name is neither an IP address nor a DNS name, with or without a "*." in front.
fn check(name: &str) -> Result<(), &'static str> {
    if name.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if !name.is_ascii() {
        return Err("is not in the letters of the DNS: give it as \"xn--...\"");
    }
    let host = name.strip_prefix("*.").unwrap_or(name);
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(is_inner)
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    match host.rsplit('.').next() {
        _ if name.len() > 253 => Err("is too long for a DNS name"),
        _ if !host.split('.').all(is_label) => Err("is neither a DNS name nor an IP address"),
        // So that a mistyped address is not taken for a name.
        Some(last) if is_number(last) => Err("is neither a DNS name nor an IP address"),
        _ => Ok(()),
    }
}
