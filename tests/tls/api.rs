//! What the types promise by themselves: threads, printing, and no secret in what is printed.

use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};

use fend::net::{TcpStream, UnixStream};
use fend::tls::{
    Certificate, ClientHandshake, Context, ContextBuilder, Identity, Mode, OwnedReadHalf, OwnedWriteHalf,
    PrivateKey, Protocol, ReadHalf, ServerHandshake, StreamRef, TlsAcceptor, TlsConnector, TlsError, TlsInfo,
    TlsStream, Verify, WriteHalf,
};
use futures::{AsyncRead, AsyncWrite};

use crate::ours::{acceptor, connector, server};
use crate::pki::pki;

fn everything<T: Send + Sync + Unpin + Debug + 'static>() {}
fn borrowed<T: Send + Sync + Unpin + Debug>() {}
fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
fn shares<T: Sync + Unpin + Debug>() {}
fn clones<T: Clone>() {}
fn reads<T: AsyncRead>() {}
fn writes<T: AsyncWrite>() {}
fn is_error<T: std::error::Error + Into<std::io::Error>>() {}
fn is_future<T: Future + Send>() {}

/// Proven when it compiles.
#[test]
fn types_go_to_other_threads() {
    everything::<TlsConnector>();
    everything::<TlsAcceptor>();
    everything::<Context>();
    everything::<ContextBuilder>();
    everything::<Certificate>();
    everything::<PrivateKey>();
    everything::<Identity>();
    everything::<TlsError>();
    everything::<TlsInfo>();
    everything::<Protocol>();
    everything::<Verify>();
    everything::<Mode>();
    everything::<ClientHandshake<TcpStream>>();
    everything::<ServerHandshake<TcpStream>>();
    everything::<TlsStream<TcpStream>>();
    everything::<TlsStream<UnixStream>>();
    everything::<TlsStream<TlsStream<TcpStream>>>();
    everything::<OwnedReadHalf<TcpStream>>();
    everything::<OwnedWriteHalf<TcpStream>>();
    borrowed::<ReadHalf<'static, TcpStream>>();
    borrowed::<WriteHalf<'static, TcpStream>>();
    shares::<StreamRef<'static, TcpStream>>();
    unwinds::<StreamRef<'static, TcpStream>>();
    unwinds::<TlsStream<TcpStream>>();
    clones::<TlsConnector>();
    clones::<TlsAcceptor>();
    clones::<Context>();
    clones::<Identity>();
    is_error::<TlsError>();
    is_future::<ClientHandshake<TcpStream>>();
    is_future::<ServerHandshake<TcpStream>>();
}

/// Proven when it compiles.
#[test]
fn streams_and_halves_are_those_of_futures() {
    reads::<TlsStream<TcpStream>>();
    writes::<TlsStream<TcpStream>>();
    reads::<&TlsStream<TcpStream>>();
    writes::<&TlsStream<TcpStream>>();
    reads::<ReadHalf<'static, TcpStream>>();
    reads::<&ReadHalf<'static, TcpStream>>();
    writes::<WriteHalf<'static, TcpStream>>();
    writes::<&WriteHalf<'static, TcpStream>>();
    reads::<OwnedReadHalf<TcpStream>>();
    reads::<&OwnedReadHalf<TcpStream>>();
    writes::<OwnedWriteHalf<TcpStream>>();
    writes::<&OwnedWriteHalf<TcpStream>>();
}

#[test]
fn what_is_printed_holds_no_secret() {
    let credentials = &pki().localhost;
    let scalar =
        credentials.key.ec_key().expect("a key of a curve").private_key().to_owned().expect("a number");
    let hex = scalar.to_hex_str().expect("digits").to_lowercase();
    let decimal = scalar.to_dec_str().expect("digits").to_string();
    let identity = credentials.identity();
    let key = PrivateKey::from_pem(&credentials.key_pem()).expect("a key");
    let ticket_keys = [0xA7; 80];
    let builder = server().ticket_keys(&ticket_keys);
    let mut texts = vec![format!("{identity:?}"), format!("{:#?}", key), format!("{builder:?}")];
    let context = builder.build().expect("a context");
    texts.push(format!("{context:#?}"));
    texts.push(format!("{:#?}", TlsAcceptor::with_context(context)));
    texts.push(format!("{:?} {:?}", connector(), acceptor()));
    for text in texts {
        let text = text.to_lowercase();
        assert!(!text.contains(&hex) && !text.contains(&decimal) && !text.contains("begin"), "{text}");
        assert!(!text.contains("a7a7") && !text.contains("167, 167"), "{text}");
        assert!(text.len() > 5);
    }
}

#[test]
fn a_context_is_for_one_side() {
    let client = crate::ours::client().build().expect("a context");
    let server = server().build().expect("a context");
    assert!(TlsConnector::with_context(server).is_err());
    assert!(TlsAcceptor::with_context(client).is_err());
}
