//! sqlx with its feature `runtime-smol`, in tasks of fend. It opens its sockets itself: they are async-io's, whose thread waits for them
//! and wakes fend's tasks, and so are its timers; what it spawns runs in smol's global executor.

mod listener;
mod pool;

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};

use crate::server::postgres::{DATABASE, PASSWORD, Postgres, USER};

/// Longer than any test: a pool on a busy machine is not exhausted.
const PATIENCE: Duration = Duration::from_secs(600);

fn tcp(server: &Postgres) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass();
    let options = options.host("127.0.0.1").port(server.address.port());
    options.username(USER).password(PASSWORD).database(DATABASE).ssl_mode(PgSslMode::Disable)
}

fn unix(server: &Postgres) -> PgConnectOptions {
    tcp(server).socket(&server.directory)
}

async fn pool(options: PgConnectOptions, connections: u32) -> Result<PgPool, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    pool.connect_with(options).await
}
