//! Clients that are not tonic: curl and h2load, which send a message of gRPC as they would anything else.

use std::env;
use std::fs::File;
use std::io;
use std::process::Stdio;

use fend::process::Command;
use futures::AsyncWriteExt;
use prost::Message;

use super::ends::Server;
use super::number;
use crate::place::Place;

on_every_dispatcher!(curl, h2load);

/// What precedes a message: that it is not compressed, and its length.
fn framed(message: &impl Message) -> Vec<u8> {
    let body = message.encode_to_vec();
    let length = u32::try_from(body.len()).expect("a short one").to_be_bytes();
    [&[0], &length[..], &body].concat()
}

/// Whether the program is there. Where changes are checked it must be.
fn is_installed(program: &str, package: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|directory| directory.join(program).is_file());
    assert!(found || env::var_os("CI").is_none(), "{program} is not installed: apt-get install {package}");
    if !found {
        eprintln!("skipped: {program} is not installed (apt-get install {package})");
    }
    found
}

async fn curl() -> io::Result<()> {
    if !is_installed("curl", "curl") {
        return Ok(());
    }
    let server = Server::start().await?;
    let mut child = Command::new("curl")
        .args(["--silent", "--show-error", "--http2-prior-knowledge", "--noproxy", "*", "--include"])
        .args(["--header", "content-type: application/grpc", "--header", "te: trailers"])
        .args(["--header", "color: blue", "--data-binary", "@-"])
        .arg(format!("http://{}/interop.Counter/Square", server.address))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(&framed(&number(300))).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("HTTP/2 200"), "{text}");
    assert!(
        text.contains("content-type: application/grpc\r\n") && text.contains("color: blue\r\n"),
        "{text}"
    );
    let answer = framed(&number(90_000));
    assert!(output.stdout.windows(answer.len()).any(|window| window == answer), "{text}");
    // In the trailers, after the body.
    let body = text.split_once("\r\n\r\n").expect("the end of the head").1;
    assert!(body.contains("grpc-status: 0\r\n"), "{text}");
    Ok(())
}

/// A file that has lost its name again: h2load maps what it sends, which a pipe does not allow.
fn file_with(content: &[u8]) -> io::Result<File> {
    File::open(Place::new().write("message", content))
}

async fn h2load() -> io::Result<()> {
    if !is_installed("h2load", "nghttp2-client") {
        return Ok(());
    }
    let server = Server::start().await?;
    let child = Command::new("h2load")
        .args(["--requests=2000", "--clients=8", "--max-concurrent-streams=10", "--data=/dev/stdin"])
        .args(["--header=content-type: application/grpc", "--header=te: trailers"])
        .arg(format!("http://{}/interop.Counter/Square", server.address))
        .stdin(file_with(&framed(&number(7)))?)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.wait_with_output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("2000 succeeded, 0 failed, 0 errored"), "{text}");
    assert!(text.contains("status codes: 2000 2xx"), "{text}");
    Ok(())
}
