//! The example `websocket_chat`, with a real browser and with clients that are none.

use std::future::Future;
use std::io;
use std::time::Duration;

use fend::time::timeout;

#[expect(unused_macros, reason = "the server too is to have the dispatcher of the test")]
#[path = "../../../tests/support/mod.rs"]
mod support;

/// Makes a test for each dispatcher of every `async fn(Dispatcher) -> io::Result<()>` that it names.
macro_rules! on_every_dispatcher_told {
    ($($test:ident),+ $(,)?) => {
        mod epoll {
            use fend::runtime::Dispatcher::Epoll;

            $(#[test]
            fn $test() {
                crate::support::run(Epoll, || crate::in_time(super::$test(Epoll)));
            })+
        }
        mod poll {
            use fend::runtime::Dispatcher::Poll;

            $(#[test]
            fn $test() {
                crate::support::run(Poll, || crate::in_time(super::$test(Poll)));
            })+
        }
    };
}

mod by_client;
mod by_page;
mod chromium;
mod devtools;
mod member;
mod place;
mod server;

/// A test that stalls is given up a little before it fails, so that what it has started is ended.
async fn in_time(test: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    timeout(Duration::from_secs(55), test).await.expect("a test that does not stall")
}

/// Whether a program is there; where it has to be installed it is.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed");
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}
