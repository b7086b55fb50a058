//! What is asked: the method, fields and body, and how they are written for a URL.
//!
//! Some fields have a default, which a field of the same name replaces, or takes away.

use std::sync::Arc;

use super::credentials::Credentials;
use super::field::{Field, is_token};
use super::url::Url;

/// Who we are, if nothing else is said.
const USER_AGENT: &str = concat!("fend-http_client/", env!("CARGO_PKG_VERSION"));

/// Fields that the client writes itself: the framing of the message is not to be had in two forms.
const OURS: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    /// Those that were asked for. One without a value takes the default of its name away.
    fields: Vec<(String, Option<Vec<u8>>)>,
    body: Option<Arc<[u8]>>,
    credentials: Option<Credentials>,
}

impl Request {
    pub(crate) fn get() -> Request {
        Request { method: "GET".to_owned(), fields: Vec::new(), body: None, credentials: None }
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    /// # Errors
    ///
    /// What is no method, or one that would make this another protocol.
    pub(crate) fn set_method(&mut self, method: &str) -> Result<(), String> {
        if !is_token(method) {
            return Err("not a method".to_owned());
        }
        if method == "CONNECT" {
            return Err("asks a proxy for a tunnel, which nobody would use here".to_owned());
        }
        method.clone_into(&mut self.method);
        Ok(())
    }

    pub(crate) fn set_credentials(&mut self, credentials: Credentials) {
        self.credentials = Some(credentials);
    }

    pub(crate) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    pub(crate) fn set_body(&mut self, body: Vec<u8>) {
        self.body = Some(body.into());
    }

    /// Takes a field as curl does: `name: value`; `name:` for none, not even the default; `name;` for one that is empty.
    ///
    /// # Errors
    ///
    /// What is no field, or one that only the client itself may write.
    pub(crate) fn add_field(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = match (text.split_once(':'), text.strip_suffix(';')) {
            (Some(_), _) => {
                let Field { name, value } = Field::parse(text.as_bytes())?;
                (name, Some(value).filter(|value| !value.is_empty()))
            }
            (None, Some(name)) if is_token(name) => (name.to_owned(), Some(Vec::new())),
            _ => return Err("not a field, such as \"Name: value\"".to_owned()),
        };
        if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
            return Err(format!("{name} is written by the client itself"));
        }
        self.fields.push((name, value));
        Ok(())
    }

    /// Takes all fields away of which `unwanted` says so.
    pub(super) fn remove_fields(&mut self, unwanted: impl Fn(&str) -> bool) {
        self.fields.retain(|(name, _)| !unwanted(name));
    }

    pub(super) fn remove_credentials(&mut self) {
        self.credentials = None;
    }

    /// Makes it a plain GET, without a body and what described it.
    pub(super) fn become_get(&mut self) {
        "GET".clone_into(&mut self.method);
        self.body = None;
        self.remove_fields(|name| name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-")));
    }

    /// The body, or nothing.
    pub(crate) fn body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }

    /// The head with which it goes to `url`, up to the empty line.
    pub(crate) fn head(&self, url: &Url) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, url.target()).into_bytes();
        for field in self.defaults(url) {
            if !self.fields.iter().any(|(name, _)| field.is(name)) {
                field.write(&mut head);
            }
        }
        for (name, value) in &self.fields {
            if let Some(value) = value {
                Field::new(name, value.clone()).write(&mut head);
            }
        }
        if let Some(length) = self.content_length() {
            Field::new("Content-Length", length.to_string()).write(&mut head);
        }
        Field::new("Connection", "close").write(&mut head);
        head.extend_from_slice(b"\r\n");
        head
    }

    fn defaults(&self, url: &Url) -> Vec<Field> {
        let mut fields = vec![Field::new("Host", url.authority())];
        if let Some(credentials) = &self.credentials {
            fields.push(Field::new("Authorization", credentials.authorization()));
        }
        fields.push(Field::new("User-Agent", USER_AGENT));
        fields.push(Field::new("Accept", "*/*"));
        if self.body.is_some() {
            fields.push(Field::new("Content-Type", "application/x-www-form-urlencoded"));
        }
        fields
    }

    fn content_length(&self) -> Option<usize> {
        match (&self.body, self.method.as_str()) {
            (Some(body), _) => Some(body.len()),
            // A server may wait for a body where the method has one (RFC 9110, section 8.6).
            (None, "POST" | "PUT" | "PATCH") => Some(0),
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(request: &Request, url: &str) -> String {
        String::from_utf8(request.head(&Url::parse(url).unwrap())).unwrap()
    }

    #[test]
    fn the_simplest() {
        let text = format!(
            "GET /a?b HTTP/1.1\r\nHost: h:81\r\nUser-Agent: {USER_AGENT}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(head(&Request::get(), "http://h:81/a?b"), text);
    }

    #[test]
    fn fields_replace_defaults_and_take_them_away() {
        let mut request = Request::get();
        for field in ["host: other", "Accept:", "X-Empty;", "X-Twice: 1", "X-Twice: 2", "user-agent:me"] {
            request.add_field(field).unwrap();
        }
        let text = "GET / HTTP/1.1\r\nhost: other\r\nX-Empty: \r\nX-Twice: 1\r\nX-Twice: 2\r\nuser-agent: me\r\n\
                    Connection: close\r\n\r\n";
        assert_eq!(head(&request, "http://h"), text);
    }

    #[test]
    fn a_body_has_a_length_and_a_type() {
        let mut request = Request::get();
        request.set_method("POST").unwrap();
        assert!(head(&request, "http://h").contains("\r\nContent-Length: 0\r\n"));
        request.set_body(b"a=b".to_vec());
        let text = head(&request, "http://h");
        assert!(text.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"), "{text}");
        assert!(text.contains("\r\nContent-Length: 3\r\n"), "{text}");
        request.add_field("Content-Type: text/plain").unwrap();
        assert_eq!(head(&request, "http://h").matches("Content-Type").count(), 1);
        request.become_get();
        let text = head(&request, "http://h");
        assert!(text.starts_with("GET ") && !text.contains("Content-"), "{text}");
        assert_eq!(request.body(), b"");
    }

    #[test]
    fn credentials_give_way_to_a_field() {
        let mut request = Request::get();
        request.set_credentials(Credentials::of_userinfo(b"Aladdin:open sesame"));
        let text = head(&request, "http://h");
        assert!(text.contains("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{text}");
        request.add_field("Authorization: Bearer x").unwrap();
        let text = head(&request, "http://h");
        assert!(text.contains("\r\nAuthorization: Bearer x\r\n") && !text.contains("Basic"), "{text}");
    }

    #[test]
    fn what_cannot_be_asked() {
        let mut request = Request::get();
        for field in ["", "a", "a b: c", "a: b\r\nc: d", "a\nb;", "Content-Length: 7", "transfer-encoding: x"]
        {
            assert!(request.add_field(field).is_err(), "{field:?}");
        }
        for method in ["", "GET /", "G\r\n", "CONNECT"] {
            assert!(request.set_method(method).is_err(), "{method:?}");
        }
    }
}
