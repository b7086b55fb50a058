//! What all connections share.

use std::time::Duration;

use fend::task::CancellationToken;

use crate::complaints::Complaints;
use crate::rooms::{Limits, Rooms};

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Whose pages may connect beside our own.
    pub(crate) origins: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) connections: usize,
    /// Bytes of a message.
    pub(crate) largest: usize,
    /// Messages of each member in a second.
    pub(crate) rate: usize,
    pub(crate) ping: Duration,
}

pub(crate) struct Chat {
    pub(crate) settings: Settings,
    pub(crate) rooms: Rooms,
    /// Cancelled when the server is told to end.
    pub(crate) ending: CancellationToken,
    /// Who comes and goes: how often is not ours to say.
    pub(crate) log: Complaints,
}

impl Chat {
    pub(crate) fn new(settings: Settings, ending: CancellationToken) -> Chat {
        let rooms = Rooms::new(settings.limits);
        Chat { settings, rooms, ending, log: Complaints::new() }
    }
}
