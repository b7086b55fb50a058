//! TLS for the fend runtime: OpenSSL's sessions over any stream that implements [`futures_io::AsyncRead`] and
//! [`AsyncWrite`](futures_io::AsyncWrite), sockets of `fend::net` or others.
//!
//! A handshake takes a stream and gives a [`TlsStream`] over it, which has the methods of fend's sockets: [`recv`](TlsStream::recv) takes
//! what is there, [`send_all`](TlsStream::send_all) sends everything, and all take `&self`, so that one task may receive while another sends.
//! The session itself is OpenSSL's, 3.0 or later. This crate does what is around it: it reads and writes without blocking a thread, keeps to
//! safe defaults, and says what went wrong in words.
//!
//! # What is here
//!
//! | for | there is |
//! |---|---|
//! | a client | [`TlsConnector`]: [`handshake`](TlsConnector::handshake) with the host that the server must prove to be; what is special to one handshake is said to its future, [`ClientHandshake`] |
//! | a server | [`TlsAcceptor`]: [`handshake`](TlsAcceptor::handshake), whose future is [`ServerHandshake`], with a [limit](TlsAcceptor::max_handshakes); a stream of sessions, [`TlsIncoming`] |
//! | new certificates for a server that runs | [`TlsAcceptor::reload`], [`reload_identity`](TlsAcceptor::reload_identity), and [`watch`](TlsAcceptor::watch), which looks at the files |
//! | the session | [`TlsStream`]; its halves [`ReadHalf`] and [`WriteHalf`], and as owned values [`OwnedReadHalf`] and [`OwnedWriteHalf`] |
//! | what is known of it | [`TlsInfo`], or one fact at a time: [`alpn`](TlsStream::alpn), [`peer_certificate`](TlsStream::peer_certificate), [`server_name`](TlsStream::server_name), [`is_resumed`](TlsStream::is_resumed), ... |
//! | channel bindings and derived keys | [`export_keying_material`](TlsStream::export_keying_material), [`tls_unique`](TlsStream::tls_unique) |
//! | the stream below | [`get_ref`](TlsStream::get_ref), a guard; [`get_mut`](TlsStream::get_mut), [`into_inner`](TlsStream::into_inner) |
//! | settings | [`Context`], which many sessions share, and its [`ContextBuilder`]; [`Mode`], [`Protocol`], [`Verify`] |
//! | several names on one server | [`sni_context`](ContextBuilder::sni_context), [`sni_callback`](ContextBuilder::sni_callback) with [`Sni`] |
//! | a say of one's own about certificates | [`verify_callback`](ContextBuilder::verify_callback) with [`VerifyInfo`]; opt-outs, whose names begin with `danger_` |
//! | revocation | [`crl_file`](ContextBuilder::crl_file); OCSP: [`require_ocsp`](ContextBuilder::require_ocsp), and to staple [`ocsp_callback`](ContextBuilder::ocsp_callback) |
//! | certificates and keys | [`Identity`]: a chain and its key, from PEM, DER or PKCS #12, or [made at run time](Identity::self_signed); [`Certificate`], [`PrivateKey`] |
//! | debugging with Wireshark | [`keylog_file`](ContextBuilder::keylog_file), [`keylog`](ContextBuilder::keylog) |
//! | what has no method here | [`options`](ContextBuilder::options), [`with_openssl`](ContextBuilder::with_openssl), and the crate [`openssl`] in the right version |
//! | what went wrong | [`TlsError`]: the operation, the host, the certificate and the reason; also inside an `io::Error` |
//!
//! This is `fend::tls`, which is how programs use it: through the `fend` crate.
//!
//! # Defaults
//!
//! [`TlsConnector::new`] and [`TlsAcceptor::new`] are strict. What they refuse can be had from a [`ContextBuilder`], one thing at a time.
//!
//! | what | why | to change it |
//! |---|---|---|
//! | TLS 1.2 and 1.3 | older versions are broken | [`min_protocol`](ContextBuilder::min_protocol) |
//! | TLS 1.2 with ECDHE and AEAD ciphers alone | a key that is stolen later opens no recorded session; padding cannot be attacked | [`ciphers`](ContextBuilder::ciphers) |
//! | a client trusts the system's roots; roots of its own replace them | a program that knows its servers should trust no one else | [`ca`](ContextBuilder::ca), [`cafile`](ContextBuilder::cafile), [`system_roots`](ContextBuilder::system_roots) |
//! | a server's certificate must be for the host, by its alternative names; `*` is one whole label | so browsers have it | [`allow_common_name`](ContextBuilder::allow_common_name), [`allow_partial_wildcards`](ContextBuilder::allow_partial_wildcards), .. |
//! | a server asks for no certificates and trusts nobody | anybody can have a certificate of a public authority | [`verify`](ContextBuilder::verify) and [`cafile`](ContextBuilder::cafile) |
//! | a handshake has 10 s on a server, 30 s on a client | who says nothing must not stay | [`handshake_timeout`](ContextBuilder::handshake_timeout) |
//! | 1024 handshakes at once on a server | they are what costs it most | [`max_handshakes`](TlsAcceptor::max_handshakes) |
//! | an end of the stream without a close_notify is an error | anybody on the way can end a stream; half a message must not pass for a whole one | [`allow_truncation`](ContextBuilder::allow_truncation) |
//! | no renegotiation, no compression | one costs a server what a client likes, the other tells secrets by their length | [`clear_options`](ContextBuilder::clear_options) |
//! | no early data | it can be replayed | [`early_data`](ContextBuilder::early_data) |
//!
//! What an administrator's `openssl.cnf` says about the security level, the groups and the signature algorithms counts.
//!
//! # A client
//!
//! One connector for the whole program: it reads the system's roots once, and remembers sessions. The host is a name or an address, without
//! a port.
//!
//! ```no_run
//! use fend::net::TcpStream;
//! use fend::tls::TlsConnector;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let address = std::net::SocketAddr::from(([127, 0, 0, 1], 443));
//! let connector = TlsConnector::new()?;
//! fend::block_on(async {
//!     let stream = TcpStream::connect(address).await?;
//!     stream.set_nodelay(true)?;
//!     let stream = match connector.handshake("example.org", stream).await {
//!         Ok(stream) => stream,
//!         Err(error) if error.is_expired() => panic!("somebody has to renew a certificate: {error}"),
//!         Err(error) => return Err(error.into()),
//!     };
//!     stream.send_all(b"GET / HTTP/1.0\r\nHost: example.org\r\n\r\n").await?;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # A server
//!
//! The handshake belongs into the connection's own task, not into the accept loop, which a slow client would hold up.
//! [`fend::net::Listener`](https://docs.rs/fend/latest/fend/net/struct.Listener.html) gives each connection a task;
//! [`TlsAcceptor::incoming`] does the same for any stream of connections.
//!
//! ```
//! use std::time::Duration;
//!
//! use fend::net::{Listener, TcpStream};
//! use fend::tls::{Context, Identity, Mode, TlsAcceptor, TlsConnector, TlsStream};
//!
//! async fn greet(stream: TlsStream<TcpStream>) -> std::io::Result<()> {
//!     stream.send_all(b"hello\n").await?;
//!     // Tells the client that this was all. To drop the stream says nothing.
//!     stream.shutdown().await
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::self_signed(["localhost"])?; // Or Identity::from_files("cert.pem", "key.pem").
//! let client = Context::builder(Mode::Client).ca(identity.certificate().clone()).build()?;
//! let connector = TlsConnector::with_context(client)?;
//! let acceptor = TlsAcceptor::new(identity)?;
//! fend::block_on(async {
//!     let listener = Listener::bind("127.0.0.1:0").await?;
//!     let (address, handle) = (listener.local_addr()?, listener.handle());
//!     let server = fend::spawn(listener.serve(move |stream: TcpStream, peer| {
//!         let acceptor = acceptor.clone();
//!         async move {
//!             let served = async {
//!                 stream.set_nodelay(true)?;
//!                 greet(acceptor.handshake(stream).await?).await
//!             };
//!             if let Err(error) = served.await {
//!                 eprintln!("{peer}: {error}");
//!             }
//!         }
//!     }));
//!
//!     let stream = connector.handshake("localhost", TcpStream::connect(address).await?).await?;
//!     let mut line = [0; 6];
//!     stream.recv_exact(&mut line).await?;
//!     assert_eq!(&line, b"hello\n");
//!     assert_eq!(stream.recv(&mut line).await?, 0); // The end, as the server has said.
//!
//!     handle.drain(Duration::from_secs(10)).await;
//!     server.await??;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # Certificates in development
//!
//! [`Identity::self_signed`] makes a certificate and a key at run time, for names and addresses, good for 90 days. A client trusts it when it
//! is given to [`ca`](ContextBuilder::ca), and everything is verified as it will be later. That is better than to turn the verification off:
//! what was switched off in a test is found in production. [`Certificate::to_pem`] writes it to a file, for `curl --cacert` and others.
//!
//! ```
//! use fend::tls::{Certificate, Context, Identity, Mode};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::self_signed(["localhost", "127.0.0.1", "::1"])?;
//! let pem = identity.certificate().to_pem();
//! let trusting = Context::builder(Mode::Client).ca(Certificate::from_pem(&pem)?).build()?;
//! # drop(trusting);
//! # Ok(())
//! # }
//! ```
//!
//! # STARTTLS
//!
//! SMTP, IMAP, PostgreSQL and others begin in plain text. A session can begin on a stream at any moment. What the reader of the plain text has
//! received beyond its last line is TLS already, and is given to the handshake with [`buffered`](ServerHandshake::buffered). It must not be
//! taken for commands: whoever is in the middle could slip some in before the session begins.
//!
//! ```
//! use fend::net::{TcpListener, TcpStream};
//! use fend::tls::{Context, Identity, Mode, TlsAcceptor, TlsConnector};
//! use futures_lite::future::try_zip;
//!
//! # type Outcome = Result<(), Box<dyn std::error::Error>>;
//! # fn main() -> Outcome {
//! # let identity = Identity::self_signed(["localhost"])?;
//! # let context = Context::builder(Mode::Client).ca(identity.certificate().clone()).build()?;
//! # let (connector, acceptor) = (TlsConnector::with_context(context)?, TlsAcceptor::new(identity)?);
//! fend::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let client = async {
//!         let stream = TcpStream::connect(listener.local_addr()?).await?;
//!         stream.send_all(b"STARTTLS\n").await?;
//!         stream.recv_exact(&mut [0; 9]).await?;
//!         let stream = connector.handshake("localhost", stream).await?;
//!         stream.send_all(b"secret").await?;
//! #       Outcome::Ok(())
//!     };
//!     let server = async {
//!         let (stream, _peer) = listener.accept().await?;
//!         let (mut received, mut buf) = (Vec::new(), [0; 1024]);
//!         let end = loop {
//!             let count = stream.recv(&mut buf).await?;
//!             assert!(count > 0, "the client has gone");
//!             received.extend_from_slice(&buf[..count]);
//!             if let Some(at) = received.iter().position(|&byte| byte == b'\n') {
//!                 break at + 1;
//!             }
//!         };
//!         let tls = received.split_off(end);
//!         assert_eq!(received, b"STARTTLS\n");
//!         stream.send_all(b"go ahead\n").await?;
//!         let stream = acceptor.handshake(stream).buffered(tls).await?;
//!         stream.recv_exact(&mut buf[..6]).await?;
//!         assert_eq!(&buf[..6], b"secret");
//! #       Outcome::Ok(())
//!     };
//!     try_zip(client, server).await?;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! The way back is [`shutdown_and_wait`](TlsStream::shutdown_and_wait) and [`into_inner`](TlsStream::into_inner), with
//! [`read_ahead(false)`](ContextBuilder::read_ahead) where the peer goes on in plain text right behind its close_notify.
//!
//! # Resumption
//!
//! A client that comes again goes on with the keys of before: a handshake without certificates, and with less arithmetic. It is on. A
//! connector remembers sessions of 256 hosts, four of each, and uses each TLS 1.3 session once, so that nobody on the way recognises the
//! client. In TLS 1.3 the server's tickets come behind the handshake: a receive finds them, so a client that never receives has none.
//!
//! A session is resumed only under the host that it was verified for, whatever [`session_key`](ClientHandshake::session_key) says; on a
//! server, only under the context of the name that the client asks for, and never where client certificates are asked for and it had none.
//! A session goes on under what was verified when it began: [`Context::forget_sessions`] ends that.
//!
//! A server hands its state to the client, encrypted with keys that each [`Context`] makes at random, and remembers nothing; with TLS 1.2 and
//! without tickets it has a cache. A [`reload`](TlsAcceptor::reload) of the certificate keeps the keys. Several processes share them by
//! [`ticket_keys`](ContextBuilder::ticket_keys).
//!
//! # Early data and replay
//!
//! With TLS 1.3 a client that resumes a session may send its request along with its first message, which saves a round trip. It is off, since
//! **whoever has recorded early data can send it again**, and the server cannot tell (RFC 8446, section 8). Both sides have to ask for it with
//! [`early_data`](ContextBuilder::early_data). The client says what to send so to [`ClientHandshake::early_data`], and sends it again when it
//! was not [accepted](TlsStream::early_data_accepted). The server finds it in [`TlsStream::early_data`], apart from what it receives, and
//! does with it only what does no harm twice.
//!
//! OpenSSL's protection is on: one context resumes such a session once. It does not reach across processes and machines.
//!
//! # What a session costs
//!
//! - **Sending**: up to two full records, which is 32 KiB of data, with one system call. The first is copied once, the second is sent from
//!   where OpenSSL has encrypted it.
//! - **Receiving**: a record is read into OpenSSL's own buffer, and the header of the next one in the same call: one call for 16 KiB. Of small
//!   records, several come with one call. What comes after a wait, up to 17 KiB, is read into a buffer of the thread's.
//! - **Copies**: in either direction one of each byte, on top of the kernel's: OpenSSL encrypts and decrypts into buffers of its own. Half a
//!   copy more in a send of two records, and one copy more of what comes after a wait.
//! - **Memory**: an idle connection takes about 15.6 KiB; with tokio-openssl, on OpenSSL 3.0, it is 31 KiB. A session that waits gives its
//!   buffers back when the process has more than 64 sessions. (Fewer keep them, 2 MiB in all at most, since to allocate them for each
//!   message costs a twentieth of a small request. Versions of OpenSSL without the fix of CVE-2024-4741 free them after each record by
//!   themselves.) A session
//!   whose peer has sent what nobody takes holds up to 34 KiB. A client of a server that has not said a word costs its socket and a timer.
//!
//! `tests/tls_cost` measures this, beside OpenSSL with blocking threads and tokio-openssl.
//!
//! **Over TCP, call `set_nodelay(true)` before the handshake.** A server's tickets and its first data are separate writes, and so are a
//! client's last message and its request. Nagle's algorithm holds the second one back until the peer has acknowledged the first, which it may
//! put off for 40 ms.
//!
//! # Which futures may be dropped
//!
//! | future | cancel safe | dropped early |
//! |---|---|---|
//! | [`TlsConnector::handshake`], [`TlsAcceptor::handshake`] | **no** | the stream is dropped, and so closed |
//! | [`recv`](TlsStream::recv), [`recv_vectored`](TlsStream::recv_vectored), [`peek`](TlsStream::peek) | yes | the bytes are still in the session |
//! | [`recv_exact`](TlsStream::recv_exact) | **no** | how many bytes have come is lost |
//! | [`send`](TlsStream::send), [`send_vectored`](TlsStream::send_vectored) | yes | nothing was sent |
//! | [`send_all`](TlsStream::send_all) | **no** | any part may have been sent |
//! | [`flush`](TlsStream::flush), [`shutdown`](TlsStream::shutdown) | yes | the next call goes on; after a shutdown has begun nothing can be sent |
//! | [`shutdown_and_wait`](TlsStream::shutdown_and_wait) | but for the count | the next call goes on, and counts from 0 |
//! | [`TlsAcceptor::watch`] | yes | a change is found by the next watch, unless that begins after it |
//! | the next item of [`TlsIncoming`] | yes | the handshakes go on; they end when the `TlsIncoming` itself is dropped |
//!
//! What is sent is encrypted, and handed to the stream below as far as that takes it at once. The rest goes with the next call of any kind:
//! whoever sends and then receives needs no [`flush`](TlsStream::flush) in between.
//!
//! # Coming from LuaSec
//!
//! | LuaSec | here |
//! |---|---|
//! | `ssl.newcontext{mode = ..}` | [`Context::builder`] with a [`Mode`] |
//! | `protocol = "any"`, `"tlsv1_2"` | not said; [`protocol`](ContextBuilder::protocol), [`min_protocol`](ContextBuilder::min_protocol) |
//! | `certificate`, `key`, `password` | [`certificate_file`](ContextBuilder::certificate_file), [`key_file`](ContextBuilder::key_file), [`password`](ContextBuilder::password), the last for a text, not a function |
//! | `certificates` (RSA beside ECDSA) | the same methods, several times |
//! | `cafile`, `capath` | [`cafile`](ContextBuilder::cafile), [`capath`](ContextBuilder::capath); a client without them trusts the system's |
//! | `verify = {"peer", "fail_if_no_peer_cert"}` | [`verify`](ContextBuilder::verify); **a client verifies if nothing is said** |
//! | `verify = "none"` of a client | [`danger_accept_invalid_certs`](ContextBuilder::danger_accept_invalid_certs) |
//! | `verifyext = "crl_check"`, `"crl_check_chain"` | [`crl_file`](ContextBuilder::crl_file), [`crl_check_all`](ContextBuilder::crl_check_all) |
//! | `verifyext = "lsec_continue"` | [`danger_accept_invalid_certs`](ContextBuilder::danger_accept_invalid_certs), then [`verify_error`](TlsStream::verify_error) |
//! | `depth` | [`verify_depth`](ContextBuilder::verify_depth) |
//! | `options = {"no_ticket", ..}` | [`options`](ContextBuilder::options); compression and renegotiation are off |
//! | `ciphers`, `ciphersuites` | [`ciphers`](ContextBuilder::ciphers), [`cipher_suites`](ContextBuilder::cipher_suites) |
//! | `curve`, `curveslist` | [`groups`](ContextBuilder::groups) |
//! | `dhparam` | [`dhparam_file`](ContextBuilder::dhparam_file): a file, not a function |
//! | `alpn` | [`alpn`](ContextBuilder::alpn), on both sides |
//! | `dane` | none |
//! | `ssl.wrap`, `dohandshake` | [`TlsConnector::handshake`], [`TlsAcceptor::handshake`] |
//! | `conn:sni(name)`, `conn:sni(contexts)` | the host of the handshake, or [`server_name`](ClientHandshake::server_name); [`sni_context`](ContextBuilder::sni_context) |
//! | a check of the certificate's names in Lua | done by the handshake, with its `host` |
//! | `settimeout`, `want` | [`handshake_timeout`](ContextBuilder::handshake_timeout); `fend::time::timeout` |
//! | `send`, `receive`, `close` | [`send_all`](TlsStream::send_all), [`recv`](TlsStream::recv), [`shutdown`](TlsStream::shutdown) |
//! | `info` | [`TlsStream::info`] |
//! | `getpeercertificate`, `getpeerchain`, `getpeerverification` | [`peer_certificate`](TlsStream::peer_certificate), [`peer_chain`](TlsStream::peer_chain), [`verify_error`](TlsStream::verify_error) |
//! | `getalpn`, `getsniname` | [`alpn`](TlsStream::alpn), [`server_name`](TlsStream::server_name) |
//! | `getfinished`, `getpeerfinished` | [`tls_unique`](TlsStream::tls_unique) |
//! | `exportkeyingmaterial` | [`export_keying_material`](TlsStream::export_keying_material) |

// On docs.rs each item says which feature it takes.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod acceptor;
mod certificate;
mod connector;
mod context;
mod deadline;
mod der;
mod error;
mod host;
#[cfg(feature = "hyper")]
mod hyper;
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
