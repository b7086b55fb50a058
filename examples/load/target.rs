//! What is asked: a URL, taken apart, and the request that is sent to it again and again.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Method, Request, Uri, Version};

use crate::arguments::Value;

pub(crate) type Body = Full<Bytes>;

#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) tls: bool,
    pub(crate) authority: Authority,
    path: PathAndQuery,
}

impl Value for Target {
    fn read(text: &str) -> Result<Target, String> {
        let uri: Uri = text.parse().map_err(|error| format!("no URL: {error}"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("a URL begins with http:// or https://".to_owned()),
        };
        let authority = uri.authority().expect("a URL with a scheme has one");
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err("a URL has a host, and here no user".to_owned());
        }
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        Ok(Target { tls, authority: authority.clone(), path })
    }
}

impl Target {
    pub(crate) fn url(&self) -> Uri {
        let scheme = if self.tls { Scheme::HTTPS } else { Scheme::HTTP };
        Uri::builder()
            .scheme(scheme)
            .authority(self.authority.clone())
            .path_and_query(self.path.clone())
            .build()
            .expect("the parts of a URL make one")
    }

    /// The request, in the form that HTTP/1.1 or HTTP/2 wants.
    pub(crate) fn request(&self, parts: &Parts, version: Version) -> Request<Body> {
        let mut request = Request::new(Full::new(parts.body.clone()));
        *request.method_mut() = parts.method.clone();
        *request.version_mut() = version;
        let fields = request.headers_mut();
        fields.insert(USER_AGENT, HeaderValue::from_static("fend-load"));
        if version == Version::HTTP_2 {
            *request.uri_mut() = self.url();
        } else {
            let host = HeaderValue::try_from(self.authority.as_str()).expect("an authority is plain");
            fields.insert(HOST, host);
            *request.uri_mut() = Uri::from(self.path.clone());
        }
        for name in parts.fields.keys() {
            request.headers_mut().remove(name);
        }
        request.headers_mut().extend(parts.fields.clone());
        request
    }
}

/// What the command line says of the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub(crate) method: Method,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Bytes,
}

/// A header field, as `-H` has it.
#[derive(Debug)]
pub(crate) struct Field(pub(crate) HeaderName, pub(crate) HeaderValue);

impl Value for Field {
    fn read(text: &str) -> Result<Field, String> {
        let (name, value) = text.split_once(':').ok_or("a header field is NAME: VALUE")?;
        let name = name.parse().map_err(|_| "that is no name of a header field")?;
        let value = value.trim().parse().map_err(|_| "that is no value of a header field")?;
        Ok(Field(name, value))
    }
}

impl Value for Method {
    fn read(text: &str) -> Result<Method, String> {
        text.parse().map_err(|_| "that is no method".to_owned())
    }
}
