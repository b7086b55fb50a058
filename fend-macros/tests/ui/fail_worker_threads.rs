#[fend::main(worker_threads = 0)]
async fn main() {}

#[fend::main(worker_threads = -1)]
async fn negative() {}

#[fend::main(worker_threads = "2")]
async fn text() {}

#[fend::main(worker_threads = 2.0)]
async fn float() {}

#[fend::main(worker_threads = 2u8)]
async fn byte() {}

#[fend::main(worker_threads = COUNT)]
async fn name() {}

#[fend::main(worker_threads = 99999999999999999999)]
async fn large() {}
