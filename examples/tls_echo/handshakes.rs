//! The load of handshakes: each connection is made, used once, closed, and made again.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use fend::task::TaskGroup;
use fend::time::timeout_at;

use crate::client::Server;
use crate::histogram::Histogram;
use crate::load::{Load, PATIENCE, collect, exchange, print_progress, print_summary};

/// What is counted, for all connections together.
#[derive(Default)]
struct Counts {
    done: Arc<AtomicU64>,
    resumed: AtomicU64,
}

pub(crate) async fn measure(server: Server, load: Load) -> Result<(), Box<dyn Error>> {
    let (start, end) = (Instant::now(), load.end());
    let counts = Arc::new(Counts::default());
    let mut clients: TaskGroup<io::Result<Histogram>> = TaskGroup::new();
    for number in 0..load.connections {
        let key = format!("connection {number}");
        clients.spawn(connect_again(server.clone(), key, end, load.size, counts.clone()));
    }
    let progress = fend::spawn(print_progress("handshakes", counts.done.clone(), end));
    let all = timeout_at(end + PATIENCE, collect(&mut clients)).await;
    let took = start.elapsed();
    progress.abort();
    print_summary("handshakes", &all.map_err(|_| "the server stopped answering")??, took)?;
    writeln!(io::stdout(), "{} resumed", counts.resumed.load(Ordering::Relaxed))?;
    Ok(())
}

async fn connect_again(
    server: Server,
    key: String,
    end: Instant,
    size: usize,
    counts: Arc<Counts>,
) -> io::Result<Histogram> {
    let (message, mut answer) = (vec![7; size], vec![0; size]);
    let mut latencies = Histogram::new();
    while Instant::now() < end {
        let begin = Instant::now();
        let stream = server.connect_with(&key).await?;
        latencies.add(begin.elapsed());
        counts.done.fetch_add(1, Ordering::Relaxed);
        counts.resumed.fetch_add(u64::from(stream.is_resumed()), Ordering::Relaxed);
        // With the answer comes what a later session needs to go on with this one.
        exchange(&stream, &message, &mut answer).await?;
        stream.shutdown().await?;
    }
    Ok(latencies)
}
