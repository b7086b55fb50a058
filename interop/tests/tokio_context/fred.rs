//! fred against Debian's Redis.

use std::io;
use std::process::Command;

use fred::clients::Client;
use fred::prelude::{
    Builder, ClientLike, Config, EventInterface, KeysInterface, PubsubInterface, ServerConfig,
};

use crate::program::{Server, is_installed};

async fn client(redis: &Server) -> Result<Client, fred::error::Error> {
    let server = ServerConfig::new_centralized(redis.address.ip().to_string(), redis.address.port());
    let client = Builder::from_config(Config { server, ..Config::default() }).build()?;
    client.init().await?;
    Ok(client)
}

async fn ask(redis: &Server) -> Result<(), fred::error::Error> {
    let (one, other) = (client(redis).await?, client(redis).await?);
    let large = "x".repeat(1 << 20);
    one.set::<(), _, _>("large", large.as_str(), None, None, false).await?;
    assert!(other.get::<String, _>("large").await? == large);

    // Many at once, from several workers.
    let many = (0..100).map(|_| {
        let client = one.clone();
        fend::spawn(async move { client.incr::<i64, _>("count").await })
    });
    for task in many.collect::<Vec<_>>() {
        task.await.expect("no panic")?;
    }
    assert_eq!(other.get::<i64, _>("count").await?, 100);

    let mut messages = other.message_rx();
    other.subscribe("news").await?;
    for n in 0..10 {
        let listeners: i64 = one.publish("news", n).await?;
        assert_eq!(listeners, 1);
        let message = messages.recv().await.expect("a message");
        assert_eq!(message.value.convert::<i64>()?, n);
    }
    one.quit().await?;
    other.quit().await
}

async fn fred_sets_gets_and_subscribes() -> io::Result<()> {
    if !is_installed("redis-server") {
        return Ok(());
    }
    let redis = Server::start(|address, place| {
        let mut command = Command::new("redis-server");
        command.args(["--bind", &address.ip().to_string(), "--port", &address.port().to_string()]);
        command.args(["--save", "", "--appendonly", "no", "--loglevel", "warning", "--dir"]).arg(place);
        Ok(command)
    })
    .await?;
    ask(&redis).await.map_err(io::Error::other)
}

on_every_dispatcher!(fred_sets_gets_and_subscribes);
