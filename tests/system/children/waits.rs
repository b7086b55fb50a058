//! Waiting, given up and taken up again, here and elsewhere.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Waker};

use fend::Runtime;
use fend::process::{Child, Command, Stdio};
use fend::runtime::Dispatcher;
use futures_lite::future;

use crate::shape::Shape;

on_every_dispatcher!(a_wait_that_was_given_up_loses_nothing, signals_after_the_end_go_nowhere);
on_every_shape!(
    a_child_survives_the_runtime_where_it_was_waited_for,
    a_child_is_waited_for_under_any_executor,
    a_wait_in_a_runtime_that_has_shut_down_is_an_error,
);

/// Ends with its standard input.
fn reading_child() -> io::Result<Child> {
    Command::new("sh").args(["-c", "read line; exit 7"]).stdin(Stdio::piped()).spawn()
}

/// SP7
async fn a_wait_that_was_given_up_loses_nothing() -> io::Result<()> {
    let mut child = reading_child()?;
    let stdin = child.stdin.take();
    for _ in 0..10 {
        let mut wait = pin!(child.wait());
        assert!(future::poll_once(wait.as_mut()).await.is_none());
    }
    {
        let mut wait = pin!(child.wait());
        assert!(future::poll_once(wait.as_mut()).await.is_none());
        drop(stdin);
        // Its end has come, and is known to the driver; the wait that hears of it is given up.
        future::yield_now().await;
    }
    while child.try_wait()?.is_none() {
        fend::yield_now().await;
    }
    for _ in 0..3 {
        assert_eq!(child.wait().await?.code(), Some(7));
        assert_eq!(child.try_wait()?.and_then(|status| status.code()), Some(7));
    }
    Ok(())
}

/// SP7. The pidfd is that of a process that is no more, whoever has its id by now.
async fn signals_after_the_end_go_nowhere() -> io::Result<()> {
    let mut child = reading_child()?;
    let signaller = child.signaller();
    assert_eq!(signaller.id(), child.id());
    child.wait().await?;
    assert!(super::kernel::is_gone(child.pidfd().expect("it was opened")));
    child.kill()?;
    child.signal(fend::signal::Signal::TERM)?;
    signaller.kill()?;
    drop(child);
    signaller.kill()?;
    Ok(())
}

fn waiting_once(child: &mut Child) {
    let wait = pin!(child.wait());
    assert!(wait.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// SP7
fn a_child_survives_the_runtime_where_it_was_waited_for(shape: Shape) {
    let mut child = reading_child().expect("a child");
    let stdin = child.stdin.take();
    for _ in 0..3 {
        let runtime = shape.build();
        runtime.block_on(async { waiting_once(&mut child) });
        drop(runtime);
    }
    drop(stdin);
    let status = shape.block_on(child.wait()).expect("its status");
    assert_eq!(status.code(), Some(7));
}

fn a_child_is_waited_for_under_any_executor(shape: Shape) {
    // Waits for it, though it runs no task.
    let runtime = shape.build();
    let _entered = runtime.enter();
    let run = |child: io::Result<Child>, wait: fn(Child) -> io::Result<std::process::ExitStatus>| {
        let mut child = child.expect("a child");
        drop(child.stdin.take());
        assert_eq!(wait(child).expect("its status").code(), Some(7));
    };
    run(reading_child(), |mut child| futures::executor::block_on(child.wait()));
    run(reading_child(), |mut child| smol::block_on(child.wait()));
    run(reading_child(), |mut child| future::block_on(child.wait()));
    run(reading_child(), |mut child| {
        let tokio = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        tokio.block_on(child.wait())
    });
}

/// And nothing is lost by it.
fn a_wait_in_a_runtime_that_has_shut_down_is_an_error(shape: Shape) {
    let mut child = reading_child().expect("a child");
    let stdin = child.stdin.take();
    let runtime = shape.build();
    let handle = runtime.handle().clone();
    drop(runtime);
    {
        let _gone = handle.enter();
        let error = future::block_on(child.wait()).expect_err("nobody waits there");
        assert!(error.to_string().contains(&format!("process {}", child.id())), "{error}");
        assert!(error.to_string().contains("shut down"), "{error}");
        assert!(child.try_wait().expect("it lives").is_none());
    }
    drop(stdin);
    let other = Runtime::builder().dispatcher(Dispatcher::Poll).build().expect("a runtime");
    assert_eq!(other.block_on(child.wait()).expect("its status").code(), Some(7));
}
