//! A pool of connections: queries, transactions, and what happens when all are taken.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool, Row};

use super::{pool, tcp, unix};
use crate::Outcome;
use crate::server::postgres::Postgres;
use crate::server::unique;

with_server!(
    rows_over_tcp,
    rows_over_a_unix_socket,
    tasks_share_a_pool,
    a_transaction_is_committed_and_another_is_not,
    a_pool_whose_connections_are_all_taken,
    a_wrong_password_is_refused,
);

async fn rows(pool: &PgPool) -> Result<(), sqlx::Error> {
    let query = sqlx::query("select n, repeat('x', n) from generate_series($1, $2) n");
    let rows = query.bind(1_000_i32).bind(1_500_i32).fetch_all(pool).await?;
    assert_eq!(rows.len(), 501);
    for (row, expected) in rows.iter().zip(1_000..) {
        assert_eq!(row.get::<i32, _>(0), expected);
        assert_eq!(row.get::<&str, _>(1).len(), usize::try_from(expected).expect("positive"));
    }
    Ok(())
}

async fn rows_over_tcp(server: &'static Postgres) -> Outcome {
    let pool = pool(tcp(server), 1).await?;
    rows(&pool).await?;
    pool.close().await;
    Ok(())
}

async fn rows_over_a_unix_socket(server: &'static Postgres) -> Outcome {
    let pool = pool(unix(server), 1).await?;
    rows(&pool).await?;
    pool.close().await;
    Ok(())
}

/// More tasks than connections.
async fn tasks_share_a_pool(server: &'static Postgres) -> Outcome {
    let pool = pool(tcp(server), 3).await?;
    let tasks: Vec<_> = (0..12)
        .map(|task: i32| {
            let pool = pool.clone();
            fend::spawn(async move {
                for turn in 0..10 {
                    let query = sqlx::query_scalar("select $1::int + $2::int");
                    let sum: i32 = query.bind(task).bind(turn).fetch_one(&pool).await?;
                    assert_eq!(sum, task + turn);
                }
                Ok::<_, sqlx::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    assert!(pool.size() <= 3);
    pool.close().await;
    Ok(())
}

async fn a_transaction_is_committed_and_another_is_not(server: &'static Postgres) -> Outcome {
    let pool = pool(tcp(server), 2).await?;
    let table = unique("sqlx_numbers");
    pool.execute(sqlx::AssertSqlSafe(format!("create table {table} (number int)"))).await?;
    for (number, commits) in [(1, true), (2, false), (3, true)] {
        let mut transaction = pool.begin().await?;
        let insert = sqlx::AssertSqlSafe(format!("insert into {table} values ($1)"));
        sqlx::query(insert).bind(number).execute(&mut *transaction).await?;
        if commits {
            transaction.commit().await?;
        } else {
            // Dropping it rolls it back.
            drop(transaction);
        }
    }
    let sum = sqlx::AssertSqlSafe(format!("select sum(number) from {table}"));
    assert_eq!(sqlx::query_scalar::<_, i64>(sum).fetch_one(&pool).await?, 4);
    pool.execute(sqlx::AssertSqlSafe(format!("drop table {table}"))).await?;
    pool.close().await;
    Ok(())
}

async fn a_pool_whose_connections_are_all_taken(server: &'static Postgres) -> Outcome {
    let pool = pool(tcp(server), 1).await?;
    let impatient = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(50));
    let impatient = impatient.parent(pool.clone()).connect_lazy_with(tcp(server));
    let taken = pool.acquire().await?;
    let error = impatient.acquire().await.unwrap_err();
    assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error}");
    // Whoever waits gets the connection when it is given back.
    let (waiting, ()) = futures::join!(pool.acquire(), async { drop(taken) });
    let mut connection = waiting?;
    assert_eq!(sqlx::query_scalar::<_, i32>("select 7").fetch_one(&mut *connection).await?, 7);
    drop(connection);
    pool.close().await;
    assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolClosed)));
    Ok(())
}

async fn a_wrong_password_is_refused(server: &'static Postgres) -> Outcome {
    let error = pool(tcp(server).password("another one"), 1).await.unwrap_err();
    let code = error.as_database_error().and_then(|error| error.code());
    assert_eq!(code.as_deref(), Some("28P01"), "{error}");
    Ok(())
}
