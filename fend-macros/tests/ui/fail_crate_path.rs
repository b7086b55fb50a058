#[fend::main(crate = 1)]
async fn main() {}

#[fend::main(crate = "not a path")]
async fn words() {}

#[fend::main(crate = "")]
async fn empty() {}

#[fend::main(crate = fend::<u8>)]
async fn generic() {}

#[fend::main(crate = "(")]
async fn unbalanced() {}
