//! A name server that does as a test has scripted it.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use fend_net::{TcpListener, TcpStream, UdpSocket};

use crate::name::Name;
use crate::record::RecordType;
use crate::wire::{Message, Rcode};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Datagram,
    Stream,
}

/// A question that has come.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) by: By,
    pub(super) from: SocketAddr,
    pub(super) bytes: Vec<u8>,
    /// How many have come before it.
    pub(super) before: usize,
}

impl Asked {
    pub(super) fn name(&self) -> Name {
        Message::parse_question(&self.bytes).unwrap().question.unwrap().name
    }

    pub(super) fn has_edns(&self) -> bool {
        self.bytes[11] == 1
    }
}

/// An answer in the making.
#[derive(Debug, Clone)]
pub(super) struct Reply(pub(super) Vec<u8>);

impl Reply {
    /// Repeats id and question, from a server that recurses.
    pub(super) fn to(asked: &Asked) -> Reply {
        let mut bytes = asked.bytes.clone();
        bytes.truncate(12 + asked.name().as_wire().len() + 4);
        bytes[2..4].copy_from_slice(&[0x81, 0x80]);
        bytes[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
        Reply(bytes)
    }

    pub(super) fn rcode(mut self, rcode: Rcode) -> Reply {
        self.0[3] |= u8::try_from(rcode.0).unwrap();
        self
    }

    pub(super) fn truncated(mut self) -> Reply {
        self.0[2] |= 2;
        self
    }

    pub(super) fn changed(mut self, change: impl FnOnce(&mut Vec<u8>)) -> Reply {
        change(&mut self.0);
        self
    }

    pub(super) fn spoiled(mut self, index: usize) -> Reply {
        self.0[index] ^= 1;
        self
    }

    pub(super) fn a(self, owner: &str, address: [u8; 4]) -> Reply {
        self.record(owner, RecordType::A, &address)
    }

    pub(super) fn cname(self, owner: &str, target: &str) -> Reply {
        let target: Name = target.parse().unwrap();
        self.record(owner, RecordType::Cname, target.as_wire())
    }

    pub(super) fn record(mut self, owner: &str, record_type: RecordType, data: &[u8]) -> Reply {
        let owner: Name = owner.parse().unwrap();
        self.0[7] += 1;
        self.0.extend_from_slice(owner.as_wire());
        self.0.extend(record_type.code().to_be_bytes());
        self.0.extend([0, 1, 0, 0, 0, 60]);
        self.0.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        self.0.extend_from_slice(data);
        self
    }

    pub(super) fn framed(&self) -> Vec<u8> {
        let mut framed = u16::try_from(self.0.len()).unwrap().to_be_bytes().to_vec();
        framed.extend(&self.0);
        framed
    }
}

/// What a script answers.
pub(super) type Script = dyn Fn(&Asked) -> Vec<Reply> + Send + Sync;

#[derive(Debug, Default)]
struct Log {
    asked: Vec<Asked>,
    connections: usize,
    waiting: Option<Waker>,
}

/// It serves for as long as the runtime runs that it was started in.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

impl Server {
    pub(super) async fn start(script: impl Fn(&Asked) -> Vec<Reply> + Send + Sync + 'static) -> Server {
        let (listener, socket) = listen().await;
        let server = Server::scripted_elsewhere(listener.local_addr().unwrap());
        let script: Arc<Script> = Arc::new(script);
        fend_reactor::spawn(server.clone().serve_datagrams(socket, script.clone()));
        fend_reactor::spawn(server.clone().serve_streams(listener, script));
        server
    }

    /// The log of a server whose sockets are somebody else's.
    pub(super) fn scripted_elsewhere(address: SocketAddr) -> Server {
        Server { address, log: Arc::default() }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().asked.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.log.lock().unwrap().asked.len()
    }

    pub(super) fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }

    pub(super) fn connected(&self) {
        self.log.lock().unwrap().connections += 1;
    }

    /// Until `count` questions have come.
    pub(super) async fn until_asked(&self, count: usize) {
        poll_fn(|cx| {
            let mut log = self.log.lock().unwrap();
            if log.asked.len() >= count {
                return Poll::Ready(());
            }
            log.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(super) fn log(&self, by: By, from: SocketAddr, bytes: &[u8]) -> Asked {
        let mut log = self.log.lock().unwrap();
        let asked = Asked { by, from, bytes: bytes.to_vec(), before: log.asked.len() };
        log.asked.push(asked.clone());
        let waiting = log.waiting.take();
        drop(log);
        waiting.into_iter().for_each(Waker::wake);
        asked
    }

    async fn serve_datagrams(self, socket: UdpSocket, script: Arc<Script>) {
        let mut buf = [0; 2048];
        loop {
            let Ok((length, from)) = socket.recv_from(&mut buf).await else { continue };
            for reply in script(&self.log(By::Datagram, from, &buf[..length])) {
                let _ = socket.send_to(&reply.0, from).await;
            }
        }
    }

    async fn serve_streams(self, listener: TcpListener, script: Arc<Script>) {
        loop {
            let (stream, from) = listener.accept().await.unwrap();
            self.connected();
            fend_reactor::spawn(self.clone().serve_stream(stream, from, script.clone()));
        }
    }

    /// A script without an answer has the connection closed.
    async fn serve_stream(self, stream: TcpStream, from: SocketAddr, script: Arc<Script>) {
        let mut length = [0; 2];
        while stream.recv_exact(&mut length).await.is_ok() {
            let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.recv_exact(&mut bytes).await.unwrap();
            let replies = script(&self.log(By::Stream, from, &bytes));
            // At once, so that they arrive together.
            let _ = stream.send_all(&replies.iter().flat_map(Reply::framed).collect::<Vec<_>>()).await;
            if replies.is_empty() {
                return;
            }
        }
    }
}

/// Both at one port.
async fn listen() -> (TcpListener, UdpSocket) {
    for _ in 0..100 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
            return (listener, socket);
        }
    }
    panic!("no port is free for both");
}
