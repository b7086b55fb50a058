//! One connection: answers requests until the client has no more, or the server is about to end.
//!
//! A server that ends closes a connection behind an answer, which says `Connection: close`, so that the client knows that its
//! next request needs another connection. An idle connection cannot be told: a request may be on its way already, and would
//! be lost. So it is kept, and closed behind its next request or, when none comes for long, without.

use std::io;
use std::time::Duration;

use fend::net::{Shutdown, TcpStream};
use fend::task::CancellationToken;
use fend::time::{sleep, timeout};
use futures_lite::future;

use crate::request::{MAX_HEAD, Method, Parsed, Request, Version, parse};

/// How long the answer of `/slow` takes.
const SLOW: Duration = Duration::from_millis(200);

/// How long the client may take to close after the last answer.
const LINGER: Duration = Duration::from_secs(2);

/// `stop` is cancelled when the server ends; `patience` is how long a connection may be idle then.
pub(crate) async fn serve(stream: TcpStream, stop: CancellationToken, patience: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut input, mut filled) = (vec![0; MAX_HEAD], 0);
    loop {
        let (answer, consumed) = match parse(&input[..filled]) {
            Parsed::Partial => {
                let request = stream.recv(&mut input[filled..]);
                let silence = async {
                    stop.cancelled().await;
                    sleep(patience).await;
                    Ok(0)
                };
                match future::or(request, silence).await? {
                    0 => break,
                    count => filled += count,
                }
                continue;
            }
            Parsed::Refused(_) => (Answer::refusal(), filled),
            Parsed::Request(request, consumed) => (Answer::to(&request).await, consumed),
        };
        input.copy_within(consumed..filled, 0);
        filled -= consumed;
        // Asked last, so that a request which took long has the answer of a server that has begun to end meanwhile. Requests that
        // have come behind this one are answered first.
        let close = answer.close || (stop.is_cancelled() && filled == 0);
        stream.send_all(&answer.into_bytes(close)).await?;
        if close {
            break;
        }
    }
    finish(&stream).await
}

/// Waits for the client to close: bytes of it that nobody reads would be answered by a reset, which makes its kernel throw the
/// answer away.
async fn finish(stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    let drain = async {
        let mut rest = [0; 1024];
        while stream.recv(&mut rest).await? > 0 {}
        Ok(())
    };
    timeout(LINGER, drain).await.unwrap_or(Ok(()))
}

struct Answer {
    status: &'static str,
    body: String,
    /// Whether the body goes along.
    with_body: bool,
    version: Version,
    /// The connection has to end, whatever the server does.
    close: bool,
}

impl Answer {
    async fn to(request: &Request<'_>) -> Answer {
        let (status, body) = match request.path {
            "/" => ("200 OK", format!("{}\n", std::process::id())),
            "/slow" => {
                sleep(SLOW).await;
                ("200 OK", format!("{}\n", std::process::id()))
            }
            _ => ("404 Not Found", "There is / and /slow.\n".to_owned()),
        };
        let with_body = request.method == Method::Get;
        Answer { status, body, with_body, version: request.version, close: !request.keep_alive }
    }

    fn refusal() -> Answer {
        let (status, body) = ("400 Bad Request", String::new());
        Answer { status, body, with_body: false, version: Version::Http11, close: true }
    }

    fn into_bytes(self, close: bool) -> Vec<u8> {
        let connection = match (close, self.version) {
            (true, _) => "Connection: close\r\n",
            (false, Version::Http10) => "Connection: keep-alive\r\n",
            (false, Version::Http11) => "",
        };
        let Answer { status, body, .. } = &self;
        let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{connection}\r\n", body.len());
        if self.with_body {
            text.push_str(body);
        }
        text.into_bytes()
    }
}
