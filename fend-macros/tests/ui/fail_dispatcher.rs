#[fend::main(dispatcher = "kqueue")]
async fn main() {}

#[fend::main(dispatcher = Poll)]
async fn word() {}

#[fend::main(dispatcher = 1)]
async fn number() {}

#[fend::main(dispatcher = b"poll")]
async fn bytes() {}

#[fend::test(dispatchers = "epoll")]
async fn single() {}
