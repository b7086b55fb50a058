//! Notifications, which come as a stream.

use futures::TryStreamExt;
use sqlx::postgres::PgListener;

use super::{pool, tcp};
use crate::Outcome;
use crate::server::postgres::Postgres;
use crate::server::unique;

with_server!(notifications_come_to_who_listens);

const COUNT: usize = 100;

async fn notifications_come_to_who_listens(server: &'static Postgres) -> Outcome {
    let pool = pool(tcp(server), 2).await?;
    let channel = unique("sqlx_channel");
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(&channel).await?;
    let listening = fend::spawn(async move {
        let mut notifications = listener.into_stream();
        for number in 0..COUNT {
            let notification = notifications.try_next().await?.expect("another one");
            assert_eq!(notification.payload(), format!("number {number}"));
        }
        Ok::<_, sqlx::Error>(())
    });
    for number in 0..COUNT {
        let query = sqlx::query("select pg_notify($1, $2)").bind(&channel).bind(format!("number {number}"));
        query.execute(&pool).await?;
    }
    listening.await??;
    pool.close().await;
    Ok(())
}
