use std::time::{Duration, SystemTime};

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::stack::Stack;
use openssl::x509::extension::{BasicConstraints, KeyUsage};
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Name, X509PurposeId, X509StoreContext};

use super::*;

fn text(result: Result<Identity, TlsError>) -> String {
    assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
    result.unwrap_err().to_string()
}

fn self_signed(name: &str) -> Identity {
    Identity::self_signed([name]).unwrap()
}

/// A certificate that `issuer` signs.
fn issued(name: &str, issuer: Option<&Identity>) -> Identity {
    let key = PKey::ec_gen("prime256v1").unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&subject, |by| by.certificate().0.subject_name())).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    builder.append_extension(KeyUsage::new().key_cert_sign().digital_signature().build().unwrap()).unwrap();
    builder.sign(issuer.map_or(&key, |by| &by.key.0), MessageDigest::sha256()).unwrap();
    Identity::new(vec![Certificate(builder.build())], PrivateKey(key)).unwrap()
}

#[test]
fn chain_and_key_must_fit() {
    let (own, other) = (self_signed("own.test"), self_signed("other.test"));
    let (own_certificate, other_certificate) = (own.certificate().clone(), other.certificate().clone());
    let none = text(Identity::new(vec![own_certificate.clone()], other.key().clone()));
    assert_eq!(none, "identity: the key does not belong to the certificate (\"CN=own.test\")");
    let second = text(Identity::new(vec![other_certificate, own_certificate], own.key().clone()));
    assert_eq!(
        second,
        "identity: the key belongs to certificate 2 of the chain (\"CN=own.test\"), which must come first"
    );
    assert_eq!(text(Identity::new(Vec::new(), own.key().clone())), "identity: no certificate");
    // Of another kind.
    let ed25519 = PrivateKey(PKey::generate_ed25519().unwrap());
    assert!(text(Identity::new(own.chain().to_vec(), ed25519)).contains("does not belong"));
}

