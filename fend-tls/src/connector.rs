//! [`TlsConnector`]: the client's side of the handshake.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use openssl::ssl::{Ssl, SslVersion};

use crate::context::{Context, Mode, alpn_wire_format};
use crate::deadline::Deadline;
use crate::error::TlsError;
use crate::host::Host;
use crate::session::{Early, Session};
use crate::session_cache::SessionCache;
use crate::state::SslState;
use crate::stream::TlsStream;
use crate::sys;

const OPERATION: &str = "TLS handshake";

/// Makes TLS sessions as a client. Cheap to clone; one for the whole program is the usual number.
///
/// [`TlsConnector::new`] is strict: TLS 1.2 or newer, the certificate must be valid, for the host that is asked for, and come from an
/// authority that the system trusts. What is to be otherwise is said to a [`Context`](crate::ContextBuilder).
///
/// # Examples
///
/// ```no_run
/// use fend::net::TcpStream;
/// use fend::tls::TlsConnector;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let address = std::net::SocketAddr::from(([127, 0, 0, 1], 443));
/// let connector = TlsConnector::new()?;
/// fend::block_on(async {
///     let stream = TcpStream::connect(address).await?;
///     let stream = connector.handshake("example.org", stream).await?;
///     stream.send_all(b"GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n").await?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TlsConnector {
    context: Context,
}

impl TlsConnector {
    /// With the defaults of [`Context::client`].
    ///
    /// # Errors
    ///
    /// When the system's authorities cannot be loaded.
    pub fn new() -> Result<TlsConnector, TlsError> {
        Context::client().map(|context| TlsConnector { context })
    }

    /// With a context of one's own.
    ///
    /// # Errors
    ///
    /// When the context is a server's.
    pub fn with_context(context: Context) -> Result<TlsConnector, TlsError> {
        match context.mode() {
            Mode::Client => Ok(TlsConnector { context }),
            Mode::Server => Err(TlsError::input("TLS connector", "the context is a server's (Mode::Server)")),
        }
    }

    /// The context.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Shakes hands with the server at the other end of `stream`, which must prove to be `host`: a host name or an IP address, without a port.
    ///
    /// The result is a future with settings: put them in front of the `.await`.
    ///
    /// # Errors
    ///
    /// [`TlsError`] says why: what is wrong with the certificate, the peer's alert, or the stream's error. An empty `host` is one, too:
    /// without a name nothing is verified.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: dropping the future drops `stream`.
    pub fn handshake<S>(&self, host: &str, stream: S) -> ClientHandshake<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let settings = Settings {
            context: self.context.clone(),
            host: host.to_owned(),
            server_name: ServerName::Host,
            alpn: None,
            session_key: None,
            early_data: Vec::new(),
            buffered: Vec::new(),
        };
        let deadline = Deadline::after(self.context.settings().handshake_timeout);
        ClientHandshake { state: State::Begins(Box::new(settings), stream), deadline, host: host.to_owned() }
    }
}

/// Future of [`TlsConnector::handshake`]; its methods set what is to differ from the context.
#[must_use = "a handshake does nothing unless it is awaited"]
pub struct ClientHandshake<S> {
    state: State<S>,
    deadline: Deadline,
    /// For errors.
    host: String,
}

enum State<S> {
    Begins(Box<Settings>, S),
    Runs(Session<S>, Early),
    Over,
}

struct Settings {
    context: Context,
    host: String,
    server_name: ServerName,
    alpn: Option<Vec<Vec<u8>>>,
    session_key: Option<String>,
    early_data: Vec<u8>,
    buffered: Vec<u8>,
}

/// What SNI tells the server.
#[derive(Debug)]
enum ServerName {
    /// The host, when it is a name.
    Host,
    Other(String),
    Nothing,
}

impl<S> ClientHandshake<S> {
    fn set(mut self, f: impl FnOnce(&mut Settings)) -> Self {
        if let State::Begins(settings, _) = &mut self.state {
            f(settings);
        }
        self
    }

    /// Bytes of TLS that were read from the stream already. A protocol that begins in plain text (STARTTLS) and reads through a buffer may
    /// have them; they must not be taken for plain text, nor be lost.
    pub fn buffered(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.set(|settings| settings.buffered = bytes.into())
    }

    /// The name that the server is told (SNI), when it is not the host's. The certificate must be for the host all the same.
    pub fn server_name(self, name: &str) -> Self {
        self.set(|settings| settings.server_name = ServerName::Other(name.to_owned()))
    }

    /// The server is told no name.
    pub fn no_server_name(self) -> Self {
        self.set(|settings| settings.server_name = ServerName::Nothing)
    }

    /// The application protocols to offer in place of the context's, the best first.
    pub fn alpn<P: AsRef<[u8]>>(self, protocols: impl IntoIterator<Item = P>) -> Self {
        let protocols = protocols.into_iter().map(|protocol| protocol.as_ref().to_vec()).collect();
        self.set(|settings| settings.alpn = Some(protocols))
    }

