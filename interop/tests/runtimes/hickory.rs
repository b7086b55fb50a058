//! hickory's resolver on fend, asking dnsmasq, and a server that says nothing.

mod dnsmasq;

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use fend::time;
use futures::future::join_all;
use hickory_resolver::Resolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{RData, RecordType};
use interop::hickory_provider::FendProvider;
use socket2::{Domain, Socket, Type};

use dnsmasq::Dnsmasq;

on_every_dispatcher!(
    addresses_and_aliases,
    what_is_too_long_for_a_datagram_comes_by_tcp,
    by_tcp_alone,
    names_that_do_not_exist,
    many_at_once,
    a_silent_server_is_given_up_in_time,
    a_server_that_does_not_listen,
);

type FendResolver = Resolver<FendProvider>;

/// One that asks `server` alone, and keeps nothing.
fn resolver(server: SocketAddr, connect: fn(IpAddr) -> NameServerConfig) -> FendResolver {
    let mut server_config = connect(server.ip());
    for connection in &mut server_config.connections {
        connection.port = server.port();
    }
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server_config]);
    let mut builder = Resolver::builder_with_config(config, FendProvider);
    let options = builder.options_mut();
    options.cache_size = 0;
    options.timeout = Duration::from_secs(20);
    options.attempts = 1;
    builder.build().expect("a resolver")
}

async fn addresses(resolver: &FendResolver, name: &str) -> io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<_> = resolver.lookup_ip(name).await.map_err(io::Error::other)?.iter().collect();
    addresses.sort();
    Ok(addresses)
}

async fn addresses_and_aliases() -> io::Result<()> {
    let Some(server) = Dnsmasq::start().await else { return Ok(()) };
    let resolver = resolver(server.address(), NameServerConfig::udp_and_tcp);
    let both: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
    assert_eq!(addresses(&resolver, "host.masq.test.").await?, both);
    assert_eq!(addresses(&resolver, "alias.masq.test.").await?, both);

    let mail = resolver.mx_lookup("masq.test.").await.map_err(io::Error::other)?;
    let RData::MX(exchange) = &mail.answers()[0].data else { panic!("{mail:?}") };
    assert_eq!((exchange.preference, exchange.exchange.to_ascii()), (7, "host.masq.test.".into()));
    Ok(())
}

/// Longer than a datagram that the resolver takes.
async fn all_of_the_long_answer(resolver: &FendResolver) -> io::Result<()> {
    let found = resolver.txt_lookup("long.masq.test.").await.map_err(io::Error::other)?;
    let count = found.answers().iter().filter(|record| record.record_type() == RecordType::TXT).count();
    assert_eq!(count, dnsmasq::LONG);
    Ok(())
}

async fn what_is_too_long_for_a_datagram_comes_by_tcp() -> io::Result<()> {
    let Some(server) = Dnsmasq::start().await else { return Ok(()) };
    all_of_the_long_answer(&resolver(server.address(), NameServerConfig::udp_and_tcp)).await?;
    // Where it may not come so, it does not come.
    let by_datagram = resolver(server.address(), NameServerConfig::udp);
    let truncated = by_datagram.txt_lookup("long.masq.test.").await;
    let complete = truncated.is_ok_and(|found| found.answers().len() == dnsmasq::LONG);
    assert!(!complete, "it has come in a datagram");
    Ok(())
}

async fn by_tcp_alone() -> io::Result<()> {
    let Some(server) = Dnsmasq::start().await else { return Ok(()) };
    let resolver = resolver(server.address(), NameServerConfig::tcp);
    assert_eq!(addresses(&resolver, "host.masq.test.").await?.len(), 2);
    all_of_the_long_answer(&resolver).await
}

async fn names_that_do_not_exist() -> io::Result<()> {
    let Some(server) = Dnsmasq::start().await else { return Ok(()) };
    let resolver = resolver(server.address(), NameServerConfig::udp_and_tcp);
    let error = resolver.lookup_ip("none.masq.test.").await.unwrap_err();
    assert!(error.is_nx_domain(), "{error}");
    // The name is there, records of this type are not.
    let error = resolver.lookup("host.masq.test.", RecordType::SRV).await.unwrap_err();
    assert!(error.is_no_records_found() && !error.is_nx_domain(), "{error}");
    Ok(())
}

async fn many_at_once() -> io::Result<()> {
    let Some(server) = Dnsmasq::start().await else { return Ok(()) };
    let resolver = resolver(server.address(), NameServerConfig::udp_and_tcp);
    let lookups = (0..50).map(|_| addresses(&resolver, "host.masq.test."));
    for found in join_all(lookups).await {
        assert_eq!(found?.len(), 2);
    }
    Ok(())
}

async fn a_silent_server_is_given_up_in_time() -> io::Result<()> {
    let silent = UdpSocket::bind("127.0.0.1:0")?;
    let resolver = resolver(silent.local_addr()?, NameServerConfig::udp);
    time::pause();
    let start = time::now();
    let error = resolver.lookup("host.masq.test.", RecordType::A).await.unwrap_err();
    assert!(matches!(error, NetError::Timeout), "{error:?}");
    let waited = time::now() - start;
    assert!(waited >= Duration::from_secs(20) && waited < Duration::from_secs(120), "{waited:?}");
    // It was asked.
    silent.set_nonblocking(true)?;
    assert!(silent.recv(&mut [0; 512])? > 12);
    Ok(())
}

async fn a_server_that_does_not_listen() -> io::Result<()> {
    // The port is taken, so that nobody else listens there, nor is it the client's own.
    let taken = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    taken.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    let address = taken.local_addr()?.as_socket().expect("an IP address");
    let resolver = resolver(address, NameServerConfig::tcp);
    let error = resolver.lookup("host.masq.test.", RecordType::A).await.unwrap_err();
    assert!(!matches!(error, NetError::Timeout | NetError::Dns(DnsError::NoRecordsFound(_))), "{error:?}");
    Ok(())
}