#[test]
fn one_file_may_hold_both() {
    let identity = self_signed("file.test");
    let pem =
        [identity.key().0.private_key_to_pem_pkcs8().unwrap(), identity.certificate().to_pem()].concat();
    assert_eq!(Identity::from_pem(&pem, &pem).unwrap().certificate().names(), ["file.test"]);
    let path = std::env::temp_dir().join(format!("fend-tls-identity-{}.pem", std::process::id()));
    std::fs::write(&path, &pem).unwrap();
    assert_eq!(Identity::from_files(&path, &path).unwrap().certificate().names(), ["file.test"]);
    std::fs::write(&path, [self_signed("x.test").certificate().to_pem(), pem].concat()).unwrap();
    let wrong = text(Identity::from_files(&path, &path));
    assert!(wrong.starts_with(&format!("identity from {0} and {0}: ", path.display())), "{wrong}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn an_archive_gives_the_chain_in_order() {
    let root = issued("root", None);
    let middle = issued("middle", Some(&root));
    let own = issued("own", Some(&middle));
    let stranger = self_signed("stranger.test");
    for order in [[&stranger, &root, &middle], [&middle, &root, &stranger], [&root, &stranger, &middle]] {
        let mut others = Stack::new().unwrap();
        for other in order {
            others.push(other.certificate().0.clone()).unwrap();
        }
        let mut builder = Pkcs12::builder();
        builder.pkey(&own.key().0).cert(&own.certificate().0).ca(others);
        let der = builder.build2("secret").unwrap().to_der().unwrap();
        let identity = Identity::from_pkcs12(&der, "secret").unwrap();
        let subjects: Vec<String> = identity.chain().iter().map(Certificate::subject).collect();
        assert_eq!(subjects, ["CN=own", "CN=middle", "CN=root", "CN=stranger.test"]);
        assert!(ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");

        let wrong = text(Identity::from_pkcs12(&der, "wrong"));
        assert!(wrong.starts_with("identity from PKCS #12: the password is wrong: "), "{wrong}");
        assert!(text(Identity::from_pkcs12(&der, "")).contains("the password is wrong"));
        assert!(text(Identity::from_pkcs12(&der, "se\0cret")).ends_with("contains a NUL"));
        assert!(text(Identity::from_pkcs12(&der[..der.len() / 2], "secret")).contains("PKCS #12: "));
    }
    assert!(text(Identity::from_pkcs12(b"", "")).starts_with("identity from PKCS #12: "));
}

#[test]
fn an_archive_may_lack_something() {
    let own = self_signed("own.test");
    let archive = |with_key: bool| {
        let mut builder = Pkcs12::builder();
        if with_key {
            builder.pkey(&own.key().0);
        } else {
            builder.cert(&own.certificate().0);
        }
        builder.build2("").unwrap().to_der().unwrap()
    };
    assert_eq!(text(Identity::from_pkcs12(&archive(false), "")), "identity from PKCS #12: no private key");
    let message = "identity from PKCS #12: no certificate that the key belongs to";
    assert_eq!(text(Identity::from_pkcs12(&archive(true), "")), message);
}

#[test]
fn a_self_signed_one_is_its_own_root_by_the_strictest_rules() {
    let (identity, another) = (self_signed("localhost"), self_signed("localhost"));
    for purpose in [X509PurposeId::SSL_SERVER, X509PurposeId::SSL_CLIENT] {
        let mut store = X509StoreBuilder::new().unwrap();
        // One of the same name, which must not get in the way.
        store.add_cert(another.certificate().0.clone()).unwrap();
        store.add_cert(identity.certificate().0.clone()).unwrap();
        let mut param = X509VerifyParam::new().unwrap();
        param.set_flags(X509VerifyFlags::X509_STRICT | X509VerifyFlags::CHECK_SS_SIGNATURE).unwrap();
        param.set_host("localhost").unwrap();
        param.set_purpose(purpose).unwrap();
        store.set_param(&param).unwrap();
        let store = store.build();
        let verdict = |certificate: &Certificate| {
            let chain = Stack::new().unwrap();
            let mut context = X509StoreContext::new().unwrap();
            context.init(&store, &certificate.0, &chain, |context| context.verify_cert()).unwrap()
        };
        assert!(verdict(identity.certificate()));
        // A stranger's is not taken for it.
        assert!(!verdict(self_signed("localhost").certificate()));
    }
}

#[test]
fn a_self_signed_one_is_new_each_time_and_lasts_for_90_days() {
    let (one, other) = (self_signed("a.test"), self_signed("a.test"));
    assert_ne!(one.certificate().serial(), other.certificate().serial());
    let now = SystemTime::now();
    let (start, end) = (one.certificate().not_before(), one.certificate().not_after());
    assert_eq!(end.duration_since(start).unwrap(), Duration::from_secs(90 * 24 * 60 * 60));
    let age = now.duration_since(start).unwrap().as_secs();
    assert!((3600..3700).contains(&age), "{age}");
}

#[test]
fn names_are_checked() {
    let none: [&str; 0] = [];
    assert_eq!(text(Identity::self_signed(none)), "self-signed certificate: no names");
    let long = format!("{}.test", ["a".repeat(63).as_str(); 4].join("."));
    let label = format!("{}.test", "a".repeat(64));
    let bad = [
        "",
        ".",
        "*",
        "*.",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-.b",
        "a b",
        "a*.b",
        "a.*.b",
        "*.*.a",
        "256.0.0.1",
        "1.2.3",
        "[::1]",
        "127.0.0.1:80",
        "a,DNS:b",
        "a\0b",
        "a\n",
        "http://a",
        "a/b",
        "::g",
        "b\u{fc}cher.test",
        &long,
        &label,
    ];
    for name in bad {
        let error = text(Identity::self_signed(["good.test", name]));
        assert!(error.starts_with(&format!("self-signed certificate: {name:?} ")), "{error}");
    }
    let good = [
        "localhost",
        "a_b.test",
        "xn--bcher-kva.test",
        "*.a.test",
        "1.a",
        "A.test",
        "::ffff:1.2.3.4",
        "10.0.0.1",
    ];
    assert_eq!(Identity::self_signed(good).unwrap().certificate().names().len(), good.len());
    // Longer than a common name may be.
    let long = format!("{}.{}.test", "a".repeat(63), "b".repeat(63));
    let identity = self_signed(&long);
    assert_eq!(identity.certificate().names(), [long]);
    assert_eq!(identity.certificate().subject(), "CN=self-signed");
}
