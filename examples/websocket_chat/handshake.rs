//! The server's half of the opening handshake: [RFC 6455, section 4.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2).

use async_tungstenite::tungstenite::handshake::derive_accept_key;
use http_body_util::Full;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Response, StatusCode, Version};

use crate::page::{Answer, refuse};

/// The one version there is.
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// The answer to a GET with these fields: 101, or why not.
pub(crate) fn answer(version: Version, fields: &HeaderMap) -> Result<Answer, Answer> {
    if version != Version::HTTP_11
        || !names(fields, CONNECTION, "upgrade")
        || !names(fields, UPGRADE, "websocket")
    {
        let mut answer = refuse(StatusCode::UPGRADE_REQUIRED, "Here is a WebSocket, by HTTP/1.1.");
        announce(answer.headers_mut());
        return Err(answer);
    }
    if fields.get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        let mut answer = refuse(StatusCode::UPGRADE_REQUIRED, "The version of WebSocket here is 13.");
        announce(answer.headers_mut());
        answer.headers_mut().insert(SEC_WEBSOCKET_VERSION, VERSION);
        return Err(answer);
    }
    let key = fields.get(SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    let accept =
        key.map(|key| derive_accept_key(key.as_bytes())).and_then(|key| HeaderValue::try_from(key).ok());
    let Some(accept) = accept else {
        return Err(refuse(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is not that of a handshake."));
    };
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    announce(answer.headers_mut());
    answer.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok(answer)
}

fn announce(fields: &mut HeaderMap) {
    fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// Whether `word` is in the list that a field is.
fn names(fields: &HeaderMap, field: HeaderName, word: &str) -> bool {
    let values = fields.get_all(field);
    let mut words = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    words.any(|other| other.trim().eq_ignore_ascii_case(word))
}

/// Sixteen bytes in base64.
fn is_key(key: &[u8]) -> bool {
    let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(of_base64)
}
