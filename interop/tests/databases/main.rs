//! Clients of databases, in tasks of fend, against the real servers: PostgreSQL and Redis.
//!
//! The servers are started once for all tests of this program, and end with it (see [`server`]).

#[macro_use]
#[path = "../../../tests/support/mod.rs"]
mod support;
#[path = "../../../tests/tls/place.rs"]
mod place;
#[macro_use]
mod server;

mod redis;
mod sqlx;
mod tokio_postgres;

/// Of a test: whatever went wrong.
type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;
