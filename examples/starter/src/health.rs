//! What the service tells of itself, to those who watch it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};

use crate::routes::text;

#[derive(Debug)]
pub struct Health {
    started: Instant,
    requests: AtomicU64,
    ending: AtomicBool,
}

impl Health {
    pub fn new() -> Health {
        Health { started: Instant::now(), requests: AtomicU64::new(0), ending: AtomicBool::new(false) }
    }

    pub fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// From now on `/ready` says no.
    pub fn begin_to_end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    /// `/health`: that somebody answers says that the process works.
    pub fn health(&self) -> Response<Full<Bytes>> {
        let uptime = self.started.elapsed().as_secs();
        let requests = self.requests.load(Ordering::Relaxed);
        text(StatusCode::OK, format!("ok\nuptime {uptime} s\nrequests {requests}\n"))
    }

    /// `/ready`: whether to send requests here. Ask here for what the service needs, such as its database.
    pub fn ready(&self) -> Response<Full<Bytes>> {
        match self.ending.load(Ordering::Relaxed) {
            false => text(StatusCode::OK, "ready\n"),
            true => text(StatusCode::SERVICE_UNAVAILABLE, "ending\n"),
        }
    }
}
