//! What is known of the peer and of the session.

use std::fmt;
use std::io;

use openssl::error::ErrorStack;
use openssl::ssl::{NameType, SslRef};
use openssl::stack::StackRef;
use openssl::x509::{X509, X509VerifyResult};

use super::TlsStream;
use crate::context::Protocol;
use crate::error::TlsError;
use crate::session::Session;
use crate::state::SslState;
use crate::{Certificate, sys};

/// The plain facts of a session; made by [`TlsStream::info`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The version of the protocol.
    pub protocol: Protocol,
    /// The cipher suite, by its name in the standards: "TLS_AES_256_GCM_SHA384".
    pub cipher: &'static str,
    /// The application protocol that both sides agreed on, such as `h2`.
    pub alpn: Option<Vec<u8>>,
    /// The host name that the client asked for (SNI).
    pub server_name: Option<String>,
    /// The session goes on with the keys and the certificates of an earlier one.
    pub resumed: bool,
    /// The subject of the peer's certificate.
    pub peer: Option<String>,
    /// What is wrong with the peer's certificate, and was let pass by an opt-out of the context.
    pub verify_error: Option<String>,
}

/// As derived, but for the application protocol, which is text in practice: `Some("h2")` in place of `Some([104, 50])`.
impl fmt::Debug for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TlsInfo { protocol, cipher, alpn, server_name, resumed, peer, verify_error } = self;
        f.debug_struct("TlsInfo")
            .field("protocol", protocol)
            .field("cipher", cipher)
            .field("alpn", &alpn.as_deref().map(String::from_utf8_lossy))
            .field("server_name", server_name)
            .field("resumed", resumed)
            .field("peer", peer)
            .field("verify_error", verify_error)
            .finish()
    }
}

pub(super) fn of<S>(session: &Session<S>) -> TlsInfo {
    let ssl = session.ssl();
    TlsInfo {
        protocol: protocol(ssl),
        cipher: cipher(ssl),
        alpn: alpn(ssl),
        server_name: server_name(ssl),
        resumed: ssl.session_reused(),
        peer: peer_certificate(ssl).map(|certificate| certificate.subject()),
        verify_error: verify_error(ssl),
    }
}

fn protocol(ssl: &SslRef) -> Protocol {
    ssl.version2()
        .and_then(Protocol::from_openssl)
        .expect("a session has shaken hands with a version that we asked for")
}

fn cipher(ssl: &SslRef) -> &'static str {
    let cipher = ssl.current_cipher().expect("a session has shaken hands");
    cipher.standard_name().unwrap_or_else(|| cipher.name())
}

fn alpn(ssl: &SslRef) -> Option<Vec<u8>> {
    ssl.selected_alpn_protocol().map(<[u8]>::to_vec)
}

fn server_name(ssl: &SslRef) -> Option<String> {
    // OpenSSL has taken only what is a name.
    ssl.servername(NameType::HOST_NAME).map(str::to_owned)
}

fn peer_certificate(ssl: &SslRef) -> Option<Certificate> {
    ssl.peer_certificate().map(Certificate::from)
}

fn verify_error(ssl: &SslRef) -> Option<String> {
    let passed = SslState::of(ssl).and_then(|state| state.passed());
    // Of a resumed session OpenSSL remembers what there was in the first place.
    passed.or_else(|| match ssl.verify_result() {
        X509VerifyResult::OK => None,
        result => Some(result.error_string().to_owned()),
    })
}

fn certificates(stack: Option<&StackRef<X509>>) -> Vec<Certificate> {
    stack.into_iter().flatten().map(|certificate| Certificate::from(certificate.to_owned())).collect()
}

/// The longest `Finished` message: a hash of SHA-512.
const LONGEST_FINISHED: usize = 64;

impl<S> TlsStream<S> {
    /// All plain facts at once, for a log.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn log(tls: &fend::tls::TlsStream<fend::net::TcpStream>) {
    /// let info = tls.info();
    /// println!("{} {} resumed: {}", info.protocol, info.cipher, info.resumed);
    /// # }
    /// ```
    pub fn info(&self) -> TlsInfo {
        of(&self.session.lock())
    }

    /// The version of the protocol.
    pub fn protocol(&self) -> Protocol {
        self.of_ssl(protocol)
    }

