//! Resolvers that know of nothing but the servers of a test, and what they answer.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use fend::dns::{LookupError, Path, RecordData, RecordType, Resolver, ResolverBuilder};

use crate::alone::forks::FORKS;
use crate::lying::{LyingServer, own_loopback};

/// Longer than any test here has to wait for an answer that comes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// For what must be over in no time, on a machine that does much else beside.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// The native path, without any file of the system.
pub(crate) fn builder() -> ResolverBuilder {
    Resolver::builder()
        .path(Path::Native)
        .resolv_conf("/nonexistent/resolv.conf")
        .hosts("/nonexistent/hosts")
        .nsswitch("/nonexistent/nsswitch.conf")
        .search(Vec::<String>::new())
        .timeout(LONG)
        .attempts(1)
}

/// Asks one server, once.
pub(crate) fn resolver(server: &LyingServer) -> Resolver {
    builder().name_server(server.address()).build().expect("good settings")
}

/// The IPv4 addresses of a name, by a question for A alone.
pub(crate) async fn ask(resolver: &Resolver, name: &str) -> Result<Vec<Ipv4Addr>, LookupError> {
    let records = resolver.records(name, RecordType::A).await?;
    let addresses = records.iter().filter_map(|record| match &record.data {
        RecordData::A(address) => Some(*address),
        _ => None,
    });
    Ok(addresses.collect())
}

/// The addresses of a name of both families, sorted by their bytes.
pub(crate) async fn addresses(resolver: &Resolver, name: &str) -> Result<Vec<IpAddr>, LookupError> {
    let list = resolver.lookup(name, 443).await?;
    let mut addresses: Vec<IpAddr> = list.iter().map(|info| info.socket_addr().ip()).collect();
    addresses.sort_unstable();
    Ok(addresses)
}

/// An address at which nobody listens, by UDP or TCP.
pub(crate) fn closed_port() -> SocketAddr {
    // The child of another test would keep it open for a moment.
    let _no_forks = FORKS.read().unwrap_or_else(PoisonError::into_inner);
    let server = LyingServer::start_on(own_loopback(), |_, _| {}).expect("all of 127/8 is ours");
    server.address()
}

/// Runs what must be over soon.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let output = future.await;
    assert!(start.elapsed() < SOON, "it took {:?}", start.elapsed());
    output
}

/// Runs what must go on until `event` has come.
pub(crate) async fn hangs_until<F: Future>(mut lookup: Pin<&mut F>, event: impl Future<Output = ()>) {
    let mut event = pin!(event);
    poll_fn(|cx| {
        assert!(lookup.as_mut().poll(cx).is_pending(), "nothing could end it");
        event.as_mut().poll(cx)
    })
    .await;
}

/// As the tests' I/O.
pub(crate) fn failed(error: LookupError) -> io::Error {
    error.into()
}
