//! An administrator's `openssl.cnf`, and the environment. OpenSSL reads them once in a process.

use super::directory::in_a_process_with;
use super::*;

fn configuration(lines: &str) -> Vec<u8> {
    let sections = "openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\n";
    format!("{sections}{lines}").into_bytes()
}

fn parties() -> (ContextBuilder, ContextBuilder) {
    let identity = authority::self_signed(&["a.example"], Validity::Now);
    let client = Context::builder(Mode::Client).ca(identity.certificate().clone());
    (client, Context::builder(Mode::Server).identity(identity))
}

fn protocols(context: &Context) -> (Option<Protocol>, Option<Protocol>) {
    let parameters = &context.settings().parameters;
    (parameters.min_protocol, parameters.max_protocol)
}

#[test]
fn it_may_ask_for_more_but_not_for_less() {
    let directory = Directory::new("configuration");
    let strict = directory.file("strict.cnf", &configuration("MinProtocol=TLSv1.3\nMaxProtocol=TLSv1.3\n"));
    in_a_process_with("OPENSSL_CONF", Some(&strict), "configuration::child_is_strict");
    let lax = "MinProtocol=TLSv1\nCipherString=ALL:@SECLEVEL=0\nOptions=UnsafeLegacyRenegotiation\n";
    let lax = directory.file("lax.cnf", &configuration(lax));
    in_a_process_with("OPENSSL_CONF", Some(&lax), "configuration::child_is_not_lax");
}

#[test]
#[ignore = "run by it_may_ask_for_more_but_not_for_less"]
fn child_is_strict() {
    let (client, server) = parties();
    let server = server.build().unwrap();
    assert_eq!(protocols(&server), (Some(Protocol::Tls1_3), Some(Protocol::Tls1_3)));
    let old = client.clone().min_protocol(Protocol::Tls1_2).max_protocol(Protocol::Tls1_2).build().unwrap();
    assert!(Dial::new(&old, &server).run().server.error().contains("unsupported protocol"));
    Dial::new(&client.clone().build().unwrap(), &server).run().connected();
    let error = client.max_protocol(Protocol::Tls1_2).build().unwrap_err().to_string();
    assert!(error.ends_with("(openssl.cnf) leaves TLSv1.3 to TLSv1.2, which is nothing"), "{error}");
}

#[test]
#[ignore = "run by it_may_ask_for_more_but_not_for_less"]
fn child_is_not_lax() {
    let (client, server) = parties();
    let server = server.build().unwrap();
    assert_eq!(protocols(&server), (Some(Protocol::Tls1_2), None));
    assert_eq!(server.ssl_context().security_level(), 0);
    let weak = client.max_protocol(Protocol::Tls1_2).ciphers("ECDHE-ECDSA-AES128-SHA").build().unwrap();
    assert!(Dial::new(&weak, &server).run().server.error().contains("no shared cipher"));
}

#[test]
fn the_environment_names_the_roots() {
    let directory = Directory::new("environment");
    let authority = Authority::new("root");
    directory.file("ca.pem", &authority.certificate().to_pem());
    let identity = authority.issue(&["a.example"]);
    directory.file("cert.pem", &identity.certificate().to_pem());
    directory.file("key.pem", &identity.key().0.private_key_to_pem_pkcs8().unwrap());
    let roots = directory.0.join("ca.pem");
    in_a_process_with("SSL_CERT_FILE", Some(&roots), "configuration::child_trusts_its_roots");
}

#[test]
#[ignore = "run by the_environment_names_the_roots"]
fn child_trusts_its_roots() {
    let directory = std::path::PathBuf::from(std::env::var_os("SSL_CERT_FILE").unwrap());
    let file = |name| directory.with_file_name(name);
    let server = Context::builder(Mode::Server).certificate_file(file("cert.pem")).key_file(file("key.pem"));
    let server = server.build().unwrap();
    Dial::new(&Context::client().unwrap(), &server).run().connected();
    // Roots of one's own replace them.
    let own = || Context::builder(Mode::Client).ca(Authority::new("other").certificate());
    assert!(!Dial::new(&own().build().unwrap(), &server).run().is_connected());
    Dial::new(&own().system_roots(true).build().unwrap(), &server).run().connected();
}
