//! A name server that says what a test wants it to: on threads of std, by UDP and TCP, with a codec of its own.
//!
//! Each question is kept, and then given to the test's handler together with the way back to who asked. The handler answers at once,
//! several times, from elsewhere, slowly, or not at all; what it wants to answer later it keeps, since the way back can be cloned.
//! All ends when the server is dropped.

use std::collections::HashSet;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::message::{Question, Reply, honest};

/// A question that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    /// Where it came from.
    pub(crate) from: SocketAddr,
    /// The server's own address.
    pub(crate) to: SocketAddr,
    pub(crate) by_tcp: bool,
    /// Which connection it came by, counted from 0. By UDP: 0.
    pub(crate) connection: usize,
    pub(crate) at: Instant,
}

/// The way back to who asked.
#[derive(Debug, Clone)]
pub(crate) struct Back {
    way: Way,
    ended: Arc<AtomicBool>,
}

#[derive(Debug, Clone)]
enum Way {
    Udp(Arc<UdpSocket>, SocketAddr),
    Tcp(Arc<TcpStream>),
}

impl Back {
    pub(crate) fn by_tcp(&self) -> bool {
        matches!(self.way, Way::Tcp(_))
    }

    pub(crate) fn send(&self, reply: &Reply) {
        self.send_bytes(&reply.write());
    }

    /// One message, whatever is in it. Who asked may be gone already.
    pub(crate) fn send_bytes(&self, message: &[u8]) {
        match &self.way {
            Way::Udp(socket, to) => drop(socket.send_to(message, to)),
            Way::Tcp(_) => self.write(&framed(message)),
        }
    }

    /// Bytes of a TCP stream as they are, without a length in front.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let Way::Tcp(stream) = &self.way else { panic!("asked by UDP") };
        let _ = (&**stream).write_all(bytes);
    }

    /// One message by TCP, byte by byte with a pause before each, until it is through or nobody listens any more.
    pub(crate) fn trickle(&self, message: &[u8], pause: Duration) {
        let Way::Tcp(stream) = &self.way else { panic!("asked by UDP") };
        for byte in framed(message) {
            thread::sleep(pause);
            if self.ended.load(SeqCst) || (&**stream).write_all(&[byte]).is_err() {
                return;
            }
        }
    }

    /// Closes the TCP connection.
    pub(crate) fn close(&self) {
        let Way::Tcp(stream) = &self.way else { panic!("asked by UDP") };
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// One datagram to who asked, out of a socket that was never asked.
    pub(crate) fn send_from(&self, socket: &UdpSocket, message: &[u8]) {
        let Way::Udp(_, to) = &self.way else { panic!("asked by TCP") };
        let _ = socket.send_to(message, to);
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).expect("64 KiB at most");
    [&length.to_be_bytes(), message].concat()
}

/// What a server does with a question.
type Handler = dyn Fn(&Asked, &Back) + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    asked: Mutex<Vec<Asked>>,
    waiting: Mutex<Vec<Waker>>,
    ended: Arc<AtomicBool>,
    /// For the end; by their numbers.
    connections: Mutex<Vec<Arc<TcpStream>>>,
    /// How many connections the clients have closed.
    closed: AtomicUsize,
    address: SocketAddr,
}

/// The server. Dropped, it is gone.
pub(crate) struct LyingServer {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl LyingServer {
    /// On 127.0.0.1.
    pub(crate) fn start(handler: impl Fn(&Asked, &Back) + Send + Sync + 'static) -> LyingServer {
        LyingServer::start_on(Ipv4Addr::LOCALHOST.into(), handler).expect("a server on the loopback")
    }

    /// On a port that is free for UDP and TCP.
    pub(crate) fn start_on(
        ip: IpAddr,
        handler: impl Fn(&Asked, &Back) + Send + Sync + 'static,
    ) -> io::Result<LyingServer> {
        let (listener, socket) = bind_both(ip)?;
        Ok(LyingServer::run(Some(listener), socket, Box::new(handler)))
    }

    /// On a port where TCP is refused, and goes on to be.
    pub(crate) fn without_tcp(handler: impl Fn(&Asked, &Back) + Send + Sync + 'static) -> LyingServer {
        let (listener, socket) = bind_both(own_loopback()).expect("a free port");
        drop(listener);
        LyingServer::run(None, socket, Box::new(handler))
    }

    /// Says of every name what [`honest`] says.
    pub(crate) fn honest() -> LyingServer {
        LyingServer::replying(honest)
    }

    /// Says one thing to each question.
    pub(crate) fn replying(reply: impl Fn(&Question) -> Reply + Send + Sync + 'static) -> LyingServer {
        LyingServer::start(move |asked, back| back.send(&reply(&asked.question)))
    }

    /// Reads, and says nothing.
    pub(crate) fn silent() -> LyingServer {
        LyingServer::start(|_, _| {})
    }

