//! The responses are those of the `openssl ocsp` command. To make them old, their times are changed, and they are signed again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::nid::Nid;
use openssl::ocsp::OcspResponse;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use openssl::stack::Stack;
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::{X509Builder, X509Name};

use super::*;
use crate::der::{self, element};

struct Signed {
    certificate: X509,
    key: PKey<Private>,
}

/// An RSA key: its signatures always have the same length, and are the same for the same text.
fn signed(
    name: &str,
    serial: u32,
    by: Option<&Signed>,
    extend: impl FnOnce(&mut X509Builder) -> Result<(), ErrorStack>,
) -> Signed {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = Asn1Integer::from_bn(&BigNum::from_u32(serial).unwrap()).unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(by.map_or(&subject, |by| by.certificate.subject_name())).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    extend(&mut builder).unwrap();
    builder.sign(by.map_or(&key, |by| &by.key), MessageDigest::sha256()).unwrap();
    Signed { certificate: builder.build(), key }
}

fn authority() -> Signed {
    signed("authority", 1, None, |builder| {
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)
    })
}

fn leaf(serial: u32, by: &Signed) -> Signed {
    signed("leaf", serial, Some(by), |_| Ok(()))
}

/// An authority, its list of certificates, and a certificate of it with the serial number 16 (0x10).
struct Bench {
    folder: PathBuf,
    authority: Signed,
    own: Signed,
    store: X509Store,
    chain: Stack<X509>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const OTHER_SERIAL: u32 = 17;

impl Bench {
    /// `entry` is what the list says of the certificate: "V", "R", or nothing.
    fn new(name: &str, entry: &str) -> Bench {
        let folder = std::env::temp_dir().join(format!("fend-tls-ocsp-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let authority = authority();
        let own = leaf(16, &authority);
        let own_line = match entry {
            "V" => "V\t400101000000Z\t\t10\tunknown\t/CN=leaf\n",
            "R" => "R\t400101000000Z\t260102030405Z,keyCompromise\t10\tunknown\t/CN=leaf\n",
            _ => "",
        };
        let other_line = "V\t400101000000Z\t\t11\tunknown\t/CN=other\n";
        std::fs::write(folder.join("index.txt"), [own_line, other_line].concat()).unwrap();
        let mut store = X509StoreBuilder::new().unwrap();
        store.add_cert(authority.certificate.clone()).unwrap();
        let mut chain = Stack::new().unwrap();
        chain.push(own.certificate.clone()).unwrap();
        chain.push(authority.certificate.clone()).unwrap();
        Bench { folder, authority, own, store: store.build(), chain }
    }

    fn write(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    /// A response about `subject`, signed by `signer`.
    fn response(&self, subject: &X509, signer: &Signed, options: &[&str]) -> Vec<u8> {
        let authority = self.write("authority.pem", &self.authority.certificate.to_pem().unwrap());
        let subject = self.write("subject.pem", &subject.to_pem().unwrap());
        let certificate = self.write("signer.pem", &signer.certificate.to_pem().unwrap());
        let key = self.write("signer.key", &signer.key.private_key_to_pem_pkcs8().unwrap());
        let (index, out) = (self.folder.join("index.txt"), self.folder.join("response.der"));
        let mut command = Command::new("openssl");
        let mut option = |name: &str, path: &Path| {
            command.arg(name).arg(path);
        };
        option("ocsp", Path::new("-noverify"));
        option("-index", &index);
        option("-CA", &authority);
        option("-rsigner", &certificate);
        option("-rkey", &key);
        option("-issuer", &authority);
        // Of the certificates that follow.
        command.args(options.iter().filter(|option| option.starts_with("-sha")));
        command.arg("-cert").arg(&subject).arg("-respout").arg(&out);
        command.args(options.iter().filter(|option| !option.starts_with("-sha")));
        let output = command.output().expect("this test needs the command `openssl`");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(&out).unwrap()
    }

    /// One of the authority, for a day.
    fn usual(&self) -> Vec<u8> {
        self.response(&self.own.certificate, &self.authority, &["-ndays", "1"])
    }

    fn check(&self, response: &[u8]) -> Result<(), OcspFailure> {
        let result = check(response, &self.chain, &self.store);
        assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
        result
    }

    /// The authority's `response` with other times, given as seconds from now: thisUpdate, and nextUpdate where there is one.
    fn moved(&self, response: &[u8], times: &[i64]) -> Vec<u8> {
        let signature = |text: &[u8]| {
            let mut signer = Signer::new(MessageDigest::sha256(), &self.authority.key).unwrap();
            signer.sign_oneshot_to_vec(text).unwrap()
        };
        let old = text_of(response);
        let mut new = old.to_vec();
        let is_time = |at: &usize| {
            let digits = old[*at..].strip_prefix(&[0x18, 15]).and_then(|time| time.split_at_checked(14));
            digits.is_some_and(|(digits, rest)| digits.iter().all(u8::is_ascii_digit) && rest[0] == b'Z')
        };
        // They come after the time when the response was made.
        let places = (0..old.len()).filter(is_time).skip(1);
        for (at, time) in places.zip(times) {
            new[at + 2..at + 17].copy_from_slice(&generalized(*time));
        }
        replaced(&replaced(response, old, &new), &signature(old), &signature(&new))
    }
}

/// What is signed of a response.
fn text_of(response: &[u8]) -> &[u8] {
    let inner = |bytes| element(bytes).unwrap().contents;
    let bytes = inner(element(inner(response)).unwrap().rest);
    let octets = element(element(inner(bytes)).unwrap().rest).unwrap();
    assert_eq!(octets.tag, der::OCTET_STRING);
    element(inner(octets.contents)).unwrap().whole
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes.windows(old.len()).position(|window| window == old).expect("the text is there");
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

/// "20261129171016Z", in `seconds` from now.
fn generalized(seconds: i64) -> [u8; 15] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let at = format!("@{}", now + seconds);
    let output = Command::new("date").args(["-u", "-d", &at, "+%Y%m%d%H%M%SZ"]).output().unwrap();
    output.stdout.trim_ascii().try_into().unwrap()
}

fn reason_of(result: Result<(), OcspFailure>) -> String {
    match result {
        Err(OcspFailure::Invalid(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_one_is_good() {
    let bench = Bench::new("good", "V");
    assert_eq!(bench.check(&bench.usual()), Ok(()));
    for hash in ["-sha256", "-sha384"] {
        let response = bench.response(&bench.own.certificate, &bench.authority, &["-ndays", "1", hash]);
        assert_eq!(bench.check(&response), Ok(()), "{hash}");
    }
    // The signer's certificate is left out, and found in the chain.
    let bare = bench.response(&bench.own.certificate, &bench.authority, &["-ndays", "1", "-resp_no_certs"]);
    assert_eq!(bench.check(&bare), Ok(()));
}

#[test]
fn revoked_is_told_from_unknown() {
    let bench = Bench::new("revoked", "R");
    let response = bench.usual();
    let revoked = OcspFailure::Revoked("on Jan  2 03:04:05 2026 GMT (key compromise)".to_owned());
    assert_eq!(revoked.to_string(), "certificate revoked on Jan  2 03:04:05 2026 GMT (key compromise)");
    assert_eq!(bench.check(&response), Err(revoked));

    let bench = Bench::new("unknown", "");
    assert_eq!(bench.check(&bench.usual()), Err(OcspFailure::Unknown));
}

#[test]
fn a_revocation_does_not_grow_old() {
    let bench = Bench::new("revoked-old", "R");
    // The first of the times is that of the revocation.
    let old = bench.moved(&bench.usual(), &[-9000, -8000, -7000]);
    assert!(matches!(bench.check(&old), Err(OcspFailure::Revoked(_))));
}

#[test]
fn it_must_be_about_now_give_or_take_five_minutes() {
    let bench = Bench::new("times", "V");
    let response = bench.usual();
    assert_eq!(bench.check(&bench.moved(&response, &[0, 60])), Ok(()), "it can be signed again");
    assert_eq!(bench.check(&bench.moved(&response, &[-1000, -240])), Ok(()));
    assert_eq!(reason_of(bench.check(&bench.moved(&response, &[-1000, -360]))), "status expired");
    assert_eq!(bench.check(&bench.moved(&response, &[240, 1000])), Ok(()));
    assert_eq!(reason_of(bench.check(&bench.moved(&response, &[360, 1000]))), "status not yet valid");

    let day = 24 * 60 * 60;
    let open = bench.response(&bench.own.certificate, &bench.authority, &[]);
    assert_eq!(bench.check(&open), Ok(()));
    assert_eq!(bench.check(&bench.moved(&open, &[-day])), Ok(()));
    assert_eq!(reason_of(bench.check(&bench.moved(&open, &[-day - 360]))), "status too old");

    // An unknown certificate in an old response: the response does not count.
    let bench = Bench::new("unknown-old", "");
    assert_eq!(reason_of(bench.check(&bench.moved(&bench.usual(), &[-1000, -360]))), "status expired");
}

#[test]
fn it_must_be_about_this_certificate() {
    let bench = Bench::new("other", "V");
    let other = leaf(OTHER_SERIAL, &bench.authority);
    let response = bench.response(&other.certificate, &bench.authority, &["-ndays", "1"]);
    assert_eq!(reason_of(bench.check(&response)), "it is about another certificate");
}

#[test]
fn only_the_issuer_or_its_deputy_may_sign() {
    let bench = Bench::new("signer", "V");
    let signed_by =
        |signer: &Signed| bench.check(&bench.response(&bench.own.certificate, signer, &["-ndays", "1"]));
    let deputy = signed("deputy", 20, Some(&bench.authority), |builder| {
        builder.append_extension(ExtendedKeyUsage::new().other("OCSPSigning").build()?)
    });
    assert_eq!(signed_by(&deputy), Ok(()));

    // The authority's own server is not to vouch for itself, nor another authority, be it of the same name.
    for signer in [&bench.own, &leaf(18, &bench.authority), &authority()] {
        let reason = reason_of(signed_by(signer));
        assert!(reason.starts_with("its signature does not count ("), "{reason}");
    }
    // Another authority that is trusted, but not for this certificate.
    let stranger = signed("stranger", 1, None, |builder| {
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)
    });
    let mut store = X509StoreBuilder::new().unwrap();
    store.add_cert(bench.authority.certificate.clone()).unwrap();
    store.add_cert(stranger.certificate.clone()).unwrap();
    let response = bench.response(&bench.own.certificate, &stranger, &["-ndays", "1"]);
    assert!(reason_of(check(&response, &bench.chain, &store.build())).starts_with("its signature"));
}

#[test]
fn a_changed_bit_is_seen() {
    let bench = Bench::new("bit", "R");
    let mut response = bench.usual();
    // "Revoked" becomes "good" by a tag and a length; the signature is over both.
    let at = text_of(&response).as_ptr() as usize - response.as_ptr() as usize + text_of(&response).len() - 1;
    response[at] ^= 1;
    assert!(reason_of(bench.check(&response)).starts_with("its signature does not count ("));
}

#[test]
fn junk_is_refused() {
    let bench = Bench::new("junk", "V");
    let response = bench.usual();
    for end in [0, 1, 10, response.len() / 2, response.len() - 1] {
        assert_eq!(reason_of(bench.check(&response[..end])), "it cannot be read");
    }
    assert_eq!(reason_of(bench.check(b"junk")), "it cannot be read");
    let later = OcspResponse::create(OcspResponseStatus::TRY_LATER, None).unwrap().to_der().unwrap();
    assert_eq!(reason_of(bench.check(&later)), "the responder says: try later");

    let empty = Stack::new().unwrap();
    assert_eq!(reason_of(check(&response, &empty, &bench.store)), "there is no certificate");
    let mut alone = Stack::new().unwrap();
    alone.push(bench.own.certificate.clone()).unwrap();
    let reason = reason_of(check(&response, &alone, &bench.store));
    assert_eq!(reason, "the issuer of the certificate is not in its chain");
}
