//! What a setting that cannot be is told.

use std::path::PathBuf;

use super::*;

fn client() -> ContextBuilder {
    Context::builder(Mode::Client).system_roots(false)
}

fn server() -> ContextBuilder {
    Context::builder(Mode::Server).identity(authority::self_signed(&["a.example"], Validity::Now))
}

#[track_caller]
fn text(builder: ContextBuilder) -> String {
    let error = builder.build().unwrap_err();
    assert!(openssl::error::ErrorStack::get().errors().is_empty(), "entries are left in OpenSSL's queue");
    error.to_string()
}

#[test]
fn lists_that_openssl_does_not_know() {
    assert_eq!(text(client().ciphers("FOO")), "TLS context: ciphers \"FOO\": no cipher match");
    assert_eq!(text(client().ciphers("aNULL")), "TLS context: ciphers \"aNULL\": no cipher match");
    assert_eq!(text(client().cipher_suites("FOO")), "TLS context: cipher_suites \"FOO\": no cipher match");
    assert!(text(client().groups("FOO")).starts_with("TLS context: groups \"FOO\": "));
    assert!(
        text(client().signature_algorithms("FOO")).starts_with("TLS context: signature_algorithms \"FOO\": ")
    );
    assert_eq!(text(client().groups("X\0Y")), "TLS context: groups \"X\\0Y\": there is a NUL in it");
    assert_eq!(text(client().security_level(6)), "TLS context: security_level 6: there are 0 to 5");
    assert_eq!(text(client().alpn([""])), "TLS context: alpn: a protocol's name is empty");
}

#[test]
fn protocols_without_one_in_common() {
    let builder = client().min_protocol(Protocol::Tls1_3).max_protocol(Protocol::Tls1_2);
    assert_eq!(text(builder), "TLS context: max_protocol TLSv1.2: it is older than min_protocol TLSv1.3");
    let builder = client().max_protocol(Protocol::Tls1_1);
    assert_eq!(
        text(builder),
        "TLS context: max_protocol TLSv1.1: it is older than min_protocol TLSv1.2, the default"
    );
}

#[test]
fn files_that_are_not_there_or_something_else() {
    let directory = Directory::new("files");
    let junk = directory.file("junk", b"junk");
    let gone = "No such file or directory (os error 2)";
    type Set = fn(PathBuf) -> ContextBuilder;
    let cases: [(&str, Set); 6] = [
        ("cafile", |path| client().cafile(path)),
        ("crl_file", |path| client().crl_file(path)),
        ("capath", |path| client().capath(path)),
        ("dhparam_file", |path| server().dhparam_file(path)),
        ("certificate_file", |path| server().certificate_file(path)),
        ("certificate_file", |path| server().certificate_file(path.clone()).key_file(path)),
    ];
    for (name, set) in cases {
        let error = set("/no/such".into()).build().unwrap_err();
        assert_eq!(error.to_string(), format!("TLS context: {name} /no/such: {gone}"));
        assert!(error.is_io());
        let error = text(set(junk.clone()));
        // Parameters are known by OpenSSL alone, and by their file only when they are used.
        let name = if name == "dhparam_file" { "dhparam" } else { name };
        assert!(error.starts_with(&format!("TLS context: {name} {}: ", junk.display())), "{error}");
    }
}

#[test]
fn certificates_and_keys_that_do_not_fit() {
    let directory = Directory::new("keys");
    let identities = ["a", "b"].map(|name| authority::self_signed(&[name], Validity::Now));
    let pem = |key: &PrivateKey| key.0.private_key_to_pem_pkcs8().unwrap();
    let certificate = directory.file("a.pem", &identities[0].certificate().to_pem());
    let key = directory.file("a.key", &pem(identities[0].key()));
    let other = directory.file("b.key", &pem(identities[1].key()));
    let cipher = openssl::symm::Cipher::aes_128_cbc();
    let encrypted = identities[0].key().0.private_key_to_pem_pkcs8_passphrase(cipher, b"secret").unwrap();
    let encrypted = directory.file("encrypted.key", &encrypted);
    let both = [identities[0].certificate().to_pem(), pem(identities[0].key())].concat();
    let both = directory.file("both.pem", &both);
    let new = || Context::builder(Mode::Server);

    new().certificate_file(&certificate).key_file(&key).build().unwrap();
    new().certificate_file(&both).build().unwrap();
    new().certificate_file(&certificate).key_file(&encrypted).password("secret").build().unwrap();
    new().certificate(identities[0].certificate().clone()).key(identities[0].key().clone()).build().unwrap();

    let shown = certificate.display();
    let error = text(new().certificate_file(&certificate).key_file(&other));
    assert!(
        error.starts_with(&format!("TLS context: certificate_file {shown}: the key does not belong")),
        "{error}"
    );
    let error = text(new().certificate_file(&certificate));
    assert_eq!(error, format!("TLS context: certificate_file {shown}: no private key (only CERTIFICATE)"));
    let error = text(new().certificate_file(&certificate).key_file(&encrypted));
    let wanted = "the key is encrypted, and there is no password for it";
    assert_eq!(error, format!("TLS context: key_file {}: {wanted}", encrypted.display()));
    let error = text(new().certificate_file(&certificate).key_file(&encrypted).password("wrong"));
    assert!(error.contains("the password is wrong"), "{error}");
    let error = text(new().key_file(&key));
    assert_eq!(
        error,
        format!("TLS context: key_file {}: there is no certificate_file that goes with it", key.display())
    );
    let error = text(new().certificate_file(&both).certificate_file(&certificate).key_file(&key));
    assert_eq!(
        error,
        format!("TLS context: certificate_file {shown}: there is no key_file that goes with it")
    );
    let error = text(new().certificate(identities[0].certificate().clone()));
    assert_eq!(error, "TLS context: certificate \"CN=a\": there is no key that goes with it");
    let error = text(new().key(identities[0].key().clone()));
    assert_eq!(error, "TLS context: key: there is no certificate that goes with it");
    let [a, b] = identities;
    assert!(text(new().identity(a).identity(b)).contains("two with keys of the same type"));
    let message =
        "TLS context: no certificate: a server needs one: identity, or certificate_file and key_file";
    assert_eq!(text(new()), message);
}

