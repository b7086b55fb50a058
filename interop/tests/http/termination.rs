//! [`Server::graceful`]: SIGTERM and ^C drain, and the next one finds its default.

use std::fs;
use std::io;

use fend::hyper::Server;
use fend::signal::{self, Signal};
use hyper::service::service_fn;

use crate::alone::alone;
use crate::serving::{Gate, LONG, Serving, echo, get, receive};
use crate::shape::Shape;

alone_on_every_dispatcher!(
    sigterm_drains,
    ctrl_c_drains,
    a_server_that_ends_otherwise_gives_the_signals_back
);

/// Whether the process has a handler for it; see proc_pid_status(5).
fn is_caught(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("proc is mounted");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t")).expect("the mask");
    let mask = u64::from_str_radix(mask, 16).expect("hexadecimal");
    mask >> (signal.as_raw() - 1) & 1 == 1
}

const SIGNALS: [Signal; 2] = [Signal::INT, Signal::TERM];

async fn until_both_are_caught() {
    while !SIGNALS.into_iter().all(is_caught) {
        fend::yield_now().await;
    }
}

fn drains(shape: Shape, signal: Signal) {
    alone(shape, || {
        let drained = shape.block_on(async {
            let gate = Gate::default();
            let inside = gate.clone();
            let server = Server::bind("127.0.0.1:0").await?.graceful(LONG);
            let serving = Serving::on(server, service_fn(move |request| inside.clone().pass(request)))?;
            until_both_are_caught().await;
            let stream = serving.connect().await?;
            stream.send_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
            gate.entered.cancelled().await;
            signal::raise(signal)?;
            while !serving.handle.metrics().draining {
                fend::yield_now().await;
            }
            // What comes now does what it did before.
            assert!(!SIGNALS.into_iter().any(is_caught));
            gate.open.cancel();
            assert_eq!(receive(&stream).await?.body, "passed");
            let report = serving.served.await??;
            assert!(report.is_clean() && report.finished == 1, "{report:?}");
            io::Result::Ok(())
        });
        drained.expect("the test's I/O");
    });
}

fn sigterm_drains(shape: Shape) {
    drains(shape, Signal::TERM);
}

fn ctrl_c_drains(shape: Shape) {
    drains(shape, Signal::INT);
}

fn a_server_that_ends_otherwise_gives_the_signals_back(shape: Shape) {
    alone(shape, || {
        let ended = shape.block_on(async {
            let server = Server::bind("127.0.0.1:0").await?.graceful(LONG);
            let serving = Serving::on(server, service_fn(echo))?;
            until_both_are_caught().await;
            assert_eq!(get(&serving.connect().await?, "/").await?.body, "HTTP/1.1 / ");
            assert!(serving.end().await?.is_clean());
            assert!(!SIGNALS.into_iter().any(is_caught));
            io::Result::Ok(())
        });
        ended.expect("the test's I/O");
    });
}
