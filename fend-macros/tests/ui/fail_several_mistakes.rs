#[fend::main(worker_threads = 0, dispatcher = "select", colour = "red")]
fn main(arguments: Vec<String>) {}
