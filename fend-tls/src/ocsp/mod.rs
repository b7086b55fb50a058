//! Judges a stapled OCSP response (RFC 6960): an authority's word, not older than it says itself, that a certificate is not revoked.
//!
//! The server sends it along, so it is worth no more than its signature. What must hold, in this order: it is a response and
//! a successful one; the issuer of the certificate has signed it, or one whom the issuer lets do so; it is about this
//! certificate; it is about now. A revocation is believed without the last: it does not go away.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::ocsp::{
    OcspBasicResponse, OcspCertId, OcspCertStatus, OcspFlag, OcspResponse, OcspResponseStatus,
    OcspRevokedStatus, OcspStatus,
};
use openssl::stack::StackRef;
use openssl::x509::store::X509StoreRef;
use openssl::x509::{X509, X509Ref, X509VerifyResult};

/// How far the clocks of responder and client may be apart, in seconds.
const SKEW: u32 = 5 * 60;
/// How old a response may be that does not say until when it is good. (So do Firefox and others. Without a limit, whoever holds such a
/// response could show it for ever.)
const OPEN_ENDED: u32 = 24 * 60 * 60;

/// Why a response does not vouch for the certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OcspFailure {
    /// The certificate is revoked: when, and why.
    Revoked(String),
    /// The responder does not know the certificate.
    Unknown,
    /// It is no response, or none that counts.
    Invalid(String),
}

impl fmt::Display for OcspFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OcspFailure::Revoked(details) => write!(f, "certificate revoked {details}"),
            OcspFailure::Unknown => f.write_str("the OCSP responder does not know the certificate"),
            OcspFailure::Invalid(reason) => write!(f, "the OCSP response is not valid: {reason}"),
        }
    }
}

/// Whether `response`, in DER, says that the first certificate of `chain` is good. The chain is the one that was verified, with the issuer
/// in it; `store` has the roots.
pub(crate) fn check(
    response: &[u8],
    chain: &StackRef<X509>,
    store: &X509StoreRef,
) -> Result<(), OcspFailure> {
    let result = judge(response, chain, store);
    // A "no" may leave entries that nobody took.
    let _ = ErrorStack::get();
    result
}

fn judge(response: &[u8], chain: &StackRef<X509>, store: &X509StoreRef) -> Result<(), OcspFailure> {
    let response = OcspResponse::from_der(response).map_err(|_| invalid("it cannot be read"))?;
    if response.status() != OcspResponseStatus::SUCCESSFUL {
        return Err(invalid(failed(response.status())));
    }
    let response = response.basic().map_err(|_| invalid("it is of an unknown type"))?;

    let own = chain.get(0).ok_or_else(|| invalid("there is no certificate"))?;
    let issuer = chain.iter().find(|other| other.issued(own) == X509VerifyResult::OK);
    let issuer = issuer.ok_or_else(|| invalid("the issuer of the certificate is not in its chain"))?;

    response
        .verify(chain, store, OcspFlag::empty())
        .map_err(|errors| invalid(format!("its signature does not count ({})", reason(&errors))))?;
    let status = find(&response, own, issuer).ok_or_else(|| invalid("it is about another certificate"))?;

    if status.status == OcspCertStatus::REVOKED {
        return Err(OcspFailure::Revoked(revocation(&status)));
    }
    let oldest = status.next_update().is_none().then_some(OPEN_ENDED + SKEW);
    status.check_validity(SKEW, oldest).map_err(|errors| invalid(reason(&errors)))?;
    match status.status {
        OcspCertStatus::GOOD => Ok(()),
        _ => Err(OcspFailure::Unknown),
    }
}

/// What is said of `own`. The responder chooses the hash that certificates are named by: nearly always SHA-1, whose weakness is of no
/// matter here, or SHA-256.
fn find<'a>(response: &'a OcspBasicResponse, own: &X509Ref, issuer: &X509Ref) -> Option<OcspStatus<'a>> {
    let hashes = [MessageDigest::sha1, MessageDigest::sha256, MessageDigest::sha384, MessageDigest::sha512];
    hashes.iter().find_map(|hash| response.find_status(&*OcspCertId::from_cert(hash(), own, issuer).ok()?))
}

fn invalid(reason: impl Into<String>) -> OcspFailure {
    OcspFailure::Invalid(reason.into())
}

/// OpenSSL's first reason, the one at the root.
fn reason(errors: &ErrorStack) -> String {
    errors.errors().iter().find_map(|error| error.reason()).unwrap_or("no reason is known").to_owned()
}

fn failed(status: OcspResponseStatus) -> &'static str {
    match status {
        OcspResponseStatus::MALFORMED_REQUEST => "the responder could not read the request",
        OcspResponseStatus::INTERNAL_ERROR => "the responder had an internal error",
        OcspResponseStatus::TRY_LATER => "the responder says: try later",
        OcspResponseStatus::SIG_REQUIRED => "the responder wants a signed request",
        OcspResponseStatus::UNAUTHORIZED => "the responder says: unauthorized",
        _ => "the responder has failed",
    }
}

/// "on Nov 29 17:10:16 2026 GMT (key compromise)".
fn revocation(status: &OcspStatus<'_>) -> String {
    let time = status.revocation_time.map_or_else(String::new, |time| format!("on {time} "));
    let reason = match status.reason {
        OcspRevokedStatus::KEY_COMPROMISE => "key compromise",
        OcspRevokedStatus::CA_COMPROMISE => "CA compromise",
        OcspRevokedStatus::AFFILIATION_CHANGED => "affiliation changed",
        OcspRevokedStatus::STATUS_SUPERSEDED => "superseded",
        OcspRevokedStatus::STATUS_CESSATION_OF_OPERATION => "cessation of operation",
        OcspRevokedStatus::STATUS_CERTIFICATE_HOLD => "certificate hold",
        _ => "no reason given",
    };
    format!("{time}({reason})")
}

#[cfg(test)]
mod tests;
