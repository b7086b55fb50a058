//! The runtime's own fds.

use std::io;
use std::process::Command;

use fend::net::{TcpListener, TcpStream};

use crate::alone::alone;
use crate::shape::Shape;

on_every_shape!(a_child_inherits_none_of_them);

/// The fds of a child that is started now, the one with which it looks left out.
fn fds_of_a_child() -> Vec<String> {
    let output = Command::new("ls").arg("-l").arg("/proc/self/fd").output().expect("ls");
    assert!(output.status.success());
    let listing = String::from_utf8(output.stdout).expect("text");
    let links = listing.lines().filter(|line| line.contains(" -> ") && !line.contains("/proc/"));
    links.filter_map(|line| line.split(" -> ").next()?.split(' ').next_back().map(str::to_owned)).collect()
}

/// RE17: measured against a child that was started before there was a runtime, since whoever started this program may have
/// left it fds.
fn a_child_inherits_none_of_them(shape: Shape) {
    alone(shape, || {
        let before = fds_of_a_child();
        assert!(before.len() >= 3, "standard input, output and error: {before:?}");
        shape
            .block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                let client = TcpStream::connect(listener.local_addr()?).await?;
                let (server, _) = listener.accept().await?;
                let during = fend::spawn_blocking(fds_of_a_child).await.expect("no panic");
                assert_eq!(during, before);
                drop((client, server));
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}
