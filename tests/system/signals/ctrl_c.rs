//! ^C: once it asks the program to finish, a second time it ends it.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use fend::signal::{self, Signal};
use futures_lite::future::poll_once;

use super::kernel;
use crate::alone::{alone, is_alone};
use crate::shape::Shape;

on_each_dispatcher!(it_listens_from_the_call_on, it_works_under_any_executor, twice_ends_the_program,);

fn it_listens_from_the_call_on(shape: Shape) {
    alone(shape, || {
        shape.block_on(async {
            let mut first = signal::ctrl_c();
            kernel::raise_here(Signal::INT);
            let mut second = signal::ctrl_c();
            (&mut first).await.expect("a signal");
            assert!(poll_once(&mut second).await.is_none(), "it came before");
            assert!(poll_once(&mut first).await.is_none(), "it came once");
            signal::raise(Signal::INT).expect("a signal sent");
            second.await.expect("a signal");
            first.await.expect("and the next one");
        });
    });
}

fn it_works_under_any_executor(shape: Shape) {
    alone(shape, || {
        // Waits for it, though it runs no task.
        let runtime = shape.build();
        let entered = runtime.enter();
        let mut ctrl_c = signal::ctrl_c();
        assert!(futures_lite::future::block_on(poll_once(&mut ctrl_c)).is_none());
        let raise = std::thread::spawn(|| signal::raise(Signal::INT).expect("a signal sent"));
        futures_lite::future::block_on(&mut ctrl_c).expect("a signal");
        raise.join().expect("no panic");
        drop(entered);
        // Two at once: a task's, and one that is waited for where no runtime was entered.
        let (started, starts) = std::sync::mpsc::channel();
        let in_a_task = runtime.spawn(async move {
            let mut ctrl_c = signal::ctrl_c();
            assert!(poll_once(&mut ctrl_c).await.is_none());
            started.send(()).expect("the test waits");
            ctrl_c.await
        });
        starts.recv().expect("it starts");
        signal::raise(Signal::INT).expect("a signal sent");
        futures_lite::future::block_on(ctrl_c).expect("a signal");
        futures_lite::future::block_on(in_a_task).expect("no panic").expect("a signal");
    });
}

const TWICE: &str = "FEND_TEST_TWICE";

fn twice_ends_the_program(shape: Shape) {
    if is_alone(shape) && env::var_os(TWICE).is_some() {
        // Whoever has started the tests may have them ignore it, as a shell does in the background.
        kernel::take_default(Signal::INT);
        return shape.block_on(async {
            let ctrl_c = signal::ctrl_c();
            say("started");
            ctrl_c.await.expect("a signal");
            signal::restore(Signal::INT).expect("ours is there");
            say("finishing");
            std::future::pending().await
        });
    }
    alone(shape, || {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.args(["--exact", shape.harness_name(), "--nocapture"]).env(TWICE, "");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts again");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        for expected in ["started", "finishing"] {
            assert!(lines.any(|line| line.expect("text").ends_with(expected)), "it says {expected}");
            send(Signal::INT, child.id());
        }
        assert_eq!(child.wait().expect("it ends").signal(), Some(libc::SIGINT));
    });
}

fn say(what: &str) {
    writeln!(std::io::stdout(), "{what}").expect("somebody reads");
}

fn send(signal: Signal, pid: u32) {
    let kill =
        Command::new("sh").args(["-c", &format!("kill -{signal} {pid}").replace("-SIG", "-")]).status();
    assert!(kill.expect("a shell").success());
}
