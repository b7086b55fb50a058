//! Secrets for who asks for them.

use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use super::*;

#[test]
fn lines_come_whole_and_without_a_line_feed() {
    let identity = authority::self_signed(&["a.example"], Validity::Now);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let copy = Arc::clone(&lines);
    let client = Context::builder(Mode::Client).ca(identity.certificate().clone());
    let client = client.keylog(move |line| copy.lock().unwrap().push(line.to_owned())).build().unwrap();
    Dial::new(&client, &Context::server(identity).unwrap()).run().connected();
    let lines = lines.lock().unwrap();
    let labels: Vec<&str> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert!(
        labels.contains(&"CLIENT_TRAFFIC_SECRET_0") && labels.contains(&"SERVER_TRAFFIC_SECRET_0"),
        "{labels:?}"
    );
    assert!(lines.iter().all(|line| line.split(' ').count() == 3 && !line.contains('\n')));
}

fn in_a_process_with(path: Option<&std::path::Path>, test: &str) {
    directory::in_a_process_with("SSLKEYLOGFILE", path, &format!("keylog::{test}"));
}

#[test]
fn the_file_is_written_when_it_is_asked_for_and_named() {
    let directory = Directory::new("keylog");
    let path = directory.0.join("keys");
    in_a_process_with(Some(&path), "child_shakes_hands");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(text.ends_with('\n') && text.lines().all(|line| line.split(' ').count() == 3), "{text}");
    assert_eq!(text.matches("CLIENT_TRAFFIC_SECRET_0").count(), 1);
    // It is appended to.
    in_a_process_with(Some(&path), "child_shakes_hands");
    let longer = std::fs::read_to_string(&path).unwrap();
    assert!(longer.starts_with(&text) && longer.len() > text.len());

    let nowhere = directory.0.join("no").join("such");
    in_a_process_with(Some(&nowhere), "child_cannot_open_it");
    in_a_process_with(None, "child_shakes_hands");
}

#[test]
#[ignore = "run by the_file_is_written_when_it_is_asked_for_and_named"]
fn child_shakes_hands() {
    let identity = authority::self_signed(&["a.example"], Validity::Now);
    let client = Context::builder(Mode::Client).ca(identity.certificate().clone());
    let silent = client.clone().build().unwrap();
    let client = client.keylog_file().build().unwrap();
    let server = Context::server(identity).unwrap();
    Dial::new(&client, &server).run().connected();
    // The variable alone is not enough.
    Dial::new(&silent, &server).run().connected();
}

#[test]
#[ignore = "run by the_file_is_written_when_it_is_asked_for_and_named"]
fn child_cannot_open_it() {
    let error = Context::builder(Mode::Client).keylog_file().build().unwrap_err().to_string();
    assert!(error.starts_with("TLS context: keylog_file /"), "{error}");
    assert!(error.ends_with("/no/such: No such file or directory (os error 2)"), "{error}");
}
