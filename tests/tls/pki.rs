//! Certificates, made at run time: authorities, good ones, and one for each flaw that a client must find.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::{Asn1Integer, Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::SslContextBuilder;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, CrlNumber, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{
    X509, X509Builder, X509Crl, X509CrlBuilder, X509Extension, X509Name, X509RevokedBuilder,
};

use crate::place::Place;

/// The certificates of this process.
pub(crate) fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| Pki::new().expect("certificates"))
}

/// A certificate, the key to it, and the certificates that are sent with it.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
    pub(crate) chain: Vec<X509>,
}

impl Credentials {
    pub(crate) fn chain_pem(&self) -> Vec<u8> {
        [pem([&self.certificate]), pem(&self.chain)].concat()
    }

    pub(crate) fn key_pem(&self) -> Vec<u8> {
        self.key.private_key_to_pem_pkcs8().expect("a key")
    }

    pub(crate) fn identity(&self) -> fend::tls::Identity {
        fend::tls::Identity::from_pem(&self.chain_pem(), &self.key_pem()).expect("a pair")
    }

    /// The paths of a file with the whole chain, and of one with the key.
    pub(crate) fn files(&self, place: &Place, name: &str) -> (String, String) {
        let chain = place.write(&format!("{name}.pem"), self.chain_pem());
        (chain, place.write(&format!("{name}.key"), self.key_pem()))
    }

    /// Gives them to a peer that is OpenSSL itself.
    pub(crate) fn install(&self, context: &mut SslContextBuilder) {
        context.set_certificate(&self.certificate).expect("a certificate");
        context.set_private_key(&self.key).expect("its key");
        for certificate in &self.chain {
            context.add_extra_chain_cert(certificate.clone()).expect("a certificate");
        }
    }
}

/// One certificate after the other, as a file may hold them.
pub(crate) fn pem<'a>(certificates: impl IntoIterator<Item = &'a X509>) -> Vec<u8> {
    certificates.into_iter().flat_map(|certificate| certificate.to_pem().expect("a certificate")).collect()
}

/// All there is. The certificates are for "localhost", 127.0.0.1 and ::1 where nothing else is said.
pub(crate) struct Pki {
    pub(crate) root: Authority,
    pub(crate) intermediate: Authority,
    pub(crate) localhost: Credentials,
    /// The same with another key.
    pub(crate) successor: Credentials,
    pub(crate) rsa: Credentials,
    /// For a.example and b.example.
    pub(crate) elsewhere: Credentials,
    pub(crate) client: Credentials,
    pub(crate) expired_client: Credentials,
    /// From an authority that nobody here knows.
    pub(crate) foreign_client: Credentials,
    pub(crate) foreign: Credentials,
    pub(crate) expired: Credentials,
    pub(crate) not_yet_valid: Credentials,
    pub(crate) self_signed: Credentials,
    /// Its subject is "CN=127.0.0.1", and it has no other name.
    pub(crate) address_as_subject: Credentials,
    /// Its subject is "CN=localhost", and it has no other name.
    pub(crate) name_as_subject: Credentials,
    /// Its one name is "good.example\0.evil.example".
    pub(crate) embedded_nul: Credentials,
    /// For *.example.org.
    pub(crate) wildcard: Credentials,
    /// For f*.example.org.
    pub(crate) partial_wildcard: Credentials,
    /// For *.a.example.org and *.*.example.org.
    pub(crate) deep_wildcard: Credentials,
    /// The intermediate is not sent.
    pub(crate) without_chain: Credentials,
    pub(crate) revoked: Credentials,
    /// For clients, not for servers.
    pub(crate) wrong_usage: Credentials,
    /// Signed by a certificate that is not an authority's.
    pub(crate) signed_by_leaf: Credentials,
    /// From an intermediate that has expired.
    pub(crate) expired_intermediate: Credentials,
    /// Of the intermediate: names `revoked` alone.
    pub(crate) revocations: X509Crl,
    /// Of the root: names the one that has expired.
    pub(crate) root_revocations: X509Crl,
}

const LOCAL: [&str; 3] = ["DNS:localhost", "IP:127.0.0.1", "IP:::1"];

