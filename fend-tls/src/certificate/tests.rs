use std::time::{Duration, UNIX_EPOCH};

use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::{X509Extension, X509Name};

use super::*;
use crate::Identity;

/// A certificate with fields and a subjectAltName, in DER, as they are given.
fn made(fields: &[(Nid, &str)], alternatives: Option<&[u8]>, times: (&str, &str)) -> Certificate {
    let key = PKey::ec_gen("prime256v1").unwrap();
    let mut name = X509Name::builder().unwrap();
    for (nid, value) in fields {
        name.append_entry_by_nid(*nid, value).unwrap();
    }
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::from_str_x509(times.0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_str_x509(times.1).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    if let Some(der) = alternatives {
        let object = Asn1Object::from_str("2.5.29.17").unwrap();
        let octets = Asn1OctetString::new_from_bytes(der).unwrap();
        builder.append_extension(X509Extension::new_from_der(&object, false, &octets).unwrap()).unwrap();
    }
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    // As it would come from elsewhere.
    Certificate::from_der(&builder.build().to_der().unwrap()).unwrap()
}

const TIMES: (&str, &str) = ("20200101000000Z", "20300101000000Z");

fn odd(alternatives: Option<&[u8]>) -> Certificate {
    made(&[(Nid::COMMONNAME, "odd")], alternatives, TIMES)
}

fn text<T: fmt::Debug>(result: Result<T, TlsError>) -> String {
    assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
    result.unwrap_err().to_string()
}

fn self_signed(name: &str) -> Certificate {
    Identity::self_signed([name]).unwrap().certificate().clone()
}

#[test]
fn a_chain_is_found_between_junk() {
    let (a, b) = (self_signed("a.test"), self_signed("b.test"));
    let key = Identity::self_signed(["c.test"]).unwrap().key().0.private_key_to_pem_pkcs8().unwrap();
    let junk = b"subject=CN = a.test\r\n\xff\xfe binary\r\n";
    let pem = [&junk[..], &a.to_pem(), &key, junk, &b.to_pem(), b"end"].concat();
    let crlf = String::from_utf8_lossy(&pem).replace('\n', "\r\n").into_bytes();
    for pem in [pem, crlf] {
        let chain = Certificate::chain_from_pem(&pem).unwrap();
        assert_eq!(chain.iter().map(Certificate::to_der).collect::<Vec<_>>(), [a.to_der(), b.to_der()]);
        assert_eq!(Certificate::from_pem(&pem).unwrap().to_der(), a.to_der());
    }
    assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
}

#[test]
fn a_file_is_pem_or_der() {
    let certificate = self_signed("file.test");
    let path = std::env::temp_dir().join(format!("fend-tls-certificate-{}", std::process::id()));
    for contents in [
        certificate.to_pem(),
        certificate.to_der(),
        [b"0 is a SEQUENCE\n", &certificate.to_pem()[..]].concat(),
    ] {
        std::fs::write(&path, contents).unwrap();
        assert_eq!(Certificate::from_file(&path).unwrap().to_der(), certificate.to_der());
        assert_eq!(Certificate::chain_from_file(&path).unwrap()[0].to_der(), certificate.to_der());
    }
    for contents in [&b""[..], b"0\x010", &certificate.to_der()[1..]] {
        std::fs::write(&path, contents).unwrap();
        let start = format!("certificate file {}: ", path.display());
        for error in [text(Certificate::from_file(&path)), text(Certificate::chain_from_file(&path))] {
            assert!(error.starts_with(&start), "{error}");
        }
    }
    std::fs::remove_file(&path).unwrap();
    let gone = Certificate::from_file(&path).unwrap_err();
    assert!(gone.is_io() && gone.io_kind() == std::io::ErrorKind::NotFound);
    assert!(gone.to_string().contains(path.to_str().unwrap()), "{gone}");
    let folder = text(Certificate::chain_from_file(std::env::temp_dir()));
    assert!(folder.contains("directory"), "{folder}");
}

#[test]
fn what_is_no_certificate_is_said() {
    assert_eq!(text(Certificate::from_pem(b"")), "certificate from PEM: no certificate (it is empty)");
    assert_eq!(text(Certificate::from_pem(b"hello")), "certificate from PEM: no certificate (no PEM block)");
    let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(
        text(Certificate::chain_from_pem(key)),
        "certificates from PEM: no certificate (only PRIVATE KEY)"
    );
    let good = self_signed("good.test").to_pem();
    let broken = String::from_utf8(good.clone()).unwrap().replace("MII", "M?I");
    let second = text(Certificate::chain_from_pem(&[&good[..], broken.as_bytes()].concat()));
    assert_eq!(second, "certificates from PEM, number 2: bad base64 decode");
    let unfinished = text(Certificate::chain_from_pem(&good[..good.len() - 10]));
    assert!(unfinished.contains("number 1: "), "{unfinished}");
    let der = self_signed("der.test").to_der();
    assert!(
        text(Certificate::from_der(&[&der[..], b"\n"].concat())).ends_with("1 bytes follow the certificate")
    );
    for cut in [0, 1, 2, 10, der.len() - 1] {
        assert!(text(Certificate::from_der(&der[..cut])).starts_with("certificate from DER: "));
    }
}

/// OpenSSL would ask at the terminal for the password.
#[test]
fn an_encrypted_certificate_asks_nobody() {
    let pem = b"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n\
                AAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(text(Certificate::from_pem(pem)), "certificate from PEM: an encrypted certificate");
}

#[test]
fn names_are_those_that_can_be_read() {
    let good =
        Identity::self_signed(["a.test", "127.0.0.1", "*.b.test", "::1"]).unwrap().certificate().clone();
    assert_eq!(good.names(), ["a.test", "127.0.0.1", "*.b.test", "::1"]);
    assert_eq!(good.dns_names(), ["a.test", "*.b.test"]);
    assert_eq!(good.ip_addrs(), ["127.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);

    let none = odd(None);
    assert!(none.names().is_empty() && none.dns_names().is_empty() && none.ip_addrs().is_empty());

    // [2] "a.test\0.evil", [7] three bytes, [2] bytes that are no text, [7] 127.0.0.1, [1] a mail address.
    let odd_names =
        b"\x30\x1f\x82\x0ca.test\0.evil\x87\x03\x01\x02\x03\x82\x01\xff\x87\x04\x7f\0\0\x01\x81\x01x";
    let certificate = odd(Some(odd_names));
    assert_eq!(certificate.names(), ["a.test\\u{0}.evil", "127.0.0.1"]);
    assert_eq!(certificate.dns_names(), ["a.test\\u{0}.evil"]);

    // The extension is no list of names at all.
    for broken in [&b"\x30\x7f"[..], b"", b"junk", b"\x30\0"] {
        let certificate = odd(Some(broken));
        assert!(certificate.names().is_empty());
        let _ = format!("{certificate:?}");
        assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
    }
}

#[test]
fn a_subject_cannot_pretend_to_have_more_fields() {
    let fields = [
        (Nid::COMMONNAME, "localhost"),
        (Nid::ORGANIZATIONNAME, "a, CN=b\u{1b}[2J"),
        (Nid::COUNTRYNAME, "DE"),
        (Nid::DOMAINCOMPONENT, "\u{e4}\u{202e}"),
    ];
    let certificate = made(&fields[..3], None, TIMES);
    assert_eq!(certificate.subject(), "CN=localhost, O=a\\, CN=b\\u{1b}[2J, C=DE");
    assert_eq!(certificate.subject(), certificate.issuer());
    assert_eq!(made(&[], None, TIMES).subject(), "");
    let hidden = made(&[(Nid::ORGANIZATIONNAME, fields[3].1)], None, TIMES);
    assert_eq!(hidden.subject(), "O=\u{e4}\\u{202e}");
}

#[test]
fn times_saturate() {
    let second = |seconds| Duration::from_secs(seconds);
    let long = made(&[], None, ("500101000000Z", "99991231235959Z"));
    assert_eq!(long.not_before(), UNIX_EPOCH - second(631_152_000));
    assert_eq!(long.not_after(), UNIX_EPOCH + second(253_402_300_799));

    // A time that cannot be read: not valid, whichever it is.
    let der = made(&[], None, ("20200101000000Z", "20300101000000Z")).to_der();
    let broken = |digits: &[u8]| {
        let at = der.windows(digits.len()).position(|window| window == digits).unwrap();
        let mut der = der.clone();
        der[at..at + 6].copy_from_slice(b"junk!?");
        Certificate::from_der(&der).unwrap()
    };
    assert_eq!(broken(b"200101000000Z").not_before(), UNIX_EPOCH + second(253_402_300_799));
    assert_eq!(broken(b"300101000000Z").not_after(), UNIX_EPOCH);
    assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
}

#[test]
fn hashes_are_those_of_openssl() {
    let certificate = self_signed("hash.test");
    let digest = certificate.0.digest(MessageDigest::sha256()).unwrap();
    assert_eq!(certificate.fingerprint_sha256(), *digest);
    let key = certificate.0.public_key().unwrap().public_key_to_der().unwrap();
    assert_eq!(certificate.public_key_sha256(), sha256(&key));
    assert_eq!(certificate.serial().len(), 32);
    assert_eq!(odd(None).serial(), "0");
    assert_eq!(odd(None).public_key_sha256().len(), 32);
}
