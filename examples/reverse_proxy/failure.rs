//! Why a request was not answered by a server: what the client is told, and what is told of it here.

use std::error::Error;
use std::io;
use std::iter;
use std::time::Duration;

use http::StatusCode;
use hyper_util::client::legacy;

use crate::body::Broken;
use crate::upstreams::Upstream;

/// A status, and a sentence for the client that tells nothing of the servers.
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) sentence: &'static str,
    /// Whether another server can be asked, if the request may be sent twice.
    pub(crate) is_of_server: bool,
    /// For whoever runs the proxy. `None` when that is the client's own doing.
    pub(crate) complaint: Option<String>,
}

impl Failure {
    pub(crate) fn of_client(status: StatusCode, sentence: &'static str) -> Failure {
        Failure { status, sentence, is_of_server: false, complaint: None }
    }

    /// The server has the whole request, and says nothing.
    pub(crate) fn late(upstream: &Upstream, limit: Duration) -> Failure {
        Failure {
            status: StatusCode::GATEWAY_TIMEOUT,
            sentence: "the server behind this one did not answer in time",
            // It may be at work, and the next one would be too.
            is_of_server: false,
            complaint: Some(format!("{upstream}: no response within {limit:?}")),
        }
    }

    /// What has happened to the connection to a server, or to the body on its way there.
    pub(crate) fn of(upstream: &Upstream, error: &legacy::Error) -> Failure {
        let broken = causes(error).find_map(|error| error.downcast_ref::<Broken>());
        match broken {
            Some(Broken::TooLarge) => Failure::too_large(),
            Some(Broken::Stalled(_)) => Failure::of_client(
                StatusCode::REQUEST_TIMEOUT,
                "the body of the request did not come in time",
            ),
            Some(Broken::Http(_)) => {
                Failure::of_client(StatusCode::BAD_REQUEST, "the body of the request has broken off")
            }
            None => Failure::of_server(upstream, error),
        }
    }

    pub(crate) fn too_large() -> Failure {
        Failure::of_client(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body of the request is larger than is taken here",
        )
    }

    fn of_server(upstream: &Upstream, error: &legacy::Error) -> Failure {
        let is_late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        let mut errors = causes(error).filter_map(|error| error.downcast_ref());
        let (status, sentence) = match (error.is_connect(), errors.any(is_late)) {
            (true, true) => {
                (StatusCode::GATEWAY_TIMEOUT, "the server behind this one could not be connected to in time")
            }
            (true, false) => (StatusCode::BAD_GATEWAY, "the server behind this one cannot be connected to"),
            // It has a part of the request, and takes no more of it.
            (false, true) => {
                (StatusCode::GATEWAY_TIMEOUT, "the server behind this one did not take the request in time")
            }
            (false, false) => {
                (StatusCode::BAD_GATEWAY, "the server behind this one has not answered as it should")
            }
        };
        // The outermost says no more than that a request has failed. What a connect says is all that is behind it.
        let most = if error.is_connect() { 1 } else { usize::MAX };
        let reasons: Vec<_> = causes(error).skip(1).take(most).map(ToString::to_string).collect();
        let complaint = Some(format!("{upstream}: {}", reasons.join(": ")));
        Failure { status, sentence, is_of_server: true, complaint }
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}
