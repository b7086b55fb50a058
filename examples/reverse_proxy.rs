//! A reverse proxy: HTTP/1 and HTTP/2 with TLS in front of one or several servers that speak HTTP/1.1.
//!
//! `cargo run --release --features hyper --example reverse_proxy -- --upstream http://127.0.0.1:8000 --write-cert /tmp/cert.pem`, and then
//! `curl --cacert /tmp/cert.pem https://localhost:7444/`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use fend::hyper::Server;
use fend::net::Listener;
use hyper::service::service_fn;

#[path = "reverse_proxy/access_log.rs"]
mod access_log;
#[path = "support/arguments.rs"]
mod arguments;
#[path = "reverse_proxy/body.rs"]
mod body;
#[path = "reverse_proxy/command_line.rs"]
mod command_line;
#[path = "support/complaints.rs"]
mod complaints;
#[path = "reverse_proxy/failure.rs"]
mod failure;
#[path = "reverse_proxy/fields.rs"]
mod fields;
#[path = "reverse_proxy/forward.rs"]
mod forward;
#[path = "reverse_proxy/patience.rs"]
mod patience;
#[path = "support/runtime.rs"]
mod runtime;
#[expect(dead_code, reason = "its loops are for servers that answer a stream themselves")]
#[path = "support/server.rs"]
mod server;
#[path = "support/termination.rs"]
mod termination;
#[expect(
    dead_code,
    reason = "its loop is for servers that answer a stream themselves; the options and the acceptor are what is used"
)]
#[path = "support/tls_server.rs"]
mod tls_server;
#[path = "reverse_proxy/tunnel.rs"]
mod tunnel;
#[path = "reverse_proxy/upstreams.rs"]
mod upstreams;

use command_line::Command;
use complaints::Complaints;
use forward::Proxy;

/// What the kernel takes for `TCP_USER_TIMEOUT`.
const LONGEST_USER_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

fn main() -> ExitCode {
    arguments::main("reverse_proxy", &command_line::help(), command_line::read, run)
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let Command { front, plain, max_connections, passing } = command;
    let acceptor = if plain { None } else { Some(front.acceptor()?) };
    let complaints = Arc::new(Complaints::new());
    let patience = passing.idle_timeout.clamp(Duration::from_millis(1), LONGEST_USER_TIMEOUT);
    let proxy = Arc::new(Proxy::new(passing, complaints.clone())?);
    front.server.runtime.build()?.block_on(async {
        let listening = server::listen(front.server.addr).await?;
        let serve = |listener: Listener| {
            // hyper waits for ever for a client that takes no more of a response.
            let listener = listener.prepare(move |stream| stream.set_user_timeout(Some(patience)));
            let mut server =
                Server::new(listener).max_connections(max_connections).on_error(move |failure| {
                    if !failure.is_everyday() {
                        complaints.tell(failure);
                    }
                });
            if let Some(acceptor) = acceptor {
                front.watch_files(&acceptor);
                server = server.tls(acceptor);
            }
            server.serve(service_fn(move |request| proxy.clone().answer(request)))
        };
        Ok(server::serve_by(listening, serve).await?)
    })
}
