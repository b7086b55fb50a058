//! The servers on bare epoll: the least that a server has to do.
//!
//! Edge-triggered, one epoll_ctl(2) for a connection's life, one buffer for all connections of a thread, no allocation per request, and no
//! receive that cannot give anything: one that came back short has emptied the socket. With several workers each thread has its own epoll
//! and its own listener on the port.

mod echo;
mod event_loop;
mod http;
mod tls;
mod udp;

use std::io;
use std::net::TcpListener;
use std::thread;

use super::options::{Mode, Options};
use super::{BACKLOG, certificate};
use crate::sys;
use event_loop::{Connection, EventLoop};

pub(super) use udp::serve_udp;

pub(super) fn serve(options: &Options, listener: TcpListener) -> io::Result<()> {
    let buffer = options.buffer;
    match options.mode {
        Mode::Http => serve_connections::<http::Http>(options, listener, http::Shared::new),
        Mode::Tls => {
            let context = certificate::context()?;
            serve_connections::<tls::Tls>(options, listener, || tls::Shared::new(context.clone(), buffer))
        }
        Mode::Echo | Mode::HttpServer | Mode::Udp => {
            serve_connections::<echo::Echo>(options, listener, || echo::Shared::new(buffer))
        }
    }
}

/// On this thread and, for more workers, threads beside it.
fn serve_connections<C: Connection>(
    options: &Options,
    listener: TcpListener,
    shared: impl Fn() -> C::Shared,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    for _ in 1..options.workers {
        let listener = TcpListener::from(sys::tcp_listen(address, true, BACKLOG)?);
        let mut event_loop = EventLoop::<C>::new(listener, shared())?;
        thread::spawn(move || {
            let error = event_loop.run().expect_err("it runs for ever");
            eprintln!("a thread has ended: {error}");
            std::process::exit(1);
        });
    }
    EventLoop::<C>::new(listener, shared())?.run().map(|never| match never {})
}
