//! Children whose handles are dropped.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use fend::process::{Child, Command, Stdio};
use fend::signal::Signal;

use super::census::{PROMISE, assert_reaped, children, has_thread, state, within};
use super::kernel;
use crate::alone::alone;
use crate::process::{limit_fds, open_fds};
use crate::shape::Shape;

const REAPER: &str = "fend-reaper";

on_each_dispatcher!(alone:
    a_dropped_child_runs_on_and_leaves_no_zombie,
    a_child_that_has_ended_needs_no_thread,
    a_child_may_be_killed_by_the_drop,
    a_group_may_be_killed_by_the_drop,
    what_is_said_of_the_group_says_nothing_of_the_child,
    children_are_reaped_without_a_thread,
    children_are_reaped_without_descriptors,
    a_group_that_the_child_does_not_lead_is_not_killed_but_the_child_is,
    a_fork_of_this_process_leaves_the_children_alone,
    a_fork_while_a_child_is_signalled_may_signal_it,
);

/// Ends when its standard input does.
fn reading_child() -> io::Result<Child> {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()
}

fn is_running(id: u32) -> bool {
    state(id).is_some_and(|(state, _)| state != 'Z')
}

/// It names itself.
fn assert_thread_starts() {
    within(PROMISE, || has_thread(REAPER), || "there is no thread".to_owned());
}

fn assert_thread_ends() {
    within(PROMISE, || !has_thread(REAPER), || "the thread stays".to_owned());
}

/// SP2
fn a_dropped_child_runs_on_and_leaves_no_zombie(shape: Shape) {
    alone(shape, || {
        let before = open_fds();
        // More than once, so that the thread is started anew, or found.
        for round in 0..6 {
            let mut streams = Vec::new();
            shape.block_on(async {
                for _ in 0..3 {
                    let mut child = reading_child().expect("a child");
                    streams.push((child.id(), child.stdin.take()));
                    if round % 2 == 1 {
                        let waiting = fend::time::timeout(Duration::from_millis(1), child.wait()).await;
                        assert!(waiting.is_err(), "{waiting:?}");
                    }
                }
            });
            // The runtime is gone.
            assert_thread_starts();
            assert!(streams.iter().all(|(id, _)| is_running(*id)), "{:?}", children());
            for (id, stdin) in streams {
                drop(stdin);
                within(PROMISE, || state(id).is_none(), || format!("{:?}", children()));
            }
            assert_reaped();
            if round < 3 {
                assert_thread_ends();
                assert_eq!(open_fds(), before);
            }
        }
        assert_thread_ends();
        assert_eq!(open_fds(), before);
    });
}

fn a_child_that_has_ended_needs_no_thread(shape: Shape) {
    alone(shape, || {
        let child = Command::new("true").spawn().expect("a child");
        within(PROMISE, || state(child.id()).is_some_and(|(state, _)| state == 'Z'), || "it runs".to_owned());
        drop(child);
        assert!(children().is_empty() && !has_thread(REAPER));
        let mut child = Command::new("true").spawn().expect("a child");
        shape.block_on(child.wait()).expect("its status");
        drop(child);
        assert!(children().is_empty() && !has_thread(REAPER));
    });
}

fn a_child_may_be_killed_by_the_drop(shape: Shape) {
    alone(shape, || {
        for killed in [true, false] {
            let mut command = Command::new("cat");
            command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true).kill_on_drop(killed);
            let mut child = command.spawn().expect("a child");
            let (id, stdin) = (child.id(), child.stdin.take());
            shape.block_on(async {
                let given_up =
                    fend::time::timeout(Duration::from_millis(1), async move { child.wait().await });
                assert!(given_up.await.is_err());
            });
            if !killed {
                assert!(is_running(id));
                drop(stdin);
            }
            assert_reaped();
        }
    });
}

fn a_group_may_be_killed_by_the_drop(shape: Shape) {
    alone(shape, || {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo $!; exec sleep 60"]).stdout(Stdio::piped());
        let mut child = command.process_group(0).kill_group_on_drop(true).spawn().expect("a child");
        let stdout = child.stdout.take().expect("piped");
        let grandchild: u32 = shape.block_on(async {
            let mut line = [0; 16];
            let count = stdout.recv(&mut line).await.expect("a line");
            std::str::from_utf8(&line[..count]).expect("digits").trim().parse().expect("an id")
        });
        assert!(is_running(grandchild));
        drop(child);
        assert_reaped();
        // It is another process's child now, which may be slow to wait for it.
        within(PROMISE, || !is_running(grandchild), || format!("{grandchild} lives"));
    });
}

/// Each is asked for by itself.
fn what_is_said_of_the_group_says_nothing_of_the_child(shape: Shape) {
    alone(shape, || {
        let ask: [fn(&mut Command) -> &mut Command; 3] = [
            |command| command.kill_on_drop(true).kill_group_on_drop(false),
            |command| command.kill_group_on_drop(false).kill_on_drop(true),
            |command| command.kill_group_on_drop(true).kill_on_drop(false),
        ];
        shape.block_on(async {
            for ask in ask {
                let mut command = Command::new("sleep");
                // One that lives on does not hold this program's output open.
                command.arg("60").stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
                drop(ask(&mut command).spawn().expect("a child"));
                assert_reaped();
            }
        });
    });
}

