//! A client and a server of quinn's, connected.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;

use bytes::Bytes;
use fend::tls::{Certificate, Identity};
use interop::quinn_runtime::FendRuntime;
use quinn::rustls::RootCertStore;
use quinn::rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use quinn::{
    ApplicationClose, ClientConfig, Connection, ConnectionError, Endpoint, EndpointConfig, ServerConfig,
};
use quinn::{TransportConfig, VarInt};

/// The server's endpoint has no handle left: it serves its connection to the end.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) client: Endpoint,
    pub(super) accepted: Connection,
    pub(super) connected: Connection,
}

impl Ends {
    pub(super) async fn new() -> io::Result<Ends> {
        Ends::with(transport()).await
    }

    pub(super) async fn with(transport: Arc<TransportConfig>) -> io::Result<Ends> {
        let (server, client) = endpoints(transport)?;
        let connecting = client.connect(server.local_addr()?, "localhost").map_err(io::Error::other)?;
        let accepting = async { server.accept().await.expect("it is open").await };
        let (connected, accepted) = futures::try_join!(connecting, accepting)?;
        Ok(Ends { client, accepted, connected })
    }

    /// Closes the connection from the client's end, and waits until the server has heard of it.
    pub(super) async fn close(self) {
        self.connected.close(VarInt::from_u32(5), b"done");
        let closed = ConnectionError::ApplicationClosed(ApplicationClose {
            error_code: VarInt::from_u32(5),
            reason: Bytes::from_static(b"done"),
        });
        assert_eq!(self.accepted.closed().await, closed);
    }
}

/// What holds without being told: it is for tests to change.
pub(super) fn transport() -> Arc<TransportConfig> {
    Arc::new(TransportConfig::default())
}

/// Not connected yet; the client trusts the server.
pub(super) fn endpoints(transport: Arc<TransportConfig>) -> io::Result<(Endpoint, Endpoint)> {
    let identity = Identity::self_signed(["localhost"]).map_err(io::Error::other)?;
    let server = endpoint(Some(server_config(&identity, transport.clone())))?;
    let mut client = endpoint(None)?;
    client.set_default_client_config(client_config(identity.certificate(), transport));
    Ok((server, client))
}

fn endpoint(config: Option<ServerConfig>) -> io::Result<Endpoint> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    Endpoint::new(EndpointConfig::default(), config, socket, Arc::new(FendRuntime))
}

fn server_config(identity: &Identity, transport: Arc<TransportConfig>) -> ServerConfig {
    let key = PrivateKeyDer::from_pem_slice(&identity.key().to_pem()).expect("a key");
    let chain = vec![identity.certificate().to_der().into()];
    let mut config = ServerConfig::with_single_cert(chain, key).expect("a pair");
    config.transport_config(transport);
    config
}

/// A client that trusts `root`.
pub(super) fn client_config(root: &Certificate, transport: Arc<TransportConfig>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(root.to_der().into()).expect("a root");
    let mut config = ClientConfig::with_root_certificates(Arc::new(roots)).expect("a version of TLS");
    config.transport_config(transport);
    config
}

/// Of nobody here.
pub(super) fn certificate() -> Certificate {
    Identity::self_signed(["localhost"]).expect("a certificate").certificate().clone()
}
