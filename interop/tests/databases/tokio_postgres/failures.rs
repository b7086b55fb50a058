//! Queries that are cancelled, and sessions that end too early, on either side.

use std::time::Duration;

use fend::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{CancelToken, Client, NoTls};

use super::{Result, config, connect, finish, tcp};
use crate::Outcome;
use crate::server::postgres::Postgres;

with_server!(
    a_query_is_cancelled,
    a_query_that_timed_out_is_over_when_it_is_cancelled,
    a_session_that_the_server_ends_is_an_error,
    a_wrong_password_is_refused,
    the_server_sees_a_client_go,
);

/// Longer than any test.
const LONG: &str = "select pg_sleep(600)";

/// The number of the session's process.
async fn process(client: &Client) -> Result<i32> {
    Ok(client.query_one("select pg_backend_pid()", &[]).await?.get(0))
}

/// Asks again and again until the session of `process` is in the middle of a query, or is gone.
async fn wait_until(observer: &Client, process: i32, is_there: bool) -> Result<()> {
    let query = if is_there {
        "select count(*) from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'"
    } else {
        "select 1 - count(*) from pg_stat_activity where pid = $1"
    };
    let statement = observer.prepare(query).await?;
    while observer.query_one(&statement, &[&process]).await?.get::<_, i64>(0) == 0 {}
    Ok(())
}

/// Cancels a query of `client` that is under way; `cancel` sends the request.
pub(super) async fn cancelled_by(
    server: &Postgres,
    client: &Client,
    cancel: impl AsyncFnOnce(CancelToken) -> Result<()>,
) -> Result<()> {
    let (observer, observing) = connect(server).await?;
    let process = process(client).await?;
    let cancelling = async {
        wait_until(&observer, process, true).await?;
        cancel(client.cancel_token()).await
    };
    let (asked, cancelled) = futures::join!(client.simple_query(LONG), cancelling);
    cancelled?;
    let error = asked.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    assert_eq!(client.query_one("select 7", &[]).await?.get::<_, i32>(0), 7);
    finish(observer, observing).await
}

async fn a_query_is_cancelled(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    // The request has a connection of its own.
    let cancel = async |token: CancelToken| Ok(token.cancel_query_raw(tcp(server).await?, NoTls).await?);
    cancelled_by(server, &client, cancel).await?;
    finish(client, connection).await
}

/// Dropping a query's future does not end the query: the next one waits, until the first one is cancelled.
async fn a_query_that_timed_out_is_over_when_it_is_cancelled(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    let (observer, observing) = connect(server).await?;
    let process = process(&client).await?;
    let given_up = timeout(Duration::from_millis(20), client.simple_query(LONG)).await;
    assert!(given_up.is_err());
    wait_until(&observer, process, true).await?;
    let next = client.query_one("select 7", &[]);
    let cancel = async {
        client.cancel_token().cancel_query_raw(tcp(server).await?, NoTls).await?;
        Result::Ok(())
    };
    let (next, cancelled) = futures::join!(next, cancel);
    cancelled?;
    assert_eq!(next?.get::<_, i32>(0), 7);
    finish(observer, observing).await?;
    finish(client, connection).await
}

async fn a_session_that_the_server_ends_is_an_error(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    let (observer, observing) = connect(server).await?;
    let process = process(&client).await?;
    let ending = async {
        wait_until(&observer, process, true).await?;
        let ended: bool = observer.query_one("select pg_terminate_backend($1)", &[&process]).await?.get(0);
        assert!(ended);
        Ok(())
    };
    let (asked, ended): (_, Result<()>) = futures::join!(client.simple_query(LONG), ending);
    ended?;
    let error = asked.unwrap_err();
    let is_told = error.code() == Some(&SqlState::ADMIN_SHUTDOWN);
    assert!(is_told || error.is_closed(), "{error}");
    // Whichever of the two has the server's last words: the session is over.
    let _ = connection.await?;
    assert!(client.is_closed());
    assert!(client.query("select 7", &[]).await.unwrap_err().is_closed());
    finish(observer, observing).await
}

async fn a_wrong_password_is_refused(server: &'static Postgres) -> Outcome {
    let refused = config().password("another one").connect_raw(tcp(server).await?, NoTls).await;
    let error = refused.err().expect("a refusal");
    assert_eq!(error.code(), Some(&SqlState::INVALID_PASSWORD), "{error}");
    Ok(())
}

/// The task that runs the connection is aborted, and its socket is closed with it.
async fn the_server_sees_a_client_go(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    let (observer, observing) = connect(server).await?;
    let process = process(&client).await?;
    connection.abort();
    assert!(connection.await.unwrap_err().is_cancelled());
    wait_until(&observer, process, false).await?;
    assert!(client.query("select 7", &[]).await.unwrap_err().is_closed());
    finish(observer, observing).await
}