fn a_group_that_the_child_does_not_lead_is_not_killed_but_the_child_is(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            let mut child =
                Command::new("sleep").arg("60").kill_group_on_drop(true).spawn().expect("a child");
            let waiting = fend::time::timeout(Duration::from_millis(1), child.wait()).await;
            assert!(waiting.is_err(), "{waiting:?}");
        });
        assert_reaped();
    });
}

/// RX2
fn children_are_reaped_without_a_thread(shape: Shape) {
    alone(shape, || {
        let (mut first, mut second) = (reading_child().expect("a child"), reading_child().expect("a child"));
        let streams = [first.stdin.take(), second.stdin.take()];
        // No room for another stack.
        let limit = kernel::limit_memory(1);
        drop(first);
        drop(second);
        let has_reaper = has_thread(REAPER);
        kernel::limit_memory(limit);
        assert!(!has_reaper, "it has found room");
        drop(streams);
        within(PROMISE, || children().iter().all(|child| child.state == 'Z'), || format!("{:?}", children()));
        assert_eq!(children().len(), 2);
        // The next one that has to do with children.
        let mut child = Command::new("true").spawn().expect("a child");
        assert_eq!(children().iter().filter(|other| other.id != child.id()).count(), 0);
        shape.block_on(child.wait()).expect("its status");

        // And the thread is started when it can be.
        let mut child = reading_child().expect("a child");
        let stdin = child.stdin.take();
        let limit = kernel::limit_memory(1);
        drop(child);
        kernel::limit_memory(limit);
        assert!(!has_thread(REAPER));
        shape.block_on(Command::new("true").status()).expect("its status");
        assert_thread_starts();
        drop(stdin);
        assert_reaped();
        assert_thread_ends();
    });
}

/// RX5
fn children_are_reaped_without_descriptors(shape: Shape) {
    alone(shape, || {
        let before = open_fds();
        let mut child = reading_child().expect("a child");
        let (id, stdin) = (child.id(), child.stdin.take());
        let limit = limit_fds(0);
        drop(child);
        drop(stdin);
        let gone = (0..1000).any(|_| {
            thread::sleep(Duration::from_millis(2));
            !kernel::exists(id)
        });
        limit_fds(limit);
        assert!(gone);
        assert_reaped();
        assert_thread_ends();
        assert_eq!(open_fds(), before);
        shape.block_on(Command::new("true").status()).expect("its status");
    });
}

/// SP9
fn a_fork_of_this_process_leaves_the_children_alone(shape: Shape) {
    alone(shape, || {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("a child");
        let stdin = child.stdin.take();
        let mut orphan = reading_child().expect("a child");
        let orphan_stdin = orphan.stdin.take();
        drop(orphan);
        let mut slot = Some(child);
        let status = kernel::in_a_fork(|| {
            let mut child = slot.take().expect("a copy of it");
            let told = child.try_wait().unwrap_err().to_string();
            let waited = futures_lite::future::block_on(child.wait()).unwrap_err().to_string();
            drop(child);
            // A child of the fork's own, dropped and waited for.
            let dropped = Command::new("true").spawn();
            let reaped = dropped.is_ok_and(|child| {
                drop(child);
                (0..1000).any(|_| {
                    thread::sleep(Duration::from_millis(2));
                    children().is_empty()
                })
            });
            told.contains("forked") && waited.contains("forked") && reaped
        });
        assert_eq!(status, 0);
        let mut child = slot.take().expect("the fork has a slot of its own");
        assert_eq!(child.try_wait().expect("it lives"), None);
        drop((stdin, orphan_stdin));
        shape.block_on(child.wait()).expect("its status");
        assert_reaped();
    });
}

/// SP9: another thread, which is not there in the fork, holds the child's lock at most times.
fn a_fork_while_a_child_is_signalled_may_signal_it(shape: Shape) {
    alone(shape, || {
        let mut command = Command::new("sleep");
        let mut child = command.arg("60").process_group(0).kill_on_drop(true).spawn().expect("a child");
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    child.signal_group(Signal::CONT).expect("a signal sent");
                }
            });
            let signalled_in_a_fork = |_| {
                let status = kernel::in_a_fork(|| match child.signal_group(Signal::CONT) {
                    Ok(()) => true,
                    // Before Linux 6.9.
                    Err(error) => error.kind() == io::ErrorKind::Unsupported,
                });
                status == 0
            };
            let all_did = (0..20).all(signalled_in_a_fork);
            over.store(true, SeqCst);
            assert!(all_did);
        });
        child.kill().expect("a signal sent");
        assert_eq!(shape.block_on(child.wait()).expect("its status").signal(), Some(libc::SIGKILL));
    });
}
