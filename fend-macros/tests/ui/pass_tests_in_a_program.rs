//! Outside a test build nothing is left of a test, whatever it is made of.
#![deny(unused)]

#[fend::test]
async fn single() {}

#[fend::test(dispatchers = "all", worker_threads = 2)]
#[should_panic]
async fn on_all() {}

fn main() {
    // The names are free.
    let (single, on_all, on_all_epoll) = (1, 2, 3);
    assert_eq!(single + on_all, on_all_epoll);
}
