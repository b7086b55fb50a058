//! Without the feature `tokio-context` a task of fend is in no tokio runtime, and what needs one says so.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

fn complaint<T>(needs_tokio: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(needs_tokio)).err().expect("a panic");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).expect("a text")
}

async fn what_needs_a_tokio_runtime_panics() -> io::Result<()> {
    assert!(tokio::runtime::Handle::try_current().is_err());
    fend::spawn(async {
        assert!(tokio::runtime::Handle::try_current().is_err());
        let socket = std::os::unix::net::UnixStream::pair()?.0;
        socket.set_nonblocking(true)?;
        let complaints = [
            complaint(|| tokio::time::sleep(Duration::ZERO)),
            complaint(|| tokio::spawn(async {})),
            complaint(|| tokio::net::UnixStream::from_std(socket)),
        ];
        for complaint in complaints {
            assert!(complaint.starts_with("there is no reactor running"), "{complaint}");
        }
        io::Result::Ok(())
    })
    .await?
}

on_every_dispatcher!(what_needs_a_tokio_runtime_panics);
