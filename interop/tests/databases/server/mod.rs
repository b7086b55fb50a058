//! Servers that are programs: each runs on a free port of 127.0.0.1 and on a Unix socket, with its files in a directory of its own.
//!
//! They are shared by all tests of the program, so that nothing of ours is left to end them: whatever ends the program, a guard sees
//! its standard input end, ends the server that it has started, and removes the directory. A server has started when it says so.

pub(crate) mod guard;
pub(crate) mod postgres;
pub(crate) mod redis;

use std::collections::HashSet;
use std::env;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::Outcome;

/// A server that all tests share.
pub(crate) trait Shared: Sized + Sync {
    /// What the program is called, and the package of Debian that has it.
    const PROGRAM: (&str, &str);

    /// Starts it when no test has yet, and waits until it runs. `None` where it is not installed.
    fn shared() -> Option<&'static Self>;
}

/// Runs `test` with the server. Where changes are checked the server must be installed, else the test is skipped without.
pub(crate) async fn with<S: Shared, F: Future<Output = Outcome>>(
    test: fn(&'static S) -> F,
) -> io::Result<()> {
    let (program, package) = S::PROGRAM;
    match fend::spawn_blocking(S::shared).await? {
        Some(server) => test(server).await.map_err(io::Error::other),
        None => {
            assert!(env::var_os("CI").is_none(), "{program} is not installed: apt-get install {package}");
            eprintln!("skipped: {program} is not installed (apt-get install {package})");
            Ok(())
        }
    }
}

/// Makes a test for each dispatcher of every `async fn(&'static S) -> Outcome` that it names, where `S` is a server.
macro_rules! with_server {
    ($($test:ident),+ $(,)?) => {
        mod with_server {
            $(async fn $test() -> std::io::Result<()> {
                crate::server::with(super::$test).await
            })+
            on_every_dispatcher!($($test),+);
        }
    };
}

/// A name that no other test has: they all use one server.
pub(crate) fn unique(name: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("{name}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Where PATH has the program.
fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|directory| directory.join(program)).find(|file| Path::is_file(file))
}

/// A port that is free, and was given to nobody else here.
fn free_port() -> u16 {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    loop {
        let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = probe.local_addr().expect("its address").port();
        if GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return port;
        }
    }
}
