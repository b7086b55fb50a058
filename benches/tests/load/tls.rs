//! Echo over TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use benches::load::options::{Options, Protocol};
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslMethod, SslVersion};
use openssl::x509::X509;

use crate::servers::{echo, echo_server, serve};
use crate::{assert_answered, load};

/// With a certificate that nobody has signed.
fn acceptor(newest: SslVersion) -> Result<SslAcceptor, ErrorStack> {
    let key = PKey::from_ec_key(EcKey::generate(EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?.as_ref())?)?;
    let mut certificate = X509::builder()?;
    certificate.set_pubkey(&key)?;
    certificate.set_not_before(Asn1Time::days_from_now(0)?.as_ref())?;
    certificate.set_not_after(Asn1Time::days_from_now(1)?.as_ref())?;
    certificate.sign(&key, MessageDigest::sha256())?;
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    acceptor.set_private_key(&key)?;
    acceptor.set_certificate(certificate.build().as_ref())?;
    acceptor.set_max_proto_version(Some(newest))?;
    Ok(acceptor.build())
}

fn server(newest: SslVersion, change: fn(usize, &mut [u8])) -> SocketAddr {
    let acceptor = Arc::new(acceptor(newest).expect("an acceptor"));
    serve(move |socket| {
        socket.set_nodelay(true)?;
        echo(acceptor.accept(socket).map_err(io::Error::other)?, change)
    })
}

#[test]
fn answered() {
    let address = server(SslVersion::TLS1_3, |_, _| ());
    // Of one record, and of many, more than the sockets hold.
    for (size, requests, connections) in [(64, 300, 3), (20_000_000, 1, 1)] {
        let mut options = Options::new(address, Protocol::Tls, requests);
        options.connections = connections;
        options.size = size;
        assert_answered(&load(options).unwrap(), requests);
    }
}

#[test]
fn other_bytes_are_an_error() {
    let address = server(SslVersion::TLS1_3, |before, bytes| bytes[0] ^= u8::from(before == 7 * 64));
    let report = load(Options::new(address, Protocol::Tls, 10)).unwrap();
    assert_eq!((report.requests(), report.errors), (9, 1), "{report:?}");
    assert!(report.first_error.unwrap().contains("not what was sent"));
}

#[test]
fn an_older_version_or_none_ends_the_load() {
    for address in [server(SslVersion::TLS1_2, |_, _| ()), echo_server()] {
        let error = load(Options::new(address, Protocol::Tls, 10)).unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::TimedOut, "{error}");
    }
}
