//! OCSP responses, which the openssl crate cannot make: `openssl ocsp` does.

use std::fs;
use std::process::Command;

use crate::pki::{Credentials, pem, pki};
use crate::place::Place;

/// A response in DER that says "good" or "revoked" of a certificate, signed by its issuer, the intermediate.
pub(crate) fn response(credentials: &Credentials, status: &str) -> Vec<u8> {
    let place = Place::new();
    let issuer = &pki().intermediate;
    let serial = credentials.certificate.serial_number().to_bn().and_then(|serial| serial.to_hex_str());
    let serial = serial.expect("a number");
    let (letter, revoked) = if status == "revoked" { ('R', "200101000000Z") } else { ('V', "") };
    let line = format!("{letter}\t491231235959Z\t{revoked}\t{}\tunknown\t/CN=localhost\n", &*serial);
    let index = place.write("index.txt", line);
    let ca = place.write("ca.pem", pem([&issuer.certificate]));
    let key = place.write("ca.key", issuer.key.private_key_to_pem_pkcs8().expect("a key"));
    let leaf = place.write("leaf.pem", pem([&credentials.certificate]));
    let response = place.file("response");
    let mut command = Command::new("openssl");
    command.args(["ocsp", "-index", &index, "-rsigner", &ca, "-rkey", &key, "-CA", &ca, "-issuer", &ca]);
    command.args(["-cert", &leaf, "-respout", &response, "-ndays", "1", "-no_nonce", "-noverify"]);
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    fs::read(&response).expect("a response")
}
