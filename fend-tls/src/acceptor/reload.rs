//! New certificates for a server that runs.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use super::TlsAcceptor;
use crate::error::TlsError;
use crate::identity::Identity;

impl TlsAcceptor {
    /// Reads a chain and a key from files, and uses them from the next handshake on, in all clones. Sessions go on as they are, and session
    /// tickets that were given out are still good.
    ///
    /// The files are read on the calling thread. [`watch`](Self::watch) reads them elsewhere.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or the two do not belong together. The acceptor then keeps what it has.
    pub fn reload(&self, certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<(), TlsError> {
        self.reload_identity(Identity::from_files(certificate, key)?)
    }

    /// Uses this identity from the next handshake on, in all clones.
    ///
    /// # Errors
    ///
    /// When OpenSSL does not take it. The acceptor then keeps what it has.
    pub fn reload_identity(&self, identity: Identity) -> Result<(), TlsError> {
        let _one_at_a_time = self.shared.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let context = self.context().with_identity(identity)?;
        *self.shared.context.write().unwrap_or_else(PoisonError::into_inner) = context;
        Ok(())
    }

    /// Looks at the files every so often, and reloads them when one has changed: when it has another size, time or inode. A pair that does not
    /// fit (one of two files was written so far, say) is tried again at the next look. `on_reload` is told of each reload, and of each
    /// failure once.
    ///
    /// It never ends: spawn it, and abort it when it is no longer wanted.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what has changed is found by the next watch, unless that begins after the change.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// # use fend::tls::TlsAcceptor;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (cert, key) = ("/etc/server/cert.pem", "/etc/server/key.pem");
    /// let acceptor = TlsAcceptor::from_files(cert, key)?;
    /// let watched = acceptor.clone();
    /// fend::spawn(async move {
    ///     let report = |result| match result {
    ///         Ok(()) => println!("new certificate"),
    ///         Err(error) => eprintln!("the old certificate stays: {error}"),
    ///     };
    ///     watched.watch(cert, key, Duration::from_secs(10), report).await
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub async fn watch(
        &self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        every: Duration,
        mut on_reload: impl FnMut(Result<(), TlsError>),
    ) -> Infallible {
        let paths = [certificate.into(), key.into()];
        let mut seen = look(paths.clone()).await;
        let mut told = None;
        loop {
            fend_reactor::time::sleep(every).await;
            let now = look(paths.clone()).await;
            if now == seen {
                continue;
            }
            match reload(self.clone(), paths.clone()).await {
                Ok(()) => {
                    (seen, told) = (now, None);
                    on_reload(Ok(()));
                }
                Err(error) => {
                    // Not seen: it is tried again, and told once.
                    if told.as_ref() != Some(&now) {
                        told = Some(now);
                        on_reload(Err(error));
                    }
                }
            }
        }
    }
}

/// What tells a file from what it was before.
type Mark = Result<(u64, u64, i64, i64, u64), io::ErrorKind>;

async fn look(paths: [PathBuf; 2]) -> [Mark; 2] {
    let mark = |path: &PathBuf| match fs::metadata(path) {
        Ok(data) => Ok((data.dev(), data.ino(), data.mtime(), data.mtime_nsec(), data.size())),
        Err(error) => Err(error.kind()),
    };
    let unread = [Err(io::ErrorKind::Other), Err(io::ErrorKind::Other)];
    // The pool is gone only when the runtime is.
    fend_reactor::spawn_blocking(move || [mark(&paths[0]), mark(&paths[1])]).await.unwrap_or(unread)
}

/// Reads the files and makes the context, which may read the system's roots. Not on a worker's thread.
async fn reload(acceptor: TlsAcceptor, [certificate, key]: [PathBuf; 2]) -> Result<(), TlsError> {
    let reloading = fend_reactor::spawn_blocking(move || acceptor.reload(certificate, key));
    reloading.await.unwrap_or_else(|error| Err(TlsError::io("TLS reload", error.into())))
}