impl Pki {
    fn new() -> Result<Pki, ErrorStack> {
        let root = Authority::root("Test Root")?;
        let intermediate = root.subordinate("Test Intermediate", -1..30)?;
        let old_intermediate = root.subordinate("Old Intermediate", -3..-1)?;
        let nobody = Authority::root("Nobody's Root")?;
        let below = |request: Request| intermediate.issue(request);
        let localhost = below(Request::default())?;
        let leaf = Authority {
            certificate: localhost.certificate.clone(),
            key: localhost.key.clone(),
            chain: vec![localhost.certificate.clone(), intermediate.certificate.clone()],
        };
        let client = Request {
            subject: "a client",
            names: &["DNS:client.example"],
            usage: Usage::Client,
            ..Request::default()
        };
        let revoked = below(Request::default())?;
        let mut without_chain = below(Request::default())?;
        without_chain.chain.clear();
        Ok(Pki {
            successor: below(Request::default())?,
            rsa: below(Request { key: rsa_key()?, ..Request::default() })?,
            elsewhere: below(Request {
                subject: "a.example",
                names: &["DNS:a.example", "DNS:b.example", "IP:192.0.2.1"],
                ..Request::default()
            })?,
            client: below(client.again()?)?,
            expired_client: below(Request { days: -3..-1, ..client.again()? })?,
            foreign_client: nobody.issue(client)?,
            foreign: nobody.issue(Request::default())?,
            expired: below(Request { days: -3..-1, ..Request::default() })?,
            not_yet_valid: below(Request { days: 1..3, ..Request::default() })?,
            self_signed: self_signed(Request::default())?,
            address_as_subject: below(Request { subject: "127.0.0.1", names: &[], ..Request::default() })?,
            name_as_subject: below(Request { names: &[], ..Request::default() })?,
            embedded_nul: below(Request {
                subject: "good.example",
                names: &["good.example\0.evil.example"],
                ..Request::default()
            })?,
            wildcard: below(Request {
                subject: "wild",
                names: &["DNS:*.example.org"],
                ..Request::default()
            })?,
            partial_wildcard: below(Request {
                subject: "wild",
                names: &["DNS:f*.example.org"],
                ..Request::default()
            })?,
            deep_wildcard: below(Request {
                subject: "wild",
                names: &["DNS:*.a.example.org", "DNS:*.*.example.org"],
                ..Request::default()
            })?,
            without_chain,
            wrong_usage: below(Request { usage: Usage::Client, ..Request::default() })?,
            signed_by_leaf: leaf.issue(Request::default())?,
            expired_intermediate: old_intermediate.issue(Request::default())?,
            revocations: intermediate.revoke(&revoked.certificate)?,
            root_revocations: root.revoke(&old_intermediate.certificate)?,
            revoked,
            localhost,
            intermediate,
            root,
        })
    }

    pub(crate) fn root_pem(&self) -> Vec<u8> {
        self.root.certificate.to_pem().expect("a certificate")
    }

    /// The revocation list of the intermediate.
    pub(crate) fn revocations_pem(&self) -> Vec<u8> {
        self.revocations.to_pem().expect("a list")
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Usage {
    Server,
    Client,
}

/// What a certificate is asked for.
struct Request<'a> {
    subject: &'a str,
    /// "DNS:..", "IP:..", and anything else is a DNS name that has to be taken literally.
    names: &'a [&'a str],
    /// The time of its validity, from now.
    days: Range<i64>,
    usage: Usage,
    key: PKey<Private>,
}

impl Default for Request<'_> {
    fn default() -> Self {
        let key = ec_key().expect("a key");
        Request { subject: "localhost", names: &LOCAL, days: -1..30, usage: Usage::Server, key }
    }
}

impl Request<'_> {
    /// With another key.
    fn again(&self) -> Result<Self, ErrorStack> {
        Ok(Request { days: self.days.clone(), key: ec_key()?, ..*self })
    }
}

#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
    /// What is sent with its certificates.
    chain: Vec<X509>,
}

