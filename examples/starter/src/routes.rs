//! What is answered to which request.

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::health::Health;

/// What all requests share.
#[derive(Debug)]
pub struct App {
    pub health: Health,
    /// The largest body of a request that is taken, in bytes.
    pub max_body: usize,
}

impl App {
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let is_head = request.method() == Method::HEAD;
        let response = self.answer_whole(request).await;
        if is_head { without_body(response) } else { response }
    }

    async fn answer_whole<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        self.health.count_request();
        let path = request.uri().path().to_owned();
        match (request.method(), path.as_str()) {
            (&Method::GET | &Method::HEAD, "/") => text(StatusCode::OK, "Hello from fend!\n"),
            (&Method::GET | &Method::HEAD, "/health") => self.health.health(),
            (&Method::GET | &Method::HEAD, "/ready") => self.health.ready(),
            (&Method::POST, "/reverse") => self.reverse(request).await,
            (_, "/" | "/health" | "/ready") => not_allowed("GET, HEAD"),
            (_, "/reverse") => not_allowed("POST"),
            _ => text(StatusCode::NOT_FOUND, format!("there is no {path}\n")),
        }
    }

    /// An example of a request with a body: its letters come back the other way round.
    async fn reverse<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let body = match Limited::new(request.into_body(), self.max_body).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let most = format!("at most {} bytes are taken\n", self.max_body);
                return text(StatusCode::PAYLOAD_TOO_LARGE, most);
            }
            Err(error) => return text(StatusCode::BAD_REQUEST, format!("{error}\n")),
        };
        match std::str::from_utf8(&body) {
            Ok(letters) => text(StatusCode::OK, letters.chars().rev().collect::<String>()),
            Err(error) => text(StatusCode::BAD_REQUEST, format!("the body is not UTF-8: {error}\n")),
        }
    }
}

pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// What HEAD is answered with: with HTTP/2 hyper would send a body that is there.
fn without_body(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response.map(|_| Full::default())
}

fn not_allowed(methods: &'static str) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("only {methods}\n"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks without a network: the status, and the body.
    async fn ask(app: &App, method: Method, path: &str, body: &'static str) -> (u16, String) {
        let mut request = Request::new(Full::new(Bytes::from_static(body.as_bytes())));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().expect("a path");
        let response = app.answer(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[fend::test]
    async fn each_path_has_its_methods() {
        let app = App { health: Health::new(), max_body: 8 };
        assert_eq!(ask(&app, Method::GET, "/", "").await, (200, "Hello from fend!\n".to_owned()));
        assert_eq!(ask(&app, Method::DELETE, "/", "").await.0, 405);
        assert_eq!(ask(&app, Method::GET, "/reverse", "").await.0, 405);
        assert_eq!(ask(&app, Method::GET, "/nowhere", "").await, (404, "there is no /nowhere\n".to_owned()));
        let (status, page) = ask(&app, Method::GET, "/health", "").await;
        assert!(status == 200 && page.ends_with("requests 5\n"), "{page}");
    }

    #[fend::test]
    async fn head_has_the_length_and_not_the_body() {
        let app = App { health: Health::new(), max_body: 8 };
        let request = Request::head("/").body(Full::<Bytes>::default()).expect("a request");
        let response = app.answer(request).await;
        assert_eq!(response.headers()[CONTENT_LENGTH], "17");
        assert!(response.body().is_end_stream());
    }

    #[fend::test]
    async fn bodies_have_a_limit() {
        let app = App { health: Health::new(), max_body: 8 };
        assert_eq!(ask(&app, Method::POST, "/reverse", "begin äb").await.0, 413);
        assert_eq!(ask(&app, Method::POST, "/reverse", "ab äö").await, (200, "öä ba".to_owned()));
    }

    #[fend::test]
    async fn it_is_not_ready_when_it_ends() {
        let app = App { health: Health::new(), max_body: 8 };
        assert_eq!(ask(&app, Method::GET, "/ready", "").await, (200, "ready\n".to_owned()));
        app.health.begin_to_end();
        assert_eq!(ask(&app, Method::GET, "/ready", "").await, (503, "ending\n".to_owned()));
    }
}
