#[fend::main]
const async fn main() {}

#[fend::main]
async unsafe fn dangerous() {}

#[fend::test]
async extern "C" fn foreign() {}

#[fend::main]
const fn constant() {}
