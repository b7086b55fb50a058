//! nginx as the server: HTTP/1.1 and HTTP/2 of somebody else.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use fend::hyper::{Connector, client_builder};
use futures::future::try_join_all;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response, Version};
use hyper_util::client::legacy::Client;

use crate::command::{Program, is_installed};
use crate::free_port::free_port;
use crate::noise::{Noise, check};
use crate::pki::pki;
use crate::place::Place;

on_every_dispatcher!(large_pages, large_requests, many_at_once);

/// How many bytes its page "/large" has, and the largest request.
const LARGE: usize = 3_000_001;

/// It runs as long as this is there, and listens with TLS, and without at the next address.
struct Nginx {
    tls: SocketAddr,
    plain: SocketAddr,
    _program: Program,
    _place: Place,
}

impl Nginx {
    /// `None` when it is not installed.
    async fn start() -> io::Result<Option<Nginx>> {
        if !is_installed("nginx") {
            assert!(std::env::var_os("CI").is_none(), "nginx is not installed");
            eprintln!("skipped: nginx is not installed");
            return Ok(None);
        }
        // It cannot be told to let the kernel choose the ports, and another program may be quicker.
        for _ in 0..20 {
            if let Some(nginx) = Nginx::start_on(free_port(), free_port()).await? {
                return Ok(Some(nginx));
            }
        }
        panic!("nginx finds no port");
    }

    async fn start_on(tls: SocketAddr, plain: SocketAddr) -> io::Result<Option<Nginx>> {
        let place = Place::new();
        pki().localhost.files(&place, "server");
        let pages = place.path().join("pages");
        std::fs::create_dir(&pages)?;
        let noise = Noise::sized(LARGE).collect().await.expect("noise never fails").to_bytes();
        std::fs::write(pages.join("large"), noise)?;
        let configuration = place.write("nginx.conf", configuration(tls, plain));
        let mut command = Command::new("nginx");
        command.args(["-e", "stderr", "-c", &configuration, "-p"]).arg(place.path());
        let nginx = Nginx { tls, plain, _program: Program::start(&mut command), _place: place };
        Ok(nginx.is_up().await.then_some(nginx))
    }

    /// Waits until it accepts. `false` when it has ended.
    async fn is_up(&self) -> bool {
        loop {
            if self._program.has_ended() {
                return false;
            }
            if TcpStream::connect(self.tls).is_ok() && TcpStream::connect(self.plain).is_ok() {
                return !self._program.has_ended();
            }
            fend::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Where it is, and which HTTP it then speaks.
    fn places(&self) -> [(String, Version); 2] {
        [
            (format!("http://{}", self.plain), Version::HTTP_11),
            (format!("https://server.test:{}", self.tls.port()), Version::HTTP_2),
        ]
    }
}

fn configuration(tls: SocketAddr, plain: SocketAddr) -> String {
    format!(
        "daemon off;
        master_process off;
        pid nginx.pid;
        error_log stderr crit;
        events {{ worker_connections 128; }}
        http {{
            access_log off;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            client_max_body_size 16m;
            default_type text/plain;
            server {{
                listen {tls} ssl http2;
                listen {plain};
                root pages;
                ssl_certificate server.pem;
                ssl_certificate_key server.key;
                location = /drain {{ proxy_pass http://{plain}/length; }}
                location = /length {{ return 200 \"$http_content_length\"; }}
            }}
        }}
        "
    )
}

/// A client that knows the root, and whose `server.test` is nginx.
fn client(nginx: &Nginx) -> io::Result<(Client<Connector, Noise>, crate::zone::Zone)> {
    let zone = crate::zone::Zone::new(&format!("{} server.test\n", nginx.tls.ip()), "")?;
    let resolver = zone.resolver(SocketAddr::from(([127, 0, 0, 1], 9)))?;
    // Its certificate is for localhost.
    let context = crate::peers::trusting().danger_accept_invalid_hostnames().build()?;
    let tls = fend::tls::TlsConnector::with_context(context)?;
    Ok((client_builder().build(Connector::new().resolver(&resolver).tls_connector(&tls)), zone))
}

async fn send(
    client: &Client<Connector, Noise>,
    method: &str,
    uri: String,
    body: usize,
) -> io::Result<Response<Incoming>> {
    let request = Request::builder().method(method).uri(uri).body(Noise::sized(body)).expect("a request");
    let response = client.request(request).await.map_err(io::Error::other)?;
    assert_eq!(response.status(), 200);
    Ok(response)
}

async fn large_pages() -> io::Result<()> {
    let Some(nginx) = Nginx::start().await? else { return Ok(()) };
    let (client, _zone) = client(&nginx)?;
    for (place, version) in nginx.places() {
        let response = send(&client, "GET", format!("{place}/large"), 0).await?;
        assert_eq!(response.version(), version);
        assert_eq!(check(response.into_body()).await?.0, LARGE);
    }
    Ok(())
}

/// It reads all of it before it asks itself how much it was.
async fn large_requests() -> io::Result<()> {
    let Some(nginx) = Nginx::start().await? else { return Ok(()) };
    let (client, _zone) = client(&nginx)?;
    for (place, _) in nginx.places() {
        let response = send(&client, "POST", format!("{place}/drain"), LARGE).await?;
        let told = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        assert_eq!(told, LARGE.to_string());
    }
    Ok(())
}

async fn many_at_once() -> io::Result<()> {
    let Some(nginx) = Nginx::start().await? else { return Ok(()) };
    let (client, _zone) = client(&nginx)?;
    for (place, _) in nginx.places() {
        let many = (0..20).map(async |_| {
            let response = send(&client, "GET", format!("{place}/large"), 0).await?;
            check(response.into_body()).await
        });
        assert!(try_join_all(many).await?.iter().all(|(len, _)| *len == LARGE));
    }
    Ok(())
}
