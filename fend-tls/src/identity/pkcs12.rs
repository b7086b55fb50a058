//! PKCS #12 archives.

use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::x509::{X509, X509VerifyResult};

use crate::{Certificate, Identity, PrivateKey, TlsError};

const OPERATION: &str = "identity from PKCS #12";

pub(super) fn parse(der: &[u8], password: &str) -> Result<Identity, TlsError> {
    let error = |message: &str| TlsError::input(OPERATION, message);
    if password.contains('\0') {
        return Err(error("the password contains a NUL"));
    }
    let archive = Pkcs12::from_der(der).map_err(|errors| TlsError::openssl(OPERATION, &errors))?;
    let parsed = archive.parse2(password).map_err(|errors| refused(&errors))?;
    let _ = ErrorStack::get();

    let key = PrivateKey(parsed.pkey.ok_or_else(|| error("no private key"))?);
    let own = parsed.cert.ok_or_else(|| error("no certificate that the key belongs to"))?;
    let others = parsed.ca.map(|stack| stack.into_iter().collect()).unwrap_or_default();
    Identity::checked(OPERATION, in_order(own, others), key)
}

fn refused(errors: &ErrorStack) -> TlsError {
    let has = |reason| errors.errors().iter().any(|error| error.reason() == Some(reason));
    // The checksum depends on the password. OpenSSL also says so of an archive that has none.
    let is_wrong = has("mac verify failure") && !has("mac absent");
    match is_wrong {
        true => TlsError::openssl(format!("{OPERATION}: the password is wrong"), errors),
        false => TlsError::openssl(OPERATION, errors),
    }
}

/// Archives keep certificates in any order. Those that lead nowhere come last.
fn in_order(own: X509, mut others: Vec<X509>) -> Vec<Certificate> {
    let mut chain = vec![own];
    while let Some(at) = others.iter().position(|other| issued(other, &chain[chain.len() - 1])) {
        chain.push(others.remove(at));
    }
    chain.append(&mut others);
    chain.into_iter().map(Certificate).collect()
}

fn issued(issuer: &X509, subject: &X509) -> bool {
    issuer.issued(subject) == X509VerifyResult::OK
}
