//! Code that blocks: on the runtime's threads and on those of a pool with a name.

use std::io;
use std::path::PathBuf;

use fend::runtime::BlockingPool;

pub(super) async fn all(_: PathBuf) -> io::Result<()> {
    let pool = BlockingPool::builder().name("faults").max_threads(2).build()?;
    let jobs = [fend::spawn_blocking(|| 1), pool.spawn(|| 2), pool.spawn(|| 3), fend::spawn_blocking(|| 4)];
    for (n, job) in (1..).zip(jobs) {
        assert_eq!(job.await?, n);
    }
    Ok(())
}
