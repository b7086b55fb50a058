#[fend::main(worker_threads = 2, start_paused = true, worker_threads = 3)]
async fn main() {}

#[fend::test(dispatcher = "poll", dispatchers = "all")]
async fn test() {}

#[fend::test(dispatchers = "all", dispatcher = "poll")]
async fn again() {}
