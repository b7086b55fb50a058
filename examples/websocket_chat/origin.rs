//! Which pages may connect.
//!
//! A WebSocket is not bound to the page's own origin as fetch() is: any page in the world that a user has open can connect to a chat on his own
//! machine or in his company's network, with his cookies, and read along. A browser says in `Origin` whose page it is, and a page cannot change
//! that: so the server has to look ([RFC 6455, section 10.2](https://www.rfc-editor.org/rfc/rfc6455#section-10.2)). A client that is no browser
//! says what it likes, or nothing; it has nobody's trust to abuse.
//!
//! A page whose own name leads to this server (DNS rebinding) passes for ours: its `Host` is that name, too. A server with something to hide answers
//! to no names but its own.

use hyper::header::{HOST, HeaderMap, ORIGIN};

/// Whether a handshake with these fields comes from our own page, from one of `allowed`, or from no page at all.
pub(crate) fn is_allowed(fields: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = fields.get_all(ORIGIN).iter();
    let (origin, None) = (origins.next(), origins.next()) else { return false };
    let Some(origin) = origin else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    is_own(origin, fields) || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
}

/// The page was asked for by the same name and port. Its scheme may be another one: what ends TLS in front of a server passes `Host` on.
fn is_own(origin: &str, fields: &HeaderMap) -> bool {
    let Some((_, origin)) = origin.split_once("://") else { return false };
    let host = fields.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| host.eq_ignore_ascii_case(origin))
}
