//! TLS that all servers have alike: a certificate made at start, TLS 1.3, one cipher, one group, no tickets.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode, SslVersion,
};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509Name};

/// A certificate that vouches for itself, and its key.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) certificate: X509,
    pub(super) key: PKey<Private>,
}

impl Certificate {
    /// ECDSA on P-256, for `localhost`, good for a day.
    pub(super) fn make() -> Result<Certificate, ErrorStack> {
        let key = PKey::ec_gen("prime256v1")?;
        let mut name = X509Name::builder()?;
        name.append_entry_by_nid(Nid::COMMONNAME, "localhost")?;
        let name = name.build();
        let mut builder = X509::builder()?;
        builder.set_version(2)?;
        builder.set_serial_number(&*BigNum::from_u32(1)?.to_asn1_integer()?)?;
        builder.set_subject_name(&name)?;
        builder.set_issuer_name(&name)?;
        builder.set_not_before(&*Asn1Time::days_from_now(0)?)?;
        builder.set_not_after(&*Asn1Time::days_from_now(1)?)?;
        builder.set_pubkey(&key)?;
        let names =
            SubjectAlternativeName::new().dns("localhost").build(&builder.x509v3_context(None, None))?;
        builder.append_extension(names)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Certificate { certificate: builder.build(), key })
    }
}

/// What a session is negotiated from, and that none is resumed.
pub(super) fn set_negotiation(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    context.set_min_proto_version(Some(SslVersion::TLS1_3))?;
    context.set_max_proto_version(Some(SslVersion::TLS1_3))?;
    context.set_ciphersuites("TLS_AES_128_GCM_SHA256")?;
    context.set_groups_list("X25519")?;
    context.set_options(SslOptions::NO_TICKET);
    context.set_num_tickets(0)?;
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    Ok(())
}

/// The context of those who drive OpenSSL themselves. Modes are those of fend: a session that waits has no buffers, and one call of recv(2)
/// takes a record with its header.
pub(super) fn context() -> Result<SslContext, ErrorStack> {
    let Certificate { certificate, key } = Certificate::make()?;
    let mut context = SslContext::builder(SslMethod::tls_server())?;
    set_negotiation(&mut context)?;
    context.set_mode(SslMode::RELEASE_BUFFERS | SslMode::ACCEPT_MOVING_WRITE_BUFFER | SslMode::NO_AUTO_CHAIN);
    context.set_read_ahead(true);
    context.set_certificate(&certificate)?;
    context.set_private_key(&key)?;
    Ok(context.build())
}
