//! ALPN, RFC 7301: the application protocol that both sides speak.

use openssl::ssl::{AlpnError, SslRef};

use crate::context::Settings;
use crate::state::SslState;

/// A server's choice among what the client offers: its own first, so that all of a server's clients get the best they can.
///
/// Without a common protocol the handshake goes on and there is no protocol, as if the client had offered none: clients of one protocol
/// do not expect a refusal. With `alpn_required` it ends with the alert no_application_protocol.
pub(in crate::context) fn select<'a>(ssl: &mut SslRef, offered: &'a [u8]) -> Result<&'a [u8], AlpnError> {
    let Some(settings) = Settings::of(ssl) else { return Err(AlpnError::ALERT_FATAL) };
    let ours = SslState::of(ssl).and_then(|state| state.alpn()).unwrap_or(&settings.alpn);
    let common = ours.iter().find_map(|ours| entries(offered).find(|theirs| theirs == ours));
    match common {
        Some(protocol) => Ok(protocol),
        None if settings.alpn_required => Err(AlpnError::ALERT_FATAL),
        None => Err(AlpnError::NOACK),
    }
}

/// The protocols of a list as it is sent: each behind a byte with its length. OpenSSL has checked a client's list.
fn entries(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&len, rest) = list.split_first()?;
        let (entry, rest) = rest.split_at_checked(usize::from(len))?;
        list = rest;
        Some(entry)
    })
}

/// The list as it is sent, or what is wrong with it.
pub(crate) fn wire_format(protocols: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Vec<u8>, String> {
    let mut list = Vec::new();
    for protocol in protocols {
        let protocol = protocol.as_ref();
        match u8::try_from(protocol.len()) {
            Ok(0) => return Err("a protocol's name is empty".to_owned()),
            Ok(len) => list.push(len),
            Err(_) => {
                return Err(format!("{:?} is longer than 255 bytes", String::from_utf8_lossy(protocol)));
            }
        }
        list.extend_from_slice(protocol);
    }
    match u16::try_from(list.len()) {
        Ok(_) => Ok(list),
        Err(_) => Err("the names are longer than 65535 bytes in all".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_sent_with_lengths() {
        let list = wire_format(["h2", "http/1.1"]).unwrap();
        assert_eq!(list, b"\x02h2\x08http/1.1");
        assert_eq!(entries(&list).collect::<Vec<_>>(), [&b"h2"[..], b"http/1.1"]);
        assert_eq!(entries(b"\x02h2\x09http").count(), 1);
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        assert_eq!(wire_format([""]).unwrap_err(), "a protocol's name is empty");
        let error = wire_format(["x".repeat(256)]).unwrap_err();
        assert!(error.ends_with("is longer than 255 bytes"), "{error}");
        assert!(wire_format(vec!["x".repeat(255); 256]).is_err());
    }
}