    /// Under which key sessions are remembered and looked for, beside the host. Servers of one host that do not share their
    /// sessions, on several ports say, resume more often when each has a key of its own. No key makes a session of one host do for another.
    pub fn session_key(self, key: &str) -> Self {
        self.set(|settings| settings.session_key = Some(key.to_owned()))
    }

    /// Bytes to send before the handshake is over, when a session can be resumed whose server takes that many, and the context permits
    /// [`early_data`](crate::ContextBuilder::early_data). Else they are not sent at all.
    /// [`early_data_accepted`](TlsStream::early_data_accepted) tells whether the server has them; if not, send them.
    ///
    /// **Whoever sees them can send them again** (RFC 8446, section 8): only what does no harm twice, such as a GET, may be sent so.
    pub fn early_data(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.set(|settings| settings.early_data = bytes.into())
    }

    /// How long the handshake may take, from the first poll on, in place of the context's
    /// [`handshake_timeout`](crate::ContextBuilder::handshake_timeout). `None`: as long as it likes.
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.deadline = Deadline::after(timeout);
        self
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ClientHandshake<S> {
    fn poll_to_end(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<TlsStream<S>, TlsError>> {
        if let State::Begins(..) = self.state {
            let State::Begins(settings, stream) = std::mem::replace(&mut self.state, State::Over) else {
                unreachable!("it was looked at")
            };
            let (session, early) = settings.begin(stream)?;
            self.state = State::Runs(session, early);
        }
        let State::Runs(session, early) = &mut self.state else {
            panic!("a handshake was polled after it was over");
        };
        ready!(session.poll_handshake(cx, early))?;
        let State::Runs(session, _) = std::mem::replace(&mut self.state, State::Over) else {
            unreachable!("it was looked at")
        };
        Poll::Ready(Ok(TlsStream::of(session)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for ClientHandshake<S> {
    type Output = Result<TlsStream<S>, TlsError>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let result = match this.poll_to_end(cx) {
            Poll::Ready(result) => result,
            Poll::Pending => match this.deadline.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(error) => Err(error),
            },
        };
        this.state = State::Over;
        let host = Some(this.host.as_str()).filter(|host| !host.is_empty());
        Poll::Ready(result.map_err(|error| error.with_host(host)))
    }
}

impl<S> fmt::Debug for ClientHandshake<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandshake").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Settings {
    fn begin<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) -> Result<(Session<S>, Early), TlsError> {
        let host = Host::parse(&self.host).map_err(|message| TlsError::input(OPERATION, message))?;
        let settings = self.context.settings();
        let verification = &settings.verification;
        let needs_host = !verification.accept_invalid_hostnames && !verification.accept_invalid_certs;
        if host == Host::None && needs_host {
            let message = "the host is empty, so that its certificate cannot be verified";
            return Err(TlsError::input(OPERATION, message));
        }
        let key = self.cache_key(&host);
        let sessions = settings.sessions.clone();
        let mut ssl =
            self.context.new_ssl(SslState::new(sessions.clone().map(|cache| (cache, key.clone()))))?;
        self.identify(&mut ssl, &host)?;
        if let Some(protocols) = &self.alpn {
            let list = alpn_wire_format(protocols)
                .map_err(|message| TlsError::input(OPERATION, format!("alpn: {message}")))?;
            ssl.set_alpn_protos(&list).map_err(|errors| TlsError::openssl("TLS handshake: alpn", &errors))?;
        }
        let early = self.resume(&mut ssl, sessions.as_ref(), &key)?;
        Ok((Session::new(ssl, stream, self.buffered, settings)?, early))
    }

    /// What stands for the server in the session cache. The host is in it in any case: a session that is resumed has been verified for no other
    /// one. OpenSSL refuses to send early data under another name or without its protocol, so these are in it when they are not
    /// the usual ones.
    fn cache_key(&self, host: &Host) -> String {
        match (&self.session_key, &self.server_name, &self.alpn) {
            (None, ServerName::Host, None) => host.to_string(),
            (key, name, alpn) => format!("{host} {key:?} {name:?} {alpn:?}"),
        }
    }

    /// Tells OpenSSL who the peer has to be, and the peer who we think that it is.
    fn identify(&self, ssl: &mut Ssl, host: &Host) -> Result<(), TlsError> {
        let failed = |errors| TlsError::openssl(OPERATION, &errors);
        let settings = self.context.settings();
        if !settings.verification.accept_invalid_hostnames {
            let param = ssl.param_mut();
            param.set_hostflags(settings.host_flags());
            match host {
                Host::Name(name) => param.set_host(name).map_err(failed)?,
                Host::Addr(address) => param.set_ip(*address).map_err(failed)?,
                Host::None => {}
            }
        }
        let name = match &self.server_name {
            ServerName::Other(name) => {
                Host::parse(name).map_err(|message| TlsError::input(OPERATION, message))?
            }
            ServerName::Host => host.clone(),
            ServerName::Nothing => Host::None,
        };
        match name {
            Host::Name(name) => ssl.set_hostname(&name).map_err(failed),
            // RFC 6066, section 3: addresses are not permitted.
            Host::Addr(_) | Host::None => Ok(()),
        }
    }

    /// Takes a session of before, if there is one, and says what can be sent early in it.
    fn resume(
        &self,
        ssl: &mut Ssl,
        sessions: Option<&Arc<SessionCache>>,
        key: &str,
    ) -> Result<Early, TlsError> {
        // One that has failed is of no use, and early data would make an error of it.
        let session = sessions.and_then(|sessions| sessions.take(key));
        let Some(session) = session.filter(|session| sys::is_resumable(session)) else {
            return Ok(Early::Nothing);
        };
        sys::set_session(ssl, &session).map_err(|errors| TlsError::openssl(OPERATION, &errors))?;
        let permitted = self.context.settings().max_early_data.min(session.max_early_data());
        let fits = !self.early_data.is_empty()
            && session.protocol_version() == SslVersion::TLS1_3
            && u32::try_from(self.early_data.len()).is_ok_and(|len| len <= permitted);
        Ok(if fits { Early::Send(self.early_data.clone(), 0) } else { Early::Nothing })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use futures_lite::future::{block_on, zip};

    use super::*;
    use crate::TlsAcceptor;
    use crate::testing::{End, client, connection, once, server};

    struct Pair {
        connector: TlsConnector,
        acceptor: TlsAcceptor,
    }

    type Results = (Result<TlsStream<End>, TlsError>, Result<TlsStream<End>, TlsError>);

    impl Pair {
        fn new() -> Pair {
            let client = client().early_data(1000).alpn(["a", "b"]);
            let server = server().early_data(1000).alpn(["b", "a"]);
            Pair {
                connector: TlsConnector::with_context(client.build().unwrap()).unwrap(),
                acceptor: TlsAcceptor::with_context(server.build().unwrap()).unwrap(),
            }
        }

        /// With the tickets read.
        fn shake_hands(
            &self,
            host: &str,
            set: impl FnOnce(ClientHandshake<End>) -> ClientHandshake<End>,
        ) -> Results {
            let (near, far) = connection(1 << 20);
            let handshake = set(self.connector.handshake(host, near));
            let (client, server) = block_on(zip(handshake, self.acceptor.handshake(far)));
            if let Ok(client) = &client {
                assert!(once(client.recv(&mut [0])).is_pending());
            }
            (client, server)
        }
    }

    /// A session of another host has never been verified for this one.
    #[test]
    fn a_session_is_resumed_with_its_host_alone() {
        let pair = Pair::new();
        pair.shake_hands("localhost", |handshake| handshake.session_key("pool")).0.unwrap();
        let error =
            pair.shake_hands("other.example", |handshake| handshake.session_key("pool")).0.unwrap_err();
        assert!(error.is_wrong_host(), "{error}");
        let (client, _) = pair.shake_hands("localhost", |handshake| handshake.session_key("pool"));
        assert!(client.unwrap().is_resumed());
    }

    #[test]
    fn early_data_goes_with_the_same_name_and_protocols_only() {
        let pair = Pair::new();
        pair.shake_hands("localhost", |handshake| handshake).0.unwrap();
        let settings: [fn(ClientHandshake<End>) -> ClientHandshake<End>; 4] = [
            |handshake| handshake.alpn(["a"]),
            |handshake| handshake.alpn(["c"]),
            |handshake| handshake.server_name("other.example"),
            |handshake| handshake.no_server_name(),
        ];
        for set in settings {
            let (client, server) = pair.shake_hands("localhost", |handshake| set(handshake.early_data("x")));
            assert!(!client.unwrap().early_data_accepted());
            assert!(server.unwrap().early_data().is_empty());
        }
        let (client, server) = pair.shake_hands("localhost", |handshake| handshake.early_data("x"));
        assert!(client.unwrap().early_data_accepted());
        assert_eq!(server.unwrap().early_data(), b"x");
    }

    /// OpenSSL marks the session of an `SSL` that has failed.
    #[test]
    fn early_data_is_not_sent_in_a_session_that_has_failed() {
        let pair = Pair::new();
        let (client, _server) = pair.shake_hands("localhost", |handshake| handshake);
        let client = client.unwrap();
        client.get_ref().inject(&[23, 3, 3, 0, 32]);
        client.get_ref().inject(&[0; 32]);
        assert!(matches!(once(client.recv(&mut [0])), Poll::Ready(Err(_))));
        drop(client);
        let (client, server) = pair.shake_hands("localhost", |handshake| handshake.early_data("x"));
        assert!(!client.unwrap().early_data_accepted());
        assert!(server.unwrap().early_data().is_empty());
    }

    #[test]
    fn the_host_of_an_error_stays_on_its_line() {
        let (near, _far) = connection(1000);
        let connector = Pair::new().connector;
        let Poll::Ready(Err(error)) = once(connector.handshake("a\nb", near)) else {
            panic!("it is no host")
        };
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}
