//! A small HTTP/1.1 client: [`request`] sends one request, follows redirects if it may, and gives the response, whose body is received
//! as it is asked for.
//!
//! Each request has a connection of its own. What a server says is held against RFC 9110 and RFC 9112, strictly where two readers could
//! understand it differently, and within bounds: heads, lines between chunks, and trailers have a greatest length.

mod body;
mod connect;
mod credentials;
mod error;
mod field;
mod framing;
mod head;
mod overrides;
mod redirect;
mod request;
mod tls;
mod url;
mod wire;

#[cfg(test)]
mod tests;

use futures_lite::{AsyncRead, AsyncWrite};

pub(crate) use body::Body;
pub(crate) use connect::{Connected, Options as ConnectOptions, Stream};
pub(crate) use credentials::Credentials;
pub(crate) use error::Error;
pub(crate) use head::Head;
pub(crate) use overrides::Override;
pub(crate) use redirect::Policy;
pub(crate) use request::Request;
pub(crate) use tls::Facts;
pub(crate) use url::Url;

use framing::Framing;
use wire::Wire;

/// How many interim responses may come before the final one.
const MAX_INTERIM: usize = 16;

pub(crate) struct Options {
    pub(crate) request: Request,
    /// Without one, a redirect is a response as any other.
    pub(crate) redirects: Option<Policy>,
    pub(crate) connect: ConnectOptions,
}

pub(crate) struct Response<S> {
    pub(crate) head: Head,
    pub(crate) body: Body<S>,
}

/// Is told of every step, also of those that a redirect leaves behind.
pub(crate) trait Observer {
    fn connected(&mut self, url: &Url, connected: &Connected);
    /// The head of a request is about to be sent.
    fn request(&mut self, head: &[u8]);
    /// A head has come, interim or final.
    fn response(&mut self, head: &Head);
}

/// Sends the request to `url`, and to where it is redirected.
pub(crate) async fn request(
    url: &Url,
    options: &Options,
    observer: &mut (dyn Observer + Send),
) -> Result<Response<Box<dyn Stream>>, Error> {
    let mut request = options.request.clone();
    let mut url = url.clone();
    if let (Some(credentials), false) = (url.credentials(), request.has_credentials()) {
        request.set_credentials(credentials.clone());
    }
    let mut redirects = 0;
    loop {
        let connected = connect::connect(&url, &options.connect).await?;
        observer.connected(&url, &connected);
        let response = exchange(connected.stream, &url, &request, observer).await?;
        let Some(policy) = options.redirects else { return Ok(response) };
        let Some(next) = redirect::target(&response.head, &url)? else { return Ok(response) };
        redirect::follow(&mut request, policy, redirects, response.head.status, &url, &next)?;
        redirects += 1;
        url = next;
    }
}

/// Sends one request over `stream`, and receives the head of the response.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    url: &Url,
    request: &Request,
    observer: &mut (dyn Observer + Send),
) -> Result<Response<S>, Error> {
    let mut bytes = request.head(url);
    observer.request(&bytes);
    bytes.extend_from_slice(request.body());
    let mut wire = Wire::new(stream, bytes);
    for _ in 0..=MAX_INTERIM {
        let head = wire.head().await?;
        observer.response(&head);
        if head.status == 101 {
            return Err(Error::bad_response("it changes to another protocol, which nobody has asked for"));
        }
        if !head.is_interim() {
            let framing = Framing::of(&head, request.method()).map_err(Error::BadResponse)?;
            return Ok(Response { head, body: Body::new(wire, framing) });
        }
    }
    Err(Error::bad_response(format!("more than {MAX_INTERIM} interim ones")))
}
