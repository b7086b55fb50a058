//! The servers behind the proxy: whose turn it is, and who is left out for a while.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::arguments::Value;

/// One server.
#[derive(Debug)]
pub(crate) struct Upstream {
    scheme: Scheme,
    pub(crate) authority: Authority,
    /// Until when others are asked first.
    down_until: Mutex<Option<Instant>>,
}

impl Upstream {
    /// The URI of a request to it. `None` for a target that is none of a server's, such as that of CONNECT.
    pub(crate) fn uri(&self, target: PathAndQuery) -> Option<Uri> {
        let (scheme, authority) = (self.scheme.clone(), self.authority.clone());
        Uri::builder().scheme(scheme).authority(authority).path_and_query(target).build().ok()
    }

    fn is_down(&self, now: Instant) -> bool {
        let down_until = self.down_until.lock().unwrap_or_else(PoisonError::into_inner);
        down_until.is_some_and(|until| now < until)
    }

    fn set_down(&self, until: Option<Instant>) {
        *self.down_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl Value for Upstream {
    fn read(text: &str) -> Result<Upstream, String> {
        const WANTED: &str = "not a URL of a server, such as http://127.0.0.1:8000";
        let parts = text.parse::<Uri>().map_err(|_| WANTED)?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(WANTED.to_owned());
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err("neither http nor https".to_owned());
        }
        if authority.as_str().contains('@') {
            return Err("a user's name in a URL is not sent".to_owned());
        }
        let has_port = authority.as_str().len() > authority.host().len();
        if authority.host().is_empty() || (has_port && authority.port_u16().is_none_or(|port| port == 0)) {
            return Err(WANTED.to_owned());
        }
        if parts.path_and_query.is_some_and(|path| path != "/") {
            return Err("requests keep their own paths: there can be none here".to_owned());
        }
        Ok(Upstream { scheme, authority, down_until: Mutex::new(None) })
    }
}

/// All of them. Never none.
pub(crate) struct Upstreams {
    all: Vec<Upstream>,
    turn: AtomicUsize,
    cool_down: Duration,
}

impl Upstreams {
    pub(crate) fn new(all: Vec<Upstream>, cool_down: Duration) -> Upstreams {
        Upstreams { all, turn: AtomicUsize::new(0), cool_down }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whom to ask for a request, and whom after that: the one whose turn it is and those behind it, and then those that are left out.
    pub(crate) fn order(&self) -> Vec<&Upstream> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.all.len();
        let now = Instant::now();
        let mut order: Vec<_> = self.all[first..].iter().chain(&self.all[..first]).collect();
        order.sort_by_key(|upstream| upstream.is_down(now));
        order
    }

    /// It could not be connected to.
    pub(crate) fn leave_out(&self, upstream: &Upstream) {
        upstream.set_down(Some(Instant::now() + self.cool_down));
    }

    /// It has answered.
    pub(crate) fn take_back(&self, upstream: &Upstream) {
        upstream.set_down(None);
    }
}
