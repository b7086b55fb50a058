//! The pages, served by hyper: HTTP/1, and HTTP/2 for clients that begin with it.

use std::convert::Infallible;
use std::io;

use fend::hyper::Server;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};

use crate::arguments::complain;
use crate::page::Page;
use crate::server::{self, Options};

/// Listens, prints the address on a line of its own, and serves until it is told to end.
pub(crate) fn serve(options: Options) -> io::Result<()> {
    options.runtime.build()?.block_on(async {
        let listening = server::listen(options.addr).await?;
        server::serve_by(listening, |listener| {
            let server = Server::new(listener).on_error(|failure| {
                if !failure.is_everyday() {
                    complain(failure);
                }
            });
            server.serve(service_fn(answer))
        })
        .await
    })
}

async fn answer(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => respond(Page::at(request.uri().path(), "")),
        _ => {
            let status = "405 Method Not Allowed";
            let mut response = respond(Page::text(status, format!("{status}\n")));
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
    };
    if request.method() == Method::HEAD {
        // With HTTP/2 hyper would send it.
        let length = response.body().len();
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
        response.body_mut().clear();
    }
    Ok(response)
}

fn respond(page: Page) -> Response<String> {
    let mut response = Response::new(page.body);
    // hyper has names of its own for the numbers.
    let number = &page.status.as_bytes()[..3];
    *response.status_mut() = StatusCode::from_bytes(number).expect("a status begins with its number");
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(page.media_type));
    response
}
