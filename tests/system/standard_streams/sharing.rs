//! Other programs that have the same open file.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use super::kinds::{Kind, is_nonblocking, pipe};
use super::program::{Program, lend, on_each_dispatcher};

/// While the program waits for the stream, and when it has ended suddenly, cat(1) reads from it as from any other.
#[test]
fn a_sibling_reads_from_the_same_stream() {
    on_each_dispatcher(|dispatcher| {
        for kind in Kind::ALL {
            let (theirs, ours) = kind.to_read();
            let (said, output) = pipe();
            let mut program = Program::start(dispatcher, "wait", [lend(&theirs), lend(&output), None]);
            File::from(said).read_exact(&mut [0; 8]).expect("it waits");
            assert!(!is_nonblocking(theirs.as_fd()), "{kind:?}");
            let stdin = theirs.try_clone().expect("an fd");
            // Two of them at once, of which the second gets what is left.
            let mut cat = Command::new("head")
                .arg("-c5")
                .stdin(Stdio::from(stdin))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("head(1)");
            program.kill();
            File::from(ours.try_clone().expect("an fd")).write_all(b"hello").expect("it is read");
            let mut text = String::new();
            cat.stdout.take().expect("a pipe").read_to_string(&mut text).expect("what it says");
            assert_eq!(text, "hello", "{kind:?}");
            assert!(cat.wait().expect("its status").success(), "{kind:?}");
        }
    });
}