    /// The cipher suite, by its name in the standards: "TLS_AES_256_GCM_SHA384".
    pub fn cipher(&self) -> &'static str {
        self.of_ssl(cipher)
    }

    /// The application protocol that both sides agreed on (ALPN, RFC 7301).
    pub fn alpn(&self) -> Option<Vec<u8>> {
        self.of_ssl(alpn)
    }

    /// The host name that the client asked for (SNI, RFC 6066). In a session that was resumed with TLS 1.2, the one of then.
    pub fn server_name(&self) -> Option<String> {
        self.of_ssl(server_name)
    }

    /// Whether the session goes on with the keys and the certificates of an earlier one.
    pub fn is_resumed(&self) -> bool {
        self.of_ssl(SslRef::session_reused)
    }

    /// The peer's own certificate: a server's always, a client's when the context has asked for one and it had one.
    pub fn peer_certificate(&self) -> Option<Certificate> {
        self.of_ssl(peer_certificate)
    }

    /// The certificates that the peer has sent, its own first. Empty in a resumed session on some versions of OpenSSL.
    pub fn peer_chain(&self) -> Vec<Certificate> {
        self.of_ssl(|ssl| {
            let mut chain = certificates(ssl.peer_cert_chain());
            // Of a client, OpenSSL leaves out the first.
            if ssl.is_server() {
                chain.splice(0..0, peer_certificate(ssl));
            }
            chain
        })
    }

    /// The chain from the peer's own certificate to the one that is trusted. Empty when nothing was verified, as in a resumed session.
    pub fn verified_chain(&self) -> Vec<Certificate> {
        self.of_ssl(|ssl| certificates(ssl.verified_chain()))
    }

    /// What is wrong with the peer's certificate, and was let pass by an opt-out of the context (its `danger_` methods, or a
    /// callback). `None` for a certificate that is in order. In a resumed session it is what was wrong when that began.
    pub fn verify_error(&self) -> Option<String> {
        self.of_ssl(verify_error)
    }

    /// The OCSP response that the server has stapled, in DER (RFC 6960).
    pub fn ocsp_response(&self) -> Option<Vec<u8>> {
        self.of_ssl(|ssl| ssl.ocsp_status().map(<[u8]>::to_vec))
    }

    /// The channel binding `tls-unique` (RFC 5929): the first `Finished` message of the handshake, the same on both sides. `None` in
    /// TLS 1.3, for which it is not defined: use [`export_keying_material`](Self::export_keying_material) there, with the label
    /// `EXPORTER-Channel-Binding` (RFC 9266).
    pub fn tls_unique(&self) -> Option<Vec<u8>> {
        self.of_ssl(|ssl| {
            if protocol(ssl) == Protocol::Tls1_3 {
                return None;
            }
            let mut buf = [0; LONGEST_FINISHED];
            // The client's comes first, or the server's when a session is resumed.
            let ours_is_first = ssl.is_server() == ssl.session_reused();
            let len = if ours_is_first { ssl.finished(&mut buf) } else { ssl.peer_finished(&mut buf) };
            Some(buf[..len].to_vec())
        })
    }

    /// Fills `out` with keys that both sides can derive and nobody else can (RFC 5705; RFC 8446, section 7.5).
    ///
    /// # Errors
    ///
    /// When OpenSSL refuses the label or the length.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn binding(tls: &fend::tls::TlsStream<fend::net::TcpStream>) -> std::io::Result<[u8; 32]> {
    /// let mut binding = [0; 32];
    /// tls.export_keying_material("EXPORTER-Channel-Binding", Some(b""), &mut binding)?;
    /// # Ok(binding)
    /// # }
    /// ```
    pub fn export_keying_material(
        &self,
        label: &str,
        context: Option<&[u8]>,
        out: &mut [u8],
    ) -> io::Result<()> {
        self.of_ssl(|ssl| ssl.export_keying_material(out, label, context))
            .map_err(|errors| TlsError::openssl(format!("TLS exporter with label {label:?}"), &errors).into())
    }

    /// On a server: what the client has sent before the handshake was over. Empty unless the context allows
    /// [`early_data`](crate::ContextBuilder::early_data). **Anybody can send it again**: act only upon what does no harm twice.
    ///
    /// It is not part of what [`recv`](Self::recv) returns.
    pub fn early_data(&self) -> Vec<u8> {
        self.session.lock().early_data.clone()
    }

    /// On a client: whether the server has taken the [early data](crate::ClientHandshake::early_data). If not, it is to be sent again.
    pub fn early_data_accepted(&self) -> bool {
        self.of_ssl(sys::early_data_accepted)
    }

    fn of_ssl<T>(&self, f: impl FnOnce(&SslRef) -> T) -> T {
        let result = f(self.session.lock().ssl());
        // What a question leaves behind must not look like the failure of what comes next.
        drop(ErrorStack::get());
        result
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::testing::{connection, once, server, shake_hands_with};
    use crate::{Context, Identity, Mode, TlsAcceptor, TlsConnector, Verify};

    /// A resumed session has no certificate looked at, and is as good as the one that it goes on with.
    #[test]
    fn what_was_let_pass_is_told_of_a_resumed_session_too() {
        let stranger = Identity::self_signed(["stranger"]).unwrap();
        let client = Context::builder(Mode::Client).ca(stranger.certificate().clone());
        let client = client.identity(stranger).danger_accept_invalid_certs().handshake_timeout(None);
        let root = crate::testing::identity().certificate().clone();
        let server = server().ca(root).verify(Verify::PEER).danger_accept_invalid_certs();
        let connector = TlsConnector::with_context(client.build().unwrap()).unwrap();
        let acceptor = TlsAcceptor::with_context(server.build().unwrap()).unwrap();
        for resumed in [false, true] {
            let (near, far) = connection(1 << 20);
            let (client, server) = shake_hands_with(&connector, &acceptor, near, far);
            let (client, server) = (client.unwrap(), server.unwrap());
            assert_eq!((client.is_resumed(), server.is_resumed()), (resumed, resumed));
            assert!(client.verify_error().is_some(), "client, {resumed}");
            assert!(server.verify_error().is_some(), "server, {resumed}");
            // For the tickets.
            assert!(once(client.recv(&mut [0])).is_pending());
        }
    }

    #[test]
    fn the_application_protocol_is_shown_as_text() {
        let mut info = TlsInfo {
            protocol: Protocol::Tls1_3,
            cipher: "TLS_AES_256_GCM_SHA384",
            alpn: Some(b"h2".to_vec()),
            server_name: None,
            resumed: false,
            peer: None,
            verify_error: None,
        };
        assert!(format!("{info:?}").contains("alpn: Some(\"h2\"), server_name: None"), "{info:?}");
        info.alpn = None;
        assert!(format!("{info:?}").contains("alpn: None"), "{info:?}");
    }
}
