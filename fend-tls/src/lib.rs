//! TLS for the fend runtime.

mod acceptor;
mod certificate;
mod connector;
mod context;
mod deadline;
mod der;
mod error;
mod host;
mod identity;
mod ocsp;
mod pem;
mod private_key;
mod session;
mod session_cache;
mod state;
mod stream;
mod sync;
#[expect(unsafe_code, reason = "calls of OpenSSL that have no safe form")]
mod sys;
#[cfg(all(test, not(loom)))]
mod testing;
mod unwind;

pub use acceptor::{ServerHandshake, TlsAcceptor, TlsIncoming};
pub use certificate::Certificate;
pub use connector::{ClientHandshake, TlsConnector};
pub use context::{Context, ContextBuilder, Mode, Protocol, Sni, UnknownProtocol, Verify, VerifyInfo};
pub use error::TlsError;
pub use identity::Identity;
/// The crate whose types [`ContextBuilder::options`] and [`ContextBuilder::with_openssl`] take, in the right version.
pub use openssl;
pub use private_key::PrivateKey;
pub use stream::{
    OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, StreamRef, TlsInfo, TlsStream, WriteHalf,
};
