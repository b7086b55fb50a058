//! A client of TLS and a server that it believes.

use std::sync::OnceLock;

use fend::tls::{Context, Identity, Mode, TlsAcceptor, TlsConnector};

/// Made once: keys take time.
pub(crate) fn both_ends() -> &'static (TlsConnector, TlsAcceptor) {
    static ENDS: OnceLock<(TlsConnector, TlsAcceptor)> = OnceLock::new();
    ENDS.get_or_init(|| {
        let identity = Identity::self_signed(["localhost"]).expect("a certificate");
        let client =
            Context::builder(Mode::Client).ca(identity.certificate().clone()).build().expect("a context");
        let acceptor = TlsAcceptor::new(identity).expect("a server");
        (TlsConnector::with_context(client).expect("a client"), acceptor)
    })
}
