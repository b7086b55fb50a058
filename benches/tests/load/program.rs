//! The program: what it prints and when, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::servers::{echo, echo_server, nobody, serve};

/// Ended with the test, however that ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Program {
    fn start(address: SocketAddr, arguments: &str) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_load"));
        command.args(["--addr", &address.to_string()]).args(arguments.split_whitespace());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Program(command.spawn().expect("the program starts"))
    }

    /// The next line of its output, which is all that it prints for now.
    fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.0.stdout.as_mut().expect("a pipe");
        // Of one byte, so that nothing behind the line is lost.
        BufReader::with_capacity(1, stdout).read_line(&mut line).expect("a line");
        line
    }

    /// How it ends, and what else it has said.
    fn end(mut self) -> (Option<i32>, String, String) {
        drop(self.0.stdin.take());
        let (mut said, mut complained) = (String::new(), String::new());
        self.0.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
        self.0.stderr.take().expect("a pipe").read_to_string(&mut complained).expect("text");
        (self.0.wait().expect("it ends").code(), said, complained)
    }
}

#[test]
fn it_waits_for_a_line() {
    let bytes = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&bytes);
    let address = serve(move |socket| {
        echo(socket, |_, bytes| {
            seen.fetch_add(bytes.len(), Ordering::SeqCst);
        })
    });
    let arguments = "--protocol echo --connections 3 --size 10 --warmup 20 --requests 50 --wait true";
    let mut program = Program::start(address, arguments);
    assert_eq!(program.line(), "{\"ready\":true}\n");
    assert_eq!(bytes.load(Ordering::SeqCst), 230, "one to open each, and the warm-up");
    program.0.stdin.as_mut().expect("a pipe").write_all(b"\n").unwrap();
    let (code, said, complained) = program.end();
    assert_eq!((code, complained.as_str()), (Some(0), ""));
    assert!(said.starts_with("{\"requests\":50,\"seconds\":") && said.ends_with("}\n"), "{said}");
    for name in ["cpu_seconds", "mean", "p50", "p90", "p99", "p999", "max", "errors"] {
        assert_eq!(said.matches(&format!(",\"{name}\":")).count(), 1, "{name} in {said}");
    }
    assert_eq!(bytes.load(Ordering::SeqCst), 730);
}

#[test]
fn it_holds_idle_connections() {
    let open = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&open);
    let address = serve(move |socket| {
        seen.fetch_add(1, Ordering::SeqCst);
        let end = echo(socket, |_, _| ());
        seen.fetch_sub(1, Ordering::SeqCst);
        end
    });
    let mut program = Program::start(address, "--protocol echo --connections 100 --idle true");
    assert_eq!(program.line(), "{\"ready\":true}\n");
    assert_eq!(open.load(Ordering::SeqCst), 100);
    assert_eq!(program.end(), (Some(0), String::new(), String::new()));
}

#[test]
fn it_tells_what_failed() {
    let (_taken, address) = nobody();
    let (code, said, complained) =
        Program::start(address, "--protocol echo --connections 1 --requests 1").end();
    assert_eq!((code, said.as_str()), (Some(1), ""));
    assert!(complained.starts_with("load: Connection refused"), "{complained}");
    let (code, said, complained) = Program::start(address, "--protocol churn-fin --requests 60").end();
    assert_eq!(code, Some(0));
    assert!(said.starts_with("{\"requests\":0,") && said.contains("\"errors\":60,"), "{said}");
    assert!(complained.starts_with("load: 60 errors, the first was: Connection refused"), "{complained}");
}

#[test]
fn it_refuses_what_does_not_go_together() {
    let address = echo_server();
    for arguments in [
        "--protocol echo",
        "--protocol echo --requests 1 --seconds 1",
        "--protocol echo --requests 1 --rate 1 --lockstep true",
        "--protocol echo --requests 1 --rate 0",
        "--protocol echo --requests 1 --connections 0",
        "--protocol echo --requests 1 --size 0",
        "--protocol echo --seconds -1",
        "--protocol udp --requests 1 --size 65508",
        "--protocol churn-rst --idle true",
        "--protocol quic --requests 1",
        "--protocol echo --requests 1 --connection 1",
    ] {
        let (code, said, complained) = Program::start(address, arguments).end();
        assert_eq!((code, said.as_str()), (Some(2), ""), "{arguments}");
        assert!(complained.contains("usage: load "), "{arguments}: {complained}");
    }
}
