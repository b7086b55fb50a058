//! Taking over the path of a socket that is dead.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use socket2::{Domain, SockAddr, Socket};

/// bind(2), and when the path is taken by the file of a socket that nobody has open any more, in place of that file.
pub(super) fn bind_replacing(socket: &Socket, path: Option<&Path>, address: &SockAddr) -> io::Result<()> {
    match (socket.bind(address), path) {
        (Err(error), Some(path)) if error.kind() == io::ErrorKind::AddrInUse => {
            if !is_dead(socket, path, address)? {
                return Err(error);
            }
            match fs::remove_file(path) {
                // Somebody else has cleaned up.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
            socket.bind(address)
        }
        (outcome, _) => outcome,
    }
}

/// Whether `path` is a socket's file that no socket is bound to. Only `ECONNREFUSED` says so for sure: a full queue, or a socket of
/// another type, is alive.
fn is_dead(socket: &Socket, path: &Path, address: &SockAddr) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(file) if file.file_type().is_socket() => {}
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    }
    let probe = Socket::new(Domain::UNIX, socket.r#type()?.nonblocking(), None)?;
    match probe.connect(address) {
        Err(error) => Ok(error.kind() == io::ErrorKind::ConnectionRefused),
        Ok(()) => Ok(false),
    }
}
