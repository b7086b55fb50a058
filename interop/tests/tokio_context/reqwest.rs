//! reqwest against `axum::serve` and nginx.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use axum::http::{StatusCode, Version};

use crate::app::{Running, ask, chunks};
use crate::program::{Server, is_installed};

async fn asks_axum_by_http_1_and_2() -> io::Result<()> {
    let server = Running::start().await?;
    let h1 = reqwest::Client::builder().no_proxy().build().expect("a client");
    let h2 = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    ask(&h1, server.address, Version::HTTP_11).await.expect("HTTP/1.1");
    ask(&h2, server.address, Version::HTTP_2).await.expect("HTTP/2");
    // Many at once, from several workers.
    let many = (0..32).map(|n| {
        let (client, url) = (h2.clone(), format!("http://{}/hello/{n}", server.address));
        fend::spawn(async move { client.get(url).send().await?.text().await })
    });
    for (n, task) in many.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(task.await?.expect("an answer"), format!("hello {n}"));
    }
    drop((h1, h2));
    server.end().await
}

/// Its own deadline is a timer of tokio's.
async fn gives_up_in_time() -> io::Result<()> {
    let silent = fend::net::TcpListener::bind("127.0.0.1:0").await?;
    let client =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(20)).build().expect("a client");
    let error = client.get(format!("http://{}/", silent.local_addr()?)).send().await.expect_err("silence");
    assert!(error.is_timeout(), "{error:?}");
    Ok(())
}

async fn asks_nginx_by_http_1_and_2() -> io::Result<()> {
    if !is_installed("nginx") {
        return Ok(());
    }
    for (http2, version) in [("", Version::HTTP_11), ("http2", Version::HTTP_2)] {
        let nginx = Server::start(|address, place| {
            fs::write(place.join("large"), chunks().flatten().collect::<Vec<_>>())?;
            fs::write(place.join("nginx.conf"), configuration(address, http2))?;
            let mut command = Command::new("nginx");
            command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(place);
            command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            Ok(command)
        })
        .await?;
        let mut builder = reqwest::Client::builder().no_proxy();
        if version == Version::HTTP_2 {
            builder = builder.http2_prior_knowledge();
        }
        let client = builder.build().expect("a client");
        let response = client.get(format!("http://{}/large", nginx.address)).send().await.expect("an answer");
        assert_eq!((response.version(), response.status()), (version, StatusCode::OK));
        let body = response.bytes().await.expect("a page");
        assert!(body == chunks().flatten().collect::<Vec<_>>());
        let response = client.get(format!("http://{}/none", nginx.address)).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
    Ok(())
}

fn configuration(address: SocketAddr, http2: &str) -> String {
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr crit;
        events {{ worker_connections 64; }}
        http {{
            access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            server {{ listen {address} {http2}; root .; }}
        }}"
    )
}

on_every_dispatcher!(asks_axum_by_http_1_and_2, gives_up_in_time, asks_nginx_by_http_1_and_2);
