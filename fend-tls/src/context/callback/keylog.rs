//! The secrets of a session, for those who look into recorded traffic: the NSS key log format, a line for each secret.

use std::io::Write;

use openssl::ssl::SslRef;

use super::guard;
use crate::context::Settings;
use crate::state::SslState;

pub(in crate::context) fn on_line(ssl: &SslRef, line: &str) {
    let (Some(settings), Some(state)) = (Settings::of(ssl), SslState::of(ssl)) else { return };
    if let Some(file) = &settings.keylog_file {
        // One write, so that the lines of several programs that append to it do not mix. Nobody can be told of a full disk here, and
        // the session is no worse for it.
        let _ = (&**file).write_all(format!("{line}\n").as_bytes());
    }
    for callback in &settings.keylog {
        // There is no result through which to refuse: the handshake looks for the panic.
        let _: Option<()> = guard(state, || callback(line));
    }
}
