//! `openssl s_server -www`, a server of the utmost simplicity: HTTP/1.0, and the end of the connection is the end of its page.

use std::io;

use fend::hyper::{Connector, client_builder};
use http_body_util::{BodyExt, Empty};
use hyper::Version;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;

use crate::command::{is_installed, s_server};
use crate::peers::connector;
use crate::pki::pki;

on_every_dispatcher!(its_page_is_got);

async fn its_page_is_got() -> io::Result<()> {
    if !is_installed("openssl") {
        assert!(std::env::var_os("CI").is_none(), "openssl is not installed");
        eprintln!("skipped: openssl is not installed");
        return Ok(());
    }
    for version in ["-tls1_2", "-tls1_3"] {
        let server = s_server(&pki().localhost, &["-www", version]).await;
        let client: Client<_, Empty<Bytes>> =
            client_builder().build(Connector::new().tls_connector(&connector()?));
        let uri = format!("https://localhost:{}/", server.address.port());
        let response = client.get(uri.parse().expect("a URI")).await.map_err(io::Error::other)?;
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_10));
        let page = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        let page = String::from_utf8_lossy(&page);
        assert!(page.contains("s_server") && page.ends_with("</BODY></HTML>\r\n\r\n"), "{page}");
    }
    Ok(())
}