impl Authority {
    fn root(subject: &str) -> Result<Authority, ErrorStack> {
        let key = ec_key()?;
        let mut builder = authority_builder(subject, -1..30, &key)?;
        builder.set_issuer_name(&*name(subject)?)?;
        let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(identifier)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Authority { certificate: builder.build(), key, chain: Vec::new() })
    }

    fn subordinate(&self, subject: &str, days: Range<i64>) -> Result<Authority, ErrorStack> {
        let key = ec_key()?;
        let certificate = self.sign(authority_builder(subject, days, &key)?)?;
        Ok(Authority { chain: vec![certificate.clone()], certificate, key })
    }

    fn issue(&self, request: Request) -> Result<Credentials, ErrorStack> {
        let certificate = self.sign(leaf_builder(&request)?)?;
        Ok(Credentials { certificate, key: request.key, chain: self.chain.clone() })
    }

    fn sign(&self, mut builder: X509Builder) -> Result<X509, ErrorStack> {
        builder.set_issuer_name(self.certificate.subject_name())?;
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let subject = SubjectKeyIdentifier::new().build(&context)?;
        let issuer = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(subject)?;
        builder.append_extension(issuer)?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(builder.build())
    }

    fn revoke(&self, revoked: &X509) -> Result<X509Crl, ErrorStack> {
        let mut list = X509CrlBuilder::new()?;
        list.set_issuer_name(self.certificate.subject_name())?;
        list.set_last_update(&*day(-1)?)?;
        list.set_next_update(&*day(30)?)?;
        let mut entry = X509RevokedBuilder::new()?;
        entry.set_serial_number(revoked.serial_number())?;
        entry.set_revocation_date(&*day(-1)?)?;
        list.add_revoked(entry.build())?;
        let issuer = X509::builder()?;
        let issuer = AuthorityKeyIdentifier::new()
            .keyid(true)
            .build(&issuer.x509v3_context(Some(&self.certificate), None))?;
        list.append_extension(issuer)?;
        list.append_extension(CrlNumber::new(BigNum::from_u32(1)?)?.build()?)?;
        list.sort()?;
        list.sign(&self.key, MessageDigest::sha256())?;
        list.build()
    }
}

fn self_signed(request: Request) -> Result<Credentials, ErrorStack> {
    let mut builder = leaf_builder(&request)?;
    builder.set_issuer_name(&*name(request.subject)?)?;
    builder.sign(&request.key, MessageDigest::sha256())?;
    Ok(Credentials { certificate: builder.build(), key: request.key, chain: Vec::new() })
}

fn leaf_builder(request: &Request) -> Result<X509Builder, ErrorStack> {
    let mut builder = builder(request.subject, request.days.clone(), &request.key)?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    builder.append_extension(KeyUsage::new().critical().digital_signature().key_encipherment().build()?)?;
    let mut usage = ExtendedKeyUsage::new();
    builder.append_extension(match request.usage {
        Usage::Server => usage.server_auth().build()?,
        Usage::Client => usage.client_auth().build()?,
    })?;
    if let Some(literal) = request.names.first().filter(|name| !name.contains(':')) {
        builder.append_extension(literal_name(literal)?)?;
        return Ok(builder);
    }
    if !request.names.is_empty() {
        let mut names = SubjectAlternativeName::new();
        for name in request.names {
            match name.split_once(':').expect("a kind before it") {
                ("DNS", name) => names.dns(name),
                (_, address) => names.ip(address),
            };
        }
        let names = names.build(&builder.x509v3_context(None, None))?;
        builder.append_extension(names)?;
    }
    Ok(builder)
}

/// A subject alternative name that OpenSSL would not make: GeneralNames with one dNSName, in DER.
fn literal_name(name: &str) -> Result<X509Extension, ErrorStack> {
    let short = |len: usize| u8::try_from(len).ok().filter(|&len| len < 128).expect("one byte of length");
    let mut der = vec![0x30, short(name.len() + 2), 0x82, short(name.len())];
    der.extend_from_slice(name.as_bytes());
    let object = Asn1Object::from_str("2.5.29.17")?;
    X509Extension::new_from_der(&object, false, &*Asn1OctetString::new_from_bytes(&der)?)
}

fn authority_builder(
    subject: &str,
    days: Range<i64>,
    key: &PKey<Private>,
) -> Result<X509Builder, ErrorStack> {
    let mut builder = builder(subject, days, key)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    Ok(builder)
}

fn builder(subject: &str, days: Range<i64>, key: &PKey<Private>) -> Result<X509Builder, ErrorStack> {
    static SERIAL: AtomicU32 = AtomicU32::new(0x1000);
    let serial = BigNum::from_u32(SERIAL.fetch_add(1, Ordering::Relaxed))?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*Asn1Integer::from_bn(&serial)?)?;
    builder.set_subject_name(&*name(subject)?)?;
    builder.set_not_before(&*day(days.start)?)?;
    builder.set_not_after(&*day(days.end)?)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

fn name(common: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "fend tests")?;
    name.append_entry_by_nid(Nid::COMMONNAME, common)?;
    Ok(name.build())
}

/// `days` from now.
fn day(days: i64) -> Result<Asn1Time, ErrorStack> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    Asn1Time::from_unix(i64::try_from(now).expect("a date") + days * 86_400)
}

fn ec_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn rsa_key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_rsa(Rsa::generate(2048)?)
}
