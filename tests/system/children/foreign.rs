//! Children of other code, and other code that waits for ours.

use std::io;
use std::process;

use fend::process::{Command, ProcessError, Stdio};

use super::census::{assert_reaped, children, within};
use super::kernel;
use crate::alone::alone;
use crate::shape::Shape;

on_each_dispatcher!(alone:
    children_of_others_are_left_alone,
    a_child_that_was_waited_for_behind_our_back_is_an_error,
    an_ignored_sigchld_is_an_error,
);

fn assert_lost(result: io::Result<process::ExitStatus>, id: u32) {
    let error = result.unwrap_err();
    let detail = error.get_ref().and_then(|error| error.downcast_ref::<ProcessError>()).expect("ours");
    assert_eq!(detail.os_error().raw_os_error(), Some(libc::ECHILD));
    assert!(error.to_string().starts_with(&format!("the exit status of process {id} is lost")), "{error}");
}

/// SP3
fn children_of_others_are_left_alone(shape: Shape) {
    alone(shape, || {
        let mut foreign: Vec<process::Child> = (0..5)
            .map(|code| {
                process::Command::new("sh").args(["-c", &format!("exit {code}")]).spawn().expect("a child")
            })
            .collect();
        shape.block_on(async {
            for code in 0..20 {
                let mut child =
                    Command::new("sh").args(["-c", &format!("exit {code}")]).spawn().expect("a child");
                if code % 2 == 0 {
                    assert_eq!(child.wait().await.expect("its status").code(), Some(code));
                }
            }
        });
        within(super::census::PROMISE, || children().len() == 5, || format!("{:?}", children()));
        for (code, child) in (0..).zip(&mut foreign) {
            assert_eq!(child.wait().expect("nobody took it").code(), Some(code));
        }
        assert_reaped();
    });
}

/// SP5
fn a_child_that_was_waited_for_behind_our_back_is_an_error(shape: Shape) {
    alone(shape, || {
        let reading = || Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        // Before the wait.
        let mut child = reading().expect("a child");
        let id = child.id();
        drop(child.stdin.take());
        assert_eq!(kernel::wait_for(-1).expect("a child"), (id, 0));
        for _ in 0..3 {
            assert_lost(shape.block_on(child.wait()), id);
        }
        child.kill().expect("nothing to do");
        drop(child);
        // While it waits, and while it is nobody's.
        let (mut child, mut orphan) = (reading().expect("a child"), reading().expect("a child"));
        let (id, other) = (child.id(), orphan.id());
        let streams = (child.stdin.take(), orphan.stdin.take());
        drop(orphan);
        // It waits for both before they end, and so most often is the one that gets them.
        let waiter = std::thread::spawn(|| [kernel::wait_for(-1), kernel::wait_for(-1)]);
        let waited = shape.block_on(async {
            let waiting = fend::spawn(async move { child.wait().await });
            fend::yield_now().await;
            drop(streams);
            waiting.await.expect("no panic")
        });
        let got: Vec<u32> =
            waiter.join().expect("no panic").into_iter().flatten().map(|(id, _)| id).collect();
        match waited {
            Ok(status) => assert!(status.success() && !got.contains(&id)),
            lost => assert_lost(lost, id),
        }
        assert!(got.iter().all(|got| [id, other].contains(got)));
        assert_reaped();
    });
}

/// SP5
fn an_ignored_sigchld_is_an_error(shape: Shape) {
    alone(shape, || {
        kernel::dispose(libc::SIGCHLD, libc::SIG_IGN);
        let runtime = shape.build();
        for _ in 0..20 {
            // Gone, at some time, before it is opened, before the wait, or in it.
            let mut child = Command::new("true").spawn().expect("a child");
            let id = child.id();
            assert_lost(runtime.block_on(child.wait()), id);
            assert_lost(runtime.block_on(child.wait()), id);
        }
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a child");
        let (stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        runtime
            .block_on(async {
                stdin.send_all(b"works").await?;
                stdout.recv_exact(&mut [0; 5]).await
            })
            .expect("its streams");
        let id = child.id();
        let waiting = runtime.spawn(async move { child.wait().await });
        drop(stdin);
        assert_lost(runtime.block_on(waiting).expect("no panic"), id);
        drop(Command::new("cat").stdin(Stdio::piped()).spawn().expect("a child"));
        assert_reaped();
    });
}
