//! axum without tokio's network: its router served by [`fend::hyper::Server`].

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use fend::hyper::Server;
use fend::hyper::server::Peer;
use fend::net::{ListenerHandle, TcpStream};
use futures::stream;
use tower::ServiceBuilder;
use tower::limit::ConcurrencyLimitLayer;
use tower::util::MapResponseLayer;

use crate::installed::run_client;
use crate::serving::{ask, get as get_1, http2_over, request, text, until_closed};

on_every_dispatcher!(
    routes_and_extractors,
    a_body_is_streamed_both_ways,
    middleware_of_axum_and_tower,
    curl_is_answered,
    its_own_websockets_need_a_tokio_runtime,
);

#[derive(Clone, Default)]
struct Visits(Arc<AtomicU64>);

async fn count(State(Visits(visits)): State<Visits>) -> String {
    format!("visit {}", 1 + visits.fetch_add(1, Ordering::Relaxed))
}

async fn whoami(Extension(peer): Extension<Peer>, headers: HeaderMap) -> String {
    format!("{} {:?}", peer.addr(), headers.get("x-name").and_then(|name| name.to_str().ok()))
}

async fn parts(
    Path((name, number)): Path<(String, u32)>,
    Query(query): Query<Vec<(String, String)>>,
) -> String {
    format!("{name} {number} {query:?}")
}

/// A response of 1000 chunks, each in a frame of its own.
async fn stream_of_chunks() -> Body {
    Body::from_stream(stream::iter((0..1000).map(|number| Ok::<_, Infallible>(format!("{number},")))))
}

async fn websocket(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|_| async {})
}

fn router() -> Router {
    Router::new()
        .route("/count", get(count))
        .route("/whoami", get(whoami))
        .route("/parts/{name}/{number}", get(parts))
        .route("/stream", get(stream_of_chunks))
        .route("/length", post(async |body: Bytes| body.len().to_string()))
        .route("/back", post(async |request: Request| request.into_body()))
        .route("/teapot", get(async || (StatusCode::IM_A_TEAPOT, "short and stout").into_response()))
        .route("/websocket", get(websocket))
        .layer(DefaultBodyLimit::max(16 << 20))
        .with_state(Visits::default())
}

async fn serve(router: Router) -> io::Result<(SocketAddr, ListenerHandle)> {
    let server = Server::bind("127.0.0.1:0").await?;
    let (address, handle) = (server.local_addr()?, server.handle());
    fend::spawn(server.serve_tower(router));
    Ok((address, handle))
}

async fn routes_and_extractors() -> io::Result<()> {
    let (address, _) = serve(router()).await?;
    let stream = TcpStream::connect(address).await?;
    assert_eq!(get_1(&stream, "/count").await?.body, "visit 1");
    assert_eq!(get_1(&stream, "/count").await?.body, "visit 2");
    let answer = get_1(&stream, "/parts/some%20name/7?a=1&b=%C3%A9").await?;
    assert_eq!(answer.body, "some name 7 [(\"a\", \"1\"), (\"b\", \"é\")]");
    let answer = ask(&stream, "GET /whoami HTTP/1.1\r\nhost: localhost\r\nx-name: me\r\n\r\n").await?;
    assert_eq!(answer.body, format!("{} Some(\"me\")", stream.local_addr()?));
    let answer = get_1(&stream, "/teapot").await?;
    assert!(answer.head.starts_with("HTTP/1.1 418 "), "{answer:?}");
    assert!(get_1(&stream, "/parts/x/y").await?.head.starts_with("HTTP/1.1 400 "));
    assert!(get_1(&stream, "/nowhere").await?.head.starts_with("HTTP/1.1 404 "));
    let answer = ask(&stream, "DELETE /count HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    assert!(answer.head.starts_with("HTTP/1.1 405 "), "{answer:?}");

    let (mut sender, _) = http2_over(TcpStream::connect(address).await?).await?;
    let response = sender.send_request(request("/count")).await.map_err(io::Error::other)?;
    assert_eq!(text(response).await?, "visit 3");
    Ok(())
}

async fn a_body_is_streamed_both_ways() -> io::Result<()> {
    const SIZE: usize = 8 << 20;
    let (address, _) = serve(router()).await?;
    let (mut sender, connection) = http2_over(TcpStream::connect(address).await?).await?;
    let response = sender.send_request(request("/stream")).await.map_err(io::Error::other)?;
    let chunks: String = (0..1000).map(|number| format!("{number},")).collect();
    assert_eq!(text(response).await?, chunks);
    for (path, expected) in [("/length", SIZE.to_string()), ("/back", "x".repeat(SIZE))] {
        let body = Bytes::from(vec![b'x'; SIZE]);
        let request = hyper::Request::post(format!("http://localhost{path}")).body(body.into());
        let response = sender.send_request(request.expect("a request")).await.map_err(io::Error::other)?;
        assert!(text(response).await? == expected, "{path}");
    }
    drop(sender);
    connection.await?.map_err(io::Error::other)
}

/// Such as asks for no timer and no socket of tokio's.
async fn middleware_of_axum_and_tower() -> io::Result<()> {
    async fn named(request: Request, next: Next) -> Response {
        let path = request.uri().path().to_owned();
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-path", path.parse().expect("a header"));
        response
    }
    let layers = ServiceBuilder::new()
        .layer(from_fn(named))
        .layer(MapResponseLayer::new(|mut response: Response| {
            response.headers_mut().insert("x-mapped", "yes".parse().expect("a header"));
            response
        }))
        .layer(ConcurrencyLimitLayer::new(1));
    let (address, handle) = serve(router().layer(layers)).await?;
    let clients: Vec<_> = (0..8)
        .map(|_| {
            fend::spawn(async move {
                let stream = TcpStream::connect(address).await?;
                for _ in 0..10 {
                    let answer = get_1(&stream, "/count").await?;
                    assert!(answer.head.contains("x-path: /count\r\n"), "{answer:?}");
                    assert!(answer.head.contains("x-mapped: yes\r\n"), "{answer:?}");
                }
                io::Result::Ok(())
            })
        })
        .collect();
    for client in clients {
        client.await??;
    }
    assert!(get_1(&TcpStream::connect(address).await?, "/count").await?.body == "visit 81");
    assert!(handle.drain(crate::serving::LONG).await.is_clean());
    Ok(())
}

async fn curl_is_answered() -> io::Result<()> {
    let (address, _) = serve(router()).await?;
    let upload = format!("http://{address}/length");
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let body = "x".repeat(50_000);
        let Some((status, said)) =
            run_client("curl", &["-sS", version, "--data-binary", &body, &upload]).await?
        else {
            return Ok(());
        };
        assert!(status.success() && said == "50000", "{version}: {said}");
    }
    Ok(())
}

/// `WebSocketUpgrade::on_upgrade` calls `tokio::spawn`, which panics; `tokio-context` helps, and so does async-tungstenite.
async fn its_own_websockets_need_a_tokio_runtime() -> io::Result<()> {
    let (address, handle) = serve(router()).await?;
    let stream = TcpStream::connect(address).await?;
    let head = "GET /websocket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n";
    let rest = "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.send_all(format!("{head}{rest}").as_bytes()).await?;
    until_closed(&stream).await;
    while handle.metrics().panicked == 0 {
        fend::yield_now().await;
    }
    Ok(())
}
