#[fend::main(worker_threads = 2 start_paused = true)]
async fn main() {}

#[fend::main(, worker_threads = 2)]
async fn leading() {}

#[fend::main(worker_threads = 2,, start_paused = true)]
async fn double() {}

#[fend::main(2)]
async fn value() {}

#[fend::main("poll")]
async fn string() {}
