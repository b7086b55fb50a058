//! What is answered to a request, and who takes the connection when the answer is 101.

use std::sync::Arc;

use fend::hyper::FuturesIo;
use fend::hyper::server::Peer;
use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue, ORIGIN};
use hyper::upgrade::{self, OnUpgrade};
use hyper::{Method, Request, StatusCode};

use crate::chat::Chat;
use crate::handshake::{self, Refusal};
use crate::page::{self, Answer};
use crate::{member, origin};

/// Where the page opens its WebSocket.
const SOCKET: &str = "/chat";

pub(crate) fn answer(request: Request<Incoming>, chat: &Arc<Chat>) -> Answer {
    match (request.method(), request.uri().path()) {
        (&Method::GET, SOCKET) => upgrade(request, chat).unwrap_or_else(Refusal::answer),
        (&Method::GET | &Method::HEAD, path) => page::answer(path),
        _ => {
            let mut answer = page::refuse(StatusCode::METHOD_NOT_ALLOWED, "There is nothing but to read.");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            answer
        }
    }
}

fn upgrade(request: Request<Incoming>, chat: &Arc<Chat>) -> Result<Answer, Refusal> {
    let key = handshake::check(request.version(), request.headers())?;
    let peer = request.extensions().get::<Peer>().map_or(String::new(), |peer| peer.addr().to_string());
    if !origin::is_allowed(request.headers(), &chat.settings.origins) {
        let origin = request.headers().get(ORIGIN);
        chat.log.tell(format!("{peer}: refused to a page from {origin:?}"));
        return Err(Refusal::Origin);
    }
    fend::spawn(attend(upgrade::on(request), peer, chat.clone()));
    Ok(handshake::switch(key))
}

/// Waits until the answer is sent. What comes and goes then is no HTTP any more.
async fn attend(upgrade: OnUpgrade, peer: String, chat: Arc<Chat>) {
    match upgrade.await {
        Ok(socket) => member::attend(FuturesIo::new(socket), &peer, &chat).await,
        Err(error) => chat.log.tell(format!("{peer}: no WebSocket after the handshake: {error}")),
    }
}
