//! What is answered to a request, and what a connection becomes when the answer is 101.

use std::sync::Mutex;

use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue, ORIGIN};
use hyper::upgrade::{self, OnUpgrade};
use hyper::{Method, Request, StatusCode};

use crate::chat::Chat;
use crate::page::{self, Answer};
use crate::{handshake, origin};

/// Where the page opens its WebSocket.
const SOCKET: &str = "/chat";

/// One connection's.
pub(crate) struct Service<'a> {
    chat: &'a Chat,
    peer: &'a str,
    /// The bytes that follow the answer 101 are no HTTP any more, and this is who gets them.
    upgrade: Mutex<Option<OnUpgrade>>,
}

impl Service<'_> {
    pub(crate) fn new<'a>(chat: &'a Chat, peer: &'a str) -> Service<'a> {
        Service { chat, peer, upgrade: Mutex::new(None) }
    }

    pub(crate) fn answer(&self, request: Request<Incoming>) -> Answer {
        match (request.method(), request.uri().path()) {
            (&Method::GET, SOCKET) => self.upgrade(request).unwrap_or_else(|refusal| refusal),
            (&Method::GET | &Method::HEAD, path) => page::answer(path),
            _ => {
                let mut answer =
                    page::refuse(StatusCode::METHOD_NOT_ALLOWED, "There is nothing but to read.");
                answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                answer
            }
        }
    }

    fn upgrade(&self, request: Request<Incoming>) -> Result<Answer, Answer> {
        let answer = handshake::answer(request.version(), request.headers())?;
        if !origin::is_allowed(request.headers(), &self.chat.settings.origins) {
            let origin = request.headers().get(ORIGIN);
            self.chat.log.tell(format!("{}: refused to a page from {origin:?}", self.peer));
            return Err(page::refuse(StatusCode::FORBIDDEN, "Pages from elsewhere may not connect."));
        }
        *self.upgrade.lock().expect("no panic under this lock") = Some(upgrade::on(request));
        Ok(answer)
    }

    /// What has become of the connection, when it is HTTP no more.
    pub(crate) fn into_upgrade(self) -> Option<OnUpgrade> {
        self.upgrade.into_inner().expect("no panic under this lock")
    }
}
