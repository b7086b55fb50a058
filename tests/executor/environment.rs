//! `FEND_WORKER_THREADS` and `FEND_DISPATCHER`, each read in a process of its own.

use std::process::Command;

use fend::runtime::Builder;

/// Runs the ignored test `name` of this binary in a process of its own with these variables, and hands on what it says.
pub(crate) fn in_a_child(name: &str, variables: &[(&str, &str)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .env_remove("FEND_WORKER_THREADS")
        .env_remove("FEND_DISPATCHER")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{variables:?}:\n{out}\n{err}");
}

/// What the child expects comes in its environment, too.
const EXPECTED: &str = "EXPECTED";

fn child(variables: &[(&str, &str)], expected: &str) {
    let mut all = variables.to_vec();
    all.push((EXPECTED, expected));
    in_a_child("environment::child_builds_a_runtime", &all);
}

#[test]
fn variables_are_respected() {
    child(&[("FEND_WORKER_THREADS", "3"), ("FEND_DISPATCHER", "poll")], "3 workers, Some(Poll)");
    child(&[("FEND_WORKER_THREADS", "1"), ("FEND_DISPATCHER", "epoll")], "1 workers, Some(Epoll)");
    child(&[("FEND_WORKER_THREADS", " 17 "), ("FEND_DISPATCHER", "")], "17 workers, Some(Epoll)");
    let processors = std::thread::available_parallelism().unwrap();
    child(&[], &format!("{processors} workers, Some(Epoll)"));
}

#[test]
fn bad_values_are_named() {
    child(&[("FEND_WORKER_THREADS", "many")], "FEND_WORKER_THREADS is \"many\", which is not a number");
    child(&[("FEND_WORKER_THREADS", "0")], "FEND_WORKER_THREADS is 0, but must be from 1 to 4096");
    child(&[("FEND_WORKER_THREADS", "-1")], "FEND_WORKER_THREADS is \"-1\", which is not a number");
    child(&[("FEND_DISPATCHER", "kqueue")], "FEND_DISPATCHER: ");
}

/// Which dispatcher a runtime has shows in its fds.
fn dispatcher() -> Option<fend::Dispatcher> {
    let epoll = std::fs::read_dir("/proc/self/fd").unwrap().any(|entry| {
        std::fs::read_link(entry.unwrap().path())
            .is_ok_and(|link| link.to_string_lossy().contains("eventpoll"))
    });
    Some(if epoll { fend::Dispatcher::Epoll } else { fend::Dispatcher::Poll })
}

#[test]
#[ignore = "run in a process of its own"]
fn child_builds_a_runtime() {
    let expected = std::env::var(EXPECTED).unwrap();
    match Builder::new().build() {
        Ok(runtime) => {
            let found = format!("{} workers, {:?}", runtime.metrics().workers.len(), dispatcher());
            assert_eq!(found, expected);
            drop(runtime);
            // What is set in code goes first.
            let runtime =
                Builder::new().worker_threads(2).dispatcher(fend::Dispatcher::Poll).build().unwrap();
            assert_eq!(runtime.metrics().workers.len(), 2);
            assert_eq!(dispatcher(), Some(fend::Dispatcher::Poll));
            drop(runtime);
            // The default runtime reads them, too.
            assert_eq!(fend::block_on(async { 7 }), 7);
        }
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
}
