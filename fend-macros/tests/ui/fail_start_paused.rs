#[fend::main(start_paused = "true")]
async fn main() {}

#[fend::main(start_paused = yes)]
async fn word() {}

#[fend::test(start_paused = !true)]
async fn expression() {}
