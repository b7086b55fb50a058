//! Commands, one by one, in pipelines, and from several tasks over one connection.

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, ErrorKind, RedisResult, ServerErrorKind};

use super::{Result, connect, over, patient, tls, unix};
use crate::Outcome;
use crate::server::redis::Redis;
use crate::server::unique;

with_server!(
    values_over_tcp,
    values_over_a_unix_socket,
    values_over_tls,
    values_over_a_socket_of_smol,
    a_pipeline_and_a_transaction,
    tasks_share_a_connection,
    an_error_of_the_server_ends_the_command_alone,
);

/// Sets values, of up to a mebibyte, and gets them back.
async fn values(connection: &mut MultiplexedConnection) -> Result<()> {
    let key = unique("value");
    assert_eq!(connection.get::<_, Option<String>>(&key).await?, None);
    for length in [0, 1, 70_000, 1 << 20] {
        let value: Vec<u8> = (0..length).map(|at| (at * 7 + at / 251) as u8).collect();
        connection.set::<_, _, ()>(&key, &value).await?;
        let got: Vec<u8> = connection.get(&key).await?;
        assert!(got == value, "{} bytes for {length}", got.len());
    }
    assert!(connection.del::<_, bool>(&key).await?);
    Ok(())
}

async fn values_over_tcp(server: &'static Redis) -> Outcome {
    let (mut connection, running) = connect(server).await?;
    values(&mut connection).await?;
    // The connection's task ends with the last of its users.
    drop(connection);
    Ok(running.await?)
}

async fn values_over_a_unix_socket(server: &'static Redis) -> Outcome {
    let (mut connection, running) = over(unix(server).await?, patient()).await?;
    values(&mut connection).await?;
    drop(connection);
    Ok(running.await?)
}

async fn values_over_tls(server: &'static Redis) -> Outcome {
    let (mut connection, running) = over(tls(server).await?, patient()).await?;
    values(&mut connection).await?;
    drop(connection);
    Ok(running.await?)
}

/// The crate opens its socket itself, which is async-io's, and runs the connection in smol's executor.
async fn values_over_a_socket_of_smol(server: &'static Redis) -> Outcome {
    let client = redis::Client::open(format!("redis://{}", server.address))?;
    let config = patient().set_connection_timeout(None);
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    values(&mut connection).await
}

async fn a_pipeline_and_a_transaction(server: &'static Redis) -> Outcome {
    let (mut connection, _running) = connect(server).await?;
    let key = unique("counter");
    let mut pipeline = redis::pipe();
    for _ in 0..1_000 {
        pipeline.incr(&key, 1);
    }
    let counts: Vec<usize> = pipeline.query_async(&mut connection).await?;
    assert_eq!(counts, (1..=1_000).collect::<Vec<_>>());
    let (count, is_gone): (usize, bool) =
        redis::pipe().atomic().incr(&key, 1).del(&key).query_async(&mut connection).await?;
    assert_eq!((count, is_gone), (1_001, true));
    Ok(())
}

async fn tasks_share_a_connection(server: &'static Redis) -> Outcome {
    let (connection, _running) = connect(server).await?;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (mut connection, key) = (connection.clone(), unique("task"));
            fend::spawn(async move {
                for turn in 0..50 {
                    connection.set::<_, _, ()>(&key, format!("{task} {turn}")).await?;
                    assert_eq!(connection.get::<_, String>(&key).await?, format!("{task} {turn}"));
                }
                RedisResult::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn an_error_of_the_server_ends_the_command_alone(server: &'static Redis) -> Outcome {
    let (mut connection, _running) = connect(server).await?;
    let key = unique("text");
    connection.set::<_, _, ()>(&key, "no number").await?;
    let error = connection.incr::<_, _, i64>(&key, 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server(ServerErrorKind::ResponseError), "{error}");
    assert_eq!(connection.get::<_, String>(&key).await?, "no number");
    Ok(())
}
