//! COPY, in which rows go by as a stream, in either direction.

use std::fmt::Write;
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt, TryStreamExt};
use tokio_postgres::Client;

use super::{Result, connect, finish, over, unix};
use crate::Outcome;
use crate::server::postgres::Postgres;

with_server!(
    rows_go_in_and_come_out,
    rows_go_in_and_come_out_over_a_unix_socket,
    who_has_seen_enough_rows_goes_on
);

const ROWS: usize = 50_000;

/// Rows as COPY has them in its text format.
fn rows() -> String {
    let mut text = String::new();
    for row in 0..ROWS {
        writeln!(text, "{row}\trow number {row}").expect("a string takes all");
    }
    text
}

/// Copies rows into a table and out again.
pub(super) async fn in_and_out(client: &Client) -> Result<()> {
    client.batch_execute("create temporary table copied (id int, name text)").await?;
    let text = rows();
    let mut sink = pin!(client.copy_in("copy copied from stdin").await?);
    // In pieces that end anywhere.
    for piece in text.as_bytes().chunks(9_973) {
        sink.send(Bytes::copy_from_slice(piece)).await?;
    }
    assert_eq!(sink.finish().await?, ROWS as u64);
    let sum: i64 = client.query_one("select sum(id) from copied", &[]).await?.get(0);
    assert_eq!(sum, (ROWS * (ROWS - 1) / 2).try_into()?);

    let stream = client.copy_out("copy copied to stdout").await?;
    let copied: BytesMut = stream.try_collect::<Vec<Bytes>>().await?.into_iter().flatten().collect();
    assert!(copied == text.as_bytes(), "{} bytes for {}", copied.len(), text.len());
    Ok(())
}

async fn rows_go_in_and_come_out(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    in_and_out(&client).await?;
    finish(client, connection).await
}

async fn rows_go_in_and_come_out_over_a_unix_socket(server: &'static Postgres) -> Outcome {
    let (client, connection) = over(unix(server).await?).await?;
    let connection = fend::spawn(connection);
    in_and_out(&client).await?;
    finish(client, connection).await
}

/// The stream is dropped after its first piece: the rest is skipped, and the session can be used.
async fn who_has_seen_enough_rows_goes_on(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server).await?;
    let stream = client.copy_out("copy (select * from generate_series(1, 200000)) to stdout").await?;
    assert_eq!(pin!(stream).next().await.expect("a row")?, "1\n");
    assert_eq!(client.query_one("select 7", &[]).await?.get::<_, i32>(0), 7);
    finish(client, connection).await
}
