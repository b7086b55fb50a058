//! Queries, plain, prepared and in a row, and transactions.

use std::sync::Arc;

use futures::future::try_join_all;
use tokio_postgres::error::SqlState;

use super::{connect, finish, over, unix};
use crate::Outcome;
use crate::server::postgres::Postgres;

with_server!(
    rows_of_a_query_with_parameters,
    a_prepared_statement_is_used_again,
    a_transaction_is_committed_and_another_is_not,
    queries_are_sent_before_the_answers_come,
    tasks_share_a_client,
    an_error_of_the_server_ends_the_query_alone,
    a_session_over_a_unix_socket,
);

async fn rows_of_a_query_with_parameters(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    let rows = client
        .query("select n, 'number ' || n from generate_series($1::int, $2::int) n", &[&3, &1_002])
        .await?;
    assert_eq!(rows.len(), 1_000);
    for (row, expected) in rows.iter().zip(3_i32..) {
        assert_eq!(row.get::<_, i32>(0), expected);
        assert_eq!(row.get::<_, &str>(1), format!("number {expected}"));
    }
    finish(client, connection).await
}

async fn a_prepared_statement_is_used_again(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    let statement = client.prepare("select length($1::text), $1::text").await?;
    // The longest are many times what a socket takes at once.
    for length in [0, 1, 100_000, 3_000_000] {
        let text = "abcde".repeat(length / 5 + 1).split_off(5 - length % 5);
        let row = client.query_one(&statement, &[&text]).await?;
        assert_eq!(usize::try_from(row.get::<_, i32>(0))?, text.len());
        assert!(row.get::<_, &str>(1) == text, "{length} letters");
    }
    finish(client, connection).await
}

async fn a_transaction_is_committed_and_another_is_not(server: &'static Postgres) -> Outcome {
    let (mut client, connection) = connect(server).await?;
    client.batch_execute("create temporary table numbers (number int)").await?;
    for (number, commits) in [(1, true), (2, false), (3, true)] {
        let transaction = client.transaction().await?;
        transaction.execute("insert into numbers values ($1)", &[&number]).await?;
        if commits {
            transaction.commit().await?;
        } else {
            // Dropping it rolls it back.
            drop(transaction);
        }
    }
    let sum: i64 = client.query_one("select sum(number) from numbers", &[]).await?.get(0);
    assert_eq!(sum, 4);
    finish(client, connection).await
}

async fn queries_are_sent_before_the_answers_come(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    let statement = client.prepare("select $1::int * 2").await?;
    let (client, statement) = (&client, &statement);
    let queries = (0..500).map(async |number: i32| client.query_one(statement, &[&number]).await);
    let rows = try_join_all(queries).await?;
    let numbers: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(numbers, (0..500).map(|number| number * 2).collect::<Vec<_>>());
    connection.abort();
    Ok(())
}

async fn tasks_share_a_client(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    let client = Arc::new(client);
    let tasks: Vec<_> = (0..8)
        .map(|task: i32| {
            let client = client.clone();
            fend::spawn(async move {
                for turn in 0..20 {
                    let row = client.query_one("select $1::int + $2::int", &[&task, &turn]).await?;
                    assert_eq!(row.get::<_, i32>(0), task + turn);
                }
                Ok::<_, tokio_postgres::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    finish(Arc::into_inner(client).expect("the tasks are over"), connection).await
}

async fn an_error_of_the_server_ends_the_query_alone(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    let error = client.query("select 1 / $1::int", &[&0]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO), "{error}");
    let error = client.query("select nonsense", &[]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::UNDEFINED_COLUMN), "{error}");
    assert_eq!(client.query_one("select 7", &[]).await?.get::<_, i32>(0), 7);
    finish(client, connection).await
}

async fn a_session_over_a_unix_socket(server: &'static Postgres) -> Outcome {
    let (client, connection) = over(unix(server).await?).await?;
    let connection = fend::spawn(connection);
    let text = client.query_one("select repeat('x', 1000000), inet_client_addr()", &[]).await?;
    assert_eq!(text.get::<_, &str>(0).len(), 1_000_000);
    assert!(text.try_get::<_, Option<std::net::IpAddr>>(1)?.is_none(), "no address");
    finish(client, connection).await
}
