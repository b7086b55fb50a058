//! Connections that end too early, and responses that do not come.

use std::time::Duration;

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use super::{Result, connect, over, patient, tcp};
use crate::Outcome;
use crate::server::redis::Redis;
use crate::server::unique;

with_server!(
    a_connection_that_the_server_ends_is_an_error,
    a_connection_whose_task_is_aborted_is_an_error,
    a_response_that_does_not_come_times_out,
);

/// The number by which the server knows the connection.
async fn number(connection: &mut MultiplexedConnection) -> Result<u64> {
    Ok(redis::cmd("CLIENT").arg("ID").query_async(connection).await?)
}

/// Whether the server knows a connection of this number. Asked until it is in the middle of a command that waits, or is gone.
async fn wait_until(observer: &mut MultiplexedConnection, number: u64, is_there: bool) -> Result<()> {
    loop {
        let list: String =
            redis::cmd("CLIENT").arg("LIST").arg("ID").arg(number).query_async(observer).await?;
        if (is_there && list.contains("cmd=blpop")) || (!is_there && list.trim().is_empty()) {
            return Ok(());
        }
    }
}

async fn a_connection_that_the_server_ends_is_an_error(server: &'static Redis) -> Outcome {
    let (mut connection, running) = connect(server).await?;
    let (mut observer, _observing) = connect(server).await?;
    let number = number(&mut connection).await?;
    let mut waiting = connection.clone();
    // Waits without end for something to be in the list.
    let waiting = fend::spawn(async move { waiting.blpop::<_, (String, String)>(unique("list"), 0.0).await });
    wait_until(&mut observer, number, true).await?;
    let killed: usize =
        redis::cmd("CLIENT").arg("KILL").arg("ID").arg(number).query_async(&mut observer).await?;
    assert_eq!(killed, 1);
    let error = waiting.await?.unwrap_err();
    assert!(error.is_connection_dropped(), "{error}");
    running.await?;
    let error = connection.get::<_, Option<String>>("anything").await.unwrap_err();
    assert!(error.is_connection_dropped(), "{error}");
    Ok(())
}

/// The socket is closed with it.
async fn a_connection_whose_task_is_aborted_is_an_error(server: &'static Redis) -> Outcome {
    let (mut connection, running) = connect(server).await?;
    let (mut observer, _observing) = connect(server).await?;
    let number = number(&mut connection).await?;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    let error = connection.get::<_, Option<String>>("anything").await.unwrap_err();
    assert!(error.is_connection_dropped(), "{error}");
    wait_until(&mut observer, number, false).await
}

async fn a_response_that_does_not_come_times_out(server: &'static Redis) -> Outcome {
    let (mut connection, running) = over(tcp(server).await?, patient()).await?;
    connection.set_response_timeout(Duration::from_millis(30));
    let error = connection.blpop::<_, (String, String)>(unique("list"), 0.0).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    // The server still waits for something to be in the list, and so does the connection's task for its response.
    assert!(!running.is_finished());
    running.abort();
    Ok(())
}
