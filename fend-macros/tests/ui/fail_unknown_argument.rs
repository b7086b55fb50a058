#[fend::main(worker_thread = 2, flavor = "current_thread", dispatchers = "all", unhandled_panic = "ignore")]
async fn main() {}

#[fend::test(start_pause = true)]
async fn test() {}
