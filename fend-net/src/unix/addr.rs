//! [`IntoUnixAddr`]: the forms in which an address may be given, and how it is checked and shown.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use socket2::SockAddr;

use crate::error::SocketError;
use crate::socket::unfit;

/// The longest path: `sun_path` has 108 bytes, and the last is the terminating zero.
const MAX_PATH: usize = 107;

/// What [`UnixListener::bind`](super::UnixListener::bind) and [`UnixStream::connect`](super::UnixStream::connect) take: a path, or a
/// [`SocketAddr`], which can be abstract.
///
/// # Examples
///
/// ```
/// use std::os::linux::net::SocketAddrExt;
/// use std::path::Path;
///
/// use fend::net::unix::{IntoUnixAddr, SocketAddr};
///
/// let by_path = "/run/example.sock".into_unix_addr()?;
/// assert_eq!(by_path.as_pathname(), Some(Path::new("/run/example.sock")));
///
/// let by_name = SocketAddr::from_abstract_name("example")?;
/// assert_eq!(by_name.into_unix_addr()?.as_abstract_name(), Some(&b"example"[..]));
///
/// let error = "x".repeat(200).into_unix_addr().unwrap_err();
/// assert!(error.to_string().contains("at most 107"));
/// # std::io::Result::Ok(())
/// ```
pub trait IntoUnixAddr {
    /// The address.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a path that is empty, longer than 107 bytes, or has a zero byte in it.
    fn into_unix_addr(self) -> io::Result<SocketAddr>;
}

fn of_path(path: &Path) -> io::Result<SocketAddr> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() {
        return Err(unfit("\"\": the path is empty"));
    }
    if bytes.len() > MAX_PATH {
        let len = bytes.len();
        let shown = path.display();
        return Err(unfit(format!(
            "{shown}: the path has {len} bytes, a socket's may have at most {MAX_PATH}"
        )));
    }
    if bytes.contains(&0) {
        return Err(unfit(format!(
            "{path:?}: a path has no zero byte; for an abstract name use SocketAddr::from_abstract_name"
        )));
    }
    SocketAddr::from_pathname(path)
}

/// An implementation for each type that is a path.
macro_rules! paths {
    ($($path:ty),+ $(,)?) => {
        $(impl IntoUnixAddr for $path {
            fn into_unix_addr(self) -> io::Result<SocketAddr> {
                of_path(self.as_ref())
            }
        })+
    };
}

paths!(&Path, PathBuf, &PathBuf, &str, String, &String, &OsStr, OsString, &OsString);

impl IntoUnixAddr for SocketAddr {
    fn into_unix_addr(self) -> io::Result<SocketAddr> {
        Ok(self)
    }
}

impl IntoUnixAddr for &SocketAddr {
    fn into_unix_addr(self) -> io::Result<SocketAddr> {
        Ok(self.clone())
    }
}

/// As the kernel takes it.
pub(super) fn to_kernel(address: &SocketAddr) -> io::Result<SockAddr> {
    match (address.as_pathname(), address.as_abstract_name()) {
        (Some(path), _) => SockAddr::unix(path),
        (None, Some(name)) => SockAddr::unix(OsStr::from_bytes(&[b"\0", name].concat())),
        (None, None) => SockAddr::unix(""),
    }
}

/// What getsockname(2) and the like gave.
pub(super) fn from_kernel(address: &SockAddr) -> io::Result<SocketAddr> {
    if address.is_unnamed() {
        Ok(unnamed())
    } else if let Some(name) = address.as_abstract_namespace() {
        SocketAddr::from_abstract_name(name)
    } else if let Some(path) = address.as_pathname() {
        SocketAddr::from_pathname(path)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "not the address of a Unix socket"))
    }
}

/// The address of a peer, which may be of a program that has bound to a path of 108 bytes without a terminating zero: the kernel takes
/// that, [`SocketAddr`] does not. No reason to lose what came from there.
pub(crate) fn of_peer(address: &SockAddr) -> SocketAddr {
    from_kernel(address).unwrap_or_else(|_| unnamed())
}

pub(super) fn unnamed() -> SocketAddr {
    SocketAddr::from_pathname("").expect("the empty path is the unnamed address")
}

/// For messages: the path, or the abstract name behind an `@` as ss(8) and /proc/net/unix show it.
pub(crate) fn shown(address: &SocketAddr) -> String {
    match (address.as_pathname(), address.as_abstract_name()) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(name)) => format!("@{}", name.escape_ascii()),
        (None, None) => "(unnamed)".to_owned(),
    }
}

/// The address given to `operation`, checked, in both forms.
pub(super) fn given(operation: &str, address: impl IntoUnixAddr) -> io::Result<(SocketAddr, SockAddr)> {
    let name_operation = |error: io::Error| io::Error::new(error.kind(), format!("{operation} {error}"));
    let address = address.into_unix_addr().map_err(name_operation)?;
    let for_kernel = to_kernel(&address)?;
    Ok((address, for_kernel))
}

/// Puts `operation` and the address in front of the error.
pub(super) fn failed(operation: &'static str, address: &SocketAddr, error: io::Error) -> io::Error {
    SocketError::wrap(operation, shown(address), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(address: &SocketAddr) -> SocketAddr {
        from_kernel(&to_kernel(address).unwrap()).unwrap()
    }

    #[test]
    fn addresses_survive_the_kernels_form() {
        let longest = "/".to_owned() + &"x".repeat(MAX_PATH - 1);
        for path in ["relative", "/run/a", &longest] {
            let address = path.into_unix_addr().unwrap();
            assert_eq!(there_and_back(&address).as_pathname(), Some(Path::new(path)));
        }
        for name in [&b"name"[..], b"", b"\0two\0zeros\0", &[0xFF; 107]] {
            let address = SocketAddr::from_abstract_name(name).unwrap();
            assert_eq!(there_and_back(&address).as_abstract_name(), Some(name));
        }
        assert!(there_and_back(&unnamed()).is_unnamed());
    }

    #[test]
    fn unfit_paths_are_named() {
        let message = |path: &str| {
            let error = given("bind", path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            error.to_string()
        };
        let long = "x".repeat(MAX_PATH + 1);
        assert_eq!(
            message(&long),
            format!("bind {long}: the path has 108 bytes, a socket's may have at most 107")
        );
        assert_eq!(message(""), "bind \"\": the path is empty");
        assert!(message("a\0b").contains("from_abstract_name"));
    }

    #[test]
    fn addresses_are_shown_as_ss_does() {
        assert_eq!(shown(&"/run/a".into_unix_addr().unwrap()), "/run/a");
        assert_eq!(shown(&SocketAddr::from_abstract_name(b"a\0b").unwrap()), "@a\\x00b");
        assert_eq!(shown(&unnamed()), "(unnamed)");
    }
}
