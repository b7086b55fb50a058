//! Peers that are gone without a word: of that only a timer tells.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use fend::time;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, ConnectionError, Endpoint, TransportConfig, UdpPoller};

use super::ends::{Ends, endpoints};

const IDLE: Duration = Duration::from_secs(30);

on_every_dispatcher!(
    a_client_that_vanishes_is_given_up_after_the_idle_timeout,
    keep_alive_keeps_an_idle_connection,
    a_server_that_is_not_there_is_given_up,
);

/// Nothing comes out of it and nothing is heard on it.
#[derive(Debug)]
struct Void(SocketAddr);

impl AsyncUdpSocket for Void {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Endless)
    }

    fn try_send(&self, _: &Transmit<'_>) -> io::Result<()> {
        Ok(())
    }

    fn poll_recv(
        &self,
        _: &mut Context<'_>,
        _: &mut [IoSliceMut<'_>],
        _: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.0)
    }
}

/// Room for everything.
#[derive(Debug)]
struct Endless;

impl UdpPoller for Endless {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn transport(keep_alive: Option<Duration>) -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(Some(IDLE.try_into().expect("it fits")));
    transport.keep_alive_interval(keep_alive);
    Arc::new(transport)
}

fn cut_off(endpoint: &Endpoint) -> io::Result<()> {
    endpoint.rebind_abstract(Arc::new(Void(endpoint.local_addr()?)))
}

async fn a_client_that_vanishes_is_given_up_after_the_idle_timeout() -> io::Result<()> {
    let ends = Ends::with(transport(None)).await?;
    cut_off(&ends.client)?;
    time::pause();
    let start = time::now();
    assert_eq!(ends.accepted.closed().await, ConnectionError::TimedOut);
    assert!(time::now() - start < 2 * IDLE, "{:?}", time::now() - start);
    assert_eq!(ends.connected.closed().await, ConnectionError::TimedOut);
    Ok(())
}

async fn keep_alive_keeps_an_idle_connection() -> io::Result<()> {
    let ends = Ends::with(transport(Some(IDLE / 3))).await?;
    time::pause();
    let accepted = &ends.accepted;
    time::timeout(20 * IDLE, accepted.closed()).await.expect_err("it is still open");
    // And it is of use.
    ends.connected.open_uni().await?.write_all(b"here").await?;
    assert_eq!(accepted.accept_uni().await?.read_to_end(4).await.map_err(io::Error::other)?, b"here");
    time::resume();
    ends.close().await;
    Ok(())
}

async fn a_server_that_is_not_there_is_given_up() -> io::Result<()> {
    let (server, client) = endpoints(transport(None))?;
    let silent = UdpSocket::bind("127.0.0.1:0")?;
    time::pause();
    let connecting = client.connect(silent.local_addr()?, "localhost").map_err(io::Error::other)?;
    assert_eq!(connecting.await.unwrap_err(), ConnectionError::TimedOut);
    drop(server);
    Ok(())
}
