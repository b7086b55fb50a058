#[fend::main(worker_threads)]
async fn main() {}

#[fend::main(worker_threads(2))]
async fn list() {}

#[fend::main(dispatcher = )]
async fn nothing() {}

#[fend::main(start_paused =, worker_threads = 2)]
async fn comma() {}

#[fend::test(crate: fend)]
async fn colon() {}
