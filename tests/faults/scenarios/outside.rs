//! A thread of another executor, which the process-wide default runtime serves: nobody but its monitor attends the driver.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use fend::net::UnixStream;
use fend::time::sleep;
use futures::future::try_join;
use futures_lite::future;

pub(super) async fn all(_: PathBuf) -> io::Result<()> {
    let thread = thread::Builder::new().spawn(|| future::block_on(both_ways()));
    let thread =
        thread.map_err(|error| io::Error::new(error.kind(), format!("the test's thread: {error}")))?;
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a panic")))
}

async fn both_ways() -> io::Result<()> {
    let (one, other) = UnixStream::pair()?;
    for _ in 0..2 {
        let late = async {
            sleep(Duration::from_micros(200)).await;
            one.send_all(b"text").await
        };
        let mut buf = [0; 4];
        try_join(late, other.recv_exact(&mut buf)).await?;
        assert_eq!(&buf, b"text");
    }
    Ok(())
}
