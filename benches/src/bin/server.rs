//! A server on one of the runtimes, or on bare epoll: `server --help`.

fn main() {
    benches::server::main();
}