#[test]
fn a_key_that_is_too_small_for_the_level() {
    let key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(1024).unwrap()).unwrap();
    let identity = Authority::new("root").issue_with("small", key, Validity::Now, |_| {});
    let error = text(Context::builder(Mode::Server).identity(identity).security_level(2));
    assert_eq!(error, "TLS context: certificate \"CN=small\": ee key too small");
    let pem = openssl::dh::Dh::get_1024_160().unwrap().params_to_pem().unwrap();
    let error = text(server().security_level(2).dhparam_pem(&pem));
    assert_eq!(error, "TLS context: dhparam from memory: dh key too small");
}

#[test]
fn settings_of_the_other_side() {
    let other = || Context::server(authority::self_signed(&["b"], Validity::Now)).unwrap();
    let of_a_server = [
        ("sni_context", client().sni_context("b.example", other())),
        ("sni_callback", client().sni_callback(|_| Sni::Accept)),
        ("ocsp_response", client().ocsp_response(Vec::new())),
        ("alpn_required", client().alpn(["h2"]).alpn_required(true)),
        ("dhparam_pem", client().dhparam_pem(b"")),
        ("dhparam_file", client().dhparam_file("/no/such")),
        ("tickets", client().tickets(1)),
        ("ticket_keys", client().ticket_keys(&[0; 80])),
        ("session_id_context", client().session_id_context(b"")),
    ];
    for (name, builder) in of_a_server {
        assert_eq!(text(builder), format!("TLS context: {name}: this is a setting of a server"));
    }
    let of_a_client = [
        ("request_ocsp", server().request_ocsp()),
        ("require_ocsp", server().require_ocsp()),
        ("danger_accept_invalid_hostnames", server().danger_accept_invalid_hostnames()),
        ("allow_partial_wildcards", server().allow_partial_wildcards()),
        ("allow_multi_label_wildcards", server().allow_multi_label_wildcards()),
        ("allow_common_name", server().allow_common_name()),
    ];
    for (name, builder) in of_a_client {
        assert_eq!(text(builder), format!("TLS context: {name}: this is a setting of a client"));
    }
}

#[test]
fn settings_without_which_others_mean_nothing() {
    let message = "TLS context: verify NONE: a client that trusts anybody says danger_accept_invalid_certs";
    assert_eq!(text(client().verify(Verify::NONE)), message);
    let message = "TLS context: verify PEER: no client certificate could pass without a ca, cafile or capath";
    assert_eq!(text(server().verify(Verify::PEER)), message);
    let message =
        "TLS context: cafile: a server asks for no client certificates until it says verify(Verify::PEER)";
    assert_eq!(text(server().cafile("/no/such")), message);
    let message = "TLS context: verify CLIENT_ONCE: without PEER it says nothing";
    assert_eq!(text(server().verify(Verify::CLIENT_ONCE)), message);
    assert_eq!(text(server().alpn_required(true)), "TLS context: alpn_required: alpn names no protocols");
    let message =
        "TLS context: crl_check_all: there are no revocation lists: neither a crl_file nor a capath";
    assert_eq!(text(client().crl_check_all(true)), message);
    let message = "TLS context: early_data 9: with session_cache 0 there is no session to resume";
    assert_eq!(text(server().early_data(9).session_cache(0)), message);
    let long = std::time::Duration::from_secs(604_801);
    assert_eq!(
        text(server().session_timeout(long)),
        "TLS context: session_timeout 604801s: more than a week"
    );
    let eof = openssl::ssl::SslOptions::IGNORE_UNEXPECTED_EOF;
    assert_eq!(
        text(client().options(eof)),
        "TLS context: options IGNORE_UNEXPECTED_EOF: allow_truncation does it"
    );
    // Who says that nothing is asked means it.
    let root = Authority::new("root").certificate();
    server().ca(root).verify(Verify::NONE).build().unwrap();
}

#[test]
fn names_that_are_none() {
    let other = || Context::server(authority::self_signed(&["b"], Validity::Now)).unwrap();
    for name in ["", "*", "*.", "a*.example", "*.*.example", "https://a.example", "a.example:443"] {
        let error = text(server().sni_context(name, other()));
        let wanted = "it is neither a host name nor a wildcard as *.example.org is";
        assert_eq!(error, format!("TLS context: sni_context {name:?}: {wanted}"));
    }
    let error = text(server().sni_context("a.example", client().build().unwrap()));
    assert_eq!(error, "TLS context: sni_context \"a.example\": its context is a client's");
    let error = text(server().sni_context("a.example", other()).sni_context("A.example.", other()));
    assert_eq!(error, "TLS context: sni_context \"A.example.\": it has a context already");
}

#[test]
fn a_hook_that_fails() {
    let error = text(client().with_openssl(|context| context.set_cipher_list("FOO")));
    assert_eq!(error, "TLS context: with_openssl: no cipher match");
}

#[test]
fn no_secret_is_shown() {
    let builder = server().password("secret").ticket_keys(&[115; 80]);
    assert_eq!(format!("{builder:?}"), "ContextBuilder { mode: Server, .. }");
    assert_eq!(format!("{:?}", builder.build().unwrap()), "Context { mode: Server, .. }");
}
