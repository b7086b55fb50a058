//! Revocation lists, directories by hash, and OCSP responses with something in them. The lists and responses are made by the `openssl`
//! command.

use std::path::{Path, PathBuf};
use std::process::Command;

use openssl::pkey::{PKey, Private};

use super::*;
use crate::error::code;

fn pem(key: &PKey<Private>) -> Vec<u8> {
    key.private_key_to_pem_pkcs8().unwrap()
}

#[track_caller]
fn run(arguments: &[&str], directory: &Path) {
    let output = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority with its files.
struct Bench {
    directory: Directory,
    authority: Authority,
}

impl Bench {
    fn new(name: &str) -> Bench {
        let directory = Directory::new(name);
        let authority = Authority::new(name);
        directory.file("ca.pem", &authority.certificate().to_pem());
        directory.file("ca.key", &pem(&authority.key));
        directory.file("index.txt", b"");
        directory.file("crlnumber", b"01\n");
        directory.file("openssl.cnf", b"[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ncrlnumber=crlnumber\n");
        Bench { directory, authority }
    }

    /// Notes whether a certificate is good (V) or revoked (R).
    fn note(&self, identity: &Identity, state: &str) {
        let revoked = if state == "R" { "250101000000Z" } else { "" };
        let serial = identity.certificate().serial();
        let line = format!("{state}\t491231235959Z\t{revoked}\t{serial}\tunknown\t/CN=a.example\n");
        self.directory.file("index.txt", line.as_bytes());
    }

    fn crl(&self) -> PathBuf {
        let arguments = ["ca", "-config", "openssl.cnf", "-gencrl", "-crldays", "1", "-md", "sha256"];
        let files = ["-cert", "ca.pem", "-keyfile", "ca.key", "-out", "crl.pem"];
        run(&[&arguments[..], &files].concat(), &self.directory.0);
        self.directory.0.join("crl.pem")
    }

    fn ocsp_response(&self, identity: &Identity) -> Vec<u8> {
        self.directory.file("leaf.pem", &identity.certificate().to_pem());
        let signer = ["-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key"];
        let request = ["-issuer", "ca.pem", "-cert", "leaf.pem", "-respout", "response.der", "-ndays", "1"];
        run(&[&["ocsp", "-index", "index.txt"][..], &signer, &request].concat(), &self.directory.0);
        std::fs::read(self.directory.0.join("response.der")).unwrap()
    }

    fn client(&self) -> ContextBuilder {
        Context::builder(Mode::Client).ca(self.authority.certificate())
    }
}

#[test]
fn a_list_is_heeded() {
    let bench = Bench::new("list");
    let identity = bench.authority.issue(&["a.example"]);
    let server = Context::server(identity.clone()).unwrap();
    bench.note(&identity, "V");
    let client = bench.client().crl_file(bench.crl()).build().unwrap();
    Dial::new(&client, &server).run().connected();
    bench.note(&identity, "R");
    let client = bench.client().crl_file(bench.crl()).build().unwrap();
    let failure = Dial::new(&client, &server).run().refused();
    assert_eq!((failure.code, failure.depth, &*failure.subject), (code::CERT_REVOKED, 0, "CN=a.example"));
    // Without the list nobody knows.
    Dial::new(&bench.client().build().unwrap(), &server).run().connected();
}

#[test]
fn all_of_a_chain_needs_all_lists() {
    let bench = Bench::new("all");
    let middle = bench.authority.intermediate("middle");
    let server = Context::server(middle.issue(&["a.example"])).unwrap();
    // There is a list of the root's, and none of the intermediate one's.
    for all in [false, true] {
        let client = bench.client().crl_file(bench.crl()).crl_check_all(all).build().unwrap();
        let failure = Dial::new(&client, &server).run().refused();
        assert_eq!(
            (sys::verify_result_text(failure.code), failure.depth),
            ("unable to get certificate CRL", 0)
        );
    }
}

#[test]
fn a_directory_is_searched_when_it_is_needed() {
    let bench = Bench::new("directory");
    let identity = bench.authority.issue(&["a.example"]);
    let server = Context::server(identity.clone()).unwrap();
    let roots = bench.directory.0.join("roots");
    std::fs::create_dir(&roots).unwrap();
    let client = Context::builder(Mode::Client).capath(&roots);
    let plain = client.clone().build().unwrap();
    let listed = client.crl_check_all(true).build().unwrap();
    assert!(!plain.settings().trust.system_roots);
    assert_eq!(Dial::new(&plain, &server).run().refused().code, code::UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    // It is found although the context is older.
    std::fs::copy(bench.directory.0.join("ca.pem"), roots.join("ca.pem")).unwrap();
    run(&["rehash", "roots"], &bench.directory.0);
    Dial::new(&plain, &server).run().connected();
    // And so is a list.
    bench.note(&identity, "R");
    std::fs::copy(bench.crl(), roots.join("crl.pem")).unwrap();
    run(&["rehash", "roots"], &bench.directory.0);
    assert_eq!(Dial::new(&listed, &server).run().refused().code, code::CERT_REVOKED);
}

#[test]
fn lists_come_with_the_context_of_a_name() {
    let bench = Bench::new("name");
    let identity = bench.authority.issue(&["client"]);
    bench.note(&identity, "R");
    let own =
        || Context::builder(Mode::Server).identity(authority::self_signed(&["a.example"], Validity::Now));
    let asks = || own().ca(bench.authority.certificate()).verify(Verify::FAIL_IF_NO_PEER_CERT);
    let server = asks().sni_context("listed.example", asks().crl_file(bench.crl()).build().unwrap());
    let server = server.build().unwrap();
    let client =
        Context::builder(Mode::Client).identity(identity).danger_accept_invalid_certs().build().unwrap();
    Dial::new(&client, &server).server_name(Some("other.example")).run().connected();
    let pair = Dial::new(&client, &server).server_name(Some("listed.example")).run();
    assert_eq!(pair.server.state().take_failure().unwrap().code, code::CERT_REVOKED);
}

#[test]
fn a_stapled_response_is_believed() {
    let bench = Bench::new("ocsp");
    let identity = bench.authority.issue(&["a.example"]);
    for protocol in [Protocol::Tls1_2, Protocol::Tls1_3] {
        let client = bench.client().require_ocsp().max_protocol(protocol).build().unwrap();
        let dial = || {
            let server = Context::builder(Mode::Server).identity(identity.clone());
            let server = server.ocsp_response(bench.ocsp_response(&identity)).build().unwrap();
            Dial::new(&client, &server).run()
        };
        bench.note(&identity, "V");
        dial().connected();
        bench.note(&identity, "R");
        let failure = dial().refused();
        assert_eq!((failure.code, &*failure.subject), (code::CERT_REVOKED, "CN=a.example"));
        assert!(failure.reason.unwrap().starts_with("certificate revoked on Jan"));
    }
}
