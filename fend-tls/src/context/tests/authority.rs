//! Makes certificates.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509NameRef};

use crate::{Certificate, Identity, PrivateKey};

/// When a certificate is good.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    Now,
    Past,
    Future,
}

/// A root, or an intermediate one.
pub(super) struct Authority {
    pub(super) x509: X509,
    pub(super) key: PKey<Private>,
    /// Between a leaf and the root: this one first, without the root.
    chain: Vec<Certificate>,
}

impl Authority {
    pub(super) fn new(name: &str) -> Authority {
        let key = new_key();
        let name = common_name(name);
        let x509 = certificate(&name, &name, &key, &key, Validity::Now, make_authority);
        Authority { x509, key, chain: Vec::new() }
    }

    /// One whose certificate was issued like any other.
    pub(super) fn of(identity: Identity, key: PKey<Private>) -> Authority {
        let x509 = identity.certificate().as_x509().to_owned();
        Authority { x509, key, chain: identity.chain().to_vec() }
    }

    /// One that this one has signed.
    pub(super) fn intermediate(&self, name: &str) -> Authority {
        let key = new_key();
        let issuer = self.x509.subject_name();
        let x509 = certificate(&common_name(name), issuer, &key, &self.key, Validity::Now, make_authority);
        let mut chain = vec![Certificate::from(x509.clone())];
        chain.extend(self.chain.iter().cloned());
        Authority { x509, key, chain }
    }

    pub(super) fn certificate(&self) -> Certificate {
        Certificate::from(self.x509.clone())
    }

    /// For `names`, the first of which is the common name too; DNS names or IP addresses.
    pub(super) fn issue(&self, names: &[&str]) -> Identity {
        self.issue_for(names, Validity::Now)
    }

    pub(super) fn issue_for(&self, names: &[&str], validity: Validity) -> Identity {
        self.issue_with(names[0], new_key(), validity, |builder| add_names(builder, names))
    }

    pub(super) fn issue_with(
        &self,
        name: &str,
        key: PKey<Private>,
        validity: Validity,
        extend: impl FnOnce(&mut X509Builder),
    ) -> Identity {
        let x509 =
            certificate(&common_name(name), self.x509.subject_name(), &key, &self.key, validity, extend);
        let mut chain = vec![Certificate::from(x509)];
        chain.extend(self.chain.iter().cloned());
        Identity::new(chain, PrivateKey(key)).unwrap()
    }
}

/// A certificate that nobody else has signed.
pub(super) fn self_signed(names: &[&str], validity: Validity) -> Identity {
    let key = new_key();
    let name = common_name(names[0]);
    let x509 = certificate(&name, &name, &key, &key, validity, |builder| add_names(builder, names));
    Identity::new(vec![Certificate::from(x509)], PrivateKey(key)).unwrap()
}

fn new_key() -> PKey<Private> {
    PKey::ec_gen("prime256v1").unwrap()
}

fn common_name(name: &str) -> X509Name {
    let mut builder = X509Name::builder().unwrap();
    builder.append_entry_by_text("CN", name).unwrap();
    builder.build()
}

fn certificate(
    subject: &X509NameRef,
    issuer: &X509NameRef,
    key: &PKey<Private>,
    issuer_key: &PKey<Private>,
    validity: Validity,
    extend: impl FnOnce(&mut X509Builder),
) -> X509 {
    const DAY: i64 = 24 * 60 * 60;
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let (from, to) = match validity {
        Validity::Now => (-DAY, DAY),
        Validity::Past => (-3 * DAY, -DAY),
        Validity::Future => (DAY, 3 * DAY),
    };
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = [1; 16];
    openssl::rand::rand_bytes(&mut serial[1..]).unwrap();
    let serial = Asn1Integer::from_bn(&BigNum::from_slice(&serial).unwrap()).unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(now + from).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(now + to).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    extend(&mut builder);
    builder.sign(issuer_key, MessageDigest::sha256()).unwrap();
    builder.build()
}

pub(super) fn make_authority(builder: &mut X509Builder) {
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    let usage = KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap();
    builder.append_extension(usage).unwrap();
}

pub(super) fn add_names(builder: &mut X509Builder, names: &[&str]) {
    let mut extension = SubjectAlternativeName::new();
    for name in names {
        match name.parse::<std::net::IpAddr>() {
            Ok(_) => extension.ip(name),
            Err(_) => extension.dns(name),
        };
    }
    let extension = extension.build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(extension).unwrap();
}
