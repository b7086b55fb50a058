//! User and password, as the scheme Basic sends them (RFC 7617).

use std::fmt;

/// `user:password`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials(Vec<u8>);

impl Credentials {
    /// Reads `user:password`; without a colon there is no password.
    pub(crate) fn of_userinfo(userinfo: &[u8]) -> Credentials {
        let mut both = userinfo.to_vec();
        if !both.contains(&b':') {
            both.push(b':');
        }
        Credentials(both)
    }

    /// The value of the field `Authorization`.
    pub(crate) fn authorization(&self) -> String {
        format!("Basic {}", base64(&self.0))
    }
}

/// Shows the user alone.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.0.split(|&byte| byte == b':').next().unwrap_or_default();
        write!(f, "Credentials({:?})", String::from_utf8_lossy(user))
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_every_length() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn the_password_is_sent_and_not_shown() {
        let credentials = Credentials::of_userinfo(b"Aladdin:open sesame");
        assert_eq!(credentials.authorization(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(format!("{credentials:?}"), "Credentials(\"Aladdin\")");
        assert_eq!(Credentials::of_userinfo(b"me"), Credentials::of_userinfo(b"me:"));
    }
}
