//! Where it listens, where requests go, and the limits of both.

use std::path::PathBuf;
use std::time::Duration;

use crate::arguments::{Arguments, Stop};
use crate::upstreams::Upstream;
use crate::{server, tls_server};

/// Where it listens, if nothing else is said.
const PORT: u16 = 7444;

pub(crate) fn help() -> String {
    let (server, tls) = (server::help(PORT), tls_server::HELP);
    format!(
        "\
usage: reverse_proxy --upstream URL... [OPTIONS]

Passes requests on to the servers behind it, and their responses back; Upgrade too, such as WebSockets, but not to HTTP/2 or TLS, which could
not be looked into. In front it speaks HTTP/1 and HTTP/2, over TLS; to the servers HTTP/1.1, over connections that it keeps. Prints a line for each request: the client, the status, the bytes of the
response, the time, the server, and what was asked for.
  --upstream URL       a server, such as http://127.0.0.1:8000 or https://name.example; of several each has its turn
  --upstream-ca FILE   whom to trust with https, in place of whom the system trusts
  --rewrite-host       tells the server its own name as Host (default: the one that the client has sent)
  --trust-forwarded    believes what X-Forwarded-For and the like say already, and adds to it: for a proxy behind another one
                       (default: they are replaced, since any client can send them)
  --cool-down SECS     for how long a server that cannot be connected to is asked only when all are like that (default 5)
  --connect-timeout SECS   how long a connection to a server may take (default 5)
  --timeout SECS       how long a server may take for the head of its response, once it has the request (default 60)
  --idle-timeout SECS  how long the next piece of a body may take, of a request or a response, to come or to be taken (default 60); a client
                       that takes no bytes at all for so long is left, upgraded or not
  --tunnel-timeout SECS    ends an upgraded connection on which nothing has moved for so long (default 3600)
  --max-body BYTES     the largest body of a request (default: any)
  --max-connections N  how many clients there may be at once; further ones wait (default 10000)
  --quiet              prints no lines
  --plain              speaks HTTP without TLS in front: the options of TLS have no use then
{tls}{server}
Of a request without a body that may be sent twice (GET, HEAD, OPTIONS, TRACE, PUT, DELETE) another server is asked when one fails. What the
client is told when none answers:
  502  no server could be connected to, or what came was not HTTP
  504  one did not answer, or take the request, in time
"
    )
}

pub(crate) struct Command {
    pub(crate) front: tls_server::Options,
    pub(crate) plain: bool,
    pub(crate) max_connections: usize,
    pub(crate) passing: Passing,
}

/// How requests are passed on.
pub(crate) struct Passing {
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) upstream_ca: Option<PathBuf>,
    pub(crate) rewrite_host: bool,
    pub(crate) trust_forwarded: bool,
    pub(crate) cool_down: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) tunnel_timeout: Duration,
    pub(crate) max_body: Option<usize>,
    pub(crate) quiet: bool,
}

pub(crate) fn read(arguments: &mut Arguments) -> Result<Command, Stop> {
    let mut front = tls_server::Options::new(PORT, &["h2", "http/1.1"]);
    let (mut plain, mut max_connections) = (false, 10_000);
    let mut passing = Passing {
        upstreams: Vec::new(),
        upstream_ca: None,
        rewrite_host: false,
        trust_forwarded: false,
        cool_down: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(60),
        idle_timeout: Duration::from_secs(60),
        tunnel_timeout: Duration::from_secs(3600),
        max_body: None,
        quiet: false,
    };
    while let Some(name) = arguments.next()? {
        match name.as_str() {
            "--upstream" => passing.upstreams.push(arguments.value()?),
            "--upstream-ca" => passing.upstream_ca = Some(arguments.value()?),
            "--rewrite-host" => passing.rewrite_host = true,
            "--trust-forwarded" => passing.trust_forwarded = true,
            "--cool-down" => passing.cool_down = arguments.value()?,
            "--connect-timeout" => passing.connect_timeout = arguments.value()?,
            "--timeout" => passing.timeout = arguments.value()?,
            "--idle-timeout" => passing.idle_timeout = arguments.value()?,
            "--tunnel-timeout" => passing.tunnel_timeout = arguments.value()?,
            "--max-body" => passing.max_body = Some(arguments.number(0..)?),
            "--max-connections" => max_connections = arguments.number(1..)?,
            "--quiet" => passing.quiet = true,
            "--plain" => plain = true,
            _ => front.read(&name, arguments)?,
        }
    }
    front.check()?;
    if passing.upstreams.is_empty() {
        return Err(Stop::mistake("--upstream is missing"));
    }
    Ok(Command { front, plain, max_connections, passing })
}