    fn run(listener: Option<TcpListener>, socket: UdpSocket, handler: Box<Handler>) -> LyingServer {
        let shared = Arc::new(Shared {
            handler,
            asked: Mutex::default(),
            waiting: Mutex::default(),
            ended: Arc::default(),
            connections: Mutex::default(),
            closed: AtomicUsize::new(0),
            address: socket.local_addr().expect("a bound socket"),
        });
        // 10,000 questions come at once in places; what the kernel grants of it.
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(8 << 20);
        let by_udp = shared.clone();
        let mut threads = vec![thread::spawn(move || by_udp.serve_udp(&Arc::new(socket)))];
        if let Some(listener) = listener {
            let by_tcp = shared.clone();
            threads.push(thread::spawn(move || by_tcp.accept(&listener)));
        }
        LyingServer { shared, threads }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// All that it was asked so far, each time that it came.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("no panic").clone()
    }

    /// What it was asked, once each. Who has no answer for a second sends the same datagram again, with its id and from its port: on a
    /// machine that stands still for that long, a question may come twice.
    pub(crate) fn questions(&self) -> Vec<Asked> {
        let mut known = HashSet::new();
        let mut asked = self.asked();
        asked.retain(|asked| known.insert((asked.from, asked.question.clone())));
        asked
    }

    /// How many [questions](Self::questions) it was asked.
    pub(crate) fn count(&self) -> usize {
        self.questions().len()
    }

    /// The names and types that it was asked for, in lower case.
    pub(crate) fn names(&self) -> Vec<(String, u16)> {
        let asked = self.shared.asked.lock().expect("no panic");
        asked
            .iter()
            .map(|asked| (asked.question.name.to_ascii_lowercase(), asked.question.record_type))
            .collect()
    }

    /// How many connections it has had.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.lock().expect("no panic").len()
    }

    /// How many of them have come to their end.
    pub(crate) fn ended_connections(&self) -> usize {
        self.shared.closed.load(SeqCst)
    }

    /// Waits until it was asked `count` questions.
    pub(crate) async fn was_asked(&self, count: usize) {
        poll_fn(|cx| {
            // Registered first: a question that comes after the look wakes.
            self.shared.waiting.lock().expect("no panic").push(cx.waker().clone());
            if self.count() >= count { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// An address of this host that nobody else in this process is given, lest a port that is closed there is opened by another test.
pub(crate) fn own_loopback() -> IpAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    Ipv4Addr::new(127, 66, 0, NEXT.fetch_add(1, SeqCst)).into()
}

fn bind_both(ip: IpAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut last = None;
    for _ in 0..100 {
        let listener = TcpListener::bind((ip, 0))?;
        match UdpSocket::bind(listener.local_addr()?) {
            Ok(socket) => return Ok((listener, socket)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.expect("an error"))
}

impl Shared {
    fn serve_udp(&self, socket: &Arc<UdpSocket>) {
        let mut buf = [0; 65_536];
        while let Ok((length, from)) = socket.recv_from(&mut buf) {
            if self.ended.load(SeqCst) {
                return;
            }
            self.take(&buf[..length], from, None, &Way::Udp(socket.clone(), from));
        }
    }

    fn accept(self: &Arc<Shared>, listener: &TcpListener) {
        let mut threads = Vec::new();
        while let Ok((stream, from)) = listener.accept() {
            let stream = Arc::new(stream);
            let mut connections = self.connections.lock().expect("no panic");
            if self.ended.load(SeqCst) {
                break;
            }
            let number = connections.len();
            connections.push(stream.clone());
            drop(connections);
            let shared = self.clone();
            threads.push(thread::spawn(move || shared.serve_tcp(&stream, from, number)));
        }
        for thread in threads {
            let _ = thread.join();
        }
    }

    fn serve_tcp(&self, stream: &Arc<TcpStream>, from: SocketAddr, number: usize) {
        while let Ok(message) = read_framed(&mut &**stream) {
            self.take(&message, from, Some(number), &Way::Tcp(stream.clone()));
        }
        self.closed.fetch_add(1, SeqCst);
    }

    fn take(&self, bytes: &[u8], from: SocketAddr, connection: Option<usize>, way: &Way) {
        let asked = Asked {
            question: Question::read(bytes),
            from,
            to: self.address,
            by_tcp: connection.is_some(),
            connection: connection.unwrap_or(0),
            at: Instant::now(),
        };
        self.asked.lock().expect("no panic").push(asked.clone());
        let waiting = std::mem::take(&mut *self.waiting.lock().expect("no panic"));
        waiting.into_iter().for_each(Waker::wake);
        (self.handler)(&asked, &Back { way: way.clone(), ended: self.ended.clone() });
    }
}

pub(crate) fn read_framed(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(message)
}

impl Drop for LyingServer {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        let address = self.shared.address;
        // An empty datagram and a connection that says nothing wake the threads.
        let any = SocketAddr::new(address.ip(), 0);
        let waking = UdpSocket::bind(any).and_then(|socket| socket.send_to(&[], address));
        for stream in self.shared.connections.lock().expect("no panic").iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let _ = TcpStream::connect(address);
        if waking.is_err() {
            return;
        }
        for thread in self.threads.drain(..) {
            // A handler that panics fails the test, unless that has failed already.
            if let Err(panic) = thread.join() {
                if !thread::panicking() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
}
